//! Interned identifiers, and dotted paths of things that live outside the artifact.

use std::rc::Rc;

use rustc_hash::FxHashMap;
use unicode_normalization::UnicodeNormalization;

/// An interned identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(u32);

/// A dotted path of something outside: `os.system`, `requests.get().text`, `?.connect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PathId(u32);

/// Longest path followed; beyond it, what came before no longer tells anything.
const MAX_STEPS: u8 = 12;
/// Paths kept; hostile code could make them without end.
const MAX_PATHS: usize = 100_000;

/// The step that means "the result of calling it".
const CALLED: Symbol = Symbol(0);
/// The step that means "an item of it".
const ITEM: Symbol = Symbol(1);

#[derive(Debug)]
struct PathNode {
    text: Rc<str>,
    steps: u8,
    last: Symbol,
    root: PathId,
}

/// All names of one analysis.
#[derive(Debug)]
pub struct Names {
    symbols: Vec<Rc<str>>,
    by_text: FxHashMap<Rc<str>, Symbol>,
    paths: Vec<PathNode>,
    children: FxHashMap<(PathId, Symbol), PathId>,
    roots: FxHashMap<Symbol, PathId>,
}

impl Default for Names {
    fn default() -> Self {
        Self::new()
    }
}

/// The last step of a dotted path. Paths are short: looking at their bytes one by one is faster than starting a search.
pub fn last_step(path: &str) -> &str {
    let dot = path.bytes().rposition(|byte| byte == b'.');
    dot.and_then(|dot| path.get(dot + 1..)).unwrap_or(path)
}

/// The first step of a dotted path.
pub fn first_step(path: &str) -> &str {
    let dot = path.bytes().position(|byte| byte == b'.');
    dot.and_then(|dot| path.get(..dot)).unwrap_or(path)
}

impl Names {
    /// The path of things nothing is known of.
    pub const UNKNOWN: PathId = PathId(0);

    /// Empty tables.
    pub fn new() -> Self {
        let mut names = Self {
            symbols: Vec::new(),
            by_text: FxHashMap::default(),
            paths: Vec::new(),
            children: FxHashMap::default(),
            roots: FxHashMap::default(),
        };
        names.intern("()");
        names.intern("[]");
        let unknown = names.intern("?");
        names.root(unknown);
        names
    }

    /// Interns an identifier the way Python compares them: normalised by NFKC (PEP 3131).
    pub fn intern(&mut self, text: &str) -> Symbol {
        if let Some(known) = self.by_text.get(text) {
            return *known;
        }
        let text: Rc<str> = if text.is_ascii() {
            text.into()
        } else {
            let normal: String = text.nfkc().collect();
            if let Some(known) = self.by_text.get(normal.as_str()) {
                return *known;
            }
            normal.into()
        };
        let symbol = Symbol(self.symbols.len() as u32);
        self.symbols.push(Rc::clone(&text));
        self.by_text.insert(text, symbol);
        symbol
    }

    /// The text of an identifier.
    pub fn text(&self, symbol: Symbol) -> &str {
        self.symbols.get(symbol.0 as usize).map_or("?", |t| &**t)
    }

    /// The text of an identifier, shared.
    pub fn shared(&self, symbol: Symbol) -> Rc<str> {
        self.symbols
            .get(symbol.0 as usize)
            .map_or_else(|| "?".into(), Rc::clone)
    }

    /// The path of one step.
    pub fn root(&mut self, symbol: Symbol) -> PathId {
        if let Some(known) = self.roots.get(&symbol) {
            return *known;
        }
        let id = PathId(self.paths.len() as u32);
        self.paths.push(PathNode {
            text: self.shared(symbol),
            steps: 1,
            last: symbol,
            root: id,
        });
        self.roots.insert(symbol, id);
        id
    }

    /// The path of a dotted name. `posix` and `nt` are what `os` is made of.
    pub fn dotted(&mut self, text: &str) -> PathId {
        let mut parts = text.split('.');
        let first = self.intern(parts.next().unwrap_or_default());
        let mut path = self.root(first);
        for part in parts {
            let symbol = self.intern(part);
            path = self.child(path, symbol);
        }
        path
    }

    /// An attribute of a path. `builtins.x` is `x`: the two are the same thing.
    pub fn child(&mut self, path: PathId, step: Symbol) -> PathId {
        if let Some(known) = self.children.get(&(path, step)) {
            return *known;
        }
        let id = self.make_child(path, step);
        self.children.insert((path, step), id);
        id
    }

    fn make_child(&mut self, path: PathId, step: Symbol) -> PathId {
        let Some(node) = self.paths.get(path.0 as usize) else {
            return Self::UNKNOWN;
        };
        if matches!(&*node.text, "builtins" | "__builtins__" | "__builtin__")
            && step != CALLED
            && step != ITEM
            && self.text(step) != "__dict__"
        {
            return self.root(step);
        }
        // Modules of the standard library hold one another: `shutil.os` is `os`.
        let holds = node.steps == 1
            && path != Self::UNKNOWN
            && node.text.trim_start_matches('_') != self.text(step)
            && matches!(
                self.text(step),
                "os" | "sys" | "subprocess" | "builtins" | "io" | "socket"
            );
        if holds {
            return self.root(step);
        }
        let Some(node) = self.paths.get(path.0 as usize) else {
            return Self::UNKNOWN;
        };
        if self.paths.len() >= MAX_PATHS {
            return Self::UNKNOWN;
        }
        if node.steps >= MAX_STEPS {
            return if path == Self::UNKNOWN {
                path
            } else {
                self.child(Self::UNKNOWN, step)
            };
        }
        let (steps, root) = (node.steps + 1, node.root);
        let tail = self.text(step);
        let text: Rc<str> = if step == CALLED || step == ITEM {
            format!("{}{tail}", node.text).into()
        } else {
            format!("{}.{tail}", node.text).into()
        };
        let id = PathId(self.paths.len() as u32);
        self.paths.push(PathNode {
            text,
            steps,
            last: step,
            root,
        });
        id
    }

    /// What calling a path gives.
    pub fn called(&mut self, path: PathId) -> PathId {
        self.child(path, CALLED)
    }

    /// An item of a path.
    pub fn item(&mut self, path: PathId) -> PathId {
        self.child(path, ITEM)
    }

    /// The text of a path.
    pub fn path(&self, path: PathId) -> Rc<str> {
        self.paths
            .get(path.0 as usize)
            .map_or_else(|| "?".into(), |node| Rc::clone(&node.text))
    }

    /// True when the path starts from something nothing is known of.
    pub fn is_unknown(&self, path: PathId) -> bool {
        self.paths
            .get(path.0 as usize)
            .is_none_or(|node| node.root == Self::UNKNOWN)
    }

    /// The last step.
    pub fn last(&self, path: PathId) -> Symbol {
        self.paths.get(path.0 as usize).map_or(CALLED, |n| n.last)
    }
}
