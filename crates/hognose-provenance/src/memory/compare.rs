//! What a look finds to be other than it was.

use hognose_types::{PackageName, Version};

use super::{Extent, Known, Memory, Part, Presence, Release};
use crate::attestation::{Attested, Publisher};

/// One thing that is not as it was, or not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// What was attested is not any more.
    Lost {
        /// The files without.
        files: Vec<String>,
        /// The release that was; none where a lock says so.
        before: Option<Version>,
    },
    /// Somebody else published.
    Changed {
        /// In what they differ.
        what: Part,
        /// Who it was.
        before: Box<Known>,
        /// Who it is.
        now: Box<Known>,
        /// The release that they published.
        since: Version,
    },
    /// Somebody published whom the lock does not name.
    Unnamed {
        /// The file.
        file: String,
        /// Whom the lock names.
        named: Vec<Publisher>,
        /// Who it is.
        now: Box<Known>,
    },
    /// Some files of a release are attested and others are not.
    Partial {
        /// How many are.
        attested: usize,
        /// Those that are not.
        without: Vec<String>,
        /// All files of this release or the one before it were.
        knew_better: bool,
    },
    /// Files of one release come from several repositories or workflows.
    Inconsistent {
        /// Who published them.
        publishers: Vec<Known>,
        /// This release or the one before it came from one.
        knew_better: bool,
    },
    /// A file was added to a release that was remembered without it.
    LateFile {
        /// Its name.
        file: String,
        /// When, as the index writes it.
        uploaded: Option<String>,
    },
    /// A file has other bytes than it had under the same name.
    Replaced {
        /// Its name.
        file: String,
        /// The sha256 that is remembered.
        before: String,
        /// That of now.
        now: String,
    },
}

impl Memory {
    /// What is other than it was about a release, or wrong with it by itself.
    pub fn compare(&self, name: &PackageName, version: &Version, now: &Release) -> Vec<Change> {
        let baseline = self.baseline(name, version);
        let mut out = Vec::new();
        if let Some((_, before)) = baseline.filter(|(known, _)| *known == version) {
            files(before, now, &mut out);
        }
        let lost = baseline.and_then(|(known, before)| lost(version, known, before, now));
        let is_lost = lost.is_some();
        out.extend(lost);
        if now.extent() == Extent::Partial && !is_lost {
            out.push(partial(baseline, now));
        }
        if let Some((since, before)) = baseline {
            changed(since, before, now, &mut out);
        }
        out.extend(inconsistent(baseline, now));
        out
    }
}

/// Files of the same release: other bytes, and files that were not there.
fn files(before: &Release, now: &Release, out: &mut Vec<Change>) {
    for (name, file) in &now.files {
        match before.files.get(name) {
            None if !before.files.is_empty() => out.push(Change::LateFile {
                file: name.clone(),
                uploaded: file.uploaded.clone(),
            }),
            None => {}
            Some(known) => {
                if let (Some(old), Some(new)) = (&known.sha256, &file.sha256)
                    && old != new
                {
                    out.push(Change::Replaced {
                        file: name.clone(),
                        before: old.clone(),
                        now: new.clone(),
                    });
                }
            }
        }
    }
}

/// Of the same release, every file that was attested counts; of another, that none is any more: projects leave out one
/// file or another, and that is partial. What nobody tells is not lost.
fn lost(version: &Version, known: &Version, before: &Release, now: &Release) -> Option<Change> {
    let without = now
        .files
        .iter()
        .filter(|(_, file)| file.attested == Presence::No);
    let files: Vec<String> = if known == version {
        let was = |name: &String| {
            let file = before.files.get(name);
            file.is_some_and(|f| f.attested == Presence::Yes)
        };
        without
            .filter(|(name, _)| was(name))
            .map(|(name, _)| name.clone())
            .collect()
    } else {
        let was = matches!(before.extent(), Extent::Full | Extent::Partial);
        let is = now.extent() == Extent::None;
        without
            .filter(|_| was && is)
            .map(|(name, _)| name.clone())
            .collect()
    };
    (!files.is_empty()).then(|| Change::Lost {
        files,
        before: Some(known.clone()),
    })
}

fn partial(baseline: Option<(&Version, &Release)>, now: &Release) -> Change {
    let names = |presence| {
        let all = now.files.iter();
        all.filter(move |(_, file)| file.attested == presence)
            .map(|(name, _)| name.clone())
    };
    Change::Partial {
        attested: names(Presence::Yes).count(),
        without: names(Presence::No).collect(),
        knew_better: baseline.is_some_and(|(_, before)| before.extent() == Extent::Full),
    }
}

fn changed(since: &Version, before: &Release, now: &Release, out: &mut Vec<Change>) {
    for publisher in &now.publishers {
        // The closest of those who published before, in the least bad way.
        let closest = before
            .publishers
            .iter()
            .map(|known| (known.differs(publisher), known))
            .max_by_key(|(part, _)| part.map_or(u8::MAX, |part| part as u8));
        if let Some((Some(what), known)) = closest {
            out.push(Change::Changed {
                what,
                before: Box::new(known.clone()),
                now: Box::new(publisher.clone()),
                since: since.clone(),
            });
        }
    }
}

/// Publish and build attestations of one file may come from different machines; not from different repositories or
/// workflows.
fn inconsistent(baseline: Option<(&Version, &Release)>, now: &Release) -> Option<Change> {
    let differ = |all: &[Known]| {
        let mut pairs = all
            .iter()
            .enumerate()
            .flat_map(|(at, one)| all.iter().skip(at + 1).map(move |other| (one, other)));
        pairs.any(|(one, other)| one.differs(other).is_some_and(|part| part != Part::Runner))
    };
    differ(&now.publishers).then(|| Change::Inconsistent {
        publishers: now.publishers.clone(),
        knew_better: baseline.is_some_and(|(_, before)| {
            !before.publishers.is_empty() && !differ(&before.publishers)
        }),
    })
}

/// What contradicts the publishers that a lock names (`attestation-identities`): files without attestation, and
/// attestations of others. Nothing is said where the lock names nobody.
pub fn stated<'f>(
    named: &[Publisher],
    files: impl Iterator<Item = (&'f str, Presence, &'f [Attested])>,
) -> Vec<Change> {
    let (mut without, mut out) = (Vec::new(), Vec::new());
    if named.is_empty() {
        return out;
    }
    for (file, presence, attested) in files {
        if presence == Presence::No {
            without.push(file.to_owned());
        }
        let other = attested.iter().find(|attested| {
            let own = |publisher: &Publisher| publisher.agrees(&attested.identity).is_ok();
            !named.iter().any(own)
        });
        if let Some(other) = other {
            out.push(Change::Unnamed {
                file: file.to_owned(),
                named: named.to_vec(),
                now: Box::new(Known::of(other)),
            });
        }
    }
    if !without.is_empty() {
        out.push(Change::Lost {
            files: without,
            before: None,
        });
    }
    out
}
