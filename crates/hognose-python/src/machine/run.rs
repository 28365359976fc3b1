//! What the driver calls: modules in, runs out.

use std::rc::Rc;

use super::{
    Bounds, Closure, Context, Frame, Known, Machine, Module, ModuleId, ModuleState, ModuleText,
    Observer, Offset, Pending, Scope, ScopeKind, Site,
};
use crate::names::Names;
use crate::tree::Tree;
use crate::value::{Cell, Taint, Value};
use crate::{lower, nesting};

/// Sources larger than this are not parsed: the tree would not fit the memory an analysis may take.
const MAX_SOURCE: usize = 6 << 20;

/// Calls within calls that are followed from a function nobody calls.
const UNCALLED_DEPTH: usize = 4;

impl<'o> Machine<'o> {
    /// A machine without modules.
    pub fn new(observer: &'o mut dyn Observer, bounds: Bounds) -> Self {
        let mut names = Names::new();
        let known = Known {
            name: names.intern("__name__"),
            file: names.intern("__file__"),
            doc: names.intern("__doc__"),
            init: names.intern("__init__"),
            del: names.intern("__del__"),
        };
        Self {
            observer,
            names,
            bounds,
            modules: Vec::new(),
            by_name: rustc_hash::FxHashMap::default(),
            context: Context(0),
            fuel: 0,
            loop_fuel: bounds.loop_fuel,
            folded: 0,
            copied: std::cell::Cell::new(0),
            sliced: 0,
            depth: 0,
            calls: Vec::new(),
            call_depth: bounds.calls,
            followed: bounds.followed,
            layers: Vec::new(),
            levels: 0,
            origin: None,
            guarded: 0,
            doubt: 0,
            endless: 0,
            implicit: Taint::NONE,
            interest: super::Interest::default(),
            statement: false,
            dropped: false,
            spare: Vec::new(),
            environment: rustc_hash::FxHashMap::default(),
            concrete_loops: 0,
            decided: 0,
            path_changed: false,
            memo: rustc_hash::FxHashMap::default(),
            created: Vec::new(),
            created_keys: rustc_hash::FxHashSet::default(),
            entered: rustc_hash::FxHashSet::default(),
            classes: Vec::new(),
            instances: Vec::new(),
            samples: rustc_hash::FxHashMap::default(),
            pending: Vec::new(),
            ran: rustc_hash::FxHashSet::default(),
            texts_seen: rustc_hash::FxHashSet::default(),
            layers_seen: rustc_hash::FxHashSet::default(),
            parsed_bytes: 0,
            exhausted: Vec::new(),
            shallow: None,
            known,
        }
    }

    /// Adds a module by its dotted name. It is parsed when it is first run or imported.
    pub fn add_module(
        &mut self,
        name: &str,
        is_package: bool,
        is_main: bool,
        source: impl Into<ModuleText>,
    ) -> ModuleId {
        let id = ModuleId(self.modules.len() as u32);
        let name: Rc<str> = name.into();
        self.modules.push(Module {
            name: Rc::clone(&name),
            is_package,
            is_main,
            source: Some(source.into()),
            scope: Scope::new(ScopeKind::Module, None),
            state: ModuleState::Unread,
            stars: Vec::new(),
        });
        self.by_name.entry(name).or_insert(id);
        id
    }

    /// Another dotted name of a module: `pkg` for `src.pkg`.
    pub fn add_alias(&mut self, name: &str, id: ModuleId) {
        self.by_name.entry(name.into()).or_insert(id);
    }

    /// Notes that a bound was reached.
    pub(super) fn reached(&mut self, bound: &'static str, id: ModuleId) {
        let context = self.context;
        let known = self
            .exhausted
            .iter_mut()
            .find(|(name, module, _)| *name == bound && *module == id);
        match known {
            Some((_, _, most)) => *most = (*most).min(context),
            None => self.exhausted.push((bound, id, context)),
        }
    }

    /// True when the module was run or imported.
    pub fn was_run(&self, id: ModuleId) -> bool {
        self.modules
            .get(id.0 as usize)
            .is_some_and(|m| m.state != ModuleState::Unread)
    }

    /// Runs a module's top level, unless it was run before.
    pub fn run_module(&mut self, id: ModuleId, context: Context) {
        self.context = context;
        self.fuel = self.bounds.fuel;
        self.enter_module(id);
    }

    /// Parses and runs a module in the present context.
    pub(super) fn enter_module(&mut self, id: ModuleId) {
        let Some(module) = self.modules.get_mut(id.0 as usize) else {
            return;
        };
        if module.state != ModuleState::Unread {
            return;
        }
        module.state = ModuleState::Running;
        let Some(source) = module.source.take() else {
            return;
        };
        // What an outer layer is doing is no matter of a module it imports.
        let layers = std::mem::take(&mut self.layers);
        let origin = self.origin.take();
        let text = source.get();
        drop(source);
        if let Some(tree) = self.parse(id, &text) {
            drop(text);
            self.fuel = self
                .fuel
                .saturating_add(8 * tree.nodes() as u64)
                .max(self.bounds.fuel / 4);
            self.prepare(id, &tree);
            let scope = self.scope_of(id);
            let mut frame = Frame::new(&tree, id, scope);
            self.block(&mut frame, tree.body);
        }
        self.layers = layers;
        self.origin = origin;
        if let Some(module) = self.modules.get_mut(id.0 as usize) {
            module.state = ModuleState::Done;
        }
    }

