//! Names of members, one by one and against one another.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry as Slot};
use std::hash::Hasher as _;

use unicode_normalization::UnicodeNormalization as _;

use super::entry::EntryKind;
use super::kinds::ConfusionKind as Kind;
use super::run::{Meta, Place, Run};
use crate::names::is_device;

/// A name as text, cut at the limit; what cannot be text is said.
pub(super) fn text(run: &mut Run<'_, '_>, place: Place<'_>, raw: &[u8]) -> String {
    let limit = run.budget.limits.path_bytes;
    let kept = raw.get(..limit).unwrap_or(raw);
    let text = String::from_utf8_lossy(kept).into_owned();
    if raw.len() > limit {
        run.confuse(place, Kind::NameTooLong, Some(&text), || {
            format!("{} bytes", raw.len())
        });
    } else if std::str::from_utf8(raw).is_err() {
        run.confuse(place, Kind::NameEncoding, Some(&text), String::new);
    }
    match text.strip_prefix("./") {
        Some(rest) if !rest.is_empty() => rest.to_owned(),
        _ => text,
    }
}

/// Faults of one name.
fn faults(run: &mut Run<'_, '_>, place: Place<'_>, name: &str, is_directory: bool) {
    let mut say = |kind| run.confuse(place, kind, Some(name), String::new);
    let bytes = name.as_bytes();
    if bytes.contains(&0) {
        say(Kind::NameNul);
    } else if name.chars().any(char::is_control) {
        say(Kind::NameControl);
    }
    if name.starts_with('/') {
        say(Kind::NameAbsolute);
    }
    match bytes {
        [b'a'..=b'z' | b'A'..=b'Z', b':', ..] => say(Kind::NameDrive),
        _ if bytes.contains(&b':') => say(Kind::NameColon),
        _ => {}
    }
    let backslash = bytes.contains(&b'\\');
    if backslash {
        say(Kind::NameBackslash);
    }
    let parts = || {
        name.split(['/', '\\'])
            .filter(|part| !part.is_empty() && *part != ".")
    };
    // `./` is how writers name the directory they start in.
    if parts().next().is_none() && !(is_directory && name.starts_with('.')) {
        say(Kind::NameEmpty);
    }
    if parts().any(|part| part == "..") {
        say(Kind::NameParent);
    }
    if parts().any(is_device) {
        say(Kind::NameDevice);
    }
    if parts().any(|part| part != ".." && part.ends_with(['.', ' '])) {
        say(Kind::NameTrailing);
    }
}

/// What a path was seen as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    File,
    Directory,
    Symlink,
    /// Only as a part of longer paths.
    Parent,
}

/// All paths of one archive, as hashes: half a million names stay below 40 MB. A collision of two 64-bit hashes makes
/// a false confusion, never hides one.
#[derive(Debug, Default)]
pub(super) struct Names {
    exact: HashMap<u64, Seen>,
    /// From the folded path to the exact one.
    folded: HashMap<u64, u64>,
    links: bool,
}

impl Names {
    /// Takes in a member, and says what is wrong with its name and link.
    pub(super) fn add(&mut self, run: &mut Run<'_, '_>, place: Place<'_>, meta: &Meta) {
        let name = meta.name.as_str();
        faults(run, place, name, meta.kind == EntryKind::Directory);
        let path = plain(name);
        if path.is_empty() {
            return;
        }
        self.parents(run, place, name, &path);
        self.path(run, place, meta, &path);
        self.folds(run, place, name, &path);
        if let Some(target) = &meta.link {
            self.link(run, place, meta, &path, target);
        }
    }

    fn parents(&mut self, run: &mut Run<'_, '_>, place: Place<'_>, name: &str, path: &str) {
        let parents = path.matches('/').count();
        for prefix in prefixes(path, Cow::Borrowed).take(parents) {
            match self.exact.entry(prefix) {
                Slot::Vacant(slot) => {
                    slot.insert(Seen::Parent);
                }
                Slot::Occupied(slot) => match slot.get() {
                    Seen::File => {
                        run.confuse(place, Kind::FileAsDirectory, Some(name), String::new);
                    }
                    Seen::Symlink => {
                        run.confuse(place, Kind::MemberUnderLink, Some(name), String::new);
                    }
                    Seen::Directory | Seen::Parent => {}
                },
            }
        }
    }

