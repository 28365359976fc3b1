//! Direct references: links, checkouts and paths instead of a version from an index.

use hognose_types::{ComponentVersion, Digest, PackageName, RedactedUrl, Source, Version};

/// What a direct reference tells without following it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Direct {
    /// Where the files come from.
    pub(crate) source: Source,
    /// Name from `#egg=` or from the file name.
    pub(crate) name: Option<PackageName>,
    /// Version from the file name.
    pub(crate) version: Option<String>,
    /// Digest from the fragment.
    pub(crate) hash: Option<Digest>,
}

impl Direct {
    /// The version as a component states it: what a direct reference does not tell is unknown.
    pub(crate) fn component_version(&self) -> ComponentVersion {
        self.version
            .as_deref()
            .map_or(ComponentVersion::Unknown, ComponentVersion::exact)
    }
}

const SCHEMES: [&str; 10] = [
    "http", "https", "ftp", "file", "ssh", "sftp", "git", "hg", "bzr", "svn",
];

/// True for `scheme://…` and `git+scheme://…` with a scheme that pip installs from.
pub(crate) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let known = |s: &str| SCHEMES.iter().any(|k| k.eq_ignore_ascii_case(s));
    match scheme.split_once('+') {
        Some((vcs, transport)) => is_vcs(vcs) && (known(transport) || transport == "git"),
        None => known(scheme) && (rest.starts_with("//") || scheme.eq_ignore_ascii_case("file")),
    }
}

fn is_vcs(scheme: &str) -> bool {
    ["git", "hg", "bzr", "svn"]
        .iter()
        .any(|k| k.eq_ignore_ascii_case(scheme))
}

/// Reads a URL.
pub(crate) fn parse_url(raw: &str) -> Direct {
    let (body, fragment) = raw.split_once('#').unwrap_or((raw, ""));
    let mut direct = Direct {
        source: Source::Url {
            url: RedactedUrl::new(body),
        },
        name: None,
        version: None,
        hash: None,
    };
    for (key, value) in fragment.split('&').filter_map(|pair| pair.split_once('=')) {
        if key == "egg" {
            let egg = value.split('[').next().unwrap_or(value);
            direct.name = PackageName::new(&percent_decode(egg)).ok();
        } else if let Ok(digest) = format!("{key}:{value}").parse::<Digest>() {
            direct.hash = Some(digest);
        }
    }
    let scheme = body.split(':').next().unwrap_or("");
    if scheme.contains('+') || is_vcs(scheme) {
        direct.source = vcs(body);
        return direct;
    }
    let location = body.split('?').next().unwrap_or(body);
    let file = percent_decode(location.rsplit('/').next().unwrap_or(""));
    if let Some((name, version)) = artifact_name(&file) {
        direct.name.get_or_insert(name);
        direct.version = Some(version);
    }
    if scheme.eq_ignore_ascii_case("file") {
        let path = body.get(5..).unwrap_or("");
        let path = path
            .strip_prefix("//localhost")
            .or_else(|| path.strip_prefix("//"))
            .unwrap_or(path);
        direct.source = Source::Path {
            path: percent_decode(path),
            editable: false,
        };
    }
    direct
}

/// `git+https://host/repo.git@ref`.
fn vcs(body: &str) -> Source {
    let authority_end = body
        .find("://")
        .map_or(0, |at| at + 3 + body[at + 3..].find('/').unwrap_or(0));
    let (url, reference) = match body[authority_end..].rsplit_once('@') {
        Some((head, reference)) if !reference.is_empty() => (
            format!("{}{head}", &body[..authority_end]),
            Some(reference.split('?').next().unwrap_or(reference).to_owned()),
        ),
        _ => (body.to_owned(), None),
    };
    let commit = reference
        .clone()
        .filter(|r| matches!(r.len(), 40 | 64) && r.bytes().all(|b| b.is_ascii_hexdigit()));
    Source::Vcs {
        url: RedactedUrl::new(url),
        reference: if commit.is_some() { None } else { reference },
        commit,
    }
}

