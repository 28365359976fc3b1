//! The judge of the gateway: the same analysers and the same policy as `scan`, asked about a page or an artifact.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use hognose_advisories::{Database, JudgeOptions, judge};
use hognose_gateway::catalog::Clock;
use hognose_gateway::judge::{
    Artifact, Attested, Document, Inspected, Judge, Offer, PageRulings, Ruling,
};
use hognose_identity::{Asked, Circumstances, judge_online};
use hognose_index::{ProjectPage, ProjectStatus};
use hognose_policy::conditions::About;
use hognose_policy::{Action, Conditions, Entry, GatewaySettings, OnUnknown, Policy, decide};
use hognose_provenance::attestation::Trust;
use hognose_provenance::memory::Known as Publisher;
use hognose_store::Store;
use hognose_types::rules::{conditions, online, provenance};
use hognose_types::{
    ComponentId, Finding, Input, InputFormat, Inventory, Judged, OwnedNames, PackageName, RuleId,
    Subject, Version,
};
use jiff::civil::Date;

use super::held::{Held, MAX_HELD, unreadable};
use super::lane::Lane;
use super::recollection::Recollection;
use super::shared;
use super::weigh::{ByVersion, component, whom};
use crate::commands::scan::{Memory, Remembered};
use crate::project_facts;

/// What is decided by: the configuration, as far as it may change while the gateway runs.
#[derive(Clone)]
pub(super) struct Rules {
    /// The policy of the project; its gate is that of reports, the gateway has one of its own.
    pub(super) policy: Policy,
    pub(super) settings: GatewaySettings,
    pub(super) min_age: i64,
    pub(super) conditions: Conditions,
    pub(super) owned: OwnedNames,
    /// Of the file that says all that.
    pub(super) digest: String,
}

/// What the engine is made of beside.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) memory: Arc<Memory>,
    pub(super) clock: Clock,
    /// What was seen before; none where nothing is to be kept.
    pub(super) store: Option<Arc<dyn Store>>,
}

/// The judge of the gateway.
pub(super) struct Engine {
    pub(super) rules: Rules,
    pub(super) parts: Parts,
    known: RwLock<Known>,
    /// Rulings of bytes, so that the warm path touches no disk.
    held: Mutex<Held>,
    /// Files that had other bytes before, by digest and name, and what those were.
    pub(super) replaced: Mutex<HashMap<(String, String), String>>,
    /// What attestations condemned: the page says so from then on, as of what bytes showed.
    refused: Mutex<Held>,
    /// Whom attestations are verified by; made when the first is.
    pub(super) trust: OnceLock<Option<Trust>>,
    /// Who published files whose attestations hold, by digest and file name.
    pub(super) publishers: Mutex<HashMap<(String, String), Vec<Publisher>>>,
    /// What is remembered beside pages.
    pub(super) recollection: Arc<Recollection>,
}

/// What a decision rests on beside the policy: the advisories, the analyser, the day that waivers are measured with.
#[derive(Clone)]
struct Known {
    database: Arc<Database>,
    today: Date,
    revision: Arc<str>,
    /// Places of popular names, where the policy asks for them.
    ranks: Arc<HashMap<String, usize>>,
}

impl Known {
    fn new(database: Arc<Database>, today: Date, rules: &Rules) -> Self {
        // What cannot be read has no places: nothing is popular then.
        let popular = rules
            .conditions
            .max_rank
            .and_then(|_| database.popular().ok());
        let ranks = popular.unwrap_or_default().into_iter().enumerate();
        let model = &hognose_behaviour::Model::builtin().version;
        let analyser = hognose_behaviour::model::ANALYSER;
        let policy = &rules.digest;
        let revision = format!(
            "{}-{analyser}-{model}-{policy}-{today}",
            database.revision()
        );
        Self {
            revision: revision.into(),
            database,
            today,
            ranks: Arc::new(ranks.map(|(at, (name, _))| (name, at + 1)).collect()),
        }
    }
}

/// Rules that only a gate at the door can enforce.
pub(super) const ENFORCED: [RuleId; 8] = [
    online::NEW,
    online::QUARANTINED,
    conditions::NEWCOMER,
    conditions::OBSCURE,
    conditions::DENIED,
    provenance::BAD,
    provenance::LOST,
    provenance::CHANGED,
];

impl Engine {
    pub(super) fn new(rules: Rules, parts: Parts, database: Database) -> Self {
        Self::with(rules, parts, Arc::new(database))
    }

    fn with(mut rules: Rules, parts: Parts, database: Arc<Database>) -> Self {
        rules.policy.fail_on = rules.settings.fail_on;
        // A group is a matter of a project; an index page has none.
        rules.policy.groups.clear();
        // These only a gate at the door can enforce, so here it does unless the policy says else.
        for rule in ENFORCED {
            rules.policy.rules.entry(rule).or_insert(Action::Block);
        }
        let today = day((parts.clock)());
        let known = Known::new(database, today, &rules);
        Self {
            rules,
            parts,
            known: RwLock::new(known),
            held: Mutex::default(),
            replaced: Mutex::default(),
            refused: Mutex::default(),
            trust: OnceLock::new(),
            publishers: Mutex::default(),
            recollection: Arc::default(),
        }
    }

