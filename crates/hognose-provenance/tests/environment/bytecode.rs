//! Bytecode beside its source, compiled by the Python of the tests.

use std::path::Path;
use std::process::Command;

use super::{Made, row};

const SOURCE: &str = r#""""A module."""
import json
from typing import Optional

TABLE = {"a" + "b": 60 * 60, "line": "-" * 20}


def check(token: str, key: bytes) -> Optional[str]:
    """Check a token."""
    kept: dict = {}
    for part in token.split("."):
        kept[part] = [p for p in part if p]
    if not verify(key, kept):
        raise ValueError(f"bad token {token!r}")
    return json.dumps(kept)


def verify(key, parts):
    total = sum(len(part) for part in parts)
    return total > len(key)
"#;

/// Compiles text in the place of a source, with the header that the source asks for.
fn compile(source: &Path, text: &str) {
    let script = r"
import importlib.util, marshal, os, struct, sys
source, text = sys.argv[1:]
code = compile(text, source, 'exec')
cache = importlib.util.cache_from_source(source)
os.makedirs(os.path.dirname(cache), exist_ok=True)
stat = os.stat(source)
head = struct.pack('<III', 0, int(stat.st_mtime) & 0xffffffff, stat.st_size & 0xffffffff)
open(cache, 'wb').write(importlib.util.MAGIC_NUMBER + head + marshal.dumps(code))
";
    let python = std::env::var("HOGNOSE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let run = Command::new(python)
        .args(["-I", "-c", script])
        .arg(source)
        .arg(text)
        .status();
    assert!(run.unwrap().success());
}

fn made() -> (Made, std::path::PathBuf) {
    let made = Made::new();
    made.install("one", &[("one.py", SOURCE)]);
    let source = made.site().join("one.py");
    (made, source)
}

#[test]
fn code_of_the_source_is_silent() {
    let (made, source) = made();
    compile(&source, SOURCE);
    assert_eq!(made.problems(), [""; 0]);
    assert_eq!(made.check().counts.bytecode, 1);
}

#[test]
fn private_names_and_long_texts_are_silent() {
    let (made, source) = made();
    let fields = "f'a {one} b {two}\\n'\n        ".repeat(60);
    let text = format!(
        "class __proxy__:\n    def __cast(self):\n        return self.__cast, self.___odd\n\n    def __repr__(self):\n        return repr(self.__cast())\n\n\ndef long(one, two):\n    return (\n        {fields})\n"
    );
    std::fs::write(&source, &text).unwrap();
    made.record("one", row("one.py", text.as_bytes()));
    compile(&source, &text);
    assert_eq!(made.problems(), [""; 0]);
    assert_eq!(made.check().counts.bytecode, 1);
}

#[test]
fn replaced_code_is_found_whatever_was_changed() {
    let (made, source) = made();
    let payload = "\n__import__('os').system('id')\n";
    let cases = [
        (format!("{SOURCE}{payload}"), "Name"),
        (SOURCE.replace("import json", "import json, ssl"), "Name"),
        (SOURCE.replace("\"bad token", "\"worse than"), "Text"),
        (SOURCE.replace("def verify(", "def verifies("), "Name"),
        (format!("{SOURCE}\n\ndef token(key):\n    return key\n"), "Code"),
        (SOURCE.replace("    if not verify(key, kept):\n        raise ValueError(f\"bad token {token!r}\")\n", "\n\n"), "Missing"),
        (SOURCE.replace("    total = sum(len(part) for part in parts)\n    return total > len(key)", "    return True"), "Missing"),
        (SOURCE.replace("    total = sum(len(part) for part in parts)\n    return total > len(key)", "    return parts"), "Missing"),
        (SOURCE.replace("TABLE = {", "TABLE = {}; json.loads('x.example/run.sh'); {"), "Name"),
    ];
    for (text, expected) in cases {
        compile(&source, &text);
        let problems = made.problems();
        assert_eq!(problems.len(), 1, "{text}");
        assert!(
            problems[0].contains(&format!(": bytecode {expected}")),
            "{problems:?} is not {expected} for {text}"
        );
    }
}

#[test]
fn what_python_would_not_run_is_counted_only() {
    let (made, source) = made();
    compile(&source, "import evil");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(100);
    let file = std::fs::File::options().write(true).open(&source).unwrap();
    file.set_modified(later).unwrap();
    assert_eq!(made.problems(), [""; 0]);
    assert_eq!(made.check().counts.stale, 1);
}

#[test]
fn code_that_python_never_compares_is_found_when_it_is_of_another_source() {
    let (made, source) = made();
    let script = r"
import sys, py_compile
mode = py_compile.PycInvalidationMode
py_compile.compile(sys.argv[1], invalidation_mode=getattr(mode, sys.argv[2]))
";
    let python = std::env::var("HOGNOSE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    for (mode, problems) in [("UNCHECKED_HASH", 1), ("CHECKED_HASH", 0)] {
        std::fs::write(&source, SOURCE).unwrap();
        let run = Command::new(&python)
            .args(["-I", "-c", script])
            .arg(&source)
            .arg(mode)
            .status();
        assert!(run.unwrap().success());
        assert_eq!(made.problems(), [""; 0], "{mode}");
        assert_eq!(made.check().counts.bytecode, 1, "{mode}");
        let other = SOURCE.replace("60 * 60", "60 * 61");
        std::fs::write(&source, &other).unwrap();
        made.record("one", row("one.py", other.as_bytes()));
        assert_eq!(made.problems().len(), problems, "{mode}");
        made.record("one", row("one.py", SOURCE.as_bytes()));
    }
}

#[test]
fn damaged_bytecode_is_never_taken_for_the_same() {
    let (made, source) = made();
    compile(&source, SOURCE);
    let cache = std::fs::read_dir(made.site().join("__pycache__"))
        .unwrap()
        .flatten()
        .next()
        .unwrap()
        .path();
    let whole = std::fs::read(&cache).unwrap();
    for length in [0, 3, 15, 16, 17, 40, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&cache, &whole[..length]).unwrap();
        let report = made.check();
        assert_eq!(report.counts.bytecode, 0, "{length}");
        let said = report.counts.stale + report.unchecked.len() as u64;
        assert_eq!(said, 1, "{length}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]

    #[test]
    fn any_source_beside_any_bytecode_is_survived(
        source in proptest::collection::vec(proptest::num::u8::ANY, 0..400),
        body in proptest::collection::vec(proptest::num::u8::ANY, 0..400),
    ) {
        // Magic number of 3.11 and the size of the source: as far as the code is read at all.
        let mut code = vec![0xa7, 0x0d, 13, 10, 0, 0, 0, 0, 0, 0, 0, 0];
        code.extend((source.len() as u32).to_le_bytes());
        code.extend(&body);
        let _ = hognose_provenance::environment::compare_bytecode(&source, 0, "x.pyc", &code);
    }

    #[test]
    fn any_text_is_read(source in "([a-z]{1,3}|[ \n\t\\\\'\"{}()@:=#.!;]|def |class |f'|b\"|'''|\u{e9}){0,80}") {
        // One code object, `<module>`, without constants.
        let code = b"\xa7\r\r\n\0\0\0\0\0\0\0\0\0\0\0\0c\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0s\0\0\0\0)\0)\0)\0z\0z\x01xz\x08<module>z\x08<module>\x01\0\0\0z\0z\0";
        let mut code = code.to_vec();
        code[12..16].copy_from_slice(&(source.len() as u32).to_le_bytes());
        let _ = hognose_provenance::environment::compare_bytecode(source.as_bytes(), 0, "x.pyc", &code);
    }
}
