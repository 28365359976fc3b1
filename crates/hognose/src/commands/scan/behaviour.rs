//! `scan --inspect`: what the packages of an inventory do. Each pinned release is fetched from its index, inspected
//! without being run, and remembered by digest.

use std::path::{Path, PathBuf};

use hognose_advisories::Judgement;
use hognose_behaviour::Band;
use hognose_index::{Choice, Client, IndexFile, choose};
use hognose_types::{
    ComponentId, Confidence, Finding, Gap, Inventory, Occurrence, Places, Remedy, RuleId, Severity,
    Subject, rules, text,
};

use super::clients::Clients;
use super::origins::Origins;
use super::releases::{self, Release};
use super::verdicts::{Memory, Remembered};
use super::{parallel, together};
use crate::cli::ScanArgs;

use crate::surroundings::Surroundings;

/// What inspecting an inventory takes.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) args: &'a ScanArgs,
    pub(super) cache: &'a Path,
    pub(super) quiet: bool,
    pub(super) surroundings: &'a Surroundings,
}

/// What was found out about one release.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) verdicts: Vec<Remembered>,
    /// What could not be fetched or read.
    missing: Vec<String>,
}

/// Adds what every release does to the evidence, those that `known` lists too left out.
pub(super) fn add(
    evidence: &mut Judgement,
    inventory: &Inventory,
    known: Option<&Inventory>,
    request: &Request<'_>,
) {
    let settings = (&request.args.index, &request.args.input);
    let origins = Origins::new(inventory, settings, request.cache, request.surroundings);
    let found = releases::collect(inventory, &origins, known);
    for (id, place) in &found.elsewhere {
        let message = format!("not inspected: it comes from {place}, not from an index");
        evidence.gaps.extend(gap(inventory, *id, message));
    }
    let all = keep_placed(found.pinned, &origins, request, &mut evidence.gaps);
    if all.is_empty() {
        return;
    }
    let of_place = |place: usize| {
        let here = all.iter().filter(move |r| r.place == place);
        let wanted = here.map(|r| (&r.name, r.source.as_str()));
        let indexes = origins.at(place).ok()?;
        Some(Clients::new(wanted, indexes, request.surroundings))
    };
    let clients: Vec<Option<Clients<'_>>> = (0..origins.len()).map(of_place).collect();
    let memory = Memory::new(request.cache);
    let artifacts = request.cache.join("artifacts");
    let client = |release: &Release| match clients.get(release.place) {
        Some(Some(clients)) => clients.of(&release.name, &release.source),
        _ => Err("it has no index".to_owned()),
    };
    let work = |release: &Release| match client(release) {
        Ok(client) => Worker {
            client,
            memory: &memory,
            artifacts: &artifacts,
        }
        .look_at(release),
        Err(reason) => Seen::missing(reason),
    };
    let mut places = Places::new(inventory);
    let ended = || Seen::missing("the inspection ended early".to_owned());
    let seen: Vec<Seen> = parallel::each(&all, "inspecting releases", request.quiet, &work)
        .into_iter()
        .map(|seen| seen.unwrap_or_else(ended))
        .collect();
    for (release, seen) in all.iter().zip(&seen) {
        take(evidence, inventory, &mut places, release, seen);
    }
    evidence
        .findings
        .extend(together::findings(inventory, &mut places, &all, &seen));
}

/// Drops what has no index to ask, and says why and what to do about it.
fn keep_placed(
    mut all: Vec<Release>,
    origins: &Origins,
    request: &Request<'_>,
    gaps: &mut Vec<Gap>,
) -> Vec<Release> {
    let mut drop = |all: &mut Vec<Release>, place: Option<usize>, reason: &str, hint: &str| {
        let before = all.len();
        all.retain(|r| place.is_some_and(|place| r.place != place));
        let dropped = before - all.len();
        if dropped > 0 {
            let message = format!("{} were not inspected: {reason}", count(dropped));
            gaps.push(general(message, hint));
        }
    };
    if request.args.feeds.offline {
        let hint = "drop `--offline`, or `--inspect`";
        drop(&mut all, None, "the network is not used", hint);
    }
    for place in 0..origins.len() {
        if let Err(reason) = origins.at(place) {
            drop(
                &mut all,
                Some(place),
                reason,
                "name an index with `--index-url`",
            );
        }
    }
    all
}

fn count(releases: usize) -> String {
    match releases {
        1 => "1 release".to_owned(),
        n => format!("{n} releases"),
    }
}

impl Seen {
    fn missing(reason: String) -> Self {
        Self {
            verdicts: Vec::new(),
            missing: vec![reason],
        }
    }
}

/// What a thread needs.
struct Worker<'a> {
    client: &'a Client,
    memory: &'a Memory,
    artifacts: &'a PathBuf,
}

