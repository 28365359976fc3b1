//! The observer: what the interpreter meets becomes facts.

use std::rc::Rc;

use hognose_python::{Call, Cell, Effect, Names, Observer, PathId, Site, Taint, Value};
use rustc_hash::{FxHashMap, FxHashSet};

use super::api::{self, Api};
use super::labels as l;
use crate::content::{bytecode, strings};
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
    calls: FxHashMap<PathId, Option<Api>>,
    references: FxHashMap<PathId, Taint>,
    /// What was seen in each file, for flows through files on disk.
    pub(super) ledgers: FxHashMap<u32, Ledger>,
    /// Keywords of `setup(…)` that say what metadata would.
    pub(super) setup: Vec<(String, String)>,
    /// Facts a constant gave, and the trigger they have where the file acts at that trigger.
    promotable: Vec<(usize, Trigger)>,
    /// Modules imported from outside, with the trigger.
    pub(super) imports: FxHashSet<String>,
}

/// What one file did so far that later calls complete.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Paths (where known) that downloaded or decoded bytes were written to.
    dropped: Vec<(String, Taint)>,
    /// Paths opened for writing.
    opened: Vec<String>,
    /// A connection was opened.
    connected: bool,
    /// Secrets read from the environment, in upper case.
    secrets: Vec<String>,
    /// Folders were walked.
    searched: bool,
    /// Where data of some origin was kept on disk; an empty path is one nothing is known of.
    kept: Vec<(String, Taint)>,
}

impl Ledger {
    pub(super) fn dropped(&self) -> &[(String, Taint)] {
        &self.dropped
    }
}