    pub(super) fn parse(&mut self, id: ModuleId, source: &str) -> Option<Rc<Tree>> {
        if source.len() > MAX_SOURCE {
            self.reached("source-size", id);
            return None;
        }
        if nesting::check(source).is_err() {
            self.reached("nesting", id);
            return None;
        }
        self.parsed_bytes += source.len() as u64;
        let tree = lower::parse(source, &mut self.names);
        if !tree.errors.is_empty() && self.layers.is_empty() {
            self.reached("syntax", id);
        }
        Some(Rc::new(tree))
    }

    fn prepare(&mut self, id: ModuleId, tree: &Tree) {
        let Some(module) = self.modules.get(id.0 as usize) else {
            return;
        };
        let name = if module.is_main {
            "__main__".into()
        } else {
            Rc::clone(&module.name)
        };
        let scope = &module.scope;
        scope.set(self.known.name, Cell::of(Value::Str(name)));
        let file = module.name.replace('.', "/");
        let file = if module.is_package {
            format!("/{file}/__init__.py")
        } else {
            format!("/{file}.py")
        };
        scope.set(
            self.known.file,
            Cell::of(Value::Str(file.into())).with(Taint::OWN_FILE),
        );
        if let Some(doc) = &tree.docstring {
            scope.set(self.known.doc, Cell::of(Value::Str(Rc::clone(doc))));
        }
    }

    pub(super) fn scope_of(&self, id: ModuleId) -> Rc<Scope> {
        self.modules.get(id.0 as usize).map_or_else(
            || Scope::new(ScopeKind::Module, None),
            |m| Rc::clone(&m.scope),
        )
    }

    /// Runs what did not run yet: first what stands under `if __name__ == "__main__"` and false conditions, then every
    /// function nobody called, with parameters nothing is known of.
    ///
    /// `context` says what makes it run: for a module, and whether it is code under `__main__`.
    pub fn run_rest(&mut self, context: &dyn Fn(ModuleId, bool) -> Context) {
        while let Some(pending) = self.pending.pop() {
            let context = context(pending.module, pending.is_main);
            self.run_pending(&pending, context);
        }
        // Of what nobody calls, calls are followed a few steps only: what they do is seen once they are walked themselves.
        self.call_depth = UNCALLED_DEPTH;
        let mut next = 0;
        while let Some(closure) = self.created.get(next).cloned() {
            next += 1;
            if self.entered.contains(&closure.key()) {
                continue;
            }
            self.context = context(closure.module, false);
            self.fuel = self.bounds.fuel / 4;
            self.call_depth = if self.shallow == Some(self.context) {
                1
            } else {
                UNCALLED_DEPTH
            };
            self.run_uncalled(&closure);
            while let Some(pending) = self.pending.pop() {
                let context = context(pending.module, false);
                self.run_pending(&pending, context);
            }
        }
    }

    fn run_pending(&mut self, pending: &Pending, context: Context) {
        if self.ran.contains(&(pending.tree.serial, pending.block)) {
            return;
        }
        self.context = context;
        self.fuel = self.bounds.fuel / 4;
        self.layers.clone_from(&pending.layers);
        self.origin = pending.origin;
        let mut frame = Frame::new(&pending.tree, pending.module, Rc::clone(&pending.scope));
        frame.class.clone_from(&pending.class);
        frame.conditional = 1;
        self.block(&mut frame, pending.block);
        self.layers.clear();
        self.origin = None;
    }

    fn run_uncalled(&mut self, closure: &Rc<Closure>) {
        self.run_with(closure, Taint::PARAMETER);
    }

    /// Calls a function with parameters of which only the labels are known.
    pub(super) fn run_with(&mut self, closure: &Rc<Closure>, taint: Taint) {
        let Some(function) = closure.tree.function(closure.function) else {
            return;
        };
        let is_method = closure.class.is_some() && !closure.is_static;
        let object = closure
            .class
            .as_ref()
            .filter(|_| is_method && !function.positional.is_empty())
            .map(|class| self.sample(class));
        let (args, named) = self.unknown_arguments(closure, object, taint);
        self.observer.walking(self.names.text(function.name));
        self.invoke(closure, args, named);
        self.observer.walking("");
    }

