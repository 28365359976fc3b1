//! `scan --online`: what indexes say of the packages of an inventory. Each index is asked about the packages that come
//! from it, through the cache, and about no other; what does not come from an index is asked of nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hognose_advisories::Judgement;
use hognose_identity::facts::{Presence, ProjectFacts, Repository};
use hognose_identity::history::Past;
use hognose_identity::{Asked, Circumstances, Sought, Unmended, acquit, judge_online};
use hognose_index::{Client, IndexError, IndexUrl, ProjectPage};
use hognose_policy::{Asking, Conditions};
use hognose_provenance::memory::Memory;
use hognose_types::{
    Component, ComponentId, ComponentKind, ComponentVersion, Gap, InputFormat, Inventory, Notice,
    OwnedNames, PackageName, Source, Version, rules, text,
};

use super::clients::Clients;
use super::history::{History, Kept};
use super::{allowed, conditions, parallel, remembered, sought, written};
use crate::cli::ScanArgs;
use crate::error::Failure;
use crate::index_settings::{self, Indexes};
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
    /// The components that come from it; none for names that only code and texts lead to.
    pub(super) members: Vec<ComponentId>,
    pub(super) pinned: BTreeSet<Version>,
}

/// What asking brought.
#[derive(Debug)]
struct Answer {
    facts: ProjectFacts,
    /// What was not answered beside the page.
    missing: Vec<String>,
}

