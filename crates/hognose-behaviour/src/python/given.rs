//! Both ends of what crosses into another distribution: credentials given, parameters sent.

use hognose_python::{Call, Site, Taint};

use super::labels as l;
use super::witness::Witness;
use crate::across::{Handed, Sender};
use crate::content::stdlib;
use crate::fact::{FactKind as F, Place};

/// Ends of each kind that are kept.
const MAX: usize = 256;
/// What counts as a credential of whoever uses the program.
const CREDENTIALS: Taint =
    Taint(l::SECRET_PARAMETER.0 | l::WALLET_PARAMETER.0 | l::ENV_SECRET.0 | l::CREDENTIAL.0);

impl Witness {
    /// A function of another distribution is called: are there credentials among its arguments?
    pub(super) fn gives(&mut self, site: &Site<'_>, call: &Call<'_>) {
        if self.ends.handed.len() >= MAX || !call.argument_taint().has(CREDENTIALS) {
            return;
        }
        let Some((root, rest)) = call.path.split_once('.') else {
            return;
        };
        // Classes are clients: they are made to hold credentials. Methods of results belong to them.
        let last = rest.rsplit('.').next().unwrap_or(rest);
        let is_function = last.starts_with(|c: char| c.is_lowercase() || c == '_')
            && !call.path.contains(['(', '[', '?']);
        if !is_function || stdlib::is_standard(root) {
            return;
        }
        self.ends.handed.push(Handed {
            function: call.path.to_owned(),
            place: self.place(site),
            trigger: Self::trigger(site),
        });
    }

    /// Something reaches the network: is it what a caller of the function passed?
    pub(super) fn sends(&mut self, site: &Site<'_>, taint: Taint, shown: &str) {
        // Decoded where it stands: the address the source does not show.
        let theirs = taint.has(Taint::PARAMETER.and(CREDENTIALS).and(l::ENV_ALL));
        if theirs && shown.starts_with("http") && self.hides(shown) {
            self.add(site, F::FlowHiddenRecipient, shown);
        }
        if self.walking.is_empty() || !taint.has(Taint::PARAMETER) || self.ends.senders.len() >= MAX
        {
            return;
        }
        let function = self.walking.clone();
        let place = self.place(site);
        self.ends.senders.push(Sender { function, place });
    }

    /// Remembers a host that came out of a decoder. One that was merely put together is hidden from nobody.
    pub(super) fn decoded(&mut self, taint: Taint, host: &str) {
        // Whoever unquotes an address hides nothing.
        let is_decoded = taint.has(Taint::DECRYPTED) || taint.steps().any(|step| step != "url");
        if is_decoded && host.len() > 8 && self.decoded.len() < MAX {
            self.decoded.insert(host.to_owned());
        }
    }

    /// Whether the host of an address was decoded.
    fn hides(&self, address: &str) -> bool {
        self.decoded
            .iter()
            .any(|host| address.contains(host.as_str()))
    }

    /// Code or a command from outside runs.
    pub(super) fn told(&mut self, site: &Site<'_>, kind: F, detail: &str, taint: Taint) {
        let before = self.facts.len();
        self.add(site, kind, detail);
        if taint.has(l::MESSAGE) && self.facts.len() > before && self.told.len() < MAX {
            self.told.push(before);
        }
    }

    /// A bot whose token the user puts into the environment obeys the user; one that carries its token obeys its author.
    pub(super) fn own_bots(&mut self) {
        for at in std::mem::take(&mut self.told) {
            let file = self.facts.get(at).map(|f| f.place.file.clone());
            let is_own = self.facts.iter().any(|f| {
                Some(&f.place.file) == file.as_ref()
                    && matches!(f.kind, F::EnvSecret | F::EnvRead)
                    && f.detail.contains("TOKEN")
            });
            if is_own && let Some(fact) = self.facts.get_mut(at) {
                fact.kind = match fact.kind {
                    F::FlowNetworkCommand => F::ProcessShell,
                    _ => F::ExecDynamic,
                };
                fact.trigger = fact.trigger.max(crate::Trigger::Call);
            }
        }
    }

    fn place(&self, site: &Site<'_>) -> Place {
        let (line, column) = site.position();
        let file = self.files.get(site.module.0 as usize);
        Place {
            file: file.map_or_else(String::new, ToString::to_string),
            line,
            column,
            layers: Vec::new(),
        }
    }
}
