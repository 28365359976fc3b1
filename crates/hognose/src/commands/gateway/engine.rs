//! The judge of the gateway: the same analysers and the same policy as `scan`, asked about a page or an artifact.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use hognose_advisories::{Database, JudgeOptions, judge};
use hognose_gateway::catalog::Clock;
use hognose_gateway::judge::{Artifact, Inspected, Judge, Offer, PageRulings, Reason, Ruling};
use hognose_identity::{Asked, Circumstances, judge_online};
use hognose_index::{IndexFile, ProjectPage, ProjectStatus};
use hognose_policy::{Action, Entry, GatewaySettings, Policy, decide};
use hognose_store::Store;
use hognose_types::{
    Component, ComponentId, ComponentKind, ComponentVersion, Decision, Declaration, Finding, Input,
    InputFormat, InputId, Inventory, Judged, Location, OwnedNames, PackageName, Source, Subject,
    Version, rules,
};
use jiff::civil::Date;

use super::weigh::{ByVersion, denied, not_dated, ruling};
use crate::commands::scan::{Memory, Remembered, behaviour_finding};
use crate::project_facts;

/// What the engine is made of.
pub(super) struct Parts {
    /// The policy of the project; its gate is that of reports, the gateway has one of its own.
    pub(super) policy: Policy,
    pub(super) settings: GatewaySettings,
    pub(super) min_age: i64,
    pub(super) owned: OwnedNames,
    pub(super) memory: Memory,
    pub(super) clock: Clock,
    /// What was seen before; none where nothing is to be kept.
    pub(super) store: Option<Arc<dyn Store>>,
}

/// The judge of the gateway.
pub(in crate::commands) struct Engine {
    parts: Parts,
    known: RwLock<Known>,
    /// Rulings of bytes, so that the warm path touches no disk.
    held: Mutex<Held>,
    /// Files that had other bytes before, by digest and name, and what those were.
    replaced: Mutex<HashMap<(String, String), String>>,
}

/// What a decision rests on beside the policy: the advisories, the analyser, the day that waivers are measured with.
#[derive(Clone)]
struct Known {
    database: Arc<Database>,
    today: Date,
    revision: Arc<str>,
}

impl Known {
    fn new(database: Arc<Database>, today: Date) -> Self {
        let model = &hognose_behaviour::Model::builtin().version;
        let analyser = hognose_behaviour::model::ANALYSER;
        let revision = format!("{}-{analyser}-{model}-{today}", database.revision());
        Self {
            revision: revision.into(),
            database,
            today,
        }
    }
}

/// Rulings of bytes under one revision, by digest and file name: the same bytes may bear the names of two versions.
#[derive(Default)]
struct Held {
    revision: Arc<str>,
    rulings: HashMap<(String, String), Option<Inspected>>,
}

impl Held {
    fn of(&mut self, revision: &Arc<str>) -> &mut HashMap<(String, String), Option<Inspected>> {
        if self.revision != *revision || self.rulings.len() >= MAX_HELD {
            self.revision = Arc::clone(revision);
            self.rulings.clear();
        }
        &mut self.rulings
    }
}

/// Most rulings held in memory.
const MAX_HELD: usize = 50_000;

impl Engine {
    pub(super) fn new(mut parts: Parts, database: Database) -> Self {
        parts.policy.fail_on = parts.settings.fail_on;
        // A group is a matter of a project; an index page has none.
        parts.policy.groups.clear();
        // Age is the one rule that only a gate at the door can enforce, so here it does unless the policy says else.
        for rule in [rules::online::NEW, rules::online::QUARANTINED] {
            parts.policy.rules.entry(rule).or_insert(Action::Block);
        }
        let today = day((parts.clock)());
        Self {
            parts,
            known: RwLock::new(Known::new(Arc::new(database), today)),
            held: Mutex::default(),
            replaced: Mutex::default(),
        }
    }

