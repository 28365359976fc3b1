//! Comprehensions.

use std::rc::Rc;

use super::{Frame, Machine, Scope, ScopeKind};
use crate::tree::{ComprehensionKind, Expr, ExprId, Exprs};
use crate::value::{Cell, Dict, Taint, Value};

impl Machine<'_> {
    pub(super) fn comprehension(
        &mut self,
        frame: &mut Frame<'_>,
        kind: ComprehensionKind,
        element: (ExprId, Option<ExprId>),
        generators: Exprs,
    ) -> Cell {
        let scope = Scope::new(ScopeKind::Function, Some(Rc::clone(&frame.scope)));
        let mut inner = Frame::new(frame.tree, frame.module, scope);
        inner.class.clone_from(&frame.class);
        inner.receiver.clone_from(&frame.receiver);
        let mut made = Made {
            keys: Vec::new(),
            cells: Vec::new(),
            exact: true,
            taint: Taint::NONE,
        };
        self.generate(&mut inner, frame.tree.list(generators), element, &mut made);
        if kind == ComprehensionKind::Dict {
            let mut dict = Dict::default();
            for (key, value) in made.keys.into_iter().zip(made.cells) {
                dict.set(key, value);
            }
            return Cell::of(Value::Dict(Rc::new(std::cell::RefCell::new(dict)))).with(made.taint);
        }
        if made.exact {
            return Cell::of(Value::list(made.cells)).with(made.taint);
        }
        let taint = made
            .cells
            .iter()
            .fold(made.taint, |t, c| t.and(c.deep_taint()));
        Cell::tainted(taint)
    }

    fn generate(
        &mut self,
        frame: &mut Frame<'_>,
        generators: &[ExprId],
        element: (ExprId, Option<ExprId>),
        made: &mut Made,
    ) {
        let [target, iterable, conditions, rest @ ..] = generators else {
            let cell = self.eval(frame, element.0);
            if let Some(value) = element.1 {
                made.keys.push(cell);
                let value = self.eval(frame, value);
                made.cells.push(value);
            } else {
                made.cells.push(cell);
            }
            return;
        };
        let iterable = self.eval(frame, *iterable);
        made.taint = made.taint.and(iterable.taint);
        let items = self.items(&iterable).unwrap_or_else(|| {
            made.exact = false;
            vec![self.unknown_item(&iterable)]
        });
        for (round, item) in items.into_iter().enumerate() {
            if round > 2 && !self.spend_loop() {
                made.exact = false;
                break;
            }
            self.assign(frame, *target, item);
            if self.filtered(frame, *conditions, made) {
                self.generate(frame, rest, element, made);
            }
        }
    }

    /// False when a condition is known to be false.
    fn filtered(&mut self, frame: &mut Frame<'_>, conditions: ExprId, made: &mut Made) -> bool {
        let tree = frame.tree;
        let Expr::Tuple(conditions) = tree.expr(conditions) else {
            return true;
        };
        for condition in tree.list(*conditions) {
            match self.eval(frame, *condition).value.truth() {
                Some(false) => return false,
                Some(true) => {}
                None => made.exact = false,
            }
        }
        true
    }
}

/// What a comprehension has made so far.
struct Made {
    keys: Vec<Cell>,
    cells: Vec<Cell>,
    /// False when items or conditions were unknown: then the result is not a known list.
    exact: bool,
    taint: Taint,
}
