//! Calls: into the artifact, or out of it.

use std::rc::Rc;

use super::digest::digest;
use super::{Call, Closure, Effect, Frame, Instance, Machine, Scope, ScopeKind};
use crate::names::{Names, PathId, last_step};
use crate::tree::{Body, Expr, ExprId, Exprs, Function, Keywords};
use crate::value::{Cell, Dict, Taint, Value};

/// Arguments by name; no name is `**mapping`.
pub(super) type Named = Vec<(Option<Rc<str>>, Cell)>;

/// Most rooms for arguments that are kept, and the most arguments that one of them has room for.
const SPARE: usize = 32;
/// Most names that room is made for before they are set.
const ROOM: usize = 32;

impl Machine<'_> {
    pub(super) fn call_expr(
        &mut self,
        frame: &mut Frame<'_>,
        id: ExprId,
        callee: ExprId,
        args: Exprs,
        keywords: Keywords,
    ) -> Cell {
        let tree = frame.tree;
        let dropped = std::mem::take(&mut self.statement);
        // A method of a known value is called without making a bound method first.
        let (callee, method) = match tree.expr(callee) {
            Expr::Attribute(object, name) => {
                let object = self.eval(frame, *object);
                if matches!(
                    object.value,
                    Value::Str(_)
                        | Value::Bytes(_)
                        | Value::List(_)
                        | Value::Tuple(_)
                        | Value::Dict(_)
                        | Value::Int(_)
                        | Value::Big(_)
                ) {
                    (object, Some(*name))
                } else {
                    let offset = tree.offset(callee);
                    (self.attribute(frame, &object, *name, offset), None)
                }
            }
            _ => (self.eval(frame, callee), None),
        };
        let mut cells = self.spare.pop().unwrap_or_default();
        self.fill(frame, args, &mut cells);
        let mut named = Named::new();
        for (name, value) in tree.pairs(keywords) {
            let cell = self.eval(frame, *value);
            match (name, &cell.value) {
                (Some(name), _) => named.push((Some(self.names.shared(*name)), cell)),
                (None, Value::Dict(dict)) => spread(dict, &mut named),
                (None, _) => named.push((None, cell)),
            }
        }
        if let Some(name) = method {
            let path = self.method_path(&callee.value, name);
            let text = self.names.path(path);
            let found = self.builtin_method(frame, &callee, &text, &cells, &named);
            let result = found.unwrap_or_else(|| {
                let labels = cells.iter().map(Cell::deep_taint);
                Cell::tainted(labels.fold(callee.deep_taint(), Taint::and))
            });
            self.put_back(cells);
            return result;
        }
        let is_outside =
            |value: &Value| matches!(value, Value::Path(_) | Value::Unknown | Value::Partial(_));
        self.dropped = dropped && is_outside(&callee.value);
        self.apply(frame, &callee, cells, named, tree.offset(id))
    }

    /// Keeps the room of arguments for the next call: programs call more than anything else.
    fn put_back(&mut self, mut cells: Vec<Cell>) {
        if self.spare.len() < SPARE && (1..=SPARE).contains(&cells.capacity()) {
            cells.clear();
            self.spare.push(cells);
        }
    }

    /// Calls any value.
    pub(super) fn apply(
        &mut self,
        frame: &mut Frame<'_>,
        callee: &Cell,
        args: Vec<Cell>,
        named: Named,
        offset: u32,
    ) -> Cell {
        match &callee.value {
            Value::Function(closure) => self.invoke(&Rc::clone(closure), args, named),
            Value::Class(class) => self.instantiate(frame, &Rc::clone(class), args, named, offset),
            Value::Path(path) => {
                let path = *path;
                let result = self.call_outside(frame, path, callee.taint, &args, &named, offset);
                self.put_back(args);
                result
            }
            Value::Partial(partial) => {
                let (inner, first) = &**partial;
                let mut all = first.clone();
                all.extend(args);
                let inner = inner.clone().with(callee.taint);
                self.apply(frame, &inner, all, named, offset)
            }
            Value::Instance(instance) => {
                let name = self.names.intern("__call__");
                match self.class_attribute(&instance.class, name).map(|c| c.value) {
                    Some(Value::Function(call)) => {
                        let mut all = vec![callee.clone()];
                        all.extend(args);
                        self.invoke(&call, all, named)
                    }
                    _ => Cell::tainted(callee.taint),
                }
            }
            Value::Unknown => {
                let path = Names::UNKNOWN;
                let result = self.call_outside(frame, path, callee.taint, &args, &named, offset);
                self.put_back(args);
                result
            }
            _ => Cell::tainted(args.iter().fold(callee.taint, |t, c| t.and(c.taint))),
        }
    }

    fn instantiate(
        &mut self,
        frame: &mut Frame<'_>,
        class: &Rc<super::ClassObject>,
        args: Vec<Cell>,
        named: Named,
        offset: u32,
    ) -> Cell {
        let instance = Rc::new(Instance {
            class: Rc::clone(class),
            attrs: std::cell::RefCell::default(),
        });
        self.instances.push(Rc::downgrade(&instance));
        let cell = Cell::of(Value::Instance(instance));
        if let Some(Value::Function(init)) = self
            .class_attribute(class, self.known.init)
            .map(|cell| cell.value)
        {
            let mut all = vec![cell.clone()];
            all.extend(args);
            self.invoke(&init, all, named);
        } else if let Some(base) = Self::outside_base(class, 0) {
            // `class T(Thread)`: making one calls the base's constructor, and starting it calls `run`.
            self.call_outside(frame, base, Taint::NONE, &args, &named, offset);
        }
        // What is made is dropped one day, at the end of the program at the latest.
        if self.calls.len() <= 2 && self.class_attribute(class, self.known.del).is_some() {
            self.call_method_of(&cell, "__del__");
        }
        // Starting a thread runs it; whether `start` is called is not worth the doubt.
        if let Some(base) = Self::outside_base(class, 0)
            && matches!(
                &*self.names.path(base),
                "threading.Thread" | "multiprocessing.Process" | "Thread" | "threading.Timer"
            )
        {
            self.call_method_of(&cell, "run");
        }
        cell
    }

    /// Calls a function of the artifact.
    pub(super) fn invoke(&mut self, closure: &Rc<Closure>, args: Vec<Cell>, named: Named) -> Cell {
        let args = match &closure.bound {
            Some(bound) => {
                let mut all = Vec::with_capacity(args.len() + 1);
                all.push(bound.clone());
                all.extend(args);
                all
            }
            None => args,
        };
        let key = closure.key();
        let exact = args
            .iter()
            .chain(named.iter().map(|(_, c)| c))
            .all(|c| c.value.is_scalar());
        let again = self.calls.iter().filter(|k| **k == key).count();
        let too_deep = self.calls.len() >= self.call_depth
            || self.followed == 0
            || again >= if exact { self.bounds.calls / 2 } else { 2 };
        // What is reached through more doubt is other evidence.
        let certainty = self.context.0 | (self.doubt.min(7) as u8) << 4;
        let memo = (key, certainty, digest(&args, &named));
        if let Some(known) = self.memo.get(&memo) {
            return known.clone();
        }
        if too_deep || self.fuel == 0 {
            return Cell::tainted(args.iter().fold(Taint::NONE, |t, c| t.and(c.taint)));
        }
        self.entered.insert(key);
        self.calls.push(key);
        let before = self.fuel;
        let cell = self.run_function(closure, args, named);
        self.followed = self
            .followed
            .saturating_sub(before.saturating_sub(self.fuel));
        self.calls.pop();
        if self.memo.len() < 50_000 {
            self.memo.insert(memo, cell.clone());
        }
        cell
    }

    fn run_function(&mut self, closure: &Rc<Closure>, args: Vec<Cell>, named: Named) -> Cell {
        let tree = &closure.tree;
        let Some(function) = tree.function(closure.function) else {
            return Cell::UNKNOWN;
        };
        let around = Some(Rc::clone(&closure.scope));
        // Most functions set a name or two beside their arguments.
        let names = (args.len() + named.len() + 2).min(ROOM);
        let scope = Scope::with_room(ScopeKind::Function, around, names);
        let receiver = args.first().cloned();
        self.bind_arguments(closure, function, &scope, args, named);
        let mut frame = Frame::new(tree, closure.module, scope);
        frame.class.clone_from(&closure.class);
        frame.receiver = receiver;
        match function.body {
            Body::Expr(body) => {
                self.statement &= matches!(tree.expr(body), Expr::Call { .. });
                let cell = self.eval(&mut frame, body);
                self.statement = false;
                cell
            }
            Body::Block(body) => {
                self.statement = false;
                // Loops around the call are not loops around its statements.
                self.block(&mut frame, body);
                if let Some(yielded) = frame.yielded.take() {
                    return Cell::of(Value::list(yielded));
                }
                frame.returned.take().unwrap_or(Cell::of(Value::None))
            }
        }
    }

    fn bind_arguments(
        &mut self,
        closure: &Closure,
        function: &Function,
        scope: &Rc<Scope>,
        args: Vec<Cell>,
        mut named: Named,
    ) {
        let rest_taint = named
            .iter()
            .filter(|(name, _)| name.is_none())
            .fold(Taint::NONE, |t, (_, c)| t.and(c.deep_taint()));
        let mut take = |machine: &Self, name| {
            let text = machine.names.text(name);
            let at = named
                .iter()
                .position(|(known, _)| known.as_deref() == Some(text))?;
            Some(named.swap_remove(at).1)
        };
        let mut args = args.into_iter();
        let mut defaults = closure.defaults.iter();
        for parameter in &*function.positional {
            let default = defaults.next().cloned().flatten();
            let cell = args
                .next()
                .or_else(|| take(self, parameter.name))
                .or(default)
                .unwrap_or(Cell::tainted(rest_taint));
            scope.set(parameter.name, cell);
        }
        for parameter in &*function.keyword {
            let default = defaults.next().cloned().flatten();
            let cell = take(self, parameter.name)
                .or(default)
                .unwrap_or(Cell::tainted(rest_taint));
            scope.set(parameter.name, cell);
        }
        if let Some(rest) = function.rest {
            let cells: Vec<Cell> = args.collect();
            let known = if cells.is_empty() && rest_taint == Taint::NONE && closure.bound.is_none()
            {
                Value::Tuple(Rc::default())
            } else {
                Value::Tuple(cells.into())
            };
            scope.set(rest, Cell::of(known));
        }
        if let Some(rest) = function.keyword_rest {
            let mut dict = Dict::default();
            for (name, cell) in named {
                if let Some(name) = name {
                    dict.set(Cell::of(Value::Str(name)), cell);
                }
            }
            let dict = Value::Dict(Rc::new(std::cell::RefCell::new(dict)));
            scope.set(rest, Cell::of(dict).with(rest_taint));
        }
    }

    /// Calls something outside: what can be folded is folded, and the observer is told.
    pub(super) fn call_outside(
        &mut self,
        frame: &mut Frame<'_>,
        path: PathId,
        receiver: Taint,
        args: &[Cell],
        named: &Named,
        offset: u32,
    ) -> Cell {
        let dropped = std::mem::take(&mut self.dropped);
        let text = self.names.path(path);
        for cell in args.iter().chain(named.iter().map(|(_, c)| c)) {
            if cell.taint.has(Self::WORTH_SHOWING) || self.is_new_text(cell) {
                self.see_folded(frame, offset, cell);
            }
        }
        let folded = self.fold(frame, &text, args, named, offset);
        let call = Call {
            path: &text,
            id: path,
            receiver,
            args,
            keywords: named,
            folded: folded.as_ref().map(|cell| &cell.value),
            dropped,
        };
        let effect = self.with_site(frame.tree, frame.module, offset, |observer, site, names| {
            observer.call(site, &call, names)
        });
        self.follow(frame, &text, &effect, args, named, offset);
        let carried = call_taint(receiver, args, named).without(effect.washes);
        if let Some(cell) = folded {
            return cell.with(effect.taint);
        }
        let value = effect.value.unwrap_or_else(|| {
            if path == Names::UNKNOWN {
                Value::Unknown
            } else {
                Value::Path(self.names.called(path))
            }
        });
        Cell {
            value,
            taint: carried.and(effect.taint),
        }
    }

    /// Texts made by folding are not constants of the source; short of marking each, any text in an argument list that
    /// is long enough is shown (the observer keeps what it saw).
    fn is_new_text(&self, cell: &Cell) -> bool {
        self.concrete_loops == 0
            && match &cell.value {
                Value::Str(text) => text.len() >= 8 && text.len() < 65_536,
                _ => false,
            }
    }

    /// Runs what the call makes run.
    fn follow(
        &mut self,
        frame: &mut Frame<'_>,
        path: &str,
        effect: &Effect,
        args: &[Cell],
        named: &Named,
        offset: u32,
    ) {
        for (class, method) in &effect.methods {
            self.call_method_of(class, method);
        }
        for function in &effect.functions {
            self.call_unknown(function);
        }
        for (layer, text) in &effect.programs {
            self.run_program(frame, layer, text, offset);
        }
        if path.starts_with("sys.path.") {
            self.path_changed = true;
        }
        if let Some(taint) = effect.callback {
            for cell in args.iter().chain(named.iter().map(|(_, c)| c)) {
                if let Value::Function(closure) = &cell.value {
                    self.run_with(&Rc::clone(closure), taint);
                }
            }
        }
        if calls_back(path) {
            let callbacks: Vec<Cell> = args
                .iter()
                .chain(named.iter().map(|(_, c)| c))
                .filter(|c| matches!(c.value, Value::Function(_) | Value::Partial(_)))
                .cloned()
                .collect();
            for callback in callbacks {
                // What the lambda of a thread gives, nobody hears.
                self.statement = matches!(
                    Some(last_step(path)),
                    Some("Thread" | "Timer" | "start_new_thread" | "register")
                );
                self.call_back(&callback, args, named);
                self.statement = false;
            }
        }
    }

    /// A thread's target gets the arguments of `args=`.
    fn call_back(&mut self, callback: &Cell, args: &[Cell], named: &Named) {
        let given = named
            .iter()
            .find(|(name, _)| name.as_deref() == Some("args"))
            .map(|(_, cell)| cell)
            .or_else(|| args.iter().find(|c| matches!(c.value, Value::Tuple(_))))
            .and_then(|cell| self.items(cell));
        match (&callback.value, given) {
            (Value::Function(closure), Some(given)) => {
                self.invoke(&Rc::clone(closure), given, Named::new());
            }
            _ => {
                self.call_unknown(callback);
            }
        }
    }

    /// Makes an object of a class (or takes the object) and calls a method of it.
    pub(super) fn call_method_of(&mut self, cell: &Cell, method: &str) {
        let (object, class) = match &cell.value {
            Value::Class(class) => (self.sample(&Rc::clone(class)), Rc::clone(class)),
            Value::Instance(instance) => (cell.clone(), Rc::clone(&instance.class)),
            _ => return,
        };
        let name = self.names.intern(method);
        if let Some(Value::Function(closure)) = self.class_attribute(&class, name).map(|c| c.value)
        {
            let count = closure
                .tree
                .function(closure.function)
                .map_or(1, |function| function.positional.len());
            let mut args = vec![object];
            args.resize(count.max(1), Cell::tainted(Taint::PARAMETER));
            self.invoke(&closure, args, Named::new());
        }
    }
}

