//! Answers kept on disk, as a private HTTP cache (RFC 9111).
//!
//! One file an answer, named by a digest of what was asked: address, accepted types, user. It is written beside its
//! place and renamed, so two processes and a killed one leave whole answers behind; it carries the digest of its body,
//! so a damaged or meddled one is no answer. Files are readable by their owner only: pages of private indexes are in it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::download::hex;

/// Where answers are kept, and what time it is.
#[derive(Clone, Debug)]
pub struct Cache {
    /// A directory of ours; made when the first answer is kept.
    pub directory: PathBuf,
    /// Seconds since 1970.
    pub now: u64,
}

/// The version of the format; others are not read.
const FORMAT: u32 = 1;
/// How long an answer counts as fresh when the index says nothing about it.
const HEURISTIC: u64 = 600;
/// How long the absence of a project counts: names are taken by the minute.
const ABSENT: u64 = 60;
/// Longest header of a file.
const MAX_HEADER: usize = 16 << 10;

/// What is known of a kept answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    format: u32,
    /// The address that answered, after redirects.
    pub(crate) url: String,
    pub(crate) status: u16,
    /// When it was asked for last.
    pub(crate) stored: u64,
    /// How long it is fresh from then on.
    pub(crate) fresh: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) modified: Option<String>,
    sha256: String,
}

/// A kept answer.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) header: Header,
    pub(crate) body: Vec<u8>,
}

/// What an answer says about keeping it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) etag: Option<String>,
    pub(crate) modified: Option<String>,
    /// Seconds of freshness; none when nothing is said.
    pub(crate) fresh: Option<u64>,
    /// Not to be kept at all.
    pub(crate) forbidden: bool,
}

impl Rules {
    /// Reads `Cache-Control`, `Age`, `ETag` and `Last-Modified`.
    pub(crate) fn of(header: impl Fn(&str) -> Option<String>) -> Self {
        let mut rules = Self {
            etag: header("etag").filter(|v| v.len() < 1_000),
            modified: header("last-modified").filter(|v| v.len() < 100),
            ..Self::default()
        };
        let control = header("cache-control")
            .unwrap_or_default()
            .to_ascii_lowercase();
        for directive in control.split(',').map(str::trim) {
            match directive.split_once('=').unwrap_or((directive, "")) {
                ("no-store", _) => rules.forbidden = true,
                ("no-cache", _) => rules.fresh = Some(0),
                ("max-age", seconds) if rules.fresh.is_none() => {
                    let age = header("age").and_then(|a| a.trim().parse().ok());
                    let seconds: u64 = seconds.trim_matches('"').parse().unwrap_or(0);
                    rules.fresh = Some(seconds.saturating_sub(age.unwrap_or(0)));
                }
                _ => {}
            }
        }
        rules
    }
}

impl Cache {
    /// The name of what is asked for.
    pub(crate) fn key(url: &str, accept: &str, user: Option<&str>) -> String {
        let mut hasher = Sha256::new();
        for part in [url, accept, user.unwrap_or_default()] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hex(&hasher.finalize())
    }

    fn path(&self, key: &str) -> PathBuf {
        let (first, rest) = key.split_at_checked(2).unwrap_or((key, ""));
        self.directory.join(first).join(rest)
    }

    /// What is kept under a key; nothing when it is damaged or larger than `limit`.
    pub(crate) fn read(&self, key: &str, limit: u64) -> Option<Kept> {
        let path = self.path(key);
        let size = fs::metadata(&path).ok()?.len();
        if size > limit.saturating_add(MAX_HEADER as u64) {
            return None;
        }
        let bytes = fs::read(&path).ok()?;
        let end = bytes.iter().take(MAX_HEADER).position(|b| *b == b'\n')?;
        let header: Header = serde_json::from_slice(bytes.get(..end)?).ok()?;
        let body = bytes.get(end + 1..)?;
        let whole = header.format == FORMAT && header.sha256 == hex(&Sha256::digest(body));
        whole.then(|| Kept {
            body: body.to_vec(),
            header,
        })
    }

    /// Whether an answer need not be asked for again.
    pub(crate) fn is_fresh(&self, header: &Header) -> bool {
        // What comes from the future was written by a wrong clock.
        header.stored <= self.now && self.now - header.stored < header.fresh
    }

    /// Keeps an answer. That it cannot be kept is no fault of the answer: nothing is said.
    pub(crate) fn keep(&self, key: &str, url: String, status: u16, rules: &Rules, body: &[u8]) {
        if rules.forbidden || !matches!(status, 200 | 404 | 410) {
            return;
        }
        let usual = if status == 200 { HEURISTIC } else { ABSENT };
        let header = Header {
            format: FORMAT,
            url,
            status,
            stored: self.now,
            fresh: rules.fresh.unwrap_or(usual),
            etag: rules.etag.clone(),
            modified: rules.modified.clone(),
            sha256: hex(&Sha256::digest(body)),
        };
        let _ = self.write(key, &header, body);
    }

