//! Members that are no text: headers of programs without code, pictures, sounds, bytecode, archives.

use toml::Table;

use super::{case, directive, encode, pack, zipfile};

/// The bytes that a table of a case describes.
pub(super) fn make(at: &str, table: &Table) -> Vec<u8> {
    let (kind, value) = table
        .iter()
        .find(|(key, _)| !matches!(key.as_str(), "of" | "times"))
        .unwrap_or_else(|| panic!("{at}: an empty table"));
    if let Some(inner) = value.as_table() {
        let files = case::inner_files(at, inner);
        return match kind.as_str() {
            "zip" => zipfile::zip(&files, true),
            "tar" => pack::tar(&files),
            "targz" => encode::gzip(&pack::tar(&files)),
            other => panic!("{at}: no archive of the kind {other}"),
        };
    }
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("{at}: {kind} is no text"));
    let data = directive::expand(at, text).into_bytes();
    match kind.as_str() {
        // The object file, not the program, unless it says so.
        "elf" => elf(3, &data),
        "elf-program" => elf(2, &data),
        "pe" => pe(&data),
        "macho" => [
            &[0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1, 3, 0, 0, 0, 6, 0, 0, 0][..],
            &[0; 16],
            &data,
        ]
        .concat(),
        "png" => [PNG, &data].concat(),
        "wav" => wav(&data),
        "jpg" => [
            b"\xff\xd8\xff\xe0\0\x04ab\xff\xda\0\x02data\xff\0data\xff\xd9".as_slice(),
            &data,
        ]
        .concat(),
        "pyc" => pyc(&data),
        // `bytes = "zlib-utf16"`, `of = "text"`: steps whose result is no text.
        "bytes" => {
            let of = table
                .get("of")
                .and_then(toml::Value::as_str)
                .unwrap_or_default();
            let mut made = directive::expand(at, of).into_bytes();
            for name in text.split('-').rev() {
                made = encode::step(at, name, "", &made);
            }
            made
        }
        other => panic!("{at}: no file of the kind {other}"),
    }
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\0\0\0\x0aIDAT\
    \x78\x9c\x63\x60\0\0\0\x02\0\x01\x48\xaf\xa4\x71\0\0\0\0IEND\xae\x42\x60\x82";

/// The header of a 64-bit ELF file, followed by data: no code, no segment, nothing that could be started.
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

/// The headers of a 64-bit Windows program without sections, followed by data.
fn pe(data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[..2].copy_from_slice(b"MZ");
    bytes[60] = 64;
    bytes.extend(b"PE\0\0\x64\x86\0\0");
    bytes.extend([0; 12]);
    bytes.extend([0xf0, 0, 0x22, 0]);
    bytes.extend([0x0b, 2]);
    bytes.extend([0; 238]);
    bytes[64 + 24 + 108] = 16;
    bytes.extend(data);
    bytes
}

fn wav(data: &[u8]) -> Vec<u8> {
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((data.len() as u32 + 36).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

/// A marshalled code object in the layout of CPython 3.8: `names|constants`, names apart by blanks, constants by `;;`.
/// Its instructions are one `RETURN_VALUE`.
pub(super) fn marshal(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text).into_owned();
    let (names, constants) = text.split_once('|').unwrap_or((&text, ""));
    let string = |text: &str| -> Vec<u8> {
        let mut out = vec![b'u'];
        out.extend((text.len() as u32).to_le_bytes());
        out.extend(text.bytes());
        out
    };
    let tuple = |parts: Vec<&str>| -> Vec<u8> {
        let mut out = vec![b')', parts.len() as u8];
        out.extend(parts.into_iter().flat_map(string));
        out
    };
    let mut out = vec![b'c'];
    for number in [0_u32, 0, 0, 0, 2, 64] {
        out.extend(number.to_le_bytes());
    }
    out.extend(b"s\x04\0\0\0d\0S\0");
    out.extend(tuple(constants.split(";;").collect()));
    out.extend(tuple(names.split_whitespace().collect()));
    for _ in 0..3 {
        out.extend(b")\0");
    }
    out.extend(string("<string>"));
    out.extend(string("<module>"));
    out.extend(1_u32.to_le_bytes());
    out.extend(b"s\0\0\0\0");
    out
}

/// A `.pyc` file of CPython 3.8 around that.
pub(super) fn pyc(text: &[u8]) -> Vec<u8> {
    let mut out = b"\x55\x0d\x0d\x0a\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    out.extend(marshal(text));
    out
}
