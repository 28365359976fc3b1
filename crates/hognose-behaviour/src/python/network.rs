//! The network: requests, connections, look-ups, and what reaches them.

use hognose_python::{Call, Cell, Effect, Site, Taint, Value};

use super::labels as l;
use super::witness::{Witness, argument, tainted};
use crate::fact::FactKind as F;

impl Witness {
    pub(super) fn fetch(&mut self, site: &Site<'_>, call: &Call<'_>, position: usize) -> Effect {
        let address = call
            .args
            .get(position)
            .or_else(|| call.keyword("url"))
            .or_else(|| call.args.first());
        let shown = address.map_or_else(|| call.path.to_owned(), |c| address_text(c, call.path));
        let method = call.args.first().and_then(Cell::as_text);
        let sends = call.keyword("data").is_some()
            || call.keyword("json").is_some()
            || call.keyword("files").is_some()
            || (position == 1
                && method
                    .is_some_and(|m| matches!(&*m.to_ascii_uppercase(), "POST" | "PUT" | "PATCH")))
            || (call.path.ends_with("urlopen") && call.args.len() > 1);
        let taint = call.argument_taint().and(call.receiver);
        let sends = sends || taint.has(l::BODY);
        if !is_loopback(&shown) {
            self.add(site, F::NetworkCall, &shown);
        }
        self.used(site, &shown);
        // Old bootstrap scripts fetch a distribution from the index by its address: that is what pip would do.
        if shown.contains("/packages/source/") {
            self.add(site, F::PipInstall, &shown);
            return Effect {
                washes: everything(),
                ..Effect::default()
            };
        }
        if sends && !is_loopback(&shown) {
            self.add(site, F::NetworkSend, &shown);
        }
        self.unverified(site, call);
        self.flows(site, call, (taint, sends), &shown);
        Effect {
            taint: l::NETWORK,
            washes: everything(),
            ..Effect::default()
        }
    }

    pub(super) fn send(&mut self, site: &Site<'_>, call: &Call<'_>, position: usize) -> Effect {
        let address = if call.path.ends_with(".sendto") {
            call.args.last()
        } else {
            call.args.get(position).or_else(|| call.keyword("url"))
        };
        let shown = address.map_or_else(|| call.path.to_owned(), |c| address_text(c, call.path));
        // An unknown thing that has a `sendall` need not be a connection.
        if call.path.starts_with('?') && call.argument_taint() == Taint::NONE {
            return Effect::default();
        }
        // What was connected to this machine alone talks to this machine.
        let ledger = self.ledger(site);
        let local = is_socket(call.path) && ledger.connected && !ledger.remote;
        if !local && !is_loopback(&shown) {
            self.add(site, F::NetworkCall, &shown);
            self.add(site, F::NetworkSend, &shown);
        }
        self.used(site, &shown);
        self.unverified(site, call);
        let taint = call.argument_taint().and(call.receiver);
        self.flows(site, call, (taint, true), &shown);
        Effect {
            taint: l::NETWORK,
            washes: everything(),
            ..Effect::default()
        }
    }

    fn unverified(&mut self, site: &Site<'_>, call: &Call<'_>) {
        if call
            .keyword("verify")
            .is_some_and(|c| c.value.truth() == Some(false))
        {
            self.add(site, F::TlsUnverified, call.path);
        }
    }

    /// What reaches the network.
    pub(super) fn flows(
        &mut self,
        site: &Site<'_>,
        call: &Call<'_>,
        (taint, sends): (Taint, bool),
        shown: &str,
    ) {
        let to = if shown.is_empty() { call.path } else { shown };
        for (label, kind) in l::TO_NETWORK {
            if !taint.has(label) || (label == l::FILE && taint.has(l::PACKAGE_DATA)) {
                continue;
            }
            // A token for a code host goes to that host.
            if label == l::ENV_SECRET
                && !taint.has(l::CREDENTIAL)
                && self.only_code_host(site, shown)
            {
                continue;
            }
            // Platform and version are what every honest client says of itself; alone they only count unasked.
            if label == l::PLATFORM
                && (!sends
                    || only_in_headers(call)
                    || taint.has(l::HOST)
                    || Self::trigger(site) >= crate::Trigger::EntryPoint)
            {
                continue;
            }
            // A picture of the screen that goes where the user says is a picture that the user sends.
            if (l::SCREEN.and(l::CLIPBOARD).and(l::KEYS)).has(label)
                && Self::trigger(site) >= crate::Trigger::EntryPoint
                && is_chosen(call, shown)
            {
                continue;
            }
            self.add(site, kind, to);
            if label == l::ENV_ALL {
                self.add(site, F::EnvAll, to);
            }
        }
        if taint.has(Taint::PARAMETER) && shown.starts_with("http") {
            self.add(site, F::FlowParameterNetwork, to);
        }
        self.sends(site, taint, shown);
        self.passed_on(site, call, taint, shown);
    }

    /// Credentials of the caller go to an address of the program's own, and nobody looks at the answer: a client that
    /// logs in does.
    fn passed_on(&mut self, site: &Site<'_>, call: &Call<'_>, taint: Taint, shown: &str) {
        // Nor does an honest client send them without encryption.
        let open = shown.starts_with("http://") && taint.has(l::SECRET_PARAMETER);
        if !(call.dropped || open) || !has_own_host(shown) {
            return;
        }
        if taint.has(l::WALLET_PARAMETER) {
            self.add(site, F::Mnemonic, shown);
            self.add(site, F::FlowWalletParameter, shown);
        }
        if taint.has(l::SECRET_PARAMETER) {
            self.add(site, F::FlowCredentialParameter, shown);
        }
    }