    /// The same with other rules. What was seen to be exchanged stays so, and who published what.
    pub(super) fn under(&self, rules: Rules) -> Self {
        let known = self.known();
        let replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        let publishers = self.publishers.lock();
        let publishers = publishers.unwrap_or_else(PoisonError::into_inner);
        Self {
            replaced: Mutex::new(replaced.clone()),
            publishers: Mutex::new(publishers.clone()),
            recollection: Arc::clone(&self.recollection),
            ..Self::with(rules, self.parts.clone(), known.database)
        }
    }

    /// From now on these are the advisories: every page is decided again when it is next asked for.
    pub(super) fn learn(&self, database: Database) {
        let today = day((self.parts.clock)());
        let known = Known::new(Arc::new(database), today, &self.rules);
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
        *known = Known::new(Arc::clone(&known.database), today, &self.rules);
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

    /// What the page shows by itself, and beside what was seen of the project before; the reason where that is not known.
    fn online(
        &self,
        offer: &Offer<'_>,
        inventory: &Inventory,
    ) -> (Vec<Finding>, Result<(), String>) {
        let Some(first) = offer.files.first() else {
            return (Vec::new(), Ok(()));
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
        let facts = project_facts::of(offer.name, &first.page, &[page], offer.project);
        let (past, known) = match self.past(&facts, offer.now) {
            Ok(past) => (past, Ok(())),
            Err(reason) => (None, Err(reason)),
        };
        let asked = Asked {
            members: (0..inventory.components.len()).map(ComponentId).collect(),
            facts,
            past,
        };
        let circumstances = Circumstances {
            now: offer.now,
            // What the user publishes needs no time to be looked at by strangers.
            min_age: if self.is_own(offer) {
                0
            } else {
                self.rules.min_age
            },
            python: None,
            popular: BTreeSet::new(),
            unmended: BTreeMap::new(),
            written: BTreeMap::new(),
        };
        let findings = judge_online(inventory, &[asked], &circumstances).findings;
        (findings, known)
    }

    /// What the policy asks of projects beside the absence of findings.
    fn unmet(&self, offer: &Offer<'_>, inventory: &Inventory, known: &Known) -> Vec<Finding> {
        if self.is_own(offer) {
            return Vec::new();
        }
        let uploads = offer.files.iter().filter_map(|f| f.upload_time.as_deref());
        let about = About {
            now: offer.now,
            first_upload: uploads.filter_map(project_facts::seconds).min(),
            rank: known.ranks.get(offer.name.as_str()).copied(),
        };
        let conditions = &self.rules.conditions;
        let components = inventory.components.iter();
        components
            .flat_map(|component| conditions.project(&about, &whom(Subject::of(component))))
            .collect()
    }

    pub(super) fn is_own(&self, offer: &Offer<'_>) -> bool {
        offer.owned || self.rules.owned.owns(offer.name)
    }

    /// What the lists of the policy say; none where they say nothing.
    pub(super) fn listed(&self, name: &PackageName, version: &Version) -> Option<Action> {
        let on = |list: &[Entry]| {
            list.iter().any(|entry| {
                entry.package == *name
                    && entry
                        .versions
                        .as_ref()
                        .is_none_or(|versions| versions.contains(version))
            })
        };
        if on(&self.rules.settings.deny) {
            return Some(Action::Block);
        }
        on(&self.rules.settings.allow).then_some(Action::Off)
    }

    pub(super) fn decided(&self, findings: Vec<Finding>, today: Date) -> Vec<Judged> {
        decide(findings, Vec::new(), &self.rules.policy, today, true).judged
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
        let (online, mut known_before) = self.online(offer, &inventory);
        findings.extend(online);
        let mut wanted = match self.published(offer, &inventory) {
            Ok((changed, wanted)) => {
                findings.extend(changed);
                wanted
            }
            Err(reason) => {
                known_before = Err(reason);
                Vec::new()
            }
        };
        findings.extend(self.unmet(offer, &inventory, &known));
        match self.names(&inventory, &known.database) {
            Ok(named) => findings.extend(named),
            Err(error) => return self.unknown(offer, &error),
        }
        let judged = self.decided(findings, known.today);
        let found = ByVersion::new(&judged, &gaps);
        let lane = self
            .rules
            .settings
            .fast_lane
            .then(|| Lane::new(offer, &found));
        let lane = lane.unwrap_or_default();
        let files = offer
            .files
            .iter()
            .map(|file| match lane.lets_in(&file.version) {
                Some(reason) => {
                    self.by_page(offer, file, &found.without_age(&file.version, reason))
                }
                None => self.by_page(offer, file, &found),
            });
        let files = files.collect();
        wanted.extend(lane.wanted);
        let mut rulings = PageRulings {
            files,
            until: self.next_birthday(offer),
            wanted,
        };
        if let Err(reason) = known_before {
            Self::unsure(&mut rulings, &reason, offer.now);
        }
        rulings
    }

    fn wants_people(&self) -> bool {
        // Where nobody says what a takeover does, it is told when it is seen by the way.
        let asked = self.rules.policy.rules.get(&online::TAKEOVER);
        asked.is_some_and(|action| *action != Action::Off)
    }

    fn inspects(&self) -> bool {
        self.rules.settings.inspect
    }

    fn owner(&self, name: &PackageName, upstream: &str) -> Result<Option<String>, String> {
        let Some(store) = &self.parts.store else {
            return Ok(None);
        };
        let first = store.record_owner(name.as_str(), upstream);
        first.map(Some).map_err(|e| unreadable(&e))
    }

    fn recall(&self, artifact: &Artifact<'_>, anywhere: bool) -> Option<Inspected> {
        let known = self.known();
        let key = (artifact.sha256.to_owned(), artifact.file.filename.clone());
        if let Some(before) = self.other(&key) {
            let ruling = self.exchanged(artifact, &before);
            // Somebody who lets it in has not read it: that is still to be done.
            if ruling.blocks() {
                return Some(Inspected::Read(ruling));
            }
        }
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Some(by_attestation)) = refused.of(&known.revision).get(&key) {
            return Some(by_attestation.clone());
        }
        drop(refused);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.of(&known.revision).get(&key) {
            Some(Some(ruling)) => return Some(ruling.clone()),
            Some(None) if !anywhere => return None,
            _ => {}
        }
        // Others need not wait for a disk.
        drop(held);
        let remembered = if anywhere {
            self.remembered(artifact.sha256)
        } else {
            self.parts.memory.recall(artifact.sha256)
        };
        let found = remembered.map(|r| self.inspected(artifact, &r, known.today));
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let rulings = held.of(&known.revision);
        // What was read meanwhile is newer than what was not there.
        let slot = rulings.entry(key).or_default();
        if slot.is_none() {
            *slot = found;
        }
        slot.clone()
    }

    fn artifact(&self, artifact: &Artifact<'_>, path: &Path) -> Inspected {
        let known = self.known();
        let name = &artifact.file.filename;
        // Another node may be reading the same bytes: what it found is there when the turn is ours.
        let store = self.parts.store.as_deref();
        let _turn = store.and_then(|store| shared::turn(store, artifact.sha256));
        let remembered = match self.remembered(artifact.sha256) {
            Some(remembered) => remembered,
            None => match Remembered::named(path, name, artifact.sha256) {
                Ok(remembered) => remembered,
                Err(reason) => return Inspected::Unknown(reason),
            },
        };
        self.keep(&remembered);
        let inspected = self.inspected(artifact, &remembered, known.today);
        let key = (artifact.sha256.to_owned(), name.clone());
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.of(&known.revision)
            .insert(key, Some(inspected.clone()));
        inspected
    }

    fn attested(&self, artifact: &Artifact<'_>, document: Document<'_>) -> Attested {
        let known = self.known();
        let Attested { ruling, news } = self.vouched(artifact, document, known.today);
        if ruling.blocks() {
            let key = (artifact.sha256.to_owned(), artifact.file.filename.clone());
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = Some(Inspected::Read(ruling.clone()));
            refused.of(&known.revision).insert(key, kept);
        }
        Attested { ruling, news }
    }

    fn publisher(&self, artifact: &Artifact<'_>, document: &[u8]) -> Option<String> {
        self.published_by(artifact, document)
    }

    fn on_unknown(&self) -> hognose_gateway::OnUnknown {
        match self.rules.settings.on_unknown {
            OnUnknown::Block => hognose_gateway::OnUnknown::Block,
            OnUnknown::Allow => hognose_gateway::OnUnknown::Allow,
            OnUnknown::KnownGood => hognose_gateway::OnUnknown::KnownGood,
        }
    }

    fn known_good(&self, artifact: &Artifact<'_>) -> bool {
        let store = self.parts.store.as_ref();
        let kept = store.and_then(|store| store.any_ruling(artifact.sha256).ok().flatten());
        kept.is_some_and(|kept| Remembered::was_harmless(&kept.json))
    }

    fn first(&self, artifact: &Artifact<'_>) -> Result<Option<(String, Ruling)>, String> {
        let Some(store) = &self.parts.store else {
            return Ok(None);
        };
        let (name, filename) = (artifact.name.as_str(), &artifact.file.filename);
        let now = (self.parts.clock)().saturating_mul(1_000);
        let seen = store.first_seen(name, filename, artifact.sha256, now);
        let seen = seen.map_err(|e| unreadable(&e))?;
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

    fn ready(&self) -> Result<(), String> {
        let Some(store) = &self.parts.store else {
            return Ok(());
        };
        let head = store.head();
        head.map(drop).map_err(|e| unreadable(&e))
    }

    fn revision(&self) -> Arc<str> {
        self.known().revision
    }
}
