//! What an index said before, and what changed since.
//!
//! A [`Past`] is small: who may upload and how it is published, each time that changed, and the digests of the files
//! of pinned releases. What was seen first stays: a replaced file does not become the known one by being seen again.

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{Confidence, Severity, Version, rules::online as rule};
use serde::{Deserialize, Serialize};

use crate::evidence::{Pin, Said, span};
use crate::facts::{Attested, DAY, Presence, ProjectFacts, Release};

/// The version of the stored form. Fields may be added under one number; a change of meaning takes another.
pub const FORMAT: u32 = 1;
/// Most looks that are kept: the first one, and the last ones that brought something new.
const LOOKS: usize = 16;
/// Most files that are kept of a project.
const FILES: usize = 4_000;
/// Most accounts or domains that are kept of a look.
const PEOPLE: usize = 200;
/// How long a change is news.
const NEWS: i64 = 90 * DAY;
/// Releases with attestations from which on they are expected.
const HABIT: usize = 3;

/// What was seen of one project on one index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// [`FORMAT`].
    pub format: u32,
    /// The project.
    pub name: String,
    /// The index, without credentials.
    pub index: String,
    /// What it said, oldest first; equal ones once.
    #[serde(default)]
    pub looks: Vec<Look>,
    /// Files of pinned releases by name.
    #[serde(default)]
    pub files: BTreeMap<String, Seen>,
}

/// What an index said on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Unix seconds.
    #[serde(default)]
    pub at: i64,
    /// Whether the project was there.
    #[serde(default)]
    pub present: bool,
    /// Accounts that could upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owners: Option<BTreeSet<String>>,
    /// The organisation that owned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Domains of the addresses in its metadata.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub mail_domains: BTreeSet<String>,
    /// The repository that its attestations named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// When its oldest file was uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_upload: Option<i64>,
}

/// A file of a pinned release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The release, as written.
    pub version: String,
    /// sha256 in lower-case hexadecimal, as announced first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// When it was seen first, Unix seconds.
    #[serde(default)]
    pub at: i64,
}

impl Look {
    fn of(facts: &ProjectFacts, now: i64) -> Option<Self> {
        let present = match facts.presence {
            Presence::Present => true,
            Presence::Absent => false,
            Presence::Unknown(_) => return None,
        };
        let few = |all: &BTreeSet<String>| all.iter().take(PEOPLE).cloned().collect();
        let details = facts.details.as_ref();
        Some(Self {
            at: now,
            present,
            owners: facts.owners().map(few),
            organization: details.and_then(|d| d.organization.clone()),
            mail_domains: details.map(|d| few(&d.mail_domains)).unwrap_or_default(),
            publisher: facts.publisher.as_ref().map(|p| p.as_str().to_owned()),
            first_upload: facts.first_upload(),
        })
    }

    fn says_the_same(&self, other: &Self) -> bool {
        let undated = |look: &Self| Self {
            at: 0,
            ..look.clone()
        };
        undated(self) == undated(other)
    }
}

impl Past {
    /// What is to be kept after a look; none when nothing is new, or nothing is known.
    pub fn noted(
        before: Option<&Self>,
        facts: &ProjectFacts,
        pinned: &BTreeSet<&Version>,
        now: i64,
    ) -> Option<Self> {
        let look = Look::of(facts, now)?;
        let mut past = before.cloned().unwrap_or_else(|| Self {
            format: FORMAT,
            name: facts.name.to_string(),
            index: facts.index.clone(),
            looks: Vec::new(),
            files: BTreeMap::new(),
        });
        let mut is_new = false;
        if !past.looks.last().is_some_and(|l| l.says_the_same(&look)) {
            past.looks.push(look);
            if past.looks.len() > LOOKS {
                past.looks.remove(1);
            }
            is_new = true;
        }
        for file in facts.files.iter().filter(|f| pinned.contains(&f.version)) {
            if past.files.len() >= FILES || past.files.contains_key(&file.filename) {
                continue;
            }
            let seen = Seen {
                version: file.version.to_string(),
                sha256: file.sha256.clone(),
                at: now,
            };
            past.files.insert(file.filename.clone(), seen);
            is_new = true;
        }
        is_new.then_some(past)
    }

