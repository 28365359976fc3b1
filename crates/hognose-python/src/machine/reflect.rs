//! Built-in functions over names, code and objects; objects outside that are followed by what made them.

use std::rc::Rc;

use super::call::Named;
use super::{Frame, Machine};
use crate::value::{Cell, Taint, Value};

impl Machine<'_> {
    /// Names and code.
    pub(super) fn reflect(
        &mut self,
        frame: &mut Frame<'_>,
        path: &str,
        args: &[Cell],
        offset: u32,
    ) -> Option<Cell> {
        let first = args.first();
        match path {
            "exec" => self.exec(frame, first?, offset),
            "eval" => self.eval_text(frame, first?, offset),
            "compile" => Self::compiled(first?),
            "__import__" => {
                let name = Rc::clone(first?.as_text()?);
                let cell = self.import_module(frame, &name, offset);
                let top = name.split('.').next().unwrap_or(&name);
                // Without a list of names, the top package is what comes back.
                Some(if args.len() < 4 && top != &*name {
                    self.module_by_name(top)
                } else {
                    cell
                })
            }
            "importlib.import_module"
            | "importlib.__import__"
            | "imp.load_module"
            | "pydoc.locate"
            | "pkgutil.resolve_name" => {
                let name = Rc::clone(first?.as_text()?);
                let name = name.replace(':', ".");
                Some(self.import_module(frame, name.trim_start_matches('.'), offset))
            }
            _ => self.reflect_object(frame, path, args, offset),
        }
    }

    /// Attributes by name, and callables made from callables.
    fn reflect_object(
        &mut self,
        frame: &mut Frame<'_>,
        path: &str,
        args: &[Cell],
        offset: u32,
    ) -> Option<Cell> {
        let first = args.first();
        match path {
            "getattr" => {
                let name = Rc::clone(args.get(1)?.as_text()?);
                let name = self.names.intern(&name);
                let taint = args.get(1)?.taint;
                Some(self.attribute(frame, first?, name, offset).with(taint))
            }
            "setattr" => {
                let name = Rc::clone(args.get(1)?.as_text()?);
                let name = self.names.intern(&name);
                self.set_attribute(frame, first?, name, args.get(2)?.clone(), offset);
                Some(Cell::of(Value::None))
            }
            "operator.attrgetter" | "operator.methodcaller" => {
                let path = self.names.dotted(path);
                let path = self.names.called(path);
                let partial = (Cell::of(Value::Path(path)), args.to_vec());
                Some(Cell::of(Value::Partial(Rc::new(partial))))
            }
            "operator.attrgetter()" | "operator.methodcaller()" => {
                let (object, given) = args.split_last()?;
                let (name, rest) = given.split_first()?;
                let name = Rc::clone(name.as_text()?);
                let name = self.names.intern(&name);
                let cell = self.attribute(frame, object, name, offset);
                Some(if path.contains("methodcaller") {
                    self.apply(frame, &cell, rest.to_vec(), Named::new(), offset)
                } else {
                    cell
                })
            }
            "staticmethod" | "classmethod" if args.len() == 1 => first.cloned(),
            "type" if args.len() == 3 => self.made_class(args),
            "vars" | "builtins.vars" => match &first?.value {
                Value::Path(path) => {
                    let dict = self.names.intern("__dict__");
                    Some(Cell::of(Value::Path(self.names.child(*path, dict))))
                }
                _ => None,
            },
            _ => self.made_callable(frame, path, args),
        }
    }

    /// Callables and classes made from others.
    fn made_callable(&mut self, frame: &mut Frame<'_>, path: &str, args: &[Cell]) -> Option<Cell> {
        match path {
            "super" => {
                let receiver = frame.receiver.clone().unwrap_or(Cell::UNKNOWN);
                let path = self.names.dotted("super");
                let path = self.names.called(path);
                let partial = (Cell::of(Value::Path(path)), vec![receiver]);
                Some(Cell::of(Value::Partial(Rc::new(partial))))
            }
            "os.getenv" | "os.environ.get" => {
                self.environment.get(args.first()?.as_text()?).cloned()
            }
            "functools.partial" => {
                let (callee, rest) = args.split_first()?;
                Some(Cell::of(Value::Partial(Rc::new((
                    callee.clone(),
                    rest.to_vec(),
                )))))
            }
            _ => self.keyed_object(path, args),
        }
    }

    /// `type(name, bases, attributes)`.
    fn made_class(&mut self, args: &[Cell]) -> Option<Cell> {
        let name = Rc::clone(args.first()?.as_text()?);
        let bases = self.items(args.get(1)?)?;
        let Value::Dict(dict) = &args.get(2)?.value else {
            return None;
        };
        let mut attrs = rustc_hash::FxHashMap::default();
        for (key, value) in &dict.try_borrow().ok()?.entries {
            if let Some(key) = key.as_text() {
                attrs.insert(self.names.intern(key), value.clone());
            }
        }
        let class = Rc::new(super::ClassObject {
            serial: crate::serial::Serial::default(),
            name,
            bases,
            attrs: std::cell::RefCell::new(attrs),
        });
        self.classes.push(Rc::clone(&class));
        Some(Cell::of(Value::Class(class)))
    }

    /// Objects outside whose methods need what the constructor was given.
    fn keyed_object(&mut self, path: &str, args: &[Cell]) -> Option<Cell> {
        if let Some(cell) = self.path_object(path, args) {
            return Some(cell);
        }
        let last = path.rsplit('.').next()?;
        let is_cipher = last == "Fernet"
            || (last == "new"
                && ["AES", "ARC4", "DES3", "Blowfish", "ChaCha20"]
                    .iter()
                    .any(|c| path.contains(c)))
            || last == "AESModeOfOperationCBC"
            || last == "AESModeOfOperationECB"
            || last == "AESModeOfOperationCTR"
            || last == "AESModeOfOperationGCM";
        if !is_cipher || args.is_empty() {
            return None;
        }
        let path = self.names.dotted(path);
        let path = self.names.called(path);
        Some(Cell::of(Value::Partial(Rc::new((
            Cell::of(Value::Path(path)),
            args.to_vec(),
        )))))
    }

    /// A path of `pathlib`, with its text; unknown parts are holes.
    fn path_object(&mut self, path: &str, args: &[Cell]) -> Option<Cell> {
        let text = match path {
            "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" | "pathlib.WindowsPath" => {
                self.joined(args)
            }
            "pathlib.Path.home" => "~".to_owned(),
            "pathlib.Path().joinpath"
            | "pathlib.Path().expanduser"
            | "pathlib.Path().resolve"
            | "pathlib.Path().absolute"
            | "pathlib.Path().with_suffix"
            | "pathlib.Path().with_name" => self.joined(args),
            _ => return None,
        };
        let taint = args.iter().fold(Taint::NONE, |t, c| t.and(c.taint));
        Some(self.made_path(&text, taint))
    }

    pub(super) fn made_path(&mut self, text: &str, taint: Taint) -> Cell {
        let class = self.names.dotted("pathlib.Path");
        let object = self.names.called(class);
        let partial = (
            Cell::of(Value::Path(object)),
            vec![Cell::text(text).with(taint)],
        );
        Cell::of(Value::Partial(Rc::new(partial))).with(taint)
    }

    fn joined(&self, args: &[Cell]) -> String {
        let parts: Vec<Rc<str>> = args
            .iter()
            .map(|cell| {
                self.path_text_of(cell)
                    .unwrap_or_else(|| super::format::HOLE.into())
            })
            .collect();
        let mut out = parts.join("/");
        out.truncate(out.floor_char_boundary(4_096));
        out
    }

    /// The text of a path, whether of `pathlib` or not.
    pub(super) fn path_text_of(&self, cell: &Cell) -> Option<Rc<str>> {
        match &cell.value {
            Value::Str(text) => Some(Rc::clone(text)),
            Value::Partial(partial) => {
                let (callee, first) = &**partial;
                let is_path =
                    callee.value.path_text(&self.names).as_deref() == Some("pathlib.Path()");
                is_path.then(|| first.first()?.as_text().cloned()).flatten()
            }
            _ => None,
        }
    }
}
