//! The observer: what the interpreter meets becomes facts.

use std::rc::Rc;

use hognose_python::{Call, Cell, Effect, PathId, Site, Taint, Value};
use rustc_hash::{FxHashMap, FxHashSet};

use super::api::{self, Api};
use crate::content::strings;
use crate::fact::{Fact, FactKind as F, Place, Trigger};

/// Facts of one kind and trigger kept for one file: the first ones tell enough.
const MAX_SAME: u32 = 12;
/// Texts longer than this are looked at from the front only.
const MAX_TEXT: usize = 256 << 10;

/// Collects facts about the Python of one artifact.
#[derive(Debug, Default)]
pub(super) struct Witness {
    /// Paths of modules, in the order they were added.
    pub(super) files: Vec<Rc<str>>,
    /// What was seen.
    pub(super) facts: Vec<Fact>,
    seen: FxHashSet<(F, Trigger, u32, u32, u64)>,
    counts: FxHashMap<(F, Trigger, u32), u32>,
    pub(super) calls: FxHashMap<PathId, Option<Api>>,
    pub(super) references: FxHashMap<PathId, Taint>,
    /// What was seen in each file, for flows through files on disk.
    pub(super) ledgers: FxHashMap<u32, Ledger>,
    /// Keywords of `setup(…)` that say what metadata would.
    pub(super) setup: Vec<(String, String)>,
    /// Facts a constant gave, and the trigger they have where the file acts at that trigger.
    pub(super) promotable: Vec<(usize, Trigger)>,
    /// Files of the artifact, and places in it, that the code makes run: archives on the path, modules of `-m`.
    pub(super) started: std::collections::BTreeMap<String, Trigger>,
    /// Branches on a date or a target that are being walked: labels, and how many facts there were.
    pub(super) guards: Vec<(Taint, usize)>,
    /// Functions of others that were replaced; evidence where the file also sends what it is given.
    pub(super) replaced: Vec<Fact>,
    /// Hosts that came out of a decoder.
    pub(super) decoded: std::collections::BTreeSet<String>,
    /// The function that is walked by itself, where nobody calls it.
    pub(super) walking: String,
    /// What other distributions may complete.
    pub(super) ends: crate::across::Ties,
    /// Rules from outside, for what is decoded.
    pub(super) matching: Option<crate::matcher::Matching>,
    /// Facts of which a message to a bot is the cause.
    pub(super) told: Vec<usize>,
    /// Modules imported from outside, with the trigger.
    pub(super) imports: FxHashSet<String>,
}

/// What one file did so far that later calls complete.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Paths (where known) that downloaded or decoded bytes were written to.
    pub(super) dropped: Vec<(String, Taint)>,
    /// Paths opened for writing.
    pub(super) opened: Vec<String>,
    /// A connection was opened.
    pub(super) connected: bool,
    /// Secrets read from the environment, in upper case.
    pub(super) secrets: Vec<String>,
    /// Folders were walked.
    pub(super) searched: bool,
    /// Files were packed into an archive.
    pub(super) packed: bool,
    /// Files of its own that the program copied: from and to.
    pub(super) copies: Vec<(String, String)>,
    /// A connection went to another machine.
    pub(super) remote: bool,
    /// Temporary Python files that were written: path (empty when not known) and text.
    pub(super) scripts: Vec<(String, String)>,
    /// Where data of some origin was kept on disk; an empty path is one nothing is known of.
    pub(super) kept: Vec<(String, Taint)>,
}

impl Ledger {
    pub(super) fn dropped(&self) -> &[(String, Taint)] {
        &self.dropped
    }
}

impl Witness {
    /// One that also matches what is decoded by rules from outside.
    pub(super) fn new(matching: Option<crate::matcher::Matching>) -> Self {
        Self {
            matching,
            ..Self::default()
        }
    }

    pub(super) fn secrets(&mut self, site: &Site<'_>) -> &[String] {
        &self.ledger(site).secrets
    }

    pub(super) fn connected(&mut self, site: &Site<'_>) {
        self.ledger(site).connected = true;
    }

    /// What makes it happen. What is reached only through several conditions nothing is known of, calls deep, happens
    /// when somebody uses the program, not because it was imported.
    pub(super) fn trigger(site: &Site<'_>) -> Trigger {
        let trigger = Trigger::ALL
            .get(usize::from(site.context.0))
            .copied()
            .unwrap_or(Trigger::Call);
        let is_remote = site.doubt >= 4
            || (site.depth >= 4 && site.doubt >= 2)
            || (site.depth >= 8 && site.doubt >= 1);
        if is_remote {
            trigger.max(Trigger::Call)
        } else {
            trigger
        }
    }

    pub(super) fn add(&mut self, site: &Site<'_>, kind: F, detail: &str) {
        self.add_at(site, Self::trigger(site), kind, detail);
    }

    /// Notes what a text names where it is used: as a path, an address, an argument of the system.
    pub(super) fn used(&mut self, site: &Site<'_>, text: &str) {
        for (kind, detail) in strings::classify(front(text)) {
            self.add(site, kind, &detail);
        }
    }

