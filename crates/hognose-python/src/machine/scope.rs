//! The names of a module, a function or a class.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::names::Symbol;
use crate::value::Cell;

/// A scope of names.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(super) vars: RefCell<FxHashMap<Symbol, Cell>>,
    pub(super) parent: Option<Rc<Scope>>,
    /// Names declared `global` or `nonlocal`.
    pub(super) outer: RefCell<Vec<Symbol>>,
    pub(super) kind: ScopeKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScopeKind {
    Module,
    Function,
    Class,
}

impl Scope {
    pub(super) fn new(kind: ScopeKind, parent: Option<Rc<Self>>) -> Rc<Self> {
        Self::with_room(kind, parent, 0)
    }

    /// Where so many names are set soon.
    pub(super) fn with_room(kind: ScopeKind, parent: Option<Rc<Self>>, names: usize) -> Rc<Self> {
        Rc::new(Self {
            vars: RefCell::new(FxHashMap::with_capacity_and_hasher(names, FxBuildHasher)),
            parent,
            outer: RefCell::default(),
            kind,
        })
    }

    pub(super) fn get(&self, name: Symbol) -> Option<Cell> {
        self.vars.borrow().get(&name).cloned()
    }

    pub(super) fn set(&self, name: Symbol, cell: Cell) {
        self.vars.borrow_mut().insert(name, cell);
    }
}
