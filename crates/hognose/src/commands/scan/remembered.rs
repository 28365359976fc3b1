//! What `hognose.lock.toml` beside the project remembers of publishers, against what a scan sees anyway: the hashes of locks,
//! and with `--online` what indexes announce. Signatures are for `hognose verify`.

use std::collections::BTreeSet;
use std::path::Path;

use hognose_advisories::Judgement;
use hognose_identity::Asked;
use hognose_identity::facts::Attested;
use hognose_provenance::judge;
use hognose_provenance::memory::{Extent, File, Memory, Presence, Release};
use hognose_types::{
    ComponentId, ComponentVersion, DigestAlgorithm, Finding, Gap, Inventory, Location, Notice,
    Places, Version, rules,
};

use crate::commands::verify;

/// What is remembered, compared with what is pinned; none where nothing is.
pub(super) fn recall(
    start: &Path,
    inventory: &Inventory,
    evidence: &mut Judgement,
    notices: &mut Vec<Notice>,
) -> Option<Memory> {
    let memory = read(start, evidence)?;
    pins(&memory, inventory, evidence, notices);
    Some(memory)
}

/// A file that cannot be used is a gap: it may know what nobody else does.
fn read(start: &Path, evidence: &mut Judgement) -> Option<Memory> {
    let path = verify::beside(start);
    match verify::load(&path) {
        Ok(memory) => memory,
        Err(failure) => {
            let location = Location::file(path.display().to_string());
            let rule = rules::gap_provenance::ID;
            evidence
                .gaps
                .push(Gap::file(rule, location, failure.line()));
            None
        }
    }
}

/// Adds pins that allow none of the files that are remembered, and says how many releases are remembered as attested.
fn pins(
    memory: &Memory,
    inventory: &Inventory,
    evidence: &mut Judgement,
    notices: &mut Vec<Notice>,
) {
    let mut places = Places::new(inventory);
    let (mut pinned, mut attested) = (0_usize, 0_usize);
    for (at, component) in inventory.components.iter().enumerate() {
        let ComponentVersion::Pinned(version) = &component.version else {
            continue;
        };
        pinned += 1;
        let Some(known) = memory.release(&component.name, version) else {
            continue;
        };
        attested += usize::from(matches!(known.extent(), Extent::Full | Extent::Partial));
        let hashes = component.hashes.iter();
        let sha256 = hashes.filter(|h| h.algorithm() == DigestAlgorithm::Sha256);
        let allowed: BTreeSet<&str> = sha256.map(hognose_types::Digest::hex).collect();
        let files = known.files.iter();
        let mut remembered = files.filter_map(|(name, file)| Some((name, file.sha256.as_deref()?)));
        let Some((name, expected)) = remembered.clone().next() else {
            continue;
        };
        let none = !remembered.any(|(_, hash)| allowed.contains(hash));
        if let Some(found) = allowed.first().filter(|_| none) {
            let members = [ComponentId(at)];
            let release = judge::Release {
                inventory,
                members: &members,
            };
            let what = format!("what is pinned instead of {name}");
            let who = "hognose.lock.toml remembers";
            let finding = release.other_bytes(&what, found, who, expected, &mut places);
            evidence.findings.extend(finding);
        }
    }
    notices.push(Notice {
        location: None,
        message: format!(
            "hognose.lock.toml remembers attestations of {attested} of {pinned} pinned releases: `hognose verify` compares them"
        ),
    });
}

/// What indexes announce of releases, against what is remembered of them.
pub(super) fn announced(memory: &Memory, inventory: &Inventory, asked: &[Asked]) -> Vec<Finding> {
    let mut places = Places::new(inventory);
    let mut out = Vec::new();
    for project in asked {
        for id in &project.members {
            let Some(component) = inventory.component(*id) else {
                continue;
            };
            let ComponentVersion::Pinned(version) = &component.version else {
                continue;
            };
            let members = [*id];
            let release = judge::Release {
                inventory,
                members: &members,
            };
            let now = release_of(project, version);
            for change in memory.compare(&component.name, version, &now) {
                out.extend(release.change(&change, &mut places));
            }
        }
    }
    out
}

/// That attestations are announced proves nothing; that none are is what the index says.
fn release_of(project: &Asked, version: &Version) -> Release {
    let mut out = Release::default();
    let files = project.facts.files.iter();
    for file in files.filter(|f| f.version == *version) {
        let known = File {
            sha256: file.sha256.clone(),
            uploaded: None,
            attested: match file.attested {
                Attested::No => Presence::No,
                _ => Presence::Unknown,
            },
        };
        out.files.insert(file.filename.clone(), known);
    }
    out
}
