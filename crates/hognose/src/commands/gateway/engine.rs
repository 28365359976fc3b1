//! The judge of the gateway: the same analysers and the same policy as `scan`, asked about a page or an artifact.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use hognose_advisories::{Database, JudgeOptions, judge};
use hognose_gateway::judge::{Artifact, Inspected, Judge, Offer, PageRulings, Reason, Ruling};
use hognose_identity::{Asked, Circumstances, judge_online};
use hognose_index::{IndexFile, ProjectPage, ProjectStatus};
use hognose_policy::{Action, Entry, GatewaySettings, Policy, decide};
use hognose_types::{
    Component, ComponentId, ComponentKind, ComponentVersion, Decision, Declaration, Finding, Gap,
    Input, InputFormat, InputId, Inventory, Judged, Location, OwnedNames, PackageName, Source,
    Subject, Version, rules,
};

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
    pub(super) today: jiff::civil::Date,
}

/// The judge of the gateway.
pub(in crate::commands) struct Engine {
    parts: Parts,
    known: RwLock<Known>,
    /// Rulings of bytes by digest, so that the warm path touches no disk.
    held: Mutex<HashMap<String, Option<Inspected>>>,
}

/// The advisories of now, and the state of everything that a decision rests on.
#[derive(Clone)]
struct Known {
    database: Arc<Database>,
    revision: Arc<str>,
}

impl Known {
    fn new(database: Database) -> Self {
        let model = &hognose_behaviour::Model::builtin().version;
        let analyser = hognose_behaviour::model::ANALYSER;
        Self {
            revision: format!("{}-{analyser}-{model}", database.revision()).into(),
            database: Arc::new(database),
        }
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
        Self {
            parts,
            known: RwLock::new(Known::new(database)),
            held: Mutex::default(),
        }
    }

    /// From now on these are the advisories: every page is decided again when it is next asked for.
    pub(in crate::commands) fn learn(&self, database: Database) {
        let known = Known::new(database);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    fn known(&self) -> Known {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
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
    fn listed(&self, name: &PackageName, version: &Version) -> Option<Ruling> {
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
            return Some(Ruling {
                decision: Decision::Block,
                reasons: vec![Reason {
                    rule: "deny".to_owned(),
                    message: "the policy denies it".to_owned(),
                    remedy: "take it from the list `deny` of [gateway]".to_owned(),
                }],
            });
        }
        on(&self.parts.settings.allow).then_some(Ruling::ALLOW)
    }

    fn decided(&self, findings: Vec<Finding>, gaps: Vec<Gap>) -> Vec<Judged> {
        decide(findings, gaps, &self.parts.policy, self.parts.today, true).judged
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

/// What is worth telling an installer: what decides, and what is grave though it only warns.
fn reason(judged: &Judged) -> Option<Reason> {
    let tells = judged.decision == Decision::Block
        || (judged.decision == Decision::Warn
            && judged.finding.severity >= hognose_types::Severity::Medium);
    tells.then(|| Reason {
        rule: judged.finding.advisory.as_ref().map_or_else(
            || judged.finding.rule.as_str().to_owned(),
            |a| format!("{} {}", judged.finding.rule.as_str(), a.id),
        ),
        message: judged.finding.message.clone(),
        remedy: judged.finding.remedy.text.clone(),
    })
}

fn ruling<'j>(judged: impl Iterator<Item = &'j Judged>) -> Ruling {
    let mut out = Ruling::ALLOW;
    for one in judged {
        if let Some(reason) = reason(one) {
            out.join(Ruling {
                decision: one.decision,
                reasons: vec![reason],
            });
        }
    }
    out
}

impl Judge for Engine {
    fn page(&self, offer: &Offer<'_>) -> PageRulings {
        let inventory = Self::inventory(offer);
        let mut unchecked = Vec::new();
        let known = judge(&inventory, &self.known().database, JudgeOptions::default());
        let (mut findings, gaps) = match known {
            Ok(judged) => (judged.findings, judged.gaps),
            Err(error) => {
                unchecked.push(format!("the advisory database cannot be read: {error}"));
                (Vec::new(), Vec::new())
            }
        };
        unchecked.extend(gaps.iter().map(|gap| gap.message.clone()));
        findings.extend(self.online(offer, &inventory));
        let judged = self.decided(findings, gaps);
        let mut by_version: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
        for one in &judged {
            if let Some(version) = &one.finding.subject.version {
                by_version.entry(version).or_default().push(one);
            }
        }
        let files = offer.files.iter().map(|file| {
            let found = by_version.get(file.version.as_str());
            let mut out = ruling(found.into_iter().flatten().copied());
            let malicious = found.into_iter().flatten().any(|j| {
                j.finding.severity == hognose_types::Severity::Malicious && j.waiver.is_none()
            });
            match self.listed(offer.name, &file.version) {
                // The list of what is let in is for what rules dislike, not for malware.
                Some(listed) if listed.blocks() || !malicious => out = listed,
                _ => {}
            }
            if !self.parts.settings.allow_undated && !self.is_own(offer) && undated(file) {
                out.join(not_dated());
            }
            out
        });
        PageRulings {
            files: files.collect(),
            until: self.next_birthday(offer),
            unchecked,
        }
    }

    fn inspects(&self) -> bool {
        self.parts.settings.inspect
    }

    fn recall(&self, artifact: &Artifact<'_>) -> Option<Inspected> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = held.get(artifact.sha256) {
            return known.clone();
        }
        let found = self
            .parts
            .memory
            .recall(artifact.sha256)
            .map(|remembered| self.inspected(artifact, &remembered));
        if held.len() >= MAX_HELD {
            held.clear();
        }
        held.insert(artifact.sha256.to_owned(), found.clone());
        found
    }

    fn artifact(&self, artifact: &Artifact<'_>, path: &Path, _budget: Duration) -> Inspected {
        let name = &artifact.file.filename;
        let inspected = match Remembered::named(path, name, artifact.sha256) {
            Ok(remembered) => {
                self.parts.memory.keep(&remembered);
                self.inspected(artifact, &remembered)
            }
            Err(reason) => return Inspected::Unknown(reason),
        };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(artifact.sha256.to_owned(), Some(inspected.clone()));
        inspected
    }

    fn revision(&self) -> Arc<str> {
        self.known().revision
    }
}

impl Engine {
    /// What remembered bytes mean under this policy.
    fn inspected(&self, artifact: &Artifact<'_>, remembered: &Remembered) -> Inspected {
        if self
            .listed(artifact.name, &artifact.file.version)
            .is_some_and(|listed| !listed.blocks())
        {
            return Inspected::Read(Ruling::ALLOW);
        }
        let subject = Subject::of(&component(artifact.name, &artifact.file.version));
        let finding = behaviour_finding(remembered, subject, Vec::new());
        let mut judged = self.decided(finding.into_iter().collect(), Vec::new());
        for one in &mut judged {
            // The gate of known flaws says nothing of behaviour: what behaves like malware is withheld by itself.
            let malicious = remembered.band() == hognose_behaviour::Band::Malicious;
            if malicious && one.waiver.is_none() {
                one.decision = Decision::Block;
            }
        }
        Inspected::Read(ruling(judged.iter()))
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

fn not_dated() -> Ruling {
    Ruling {
        decision: Decision::Block,
        reasons: vec![Reason {
            rule: rules::online::NEW.as_str().to_owned(),
            message: "nobody says when it was uploaded".to_owned(),
            remedy: "set on-undated = \"allow\" in [gateway]".to_owned(),
        }],
    }
}