    /// From now on these are the advisories: every page is decided again when it is next asked for.
    pub(in crate::commands) fn learn(&self, database: Database) {
        let known = Known::new(Arc::new(database), day((self.parts.clock)()));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// What decisions rest on now. A day that has passed may have ended a waiver.
    fn known(&self) -> Known {
        let today = day((self.parts.clock)());
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.today == today {
            return known.clone();
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        *known = Known::new(Arc::clone(&known.database), today);
        known.clone()
    }

    /// One component for each version, so that what judges inventories judges pages.
    fn inventory(offer: &Offer<'_>) -> Inventory {
        let versions: BTreeSet<&Version> = offer.files.iter().map(|f| &f.version).collect();
        let component = |version| component(offer.name, version);
        Inventory {
            inputs: vec![Input {
                path: "index".to_owned(),
                format: InputFormat::Requirements,
            }],
            components: versions.into_iter().map(component).collect(),
            ..Inventory::default()
        }
    }

    fn online(&self, offer: &Offer<'_>, inventory: &Inventory) -> Vec<Finding> {
        let Some(first) = offer.files.first() else {
            return Vec::new();
        };
        let page = ProjectPage {
            url: first.page.clone(),
            status: offer.status.map(|(status, reason)| ProjectStatus {
                status: status.to_owned(),
                reason: reason.map(str::to_owned),
            }),
            files: offer.files.to_vec(),
            others: 0,
        };
        let asked = Asked {
            members: (0..inventory.components.len()).map(ComponentId).collect(),
            facts: project_facts::of(offer.name, &first.page, &[page], offer.project),
            past: None,
        };
        let circumstances = Circumstances {
            now: offer.now,
            // What the user publishes needs no time to be looked at by strangers.
            min_age: if self.is_own(offer) {
                0
            } else {
                self.parts.min_age
            },
            python: None,
            popular: BTreeSet::new(),
            unmended: BTreeMap::new(),
            written: BTreeMap::new(),
        };
        judge_online(inventory, &[asked], &circumstances).findings
    }

    fn is_own(&self, offer: &Offer<'_>) -> bool {
        offer.owned || self.parts.owned.owns(offer.name)
    }

    /// What the lists of the policy say; none where they say nothing.
    fn listed(&self, name: &PackageName, version: &Version) -> Option<Action> {
        let on = |list: &[Entry]| {
            list.iter().any(|entry| {
                entry.package == *name
                    && entry
                        .versions
                        .as_ref()
                        .is_none_or(|versions| versions.contains(version))
            })
        };
        if on(&self.parts.settings.deny) {
            return Some(Action::Block);
        }
        on(&self.parts.settings.allow).then_some(Action::Off)
    }

    fn decided(&self, findings: Vec<Finding>, today: Date) -> Vec<Judged> {
        decide(findings, Vec::new(), &self.parts.policy, today, true).judged
    }
}

fn component(name: &PackageName, version: &Version) -> Component {
    Component {
        input: InputId(0),
        kind: ComponentKind::Distribution,
        name: name.clone(),
        version: ComponentVersion::Pinned(version.clone()),
        source: Source::Default,
        declarations: vec![Declaration {
            location: Location::line("index", 1),
            direct: true,
            groups: Vec::new(),
            extras: Vec::new(),
            marker: None,
        }],
        hashes: Vec::new(),
        license: None,
        conda: None,
        foreign: None,
    }
}

/// The day of a time in Unix seconds, UTC.
fn day(now: i64) -> Date {
    let time = jiff::Timestamp::from_second(now).unwrap_or_default();
    time.to_zoned(jiff::tz::TimeZone::UTC).date()
}

impl Judge for Engine {
    fn page(&self, offer: &Offer<'_>) -> PageRulings {
        let known = self.known();
        let inventory = Self::inventory(offer);
        let evidence = judge(&inventory, &known.database, JudgeOptions::default());
        let (mut findings, gaps) = match evidence {
            Ok(judged) => (judged.findings, judged.gaps),
            Err(error) => return self.unknown(offer, &error.to_string()),
        };
        findings.extend(self.online(offer, &inventory));
        let judged = self.decided(findings, known.today);
        let found = ByVersion::new(&judged, &gaps);
        let files = offer
            .files
            .iter()
            .map(|file| self.by_page(offer, file, &found));
        PageRulings {
            files: files.collect(),
            until: self.next_birthday(offer),
        }
    }

    fn inspects(&self) -> bool {
        self.parts.settings.inspect
    }

    fn recall(&self, artifact: &Artifact<'_>) -> Option<Inspected> {
        let known = self.known();
        let key = (artifact.sha256.to_owned(), artifact.file.filename.clone());
        if let Some(before) = self.other(&key) {
            return Some(Inspected::Read(self.exchanged(artifact, &before)));
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ruling) = held.of(&known.revision).get(&key) {
            return ruling.clone();
        }
        // Others need not wait for a disk.
        drop(held);
        let remembered = self.parts.memory.recall(artifact.sha256);
        let found = remembered.map(|r| self.inspected(artifact, &r, known.today));
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let rulings = held.of(&known.revision);
        // What was read meanwhile is newer than what was not there.
        rulings.entry(key).or_insert(found).clone()
    }

    fn artifact(&self, artifact: &Artifact<'_>, path: &Path) -> Inspected {
        let known = self.known();
        let name = &artifact.file.filename;
        let inspected = match Remembered::named(path, name, artifact.sha256) {
            Ok(remembered) => {
                self.parts.memory.keep(&remembered);
                self.inspected(artifact, &remembered, known.today)
            }
            Err(reason) => return Inspected::Unknown(reason),
        };
        let key = (artifact.sha256.to_owned(), name.clone());
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.of(&known.revision)
            .insert(key, Some(inspected.clone()));
        inspected
    }

    fn first(&self, artifact: &Artifact<'_>) -> Result<Option<(String, Ruling)>, String> {
        let Some(store) = &self.parts.store else {
            return Ok(None);
        };
        let (name, filename) = (artifact.name.as_str(), &artifact.file.filename);
        let now = (self.parts.clock)().saturating_mul(1_000);
        let seen = store.first_seen(name, filename, artifact.sha256, now);
        let seen = seen.map_err(|e| format!("the state cannot be read: {e}"))?;
        let Some(before) = seen.other else {
            return Ok(None);
        };
        let key = (artifact.sha256.to_owned(), filename.clone());
        let mut replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        if replaced.len() < MAX_HELD {
            replaced.insert(key, before.clone());
        }
        drop(replaced);
        let ruling = self.exchanged(artifact, &before);
        Ok(Some((before, ruling)))
    }

    fn revision(&self) -> Arc<str> {
        self.known().revision
    }
}

impl Engine {
    /// What is known of a file without its bytes.
    fn by_page(&self, offer: &Offer<'_>, file: &IndexFile, found: &ByVersion<'_>) -> Ruling {
        let judged = found.judged(&file.version);
        let known_bad = |j: &&Judged| {
            j.finding.severity == hognose_types::Severity::Malicious && j.waiver.is_none()
        };
        match self.listed(offer.name, &file.version) {
            Some(Action::Block) => return denied(),
            // The list of what is let in is for what rules dislike, not for malware.
            Some(_) => return ruling(judged.iter().copied().filter(known_bad)),
            None => {}
        }
        let mut out = ruling(judged.iter().copied());
        for gap in found.gaps(&file.version) {
            out.join(Ruling {
                decision: Decision::Warn,
                reasons: vec![gap],
            });
        }
        if !self.parts.settings.allow_undated && !self.is_own(offer) && undated(file) {
            out.join(not_dated());
        }
        out
    }

    /// Without advisories nothing is known of anything: what that means is for the policy to say.
    fn unknown(&self, offer: &Offer<'_>, error: &str) -> PageRulings {
        let ruling = Ruling {
            decision: if self.parts.settings.allow_unknown {
                Decision::Warn
            } else {
                Decision::Block
            },
            reasons: vec![Reason {
                rule: rules::gap_database::ID.as_str().to_owned(),
                message: format!("the advisory database cannot be read: {error}"),
                remedy: "rebuild it with `hognose db update`".to_owned(),
            }],
        };
        PageRulings {
            files: vec![ruling; offer.files.len()],
            until: None,
        }
    }

    /// What remembered bytes mean under this policy.
    fn inspected(
        &self,
        artifact: &Artifact<'_>,
        remembered: &Remembered,
        today: Date,
    ) -> Inspected {
        let malicious = remembered.band() == hognose_behaviour::Band::Malicious;
        let listed = self.listed(artifact.name, &artifact.file.version);
        if listed == Some(Action::Off) && !malicious {
            return Inspected::Read(Ruling::ALLOW);
        }
        let subject = Subject::of(&component(artifact.name, &artifact.file.version));
        let finding = behaviour_finding(remembered, subject, Vec::new());
        let mut judged = self.decided(finding.into_iter().collect(), today);
        for one in &mut judged {
            // The gate of known flaws says nothing of behaviour: what behaves like malware is withheld by itself.
            if malicious && one.waiver.is_none() {
                one.decision = Decision::Block;
            }
        }
        let ruling = ruling(judged.iter());
        match remembered.unread.first() {
            // What was seen is enough to refuse it; it is never enough to let it in.
            Some(first) if !ruling.blocks() => Inspected::Unknown(format!(
                "{} parts of it were not read; the first: {}",
                remembered.unread.len(),
                hognose_types::text::short(first, 200)
            )),
            _ => Inspected::Read(ruling),
        }
    }

    /// What a file had before, where it had other bytes.
    fn other(&self, key: &(String, String)) -> Option<String> {
        let replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.get(key).cloned()
    }

    /// What it means that a file name came with other bytes: the list of what is let in is the way out, after a look.
    fn exchanged(&self, artifact: &Artifact<'_>, before: &str) -> Ruling {
        let version = &artifact.file.version;
        if self.listed(artifact.name, version) == Some(Action::Off) {
            return Ruling::ALLOW;
        }
        Ruling {
            decision: Decision::Block,
            reasons: vec![Reason {
                rule: rules::online::REPLACED.as_str().to_owned(),
                message: format!(
                    "the file had other bytes when it was first served (sha256 {})",
                    before.get(..16).unwrap_or(before)
                ),
                remedy: format!(
                    "compare the two; `allow = [\"{}=={version}\"]` in [gateway] lets it in",
                    artifact.name.as_str()
                ),
            }],
        }
    }

    /// When the next file comes of age.
    fn next_birthday(&self, offer: &Offer<'_>) -> Option<i64> {
        if self.is_own(offer) {
            return None;
        }
        let uploads = offer.files.iter().filter_map(|f| f.upload_time.as_deref());
        uploads
            .filter_map(project_facts::seconds)
            .map(|uploaded| uploaded.saturating_add(self.parts.min_age))
            .filter(|of_age| *of_age > offer.now)
            .min()
    }
}

fn undated(file: &IndexFile) -> bool {
    let time = file.upload_time.as_deref();
    time.and_then(project_facts::seconds).is_none()
}