impl Witness {
    /// A file was written whose bytes came from elsewhere.
    pub(super) fn drop_file(&mut self, site: &Site<'_>, path: String, taint: Taint) {
        let ledger = self.ledger(site);
        if ledger.dropped.len() < 64 {
            ledger.dropped.push((path, taint));
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
        let is_remote = site.doubt >= 4 || (site.depth >= 4 && site.doubt >= 2) || (site.depth >= 8 && site.doubt >= 1);
        if is_remote { trigger.max(Trigger::Call) } else { trigger }
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

    /// What a constant names happens when it is used; where its file acts at the same trigger, it is taken as used.
    pub(super) fn promote(&mut self) {
        let mut acts: FxHashMap<String, Trigger> = FxHashMap::default();
        for fact in self.facts.iter().filter(|f| is_action(f.kind)) {
            let slot = acts.entry(fact.place.file.clone()).or_insert(fact.trigger);
            *slot = (*slot).min(fact.trigger);
        }
        for (at, trigger) in std::mem::take(&mut self.promotable) {
            if let Some(fact) = self.facts.get_mut(at)
                && acts.get(&fact.place.file).is_some_and(|acting| *acting <= trigger)
            {
                fact.trigger = trigger;
            }
        }
    }

    /// Remembers the origin of what a file on disk holds.
    pub(super) fn keep_file(&mut self, site: &Site<'_>, path: Option<&str>, taint: Taint) {
        let ledger = self.ledger(site);
        if ledger.kept.len() < 64 && taint.has(KEPT) {
            ledger.kept.push((path.unwrap_or_default().to_owned(), Taint(taint.0 & KEPT.0)));
        }
    }

    fn kept(&mut self, site: &Site<'_>, path: Option<&str>) -> Taint {
        let ledger = self.ledger(site);
        ledger
            .kept
            .iter()
            .filter(|(known, _)| known.is_empty() || path.is_none_or(|p| p == known))
            .fold(Taint::NONE, |t, (_, label)| t.and(*label))
    }

    fn add_at(&mut self, site: &Site<'_>, trigger: Trigger, kind: F, detail: &str) {
        let (line, column) = site.position();
        let hash = {
            use std::hash::{Hash, Hasher};
            let mut hasher = rustc_hash::FxHasher::default();
            detail.hash(&mut hasher);
            hasher.finish()
        };
        if !self
            .seen
            .insert((kind, trigger, site.module.0, line, hash))
        {
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
            .map_or_else(String::new, |f| f.to_string());
        let mut layers = site.layers.to_vec();
        layers.truncate(16);
        let place = Place {
            file,
            line,
            column,
            layers,
        };
        self.facts.push(Fact::new(kind, trigger, place, detail));
    }

    pub(super) fn ledger(&mut self, site: &Site<'_>) -> &mut Ledger {
        self.ledgers.entry(site.module.0).or_default()
    }

    fn api(&mut self, call: &Call<'_>) -> Option<Api> {
        *self
            .calls
            .entry(call.id)
            .or_insert_with(|| api::call(call.path))
    }

    fn act(&mut self, site: &Site<'_>, call: &Call<'_>, api: Api, names: &Names) -> Effect {
        match api {
            Api::Fact(kind, taint) => {
                self.fact_call(site, call, kind);
                if kind == F::KeyboardHook {
                    return Effect {
                        taint,
                        callback: Some(l::KEYS),
                        ..Effect::default()
                    };
                }
                if kind == F::ArchiveCollect {
                    let label = call
                        .args
                        .iter()
                        .filter_map(Cell::as_text)
                        .fold(l::FILE, |t, text| t.and(credential_label(text)));
                    let label = label.and(call.argument_taint());
                    for text in call.args.iter().filter_map(Cell::as_text) {
                        let text = text.to_string();
                        self.used(site, &text);
                    }
                    self.keep_file(site, None, label);
                    return tainted(label);
                }
                if kind == F::Screenshot {
                    let path = call.args.first().and_then(Cell::as_text).map(|t| t.to_string());
                    self.keep_file(site, path.as_deref(), taint.and(call.argument_taint()));
                }
                let is_video = kind == F::Camera && call.args.first().and_then(|c| c.value.int()).is_none();
                tainted(if is_video { Taint::NONE } else { taint })
            }
            Api::Source(taint) => tainted(taint),
            Api::Process { shell, output } => self.process(site, call, (shell, output), names),
            Api::ProcessAt(position) => self.process_at(site, call, usize::from(position), names),
            Api::Exec => self.exec(site, call),
            Api::Fetch(position) => self.fetch(site, call, usize::from(position)),
            Api::Send(position) => self.send(site, call, usize::from(position)),
            Api::Download(from, to) => self.download(site, call, from.into(), to.into()),
            Api::Connect => self.connect(site, call),
            Api::Lookup(position) => self.look_up(site, call, usize::from(position)),
            Api::Open => self.open(site, call),
            Api::Write => self.write(site, call),
            Api::Read => {
                // `Path(x).read_text()` names its file; of what `open` gave, that was seen there.
                let text = call.args.first().and_then(Cell::as_text).map(|t| t.to_string());
                let mut taint = l::FILE;
                if call.path.starts_with("pathlib.") {
                    taint = taint.and(self.kept(site, text.as_deref()));
                    if let Some(text) = &text {
                        self.used(site, text);
                        taint = taint.and(credential_label(text));
                    }
                }
                tainted(taint)
            }
            Api::EnvGet => self.env_get(site, call),
            Api::Decode(step) => self.decode(site, call, step),
            Api::Decrypt => {
                self.add(site, F::Decrypt, call.path);
                if call.argument_taint().has(Taint::DECODED) || call.args.iter().any(is_constant) {
                    self.add(site, F::DecryptEmbedded, call.path);
                }
                tainted(Taint::step("cipher").and(Taint::DECRYPTED))
            }
            Api::Encrypt => tainted(l::CIPHERED),
            Api::Import => self.import_call(site, call),
            Api::Reflect => self.reflect(site, call, names),
            Api::Setup => self.setup_call(site, call),
            other => self.act_rest(site, call, other),
        }
    }

    fn act_rest(&mut self, site: &Site<'_>, call: &Call<'_>, api: Api) -> Effect {
        match api {
            Api::Feed => {
                for cell in call.args.iter().chain(call.keyword("input")) {
                    self.fed(site, cell);
                }
                tainted(l::COMMAND)
            }
            Api::Buffer => tainted(self.kept(site, None)),
            Api::Pour => {
                let from = call.args.first().map_or(Taint::NONE, Cell::deep_taint);
                if from.has(l::NETWORK) {
                    self.add(site, F::DownloadFile, call.path);
                    let paths = self.ledger(site).opened.clone();
                    for path in paths {
                        self.drop_file(site, path, l::NETWORK);
                    }
                    self.drop_file(site, String::new(), l::NETWORK);
                }
                Effect::default()
            }
            Api::Sleep => {
                if let Some(seconds) = call.arg(0, "secs").and_then(|c| c.value.int())
                    && seconds >= 300
                {
                    self.add(site, F::LongSleep, &format!("{seconds} s"));
                }
                Effect::default()
            }
            Api::Delete => self.delete(site, call),
            Api::Copy => self.copy(site, call),
            Api::Search | Api::Exists => {
                let taint = call.argument_taint();
                for text in call.args.iter().filter_map(Cell::as_text) {
                    let text = text.to_string();
                    self.used(site, &text);
                }
                // `Path("~/.ssh").glob("id_*")`.
                if let [Some(folder), Some(pattern)] = [call.args.first(), call.args.get(1)].map(|c| c.and_then(Cell::as_text)) {
                    let whole = format!("{folder}/{pattern}");
                    self.used(site, &whole);
                }
                self.ledger(site).searched |= api == Api::Search;
                if api == Api::Exists {
                    return Effect::default();
                }
                if taint.has(l::HOME) || call.args.iter().any(is_user_folder) {
                    self.add(site, F::FileSearch, &argument(call, 0));
                }
                let label = call
                    .args
                    .iter()
                    .filter_map(Cell::as_text)
                    .fold(Taint::NONE, |t, text| t.and(credential_label(text)));
                tainted(l::SEARCHED.and(label))
            }
            Api::PathOf => self.path_of(call),
            Api::Duplicate => {
                if self.ledger(site).connected {
                    self.add(site, F::ReverseShell, call.path);
                }
                Effect::default()
            }
            Api::Chmod => {
                self.add(site, F::MarkExecutable, &argument(call, 0));
                Effect::default()
            }
            Api::Pattern => {
                if let Some(text) = call.args.first().and_then(Cell::as_text) {
                    for (kind, detail) in strings::classify(front(&text.to_string())) {
                        if kind.group() != crate::Group::Network {
                            self.add(site, kind, &detail);
                        }
                    }
                }
                Effect::default()
            }
            Api::Extract => {
                let has = self.ledger(site).dropped().iter().any(|(_, t)| t.has(l::NETWORK));
                if has || call.receiver.and(call.argument_taint()).has(l::NETWORK) {
                    self.drop_file(site, String::new(), l::NETWORK);
                }
                Effect::default()
            }
            Api::Native => {
                let taint = call.argument_taint();
                let path = argument(call, 0);
                if self.runs_dropped(site, &path, taint).is_some_and(|t| t.has(l::NETWORK)) {
                    self.add(site, F::FlowDownloadRun, &path);
                }
                self.add(site, F::NativeLoad, &argument(call, 0));
                if taint.has(l::NETWORK) || taint.has(l::DOWNLOADED_PATH) {
                    self.add(site, F::FlowDownloadRun, call.path);
                }
                Effect::default()
            }
            Api::Marshal => {
                self.add(site, F::MarshalLoad, call.path);
                if let Some(Value::Bytes(bytes)) = call.args.first().map(|c| &c.value) {
                    self.bytecode(site, bytes);
                }
                // Code of a file of one's own is no decoding; code in a constant is.
                let hides = call.argument_taint().has(HIDING) || call.args.first().is_some_and(is_constant);
                tainted(if hides {
                    Taint::step("marshal")
                } else {
                    Taint::step("marshal").without(Taint::DECODED)
                })
            }
            _ => Effect::default(),
        }
    }

    fn fact_call(&mut self, site: &Site<'_>, call: &Call<'_>, kind: F) {
        // A video file is no camera.
        if kind == F::Camera && call.args.first().and_then(|c| c.value.int()).is_none() {
            return;
        }
        let detail = match call.args.first().and_then(Cell::as_text) {
            Some(text) => format!("{}({text})", call.path),
            None => call.path.to_owned(),
        };
        self.add(site, kind, &detail);
        if kind == F::RegistryWrite {
            for text in call.args.iter().filter_map(Cell::as_text) {
                let text = text.to_string();
                self.used(site, &text);
            }
        }
        if kind == F::PickleLoad
            && let Some(Value::Bytes(bytes)) = call.args.first().map(|c| &c.value)
            && [&b"system"[..], b"exec", b"eval", b"subprocess", b"popen"]
                .iter()
                .any(|name| memchr::memmem::find(bytes, name).is_some())
        {
            self.add(site, F::ExecDecoded, &String::from_utf8_lossy(bytes));
            self.add(site, F::ProcessStart, &String::from_utf8_lossy(bytes));
        }
        if matches!(kind, F::SendMail | F::FtpTransfer) {
            let taint = call.receiver.and(call.argument_taint());
            self.flows(site, call, (taint, true), "");
        }
    }

    fn open(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        let mode = call
            .arg(1, "mode")
            .and_then(Cell::as_text)
            .map_or("r", |m| &**m);
        if call.path.contains("TemporaryFile") {
            self.add(site, F::FileWriteTemp, call.path);
            self.ledger(site).opened.push(String::new());
            return tainted(l::WRITTEN);
        }
        let path = call.args.first();
        let path_taint = path.map_or(Taint::NONE, |c| c.taint);
        let text = path.and_then(Cell::as_text).map(|t| t.to_string());
        if mode.contains(['w', 'a', 'x', '+']) {
            let ledger = self.ledger(site);
            if ledger.opened.len() < 64 {
                ledger.opened.push(text.clone().unwrap_or_default());
            }
            if let Some(text) = &text {
                self.write_place(site, text, path_taint);
            }
            return Effect {
                taint: l::WRITTEN,
                washes: l::FILE.and(l::HOME),
                ..Effect::default()
            };
        }
        let mut taint = l::FILE.and(self.kept(site, text.as_deref()));
        if let Some(text) = &text {
            taint = taint.and(credential_label(text));
            self.used(site, text);
        }
        // What lies beside the program came with it.
        if path_taint.has(l::ITSELF) {
            taint = taint.and(l::PACKAGE_DATA);
        }
        // Whether the content is a secret hangs on the path; the folders on the way are none.
        Effect {
            taint,
            washes: l::HOME.and(l::HOST).and(l::ENV).and(l::SEARCHED),
            ..Effect::default()
        }
    }

    /// Where a file is written says what for.
    fn write_place(&mut self, site: &Site<'_>, path: &str, taint: Taint) {
        let lower = path.to_ascii_lowercase();
        if lower.ends_with(".pth") || lower.ends_with("sitecustomize.py") || lower.ends_with("usercustomize.py") {
            self.add(site, F::PersistSite, path);
        }
        if lower.starts_with("/dev/sd") || lower.starts_with("/dev/nvme") || lower.contains("physicaldrive") {
            self.add(site, F::DiskWipe, path);
        }
        if lower.ends_with("/etc/hosts") || lower.ends_with("\\etc\\hosts") {
            self.add(site, F::SecurityTamper, path);
        }
        if ["discord_desktop_core", "/site-packages/", "node_modules/", "app.asar"].iter().any(|p| lower.contains(p)) {
            self.add(site, F::PatchPackage, path);
        }
        if is_runnable(&lower) {
            self.add(site, F::FileWriteExecutable, path);
        }
        if taint.has(l::TEMPORARY) || is_temporary(&lower) {
            self.add(site, F::FileWriteTemp, path);
        }
        for (kind, detail) in strings::classify(path) {
            if matches!(
                kind,
                F::PersistCron | F::PersistSystemd | F::PersistLaunchd | F::PersistStartup | F::PersistProfile
                    | F::PersistSshKey
            ) {
                self.add(site, kind, &detail);
            }
        }
    }

    fn write(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        // `Path(x).write_bytes(data)` names its file first.
        let is_path = call.path.starts_with("pathlib.");
        if is_path && let Some(path) = call.args.first().and_then(Cell::as_text) {
            let path = path.to_string();
            self.write_place(site, &path, call.args.first().map_or(Taint::NONE, |c| c.taint));
            self.ledger(site).opened.push(path);
        }
        let data = call.args.get(usize::from(is_path));
        let taint = data.map_or(Taint::NONE, Cell::deep_taint);
        let to_file = call.receiver.has(l::WRITTEN) || call.path.contains("write_");
        if !to_file && !call.path.starts_with("os.write") {
            return Effect::default();
        }
        if taint.has(l::NETWORK) {
            self.add(site, F::DownloadFile, call.path);
        }
        let searched = self.ledger(site).searched || taint.has(l::SEARCHED);
        if taint.has(l::CIPHERED) && searched {
            self.add(site, F::FilesEncrypt, call.path);
        }
        if taint.has(l::NETWORK.and(Taint::DECODED).and(Taint::DECRYPTED)) {
            let ledger = self.ledger(site);
            let paths = ledger.opened.clone();
            if paths.is_empty() {
                ledger.dropped.push((String::new(), taint));
            }
            for path in paths {
                if ledger.dropped.len() < 64 {
                    ledger.dropped.push((path, taint));
                }
            }
        }
        let opened = self.ledger(site).opened.clone();
        for path in opened.iter().map(Some).chain(opened.is_empty().then_some(None)) {
            self.keep_file(site, path.map(String::as_str), taint);
        }
        let text = data.and_then(|c| match &c.value {
            Value::Str(text) => Some(text.to_string()),
            Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        });
        if let Some(text) = &text
            && text.len() < 4_000
        {
            for (kind, detail) in strings::classify(text) {
                if kind.group() != crate::Group::Network {
                    self.add(site, kind, &detail);
                }
            }
        }
        if let Some(text) = text
            && looks_like_python(&text)
        {
            self.add(site, F::FileWrite, "Python source");
            let taint = data.map_or(Taint::NONE, |c| c.taint);
            let path = opened.last().cloned().unwrap_or_default();
            // A template that is written is no program in hiding.
            if taint.has(HIDING.and(l::NETWORK)) {
                self.drop_file(site, path, taint);
            }
            return Effect {
                programs: vec![("written", text)],
                ..Effect::default()
            };
        }
        Effect::default()
    }

    fn delete(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        let Some(path) = call.args.first() else {
            return Effect::default();
        };
        // The interpreter gives `__file__` a path of its own; a path made from it is longer.
        if path.taint.has(l::ITSELF)
            && path.as_text().is_some_and(|t| self.is_own_file(site, t))
        {
            self.add(site, F::SelfDelete, &argument(call, 0));
        }
        let is_tree = call.path.ends_with("rmtree");
        // `/`, the home folder, system folders.
        let whole = path
            .as_text()
            .is_some_and(|t| matches!(&**t, "/" | "~" | "C:\\" | "C:/" | "/home" | "/etc" | "/usr" | "/var"));
        if whole && is_tree {
            self.add(site, F::FilesDelete, &argument(call, 0));
        } else if path.taint.has(l::SEARCHED) && path.taint.has(l::HOME) {
            self.add(site, F::FilesDelete, call.path);
        }
        Effect::default()
    }

    /// The interpreter gives `__file__` the module's own path.
    fn is_own_file(&self, site: &Site<'_>, text: &str) -> bool {
        text.starts_with('/')
            && self
                .files
                .get(site.module.0 as usize)
                .is_some_and(|file| format!("/{file}").ends_with(text))
    }

    fn copy(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        let to = call.args.get(1).and_then(Cell::as_text).map(|t| t.to_string());
        if let Some(to) = &to {
            self.write_place(site, to, Taint::NONE);
        }
        if let Some(from) = call.args.first().and_then(Cell::as_text) {
            let label = credential_label(from);
            self.keep_file(site, to.as_deref(), label);
        }
        if let Some(from) = call.args.first()
            && (from.as_text().is_some_and(|t| {
                let text = t.to_string();
                self.used(site, &text);
                false
            }) || from.taint.has(l::CREDENTIAL) || from.as_text().is_some_and(|t| credential_label(t) != Taint::NONE))
        {
            return tainted(l::CREDENTIAL);
        }
        Effect::default()
    }

    /// Joined paths: known parts are kept around what is not known.
    fn path_of(&mut self, call: &Call<'_>) -> Effect {
        if call.path == "os.path.dirname" {
            let parent = call.args.first().and_then(Cell::as_text).map(|text| {
                let parent = text.rsplit_once('/').map_or("", |(parent, _)| parent);
                Value::Str(parent.into())
            });
            return Effect {
                value: parent,
                ..Effect::default()
            };
        }
        let home = if call.path.contains("expand") { l::HOME } else { Taint::NONE };
        if call.path == "os.path.join" {
            let parts: Vec<&str> = call
                .args
                .iter()
                .map(|c| c.as_text().map_or("{}", |t| &**t))
                .collect();
            if parts.iter().any(|p| *p != "{}") {
                let joined = parts.join("/");
                return Effect {
                    value: Some(Value::Str(joined.into())),
                    ..Effect::default()
                };
            }
        }
        Effect {
            value: call
                .args
                .first()
                .filter(|c| c.as_text().is_some())
                .map(|c| c.value.clone()),
            taint: home,
            ..Effect::default()
        }
    }

    fn env_get(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        let name = call.args.first().and_then(Cell::as_text).map(|t| t.to_string());
        let mut taint = l::ENV;
        match &name {
            Some(name) if is_secret_name(name) => {
                self.add(site, F::EnvSecret, name);
                let upper = name.to_ascii_uppercase();
                self.ledger(site).secrets.push(upper);
                taint = taint.and(l::ENV_SECRET);
            }
            Some(name) => {
                let upper = name.to_ascii_uppercase();
                if is_ci_name(&upper) {
                    self.add(site, F::CiCheck, name);
                }
                if matches!(upper.as_str(), "USERNAME" | "USER" | "LOGNAME" | "COMPUTERNAME" | "HOSTNAME" | "USERDOMAIN") {
                    taint = taint.and(l::HOST);
                    self.add(site, F::HostInfo, name);
                }
                if matches!(upper.as_str(), "HOME" | "USERPROFILE" | "APPDATA" | "LOCALAPPDATA") {
                    taint = taint.and(l::HOME);
                }
                if matches!(upper.as_str(), "TEMP" | "TMP" | "TMPDIR") {
                    taint = taint.and(l::TEMPORARY);
                }
                self.add(site, F::EnvRead, name);
            }
            None => self.add(site, F::EnvRead, call.path),
        }
        Effect {
            taint,
            washes: l::ENV_ALL,
            // A folder of the user is kept readable in the paths made from it.
            value: name
                .filter(|n| matches!(n.as_str(), "APPDATA" | "LOCALAPPDATA" | "USERPROFILE" | "TEMP" | "HOME"))
                .map(|n| Value::Str(format!("%{n}%").into())),
            ..Effect::default()
        }
    }

    fn decode(&mut self, site: &Site<'_>, call: &Call<'_>, step: &'static str) -> Effect {
        self.add(site, F::DecodeCall, call.path);
        let size = match call.args.first().map(|c| &c.value) {
            Some(Value::Bytes(bytes)) => bytes.len(),
            Some(Value::Str(text)) => text.len(),
            _ => 0,
        };
        if step == "zlib" && size > 64 {
            self.add(site, F::Decompress, call.path);
        }
        if call.path == "codecs.decode"
            && !call
                .args
                .get(1)
                .and_then(Cell::as_text)
                .is_some_and(|c| matches!(&*c.to_ascii_lowercase(), "hex" | "base64" | "rot13" | "rot_13" | "zlib" | "bz2"))
        {
            return Effect::default();
        }
        tainted(Taint::step(step))
    }

    fn import_call(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        let Some(name) = call.args.first() else {
            return Effect::default();
        };
        match name.as_text() {
            Some(text) if api::is_sensitive_module(text) => {
                let text = text.to_string();
                self.add(site, F::HiddenImport, &text);
                if name.taint.has(HIDING.and(Taint::JOINED)) {
                    self.add(site, F::HiddenName, &text);
                }
            }
            Some(_) => {}
            None => self.add(site, F::DynamicImport, call.path),
        }
        Effect::default()
    }

    fn reflect(&mut self, site: &Site<'_>, call: &Call<'_>, names: &Names) -> Effect {
        let name = match call.path {
            "getattr" => call.args.get(1),
            _ => call.args.first(),
        };
        let Some(name) = name else {
            return Effect::default();
        };
        let target = match call.folded {
            Some(Value::Path(path)) => names.path(*path).to_string(),
            _ => name.as_text().map(|t| t.to_string()).unwrap_or_default(),
        };
        // Nobody writes `os.__dict__["system"]` for readers.
        let is_subscript = call.path != "getattr" && !api::is_module(&target);
        if api::is_sensitive(&target) && (is_subscript || name.taint.has(HIDING.and(Taint::JOINED))) {
            self.add(site, F::HiddenName, &target);
        }
        Effect::default()
    }

    fn setup_call(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        let mut effect = Effect::default();
        for (name, cell) in call.keywords {
            let Some(name) = name.as_deref() else { continue };
            if let Some(text) = cell.as_text()
                && self.setup.len() < 64
            {
                let text: String = text.chars().take(2_000).collect();
                self.setup.push((name.to_owned(), text));
            }
            if name == "cmdclass"
                && let Value::Dict(dict) = &cell.value
                && let Ok(dict) = dict.try_borrow()
            {
                for (command, class) in dict.entries.iter().take(32) {
                    let command = command.as_text().map_or("?", |t| &**t);
                    self.add(site, F::HookCommand, command);
                    for method in ["initialize_options", "finalize_options", "run"] {
                        effect.methods.push((class.clone(), method));
                    }
                }
            }
        }
        effect
    }
}

/// Labels that a file on disk keeps.
const KEPT: Taint = Taint(
    l::CREDENTIAL.0 | l::SCREEN.0 | l::KEYS.0 | l::COMMAND.0 | l::CLIPBOARD.0 | l::HOST.0 | l::ENV_ALL.0 | l::ENV_SECRET.0,
);

/// Whether a fact is something done, not something named.
fn is_action(kind: F) -> bool {
    use crate::Group;
    match kind.group() {
        Group::Process | Group::Flow | Group::Destruction => kind != F::ProcessBuild,
        Group::Code => !matches!(kind, F::DynamicImport | F::HiddenImport | F::PickleLoad | F::ExecFile),
        Group::Network => matches!(
            kind,
            F::NetworkCall | F::NetworkSend | F::DownloadFile | F::SocketConnect | F::SendMail | F::FtpTransfer
        ),
        Group::Collection => matches!(
            kind,
            F::ClipboardRead | F::ClipboardWrite | F::Screenshot | F::KeyboardHook | F::FileSearch | F::BrowserDecrypt
        ),
        Group::Persistence => matches!(kind, F::FileWriteTemp | F::FileWriteExecutable | F::RegistryWrite),
        _ => false,
    }
}

/// Labels that mean the source does not show the text.
pub(super) const HIDING: Taint =
    Taint(Taint::DECODED.0 | Taint::ASSEMBLED.0 | Taint::DECRYPTED.0);

/// The front of a text, as far as it is looked at.
fn front(text: &str) -> &str {
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

fn is_user_folder(cell: &Cell) -> bool {
    cell.as_text().is_some_and(|text| {
        let lower = text.to_ascii_lowercase();
        ["%userprofile%", "%appdata%", "c:\\users", "/home", "~/"]
            .iter()
            .any(|p| lower.contains(p))
            || lower == "/"
            || lower == "c:\\"
    })
}

/// The label of what a file of this path holds.
pub(super) fn credential_label(path: &str) -> Taint {
    let is_secret = strings::classify(path).iter().any(|(kind, _)| {
        matches!(
            kind,
            F::CredentialRead
                | F::SshRead
                | F::CloudCredentials
                | F::SystemAccounts
                | F::ShellHistory
                | F::BrowserStore
                | F::Keychain
                | F::DiscordToken
                | F::MessengerSession
                | F::GameSession
                | F::Wallet
                | F::TokenFile
        )
    });
    if is_secret { l::CREDENTIAL } else { Taint::NONE }
}

fn is_runnable(path: &str) -> bool {
    [".exe", ".bat", ".cmd", ".vbs", ".ps1", ".scr", ".dll", ".sh", ".pyw", ".hta", ".lnk", ".pyz"]
        .iter()
        .any(|suffix| path.ends_with(suffix))
}

fn is_temporary(path: &str) -> bool {
    ["/tmp/", "%temp%", "%appdata%", "%localappdata%", "\\temp\\", "/var/tmp/", "/dev/shm/"]
        .iter()
        .any(|p| path.contains(p))
}

/// A text that another Python will run once it is in a file.
fn looks_like_python(text: &str) -> bool {
    text.len() > 40
        && (text.contains("import ") || text.contains("exec(") || text.contains("__import__"))
        && (text.contains('(') && text.contains('\n') || text.contains("exec("))
}

/// Names of variables that hold secrets by themselves (not an API key of one service the program is a client of).
pub(super) fn is_secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let whole = matches!(
        upper.as_str(),
        "AWS_SECRET_ACCESS_KEY" | "AWS_SESSION_TOKEN" | "AWS_ACCESS_KEY_ID" | "GITHUB_TOKEN"
            | "GH_TOKEN" | "NPM_TOKEN" | "PYPI_TOKEN" | "TWINE_PASSWORD" | "ACTIONS_RUNTIME_TOKEN"
            | "ACTIONS_ID_TOKEN_REQUEST_TOKEN" | "GITLAB_TOKEN" | "CI_JOB_TOKEN" | "SSH_AUTH_SOCK"
            | "KUBECONFIG" | "DATABASE_URL" | "AZURE_CLIENT_SECRET" | "DOCKER_PASSWORD"
            | "CARGO_REGISTRY_TOKEN" | "VAULT_TOKEN"
    );
    whole || upper.ends_with("PRIVATE_KEY") || upper.ends_with("_MNEMONIC")
}

fn is_ci_name(upper: &str) -> bool {
    matches!(
        upper,
        "CI" | "GITHUB_ACTIONS" | "GITLAB_CI" | "TRAVIS" | "JENKINS_URL" | "CIRCLECI" | "TEAMCITY_VERSION"
    )
}

impl Observer for Witness {
    fn call(&mut self, site: &Site<'_>, call: &Call<'_>, names: &Names) -> Effect {
        // `picture.save(place)`: what is read from there is the picture.
        if call.receiver.has(l::SCREEN) && call.path.ends_with(".save") {
            let path = call.args.first().and_then(Cell::as_text).map(|t| t.to_string());
            self.keep_file(site, path.as_deref(), call.receiver);
            return Effect::default();
        }
        match self.api(call) {
            Some(api) => self.act(site, call, api, names),
            None => Effect::default(),
        }
    }

    fn reference(&mut self, _site: &Site<'_>, path: PathId, names: &Names) -> Taint {
        *self
            .references
            .entry(path)
            .or_insert_with(|| api::reference(&names.path(path)))
    }

    fn text(&mut self, site: &Site<'_>, text: &str, taint: Taint) {
        let text = front(text);
        let hides = taint.has(HIDING);
        // A constant by itself does nothing when it is met; what uses it is seen where it is used.
        let trigger = if hides {
            Self::trigger(site)
        } else {
            Self::trigger(site).max(Trigger::Call)
        };
        let is_prose = text.len() > 400 && !hides;
        for (kind, detail) in strings::classify(text) {
            let is_address = kind.group() == crate::Group::Network;
            let is_short = text.len() < 2_000;
            if is_address
                && is_short
                && hides
                && (taint.has(Taint::DECODED.and(Taint::DECRYPTED)) || kind != F::EndpointOther || text.starts_with("http"))
            {
                self.add(site, F::HiddenUrl, &detail);
            }
            // That word alone is a module's name; writing the file is seen where it is written.
            if kind == F::PersistSite {
                continue;
            }
            // Help texts and tables name many paths.
            if is_address || !is_prose {
                let before = self.facts.len();
                self.add_at(site, trigger, kind, &detail);
                let actual = Self::trigger(site);
                if self.facts.len() > before && actual < trigger {
                    self.promotable.push((before, actual));
                }
            }
        }
        if hides && super::process::looks_like_command(text) {
            self.add(site, F::HiddenCommand, text);
        }
    }

    fn import(&mut self, _site: &Site<'_>, path: &str) {
        if self.imports.len() < 4_096 {
            self.imports.insert(path.to_owned());
        }
    }

    fn store(&mut self, site: &Site<'_>, path: &str, value: &Cell) {
        let is_builtin = matches!(path, "print" | "exec" | "eval" | "open" | "input" | "__import__");
        if is_builtin && !matches!(value.value, Value::None) {
            self.add(site, F::BuiltinReplaced, path);
        }
    }

    fn layer(&mut self, site: &Site<'_>, text: &str) {
        let depth = site
            .layers
            .iter()
            .filter(|l| matches!(**l, "exec" | "eval" | "python -c" | "written"))
            .count();
        let decoded = site
            .layers
            .iter()
            .any(|l| Taint::STEPS.iter().any(|(step, _)| step == l));
        if decoded && text.len() > 20 {
            self.add(site, F::HiddenCode, text);
        }
        if depth >= 2 {
            self.add(site, F::ExecNested, &format!("{depth} layers"));
        }
        if depth >= 3 {
            self.add(site, F::DeepLayers, &format!("{depth} layers"));
        }
    }

    fn bytecode(&mut self, site: &Site<'_>, bytes: &[u8]) {
        let mut facts = Vec::new();
        bytecode::marshalled("", bytes, Self::trigger(site), &mut facts);
        for fact in facts {
            self.add(site, fact.kind, &fact.detail);
        }
    }

    fn knows(&self, path: &str) -> bool {
        api::call(path).is_some() || (!path.contains('.') && api::is_sensitive_module(path))
    }
}
