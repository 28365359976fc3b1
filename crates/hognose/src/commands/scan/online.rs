//! `scan --online`: what indexes say of the packages of an inventory. Each index is asked about the packages that come
//! from it, through the cache, and about no other; what does not come from an index is asked of nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hognose_advisories::Judgement;
use hognose_identity::facts::{Presence, ProjectFacts};
use hognose_identity::history::Past;
use hognose_identity::{Asked, Circumstances, Sought, Unmended, acquit, judge_online};
use hognose_policy::{Asking, Conditions};
use hognose_provenance::memory::Memory;
use hognose_types::{
    Component, ComponentId, ComponentKind, ComponentVersion, Gap, InputFormat, Inventory, Notice,
    OwnedNames, PackageName, Source, Version, rules, text,
};

use super::answers::{Answer, answers};
use super::history::{History, Kept};
use super::origins::Origins;
use super::{allowed, conditions, remembered, sought, written};
use crate::cli::ScanArgs;

use crate::index_settings;
use crate::project_facts;
use crate::surroundings::Surroundings;

/// What asking about an inventory takes.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) args: &'a ScanArgs,
    pub(super) cache: &'a Path,
    pub(super) quiet: bool,
    /// Youngest release that is no longer new, in seconds.
    pub(super) min_age: i64,
    /// What the policy asks of projects beside the absence of findings.
    pub(super) conditions: &'a Conditions,
    /// The Python that the scan is for.
    pub(super) python: Option<&'a Version>,
    pub(super) popular: &'a [String],
    /// Who may be asked beside indexes.
    pub(super) asking: &'a Asking,
    /// Names of the user's own.
    pub(super) owned: &'a OwnedNames,
    /// What was there before: its versions are not asked about.
    pub(super) known: Option<&'a Inventory>,
    /// What is remembered of publishers.
    pub(super) memory: Option<&'a Memory>,
    /// Names that code and texts lead to.
    pub(super) sought: Vec<Sought>,
    /// Where the project lies.
    pub(super) start: &'a Path,
    pub(super) surroundings: &'a Surroundings,
}

/// A project that is asked about.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) name: PackageName,
    /// The index that a lock names; empty for the user's own.
    pub(super) source: String,
    /// The place of the indexes that are the user's own.
    pub(super) place: usize,
    /// The components that come from it; none for names that only code and texts lead to.
    pub(super) members: Vec<ComponentId>,
    pub(super) pinned: BTreeSet<Version>,
}

/// Adds what indexes say of every project to the evidence.
pub(super) fn add(
    evidence: &mut Judgement,
    notices: &mut Vec<Notice>,
    inventory: &Inventory,
    request: &Request<'_>,
) {
    allowed::forges(evidence, inventory, request);
    let settings = (&request.args.index, &request.args.input);
    let origins = Origins::new(inventory, settings, request.cache, request.surroundings);
    let mut wanted = wanted(inventory, &origins, request.known);
    let led = sought::wanted(&request.sought, notices);
    let all = wanted.len() + led.len();
    if all == 0 {
        return;
    }
    if request.args.feeds.offline {
        let why = "no index was asked about";
        notices.push(notice(format!(
            "{why} {}: `--offline` forbids it",
            count(all)
        )));
        return;
    }
    notices.extend(keep_own(&mut wanted, &origins, request.owned));
    wanted.extend(led);
    keep_placed(&mut wanted, &origins, &mut evidence.gaps);
    if wanted.is_empty() {
        return;
    }
    let answers = answers(&wanted, &origins, request);
    let names: Vec<_> = wanted.iter().map(|w| w.name.as_str().to_owned()).collect();
    let mut history = History::new(request.cache, names.into_iter());
    let (mut asked, mut told) = (Vec::new(), BTreeMap::new());
    for (project, answer) in wanted.into_iter().zip(answers) {
        if project.members.is_empty() {
            told.insert(project.name, answer.facts);
            continue;
        }
        evidence.gaps.extend(gaps(inventory, &project, &answer));
        let past = remember(&mut history, &project, &answer.facts, request);
        asked.push(Asked {
            members: project.members,
            facts: answer.facts,
            past: past.unwrap_or_else(|told| {
                notices.push(notice(told));
                None
            }),
        });
    }
    if let Err(error) = history.save() {
        notices.push(notice(format!("{NOT_KEPT}: {error}")));
    }
    for place in 0..origins.len() {
        if let Ok(indexes) = origins.at(place) {
            index_settings::prune(&indexes.asking, request.surroundings);
            break;
        }
    }
    conclude(evidence, notices, inventory, &asked, told, request);
}