fn call_taint(receiver: Taint, args: &[Cell], named: &Named) -> Taint {
    args.iter()
        .chain(named.iter().map(|(_, c)| c))
        .fold(receiver, |t, c| t.and(c.deep_taint()))
}

fn spread(dict: &std::cell::RefCell<Dict>, named: &mut Named) {
    let Ok(dict) = dict.try_borrow() else { return };
    for (key, value) in dict.entries.iter().take(256) {
        named.push((key.as_text().cloned(), value.clone()));
    }
}

/// Calls outside the artifact that run the functions they are given, at once or soon.
fn calls_back(path: &str) -> bool {
    match last_step(path) {
        "Thread"
        | "Timer"
        | "Process"
        | "start_new_thread"
        | "submit"
        | "run_in_executor"
        | "run_until_complete"
        | "create_task"
        | "ensure_future"
        | "call_soon"
        | "call_later"
        | "apply_async"
        | "map_async"
        | "starmap"
        | "to_thread"
        | "run_coroutine_threadsafe"
        | "gather"
        | "setprofile"
        | "settrace"
        | "addaudithook"
        | "excepthook" => true,
        "register" => path == "atexit.register",
        "run" => path == "asyncio.run" || path == "trio.run" || path == "anyio.run",
        "map" => path != "map",
        "schedule" | "do" => path.starts_with("schedule."),
        _ => false,
    }
}
