//! Names and places get values.

use std::rc::Rc;

use super::{Frame, Machine, Scope, ScopeKind};
use crate::names::Symbol;
use crate::tree::{BinaryOp, Expr, ExprId};
use crate::value::{Cell, Value};

impl Machine<'_> {
    /// Binds a name in the scope it belongs to.
    pub(super) fn bind(&mut self, frame: &mut Frame<'_>, name: Symbol, cell: Cell) {
        let scope = if frame.scope.outer.borrow().contains(&name) {
            Self::outer_scope(&frame.scope, name)
        } else {
            Rc::clone(&frame.scope)
        };
        // Where it is not known whether this runs, what was there before stays possible.
        let cell = if frame.conditional > 0
            && let Some(before) = scope.get(name)
        {
            let taint = before.taint.and(cell.taint);
            let value = match (&before.value, &cell.value) {
                (known, Value::Unknown | Value::None) if !known.is_opaque() => before.value,
                _ => cell.value,
            };
            Cell { value, taint }
        } else {
            cell
        };
        scope.set(name, cell);
    }

    /// The nearest enclosing scope that has the name, else the module's.
    fn outer_scope(scope: &Rc<Scope>, name: Symbol) -> Rc<Scope> {
        let mut current = Rc::clone(scope);
        while let Some(parent) = current.parent.clone() {
            if parent.kind == ScopeKind::Module
                || (parent.kind == ScopeKind::Function && parent.get(name).is_some())
            {
                return parent;
            }
            current = parent;
        }
        current
    }

    pub(super) fn assign(&mut self, frame: &mut Frame<'_>, target: ExprId, cell: Cell) {
        let tree = frame.tree;
        match tree.expr(target) {
            Expr::Name(name) => {
                if self.concrete_loops == 0 && cell.taint.has(Self::WORTH_SHOWING) {
                    self.see_folded(frame, tree.offset(target), &cell);
                }
                self.bind(frame, *name, cell);
            }
            Expr::Attribute(object, name) => {
                let object = self.eval(frame, *object);
                self.set_attribute(frame, &object, *name, cell, tree.offset(target));
            }
            Expr::Subscript(object, index) => {
                let object = self.eval(frame, *object);
                let index = self.eval(frame, *index);
                self.set_item(frame, &object, &index, cell, tree.offset(target));
            }
            Expr::Tuple(targets) | Expr::List(targets) => {
                let targets = tree.list(*targets);
                let items = self.items(&cell).unwrap_or_default();
                let starred = targets
                    .iter()
                    .position(|t| matches!(tree.expr(*t), Expr::Starred(_)));
                for (at, target) in targets.iter().enumerate() {
                    let item = match starred {
                        Some(star) if at == star => Cell::tainted(cell.taint),
                        Some(star) if at > star => (items.len() + at)
                            .checked_sub(targets.len())
                            .and_then(|at| items.get(at).cloned())
                            .unwrap_or_else(|| self.unknown_item(&cell)),
                        _ => items
                            .get(at)
                            .cloned()
                            .unwrap_or_else(|| self.unknown_item(&cell)),
                    };
                    self.assign(frame, *target, item);
                }
            }
            Expr::Starred(inner) => self.assign(frame, *inner, Cell::tainted(cell.taint)),
            _ => {}
        }
    }

    pub(super) fn augmented(
        &mut self,
        frame: &mut Frame<'_>,
        op: BinaryOp,
        target: ExprId,
        value: ExprId,
    ) {
        let before = self.eval(frame, target);
        let more = self.eval(frame, value);
        if op == BinaryOp::Add
            && let Value::List(list) = &before.value
        {
            let items = self.items(&more);
            if let Ok(mut list) = list.try_borrow_mut() {
                match items {
                    Some(items) if list.len() + items.len() < 200_000 => list.extend(items),
                    _ => list.push(Cell::tainted(more.deep_taint())),
                }
            }
            return;
        }
        let mut after = self.binary(&before, op, &more).with(self.implicit);
        // Letter by letter in a loop: what comes out is not in the source.
        let is_letter = match &more.value {
            // A hole is no letter: nothing of it is known.
            Value::Str(text) => text.len() <= 4 && !text.contains(super::format::HOLE),
            Value::Bytes(bytes) => bytes.len() <= 1,
            _ => false,
        };
        if self.concrete_loops > 0
            && is_letter
            && matches!(after.value, Value::Str(_) | Value::Bytes(_))
        {
            after = after.with(crate::value::Taint::ASSEMBLED);
        }
        self.assign(frame, target, after);
    }

    pub(super) fn set_attribute(
        &mut self,
        frame: &mut Frame<'_>,
        object: &Cell,
        name: Symbol,
        cell: Cell,
        offset: u32,
    ) {
        match &object.value {
            Value::Instance(instance) => {
                let mut attrs = instance.attrs.borrow_mut();
                let cell = match attrs.get(&name) {
                    Some(before) if frame.conditional > 0 => {
                        super::statement::join(cell, before.clone())
                    }
                    _ => cell,
                };
                attrs.insert(name, cell);
            }
            Value::Class(class) => {
                class.attrs.borrow_mut().insert(name, cell);
            }
            Value::Module(id) => self.scope_of(*id).set(name, cell),
            Value::Path(path) => {
                let full = self.names.child(*path, name);
                let text = self.names.path(full);
                self.with_site(frame.tree, frame.module, offset, |observer, site, _| {
                    observer.store(site, &text, &cell);
                });
            }
            _ => {}
        }
    }

    fn set_item(
        &mut self,
        frame: &mut Frame<'_>,
        object: &Cell,
        index: &Cell,
        cell: Cell,
        offset: u32,
    ) {
        match &object.value {
            Value::Dict(dict) => {
                if let Ok(mut dict) = dict.try_borrow_mut()
                    && dict.entries.len() < 100_000
                {
                    dict.set(index.clone(), cell);
                }
            }
            Value::List(list) => {
                let Ok(mut list) = list.try_borrow_mut() else {
                    return;
                };
                let len = list.len() as i64;
                let at = index
                    .value
                    .int()
                    .map(|at| if at < 0 { at + len } else { at });
                if let Some(slot) = at
                    .and_then(|at| usize::try_from(at).ok())
                    .and_then(|at| list.get_mut(at))
                {
                    *slot = cell;
                }
            }
            Value::Path(path) => {
                let text = self.names.path(*path);
                // `globals()["x"] = y` binds a name.
                if matches!(&*text, "globals()" | "locals()" | "vars()")
                    && let Some(name) = index.as_text()
                {
                    let name = self.names.intern(name);
                    self.bind(frame, name, cell);
                    return;
                }
                if &*text == "os.environ"
                    && let (Some(name), Value::Str(value)) = (index.as_text(), &cell.value)
                    && value.len() >= 8
                    && value.contains(' ')
                {
                    self.environment.insert(Rc::clone(name), cell.clone());
                }
                let full: Rc<str> = format!("{text}[]").into();
                self.with_site(frame.tree, frame.module, offset, |observer, site, _| {
                    observer.store(site, &full, &cell);
                });
            }
            _ => {}
        }
    }
}