    /// True when every secret read from the environment so far is a token of the host that is addressed.
    fn only_code_host(&mut self, site: &Site<'_>, shown: &str) -> bool {
        let lower = shown.to_ascii_lowercase();
        let names = self.secrets(site);
        !names.is_empty()
            && names.iter().all(|name| {
                (name.contains("GITHUB") || name.starts_with("GH_"))
                    && (lower.contains("github") || !lower.contains("://"))
                    || name.contains("GITLAB") && lower.contains("gitlab")
            })
    }

    pub(super) fn download(
        &mut self,
        site: &Site<'_>,
        call: &Call<'_>,
        from: usize,
        to: usize,
    ) -> Effect {
        let shown = argument(call, from);
        self.add(site, F::NetworkCall, &shown);
        self.add(site, F::DownloadFile, &shown);
        self.used(site, &shown);
        let path = call
            .args
            .get(to)
            .or_else(|| call.keyword("filename"))
            .or_else(|| call.keyword("out"))
            .and_then(Cell::as_text)
            .map(ToString::to_string)
            .unwrap_or_default();
        self.drop_file(site, path, l::NETWORK);
        self.flows(site, call, (call.argument_taint(), false), &shown);
        tainted(l::NETWORK.and(l::DOWNLOADED_PATH))
    }

    pub(super) fn connect(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        let shown = call
            .args
            .first()
            .map_or_else(|| call.path.to_owned(), |c| address_text(c, call.path));
        self.connected(site);
        if !is_loopback(&shown) {
            self.ledger(site).remote = true;
            self.add(site, F::NetworkCall, &shown);
            if is_socket(call.path) {
                self.add(site, F::SocketConnect, &shown);
            }
        }
        for text in pieces(call) {
            self.used(site, &text);
        }
        tainted(l::SOCKET)
    }

    pub(super) fn look_up(&mut self, site: &Site<'_>, call: &Call<'_>, position: usize) -> Effect {
        let Some(name) = call.args.get(position) else {
            return Effect::default();
        };
        let shown = address_text(name, call.path);
        self.add(site, F::DnsLookup, &shown);
        let carried = l::HOST
            .and(l::ENV_ALL)
            .and(l::ENV_SECRET)
            .and(l::CREDENTIAL)
            .and(l::FILE)
            .and(l::COMMAND);
        if name.taint.has(carried) && shown != call.path {
            self.add(site, F::DnsConstructed, &shown);
            self.add(site, F::FlowDns, &shown);
        }
        Effect {
            taint: Taint::NONE,
            washes: everything(),
            ..Effect::default()
        }
    }
}

fn is_socket(path: &str) -> bool {
    path.starts_with("socket.") || path.starts_with("_socket.")
}

/// Whether an address is this machine.
fn is_loopback(shown: &str) -> bool {
    let host = shown.split_once("://").map_or(shown, |(_, rest)| rest);
    ["127.0.0.1", "localhost", "[::1]", "::1"]
        .iter()
        .any(|own| {
            host.strip_prefix(own)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
        })
}

/// Whether the platform is named only where clients name it.
fn only_in_headers(call: &Call<'_>) -> bool {
    let elsewhere = call
        .keywords
        .iter()
        .filter(|(name, _)| name.as_deref() != Some("headers"))
        .map(|(_, cell)| cell)
        .chain(call.args)
        .fold(Taint::NONE, |t, c| t.and(c.deep_taint()));
    !elsewhere.has(l::PLATFORM)
}

/// Whether an address has a host that stands in the source.
pub(super) fn has_own_host(shown: &str) -> bool {
    shown
        .strip_prefix("http")
        .and_then(|rest| rest.split_once("://"))
        .and_then(|(_, rest)| rest.split('/').next())
        .is_some_and(|host| host.contains('.') && !host.contains("{}"))
        && !is_loopback(shown)
}

/// Whether the caller or user chose the address.
fn is_chosen(call: &Call<'_>, shown: &str) -> bool {
    let address = call.args.first().or_else(|| call.keyword("url"));
    shown == call.path
        && address.is_some_and(|cell| {
            cell.value.is_opaque() && cell.taint.has(l::TYPED.and(Taint::PARAMETER))
        })
}

/// What an answer does not carry over from its request.
fn everything() -> Taint {
    Taint(u64::MAX)
}

/// Host and port of `connect(("host", 1))`, or a text.
fn pieces(call: &Call<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for cell in call.args.iter().take(2) {
        match &cell.value {
            Value::Str(text) => out.push(text.to_string()),
            Value::Tuple(parts) => out.extend(
                parts
                    .iter()
                    .filter_map(|p| p.as_text().map(ToString::to_string)),
            ),
            _ => {}
        }
    }
    out
}

fn address_text(cell: &Cell, path: &str) -> String {
    match &cell.value {
        Value::Str(text) => text.to_string(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Tuple(parts) => parts
            .iter()
            .map(|p| match &p.value {
                Value::Str(text) => text.to_string(),
                Value::Int(port) => port.to_string(),
                _ => "{}".into(),
            })
            .collect::<Vec<_>>()
            .join(":"),
        _ => path.to_owned(),
    }
}
