//! Binaries, pictures, sounds and data files.

use hognose_behaviour::content::{binary, media};
use hognose_behaviour::{
    Fact,
    FactKind::{self, *},
    Trigger,
};
use proptest::prelude::*;

fn pairs(out: &[Fact]) -> Vec<(FactKind, &str)> {
    out.iter()
        .map(|fact| (fact.kind, fact.detail.as_str()))
        .collect()
}

fn binary_facts(bytes: &[u8]) -> Vec<Fact> {
    let mut out = Vec::new();
    binary::facts("a.so", bytes, Trigger::Import, &mut out);
    out
}

fn media_facts(path: &str, bytes: &[u8]) -> Vec<Fact> {
    let mut out = Vec::new();
    media::facts(path, bytes, Trigger::Import, &mut out);
    out
}

/// The header of a 64-bit ELF file of a type, followed by data.
fn elf(kind: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    bytes[16] = kind;
    bytes[18] = 62;
    bytes[20] = 1;
    bytes[52] = 64;
    bytes.extend(data);
    bytes
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x04IDATabcd\0\0\0\0\0\0\0\0IEND\xaeB`\x82";

#[test]
fn kinds_of_binaries() {
    assert_eq!(
        pairs(&binary_facts(&elf(2, b""))),
        [(BinaryElf, "program"), (BinaryExecutable, "program")]
    );
    assert_eq!(
        pairs(&binary_facts(&elf(3, b"xPyInit_a\0"))),
        [(BinaryElf, "extension module")]
    );
    assert_eq!(
        pairs(&binary_facts(&elf(3, b""))),
        [(BinaryElf, "shared library")]
    );
    assert_eq!(
        pairs(&binary_facts(b"\x7fELF\xff")),
        [(BinaryElf, "cannot be read")]
    );
    assert_eq!(pairs(&binary_facts(b"MZ and no more")), []);
    assert_eq!(
        pairs(&binary_facts(b"\xca\xfe\xba\xbe\0\0\0\x41 a Java class")),
        []
    );
}

#[test]
fn what_they_hold() {
    let text = "\0\0https://discord.com/api/webhooks/1\0ab\0cmd.exe /c powershell -w hidden -c x\0/etc/passwd\0.ssh/id_rsa\0";
    let mut wide: Vec<u8> = "https://api.telegram.org/botX"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    wide.splice(0..0, text.bytes());
    let facts = binary_facts(&elf(3, &wide));
    let found: Vec<_> = pairs(&facts)
        .into_iter()
        .filter(|(kind, _)| *kind == BinaryStrings)
        .map(|(_, d)| d.split(':').next().unwrap())
        .collect();
    assert_eq!(
        found,
        ["endpoint-webhook", "powershell-hidden", "endpoint-telegram"]
    );
    assert!(pairs(&binary_facts(&elf(2, b"\0UPX!\0"))).contains(&(BinaryPacked, "UPX")));
}

#[test]
fn pictures_with_luggage() {
    assert_eq!(pairs(&media_facts("a.png", PNG)), []);
    let mut loaded = PNG.to_vec();
    loaded.extend("import os; exec(x)\n".repeat(20).bytes());
    assert_eq!(media_facts("a.png", &loaded)[0].kind, PayloadInMedia);
    let mut filled = PNG.to_vec();
    filled.extend([0; 4_000]);
    assert_eq!(pairs(&media_facts("a.png", &filled)), []);
    let jpeg = [
        b"\xff\xd8\xff\xe0\0\x04ab\xff\xda\0\x02data\xff\0data\xff\xd9".as_slice(),
        &[7, 9].repeat(200),
    ]
    .concat();
    assert_eq!(media_facts("a.jpg", &jpeg)[0].kind, PayloadInMedia);
    let gif = [
        b"GIF89a\x01\0\x01\0\0\0\0!\xf9\x01a\0,\0\0\0\0\x01\0\x01\0\0\x02\x01a\0;".as_slice(),
        &[7, 9].repeat(200),
    ]
    .concat();
    assert_eq!(media_facts("a.gif", &gif)[0].kind, PayloadInMedia);
}

#[test]
fn sounds_of_text() {
    let wav = |data: &[u8]| {
        let mut bytes = b"RIFF".to_vec();
        bytes.extend((data.len() as u32 + 20).to_le_bytes());
        bytes.extend(b"WAVEfmt \x04\0\0\0abcddata");
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend(data);
        bytes
    };
    let text = b"aW1wb3J0IG9zOyBvcy5zeXN0ZW0oJ2lkJyk7IHByaW50KDEp".repeat(40);
    assert_eq!(media_facts("a.wav", &wav(&text))[0].kind, PayloadInMedia);
    let sound: Vec<u8> = (0..4_000_u32).map(|n| (n * 37 % 251) as u8).collect();
    assert_eq!(pairs(&media_facts("a.wav", &wav(&sound))), []);
    assert_eq!(pairs(&media_facts("a.wav", &wav(&[0x80; 4_000]))), []);
}

#[test]
fn names_that_lie() {
    assert_eq!(
        pairs(&media_facts("a.png", &elf(2, b""))),
        [
            (ExtensionMismatch, "ELF named .png"),
            (ProgramDisguised, "ELF named .png")
        ]
    );
    assert_eq!(
        pairs(&media_facts("a.txt", b"PK\x03\x04")),
        [(ExtensionMismatch, "zip archive named .txt")]
    );
    assert_eq!(
        pairs(&media_facts(
            "a.jpg",
            b"import os\nos.system('id')\nx = 1\n"
        )),
        [(ExtensionMismatch, "Python named .jpg")]
    );
    assert_eq!(pairs(&media_facts("a.jpg", b"\x89PNG\r\n\x1a\n")), []);
    assert_eq!(pairs(&media_facts("a.svg", b"\x1f\x8b\x08")), []);
    assert_eq!(pairs(&media_facts("a.dat", b"PK\x03\x04")), []);
}

#[test]
fn code_in_data() {
    assert_eq!(
        pairs(&media_facts(
            "a.dat",
            b"import os\nimport sys\nos.system('id')\n"
        )),
        [(CodeInData, "Python code")]
    );
    assert_eq!(
        pairs(&media_facts("key.txt", b"exec(bytes(1))")),
        [(CodeInData, "Python code")]
    );
    let encoded = b"aW1wb3J0IG9zCmltcG9ydCBzeXMKb3Muc3lzdGVtKCdpZCcpCg".repeat(8);
    let encoded = [encoded.as_slice(), b"YWFh"].concat();
    let found = media_facts("a.bin", &encoded);
    assert!(found.is_empty() || found[0].kind == CodeInData);
    let hex: String = elf(2, &[0; 100])
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect::<Vec<_>>()
        .concat();
    assert_eq!(
        pairs(&media_facts("a.txt", hex.as_bytes())),
        [(CodeInData, "hexadecimal of a program")]
    );
    for text in [
        "import duties are high\nand so on\nfor ever\n",
        "requests>=2\nflask\n",
        "a,b\n1,2\n",
        "from here to there\nimport nothing\n\nprose.",
    ] {
        assert_eq!(pairs(&media_facts("a.txt", text.as_bytes())), [], "{text}");
    }
    assert_eq!(
        pairs(&media_facts(
            "example.txt",
            b"import os\nimport sys\nos.system('id')\n"
        )),
        []
    );
}

#[test]
fn megabytes_are_quick_to_read() {
    for head in [
        b"\xff\xd8\xff".as_slice(),
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\0\0\0WAVE",
        b"\x7fELF\x02\x01\x01",
        b"\xca\xfe\xba\xbe\0\0\0\x1e",
        b"",
    ] {
        for fill in [0_u8, 0xff, 0x21, b'a'] {
            let mut bytes = head.to_vec();
            bytes.resize(4_000_000, fill);
            let start = std::time::Instant::now();
            binary_facts(&bytes);
            media_facts("a.txt", &bytes);
            assert!(
                start.elapsed().as_secs() < 300,
                "{head:?} {fill}: {:?}",
                start.elapsed()
            );
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(magic in 0_usize..10, bytes in any::<Vec<u8>>()) {
        let heads: [&[u8]; 10] = [
            b"\x7fELF\x02\x01\x01", b"\x7fELF\x01\x02\x01", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe\0\0\0\x02", b"\xff\xd8\xff", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WAVE", b"",
        ];
        let all = [heads[magic], &bytes].concat();
        binary_facts(&all);
        for path in ["a.png", "a.txt", "a.dat", "a"] {
            media_facts(path, &all);
        }
    }

    #[test]
    fn broken_binaries_are_survived(at in 0_usize..2_000, value in any::<u8>()) {
        let Ok(mut bytes) = std::env::current_exe().and_then(std::fs::read) else { return Ok(()) };
        bytes.truncate(60_000);
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
        binary_facts(&bytes);
    }
}
