//! Who published a project before, as attestations say that this gateway verified: a release that ceases to have any, or
//! has those of somebody else, is noticed. The upstream could withhold them all, and nothing that it serves would tell.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use hognose_gateway::judge::{Artifact, Attested, Offer};
use hognose_index::IndexFile;
use hognose_provenance::attestation::Outcome;
use hognose_provenance::judge::Release;
use hognose_provenance::memory::{self, Change, Known, Memory, Presence};
use hognose_types::{ComponentId, Finding, Inventory, PackageName, Places, Version};
use jiff::civil::Date;

use super::engine::Engine;
use super::held::{MAX_HELD, unreadable};
use super::weigh::ruling;

/// The kind of these memories.
const KIND: &str = "published";
/// Longest memory of a project.
const MAX_TEXT: usize = 256 << 10;
/// Releases that are not remembered and whose publisher is asked for before an installer chooses: the newest ones.
const ASKED: usize = 4;
/// How often a memory is written anew that another node changes at the same time.
const TRIES: usize = 4;

impl Engine {
    /// Releases that are not attested as those before, and files whose publisher would tell more.
    pub(super) fn published(
        &self,
        offer: &Offer<'_>,
        inventory: &Inventory,
    ) -> Result<(Vec<Finding>, Vec<String>), String> {
        let (memory, _) = self.publishers_of(offer.name)?;
        if memory.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        // An index that announces attestations for no file at all may keep none: that is no loss.
        let tells = offer.files.iter().any(|f| f.provenance.is_some());
        let mut versions: BTreeMap<&Version, Vec<&IndexFile>> = BTreeMap::new();
        for file in offer.files {
            versions.entry(&file.version).or_default().push(file);
        }
        let mut places = Places::new(inventory);
        let mut findings = Vec::new();
        for (at, (version, files)) in versions.iter().enumerate() {
            let members = [ComponentId(at)];
            let release = Release {
                inventory,
                members: &members,
            };
            let now = self.release(files, tells);
            let changes = memory.compare(offer.name, version, &now);
            let grave = changes.iter().filter(|change| is_grave(change));
            findings.extend(grave.filter_map(|change| release.change(change, &mut places)));
        }
        let unknown = versions.iter().rev().filter(|(version, files)| {
            memory.release(offer.name, version).is_none()
                && !files.iter().all(|f| f.yanked.is_yanked())
        });
        let wanted = unknown.take(ASKED).filter_map(|(_, files)| {
            let known = files.iter().any(|f| self.publishers_by(f).is_some());
            let first = files
                .iter()
                .find(|f| f.provenance.is_some() && f.sha256.is_some());
            first.filter(|_| !known).map(|f| f.filename.clone())
        });
        Ok((findings, wanted.collect()))
    }

    /// What is known of a release as its page shows it.
    fn release(&self, files: &[&IndexFile], tells: bool) -> memory::Release {
        let mut out = memory::Release::default();
        for file in files {
            let publishers = self.publishers_by(file);
            let attested = match (&publishers, &file.provenance) {
                (Some(_), _) => Presence::Yes,
                (None, None) if tells => Presence::No,
                (None, _) => Presence::Unknown,
            };
            let seen = memory::File {
                sha256: file.sha256.clone(),
                uploaded: file.upload_time.clone(),
                attested,
            };
            out.files.insert(file.filename.clone(), seen);
            for publisher in publishers.into_iter().flatten() {
                out.publish(publisher);
            }
        }
        out
    }

    /// Who published a file whose attestations were verified in this run.
    fn publishers_by(&self, file: &IndexFile) -> Option<Vec<Known>> {
        let key = (file.sha256.clone()?, file.filename.clone());
        let known = self
            .publishers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.get(&key).cloned()
    }

    /// Notes who published a file whose attestations hold.
    pub(super) fn note_publishers(&self, artifact: &Artifact<'_>, outcome: &Outcome) -> Vec<Known> {
        let publishers: Vec<Known> = outcome.attested().iter().map(Known::of).collect();
        let key = (artifact.sha256.to_owned(), artifact.file.filename.clone());
        let mut known = self
            .publishers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_HELD {
            known.clear();
        }
        known.insert(key, publishers.clone());
        publishers
    }

    /// What it means that these published a file, beside those who published before. What is as it was, or was let in, is
    /// remembered.
    pub(super) fn compared(
        &self,
        artifact: &Artifact<'_>,
        publishers: Vec<Known>,
        (release, today): (&Release<'_>, Date),
    ) -> Result<Attested, String> {
        let file = artifact.file;
        let mut now = memory::Release::default();
        for publisher in publishers {
            now.publish(publisher);
        }
        let seen = memory::File {
            sha256: Some(artifact.sha256.to_owned()),
            uploaded: file.upload_time.clone(),
            attested: Presence::Yes,
        };
        now.files.insert(file.filename.clone(), seen);
        for _ in 0..TRIES {
            let (mut memory, version) = self.publishers_of(artifact.name)?;
            let mut places = Places::new(release.inventory);
            let changes = memory.compare(artifact.name, &file.version, &now);
            let grave = changes.iter().filter(|change| is_grave(change));
            let found: Vec<Finding> = grave
                .filter_map(|change| release.change(change, &mut places))
                .collect();
            let judged = self.decided(found, today);
            let mut news = false;
            // To remember what stands would be to accept it.
            if judged.iter().all(|one| one.waiver.is_some()) {
                let before = memory.clone();
                memory.learn(artifact.name.clone(), file.version.clone(), now.clone());
                memory.keep(&[(artifact.name.clone(), vec![file.version.clone()])].into());
                news = memory != before;
                if news && !self.write(artifact.name, &memory, version)? {
                    continue;
                }
            }
            return Ok(Attested {
                ruling: ruling(judged.iter()),
                news,
            });
        }
        Err("others change it all the time".to_owned())
    }

    /// What is remembered of a project, and the version of that.
    fn publishers_of(&self, name: &PackageName) -> Result<(Memory, u64), String> {
        let Some(store) = &self.parts.store else {
            return Ok((Memory::default(), 0));
        };
        let now = (self.parts.clock)();
        let kept = match self
            .recollection
            .ask(store.as_ref(), (KIND, name.as_str()), now)
        {
            Ok(kept) => kept,
            // What was known a while ago is better than nothing.
            Err(reason) => {
                let known = self.recollection.publishers(name);
                return known.map(|memory| (memory, 0)).ok_or(reason);
            }
        };
        let Some(kept) = kept else {
            return Ok((Memory::default(), 0));
        };
        let memory = Memory::parse(&kept.value)
            .map_err(|e| format!("what is remembered of {} is no use: {e}", name.as_str()))?;
        self.recollection.keep(name, &memory);
        Ok((memory, kept.version))
    }

    /// Whether it was written; false where another node was faster.
    fn write(&self, name: &PackageName, memory: &Memory, version: u64) -> Result<bool, String> {
        let Some(store) = &self.parts.store else {
            return Ok(true);
        };
        let text = memory.render();
        if text.len() > MAX_TEXT {
            return Ok(true);
        }
        let now = (self.parts.clock)();
        let written = store.remember(KIND, name.as_str(), &text, version, now);
        written.map_err(|e| unreadable(&e))
    }
}

/// What a gateway knows enough for: how a project builds changes with it, and of files only those count that were asked for.
fn is_grave(change: &Change) -> bool {
    match change {
        Change::Lost { .. } => true,
        Change::Changed { what, .. } => !what.is_minor(),
        _ => false,
    }
}
