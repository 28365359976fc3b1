//! What bytes are, whatever the name of their file.

use crate::content::binary::Format;

/// Kinds of programs and archives by their beginning, and languages of texts.
pub(super) fn program(bytes: &[u8]) -> Option<&'static str> {
    packed(bytes).or_else(|| spoken(bytes))
}

/// The language of a text that is a program, by its first lines.
fn spoken(bytes: &[u8]) -> Option<&'static str> {
    let head = std::str::from_utf8(bytes.get(..bytes.len().min(1 << 16))?).ok()?;
    language(head)
}

/// Kinds of programs and archives by their first bytes.
fn packed(bytes: &[u8]) -> Option<&'static str> {
    if let Some(format) = Format::of(bytes) {
        return Some(match format {
            Format::Elf => "ELF",
            Format::Pe => "Windows program",
            Format::Macho => "Mach-O",
        });
    }
    Some(match bytes {
        [b'P', b'K', 3, 4, ..] => "zip archive",
        [0x1f, 0x8b, 8, ..] => "gzip data",
        [b'7', b'z', 0xbc, 0xaf, ..] => "7z archive",
        [b'R', b'a', b'r', b'!', ..] => "rar archive",
        [b'#', b'!', b'/' | b' ', ..] => "script",
        [b'M', b'Z', ..]
            if bytes.len() > 1_024
                && bytes
                    .get(..512)
                    .is_some_and(|head| memchr::memmem::find(head, b"DOS mode").is_some()) =>
        {
            "Windows program"
        }
        _ => return None,
    })
}

/// What a file is, when its name says something that is never that.
pub(super) fn mismatch(ending: &str, bytes: &[u8]) -> Option<&'static str> {
    const PICTURES: [&str; 22] = [
        "png", "jpg", "jpeg", "gif", "bmp", "ico", "webp", "tif", "tiff", "wav", "mp3", "ogg",
        "flac", "mp4", "avi", "mov", "ttf", "otf", "woff", "woff2", "pdf", "eot",
    ];
    const TEXTS: [&str; 20] = [
        "txt", "md", "rst", "json", "csv", "tsv", "yml", "yaml", "toml", "cfg", "ini", "log",
        "html", "htm", "css", "xml", "svg", "py", "pyi", "js",
    ];
    if PICTURES.contains(&ending) {
        // Compressed fonts and pictures keep their name (`.svg` may be gzip).
        return program(bytes);
    }
    // That a text is a program is nothing to wonder at; and reading all of them for it takes long.
    if TEXTS.contains(&ending) {
        return packed(bytes).filter(|actual| !matches!(*actual, "script" | "gzip data"));
    }
    if !matches!(ending, "so" | "pyd" | "dll") {
        return None;
    }
    program(bytes).filter(|kind| matches!(*kind, "script" | "Python" | "PowerShell" | "shell"))
}

/// Whether a file's name says data: nobody expects code in it. Documents and templates are expected to hold some.
pub(super) fn is_data(name: &str, ending: &str) -> bool {
    const DATA: [&str; 16] = [
        "dat", "bin", "data", "txt", "log", "csv", "db", "key", "pem", "crt", "tmp", "bak",
        "cache", "json", "enc", "blob",
    ];
    let lower = name.to_ascii_lowercase();
    let document = [
        "example", "sample", "template", "readme", "license", "usage", "tutorial", "test",
        "expected", "output", "snippet", "prompt",
    ]
    .iter()
    .any(|word| lower.contains(word));
    DATA.contains(&ending) && !document
}

