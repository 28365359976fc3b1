//! What each kind of call does.

use hognose_python::{Call, Cell, Effect, Names, Observer, Site, Taint, Value};

use super::api::Api;
use super::files::{credential_label, is_others_file, is_user_folder};
use super::labels as l;
use super::witness::{HIDING, Witness, argument, front, is_constant, is_own_path, tainted};
use crate::content::strings;
use crate::fact::FactKind as F;

impl Witness {
    pub(super) fn act(
        &mut self,
        site: &Site<'_>,
        call: &Call<'_>,
        api: Api,
        names: &Names,
    ) -> Effect {
        match api {
            Api::Fact(kind, taint) => self.known(site, call, kind, taint),
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
            Api::Read => self.read_path(site, call),
            Api::EnvGet => self.env_get(site, call),
            Api::Decode(step) => self.decode(site, call, step),
            Api::Decrypt => self.decrypt(site, call),
            Api::Encrypt => tainted(l::CIPHERED),
            Api::Import => self.import_call(site, call),
            Api::Reflect => self.reflect(site, call, names),
            Api::Setup => self.setup_call(site, call),
            Api::Subclasses => self.subclasses(site, call, names),
            Api::Delete => self.delete(site, call),
            Api::Copy => self.copy(site, call),
            Api::PathOf => Self::path_of(call),
            Api::Search | Api::Exists => self.search(site, call, api == Api::Search),
            Api::Buffer => {
                let kept = self.kept(site, None);
                tainted(if self.ledger(site).packed {
                    kept.and(l::FILE)
                } else {
                    kept
                })
            }
            other => self.act_rest(site, call, other),
        }
    }

    fn act_rest(&mut self, site: &Site<'_>, call: &Call<'_>, api: Api) -> Effect {
        match api {
            Api::Feed => {
                for cell in call.args.iter().chain(call.keyword("input")) {
                    self.fed(site, cell);
                }
                return tainted(l::COMMAND);
            }
            Api::Pour => self.pour(site, call),
            Api::Sleep => {
                if let Some(seconds) = call.arg(0, "secs").and_then(|c| c.value.int())
                    && seconds >= 300
                {
                    self.add(site, F::LongSleep, &format!("{seconds} s"));
                }
            }
            Api::Duplicate if self.ledger(site).connected => {
                self.add(site, F::ReverseShell, call.path);
            }
            Api::Chmod => self.add(site, F::MarkExecutable, &argument(call, 0)),
            Api::Pattern => {
                let text = call.args.first().and_then(Cell::as_text);
                for (kind, detail) in text.map_or_else(Vec::new, |t| strings::classify(front(t))) {
                    if kind.group() != crate::Group::Network {
                        self.add(site, kind, &detail);
                    }
                }
            }
            Api::Extract => {
                let dropped = self.ledger(site).dropped();
                let has = dropped.iter().any(|(_, t)| t.has(l::NETWORK));
                if has || call.receiver.and(call.argument_taint()).has(l::NETWORK) {
                    // Everything below the folder came with it.
                    let folder = call.arg(0, "path").and_then(Cell::as_text);
                    let folder = folder.map_or_else(String::new, |f| format!("{f}/"));
                    self.drop_file(site, folder, l::NETWORK);
                }
            }
            Api::Native => self.load_native(site, call),
            Api::Marshal => return self.unmarshal(site, call),
            other => return self.act_seldom(site, call, other),
        }
        Effect::default()
    }

    /// A call that is a fact by itself.
    fn known(&mut self, site: &Site<'_>, call: &Call<'_>, kind: F, taint: Taint) -> Effect {
        // A video file is no camera.
        if kind == F::Camera && call.args.first().and_then(|c| c.value.int()).is_none() {
            return Effect::default();
        }
        self.fact_call(site, call, kind);
        match kind {
            F::KeyboardHook => Effect {
                taint,
                callback: Some(l::KEYS),
                ..Effect::default()
            },
            F::ArchiveCollect => {
                let label = credential_labels(call)
                    .and(l::FILE)
                    .and(call.argument_taint());
                self.used_all(site, call);
                self.keep_file(site, None, label);
                self.ledger(site).packed = true;
                tainted(label)
            }
            F::Screenshot => {
                let path = text_argument(call);
                self.keep_file(site, path.as_deref(), taint.and(call.argument_taint()));
                tainted(taint)
            }
            _ => tainted(taint),
        }
    }

