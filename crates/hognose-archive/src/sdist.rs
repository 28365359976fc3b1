//! What an sdist says about itself against what it holds: file name, top directory, PKG-INFO.

use crate::wheel::{Mismatch, MismatchKind, check_metadata, mismatch, same_name, same_version};

/// Name and version of an sdist's file name; old names may hold dashes, so the last one counts.
pub fn parse_name(file: &str) -> Option<(&str, &str)> {
    let stem = [".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz", ".tar"]
        .iter()
        .find_map(|end| file.strip_suffix(end))?;
    let (name, version) = stem.rsplit_once('-')?;
    (!name.is_empty() && !version.is_empty()).then_some((name, version))
}

/// Checks an sdist: `roots` are its top-level names, `pkg_info` the text of `PKG-INFO` in its top directory.
pub fn check(file: &str, roots: &[String], pkg_info: Option<&str>) -> Vec<Mismatch> {
    let mut out = Vec::new();
    let parsed = parse_name(file);
    if parsed.is_none() {
        out.push(mismatch(MismatchKind::FileName, file, ""));
    }
    if pkg_info.is_none() {
        out.push(mismatch(MismatchKind::NoMetadata, file, ""));
    }
    let Some((name, version)) = parsed else {
        return out;
    };
    for root in roots {
        let fits = root
            .rsplit_once('-')
            .is_some_and(|(n, v)| same_name(n, name) && same_version(v, version));
        if !fits {
            out.push(mismatch(MismatchKind::TopDirectory, root.as_str(), file));
        }
    }
    if let Some(text) = pkg_info {
        check_metadata(text, name, version, &mut out);
    }
    out
}