/// Adds what indexes say of every project to the evidence.
pub(super) fn add(
    evidence: &mut Judgement,
    notices: &mut Vec<Notice>,
    inventory: &Inventory,
    request: &Request<'_>,
) {
    allowed::forges(evidence, inventory, request);
    let mut wanted = wanted(inventory, request.known);
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
    let indexes = match indexes(request, inventory) {
        Ok(indexes) => indexes,
        Err(reason) => {
            evidence.gaps.push(no_index(all, &reason));
            return;
        }
    };
    notices.extend(keep_own(&mut wanted, &indexes, request.owned));
    wanted.extend(led);
    let answers = answers(&wanted, &indexes, request);
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
    index_settings::prune(&indexes.asking, request.surroundings);
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

fn indexes(request: &Request<'_>, inventory: &Inventory) -> Result<Indexes, String> {
    let python = request.args.input.python.as_deref();
    // A project that is not trusted to configure a scan does not choose who learns its packages' names either.
    let trusted = !request.args.input.no_config;
    // What a script or requirements files say holds for nothing else.
    let inputs = inventory.inputs.as_slice();
    let own = match inputs {
        [one] => matches!(one.format, InputFormat::Script | InputFormat::Requirements),
        all => all.iter().all(|i| i.format == InputFormat::Requirements),
    };
    let paths = inputs.iter().filter(|_| own).map(|i| i.path.clone().into());
    let (args, paths) = (&request.args.index, paths.collect::<Vec<_>>());
    let found = index_settings::find_for(args, python, trusted, &paths, request.surroundings);
    let mut indexes = found.map_err(|e| Failure::line(&e))?;
    indexes.asking.cache = Some(request.cache.to_owned());
    Ok(indexes)
}

/// The projects to ask about: distributions that come from an index, pinned or not. Files, links, repositories, paths
/// and the projects scanned themselves are nobody's business.
fn wanted(inventory: &Inventory, known: Option<&Inventory>) -> Vec<Wanted> {
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
    let mut groups: BTreeMap<(PackageName, String), Wanted> = BTreeMap::new();
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
        let group = (component.name.clone(), source.clone());
        let project = groups.entry(group).or_insert_with(|| Wanted {
            name: component.name.clone(),
            source,
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
fn keep_own(wanted: &mut Vec<Wanted>, indexes: &Indexes, owned: &OwnedNames) -> Option<Notice> {
    let all = wanted.len();
    let is_told = |w: &Wanted| {
        !owned.owns(&w.name) || !w.source.is_empty() || indexes.settings.bound(&w.name).is_some()
    };
    wanted.retain(is_told);
    let kept = all - wanted.len();
    (kept > 0).then(|| {
        notice(format!(
            "no index was asked about {} of your own: none is bound to them",
            count(kept)
        ))
    })
}

/// What is known of an index before all of it is asked.
#[derive(Clone, Debug, Default)]
struct Manner {
    /// It has no project pages in JSON: they are not asked for once for every name.
    plain: bool,
    /// It answers nobody, and why: it is not waited for once for every name.
    silent: Option<String>,
}

/// Projects that are asked about one after the other to learn the manner of an index.
const PROBES: usize = 2;

/// Asks about everything. The first projects of each place show what its index has; which those are does not depend on
/// the order in which answers come, so that two runs say the same.
fn answers(wanted: &[Wanted], indexes: &Indexes, request: &Request<'_>) -> Vec<Answer> {
    let pairs = wanted.iter().map(|w| (&w.name, w.source.as_str()));
    let clients = Clients::new(pairs, indexes, request.surroundings);
    let mut manners: BTreeMap<String, Manner> = BTreeMap::new();
    for project in wanted {
        let place = clients.place(&project.name, &project.source);
        if !manners.contains_key(&place)
            && let Ok(client) = clients.of(&project.name, &project.source)
        {
            let here = |w: &&Wanted| clients.place(&w.name, &w.source) == place;
            let manner = manner(client, wanted.iter().filter(here));
            manners.insert(place, manner);
        }
    }
    let ask = |project: &Wanted| {
        let place = clients.place(&project.name, &project.source);
        let manner = manners.get(&place).cloned().unwrap_or_default();
        match (clients.of(&project.name, &project.source), manner.silent) {
            (Ok(client), None) => ask(client, project, manner.plain),
            (Ok(_), Some(reason)) | (Err(reason), _) => unknown(project, reason),
        }
    };
    let answers = parallel::each(wanted, "asking the index", request.quiet, &ask);
    let pairs = wanted.iter().zip(answers);
    pairs
        .map(|(project, answer)| {
            answer.unwrap_or_else(|| unknown(project, "asking ended early".to_owned()))
        })
        .collect()
}

fn manner<'w>(client: &Client, wanted: impl Iterator<Item = &'w Wanted>) -> Manner {
    let (mut present, mut failed) = (0, 0);
    for project in wanted {
        match pages(client, &project.name) {
            Err(error @ (IndexError::Timeout { .. } | IndexError::Request { .. })) => {
                failed += 1;
                if failed >= PROBES {
                    return Manner {
                        silent: Some(format!("it did not answer about others: {error}")),
                        plain: true,
                    };
                }
            }
            Ok(found) => {
                let Some((index, _)) = found.first() else {
                    continue;
                };
                match client.project(index, &project.name) {
                    Ok(None) => present += 1,
                    _ => return Manner::default(),
                }
                if present >= PROBES {
                    return Manner {
                        silent: None,
                        plain: true,
                    };
                }
            }
            Err(_) => return Manner::default(),
        }
    }
    Manner::default()
}

fn unknown(project: &Wanted, reason: String) -> Answer {
    Answer {
        facts: ProjectFacts::only(
            project.name.clone(),
            Presence::Unknown(reason),
            String::new(),
        ),
        missing: Vec::new(),
    }
}

/// The pages of all indexes that have a project.
fn pages(client: &Client, name: &PackageName) -> Result<Vec<(IndexUrl, ProjectPage)>, IndexError> {
    let mut out = Vec::new();
    for index in client.indexes() {
        // One index that does not answer could be the one that says something else.
        if let Some(page) = client.page(index, name)? {
            out.push((index.clone(), page));
            if client.stops_at_first() {
                break;
            }
        }
    }
    Ok(out)
}

fn ask(client: &Client, project: &Wanted, plain: bool) -> Answer {
    let name = &project.name;
    let found = match pages(client, name) {
        Ok(found) => found,
        Err(error) => return unknown(project, error.to_string()),
    };
    let (places, pages): (Vec<IndexUrl>, Vec<ProjectPage>) = found.into_iter().unzip();
    let Some(index) = places.first() else {
        let first = client.indexes().next();
        let index = first.map(|url| url.without_credentials().plain());
        return Answer {
            facts: ProjectFacts::only(name.clone(), Presence::Absent, index.unwrap_or_default()),
            missing: Vec::new(),
        };
    };
    let mut missing = Vec::new();
    let mut settle = |error: IndexError| missing.push(error.to_string());
    let details = if plain {
        None
    } else {
        client.project(index, name).unwrap_or_else(|error| {
            settle(error);
            None
        })
    };
    let mut facts = project_facts::of(name, index, &pages, details.as_ref());
    let attested = pages
        .iter()
        .flat_map(|page| &page.files)
        .filter(|f| f.provenance.is_some() && project.pinned.contains(&f.version));
    if let Some(file) = attested.max_by_key(|f| (&f.version, &f.filename)) {
        match client.publisher(file) {
            Ok(link) => facts.publisher = link.as_deref().and_then(Repository::of_link),
            Err(error) => settle(error),
        }
    }
    Answer { facts, missing }
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
