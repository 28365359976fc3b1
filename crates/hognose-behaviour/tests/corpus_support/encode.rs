//! The steps of directives: encodings that code hides behind, made here so that the corpus holds none.

use std::io::Write as _;

use super::{binary, cipher};

/// Names of all steps.
pub(super) const STEPS: [&str; 28] = [
    "b64", "b64url", "b32", "b85", "hex", "zlib", "gzip", "bz2", "lzma", "rot13", "caesar",
    "reverse", "xor", "list", "chrs", "escape", "unicode", "octal", "bits", "utf16", "utf7",
    "fernet", "aescbc", "marshal", "pyc", "layers", "zlayers", "plus",
];

/// Applies one step.
pub(super) fn step(at: &str, name: &str, argument: &str, bytes: &[u8]) -> Vec<u8> {
    let number = || {
        argument
            .parse::<u8>()
            .unwrap_or_else(|_| panic!("{at}: {name} needs a number"))
    };
    match name {
        "b64" => base64(bytes, *b"+/").into_bytes(),
        "b64url" => base64(bytes, *b"-_").into_bytes(),
        "b32" => base32(bytes).into_bytes(),
        "b85" => base85(bytes).into_bytes(),
        "hex" => each(bytes, |b| format!("{b:02x}")),
        "zlib" => zlib(bytes),
        "gzip" => gzip(bytes),
        "bz2" => bz2(bytes),
        "lzma" => xz(bytes),
        "rot13" => rotate(bytes, 13),
        "caesar" => bytes.iter().map(|b| b.wrapping_add(number())).collect(),
        "reverse" => bytes.iter().rev().copied().collect(),
        "xor" => bytes.iter().map(|b| b ^ number()).collect(),
        "list" => bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ").into_bytes(),
        "chrs" => bytes.iter().map(|b| format!("chr({b})")).collect::<Vec<_>>().join("+").into_bytes(),
        "escape" => each(bytes, |b| format!("\\x{b:02x}")),
        "unicode" => each(bytes, |b| format!("\\u{b:04x}")),
        "octal" => each(bytes, |b| format!("\\{b:03o}")),
        "bits" => bytes.iter().map(|b| format!("{b:08b}")).collect::<Vec<_>>().join(" ").into_bytes(),
        "utf16" => String::from_utf8_lossy(bytes).encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf7" => utf7(bytes),
        "fernet" => cipher::fernet(argument, bytes).into_bytes(),
        "aescbc" => cipher::aes_cbc(argument.as_bytes(), b"0000000000000000", bytes),
        "marshal" => binary::marshal(bytes),
        "pyc" => binary::pyc(bytes),
        "layers" => (0..number()).fold(bytes.to_vec(), |inner, _| {
            format!("exec(__import__('base64').b64decode('{}'))", base64(&inner, *b"+/")).into_bytes()
        }),
        "zlayers" => (0..number()).fold(bytes.to_vec(), |inner, _| {
            let text: String = base64(&zlib(&inner), *b"+/").chars().rev().collect();
            format!(
                "_ = lambda __ : __import__('zlib').decompress(__import__('base64').b64decode(__[::-1]));exec((_)(b'{text}'))"
            )
            .into_bytes()
        }),
        "plus" => pieces(bytes).into_bytes(),
        _ => panic!("{at}: no such step: {name}"),
    }
}

fn each(bytes: &[u8], show: impl Fn(u8) -> String) -> Vec<u8> {
    bytes
        .iter()
        .map(|b| show(*b))
        .collect::<String>()
        .into_bytes()
}

/// `'imp' + 'ort'`: pieces of three letters.
fn pieces(bytes: &[u8]) -> String {
    let shown: Vec<String> = bytes
        .chunks(3)
        .map(|piece| format!("'{}'", String::from_utf8_lossy(piece)))
        .collect();
    shown.join(" + ")
}

fn rotate(bytes: &[u8], by: u8) -> Vec<u8> {
    bytes
        .iter()
        .map(|b| match b {
            b'a'..=b'z' => (b - b'a' + by) % 26 + b'a',
            b'A'..=b'Z' => (b - b'A' + by) % 26 + b'A',
            other => *other,
        })
        .collect()
}

/// Every byte in a shift sequence of its own, as UTF-7 allows.
fn utf7(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for byte in bytes {
        if *byte == b'\n' {
            out.push(b'\n');
            continue;
        }
        out.push(b'+');
        out.extend(base64(&[0, *byte], *b"+/").trim_end_matches('=').bytes());
        out.push(b'-');
    }
    out
}

/// Base64 with padding; the last two letters of the alphabet are given.
pub(super) fn base64(bytes: &[u8], last: [u8; 2]) -> String {
    let mut alphabet: Vec<u8> = (b'A'..=b'Z')
        .chain(b'a'..=b'z')
        .chain(b'0'..=b'9')
        .collect();
    alphabet.extend(last);
    groups(bytes, 3, 6, 4, &alphabet)
}

fn base32(bytes: &[u8]) -> String {
    let alphabet: Vec<u8> = (b'A'..=b'Z').chain(b'2'..=b'7').collect();
    groups(bytes, 5, 5, 8, &alphabet)
}

fn groups(bytes: &[u8], from: usize, bits: usize, to: usize, alphabet: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(from) {
        let mut value = 0_u64;
        for at in 0..from {
            value = value << 8 | u64::from(chunk.get(at).copied().unwrap_or(0));
        }
        let used = (chunk.len() * 8).div_ceil(bits);
        for at in 0..to {
            let index = (value >> (bits * (to - 1 - at))) as usize & ((1 << bits) - 1);
            out.push(if at < used {
                char::from(alphabet[index])
            } else {
                '='
            });
        }
    }
    out
}

/// Python's `base64.b85encode`.
fn base85(bytes: &[u8]) -> String {
    let alphabet: Vec<u8> = (b'0'..=b'9')
        .chain(b'A'..=b'Z')
        .chain(b'a'..=b'z')
        .chain(*b"!#$%&()*+-;<=>?@^_`{|}~")
        .collect();
    let mut out = String::new();
    for chunk in bytes.chunks(4) {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        let mut value = u32::from_be_bytes(word) as usize;
        let mut letters = [0; 5];
        for letter in letters.iter_mut().rev() {
            *letter = alphabet[value % 85];
            value /= 85;
        }
        out.extend(letters[..=chunk.len()].iter().copied().map(char::from));
    }
    out
}

pub(super) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn bz2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder =
        lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(3)).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