    /// Notes that an answer is as it was.
    pub(crate) fn renew(&self, key: &str, kept: &Kept, rules: &Rules) {
        let usual = if kept.header.status == 200 {
            HEURISTIC
        } else {
            ABSENT
        };
        let header = Header {
            stored: self.now,
            fresh: rules.fresh.unwrap_or(usual),
            etag: rules.etag.clone().or_else(|| kept.header.etag.clone()),
            modified: rules
                .modified
                .clone()
                .or_else(|| kept.header.modified.clone()),
            ..kept.header.clone()
        };
        let _ = self.write(key, &header, &kept.body);
    }

    fn write(&self, key: &str, header: &Header, body: &[u8]) -> std::io::Result<()> {
        let path = self.path(key);
        let Some(directory) = path.parent() else {
            return Ok(());
        };
        // One write for the header: a file is not buffered.
        let mut head = serde_json::to_vec(header)?;
        head.push(b'\n');
        make_private(directory)?;
        // Made readable by its owner only, and gone if anything below fails.
        let mut file = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(directory)?;
        file.write_all(&head)?;
        file.write_all(body)?;
        file.persist(&path).map_err(|e| e.error)?;
        Ok(())
    }

    /// Removes what was not asked for longest, until at most `most` bytes are left; also what killed processes left
    /// half-written. Answers how many bytes are kept.
    pub fn prune(&self, most: u64) -> u64 {
        let mut files = Vec::new();
        for folder in entries(&self.directory) {
            for file in entries(&folder) {
                let Ok(meta) = fs::metadata(&file) else {
                    continue;
                };
                let age = meta.modified().ok().and_then(|m| {
                    m.duration_since(std::time::UNIX_EPOCH)
                        .ok()
                        .map(|d| d.as_secs())
                });
                let is_rest = file
                    .file_name()
                    .is_some_and(|n| n.to_string_lossy().starts_with(".new-"));
                let age = age.unwrap_or(0);
                if is_rest && age + 3_600 < self.now {
                    let _ = fs::remove_file(&file);
                } else {
                    files.push((age, meta.len(), file));
                }
            }
        }
        files.sort();
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        for (_, size, file) in files {
            if total <= most {
                break;
            }
            if fs::remove_file(&file).is_ok() {
                total -= size;
            }
        }
        total
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect()
}

#[cfg(unix)]
fn make_private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

#[cfg(not(unix))]
fn make_private(directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(now: u64) -> (tempfile::TempDir, Cache) {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache {
            directory: directory.path().join("http"),
            now,
        };
        (directory, cache)
    }

    fn rules(pairs: &[(&str, &str)]) -> Rules {
        Rules::of(|name| {
            let found = pairs.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn headers() {
        let fresh = |control: &str| rules(&[("cache-control", control), ("age", "10")]).fresh;
        assert_eq!(fresh("max-age=600, public"), Some(590));
        assert_eq!(fresh("private, no-cache, max-age=600"), Some(0));
        assert_eq!(fresh("public"), None);
        assert!(rules(&[("cache-control", "No-Store")]).forbidden);
    }

    #[test]
    fn answers_age() {
        let (_directory, mut cache) = cache(1_000);
        let key = Cache::key("https://index.example/simple/six/", "*/*", None);
        cache.keep(
            &key,
            "https://index.example/".to_owned(),
            200,
            &Rules::default(),
            b"page",
        );
        let kept = cache.read(&key, 100).unwrap();
        assert_eq!(kept.body, b"page");
        assert!(cache.is_fresh(&kept.header));
        cache.now = 1_000 + HEURISTIC;
        assert!(!cache.is_fresh(&kept.header));
        cache.renew(&key, &kept, &rules(&[("cache-control", "max-age=5")]));
        assert_eq!(cache.read(&key, 100).unwrap().header.fresh, 5);
        cache.now = 0;
        assert!(!cache.is_fresh(&cache.read(&key, 100).unwrap().header));
    }

    #[test]
    fn damaged_and_foreign_files_are_no_answers() {
        let (_directory, cache) = cache(0);
        let key = Cache::key("a", "b", Some("c"));
        let path = cache.path(&key);
        let put = |bytes: &[u8]| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, bytes).unwrap();
            cache.read(&key, 1_000).is_some()
        };
        cache.keep(&key, String::new(), 200, &Rules::default(), b"page");
        let good = fs::read(&path).unwrap();
        assert!(put(&good));
        assert!(!put(&good[..good.len() - 1]));
        assert!(!put(&[good.as_slice(), b"x"].concat()));
        assert!(!put(&good.repeat(2_000)));
        assert!(!put(b"") && !put(b"\n") && !put(b"{}\nx"));
    }

    #[test]
    fn the_oldest_goes_first() {
        let (_directory, cache) = cache(10);
        for at in 0..4_u8 {
            let key = Cache::key(&at.to_string(), "", None);
            cache.keep(&key, String::new(), 200, &Rules::default(), &[at; 1_000]);
        }
        let all = cache.prune(u64::MAX);
        assert!(all > 4_000);
        assert!(cache.prune(all / 2) <= all / 2);
        assert_eq!(cache.prune(0), 0);
    }
}