/// Judges what was answered.
fn conclude(
    evidence: &mut Judgement,
    notices: &mut Vec<Notice>,
    inventory: &Inventory,
    asked: &[Asked],
    told: BTreeMap<PackageName, ProjectFacts>,
    request: &Request<'_>,
) {
    allowed::addresses(evidence, notices, inventory, asked, request);
    allowed::holders(evidence, notices, inventory, asked, request);
    let mut circumstances = circumstances(evidence, request);
    circumstances.written = written::dates(inventory, asked, &told, request);
    if let Some(memory) = request.memory {
        let changed = remembered::announced(memory, inventory, asked);
        evidence.findings.extend(changed);
    }
    let found = judge_online(inventory, asked, &circumstances);
    evidence.findings.extend(found.findings);
    let acquitted = acquit(&mut evidence.findings, asked, request.surroundings.now);
    if acquitted > 0 {
        notices.push(notice(format!(
            "{} that look like another are not reported: years of releases, an owner or a publisher speak for them",
            count(acquitted)
        )));
    }
    let unmet = conditions::unmet(inventory, asked, request);
    evidence.findings.extend(unmet);
    notices.extend(found.notices);
    notices.dedup();
    sought::judge(evidence, inventory, told, &circumstances, &request.sought);
}

fn no_index(projects: usize, reason: &str) -> Gap {
    Gap {
        rule: rules::gap_index::ID,
        subject: "package index".to_owned(),
        location: None,
        message: format!("no index was asked about {}: {reason}", count(projects)),
        hint: Some("name an index with `--index-url`".to_owned()),
        groups: Vec::new(),
    }
}

fn circumstances<'a>(evidence: &Judgement, request: &'a Request<'_>) -> Circumstances<'a> {
    let mut unmended: BTreeMap<(String, String), Vec<Unmended>> = BTreeMap::new();
    for finding in &evidence.findings {
        let (Some(advisory), Some(version)) = (&finding.advisory, &finding.subject.version) else {
            continue;
        };
        if advisory.malicious || advisory.fixed_in.is_some() {
            continue;
        }
        let dates = advisory
            .records
            .iter()
            .filter_map(|r| r.published.as_deref());
        if let Some(disclosed) = dates.filter_map(project_facts::seconds).min() {
            let key = (finding.subject.name.clone(), version.clone());
            unmended.entry(key).or_default().push(Unmended {
                id: advisory.id.clone(),
                disclosed,
            });
        }
    }
    Circumstances {
        now: request.surroundings.now,
        min_age: request.min_age,
        python: request.python,
        popular: request.popular.iter().map(String::as_str).collect(),
        unmended,
        written: BTreeMap::new(),
    }
}

pub(super) fn count(projects: usize) -> String {
    match projects {
        1 => "1 project".to_owned(),
        n => format!("{n} projects"),
    }
}

pub(super) fn notice(message: String) -> Notice {
    Notice {
        location: None,
        message,
    }
}

