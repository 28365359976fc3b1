//! What was seen of a project before, so that what changed since is noticed: who may upload, and the files of releases.

use std::collections::{BTreeMap, BTreeSet};

use hognose_identity::facts::{DAY, ProjectFacts};
use hognose_identity::history::{FORMAT, Past};
use hognose_types::Version;

use super::engine::Engine;
use super::held::unreadable;

/// The kind of these memories.
const KIND: &str = "seen";
/// Files of a project that are remembered, those of its newest releases.
const MOST_FILES: usize = 2_000;
/// Longest memory.
const MAX_TEXT: usize = 512 << 10;
/// How often a memory is written anew that another node changes at the same time.
const TRIES: usize = 4;

impl Engine {
    /// What was seen before, as far as it matters beside what is seen now; notes what is new.
    pub(super) fn past(&self, facts: &ProjectFacts, now: i64) -> Result<Option<Past>, String> {
        let Some(store) = &self.parts.store else {
            return Ok(None);
        };
        let name = format!("{} {}", facts.name, facts.index);
        let newest = newest(facts);
        for _ in 0..TRIES {
            let kept = self.recollection.ask(store.as_ref(), (KIND, &name), now)?;
            let version = kept.as_ref().map_or(0, |kept| kept.version);
            let before = match kept.map(|kept| read(&kept.value, facts)) {
                // What a newer release of this program wrote is neither understood nor replaced.
                Some(Read::Newer) => return Ok(None),
                Some(Read::Past(past)) => Some(*past),
                Some(Read::Nothing) | None => None,
            };
            let shortened = before.clone().map(|past| shorter(past, &newest));
            let noted = Past::noted(shortened.as_ref(), facts, &newest, now);
            let written = match noted.and_then(|past| serde_json::to_string(&past).ok()) {
                Some(text) if text.len() <= MAX_TEXT => store
                    .remember(KIND, &name, &text, version, now)
                    .map_err(|e| unreadable(&e))?,
                _ => true,
            };
            if written {
                return Ok(before.map(|past| relevant(past, facts)));
            }
        }
        Err("others change it all the time".to_owned())
    }
}

enum Read {
    Past(Box<Past>),
    Newer,
    Nothing,
}

#[derive(serde::Deserialize)]
struct Format {
    format: u32,
}

fn read(text: &str, facts: &ProjectFacts) -> Read {
    match serde_json::from_str::<Format>(text) {
        Ok(found) if found.format > FORMAT => Read::Newer,
        Ok(_) => match serde_json::from_str::<Past>(text) {
            Ok(past) if past.name == facts.name.as_str() && past.index == facts.index => {
                Read::Past(Box::new(past))
            }
            _ => Read::Nothing,
        },
        Err(_) => Read::Nothing,
    }
}

/// The newest releases, with as many files as are remembered.
fn newest(facts: &ProjectFacts) -> BTreeSet<&Version> {
    let mut files: BTreeMap<&Version, usize> = BTreeMap::new();
    for file in &facts.files {
        *files.entry(&file.version).or_default() += 1;
    }
    let mut left = MOST_FILES;
    let newest = files.into_iter().rev().map_while(|(version, count)| {
        left = left.checked_sub(count)?;
        Some(version)
    });
    newest.collect()
}

/// Makes room for new releases: files of old ones are forgotten where there are many.
fn shorter(mut past: Past, newest: &BTreeSet<&Version>) -> Past {
    if past.files.len() > MOST_FILES {
        let newest: BTreeSet<String> = newest.iter().map(ToString::to_string).collect();
        past.files.retain(|_, seen| newest.contains(&seen.version));
    }
    past
}

/// Only what is no longer as it was is worth comparing release by release.
fn relevant(mut past: Past, facts: &ProjectFacts) -> Past {
    let first = facts.first_upload();
    let moved = |at: i64| first.is_some_and(|first| at.saturating_add(DAY) < first);
    if past
        .looks
        .iter()
        .any(|look| look.first_upload.is_some_and(moved))
    {
        return past;
    }
    let files = facts.files.iter();
    let here: BTreeMap<&str, Option<&str>> = files
        .map(|f| (f.filename.as_str(), f.sha256.as_deref()))
        .collect();
    let offered: BTreeSet<String> = facts.files.iter().map(|f| f.version.to_string()).collect();
    let changed: BTreeSet<String> = past
        .files
        .iter()
        .filter(|(name, seen)| {
            let same = match (here.get(name.as_str()), &seen.sha256) {
                (Some(Some(now)), Some(then)) => *now == then.as_str(),
                (Some(_), _) => true,
                (None, _) => false,
            };
            !same && offered.contains(&seen.version)
        })
        .map(|(_, seen)| seen.version.clone())
        .collect();
    past.files.retain(|_, seen| changed.contains(&seen.version));
    past
}

#[cfg(test)]
mod tests {
    use hognose_identity::facts::{Attested, FileFacts, Presence};
    use hognose_identity::history::Seen;
    use hognose_types::PackageName;

    use super::*;

    fn facts(files: &[(&str, &str, &str)]) -> ProjectFacts {
        let name = PackageName::new("acme").unwrap();
        let mut facts = ProjectFacts::only(name, Presence::Present, "index".to_owned());
        facts.files = files
            .iter()
            .map(|(filename, version, sha256)| FileFacts {
                filename: (*filename).to_owned(),
                version: Version::new(version).unwrap(),
                uploaded: None,
                yanked: false,
                reason: None,
                sha256: Some((*sha256).to_owned()),
                requires_python: None,
                attested: Attested::Unknown,
            })
            .collect();
        facts
    }

    fn past(files: &[(&str, &str, &str)]) -> Past {
        let seen = |version: &str, sha256: &str| Seen {
            version: version.to_owned(),
            sha256: Some(sha256.to_owned()),
            at: 1,
        };
        let files = files.iter();
        Past {
            format: FORMAT,
            name: "acme".to_owned(),
            index: "index".to_owned(),
            looks: Vec::new(),
            files: files
                .map(|(name, version, sha256)| ((*name).to_owned(), seen(version, sha256)))
                .collect(),
        }
    }

    #[test]
    fn only_what_changed_is_compared() {
        let before = past(&[
            ("a-1", "1", "x"),
            ("a-2", "2", "x"),
            ("b-2", "2", "x"),
            ("a-3", "3", "x"),
            ("a-4", "4", "x"),
        ]);
        // 2 has other bytes, 3 has another file in the place of the old one, 4 is gone.
        let now = facts(&[
            ("a-1", "1", "x"),
            ("a-2", "2", "y"),
            ("b-2", "2", "x"),
            ("c-3", "3", "x"),
        ]);
        let left = relevant(before, &now);
        let left: Vec<&str> = left.files.keys().map(String::as_str).collect();
        assert_eq!(left, ["a-2", "a-3", "b-2"]);
    }

    #[test]
    fn the_newest_releases_are_remembered() {
        let many: Vec<(String, String)> = (0..MOST_FILES * 2)
            .map(|at| (format!("a-{at}"), format!("{at}")))
            .collect();
        let all: Vec<_> = many
            .iter()
            .map(|(f, v)| (f.as_str(), v.as_str(), "x"))
            .collect();
        let now = facts(&all);
        let newest = newest(&now);
        assert_eq!(newest.len(), MOST_FILES);
        assert_eq!(newest.first().unwrap().as_str(), "2000");
        let shortened = shorter(past(&all), &newest);
        assert_eq!(shortened.files.len(), MOST_FILES);
        assert!(shortened.files.contains_key("a-3999"));
    }
}
