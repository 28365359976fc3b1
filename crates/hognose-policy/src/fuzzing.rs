//! Entry points for fuzzers and property tests: bytes in, no panic.

use crate::{Config, ConfigFile, import};

/// A configuration file.
pub fn config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = Config::parse("hognose.toml", &text, ConfigFile::Hognose);
    let _ = Config::parse("pyproject.toml", &text, ConfigFile::Pyproject);
}

/// Other tools' ignores, and VEX.
pub fn ignores(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for file in [
        ".safety-policy.yml",
        "osv-scanner.toml",
        "pyproject.toml",
        "Makefile",
    ] {
        let _ = import::ignores(file, &text);
    }
    let _ = import::vex("vex.json", &text);
}