    fn path(&mut self, run: &mut Run<'_, '_>, place: Place<'_>, meta: &Meta, path: &str) {
        let now = match meta.kind {
            EntryKind::Directory => Seen::Directory,
            EntryKind::Symlink => Seen::Symlink,
            _ => Seen::File,
        };
        match (self.exact.insert(hash(path), now), now) {
            (None, _) | (Some(Seen::Directory | Seen::Parent), Seen::Directory) => {}
            (Some(Seen::Directory | Seen::Parent), _) | (Some(Seen::File), Seen::Directory) => {
                run.confuse(place, Kind::FileAsDirectory, Some(&meta.name), String::new);
            }
            (Some(_), _) => {
                run.confuse(place, Kind::DuplicateName, Some(&meta.name), String::new);
            }
        }
    }

    fn folds(&mut self, run: &mut Run<'_, '_>, place: Place<'_>, name: &str, path: &str) {
        // Every parent too: `A/x` and `a/y` share a directory on some systems.
        let mut collides = false;
        let exact = prefixes(path, Cow::Borrowed);
        for (folded, exact) in prefixes(path, folded).zip(exact) {
            collides = *self.folded.entry(folded).or_insert(exact) != exact;
        }
        if collides {
            let kind = if path.is_ascii() {
                Kind::CaseCollision
            } else {
                Kind::UnicodeCollision
            };
            run.confuse(place, kind, Some(name), String::new);
        }
    }

    fn link(
        &mut self,
        run: &mut Run<'_, '_>,
        place: Place<'_>,
        meta: &Meta,
        path: &str,
        target: &str,
    ) {
        let hard = meta.kind == EntryKind::Hardlink;
        let name = Some(meta.name.as_str());
        let detail = || format!("to {target}");
        let kind = if hard { Kind::Hardlink } else { Kind::Symlink };
        run.confuse(place, kind, name, detail);
        if target.starts_with(['/', '\\']) || target.as_bytes().get(1) == Some(&b':') {
            run.confuse(place, Kind::LinkAbsolute, name, detail);
            return;
        }
        // Hard links count from the top of the archive, symbolic ones from their own directory.
        let from = if hard {
            ""
        } else {
            path.rsplit_once('/').map_or("", |(parent, _)| parent)
        };
        let Some(resolved) = resolve(from, target) else {
            run.confuse(place, Kind::LinkOutside, name, detail);
            return;
        };
        self.links |= !hard;
        let own = hash(path);
        let through_link = self.links
            && prefixes(&resolved, Cow::Borrowed)
                .any(|part| self.exact.get(&part) == Some(&Seen::Symlink) && part != own);
        if through_link {
            run.confuse(place, Kind::LinkChain, name, detail);
        }
        if hard && !self.exact.contains_key(&hash(&resolved)) {
            run.confuse(place, Kind::HardlinkDangling, name, detail);
        }
    }
}

/// The path without empty and `.` parts.
fn plain(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for part in name.split('/').filter(|p| !p.is_empty() && *p != ".") {
        if !out.is_empty() {
            out.push('/');
        }
        out.push_str(part);
    }
    out
}

/// Where a relative target leads; none when it leaves the archive.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').filter(|p| !p.is_empty()).collect();
    for part in target.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Hashes of every prefix of a path that ends with a whole part, the path itself last; in one pass, because a path may
/// have thousands of parts.
fn prefixes<'p>(
    path: &'p str,
    fold: impl Fn(&'p str) -> Cow<'p, str>,
) -> impl Iterator<Item = u64> {
    let mut hasher = DefaultHasher::new();
    path.split('/').map(move |part| {
        hasher.write(fold(part).as_bytes());
        let prefix = hasher.finish();
        hasher.write_u8(b'/');
        prefix
    })
}

/// A part as the least exact file system compares it.
fn folded(part: &str) -> Cow<'_, str> {
    if !part.is_ascii() {
        Cow::Owned(part.nfkc().collect::<String>().to_lowercase())
    } else if part.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(part.to_ascii_lowercase())
    } else {
        Cow::Borrowed(part)
    }
}

fn hash(path: &str) -> u64 {
    prefixes(path, Cow::Borrowed).last().unwrap_or_default()
}
