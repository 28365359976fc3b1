//! Entry points for fuzzers and property tests: bytes in, no panic, and nothing in what comes out that must not be.

use hognose_types::PackageName;

use crate::{FileKind, IndexUrl, file, page, project, provenance};

fn index() -> Option<(IndexUrl, PackageName)> {
    let url = IndexUrl::parse("https://index.example/simple/good/").ok()?;
    Some((url, PackageName::new("good").ok()?))
}

/// A page of the Simple API, HTML or JSON.
///
/// # Panics
///
/// When a file would lead anywhere but to an address of HTTP, or has a name that is more than a name.
pub fn project_page(bytes: &[u8]) {
    let Some((url, name)) = index() else { return };
    let Ok(read) = page::read(bytes, &url, &name, 10_000) else {
        return;
    };
    for file in &read.files {
        assert!(file.url.plain().starts_with("http"), "{}", file.url.plain());
        assert!(
            !file.filename.contains(['/', '\\', '\0', '\n']),
            "{:?}",
            file.filename
        );
        let digest = file.sha256.as_deref().unwrap_or_default();
        assert!(digest.bytes().all(|b| b.is_ascii_hexdigit()), "{digest:?}");
    }
}

/// The project page in JSON that many indexes have beside it, and the attestations of a file.
pub fn project_document(bytes: &[u8]) {
    project::of_bytes(bytes);
    provenance::of_bytes(bytes);
}

/// The name of a file.
///
/// # Panics
///
/// When a name is believed that belongs to another project.
pub fn filename(bytes: &[u8]) {
    let Some((_, name)) = index() else { return };
    let text = String::from_utf8_lossy(bytes);
    if let Some((FileKind::Wheel | FileKind::Sdist, _)) = file::parse_name(&text, &name) {
        assert!(text.to_ascii_lowercase().starts_with("good"), "{text:?}");
    }
}
