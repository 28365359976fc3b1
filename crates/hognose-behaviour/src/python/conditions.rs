//! Acts that wait for a date or a machine, parameters that are secrets by their name, and calls nothing is known of.

use std::sync::LazyLock;

use hognose_python::{Call, Cell, Effect, Interest, Names, Site, Taint, Value};
use rustc_hash::FxHashMap;

use super::api::Api;
use super::labels as l;
use super::witness::{HIDING, Witness, tainted};
use crate::content::stdlib;
use crate::fact::{Fact, FactKind as F, Place};

/// What the interpreter has to tell.
pub(super) const INTEREST: Interest = Interest {
    compared: Taint(l::NOW.0 | l::HOST.0 | l::REGION.0),
    conditions: Taint(l::DATE_TEST.0 | l::TARGET_TEST.0),
    implicit: l::KEYS,
};

/// Names of parameters that are credentials.
const SECRETS: &str = "password passwd pwd passphrase secret secret_key secretkey secret_id access_key accesskey \
    access_key_id access_key_secret secret_access_key ak sk token access_token auth_token api_key apikey api_secret \
    api_token client_secret credentials private_key refresh_token session_token";
/// Names of parameters that are all that stands between a thief and a wallet.
const WALLET: &str = "mnemonic mnemonic_phrase seed seed_phrase seed_words private_key privkey priv_key keypair \
    wallet_key recovery_phrase secret_phrase";
/// The longest of them.
const LONGEST: usize = 24;

/// Labels of a parameter because of its name.
pub(super) fn parameter(name: &str) -> Taint {
    static LABELS: LazyLock<FxHashMap<&str, Taint>> = LazyLock::new(|| {
        let mut labels = FxHashMap::default();
        for (names, label) in [
            (SECRETS, l::SECRET_PARAMETER),
            (WALLET, l::WALLET_PARAMETER),
        ] {
            for name in names.split_ascii_whitespace() {
                let slot: &mut Taint = labels.entry(name).or_insert(Taint::NONE);
                *slot = slot.and(label);
            }
        }
        labels
    });
    if name.len() < 2 || name.len() > LONGEST {
        return Taint::NONE;
    }
    let known = if name.bytes().any(|b| b.is_ascii_uppercase()) {
        LABELS.get(name.to_ascii_lowercase().as_str())
    } else {
        LABELS.get(name)
    };
    known.copied().unwrap_or(Taint::NONE)
}

/// What a comparison asks: whether a date has come, whether this is a certain machine.
pub(super) fn compared(left: &Cell, right: &Cell, names: &Names) -> Taint {
    let mut taint = Taint::NONE;
    for (asked, constant) in [(left, right), (right, left)] {
        if asked.taint.has(l::NOW) && !constant.taint.has(l::NOW) && is_date(asked, constant, names)
        {
            taint = taint.and(l::DATE_TEST);
        }
        let asks = asked.taint.has(l::HOST.and(l::REGION));
        if asks && !constant.taint.has(l::HOST.and(l::REGION)) && is_name(constant) {
            taint = taint.and(l::TARGET_TEST);
        }
    }
    taint
}

/// Whether a constant is a date: one that was made of numbers, seconds since 1970, a year, a text that begins with one.
fn is_date(asked: &Cell, constant: &Cell, names: &Names) -> bool {
    let part = asked.value.path_text(names).is_some_and(|p| {
        [".year", ".month", ".day"]
            .iter()
            .any(|end| p.ends_with(end))
    });
    match &constant.value {
        _ if constant.taint.has(l::DATE) => true,
        Value::Int(number) => part || (1_400_000_000..4_000_000_000).contains(number),
        Value::Float(number) => (1.4e9..4e9).contains(number),
        Value::Str(text) => {
            text.len() >= 6
                && text.starts_with("20")
                && text.bytes().take(4).all(|b| b.is_ascii_digit())
        }
        _ => false,
    }
}

/// Whether a constant names machines, users or places; everybody asks for the super-user.
fn is_name(constant: &Cell) -> bool {
    let names = |cell: &Cell| {
        cell.as_text()
            .is_some_and(|t| t.len() > 1 && !matches!(&**t, "root" | "localhost" | "C"))
    };
    match &constant.value {
        Value::Tuple(cells) => cells.iter().take(64).any(names),
        Value::List(cells) => cells
            .try_borrow()
            .is_ok_and(|cells| cells.iter().take(64).any(names)),
        _ => names(constant),
    }
}

/// Acts that are worth waiting for.
fn is_deed(kind: F) -> bool {
    use crate::Group;
    match kind.group() {
        Group::Flow | Group::Destruction => true,
        Group::Process => kind != F::ProcessBuild,
        Group::Code => matches!(
            kind,
            F::ExecDynamic
                | F::ExecConstant
                | F::ExecDecoded
                | F::ExecDecrypted
                | F::ExecDownloaded
        ),
        Group::Network => matches!(
            kind,
            F::NetworkCall | F::NetworkSend | F::DownloadFile | F::SocketConnect
        ),
        _ => false,
    }
}

impl Witness {
    /// What few programs call.
    pub(super) fn act_seldom(&mut self, site: &Site<'_>, call: &Call<'_>, api: Api) -> Effect {
        match api {
            Api::Date => {
                let known = call.args.iter().all(|c| c.value.is_scalar());
                return tainted(if known && !call.args.is_empty() {
                    l::DATE
                } else {
                    Taint::NONE
                });
            }
            Api::Request => return Self::request(call),
            Api::Fork if site.endless => self.add(site, F::ForkBomb, call.path),
            Api::Map => {
                let prot = call.arg(2, "prot").and_then(|c| c.value.int());
                if call.argument_taint().has(l::EXECUTABLE) || prot.is_some_and(|p| p & 4 != 0) {
                    self.add(site, F::NativeMemory, call.path);
                }
            }
            Api::Handler => {
                return Effect {
                    callback: Some(l::NETWORK.and(l::MESSAGE)),
                    ..Effect::default()
                };
            }
            Api::Finder => return Self::finder(call),
            Api::SearchPath => {
                let trigger = Self::trigger(site);
                for text in call.args.iter().filter_map(Cell::as_text).take(2) {
                    self.starts(text, trigger);
                }
            }
            _ => {}
        }
        Effect::default()
    }

