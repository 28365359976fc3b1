//! Paths → what is asked for.
//!
//! A path is taken apart before anything in it is decoded, every part is decoded once, and what does not read exactly
//! like one of ours is unknown: no path of a client ever becomes a path of a file (CVE-2024-4956 and its kind).

use hognose_types::PackageName;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `/`: what this is.
    Root,
    /// `/simple/`.
    Projects,
    /// `/simple/NAME/`; `canonical` when the path is written like this already.
    Project {
        /// The name in normal form.
        name: PackageName,
        /// False: the client is sent to the path in normal form.
        canonical: bool,
    },
    /// `/files/NAME/DIGEST/FILENAME`: a distribution file.
    File(FilePath),
    /// The same with `.metadata` behind (PEP 658).
    Metadata(FilePath),
    /// The same with `.provenance` behind (PEP 740).
    Provenance(FilePath),
    /// `/pypi/NAME/json` and `/pypi/NAME/VERSION/json`.
    Json {
        /// The name in normal form.
        name: PackageName,
        /// One version only.
        version: Option<String>,
    },
    /// `/healthz`: the process answers.
    Health,
    /// `/readyz`: it can decide.
    Ready,
    /// `/metrics`.
    Metrics,
}

/// The path of a distribution file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FilePath {
    /// The project it belongs to.
    pub project: PackageName,
    /// sha256 in hexadecimal; none where the upstream announces none.
    pub sha256: Option<String>,
    /// Its name: letters, digits and `-_.+!` only.
    pub filename: String,
}

/// Longest path.
pub const MAX_PATH: usize = 1_024;
/// Stands in a path where the upstream announces no digest.
pub const NO_DIGEST: &str = "-";

impl Route {
    /// Reads the path of a request, without its query.
    pub fn parse(path: &str) -> Option<Self> {
        if path.len() > MAX_PATH {
            return None;
        }
        let parts: Vec<String> = path
            .strip_prefix('/')?
            .split('/')
            .map(decode)
            .collect::<Option<_>>()?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            [""] => Some(Self::Root),
            ["simple", ""] => Some(Self::Projects),
            ["simple", name, ""] => Self::project(name, true),
            ["simple", name] if !name.is_empty() => Self::project(name, false),
            ["files", name, digest, file] => Self::file(name, digest, file),
            ["pypi", name, "json"] => Some(Self::Json {
                name: PackageName::new(name).ok()?,
                version: None,
            }),
            ["pypi", name, version, "json"] => Some(Self::Json {
                name: PackageName::new(name).ok()?,
                version: Some((*version).to_owned()),
            }),
            ["healthz"] => Some(Self::Health),
            ["readyz"] => Some(Self::Ready),
            ["metrics"] => Some(Self::Metrics),
            _ => None,
        }
    }

    /// The project that it is about.
    pub fn named(&self) -> Option<&PackageName> {
        match self {
            Self::Project { name, .. } | Self::Json { name, .. } => Some(name),
            Self::File(path) | Self::Metadata(path) | Self::Provenance(path) => Some(&path.project),
            Self::Root | Self::Projects | Self::Health | Self::Ready | Self::Metrics => None,
        }
    }

    fn project(written: &str, slash: bool) -> Option<Self> {
        let name = PackageName::new(written).ok()?;
        let canonical = slash && name.as_str() == written;
        Some(Self::Project { name, canonical })
    }

    fn file(name: &str, digest: &str, file: &str) -> Option<Self> {
        let project = PackageName::new(name).ok()?;
        if project.as_str() != name {
            return None;
        }
        let hexadecimal =
            |d: &str| d.len() == 64 && d.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let sha256 = match digest {
            NO_DIGEST => None,
            digest if hexadecimal(digest) => Some(digest.to_owned()),
            _ => return None,
        };
        let of = |filename: &str| {
            is_filename(filename).then(|| FilePath {
                project: project.clone(),
                sha256: sha256.clone(),
                filename: filename.to_owned(),
            })
        };
        if let Some(filename) = file.strip_suffix(".metadata") {
            return of(filename).map(Self::Metadata);
        }
        if let Some(filename) = file.strip_suffix(".provenance") {
            return of(filename).map(Self::Provenance);
        }
        of(file).map(Self::File)
    }
}

