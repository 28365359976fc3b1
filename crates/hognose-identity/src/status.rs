//! What an index says of a project's state: withdrawn, withheld, archived, deprecated, gone.

use hognose_types::{Confidence, Severity, rules::online as rule};

use crate::evidence::{Pin, Said, count};
use crate::facts::{Release, Standing};

/// Everything about the state of a project that is there.
pub(crate) fn check(pin: &Pin<'_>, releases: &[Release<'_>]) -> Vec<Said> {
    let mut out: Vec<Said> = standing(pin).into_iter().collect();
    // An index that withholds the files has no releases: they are not gone.
    if pin.facts().standing.as_ref().map(|(s, _)| *s) == Some(Standing::Quarantined) {
        return out;
    }
    let Some(version) = pin.version else {
        return out;
    };
    match releases.iter().find(|r| r.version == version) {
        Some(release) => {
            out.extend(yanked(pin, release, releases));
            out.extend(vanished(pin, release));
        }
        None => out.extend(gone(pin)),
    }
    out
}

fn because(reason: Option<&str>) -> String {
    reason
        .map(|r| format!(": {}", hognose_types::text::short(r, 200)))
        .unwrap_or_default()
}

fn standing(pin: &Pin<'_>) -> Option<Said> {
    let name = pin.name();
    let inactive = || {
        let classifiers = &pin.facts().details.as_ref()?.classifiers;
        classifiers
            .iter()
            .any(|c| c == "Development Status :: 7 - Inactive")
            .then(|| {
                Said::new(
                    rule::DEPRECATED,
                    Severity::Low,
                    "its newest release calls itself inactive",
                    format!("look for what replaces {name}"),
                )
            })
    };
    let Some((standing, reason)) = &pin.facts().standing else {
        return inactive();
    };
    let reason = because(reason.as_deref());
    match standing {
        Standing::Active => inactive(),
        Standing::Archived => Some(Said::new(
            rule::ARCHIVED,
            Severity::Low,
            format!("the project is archived{reason}"),
            format!("plan to replace {name}: nothing that is found in it is mended any more"),
        )),
        Standing::Deprecated => Some(Said::new(
            rule::DEPRECATED,
            Severity::Low,
            format!("the project is deprecated{reason}"),
            format!("move from {name} to what its owners name"),
        )),
        Standing::Quarantined => Some(Said::new(
            rule::QUARANTINED,
            Severity::High,
            format!(
                "the index withholds the project, as it does with what was reported as malware{reason}"
            ),
            format!("do not install {name}; where it is installed, find out what was"),
        )),
    }
}

fn yanked(pin: &Pin<'_>, release: &Release<'_>, releases: &[Release<'_>]) -> Option<Said> {
    let mut allowed = release
        .files
        .iter()
        .filter(|f| pin.allows(f.sha256.as_deref()))
        .peekable();
    allowed.peek()?;
    if !allowed.all(|f| f.yanked) {
        return None;
    }
    let reason = release.files.iter().find_map(|f| f.reason.as_deref());
    let usable = |r: &&Release<'_>| !r.yanked && !r.version.is_prerelease();
    let mut above = releases.iter().filter(usable);
    // The smallest step that leaves the withdrawn release.
    let next = above.find(|r| r.version > release.version);
    let next = next.or_else(|| releases.iter().rev().find(usable));
    Some(Said {
        version: next.map(|r| r.version.clone()),
        ..Said::new(
            rule::YANKED,
            Severity::Medium,
            format!("the release was withdrawn{}", because(reason)),
            match next {
                Some(r) => format!("move to {}", r.version),
                None => "no release is left that was not withdrawn: replace the project".to_owned(),
            },
        )
    })
}

fn gone(pin: &Pin<'_>) -> Option<Said> {
    let version = pin.version?;
    // Local versions come from indexes of their own or were built here.
    if version.without_local().is_some() {
        return None;
    }
    let facts = pin.facts();
    // What the page lists in other forms may be the release.
    let confidence = match facts.others {
        0 => Confidence::High,
        _ => Confidence::Low,
    };
    let left = facts.releases().len();
    let said = Said::new(
        rule::GONE,
        Severity::Medium,
        format!(
            "the index has no file of {version} ({} of other versions)",
            count(left, "release")
        ),
        "find out why it was removed, and lock a release that is there",
    );
    Some(said.sure(confidence))
}

/// Files that a lock allows and the index no longer has.
fn vanished(pin: &Pin<'_>, release: &Release<'_>) -> Option<Said> {
    let announced: Vec<&str> = release
        .files
        .iter()
        .filter_map(|f| f.sha256.as_deref())
        .collect();
    // One file without a digest could be the one that is missed.
    if pin.hashes.is_empty() || announced.len() < release.files.len() {
        return None;
    }
    let left = pin.hashes.iter().filter(|h| announced.contains(h)).count();
    let missing = pin.hashes.len() - left;
    // Locks pin eggs and installers too, which are not told by version here.
    if missing == 0 || (left > 0 && pin.facts().others > 0) {
        return None;
    }
    let (severity, message) = if left == 0 {
        (
            Severity::High,
            "none of the files that the lock allows is on the index, which has others of the same version".to_owned(),
        )
    } else {
        (
            Severity::Medium,
            format!(
                "the index no longer has all files that the lock allows: {missing} of {} are gone",
                pin.hashes.len()
            ),
        )
    };
    let advice = "do not lock again without knowing why: compare with a copy of the files, and ask who removed them";
    let sure = if left == 0 && pin.facts().others == 0 {
        Confidence::High
    } else {
        Confidence::Medium
    };
    Some(Said::new(rule::GONE, severity, message, advice).sure(sure))
}