    /// A branch on a date or a target is entered or left.
    pub(super) fn branch(&mut self, site: &Site<'_>, labels: Taint, entering: bool) {
        if entering {
            self.guards.push((labels, self.facts.len()));
            return;
        }
        let Some((labels, before)) = self.guards.pop() else {
            return;
        };
        let new = self.facts.get(before..).unwrap_or_default();
        let Some(deed) = new.iter().map(|f| f.kind).find(|kind| is_deed(*kind)) else {
            return;
        };
        for (label, kind) in [
            (l::DATE_TEST, F::TimeBomb),
            (l::TARGET_TEST, F::TargetCheck),
        ] {
            if labels.has(label) {
                self.add(site, kind, deed.as_str());
            }
        }
    }

    /// A call of something nothing is known of.
    pub(super) fn unknown(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        let last = call.path.rsplit('.').next().unwrap_or_default();
        // `config.get("secret")`.
        if call.receiver.has(Taint::PARAMETER)
            && last == "get"
            && let Some(name) = call.args.first().and_then(Cell::as_text)
        {
            return tainted(parameter(name));
        }
        // `pair.secret()`.
        if call.receiver.has(Taint::PARAMETER) && call.args.is_empty() {
            let taint = parameter(last);
            if taint != Taint::NONE {
                return tainted(taint);
            }
        }
        // `socket.getfqdn().endswith(".example")`.
        if call.receiver.has(l::HOST.and(l::REGION))
            && matches!(last, "endswith" | "startswith" | "find" | "count" | "index")
            && call.args.first().is_some_and(is_name)
        {
            return tainted(l::TARGET_TEST);
        }
        self.gives(site, call);
        if call.dropped && has_secret(call) && is_helper(call.path) {
            self.add(site, F::FlowCredentialDependency, call.path);
        }
        Effect::default()
    }

    /// A function of somebody else's is replaced by one of the program's own.
    pub(super) fn replaces(&mut self, site: &Site<'_>, path: &str) {
        let (line, column) = site.position();
        let file = self.files.get(site.module.0 as usize);
        let place = Place {
            file: file.map_or_else(String::new, ToString::to_string),
            line,
            column,
            layers: Vec::new(),
        };
        if self.replaced.len() < 64 {
            let trigger = Self::trigger(site);
            self.replaced
                .push(Fact::new(F::BuiltinReplaced, trigger, place, path));
        }
    }

    /// A request keeps its address for whoever sends it.
    pub(super) fn request(call: &Call<'_>) -> Effect {
        let sends = call.args.len() > 1 || call.keyword("data").is_some();
        let url = call.arg(0, "url");
        // How the body was made says nothing of the address.
        let own = url.map_or(Taint::NONE, |c| c.taint);
        Effect {
            taint: own.and(if sends { l::BODY } else { Taint::NONE }),
            washes: HIDING,
            value: url
                .and_then(Cell::as_text)
                .map(|url| Value::Str(url.clone())),
            ..Effect::default()
        }
    }

    /// What finds modules runs at every later import.
    pub(super) fn finder(call: &Call<'_>) -> Effect {
        let mut effect = Effect::default();
        for cell in call.args {
            if matches!(cell.value, Value::Instance(_) | Value::Class(_)) {
                for method in ["find_spec", "find_module", "exec_module", "load_module"] {
                    effect.methods.push((cell.clone(), method));
                }
            }
        }
        effect
    }

    /// All classes there are, or one of them called.
    pub(super) fn subclasses(&mut self, site: &Site<'_>, call: &Call<'_>, names: &Names) -> Effect {
        if !call.path.ends_with("[]") {
            self.add(site, F::HiddenName, call.path);
            return Effect::default();
        }
        let is_command = call
            .args
            .first()
            .is_some_and(|c| matches!(c.value, Value::Str(_) | Value::List(_) | Value::Tuple(_)));
        if is_command {
            self.process(site, call, (false, true), names)
        } else {
            Effect::default()
        }
    }
}

/// Whether any argument is a parameter that is named like a credential.
fn has_secret(call: &Call<'_>) -> bool {
    call.argument_taint()
        .has(l::SECRET_PARAMETER.and(l::WALLET_PARAMETER))
}

/// Whether a path is a function of another distribution whose name does not say that it takes credentials.
fn is_helper(path: &str) -> bool {
    let Some((root, rest)) = path.split_once('.') else {
        return false;
    };
    if root == "?" || path.contains("()") || path.contains("[]") || stdlib::is_standard(root) {
        return false;
    }
    let last = rest.rsplit('.').next().unwrap_or(rest).to_ascii_lowercase();
    ![
        "login", "auth", "config", "setup", "init", "set", "connect", "regist", "add", "sign",
        "print", "echo", "secho", "debug", "info", "warn", "error", "log", "use", "save", "store",
        "put", "write", "validate", "check", "verify", "assert", "require", "hash", "open",
        "start", "run", "main", "cred", "password", "token", "key", "secret", "create", "update",
        "delete", "enable", "bind", "unlock",
    ]
    .iter()
    .any(|word| last.contains(word))
}
