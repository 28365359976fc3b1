//! Entry points for fuzzers: bytes in, no panic, bounded time and memory.

use std::io::Cursor;
use std::time::Duration;

use hognose_archive::Limits;
use hognose_archive::examine::Ended;

use crate::content::command;
use crate::{Collector, Model, Rule, assess, inspect_archive};

/// Evaluates a Python source as the `setup.py` of an sdist, and as a module.
pub fn python(bytes: &[u8]) {
    for (name, path) in [
        ("x-1.tar.gz", "x-1/setup.py"),
        ("x-1-py3-none-any.whl", "x/__init__.py"),
    ] {
        let mut collector = Collector::new(name);
        collector.file(path, bytes, Ended::Whole);
        let inspection = collector.finish();
        assess(&inspection.facts, Model::builtin(), &[]);
    }
}

/// Inspects an archive.
pub fn artifact(bytes: &[u8]) {
    let limits = Limits {
        members: 200,
        member_bytes: 1 << 20,
        total_bytes: 4 << 20,
        nested_bytes: 1 << 20,
        ..Limits::default()
    };
    for name in ["x-1.tar.gz", "x-1-py3-none-any.whl"] {
        let _ = inspect_archive(&mut Cursor::new(bytes), name, &limits, &|| Duration::ZERO);
    }
}

/// Takes in a file of each kind of content.
pub fn content(bytes: &[u8]) {
    let mut collector = Collector::new("x-1-py3-none-any.whl");
    for path in [
        "x.pth",
        "x.start",
        "x.so",
        "x.exe",
        "x.js",
        "x.sh",
        "x.bat",
        "x.ps1",
        "x.vbs",
        "x.png",
        "x.wav",
        "x.dat",
        "x/__pycache__/y.cpython-311.pyc",
        "x-1.dist-info/METADATA",
        "x-1.dist-info/RECORD",
        "x-1.dist-info/entry_points.txt",
        "pyproject.toml",
        "setup.cfg",
    ] {
        collector.file(path, bytes, Ended::Whole);
    }
    collector.finish();
}

/// Reads a command line, a user's rules and a model.
pub fn texts(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    command::read(&text);
    let _ = Rule::parse_all(&text);
    let _ = Model::parse(&text);
}