/// Name and version from the file name of a wheel or source distribution.
pub(crate) fn artifact_name(file: &str) -> Option<(PackageName, String)> {
    if let Some(stem) = file.strip_suffix(".whl") {
        let mut parts = stem.split('-');
        let (name, version) = (parts.next()?, parts.next()?);
        if !matches!(parts.count(), 3 | 4) {
            return None;
        }
        return Some((PackageName::new(name).ok()?, version.to_owned()));
    }
    let stem = sdist_stem(file)?;
    // `name-1.0-beta` is ambiguous: the first dash after which a version follows splits it.
    stem.match_indices('-').find_map(|(at, _)| {
        let version = Version::new(&stem[at + 1..]).ok()?;
        Some((
            PackageName::new(&stem[..at]).ok()?,
            version.as_str().to_owned(),
        ))
    })
}

/// The name of a source archive without its ending.
pub(crate) fn sdist_stem(file: &str) -> Option<&str> {
    [".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz", ".tar"]
        .iter()
        .find_map(|ending| file.strip_suffix(ending))
}

/// Undoes `%XX`; anything else stays as it is.
pub(crate) fn percent_decode(raw: &str) -> String {
    if !raw.contains('%') {
        return raw.to_owned();
    }
    let bytes = raw.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%')
            .then(|| raw.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = code {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| raw.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &str) -> String {
        let direct = parse_url(raw);
        format!(
            "{} {} {} {}",
            direct.name.map(|n| n.to_string()).unwrap_or_default(),
            direct.version.unwrap_or_default(),
            direct.hash.is_some(),
            match direct.source {
                Source::Url { url } => format!("url {url}"),
                Source::Vcs {
                    url,
                    reference,
                    commit,
                } => format!("vcs {url} {reference:?} {commit:?}"),
                Source::Path { path, .. } => format!("path {path}"),
                other => format!("{other:?}"),
            }
        )
    }

    #[test]
    fn urls() {
        insta::assert_snapshot!([
            "https://files.index.example/a/Flask-2.0.1-py3-none-any.whl#sha256=0000000000000000000000000000000000000000000000000000000000000000",
            "https://x.example/torch-1.13.0%2Bcu117-cp310-cp310-linux_x86_64.whl",
            "git+https://forge.example/a/b.git@v1.0#egg=Bee[x]&subdirectory=s",
            "git+ssh://git@forge.example/a/b.git",
            "git+ssh://git@forge.example/a/b.git@0123456789012345678901234567890123456789",
            "https://x.example/archive/v1.0.zip#egg=cee",
            "file:///srv/wheels/dee-0.1.tar.gz",
            "https://x.example/zope-interface-5.4.0.tar.gz?token=s",
            "git+https://",
            "#",
        ].map(shown).join("\n"), @r#"
        flask 2.0.1 true url https://files.index.example/a/Flask-2.0.1-py3-none-any.whl
        torch 1.13.0+cu117 false url https://x.example/torch-1.13.0%2Bcu117-cp310-cp310-linux_x86_64.whl
        bee  false vcs git+https://forge.example/a/b.git Some("v1.0") None
          false vcs git+ssh://git@forge.example/a/b.git None None
          false vcs git+ssh://git@forge.example/a/b.git None Some("0123456789012345678901234567890123456789")
        cee  false url https://x.example/archive/v1.0.zip
        dee 0.1 false path /srv/wheels/dee-0.1.tar.gz
        zope-interface 5.4.0 false url https://x.example/zope-interface-5.4.0.tar.gz?token=****
          false vcs git+https:// None None
          false url
        "#);
    }

    #[test]
    fn url_shapes() {
        for yes in [
            "https://a",
            "git+https://a",
            "file:./a",
            "git+git://a",
            "HTTP://a",
        ] {
            assert!(is_url(yes), "{yes}");
        }
        for no in ["a", "a:b", "C:\\x", "requests==1", "x+https://a", "https:a"] {
            assert!(!is_url(no), "{no}");
        }
    }
}
