//! `setup.cfg`: `install_requires`, `extras_require`, `setup_requires`, `tests_require`.

use hognose_types::PackageName;

use super::manifest::{Include, Manifest, Place, Project};

/// Reads the declarative configuration of setuptools (Python's `configparser` format).
pub(crate) fn parse(text: &str) -> Manifest {
    let mut manifest = Manifest::default();
    let mut section = String::new();
    let mut key = String::new();
    for (number, raw) in (1_u32..).zip(text.lines()) {
        let trimmed = raw.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if raw.starts_with([' ', '\t']) {
            value(&mut manifest, &section, &key, trimmed, number);
            continue;
        }
        key.clear();
        if let Some(inner) = trimmed.strip_prefix('[') {
            let name = inner.split(']').next().unwrap_or(inner);
            section.clear();
            section.push_str(name.trim());
        } else if let Some(at) = trimmed.find(['=', ':']) {
            key = trimmed[..at].trim().to_ascii_lowercase().replace('-', "_");
            let first = trimmed[at + 1..].trim();
            if !first.is_empty() {
                value(&mut manifest, &section, &key, first, number);
            }
        } else {
            manifest.fault(
                Some(number),
                "a line that is neither a section nor a setting",
                "correct the file",
            );
        }
    }
    manifest
}

fn value(manifest: &mut Manifest, section: &str, key: &str, text: &str, line: u32) {
    let place = match (section, key) {
        ("metadata", "name") => {
            if let (None, Ok(name)) = (&manifest.project, PackageName::new(text)) {
                manifest.project = Some(Project {
                    name,
                    version: None,
                    line,
                });
            }
            return;
        }
        ("metadata", "version") => {
            if let Some(project) = &mut manifest.project
                && !text.starts_with("attr:")
                && !text.starts_with("file:")
            {
                project.version = Some(text.to_owned());
            }
            return;
        }
        ("options", "install_requires") => Place::default(),
        ("options", "setup_requires") => Place::build(),
        ("options", "tests_require") => Place::group("tests"),
        ("options.extras_require", extra) if !extra.is_empty() => Place::extra(extra),
        _ => return,
    };
    if let Some(files) = text.strip_prefix("file:") {
        for file in files.split(',').map(str::trim).filter(|f| !f.is_empty()) {
            manifest.includes.push(Include {
                line,
                path: file.to_owned(),
                extra: place.extras.first().cloned().unwrap_or_default(),
            });
        }
        return;
    }
    // A comment may follow after white space; several requirements may share a line with `;` only in markers.
    let text = text.split(" #").next().unwrap_or(text).trim();
    manifest.requirement(text, line, &place);
}