/// What a pickle calls as it is loaded, when it is no constructor.
pub(super) fn pickle(ending: &str, bytes: &[u8]) -> Option<&'static str> {
    const ENDINGS: [&str; 13] = [
        "pkl", "pickle", "joblib", "model", "sav", "dat", "bin", "p", "data", "pt", "ckpt", "npy",
        "cache",
    ];
    // As an opcode with two lines, and as two short strings.
    const CALLS: [(&[u8], &str); 12] = [
        (b"cos\nsystem\n", "pickle that calls os.system"),
        (b"cposix\nsystem\n", "pickle that calls os.system"),
        (b"cnt\nsystem\n", "pickle that calls os.system"),
        (b"cos\npopen\n", "pickle that calls os.popen"),
        (b"csubprocess\n", "pickle that calls subprocess"),
        (b"cbuiltins\nexec\n", "pickle that calls exec"),
        (b"cbuiltins\neval\n", "pickle that calls eval"),
        (b"c__builtin__\neval\n", "pickle that calls eval"),
        (
            b"\x8c\x05posix\x94\x8c\x06system",
            "pickle that calls os.system",
        ),
        (
            b"\x8c\x02os\x94\x8c\x06system",
            "pickle that calls os.system",
        ),
        (
            b"\x8c\x0asubprocess\x94\x8c",
            "pickle that calls subprocess",
        ),
        (b"\x8c\x08builtins\x94\x8c\x04e", "pickle that calls exec"),
    ];
    let is_pickle = matches!(bytes, [0x80, 0..=5, ..] | [b'c' | b'(', ..]);
    if !is_pickle || !ENDINGS.contains(&ending) {
        return None;
    }
    CALLS
        .iter()
        .find(|(call, _)| memchr::memmem::find(bytes, call).is_some())
        .map(|(_, what)| *what)
}

/// A value of a JSON file that is a program on one line.
pub(super) fn json(bytes: &[u8]) -> Option<String> {
    const STARTS: [&str; 3] = ["import ", "exec(", "__import__("];
    let text = std::str::from_utf8(bytes.get(..bytes.len().min(64 << 10))?).ok()?;
    // Most files have no such word: looking for it is faster than looking at every value.
    if !STARTS
        .iter()
        .any(|start| memchr::memmem::find(text.as_bytes(), start.as_bytes()).is_some())
    {
        return None;
    }
    text.split('"')
        .filter(|value| value.len() >= 24)
        .find(|value| {
            let runs = ["os.system(", "subprocess.", "exec(", "socket.", "urlopen("]
                .iter()
                .any(|call| value.contains(call));
            runs && (value.starts_with("import ") && value.contains(';')
                || value.starts_with("exec(")
                || value.starts_with("__import__("))
        })
        .map(|value| {
            format!(
                "Python in a value: {}",
                value.chars().take(80).collect::<String>()
            )
        })
}

/// Longest text whose lines are counted.
const TEXT: usize = 256 * 1024;

/// The language of a text that is a program as a whole.
pub(super) fn language(text: &str) -> Option<&'static str> {
    let text = text
        .get(..crate::content::strings::floor(text, TEXT))
        .unwrap_or_default();
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'))?;
    if looks_like_python(text, first) {
        return Some("Python");
    }
    let begins = first.to_ascii_lowercase();
    if first.starts_with(['$', '[', '&'])
        || begins.starts_with("powershell")
        || begins.starts_with("iex")
    {
        let lower = text.to_ascii_lowercase();
        let powershell = [
            "invoke-expression",
            "iex ",
            "iex(",
            "new-object ",
            "[system.convert]",
            "invoke-webrequest",
            "start-process",
            "add-type ",
        ]
        .iter()
        .filter(|word| lower.contains(**word))
        .count();
        if powershell >= 2 {
            return Some("PowerShell");
        }
    }
    (text.starts_with("#!/bin/") || text.starts_with("#!/usr/bin/env ")).then_some("shell")
}

/// Whether a text is Python: it begins with a statement, and most of its lines are such.
fn looks_like_python(text: &str, first: &str) -> bool {
    let imports = |line: &str| {
        line.strip_prefix("import ")
            .is_some_and(|rest| rest.split([',', ' ', ';', '.']).next().is_some_and(is_name))
            || line
                .strip_prefix("from ")
                .is_some_and(|rest| rest.contains(" import "))
    };
    let runs = |line: &str| {
        ["exec(", "eval(", "__import__(", "exec (", "globals()["]
            .iter()
            .any(|start| line.starts_with(start))
    };
    if !imports(first)
        && !runs(first)
        && !first.starts_with("_ = lambda")
        && !first.starts_with("class ")
        && !first.starts_with("def ")
    {
        return false;
    }
    let (mut lines, mut code) = (0_u32, 0_u32);
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        lines += 1;
        let ends = line.ends_with([':', ')', '(', ',', ']', '}', '{', '[', '"', '\'']);
        code += u32::from(
            imports(line)
                || runs(line)
                || ends
                || line.contains(" = ")
                || line.contains("()")
                || line == "pass"
                || line.starts_with("return"),
        );
    }
    let one = lines <= 2 && (runs(first) || first.contains("exec(") || first.contains(';'));
    one || (lines >= 3 && code * 10 >= lines * 7)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
