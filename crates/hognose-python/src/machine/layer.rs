//! Code within code: `exec`, `eval`, `compile`, and programs started with `-c`.

use std::hash::{Hash, Hasher};
use std::rc::Rc;

use super::{Frame, Machine, Scope, ScopeKind};
use crate::lower;
use crate::value::{Cell, Taint, Value};

/// Longest text walked as a layer.
const MAX_TEXT: usize = 4 << 20;

impl Machine<'_> {
    /// `exec(code)`.
    pub(super) fn exec(&mut self, frame: &mut Frame<'_>, code: &Cell, offset: u32) -> Option<Cell> {
        let text = self.code_text(code)?;
        self.layered(
            frame,
            "exec",
            &text,
            code.taint,
            offset,
            |machine, frame| {
                machine.walk(frame, &text);
            },
        );
        Some(Cell::of(Value::None))
    }

    /// `eval(code)`: the value of the expression.
    pub(super) fn eval_text(
        &mut self,
        frame: &mut Frame<'_>,
        code: &Cell,
        offset: u32,
    ) -> Option<Cell> {
        let text = self.code_text(code)?;
        let mut result = Cell::UNKNOWN;
        self.layered(
            frame,
            "eval",
            &text,
            code.taint,
            offset,
            |machine, frame| {
                let trimmed = text.trim();
                if crate::nesting::check(trimmed).is_err() {
                    return;
                }
                match lower::parse_expression(trimmed, &mut machine.names) {
                    Some((tree, root)) => {
                        let tree = Rc::new(tree);
                        let mut inner = Frame::new(&tree, frame.module, Rc::clone(&frame.scope));
                        inner.class.clone_from(&frame.class);
                        result = machine.eval(&mut inner, root);
                    }
                    None => machine.walk(frame, trimmed),
                }
            },
        );
        Some(result.with(code.taint))
    }

    /// `compile(text, …)`: the text, to be walked when it is run.
    pub(super) fn compiled(code: &Cell) -> Option<Cell> {
        let text = match &code.value {
            Value::Str(text) => Rc::clone(text),
            Value::Bytes(bytes) => crate::source::decode(bytes).text.as_ref().into(),
            Value::Code(_) => return Some(code.clone()),
            _ => return None,
        };
        Some(Cell {
            value: Value::Code(text),
            taint: code.taint,
        })
    }

    fn code_text(&self, code: &Cell) -> Option<Rc<str>> {
        let text: Rc<str> = match &code.value {
            Value::Str(text) | Value::Code(text) => Rc::clone(text),
            Value::Bytes(bytes) => crate::source::decode(bytes).text.as_ref().into(),
            _ => return None,
        };
        (text.len() <= MAX_TEXT).then_some(text)
    }

    /// Runs something one layer deeper. The same text is walked once for each trigger.
    fn layered<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        kind: &'static str,
        text: &str,
        taint: Taint,
        offset: u32,
        run: impl FnOnce(&mut Self, &mut Frame<'t>),
    ) {
        let mut hasher = rustc_hash::FxHasher::default();
        (text, kind).hash(&mut hasher);
        let certainty = self.context.0 | (self.doubt.min(7) as u8) << 4;
        if !self.layers_seen.insert((hasher.finish(), certainty)) && kind == "exec" {
            return;
        }
        if self.levels >= self.bounds.layers {
            self.reached("layers", frame.module);
            return;
        }
        self.levels += 1;
        let outermost = self.origin.is_none();
        if outermost {
            let (line, column) = frame.tree.position(offset);
            self.origin = Some((frame.module, line, column));
        }
        let depth = self.layers.len();
        self.layers.extend(taint.steps());
        self.layers.push(kind);
        self.with_site(frame.tree, frame.module, offset, |observer, site, _| {
            observer.layer(site, text);
        });
        run(self, frame);
        self.levels -= 1;
        self.layers.truncate(depth);
        if outermost {
            self.origin = None;
        }
    }

    /// Walks a text as statements in the scope of the frame.
    fn walk(&mut self, frame: &mut Frame<'_>, text: &str) {
        let Some(tree) = self.parse(frame.module, text) else {
            return;
        };
        self.fuel = self.fuel.saturating_add(8 * tree.nodes() as u64);
        let mut inner = Frame::new(&tree, frame.module, Rc::clone(&frame.scope));
        inner.class.clone_from(&frame.class);
        inner.conditional = frame.conditional;
        self.block(&mut inner, tree.body);
    }

    /// Walks a text as a program of its own (`python -c`).
    pub(super) fn run_program(
        &mut self,
        frame: &mut Frame<'_>,
        layer: &'static str,
        text: &str,
        offset: u32,
    ) {
        if text.len() > MAX_TEXT {
            return;
        }
        self.layered(frame, layer, text, Taint::NONE, offset, |machine, frame| {
            let scope = Scope::new(ScopeKind::Module, None);
            scope.set(machine.known.name, Cell::text("__main__"));
            let mut inner = Frame::new(frame.tree, frame.module, scope);
            machine.walk(&mut inner, text);
        });
    }
}
