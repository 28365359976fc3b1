//! Which modules are worth walking by themselves.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use crate::search::WORDS;

/// Whether a module may do something that is a fact.
pub(super) fn is_relevant(text: &str) -> bool {
    // Letters that only look like letters may spell any of the words.
    !text.is_ascii() || WORDS.is_in(text)
}

/// Whether a module calls, while it is imported, what it imports from its own distribution: then it runs what others
/// define, whatever its own words.
pub(super) fn calls_own(text: &str, roots: &BTreeSet<&str>) -> bool {
    let mut own = Own::default();
    let mut defines = false;
    for line in text.lines() {
        let bare = line.trim_ascii_start();
        if bare.is_empty() || bare.starts_with('#') || own.import(bare, roots) {
            continue;
        }
        if bare.len() == line.len() {
            defines = bare.starts_with("def ") || bare.starts_with("async def ");
        }
        if own.is_none() {
            continue;
        }
        if bare.starts_with('@') && own.begins(bare.get(1..).unwrap_or_default()) {
            return true;
        }
        if !defines && own.calls(bare) {
            return true;
        }
    }
    false
}

/// The names that a module has from its own distribution.
#[derive(Default)]
struct Own<'a> {
    names: FxHashSet<&'a str>,
    /// `import *`: any name may be one.
    any: bool,
    /// Inside the brackets of an import; whether it is one of its own distribution.
    open: Option<bool>,
}

impl<'a> Own<'a> {
    /// Takes a line that is an import, or a part of one.
    fn import(&mut self, line: &'a str, roots: &BTreeSet<&str>) -> bool {
        let is_own = |module: &str| {
            let root = module.split(['.', ' ']).next().unwrap_or_default();
            root.is_empty() || roots.contains(root)
        };
        let names = if let Some(is_own) = self.open {
            if is_own { line } else { "" }
        } else if let Some(rest) = line.strip_prefix("from ") {
            let Some((module, names)) = rest.split_once(" import") else {
                return false;
            };
            let own = is_own(module.trim_ascii());
            if names.trim_ascii_start().starts_with('(') {
                self.open = Some(own);
            }
            if own { names } else { "" }
        } else if let Some(rest) = line.strip_prefix("import ") {
            for module in rest.split([',', ';']).map(str::trim_ascii) {
                if is_own(module) {
                    let name = module.rsplit(' ').next().unwrap_or(module);
                    self.names.extend(name.split('.').next());
                }
            }
            return !rest.contains(';');
        } else {
            return false;
        };
        // `a, b as c, # why`; words too many do no harm.
        let names = names.split('#').next().unwrap_or_default();
        self.any |= names.contains('*');
        let words = names.split(|c: char| !(c == '_' || c.is_alphanumeric()));
        self.names.extend(words.filter(|w| !w.is_empty()));
        if line.contains(')') {
            self.open = None;
        }
        !line.contains(';')
    }

    fn is_none(&self) -> bool {
        self.names.is_empty() && !self.any
    }

    /// Whether a dotted name begins with one of them.
    fn begins(&self, path: &str) -> bool {
        let root = path
            .split(|c: char| !(c == '_' || c.is_alphanumeric()))
            .next()
            .unwrap_or_default();
        self.any || self.names.contains(root)
    }

    /// Whether one of them, or something that cannot be told, stands before a bracket in a line; a line that gives one
    /// another name adds that name.
    fn calls(&mut self, line: &'a str) -> bool {
        for at in memchr::memchr_iter(b'(', line.as_bytes()) {
            let before = line.get(..at).unwrap_or_default();
            let path = before
                .rfind(|c: char| !(c == '_' || c == '.' || c.is_alphanumeric()))
                .map_or(before, |start| before.get(start + 1..).unwrap_or_default());
            let untold = path.is_empty() && before.ends_with([')', ']']);
            if untold || path.starts_with('.') || (!path.is_empty() && self.begins(path)) {
                return true;
            }
        }
        if let Some((name, value)) = line.split_once('=')
            && self.begins(value.trim_ascii_start())
        {
            let name = name.trim_ascii_end();
            let plain = name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric());
            self.names.extend(plain.then_some(name));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_calls_what_it_imports_is_walked() {
        let roots = BTreeSet::from(["pkg"]);
        let calls = |text: &str| calls_own(text, &roots);
        assert!(calls("from ._update import check\ncheck()\n"));
        assert!(calls(
            "import pkg.a\ntry:\n    pkg.a.go()\nexcept Exception: pass\n"
        ));
        assert!(calls("from pkg import thing\n@thing\ndef f(): pass\n"));
        assert!(!calls("from .core import a, b\n__all__ = ['a', 'b']\n"));
        assert!(!calls("from .core import a\ndef f():\n    return a()\n"));
        assert!(!calls("import math\nX = math.sqrt(2)\n"));
        assert!(!calls(
            "from .core import a\nX = dict(b=a)\nclass C(a):\n    pass\n"
        ));
        for text in [
            "from .core import (\n    a,  # why\n    b as c,\n)\nc.go()\n",
            "from . import *\ngo()\n",
            "import pkg.core as core; core.go()\n",
            "from pkg import a\ngo = a.b\ngo()\n",
            "from .core import a\nX = [f() for f in (a,)]\n[a][0]()\n",
            "from .core import a\nif True: a()\n",
            "from .core import a\n(a)()\n",
        ] {
            assert!(calls(text), "{text}");
        }
    }
}
