//! Files that are not what their name says, data behind the end of images and sounds, code in data files.

mod ends;
mod sniff;

use super::{binary, decode};
use crate::fact::{Fact, FactKind, Place, Trigger};

/// Data behind the end of a picture that is worth a word; writers leave a few bytes.
const TRAILING: usize = 128;
/// Largest data file looked at for code.
const DATA: usize = 16 << 20;
/// Shortest encoded file worth decoding.
const ENCODED: usize = 256;

/// Beginnings of pictures, fonts, sounds and documents.
const PRESENTATION: [&[u8]; 17] = [
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"RIFF",
    b"wOFF",
    b"wOF2",
    b"OTTO",
    b"\0\x01\0\0",
    b"\0\0\x01\0",
    b"<svg",
    b"<?xml",
    b"%PDF",
    b"II*\0",
    b"MM\0*",
    b"OggS",
    b"ID3",
];

/// Whether bytes begin like something to be shown or heard.
pub(crate) fn is_presentation(bytes: &[u8]) -> bool {
    PRESENTATION.iter().any(|magic| bytes.starts_with(magic))
}

/// Notes what a file that is no source hides, given its name and bytes.
pub fn facts(path: &str, bytes: &[u8], trigger: Trigger, out: &mut Vec<Fact>) {
    let mut add =
        |kind, detail: &str| out.push(Fact::new(kind, trigger, Place::file(path), detail));
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name
        .rsplit_once('.')
        .map_or("", |(_, ending)| ending)
        .to_ascii_lowercase();
    if let Some(actual) = sniff::mismatch(&ending, bytes) {
        let detail = format!("{actual} named .{ending}");
        add(FactKind::ExtensionMismatch, &detail);
        if matches!(actual, "ELF" | "Windows program" | "Mach-O") {
            add(FactKind::ProgramDisguised, &detail);
        }
    }
    if let Some(end) = ends::end(bytes) {
        let rest = bytes.get(end..).unwrap_or_default();
        if let Some(what) = trailing(rest) {
            add(FactKind::PayloadInMedia, &format!("{what} behind the end"));
        }
    }
    if let Some(what) = ends::encoded_sound(bytes) {
        add(FactKind::PayloadInMedia, what);
    }
    if let Some(what) = sniff::pickle(&ending, bytes) {
        add(FactKind::CodeInData, what);
    }
    if ending == "json"
        && let Some(what) = sniff::json(bytes)
    {
        add(FactKind::CodeInData, &what);
    }
    if sniff::is_data(name, &ending)
        && bytes.len() <= DATA
        && let Some(what) = code(bytes)
    {
        add(FactKind::CodeInData, &what);
    }
}

/// What stands behind the end of a picture: nothing when it is filler or a second picture (cameras append previews).
fn trailing(rest: &[u8]) -> Option<String> {
    let first = rest.first()?;
    let filler = rest.iter().all(|b| *b == *first) || rest.iter().all(u8::is_ascii_whitespace);
    if rest.len() < TRAILING || filler || is_presentation(rest) {
        return None;
    }
    let what = sniff::program(rest).unwrap_or("data");
    Some(format!("{} bytes of {what}", rest.len()))
}

/// Code in the text or in the one encoded value of a data file.
fn code(bytes: &[u8]) -> Option<String> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(language) = sniff::language(text)
    {
        return Some(format!("{language} code"));
    }
    let text = bytes.trim_ascii();
    if text.len() < ENCODED || text.contains(&b' ') {
        return None;
    }
    let (encoding, inner) = match decode::hexadecimal(text) {
        Some(inner) => ("hexadecimal", inner),
        None => ("base64", decode::base64(text)?),
    };
    encoded(&inner).map(|what| format!("{encoding} of {what}"))
}

/// What decoded bytes are, when they are to be run.
fn encoded(bytes: &[u8]) -> Option<&'static str> {
    if binary::Format::of(bytes).is_some() {
        return Some("a program");
    }
    if matches!(bytes, [0xe3, 0, 0, 0, 0, ..]) {
        return Some("marshalled code");
    }
    let inflated;
    let bytes = match bytes {
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => {
            inflated = inflate(bytes);
            inflated.as_slice()
        }
        _ => bytes,
    };
    if binary::Format::of(bytes).is_some() {
        return Some("a packed program");
    }
    sniff::language(std::str::from_utf8(bytes).ok()?)
}

/// The beginning of zlib data.
fn inflate(bytes: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut out = Vec::new();
    // A broken stream still shows its beginning.
    let _ = flate2::read::ZlibDecoder::new(bytes)
        .take(1 << 20)
        .read_to_end(&mut out);
    let valid = std::str::from_utf8(&out).map_or_else(|e| e.valid_up_to(), str::len);
    if valid + 4 > out.len() {
        out.truncate(valid);
    }
    out
}