impl Worker<'_> {
    fn look_at(&self, release: &Release) -> Seen {
        let files = match self.client.files(&release.name) {
            Ok(listing) if listing.known_to.is_empty() => {
                return Seen::missing("the index does not know the project".to_owned());
            }
            Ok(listing) => listing.files,
            Err(error) => return Seen::missing(error.to_string()),
        };
        // Where a lock pins the files, only they are what would be installed.
        let allowed = |file: &IndexFile| {
            let stated = file.sha256.as_ref();
            release.hashes.is_empty() || stated.is_none_or(|hash| release.hashes.contains(hash))
        };
        let offered = files.len();
        let files: Vec<IndexFile> = files.into_iter().filter(allowed).collect();
        let choice = Choice::Exactly(release.version.clone());
        let Some(chosen) = choose(&files, &choice) else {
            let reason = if files.len() < offered {
                "the index offers no file of this release with a hash that the lock allows"
            } else {
                "the index has no wheel or sdist of this release"
            };
            return Seen::missing(reason.to_owned());
        };
        let mut seen = Seen::default();
        for file in chosen.files() {
            match self.verdict(release, file) {
                Ok(verdict) => {
                    let unread = verdict
                        .unread
                        .first()
                        .map(|first| (first.clone(), verdict.unread.len()));
                    if let Some((first, parts)) = unread {
                        let file = &file.filename;
                        seen.missing.push(format!(
                            "{parts} parts of {file} were not read; the first: {first}"
                        ));
                    }
                    seen.verdicts.push(verdict);
                }
                Err(reason) => seen.missing.push(format!("{}: {reason}", file.filename)),
            }
        }
        seen
    }

    fn verdict(&self, release: &Release, file: &IndexFile) -> Result<Remembered, String> {
        if let Some(known) = file
            .sha256
            .as_ref()
            .and_then(|hash| self.memory.recall(hash))
        {
            return Ok(known);
        }
        let got = self
            .client
            .download(file, self.artifacts, &mut |_, _| {})
            .map_err(|e| crate::database::chain(&e))?;
        if !release.hashes.is_empty() && !release.hashes.contains(&got.sha256) {
            return Err(format!(
                "it has sha256 {}, which the lock does not allow",
                got.sha256
            ));
        }
        if let Some(known) = self.memory.recall(&got.sha256) {
            return Ok(known);
        }
        let verdict = Remembered::of(&got.path, &got.sha256)?;
        self.memory.keep(&verdict);
        Ok(verdict)
    }
}

/// Turns what was seen of a release into a finding and gaps.
fn take(
    evidence: &mut Judgement,
    inventory: &Inventory,
    places: &mut Places<'_>,
    release: &Release,
    seen: &Seen,
) {
    let Some(first) = release.members.first() else {
        return;
    };
    for reason in &seen.missing {
        let message = format!(
            "not inspected, or only in part: {}",
            text::short(reason, 300)
        );
        evidence.gaps.extend(gap(inventory, *first, message));
    }
    let worst = seen
        .verdicts
        .iter()
        .filter(|v| matches!(v.band(), Band::Suspicious | Band::Malicious))
        .max_by(|a, b| a.score.total_cmp(&b.score));
    let component = inventory.component(*first);
    if let (Some(verdict), Some(component)) = (worst, component) {
        let occurrences = release.members.iter();
        evidence.findings.extend(finding(
            verdict,
            Subject::of(component),
            occurrences.flat_map(|id| places.of(*id)).collect(),
        ));
    }
}

/// The finding on a release. A score rests on rules: one without a rule that has a page does not exist.
pub(in crate::commands) fn finding(
    verdict: &Remembered,
    subject: Subject,
    occurrences: Vec<Occurrence>,
) -> Option<Finding> {
    let mut heaviest = verdict.rules.iter();
    let (rule, title) = heaviest.find_map(|(id, title)| Some((RuleId::find(id)?.id, title)))?;
    let malicious = verdict.band() == Band::Malicious;
    let label = subject.label();
    let place = verdict.place.as_deref().unwrap_or("its metadata");
    let message = format!(
        "{} {title}, {place} in {} (score {:.1} of 100)",
        if malicious {
            "behaves like malware:"
        } else {
            "is suspicious:"
        },
        verdict.file,
        verdict.score,
    );
    let advice = if malicious {
        format!(
            "do not install {label}; where it was installed, treat the machine and every secret on it as compromised"
        )
    } else {
        let name = &subject.name;
        let version = subject.version.as_deref().unwrap_or_default();
        format!(
            "do not install {label} before somebody has read what `hognose inspect {name}=={version}` shows"
        )
    };
    Some(Finding {
        rule,
        severity: if malicious {
            Severity::Critical
        } else {
            Severity::High
        },
        confidence: match (malicious, verdict.score >= 75.0) {
            (true, _) => Confidence::High,
            (false, true) => Confidence::Medium,
            (false, false) => Confidence::Low,
        },
        message: text::line(&message).into_owned(),
        advisory: None,
        occurrences,
        remedy: Remedy {
            text: text::line(&advice).into_owned(),
            version: None,
        },
        subject,
    })
}

fn gap(inventory: &Inventory, id: ComponentId, message: String) -> Option<Gap> {
    let component = inventory.component(id)?;
    let declaration = component.declarations.first();
    Some(Gap {
        rule: rules::gap_unreadable::ID,
        subject: component.label(),
        location: declaration.map(|d| d.location.clone()),
        message,
        hint: None,
        groups: declaration.map(|d| d.groups.clone()).unwrap_or_default(),
    })
}

fn general(message: String, hint: &str) -> Gap {
    Gap {
        rule: rules::gap_unreadable::ID,
        subject: "package index".to_owned(),
        location: None,
        message,
        hint: Some(hint.to_owned()),
        groups: Vec::new(),
    }
}
