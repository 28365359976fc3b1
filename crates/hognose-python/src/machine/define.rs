//! Functions and classes are made.

use std::rc::Rc;

use super::{ClassObject, Closure, Frame, Machine, Scope, ScopeKind};
use crate::serial::Serial;
use crate::tree::{ClassId, ExprId, FunctionId};
use crate::value::{Cell, Value};

impl Machine<'_> {
    pub(super) fn define(&mut self, frame: &mut Frame<'_>, id: FunctionId) {
        let tree = frame.tree;
        let Some(function) = tree.function(id) else {
            return;
        };
        let (mut is_property, mut is_static) = (false, false);
        let mut wraps = Vec::new();
        for decorator in tree.list(function.decorators) {
            let cell = self.eval(frame, *decorator);
            match cell.value.path_text(&self.names).as_deref() {
                Some("property" | "functools.cached_property" | "cached_property") => {
                    is_property = true;
                }
                Some("staticmethod") => is_static = true,
                Some("classmethod") => {}
                _ => wraps.push((cell, *decorator)),
            }
        }
        let closure = self.closure(frame, id, is_property, is_static);
        let mut cell = Cell::of(Value::Function(closure));
        for (wrap, at) in wraps.into_iter().rev() {
            cell = self.decorate(frame, &wrap, at, cell);
        }
        let name = function.name;
        self.bind(frame, name, cell);
    }

    /// A decorator is a call. Of one outside the artifact, the function itself is kept: most give it back.
    fn decorate(&mut self, frame: &mut Frame<'_>, wrap: &Cell, at: ExprId, cell: Cell) -> Cell {
        let given = self.apply(
            frame,
            wrap,
            vec![cell.clone()],
            Vec::new(),
            frame.tree.offset(at),
        );
        let is_own =
            matches!(wrap.value, Value::Function(_)) && given.taint != crate::value::Taint::NONE;
        if given.value.is_opaque() && !is_own {
            cell
        } else {
            given
        }
    }

    pub(super) fn closure(
        &mut self,
        frame: &mut Frame<'_>,
        id: FunctionId,
        is_property: bool,
        is_static: bool,
    ) -> Rc<Closure> {
        let tree = frame.tree;
        let mut defaults = Vec::new();
        if let Some(function) = tree.function(id) {
            for parameter in function.positional.iter().chain(&*function.keyword) {
                let value = parameter.default.map(|d| self.eval(frame, d));
                defaults.push(value);
            }
        }
        let class = (frame.scope.kind == ScopeKind::Class)
            .then(|| frame.class.clone())
            .flatten();
        let closure = Rc::new(Closure {
            tree: Rc::clone(tree),
            module: frame.module,
            function: id,
            scope: Rc::clone(&frame.scope),
            bound: None,
            class,
            defaults: defaults.into(),
            is_property,
            is_static,
        });
        if self.created_keys.insert(closure.key()) || self.created.len() < 5_000 {
            self.created.push(Rc::clone(&closure));
        }
        closure
    }

    /// A metaclass and `__init_subclass__` of the bases run when a class is made.
    fn class_made(&mut self, frame: &mut Frame<'_>, cell: &Cell, class: &crate::tree::Class) {
        let tree = frame.tree;
        let mut hooks = Vec::new();
        for (name, value) in tree.pairs(class.keywords) {
            let value = self.eval(frame, *value);
            let is_meta = name.is_some_and(|n| self.names.text(n) == "metaclass");
            if let (true, Value::Class(meta)) = (is_meta, &value.value) {
                for method in ["__new__", "__init__"] {
                    let method = self.names.intern(method);
                    hooks.extend(self.class_attribute(meta, method));
                }
            }
        }
        if let Value::Class(object) = &cell.value {
            let hook = self.names.intern("__init_subclass__");
            for base in &object.bases {
                if let Value::Class(base) = &base.value {
                    hooks.extend(self.class_attribute(base, hook));
                }
            }
        }
        for hook in hooks {
            if let Value::Function(function) = hook.value {
                let count = function
                    .tree
                    .function(function.function)
                    .map_or(0, |f| f.positional.len());
                self.invoke(&function, vec![cell.clone(); count], Vec::new());
            }
        }
    }

    pub(super) fn define_class(&mut self, frame: &mut Frame<'_>, id: ClassId) {
        let tree = frame.tree;
        let Some(class) = tree.class(id) else {
            return;
        };
        let bases = tree
            .list(class.bases)
            .iter()
            .map(|base| self.eval(frame, *base))
            .collect();
        let object = Rc::new(ClassObject {
            serial: Serial::default(),
            name: self.names.shared(class.name),
            bases,
            attrs: std::cell::RefCell::default(),
        });
        self.classes.push(Rc::clone(&object));
        let scope = Scope::new(ScopeKind::Class, Some(Rc::clone(&frame.scope)));
        let mut inner = Frame::new(tree, frame.module, Rc::clone(&scope));
        inner.class = Some(Rc::clone(&object));
        inner.conditional = frame.conditional;
        self.block(&mut inner, class.body);
        *object.attrs.borrow_mut() = std::mem::take(&mut *scope.vars.borrow_mut());
        let mut cell = Cell::of(Value::Class(object));
        self.class_made(frame, &cell, class);
        for decorator in tree.list(class.decorators).iter().rev() {
            let wrap = self.eval(frame, *decorator);
            cell = self.decorate(frame, &wrap, *decorator, cell);
        }
        self.bind(frame, class.name, cell);
    }
}
