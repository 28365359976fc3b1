//! Entry point for fuzzers and property tests: bytes in, no panic.

use crate::{
    Marker, PackageName, Purl, RedactedUrl, Requirement, Specifiers, Target, Version, text,
};

/// Names, versions, specifiers, requirements, markers, addresses and shown text, a line each.
pub fn vocabulary(bytes: &[u8]) {
    let whole = String::from_utf8_lossy(bytes);
    for line in whole.lines() {
        if let Ok(name) = PackageName::new(line) {
            let _ = Purl::pypi(&name, Some(line));
        }
        let version = Version::new(line);
        if let (Ok(specifiers), Ok(version)) = (Specifiers::parse(line), &version) {
            let _ = specifiers.contains(version);
        }
        if let Ok(marker) = Marker::parse(line) {
            let _ = (marker.evaluate(&Target::default()), marker.describe());
        }
        let _ = Requirement::parse(line);
        let _ = RedactedUrl::new(line).to_string();
        let _ = text::short(line, 40);
    }
    let _ = (text::line(&whole), text::block(&whole));
}
