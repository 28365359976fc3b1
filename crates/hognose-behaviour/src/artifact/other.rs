//! Files that are neither Python source nor metadata.

use crate::content::script::Language;
use crate::content::{binary, installer, javascript, media, script};
use crate::fact::{Fact, Trigger};

/// Most bytes of a binary that are read: imports and sections stand at the front, strings are sampled.
pub(super) const MAX_BINARY: usize = 8 << 20;
/// Most bytes of a script or of JavaScript that are read.
pub(super) const MAX_SCRIPT: usize = 4 << 20;
/// Most bytes of another file that are read.
pub(super) const MAX_DATA: usize = 2 << 20;

/// How much of a file is worth reading, by its name and first bytes.
pub(super) fn worth(path: &str) -> usize {
    let ending = path
        .rsplit_once('.')
        .map_or("", |(_, ending)| ending)
        .to_ascii_lowercase();
    match ending.as_str() {
        "so" | "pyd" | "dll" | "exe" | "dylib" | "bin" | "elf" => MAX_BINARY,
        "js" | "mjs" | "cjs" | "sh" | "bat" | "ps1" | "wav" | "png" | "jpg" | "jpeg" | "gif"
        | "pyc" => MAX_SCRIPT,
        _ => MAX_DATA,
    }
}

/// Notes what such a file holds. Gives the Python that scripts pass to interpreters, with its line.
pub(super) fn facts(
    path: &str,
    bytes: &[u8],
    trigger: Trigger,
    out: &mut Vec<Fact>,
) -> Vec<(u32, String)> {
    if binary::Format::of(bytes).is_some() {
        binary::facts(path, bytes, trigger, out);
        media::facts(path, bytes, trigger, out);
        return Vec::new();
    }
    if installer::facts(path, bytes, trigger, out) {
        return Vec::new();
    }
    if let Some(language) = Language::of(path, bytes) {
        return script::facts(path, bytes, language, trigger, out);
    }
    let ending = path
        .rsplit_once('.')
        .map_or("", |(_, ending)| ending)
        .to_ascii_lowercase();
    match ending.as_str() {
        "js" | "mjs" | "cjs" | "jse" => javascript::facts(path, bytes, trigger, out),
        // Text that people read: commands in it run nowhere.
        "md" | "rst" | "txt" | "html" | "htm" | "css" | "po" | "mo" | "svg" | "map" | "ipynb" => {
            // An archive is no text.
            if matches!(
                bytes,
                [b'P', b'K', 3, 4, ..] | [b'7', b'z', 0xbc, ..] | [b'R', b'a', b'r', b'!', ..]
            ) {
                media::facts(path, bytes, trigger, out);
            }
        }
        _ => media::facts(path, bytes, trigger, out),
    }
    Vec::new()
}