    /// Arguments for every parameter, of which only labels are known.
    fn unknown_arguments(
        &mut self,
        closure: &Closure,
        object: Option<Cell>,
        taint: Taint,
    ) -> (Vec<Cell>, super::call::Named) {
        let Some(function) = closure.tree.function(closure.function) else {
            return (Vec::new(), Vec::new());
        };
        let mut label = |name| {
            let more = self.observer.parameter(self.names.text(name));
            Cell::tainted(taint.and(more))
        };
        let given = usize::from(object.is_some());
        let mut args: Vec<Cell> = object.into_iter().collect();
        args.extend(
            function
                .positional
                .iter()
                .skip(given)
                .map(|p| label(p.name)),
        );
        args.extend(function.rest.map(&mut label));
        let named = function
            .keyword
            .iter()
            .map(|p| (p.name, label(p.name)))
            .collect::<Vec<_>>();
        let named = named
            .into_iter()
            .map(|(name, cell)| (Some(self.names.shared(name)), cell))
            .collect();
        (args, named)
    }

    /// An object of a class nobody made: its `__init__` is run once with unknown parameters.
    pub(super) fn sample(&mut self, class: &Rc<super::ClassObject>) -> Cell {
        let key = class.serial;
        if let Some(known) = self.samples.get(&key) {
            return known.clone();
        }
        let instance = Rc::new(super::Instance {
            class: Rc::clone(class),
            attrs: std::cell::RefCell::default(),
        });
        self.instances.push(Rc::downgrade(&instance));
        let cell = Cell::of(Value::Instance(instance));
        self.samples.insert(key, cell.clone());
        if let Some(Value::Function(init)) = self
            .class_attribute(class, self.known.init)
            .map(|cell| cell.value)
        {
            let (args, named) = self.unknown_arguments(&init, Some(cell.clone()), Taint::PARAMETER);
            self.invoke(&init, args, named);
        }
        cell
    }

    /// Calls a function of a module that was run, by name: what another tool would call (`build_wheel`, entry points).
    /// `Class.method` works too. False when there is none.
    pub fn call_by_name(&mut self, id: ModuleId, name: &str, context: Context) -> bool {
        self.context = context;
        self.fuel = self.bounds.fuel;
        let mut parts = name.split('.');
        let Some(first) = parts.next() else {
            return false;
        };
        let symbol = self.names.intern(first);
        let Some(mut cell) = self.scope_of(id).get(symbol) else {
            return false;
        };
        for part in parts {
            let symbol = self.names.intern(part);
            cell = match &cell.value {
                Value::Class(class) => self.class_attribute(class, symbol).unwrap_or(Cell::UNKNOWN),
                _ => Cell::UNKNOWN,
            };
        }
        self.call_unknown(&cell)
    }

    /// Makes an object of every class in a module and calls methods of it: what a build tool does with a plug-in. Objects
    /// in the module are used as they are.
    pub fn call_methods(&mut self, id: ModuleId, methods: &[&str], context: Context) {
        self.context = context;
        self.fuel = self.bounds.fuel;
        let mut cells: Vec<(crate::Symbol, Cell)> = self
            .scope_of(id)
            .vars
            .borrow()
            .iter()
            .filter(|(_, cell)| matches!(cell.value, Value::Class(_) | Value::Instance(_)))
            .map(|(name, cell)| (*name, cell.clone()))
            .collect();
        cells.sort_by_key(|(name, _)| *name);
        for (_, cell) in cells {
            for method in methods {
                self.call_method_of(&cell, method);
            }
        }
    }

    /// Calls a function or class with parameters nothing is known of.
    pub(super) fn call_unknown(&mut self, cell: &Cell) -> bool {
        match &cell.value {
            Value::Function(closure) => {
                self.run_uncalled(&Rc::clone(closure));
                true
            }
            Value::Class(class) => {
                self.sample(&Rc::clone(class));
                true
            }
            Value::Partial(partial) => {
                let (callee, args) = &**partial;
                if let Value::Function(closure) = &callee.value {
                    self.invoke(&Rc::clone(closure), args.clone(), Vec::new());
                }
                true
            }
            _ => false,
        }
    }

    /// Steps the observer may need: where are we?
    pub(super) fn with_site<T>(
        &mut self,
        tree: &Tree,
        module: ModuleId,
        offset: u32,
        tell: impl FnOnce(&mut dyn Observer, &Site<'_>, &Names) -> T,
    ) -> T {
        let (module, offset) = match self.origin {
            Some((module, line, column)) => (module, Offset::Known(line, column)),
            None => (module, Offset::In(tree, offset)),
        };
        let site = Site {
            module,
            offset,
            layers: &self.layers,
            context: self.context,
            guarded: self.guarded > 0,
            doubt: self.doubt,
            depth: self.calls.len(),
            endless: self.endless > 0,
        };
        tell(&mut *self.observer, &site, &self.names)
    }
}

impl<'t> Frame<'t> {
    pub(super) fn new(tree: &'t Rc<Tree>, module: ModuleId, scope: Rc<Scope>) -> Self {
        Self {
            tree,
            module,
            scope,
            class: None,
            receiver: None,
            conditional: 0,
            returned: None,
            yielded: None,
        }
    }
}