fn is_filename(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.+!".contains(&b);
    !text.is_empty() && text.len() <= 255 && !text.starts_with('.') && text.bytes().all(plain)
}

/// Decodes one part of a path, once. What decodes to a separator or a control character is no part of ours.
fn decode(part: &str) -> Option<String> {
    let mut out = Vec::with_capacity(part.len());
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        let byte = if byte == b'%' {
            let digit = |b: u8| char::from(b).to_digit(16);
            let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
            (high * 16 + low) as u8
        } else {
            byte
        };
        if byte < 0x20 || matches!(byte, b'/' | b'\\' | b'%' | 0x7f) {
            return None;
        }
        out.push(byte);
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn shown(path: &str) -> String {
        format!("{:?}", Route::parse(path))
    }

    #[test]
    fn ours() {
        assert_eq!(Route::parse("/"), Some(Route::Root));
        assert_eq!(Route::parse("/simple/"), Some(Route::Projects));
        let name = PackageName::new("my-pkg").unwrap();
        for (path, canonical) in [
            ("/simple/my-pkg/", true),
            ("/simple/My_Pkg/", false),
            ("/simple/my-pkg", false),
        ] {
            let project = Route::Project {
                name: name.clone(),
                canonical,
            };
            assert_eq!(Route::parse(path), Some(project), "{path}");
        }
        let file = FilePath {
            project: name.clone(),
            sha256: Some(HEX.to_owned()),
            filename: "my_pkg-1.0+cu1-py3-none-any.whl".to_owned(),
        };
        let path = format!("/files/my-pkg/{HEX}/my_pkg-1.0%2Bcu1-py3-none-any.whl");
        assert_eq!(Route::parse(&path), Some(Route::File(file.clone())));
        let metadata = Route::parse(&format!("{path}.metadata"));
        assert_eq!(metadata, Some(Route::Metadata(file)));
        assert!(shown("/files/my-pkg/-/my-pkg-1.0.tar.gz").contains("sha256: None"));
        assert!(shown("/pypi/my-pkg/1.0/json").contains("1.0"));
    }

    #[test]
    fn not_ours() {
        for path in [
            "",
            "simple/",
            "//",
            "/simple//",
            "/simple/../",
            "/simple/a/b/",
            "/simple/%2e%2e%2f/",
            "/simple/a%00/",
            "/simple/a%252f/",
            "/simple/a%/",
            "/simple/\u{e9}/",
            "/files/my-pkg/-/../../../etc/passwd",
            "/files/my-pkg/-/..%2F..%2Fetc%2Fpasswd",
            "/files/my-pkg/-/..%5C..%5Cwin.ini",
            "/files/my-pkg/-/.hidden",
            "/files/my-pkg/-/",
            "/files/My_Pkg/-/my-pkg-1.0.tar.gz",
            "/files/my-pkg/0123/my-pkg-1.0.tar.gz",
            &format!("/files/my-pkg/{}/my-pkg-1.0.tar.gz", HEX.to_uppercase()),
            "/healthz/",
            "/admin",
        ] {
            assert_eq!(Route::parse(path), None, "{path}");
        }
        assert_eq!(
            Route::parse(&format!("/simple/{}/", "a".repeat(2_000))),
            None
        );
    }

    proptest::proptest! {
        #[test]
        fn any_path_is_survived(path in "\\PC{0,80}") {
            if let Some(Route::File(file)) = Route::parse(&path) {
                proptest::prop_assert!(is_filename(&file.filename));
            }
        }
    }
}