    /// `Path(x).read_text()` names its file; of what `open` gave, that was seen there.
    fn read_path(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        let text = text_argument(call);
        let mut taint = l::FILE;
        if is_own_path(call.path) {
            taint = taint.and(self.kept(site, text.as_deref()));
            if let Some(text) = &text {
                self.used(site, text);
                taint = taint.and(credential_label(text));
            }
        }
        tainted(taint)
    }

    fn decrypt(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        self.add(site, F::Decrypt, call.path);
        if call.argument_taint().has(Taint::DECODED) || call.args.iter().any(is_constant) {
            self.add(site, F::DecryptEmbedded, call.path);
        }
        tainted(Taint::step("cipher").and(Taint::DECRYPTED))
    }

    /// `shutil.copyfileobj(answer, file)`.
    fn pour(&mut self, site: &Site<'_>, call: &Call<'_>) {
        let from = call.args.first().map_or(Taint::NONE, Cell::deep_taint);
        if !from.has(l::NETWORK) {
            return;
        }
        self.add(site, F::DownloadFile, call.path);
        let paths = self.ledger(site).opened.clone();
        for path in paths {
            self.drop_file(site, path, l::NETWORK);
        }
        self.drop_file(site, String::new(), l::NETWORK);
    }

    fn search(&mut self, site: &Site<'_>, call: &Call<'_>, lists: bool) -> Effect {
        let taint = call.argument_taint();
        self.used_all(site, call);
        if call
            .args
            .first()
            .and_then(Cell::as_text)
            .is_some_and(|t| &**t == "/proc")
        {
            self.add(site, F::ProcessList, call.path);
        }
        // `Path("~/.ssh").glob("id_*")`.
        if let [Some(folder), Some(pattern)] =
            [call.args.first(), call.args.get(1)].map(|c| c.and_then(Cell::as_text))
        {
            let whole = format!("{folder}/{pattern}");
            self.used(site, &whole);
        }
        if !lists {
            return Effect::default();
        }
        self.ledger(site).searched = true;
        if taint.has(l::HOME) || call.args.iter().any(is_user_folder) {
            self.add(site, F::FileSearch, &argument(call, 0));
        }
        let others = call.args.iter().filter_map(Cell::as_text);
        let others = if others.into_iter().any(|t| is_others_file(t)) {
            l::OTHERS_FILE
        } else {
            Taint::NONE
        };
        tainted(l::SEARCHED.and(credential_labels(call)).and(others))
    }

    fn load_native(&mut self, site: &Site<'_>, call: &Call<'_>) {
        let taint = call.argument_taint();
        let path = argument(call, 0);
        self.add(site, F::NativeLoad, &path);
        self.starts_copy(site, &path);
        let origin = self.runs_dropped(site, &path, taint);
        if origin.is_some_and(|t| t.has(l::NETWORK))
            || taint.has(l::NETWORK.and(l::DOWNLOADED_PATH))
        {
            self.add(site, F::FlowDownloadRun, &path);
        }
    }

    fn unmarshal(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
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

    /// Notes what every text among the arguments names.
    fn used_all(&mut self, site: &Site<'_>, call: &Call<'_>) {
        for text in call.args.iter().filter_map(Cell::as_text) {
            self.used(site, text);
        }
    }

    fn fact_call(&mut self, site: &Site<'_>, call: &Call<'_>, kind: F) {
        let detail = match call.args.first().and_then(Cell::as_text) {
            Some(text) => format!("{}({text})", call.path),
            None => call.path.to_owned(),
        };
        self.add(site, kind, &detail);
        if kind == F::RegistryWrite {
            self.used_all(site, call);
        }
        // Whoever answers decides what is run. Called by somebody, it is what clients of caches and models do.
        if kind == F::PickleLoad
            && call.argument_taint().has(l::NETWORK)
            && Self::trigger(site) < crate::Trigger::EntryPoint
        {
            self.add(site, F::FlowDownloadExec, &detail);
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
}

fn text_argument(call: &Call<'_>) -> Option<String> {
    call.args
        .first()
        .and_then(Cell::as_text)
        .map(ToString::to_string)
}

/// Labels of what the files that the arguments name hold.
fn credential_labels(call: &Call<'_>) -> Taint {
    call.args
        .iter()
        .filter_map(Cell::as_text)
        .fold(Taint::NONE, |t, text| t.and(credential_label(text)))
}