    /// The last look that differs, and when what holds now was seen first; while that is news.
    fn changed(&self, now: i64, differs: impl Fn(&Look) -> bool) -> Option<(&Look, i64)> {
        let at = self.looks.iter().rposition(differs)?;
        let since = self.looks.get(at + 1).map_or(now, |next| next.at);
        (now.saturating_sub(since) < NEWS).then_some((self.looks.get(at)?, since))
    }
}

/// What changed since it was seen before, and that attestations ceased, which one look alone shows.
pub(crate) fn check(pin: &Pin<'_>, releases: &[Release<'_>], now: i64) -> Vec<Said> {
    let mut out: Vec<Said> = ceased(pin, releases).into_iter().collect();
    let Some(past) = &pin.asked.past else {
        return out;
    };
    let facts = pin.facts();
    // Another project has other owners and other files: that is said once.
    if let Some(said) = revived(past, facts, now) {
        out.push(said);
        return out;
    }
    out.extend(owners(past, facts, now));
    out.extend(publisher(past, facts, now));
    out.extend(domains(past, facts, now));
    out.extend(replaced(pin, past, now));
    out
}

fn ago(now: i64, then: i64) -> String {
    format!("{} ago", span(now.saturating_sub(then)))
}

fn revived(past: &Past, facts: &ProjectFacts, now: i64) -> Option<Said> {
    let advice = format!(
        "treat {0} as a project you have never seen: `hognose show {0}` and `hognose inspect {0}`",
        facts.name
    );
    if let Some((look, _)) = past.changed(now, |look| !look.present) {
        let message = format!(
            "the name was on no index {}, and somebody has registered it since",
            ago(now, look.at)
        );
        return Some(Said::new(rule::REVIVED, Severity::High, message, advice));
    }
    let first = facts.first_upload()?;
    let before = |look: &Look| look.first_upload.is_some_and(|t| t + DAY < first);
    let (look, _) = past.changed(now, before)?;
    // What was seen since then belongs to the new project.
    let seen = |name: &str| past.files.get(name).is_some_and(|s| s.at <= look.at);
    let is_left = facts.files.iter().any(|f| seen(&f.filename));
    (!is_left).then(|| {
        let message = format!(
            "its oldest file was uploaded {}, and {} there was an older one: all releases from then are gone",
            ago(now, first),
            ago(now, look.at)
        );
        Said::new(rule::REVIVED, Severity::High, message, advice)
    })
}

fn owners(past: &Past, facts: &ProjectFacts, now: i64) -> Option<Said> {
    let owners = facts.owners().filter(|o| !o.is_empty())?;
    let organization = facts.details.as_ref().and_then(|d| d.organization.as_ref());
    let others = |look: &Look| {
        let same_house = organization.is_some() && look.organization.as_ref() == organization;
        let then = look.owners.as_ref().filter(|o| !o.is_empty());
        !same_house && then.is_some_and(|then| then.is_disjoint(owners))
    };
    let (look, _) = past.changed(now, others)?;
    let list = |names: &BTreeSet<String>| {
        let names: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
        hognose_types::text::short(&names.join(", "), 120)
    };
    let then = look.owners.as_ref().map(list).unwrap_or_default();
    Some(
        Said::new(
            rule::TAKEOVER,
            Severity::High,
            format!(
                "none of the accounts that could upload {} is left: {then} then, {} now",
                ago(now, look.at),
                list(owners)
            ),
            "find out whether the project was handed over; until then stay on the release before",
        )
        .sure(Confidence::Medium),
    )
}