/// The projects to ask about: distributions that come from an index, pinned or not. Files, links, repositories, paths
/// and the projects scanned themselves are nobody's business.
fn wanted(inventory: &Inventory, origins: &Origins, known: Option<&Inventory>) -> Vec<Wanted> {
    let key = |c: &Component| (c.name.clone(), c.version.as_str().map(str::to_owned));
    let old: BTreeSet<_> = known
        .into_iter()
        .flat_map(|i| i.components.iter().map(key))
        .collect();
    let all = || inventory.components.iter();
    let own: BTreeSet<&PackageName> = all()
        .filter(|c| c.kind == ComponentKind::Project)
        .map(|c| &c.name)
        .collect();
    let mut groups: BTreeMap<(PackageName, String, usize), Wanted> = BTreeMap::new();
    for (at, component) in all().enumerate() {
        let input = inventory.input(component.input).map(|input| input.format);
        let is_file = matches!(input, Some(InputFormat::Wheel | InputFormat::Sdist));
        if component.kind != ComponentKind::Distribution
            || is_file
            || own.contains(&component.name)
            || old.contains(&key(component))
        {
            continue;
        }
        let source = match &component.source {
            Source::Default => String::new(),
            Source::Index { url } => url.expose().to_owned(),
            Source::Url { .. } | Source::Vcs { .. } | Source::Path { .. } => continue,
        };
        // Where a lock names the index, only credentials depend on the place.
        let place = origins.of(inventory, ComponentId(at));
        let group = (component.name.clone(), source.clone(), place);
        let project = groups.entry(group).or_insert_with(|| Wanted {
            name: component.name.clone(),
            source,
            place,
            members: Vec::new(),
            pinned: BTreeSet::new(),
        });
        project.members.push(ComponentId(at));
        if let ComponentVersion::Pinned(version) = &component.version {
            project.pinned.insert(version.clone());
        }
    }
    groups.into_values().collect()
}

/// Drops names of the user's own that nothing binds to an index: no public index learns them from us.
fn keep_own(wanted: &mut Vec<Wanted>, origins: &Origins, owned: &OwnedNames) -> Option<Notice> {
    let all = wanted.len();
    let is_bound = |w: &Wanted| {
        let indexes = origins.at(w.place);
        indexes.is_ok_and(|i| i.settings.bound(&w.name).is_some())
    };
    let is_told = |w: &Wanted| !owned.owns(&w.name) || !w.source.is_empty() || is_bound(w);
    wanted.retain(is_told);
    let kept = all - wanted.len();
    (kept > 0).then(|| {
        notice(format!(
            "no index was asked about {} of your own: none is bound to them",
            count(kept)
        ))
    })
}

/// Drops what has no index, and says so.
fn keep_placed(wanted: &mut Vec<Wanted>, origins: &Origins, gaps: &mut Vec<Gap>) {
    for place in 0..origins.len() {
        let Err(reason) = origins.at(place) else {
            continue;
        };
        let all = wanted.len();
        wanted.retain(|w| w.place != place);
        let dropped = all - wanted.len();
        if dropped > 0 {
            gaps.push(no_index(dropped, reason));
        }
    }
}

fn gaps(inventory: &Inventory, project: &Wanted, answer: &Answer) -> Option<Gap> {
    let component = inventory.component(*project.members.first()?)?;
    let message = match (&answer.facts.presence, answer.missing.first()) {
        (Presence::Unknown(reason), _) => {
            format!("the index could not be asked: {}", text::short(reason, 300))
        }
        (_, Some(reason)) => format!(
            "the index did not answer everything: {}",
            text::short(reason, 300)
        ),
        (_, None) => return None,
    };
    let declaration = component.declarations.first();
    Some(Gap {
        rule: rules::gap_index::ID,
        subject: component.label(),
        location: declaration.map(|d| d.location.clone()),
        message,
        hint: None,
        groups: declaration.map(|d| d.groups.clone()).unwrap_or_default(),
    })
}

/// What is said when looks of this run are lost.
const NOT_KEPT: &str = "what indexes said is not kept for the next run";

/// What was seen of a project before this look, and this look kept; else why the past cannot be used.
fn remember(
    history: &mut History,
    project: &Wanted,
    facts: &ProjectFacts,
    request: &Request<'_>,
) -> Result<Option<Past>, String> {
    if matches!(facts.presence, Presence::Unknown(_)) {
        return Ok(None);
    }
    let past = match history.recall(&facts.index, project.name.as_str()) {
        Kept::Nothing => None,
        Kept::Past(past) => Some(*past),
        Kept::Newer => {
            return Err(
                "what indexes said before is not compared: a newer version of the program keeps it"
                    .to_owned(),
            );
        }
    };
    let pinned: BTreeSet<&Version> = project.pinned.iter().collect();
    if let Some(next) = Past::noted(past.as_ref(), facts, &pinned, request.surroundings.now) {
        history
            .keep(&next)
            .map_err(|e| format!("{NOT_KEPT}: {e}"))?;
    }
    Ok(past)
}
