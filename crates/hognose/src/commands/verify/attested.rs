//! What was found out about the files of one release.

use hognose_advisories::Judgement;
use hognose_index::IndexFile;
use hognose_policy::Policy;
use hognose_provenance::attestation::Outcome;
use hognose_provenance::judge;
use hognose_provenance::memory::{self, Known, Presence};
use hognose_report::FileRebuild;
use hognose_types::{Inventory, Places, rules::provenance as rule};

use super::releases::Release;

/// A release and what was found out about it.
#[derive(Debug)]
pub(super) struct Looked<'r> {
    pub(super) release: &'r Release,
    pub(super) inventory: &'r Inventory,
    /// Files that may be installed, or lie on disk.
    pub(super) files: Vec<Seen>,
    /// Further files of the release that the index has: not verified, but remembered.
    pub(super) others: Vec<(String, memory::File)>,
    /// Why nothing could be asked about it.
    pub(super) failed: Option<String>,
}

/// One file.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) file: String,
    /// What was measured, else what is announced.
    pub(super) sha256: Option<String>,
    pub(super) uploaded: Option<String>,
    pub(super) origin: Origin,
    /// Who says that it must have other bytes, and which.
    pub(super) other_bytes: Option<(String, String)>,
    /// What an index has under this name, while its attestations are yet to be fetched.
    pub(super) announced: Option<Box<IndexFile>>,
    /// Who built it again, and what came of that.
    pub(super) rebuilds: Vec<FileRebuild>,
}

/// What its attestations say.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// Verified, with whatever came of it.
    Judged(Outcome),
    /// None, and the index says so.
    Unattested,
    /// The index says nothing.
    Untold,
    /// Nobody was asked, or nobody answered.
    Unknown(String),
    /// Nothing was to be asked: only its bytes count.
    Pinned,
}

impl Seen {
    /// For memory: what does not hold is not known, and never a loss.
    pub(super) fn presence(&self) -> Presence {
        match &self.origin {
            Origin::Judged(outcome) if outcome.is_verified() => Presence::Yes,
            Origin::Unattested => Presence::No,
            _ => Presence::Unknown,
        }
    }
}

impl Looked<'_> {
    /// The release, for findings and gaps about it.
    pub(super) fn release(&self) -> judge::Release<'_> {
        judge::Release {
            inventory: self.inventory,
            members: &self.release.members,
        }
    }

    /// Nothing can be asked about it. Files on disk that something pins are compared with that all the same.
    pub(super) fn fail(&mut self, reason: &str) {
        self.failed = Some(reason.to_owned());
        for seen in &mut self.files {
            if matches!(seen.origin, Origin::Pinned) && self.release.pinned.is_empty() {
                seen.origin = Origin::Unknown(reason.to_owned());
            }
        }
    }

    /// Findings and gaps of the release by itself.
    pub(super) fn judge(&self, places: &mut Places<'_>, policy: &Policy, evidence: &mut Judgement) {
        let release = self.release();
        for seen in &self.files {
            if let (Some((who, expected)), Some(found)) = (&seen.other_bytes, &seen.sha256) {
                let finding = release.other_bytes(&seen.file, found, who, expected, places);
                evidence.findings.extend(finding);
                // Attestations of other bytes say nothing more about these.
                continue;
            }
            match &seen.origin {
                Origin::Judged(outcome) => {
                    let (finding, gap) = release.outcome(&seen.file, outcome, places);
                    evidence.findings.extend(finding);
                    evidence.gaps.extend(gap);
                }
                Origin::Unknown(reason) if self.failed.is_none() => {
                    let message = format!("{}: {reason}", seen.file);
                    evidence.gaps.extend(release.gap(message, None));
                }
                _ => {}
            }
        }
        // Most packages have none: it is a number in the summary, unless somebody asks for more.
        let is_asked = policy.rules.contains_key(&rule::UNATTESTED);
        let mut origins = self.files.iter().map(|seen| &seen.origin);
        let none = !self.files.is_empty() && origins.all(|o| matches!(o, Origin::Unattested));
        if is_asked && none {
            evidence.findings.extend(release.unattested(places));
        }
    }

    /// The release as it is remembered.
    pub(super) fn remembered(&self) -> memory::Release {
        let mut out = memory::Release::default();
        for seen in &self.files {
            let file = memory::File {
                sha256: seen.sha256.clone(),
                uploaded: seen.uploaded.clone(),
                attested: seen.presence(),
            };
            out.files.insert(seen.file.clone(), file);
            if let (Presence::Yes, Origin::Judged(outcome)) = (seen.presence(), &seen.origin) {
                for attested in outcome.attested() {
                    out.publish(Known::of(attested));
                }
            }
        }
        for (name, file) in &self.others {
            let file = file.clone();
            out.files.entry(name.clone()).or_insert(file);
        }
        out
    }
}