fn publisher(past: &Past, facts: &ProjectFacts, now: i64) -> Option<Said> {
    let publisher = facts.publisher.as_ref()?.as_str();
    let others = |look: &Look| look.publisher.as_deref().is_some_and(|p| p != publisher);
    let (look, _) = past.changed(now, others)?;
    let then = look.publisher.as_deref().unwrap_or_default();
    let message = format!(
        "its attestations named {then} as publisher {}, and name {publisher} now",
        ago(now, look.at)
    );
    let advice = "find out whether the repository moved; until then stay on the release before";
    Some(Said::new(rule::TAKEOVER, Severity::Medium, message, advice).sure(Confidence::Medium))
}

fn domains(past: &Past, facts: &ProjectFacts, now: i64) -> Option<Said> {
    let domains = &facts.details.as_ref()?.mail_domains;
    let others =
        |look: &Look| !look.mail_domains.is_empty() && look.mail_domains.is_disjoint(domains);
    let (look, _) = past.changed(now, others).filter(|_| !domains.is_empty())?;
    let one = |all: &BTreeSet<String>| all.first().cloned().unwrap_or_default();
    let message = format!(
        "the addresses of its people are of other domains than {}: {} then, {} now",
        ago(now, look.at),
        one(&look.mail_domains),
        one(domains)
    );
    let advice = "look whether the same people stand behind the project";
    // People change their address more often than they are robbed of it.
    Some(Said::new(rule::TAKEOVER, Severity::None, message, advice).sure(Confidence::Low))
}

fn replaced(pin: &Pin<'_>, past: &Past, now: i64) -> Option<Said> {
    let version = pin.version?;
    let is_of_pin = |seen: &Seen| Version::new(&seen.version).is_ok_and(|v| v == *version);
    let known: BTreeMap<&str, &Seen> = past
        .files
        .iter()
        .filter(|(_, seen)| is_of_pin(seen))
        .map(|(name, seen)| (name.as_str(), seen))
        .collect();
    let files = pin.facts().files.iter().filter(|f| f.version == *version);
    let files: Vec<_> = files.collect();
    let advice =
        "do not install it: compare the digests with your lock, and ask whoever runs the index";
    let said = |message| Some(Said::new(rule::REPLACED, Severity::High, message, advice));
    for file in &files {
        let Some(seen) = known.get(file.filename.as_str()) else {
            continue;
        };
        let (Some(then), Some(here)) = (&seen.sha256, &file.sha256) else {
            continue;
        };
        if then != here {
            return said(format!(
                "{} is another file than {}: sha256 {} then, {} now",
                file.filename,
                ago(now, seen.at),
                then.get(..16).unwrap_or(then),
                here.get(..16).unwrap_or(here)
            ));
        }
    }
    // Those of the first look: what replaced them is seen too, from the second on.
    let first = known.values().map(|seen| seen.at).min()?;
    let is_first = |name: &str| known.get(name).is_some_and(|seen| seen.at == first);
    if files.is_empty() || files.iter().any(|f| is_first(&f.filename)) {
        return None;
    }
    said(format!(
        "all files that {version} had {} are gone, and others stand in their place",
        ago(now, first)
    ))
}

/// Releases before the pinned one were attested, and the pinned one is not.
fn ceased(pin: &Pin<'_>, releases: &[Release<'_>]) -> Option<Said> {
    let at = releases
        .iter()
        .position(|r| Some(r.version) == pin.version)?;
    let all = |release: &Release<'_>, wanted: Attested| {
        release.files.iter().all(|f| f.attested == wanted)
    };
    let before = releases.get(at.checked_sub(HABIT)?..at)?;
    let release = releases.get(at).filter(|r| all(r, Attested::No))?;
    if !before.iter().all(|r| all(r, Attested::Yes)) {
        return None;
    }
    let last = before.last()?.version;
    let message = format!(
        "{} has no attestation, and the {HABIT} releases before it have one for every file",
        release.version
    );
    let said = Said::new(
        rule::TAKEOVER,
        Severity::Medium,
        message,
        format!("stay on {last} until it is known why it was published past the usual workflow"),
    );
    Some(said.sure(Confidence::Medium))
}
