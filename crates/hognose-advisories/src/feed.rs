//! Feeds: what they are and where they come from.

use std::path::{Path, PathBuf};

use hognose_types::RedactedUrl;

/// What a feed holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeedKind {
    /// OSV records about flaws.
    Osv,
    /// OSV records about malicious packages; the same schema.
    Malicious,
    /// EPSS scores.
    Epss,
    /// CISA's catalogue of known exploited vulnerabilities.
    Kev,
    /// Names of popular projects.
    Popular,
    /// A file or directory whose contents say what they are.
    Auto,
}

impl FeedKind {
    /// Every kind that has a name in the configuration.
    pub const NAMED: [Self; 5] = [
        Self::Osv,
        Self::Malicious,
        Self::Epss,
        Self::Kev,
        Self::Popular,
    ];

    /// Its name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Osv => "osv",
            Self::Malicious => "malicious",
            Self::Epss => "epss",
            Self::Kev => "kev",
            Self::Popular => "popular",
            Self::Auto => "feed",
        }
    }

    /// The kind with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMED.into_iter().find(|kind| kind.as_str() == name)
    }

    /// True for feeds without which a clean answer means nothing.
    pub fn is_required(self) -> bool {
        matches!(self, Self::Osv | Self::Malicious | Self::Auto)
    }
}

/// Where a feed comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FeedLocation {
    /// Fetched with HTTP.
    Url(RedactedUrl),
    /// A file or directory.
    Path(PathBuf),
}

/// One configured feed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Feed {
    /// What it holds.
    pub kind: FeedKind,
    /// Where it comes from.
    pub location: FeedLocation,
}

/// Why a feed's address is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// The scheme is none of `https`, `http`, `file`.
    #[error("a feed is an https://, http:// or file:// address or a path, not {0:?}")]
    Scheme(String),
    /// `file://` with a host.
    #[error("a file:// address may not name a host: {0:?}")]
    FileHost(String),
    /// `kind=location` with an unknown kind.
    #[error("unknown feed kind {0:?}: the kinds are osv, malicious, epss, kev and popular")]
    Kind(String),
    /// Nothing.
    #[error("the address of a feed is empty")]
    Empty,
}

impl Feed {
    /// Reads an address or a path; relative paths start at `base`.
    pub fn new(kind: FeedKind, text: &str, base: &Path) -> Result<Self, FeedError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(FeedError::Empty);
        }
        let location = match text.split_once("://") {
            Some(("http" | "https", _)) => FeedLocation::Url(RedactedUrl::new(text)),
            Some(("file", rest)) => FeedLocation::Path(file_path(text, rest)?),
            // A Windows drive (`C:/x`) has no "//"; anything else with a scheme is a mistake.
            Some(_) => return Err(FeedError::Scheme(text.to_owned())),
            None => FeedLocation::Path(base.join(text)),
        };
        Ok(Self { kind, location })
    }

    /// Reads `kind=location` or a bare location whose contents say what it is.
    pub fn from_argument(text: &str, base: &Path) -> Result<Self, FeedError> {
        match text.split_once('=') {
            Some((kind, location))
                if kind.bytes().all(|b| b.is_ascii_lowercase()) && !kind.is_empty() =>
            {
                let kind =
                    FeedKind::from_name(kind).ok_or_else(|| FeedError::Kind(kind.to_owned()))?;
                Self::new(kind, location, base)
            }
            _ => {
                let feed = Self::new(FeedKind::Auto, text, base)?;
                // A remote feed is advisories unless it is said otherwise.
                let kind = if matches!(feed.location, FeedLocation::Url(_)) {
                    FeedKind::Osv
                } else {
                    FeedKind::Auto
                };
                Ok(Self { kind, ..feed })
            }
        }
    }

    /// The address as shown to people, without secrets.
    pub fn shown(&self) -> String {
        match &self.location {
            FeedLocation::Url(url) => url.to_string(),
            FeedLocation::Path(path) => path.display().to_string(),
        }
    }

    /// True when it is fetched.
    pub fn is_remote(&self) -> bool {
        matches!(self.location, FeedLocation::Url(_))
    }
}

fn file_path(whole: &str, rest: &str) -> Result<PathBuf, FeedError> {
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    if rest.starts_with('/') {
        return Ok(PathBuf::from(percent_decoded(rest)));
    }
    Err(FeedError::FileHost(whole.to_owned()))
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let pair = [ahead.next(), ahead.next()].map(|b| b.and_then(|b| char::from(b).to_digit(16)));
        if let (b'%', [Some(high), Some(low)]) = (byte, pair) {
            out.push((high * 16 + low) as u8);
            bytes = ahead;
        } else {
            out.push(byte);
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The public feeds, used when the configuration names none.
pub fn public_feeds() -> Vec<Feed> {
    let feed = |kind, url: &str| Feed {
        kind,
        location: FeedLocation::Url(RedactedUrl::new(url)),
    };
    vec![
        // The export holds PYSEC, GHSA and MAL records alike.
        feed(
            FeedKind::Osv,
            "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip",
        ),
        feed(
            FeedKind::Epss,
            "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
        ),
        feed(
            FeedKind::Kev,
            "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
        ),
        feed(
            FeedKind::Popular,
            "https://hugovk.github.io/top-pypi-packages/top-pypi-packages.min.json",
        ),
    ]
}

/// A digest of a set of feeds: every configuration has a database of its own.
pub fn feeds_key(feeds: &[Feed]) -> String {
    let mut hasher = blake3::Hasher::new();
    for feed in feeds {
        hasher.update(feed.kind.as_str().as_bytes());
        hasher.update(b"\0");
        match &feed.location {
            FeedLocation::Url(url) => hasher.update(url.expose().as_bytes()),
            // "mirror" is another place in every working directory.
            FeedLocation::Path(path) => {
                let absolute = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                hasher.update(absolute.as_os_str().as_encoded_bytes())
            }
        };
        hasher.update(b"\n");
    }
    hasher
        .finalize()
        .to_hex()
        .as_str()
        .chars()
        .take(16)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        let base = Path::new("/base");
        let path = |text: &str| match Feed::new(FeedKind::Osv, text, base).unwrap().location {
            FeedLocation::Path(path) => path,
            FeedLocation::Url(url) => panic!("{url}"),
        };
        assert_eq!(path("x/y"), Path::new("/base/x/y"));
        assert_eq!(path("/abs"), Path::new("/abs"));
        assert_eq!(path("file:///a%20b"), Path::new("/a b"));
        assert_eq!(path("file://localhost/a"), Path::new("/a"));
        assert!(matches!(
            Feed::new(FeedKind::Osv, "file://host/a", base),
            Err(FeedError::FileHost(_))
        ));
        assert!(matches!(
            Feed::new(FeedKind::Osv, "ftp://h/a", base),
            Err(FeedError::Scheme(_))
        ));
        let url = Feed::from_argument("https://user:secret@mirror.example/all.zip", base).unwrap();
        assert!(url.is_remote() && !url.shown().contains("secret"));
        assert_eq!(url.kind, FeedKind::Osv);
        assert_eq!(
            Feed::from_argument("epss=scores.csv", base).unwrap().kind,
            FeedKind::Epss
        );
        assert_eq!(
            Feed::from_argument("mirror", base).unwrap().kind,
            FeedKind::Auto
        );
        assert!(matches!(
            Feed::from_argument("nvd=x", base),
            Err(FeedError::Kind(_))
        ));
    }
}
