//! Answers kept on disk, as a private HTTP cache (RFC 9111).
//!
//! An answer is kept under a digest of what was asked: address, accepted types, user. It carries a digest of
//! itself, so a damaged or meddled one is no answer. [`Packs`](crate::pack) say how two processes and a killed one leave
//! whole answers behind, readable by their owner only: pages of private indexes are among them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Running;
use crate::download::hex;
use crate::pack::{self, Key, Packs};

/// Where answers are kept, and what time it is.
#[derive(Clone, Debug)]
pub struct Cache {
    /// A directory of ours; made when the first answer is kept.
    pub directory: PathBuf,
    /// Seconds since 1970.
    pub now: u64,
}

/// The version of the format; others are not read.
const FORMAT: u32 = 2;
/// How long an answer counts as fresh when the index says nothing about it.
const HEURISTIC: u64 = 600;
/// How long the absence of a project counts: names are taken by the minute.
const ABSENT: u64 = 60;
/// Seconds by which the clock of another machine may be ahead.
const SKEW: u64 = 60;
/// Longest header of an answer.
pub(crate) const MAX_HEAD: usize = 16 << 10;

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
    /// Whose answer it is, where the address that answered was shown credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) whose: Option<String>,
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
    /// Reads `Cache-Control`, `Age`, `ETag`, `Last-Modified` and `Vary`. What is asked for differs in address, accepted
    /// types and credentials alone, which tell answers apart here as they do there; `*` stands for what nobody can tell.
    pub(crate) fn of(header: impl Fn(&str) -> Option<String>) -> Self {
        let mut rules = Self {
            etag: header("etag").filter(|v| v.len() < 1_000),
            modified: header("last-modified").filter(|v| v.len() < 100),
            forbidden: header("vary").is_some_and(|v| v.split(',').any(|name| name.trim() == "*")),
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
    /// Removes what was not asked for longest, until at most `most` bytes are left. Answers how many bytes are kept.
    pub fn prune(&self, most: u64) -> u64 {
        pack::prune(&self.directory, most)
    }
}

/// The answers of a cache, as one client sees and adds to them.
#[derive(Debug)]
pub(crate) struct Answers {
    began: u64,
    running: Option<Running>,
    packs: Packs,
}

impl Answers {
    pub(crate) fn new(cache: &Cache, running: Option<&Running>) -> Self {
        Self {
            began: cache.now,
            running: running.cloned(),
            packs: Packs::new(&cache.directory),
        }
    }

    fn now(&self) -> u64 {
        let running = self.running.as_ref();
        running.map_or(self.began, |running| (running.clock)())
    }

    /// The name of what is asked for.
    pub(crate) fn key(url: &str, accept: &str, user: Option<&str>) -> Key {
        let mut hasher = Sha256::new();
        for part in [url, accept, user.unwrap_or_default()] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }

    /// What is kept under a key; nothing when it is damaged or larger than `limit`.
    pub(crate) fn read(&self, key: &Key, limit: u64) -> Option<Kept> {
        let (head, body) = self.packs.read(key, limit)?;
        Kept::of(&head, body)
    }

    /// As [`Answers::read`], with what others kept since; nothing for programs that do not run on.
    pub(crate) fn read_again(&self, key: &Key, limit: u64) -> Option<Kept> {
        self.running.as_ref()?;
        self.packs.look_again();
        self.read(key, limit)
    }

    /// Whether an answer need not be asked for again.
    pub(crate) fn is_fresh(&self, header: &Header) -> bool {
        let longest = match &self.running {
            None => header.fresh,
            Some(running) if header.status == 200 => header.fresh.min(running.oldest),
            Some(running) => header.fresh.min(running.absent),
        };
        // What comes from the future was written by a wrong clock; those of several machines differ a little.
        let ahead = if self.running.is_some() { SKEW } else { 0 };
        let age = self.now().saturating_add(ahead).checked_sub(header.stored);
        age.is_some_and(|age| age.saturating_sub(ahead) < longest)
    }

    /// Seconds since an answer was asked for.
    pub(crate) fn age(&self, header: &Header) -> u64 {
        self.now().saturating_sub(header.stored)
    }

    /// Keeps an answer, and gives it as it is kept. That it cannot be kept here is no fault of the answer: nothing is
    /// said.
    pub(crate) fn keep(
        &self,
        key: &Key,
        (url, whose): (String, Option<String>),
        status: u16,
        rules: &Rules,
        body: &[u8],
    ) -> Option<Vec<u8>> {
        if rules.forbidden || !matches!(status, 200 | 404 | 410) {
            return None;
        }
        let sha256 = digest(&url, status, body);
        let header = Header {
            format: FORMAT,
            url,
            status,
            stored: self.now(),
            fresh: rules.fresh.unwrap_or_else(|| usual(status)),
            etag: rules.etag.clone(),
            modified: rules.modified.clone(),
            whose,
            sha256,
        };
        self.write(key, &header, body)
    }

    /// Notes that an answer is as it was, and gives it as it is kept.
    pub(crate) fn renew(&self, key: &Key, kept: &Kept, rules: &Rules) -> Option<Vec<u8>> {
        let header = Header {
            stored: self.now(),
            fresh: rules.fresh.unwrap_or_else(|| usual(kept.header.status)),
            etag: rules.etag.clone().or_else(|| kept.header.etag.clone()),
            modified: rules
                .modified
                .clone()
                .or_else(|| kept.header.modified.clone()),
            ..kept.header.clone()
        };
        self.write(key, &header, &kept.body)
    }

    /// Keeps here what was kept elsewhere.
    pub(crate) fn adopt(&self, key: &Key, kept: &Kept) {
        let _ = self.write(key, &kept.header, &kept.body);
    }

    /// The head of the entry that was written, where there is one.
    fn write(&self, key: &Key, header: &Header, body: &[u8]) -> Option<Vec<u8>> {
        let head = serde_json::to_vec(header).ok()?;
        if let Some(running) = &self.running {
            self.packs.look_again();
            let _ = self.packs.write(key, header.stored, &head, body);
            self.packs.shrink(running.most);
        } else {
            let _ = self.packs.write(key, header.stored, &head, body);
        }
        Some(head)
    }
}

/// How long an answer counts when the index says nothing about it.
fn usual(status: u16) -> u64 {
    if status == 200 { HEURISTIC } else { ABSENT }
}

impl Kept {
    /// What an entry says; nothing where it is not what was written.
    pub(crate) fn of(head: &[u8], body: Vec<u8>) -> Option<Self> {
        let header: Header = serde_json::from_slice(head).ok()?;
        let whole =
            header.format == FORMAT && header.sha256 == digest(&header.url, header.status, &body);
        whole.then_some(Self { header, body })
    }
}

/// What an answer says, in one digest: who gave it, its status, its body.
fn digest(url: &str, status: u16, body: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update((url.len() as u64).to_le_bytes());
    hasher.update(url);
    hasher.update(status.to_le_bytes());
    hasher.update(body);
    hex(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(now: u64) -> (tempfile::TempDir, Answers) {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache {
            directory: directory.path().join("http"),
            now,
        };
        (directory, Answers::new(&cache, None))
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
        let (_directory, mut cache) = answers(1_000);
        let key = Answers::key("https://index.example/simple/six/", "*/*", None);
        let url = || "https://index.example/".to_owned();
        cache.keep(&key, (url(), None), 200, &Rules::default(), b"page");
        let kept = cache.read(&key, 100).unwrap();
        assert_eq!(kept.body, b"page");
        assert!(cache.is_fresh(&kept.header));
        cache.began = 1_000 + HEURISTIC;
        assert!(!cache.is_fresh(&kept.header));
        cache.renew(&key, &kept, &rules(&[("cache-control", "max-age=5")]));
        assert_eq!(cache.read(&key, 100).unwrap().header.fresh, 5);
        cache.began = 0;
        assert!(!cache.is_fresh(&cache.read(&key, 100).unwrap().header));
    }

    #[test]
    fn damaged_and_foreign_entries_are_no_answers() {
        let (directory, cache) = answers(0);
        let key = Answers::key("a", "b", Some("c"));
        let has = || {
            let cache = Cache {
                directory: directory.path().join("http"),
                now: 0,
            };
            Answers::new(&cache, None).read(&key, 1_000).is_some()
        };
        let path = directory.path().join("http/0000.pack2");
        cache.keep(&key, (String::new(), None), 200, &Rules::default(), b"page");
        drop(cache);
        let good = std::fs::read(&path).unwrap();
        assert!(has());
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            // Of the frame the time of writing alone is nobody's fault; a header may say another time or address.
            let harmless = (40..48).contains(&at) || (56..good.len() - 4).contains(&at);
            assert!(!has() || harmless, "{at}");
        }
        for bad in [&good[..good.len() - 1], b"", b"\n", b"{}\nx"] {
            std::fs::write(&path, bad).unwrap();
            assert!(!has());
        }
    }
}