    /// Begins with other modules: ids and paths interned so far mean nothing any more.
    pub(super) fn begin(&mut self, files: Vec<Rc<str>>) {
        self.promote();
        self.files = files;
        self.seen.clear();
        self.counts.clear();
        self.calls.clear();
        self.references.clear();
        self.ledgers.clear();
    }

    /// What a constant names happens when it is used; where its file acts at the same trigger, it is taken as used.
    fn promote(&mut self) {
        let mut acts: FxHashMap<String, Trigger> = FxHashMap::default();
        for fact in self.facts.iter().filter(|f| is_action(f.kind)) {
            let slot = acts.entry(fact.place.file.clone()).or_insert(fact.trigger);
            *slot = (*slot).min(fact.trigger);
        }
        for (at, trigger) in std::mem::take(&mut self.promotable) {
            if let Some(fact) = self.facts.get_mut(at)
                && acts
                    .get(&fact.place.file)
                    .is_some_and(|acting| *acting <= trigger)
            {
                fact.trigger = trigger;
            }
        }
        self.own_bots();
        for fact in std::mem::take(&mut self.replaced) {
            let sends = self.facts.iter().any(|f| {
                f.place.file == fact.place.file
                    && (matches!(f.kind, F::FlowWalletParameter | F::FlowCredentialParameter)
                        || f.kind == F::FlowParameterNetwork
                            && super::network::has_own_host(&f.detail))
            });
            if sends {
                self.facts.push(fact);
            }
        }
    }

    pub(super) fn add_at(&mut self, site: &Site<'_>, trigger: Trigger, kind: F, detail: &str) {
        let (line, column) = site.position();
        let hash = {
            use std::hash::{Hash, Hasher};
            let mut hasher = rustc_hash::FxHasher::default();
            detail.hash(&mut hasher);
            hasher.finish()
        };
        if !self.seen.insert((kind, trigger, site.module.0, line, hash)) {
            return;
        }
        let count = self
            .counts
            .entry((kind, trigger, site.module.0))
            .or_default();
        *count += 1;
        if *count > MAX_SAME {
            return;
        }
        let file = self
            .files
            .get(site.module.0 as usize)
            .map_or_else(String::new, ToString::to_string);
        let mut layers = site.layers.to_vec();
        layers.truncate(16);
        let place = Place {
            file,
            line,
            column,
            layers,
        };
        self.facts.push(Fact::new(kind, trigger, place, detail));
        if site.guarded && kind != F::ErrorsSwallowed && is_action(kind) {
            self.add_at(site, trigger, F::ErrorsSwallowed, kind.as_str());
        }
    }

    /// Notes that something of the artifact is made to run.
    pub(super) fn starts(&mut self, name: &str, trigger: Trigger) {
        if trigger < Trigger::Call && self.started.len() < 256 && name.len() < 1_000 {
            let slot = self.started.entry(name.to_owned()).or_insert(trigger);
            *slot = (*slot).min(trigger);
        }
    }

    pub(super) fn ledger(&mut self, site: &Site<'_>) -> &mut Ledger {
        self.ledgers.entry(site.module.0).or_default()
    }

    pub(super) fn api(&mut self, call: &Call<'_>) -> Option<Api> {
        *self
            .calls
            .entry(call.id)
            .or_insert_with(|| api::call(call.path))
    }
}

/// Whether a fact is something done, not something named.
fn is_action(kind: F) -> bool {
    use crate::Group;
    match kind.group() {
        Group::Process | Group::Flow | Group::Destruction => kind != F::ProcessBuild,
        Group::Code => !matches!(
            kind,
            F::DynamicImport | F::HiddenImport | F::PickleLoad | F::ExecFile
        ),
        Group::Network => matches!(
            kind,
            F::NetworkCall
                | F::NetworkSend
                | F::DownloadFile
                | F::SocketConnect
                | F::SendMail
                | F::FtpTransfer
        ),
        Group::Collection => matches!(
            kind,
            F::ClipboardRead
                | F::ClipboardWrite
                | F::Screenshot
                | F::KeyboardHook
                | F::FileSearch
                | F::BrowserDecrypt
        ),
        Group::Persistence => matches!(
            kind,
            F::FileWriteTemp | F::FileWriteExecutable | F::RegistryWrite
        ),
        _ => false,
    }
}

/// Labels that mean the source does not show the text.
pub(super) const HIDING: Taint = Taint(Taint::DECODED.0 | Taint::ASSEMBLED.0 | Taint::DECRYPTED.0);

/// Whether the first argument of a method of `pathlib` is the path: of what a search found, nothing is known.
pub(super) fn is_own_path(path: &str) -> bool {
    path.starts_with("pathlib.") && path.matches("()").count() <= 1
}

/// The front of a text, as far as it is looked at.
pub(super) fn front(text: &str) -> &str {
    let mut end = text.len().min(MAX_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

pub(super) fn tainted(taint: Taint) -> Effect {
    Effect {
        taint,
        ..Effect::default()
    }
}

pub(super) fn is_constant(cell: &Cell) -> bool {
    matches!(cell.value, Value::Str(_) | Value::Bytes(_))
}

/// An argument as it may be shown.
pub(super) fn argument(call: &Call<'_>, position: usize) -> String {
    match call.args.get(position).map(|c| &c.value) {
        Some(Value::Str(text)) => text.to_string(),
        Some(Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        _ => call.path.to_owned(),
    }
}
