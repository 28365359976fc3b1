//! The interpreter's questions, answered.

use hognose_python::{Call, Cell, Effect, Names, Observer, PathId, Site, Taint, Value};

use super::api;
use super::labels as l;
use super::witness::{HIDING, Witness, front};
use crate::content::{bytecode, strings};
use crate::fact::{FactKind as F, Trigger};

impl Observer for Witness {
    fn call(&mut self, site: &Site<'_>, call: &Call<'_>, names: &Names) -> Effect {
        // `picture.save(place)`: what is read from there is the picture.
        if call.receiver.has(l::SCREEN) && call.path.ends_with(".save") {
            let path = call
                .args
                .first()
                .and_then(Cell::as_text)
                .map(ToString::to_string);
            self.keep_file(site, path.as_deref(), call.receiver);
            return Effect::default();
        }
        match self.api(call) {
            Some(api) => self.act(site, call, api, names),
            None => self.unknown(site, call),
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
        if hides {
            self.matched(site, taint, text.as_bytes());
        }
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
                && (taint.has(Taint::DECODED.and(Taint::DECRYPTED))
                    || kind != F::EndpointOther
                    || text.starts_with("http"))
                // A plain host name is what joining and looking up gives all the time.
                && (!matches!(kind, F::EndpointOther | F::EndpointPlatform)
                    || text.starts_with("http")
                    || detail.contains("://"))
            {
                self.add(site, F::HiddenUrl, &detail);
                self.decoded(taint, &detail);
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
        let is_builtin = matches!(
            path,
            "print" | "exec" | "eval" | "open" | "input" | "__import__"
        );
        if is_builtin && !matches!(value.value, Value::None) {
            self.add(site, F::BuiltinReplaced, path);
        } else if matches!(value.value, Value::Function(_))
            && path.contains('.')
            && !path.starts_with('?')
            // Of a class or module, not of one object.
            && !path.contains("()")
        {
            self.replaces(site, path);
        }
    }

    fn walking(&mut self, function: &str) {
        self.walking.clear();
        self.walking.push_str(function);
    }

    fn parameter(&mut self, name: &str) -> Taint {
        super::conditions::parameter(name)
    }

    fn compared(&mut self, left: &Cell, right: &Cell, names: &Names) -> Taint {
        super::conditions::compared(left, right, names)
    }

    fn condition(&mut self, site: &Site<'_>, labels: Taint, entering: bool) {
        self.branch(site, labels, entering);
    }

    fn layer(&mut self, site: &Site<'_>, text: &str) {
        self.matched(site, Taint::default(), text.as_bytes());
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
        self.matched(site, Taint::default(), bytes);
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
