//! Attributes and items.

use std::rc::Rc;

use super::{ClassObject, Closure, Frame, Machine, ModuleId};
use crate::names::{Names, PathId, Symbol};
use crate::tree::{Expr, ExprId};
use crate::value::{Cell, Taint, Value};

impl Machine<'_> {
    pub(super) fn attribute(
        &mut self,
        frame: &mut Frame<'_>,
        object: &Cell,
        name: Symbol,
        offset: u32,
    ) -> Cell {
        match &object.value {
            Value::Path(path) => {
                let path = self.names.child(*path, name);
                self.reference(frame, path, object.taint, offset)
            }
            Value::Module(id) => self.module_attribute(frame, *id, name, offset),
            Value::Instance(instance) => {
                let own = instance.attrs.borrow().get(&name).cloned();
                if let Some(cell) = own {
                    return cell.with(object.taint);
                }
                match self.class_attribute(&instance.class, name) {
                    Some(cell) => self.bind_method(cell, object),
                    None => self.inherited(frame, &instance.class, name, true, offset),
                }
            }
            Value::Class(class) => match self.class_attribute(class, name) {
                Some(cell) => self.unbound(cell, object),
                None => self.inherited(frame, class, name, false, offset),
            },
            Value::Partial(partial) => {
                let partial = Rc::clone(partial);
                self.partial_attribute(frame, &partial, object, name, offset)
            }
            Value::Unknown | Value::Function(_) | Value::Code(_) => {
                let path = self.names.child(Names::UNKNOWN, name);
                Cell::of(Value::Path(path)).with(object.taint)
            }
            // A method of a built-in value, not called yet.
            _ => {
                let callee = self.method_path(&object.value, name);
                // `().__class__`: the type itself.
                if self.names.text(name) == "__class__" {
                    let kind = self.names.path(callee);
                    let kind = kind.split('.').next().unwrap_or_default();
                    return Cell::of(Value::Path(self.names.dotted(kind)));
                }
                let partial = (Cell::of(Value::Path(callee)), vec![object.clone()]);
                Cell::of(Value::Partial(Rc::new(partial))).with(object.taint)
            }
        }
    }

    /// `super().x`, or a method of an object outside whose constructor's arguments are known (`Fernet(key).decrypt`).
    fn partial_attribute(
        &mut self,
        frame: &mut Frame<'_>,
        partial: &(Cell, Vec<Cell>),
        object: &Cell,
        name: Symbol,
        offset: u32,
    ) -> Cell {
        let (callee, first) = partial;
        let Value::Path(path) = callee.value else {
            let path = self.names.child(Names::UNKNOWN, name);
            return Cell::of(Value::Path(path)).with(object.taint);
        };
        let text = self.names.path(path);
        if &*text == "super()" {
            let receiver = first.first().cloned().unwrap_or(Cell::UNKNOWN);
            let Some(class) = frame.class.clone() else {
                return Cell::UNKNOWN;
            };
            let found = class.bases.iter().find_map(|base| match &base.value {
                Value::Class(base) => self.class_attribute(base, name),
                _ => None,
            });
            return match found {
                Some(cell) => self.bind_method(cell, &receiver),
                None => self.inherited(frame, &class, name, true, offset),
            };
        }
        if &*text == "pathlib.Path()" && matches!(self.names.text(name), "parent" | "parents") {
            return object.clone();
        }
        let path = self.names.child(path, name);
        let inner = (Cell::of(Value::Path(path)), first.clone());
        Cell::of(Value::Partial(Rc::new(inner))).with(object.taint)
    }

    /// Reads something outside, and asks the observer where it comes from.
    pub(super) fn reference(
        &mut self,
        frame: &Frame<'_>,
        path: PathId,
        taint: Taint,
        offset: u32,
    ) -> Cell {
        let more = if self.names.is_unknown(path) {
            Taint::NONE
        } else {
            self.with_site(frame.tree, frame.module, offset, |observer, site, names| {
                observer.reference(site, path, names)
            })
        };
        let value = self.constant(path).unwrap_or(Value::Path(path));
        Cell {
            value,
            taint: taint.and(more),
        }
    }

    /// Constants of the standard library that decoders are built from.
    fn constant(&self, path: PathId) -> Option<Value> {
        let text = match &*self.names.path(path) {
            "string.ascii_lowercase" => "abcdefghijklmnopqrstuvwxyz",
            "string.ascii_uppercase" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "string.ascii_letters" => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "string.digits" => "0123456789",
            "string.hexdigits" => "0123456789abcdefABCDEF",
            "string.punctuation" => "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
            "string.whitespace" => " \t\n\r\x0b\x0c",
            "string.printable" => {
                "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \t\n\r\x0b\x0c"
            }
            _ => return None,
        };
        Some(Value::Str(text.into()))
    }

    pub(super) fn method_path(&mut self, object: &Value, name: Symbol) -> PathId {
        let kind = match object {
            Value::Str(_) => "str",
            Value::Bytes(_) => "bytes",
            Value::List(_) | Value::Cycle(_) => "list",
            Value::Tuple(_) => "tuple",
            Value::Dict(_) => "dict",
            Value::Int(_) | Value::Bool(_) | Value::Big(_) => "int",
            _ => "object",
        };
        let kind = self.names.intern(kind);
        let root = self.names.root(kind);
        self.names.child(root, name)
    }

    fn module_attribute(
        &mut self,
        frame: &mut Frame<'_>,
        id: ModuleId,
        name: Symbol,
        offset: u32,
    ) -> Cell {
        if let Some(cell) = self.scope_of(id).get(name) {
            return cell;
        }
        let Some(module) = self.modules.get(id.0 as usize) else {
            return Cell::UNKNOWN;
        };
        let dotted = format!("{}.{}", module.name, self.names.text(name));
        if let Some(inner) = self.by_name.get(dotted.as_str()).copied() {
            self.enter_module(inner);
            return Cell::of(Value::Module(inner));
        }
        let path = self.names.dotted(&dotted);
        self.reference(frame, path, Taint::NONE, offset)
    }

    /// An attribute of a class of the artifact or of one of its bases in the artifact.
    pub(super) fn class_attribute(&self, class: &Rc<ClassObject>, name: Symbol) -> Option<Cell> {
        let mut open = vec![Rc::clone(class)];
        for _ in 0..32 {
            let current = open.pop()?;
            if let Some(cell) = current.attrs.borrow().get(&name) {
                return Some(cell.clone());
            }
            for base in current.bases.iter().rev() {
                if let Value::Class(base) = &base.value {
                    open.push(Rc::clone(base));
                }
            }
        }
        None
    }

    /// An attribute that only a base outside the artifact can have.
    fn inherited(
        &mut self,
        frame: &Frame<'_>,
        class: &Rc<ClassObject>,
        name: Symbol,
        is_object: bool,
        offset: u32,
    ) -> Cell {
        let Some(mut path) = Self::outside_base(class, 0) else {
            let text = self.names.text(name);
            if text == "__name__" {
                return Cell::of(Value::Str(Rc::clone(&class.name)));
            }
            let path = self.names.child(Names::UNKNOWN, name);
            return Cell::of(Value::Path(path));
        };
        if is_object {
            path = self.names.called(path);
        }
        let path = self.names.child(path, name);
        self.reference(frame, path, Taint::NONE, offset)
    }

    pub(super) fn outside_base(class: &Rc<ClassObject>, depth: u8) -> Option<PathId> {
        class.bases.iter().find_map(|base| match &base.value {
            Value::Path(path) => Some(*path),
            Value::Class(inner) if depth < 16 => Self::outside_base(inner, depth + 1),
            _ => None,
        })
    }

    /// A function found on a class, read through an object.
    pub(super) fn bind_method(&mut self, cell: Cell, object: &Cell) -> Cell {
        let Value::Function(closure) = &cell.value else {
            return cell;
        };
        if closure.is_static {
            return cell;
        }
        if closure.is_property {
            return self.invoke(&Rc::clone(closure), vec![object.clone()], Vec::new());
        }
        Cell::of(Value::Function(rebound(closure, object.clone())))
    }

    /// A function found on a class, read through the class: only class methods are bound, and we do not tell them
    /// apart; a first parameter named `cls` is.
    fn unbound(&mut self, cell: Cell, class: &Cell) -> Cell {
        if let Value::Function(closure) = &cell.value
            && !closure.is_static
            && let Some(function) = closure.tree.function(closure.function)
            && let Some(first) = function.positional.first()
            && matches!(self.names.text(first.name), "cls" | "klass" | "mcs")
        {
            return Cell::of(Value::Function(rebound(closure, class.clone())));
        }
        cell
    }

    pub(super) fn subscript(
        &mut self,
        frame: &mut Frame<'_>,
        value: ExprId,
        index: ExprId,
        id: ExprId,
    ) -> Cell {
        let object = self.eval(frame, value);
        let tree = frame.tree;
        if let Expr::Slice(from, to, step) = tree.expr(index) {
            let bounds =
                [*from, *to, *step].map(|bound| bound.map(|bound| self.eval(frame, bound).value));
            return self.slice(&object, &bounds);
        }
        let mut index = self.eval(frame, index);
        // `{2: "urllib2", 3: "urllib.request"}[sys.version_info[0]]`.
        if let (Value::Dict(_), Value::Path(path)) = (&object.value, &index.value)
            && matches!(
                &*self.names.path(*path),
                "sys.version_info[]" | "sys.version_info.major"
            )
        {
            index = Cell::of(Value::Int(3));
        }
        if let Value::Path(path) = &object.value {
            return self.path_item(frame, *path, &object, &index, tree.offset(id));
        }
        self.item(&object, &index)
    }

    /// `sys.modules["os"]`, `globals()["x"]`, `os.__dict__["system"]`, `os.environ["X"]`.
    fn path_item(
        &mut self,
        frame: &mut Frame<'_>,
        path: PathId,
        object: &Cell,
        index: &Cell,
        offset: u32,
    ) -> Cell {
        let text = self.names.path(path);
        if let Some(key) = index.as_text() {
            let key = Rc::clone(key);
            if let Some(cell) = self.named_item(frame, &text, &key, offset) {
                return cell.with(object.taint).with(index.taint);
            }
        }
        let item = self.names.item(path);
        let call = super::Call {
            path: &self.names.path(item),
            id: item,
            receiver: object.taint,
            args: std::slice::from_ref(index),
            keywords: &[],
            folded: None,
            dropped: false,
        };
        let effect = self.with_site(frame.tree, frame.module, offset, |observer, site, names| {
            observer.call(site, &call, names)
        });
        let set = index.as_text().filter(|_| &*text == "os.environ");
        if let Some(cell) = set.and_then(|name| self.environment.get(name)) {
            return cell.clone();
        }
        Cell {
            value: effect.value.unwrap_or(Value::Path(item)),
            taint: object.taint.without(effect.washes).and(effect.taint),
        }
    }

    fn named_item(
        &mut self,
        frame: &mut Frame<'_>,
        text: &str,
        key: &str,
        offset: u32,
    ) -> Option<Cell> {
        match text {
            "sys.modules" => Some(self.module_by_name(key)),
            "globals()" | "locals()" | "vars()" => {
                let name = self.names.intern(key);
                let cell = self.name(frame, name);
                self.hidden_name(frame, offset, key, &cell);
                Some(cell)
            }
            _ => {
                let owner = text
                    .strip_suffix(".__dict__")
                    .or_else(|| text.strip_suffix(".__globals__"))
                    .or_else(|| (text == "builtins").then_some(text))?;
                let owner = if owner.starts_with('?') {
                    "builtins"
                } else {
                    owner
                };
                let owner = self.names.dotted(owner);
                let name = self.names.intern(key);
                let path = self.names.child(owner, name);
                let cell = self.reference(frame, path, Taint::NONE, offset);
                self.hidden_name(frame, offset, key, &cell);
                Some(cell)
            }
        }
    }

    /// Tells the observer that a name was looked up by a text.
    pub(super) fn hidden_name(&mut self, frame: &Frame<'_>, offset: u32, name: &str, cell: &Cell) {
        let path = self.names.dotted("globals.[]");
        let args = [Cell::text(name)];
        let call = super::Call {
            path: "globals()[]",
            id: path,
            receiver: Taint::NONE,
            args: &args,
            keywords: &[],
            folded: Some(&cell.value),
            dropped: false,
        };
        self.with_site(frame.tree, frame.module, offset, |observer, site, names| {
            observer.call(site, &call, names);
        });
    }

    /// The module a text names: of the artifact, or outside.
    pub(super) fn module_by_name(&mut self, name: &str) -> Cell {
        if let Some(id) = self.by_name.get(name).copied() {
            self.enter_module(id);
            return Cell::of(Value::Module(id));
        }
        if name.len() > 200 {
            return Cell::UNKNOWN;
        }
        Cell::of(Value::Path(self.names.dotted(name)))
    }
}

/// A closure with another receiver.
pub(super) fn rebound(closure: &Closure, object: Cell) -> Rc<Closure> {
    Rc::new(Closure {
        tree: Rc::clone(&closure.tree),
        module: closure.module,
        function: closure.function,
        scope: Rc::clone(&closure.scope),
        bound: Some(object),
        class: closure.class.clone(),
        defaults: Rc::clone(&closure.defaults),
        is_property: closure.is_property,
        is_static: closure.is_static,
    })
}
