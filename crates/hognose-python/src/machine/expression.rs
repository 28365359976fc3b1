//! Expressions.

use std::rc::Rc;

use super::names::is_builtin;
use super::{Frame, Machine, Scope, ScopeKind};
use crate::names::Symbol;
use crate::tree::{BinaryOp, Expr, ExprId, Exprs, Tree};
use crate::value::{Cell, Dict, Taint, Value};

/// Deepest recursion; beyond it values are unknown.
const MAX_DEPTH: usize = 4_500;
/// Texts shorter than this name nothing.
const MIN_TEXT: usize = 4;

impl Machine<'_> {
    pub(super) fn eval(&mut self, frame: &mut Frame<'_>, id: ExprId) -> Cell {
        if self.fuel == 0 || self.depth >= MAX_DEPTH {
            return Cell::UNKNOWN;
        }
        self.fuel -= 1;
        self.depth += 1;
        let cell = self.eval_inner(frame, id);
        self.depth -= 1;
        cell
    }

    fn eval_inner(&mut self, frame: &mut Frame<'_>, id: ExprId) -> Cell {
        let tree = frame.tree;
        match tree.expr(id) {
            Expr::Unknown => Cell::UNKNOWN,
            Expr::None => Cell::of(Value::None),
            Expr::Bool(v) => Cell::of(Value::Bool(*v)),
            Expr::Int(v) => Cell::of(Value::Int(*v)),
            Expr::Big(v) => Cell::of(Value::Big(Rc::clone(v))),
            Expr::Float(v) => Cell::of(Value::Float(*v)),
            Expr::Str(v) => {
                self.see_text(frame, id, v);
                Cell::of(Value::Str(Rc::clone(v)))
            }
            Expr::Bytes(v) => {
                self.see_bytes(frame, id, v);
                Cell::of(Value::Bytes(Rc::clone(v)))
            }
            Expr::Name(name) => self.name(frame, *name),
            Expr::Attribute(value, name) => {
                let value = self.eval(frame, *value);
                self.attribute(frame, &value, *name, tree.offset(id))
            }
            Expr::Subscript(value, index) => self.subscript(frame, *value, *index, id),
            Expr::Call {
                callee,
                args,
                keywords,
            } => self.call_expr(frame, id, *callee, *args, *keywords),
            Expr::Binary(..) => self.binary_chain(frame, id),
            Expr::Unary(op, value) => {
                let value = self.eval(frame, *value);
                Self::unary(*op, &value)
            }
            Expr::And(values) => self.logical(frame, *values, false),
            Expr::Or(values) => self.logical(frame, *values, true),
            Expr::Compare(left, op, right) => {
                let left = self.eval(frame, *left);
                let right = self.eval(frame, *right);
                let mut taint = left.taint.and(right.taint);
                let value = self.compare(&left, *op, &right);
                if taint.has(self.interest.compared) && matches!(value, Value::Unknown) {
                    taint = taint.and(self.observer.compared(&left, &right, &self.names));
                }
                Cell { value, taint }
            }
            Expr::IfElse { test, then, other } => self.if_else(frame, *test, *then, *other),
            other => self.eval_rest(frame, id, other),
        }
    }

    fn eval_rest(&mut self, frame: &mut Frame<'_>, id: ExprId, expr: &Expr) -> Cell {
        match expr {
            Expr::List(items) | Expr::Set(items) => {
                let cells = self.cells(frame, *items);
                Cell::of(Value::list(cells))
            }
            Expr::Tuple(items) => Cell::of(Value::Tuple(self.cells(frame, *items).into())),
            Expr::Dict(items) => self.dict(frame, *items),
            Expr::Formatted(parts) => self.formatted(frame, *parts),
            Expr::Format { value, .. } | Expr::Starred(value) | Expr::Await(value) => {
                self.eval(frame, *value)
            }
            Expr::Comprehension {
                kind,
                element,
                value,
                generators,
            } => self.comprehension(frame, *kind, (*element, *value), *generators),
            Expr::Lambda(function) => {
                let closure = self.closure(frame, *function, false, false);
                Cell::of(Value::Function(closure))
            }
            Expr::Named(name, value) => {
                let cell = self.eval(frame, *value);
                self.bind(frame, *name, cell.clone());
                cell
            }
            Expr::Yield(value) => {
                let cell = match value {
                    Some(value) => self.eval(frame, *value),
                    None => Cell::of(Value::None),
                };
                let yielded = frame.yielded.get_or_insert_with(Vec::new);
                if yielded.len() < 100_000 {
                    yielded.push(cell);
                }
                Cell::UNKNOWN
            }
            Expr::Slice(..) => {
                let _ = id;
                Cell::UNKNOWN
            }
            _ => Cell::UNKNOWN,
        }
    }

    fn see_text(&mut self, frame: &Frame<'_>, id: ExprId, text: &str) {
        if text.len() < MIN_TEXT {
            return;
        }
        let key = (frame.tree.serial, id.0, self.context.0);
        if !self.texts_seen.insert(key) {
            return;
        }
        let offset = frame.tree.offset(id);
        self.with_site(frame.tree, frame.module, offset, |observer, site, _| {
            observer.text(site, text, Taint::NONE);
        });
    }

    fn see_bytes(&mut self, frame: &Frame<'_>, id: ExprId, bytes: &[u8]) {
        if bytes.len() >= MIN_TEXT
            && bytes.len() < 65_536
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            self.see_text(frame, id, text);
        }
    }

    /// A text that was put together is shown to the observer where it is used.
    pub(super) fn see_folded(&mut self, frame: &Frame<'_>, offset: u32, cell: &Cell) {
        let text = match &cell.value {
            Value::Str(text) => Rc::clone(text),
            Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => text.into(),
                Err(_) => return,
            },
            _ => return,
        };
        if text.len() < MIN_TEXT || text.len() > 1 << 20 {
            return;
        }
        let taint = cell.taint;
        self.with_site(frame.tree, frame.module, offset, |observer, site, _| {
            observer.text(site, &text, taint);
        });
    }

    pub(super) fn name(&mut self, frame: &Frame<'_>, name: Symbol) -> Cell {
        if let Some(cell) = Self::lookup(&frame.scope, name) {
            return cell;
        }
        let text = self.names.shared(name);
        if matches!(&*text, "__builtins__" | "__builtin__") {
            let path = self.names.dotted("builtins");
            return Cell::of(Value::Path(path));
        }
        if is_builtin(&text) {
            let path = self.names.root(name);
            return Cell::of(Value::Path(path));
        }
        let stars = self
            .modules
            .get(frame.module.0 as usize)
            .map(|m| m.stars.clone())
            .unwrap_or_default();
        for star in stars {
            let path = self.names.child(star, name);
            if self.observer.knows(&self.names.path(path)) {
                return Cell::of(Value::Path(path));
            }
        }
        // A well-known module that nobody imported: broken code still says what it wants.
        if self.observer.knows(&text) {
            let path = self.names.root(name);
            return Cell::of(Value::Path(path));
        }
        Cell::UNKNOWN
    }

    fn lookup(scope: &Rc<Scope>, name: Symbol) -> Option<Cell> {
        let mut current = Some(scope);
        let mut first = true;
        while let Some(scope) = current {
            if (first || scope.kind != ScopeKind::Class)
                && let Some(cell) = scope.get(name)
            {
                return Some(cell);
            }
            first = false;
            current = scope.parent.as_ref();
        }
        None
    }

    pub(super) fn cells(&mut self, frame: &mut Frame<'_>, items: Exprs) -> Vec<Cell> {
        let mut cells = Vec::with_capacity(frame.tree.list(items).len());
        self.fill(frame, items, &mut cells);
        cells
    }

    /// Evaluates expressions one after the other.
    pub(super) fn fill(&mut self, frame: &mut Frame<'_>, items: Exprs, cells: &mut Vec<Cell>) {
        let tree = frame.tree;
        for item in tree.list(items) {
            let cell = self.eval(frame, *item);
            if matches!(tree.expr(*item), Expr::Starred(_))
                && let Some(inner) = self.items(&cell)
            {
                cells.extend(inner);
                continue;
            }
            cells.push(cell);
        }
    }

    fn dict(&mut self, frame: &mut Frame<'_>, items: Exprs) -> Cell {
        let tree = frame.tree;
        let mut dict = Dict::default();
        let mut taint = Taint::NONE;
        for pair in tree.list(items).chunks_exact(2) {
            let [key, value] = pair else { continue };
            let key_cell = self.eval(frame, *key);
            let value_cell = self.eval(frame, *value);
            if matches!(tree.expr(*value), Expr::Starred(_)) {
                taint = taint.and(value_cell.taint);
                if let Value::Dict(other) = &value_cell.value
                    && let Ok(other) = other.try_borrow()
                {
                    for (key, value) in &other.entries {
                        dict.set(key.clone(), value.clone());
                    }
                }
                continue;
            }
            dict.set(key_cell, value_cell);
        }
        Cell::of(Value::Dict(Rc::new(std::cell::RefCell::new(dict)))).with(taint)
    }

    /// `a + b + c …`: walked from the left in a loop, since generated code has thousands of links.
    fn binary_chain(&mut self, frame: &mut Frame<'_>, id: ExprId) -> Cell {
        let tree = frame.tree;
        let mut links = Vec::new();
        let mut left = id;
        while let Expr::Binary(op, inner, right) = tree.expr(left) {
            links.push((*op, *right));
            left = *inner;
        }
        let cut = (2..=32).contains(&links.len()) && Self::is_cut_up(tree, left, &links);
        let mut result = self.eval(frame, left);
        if cut {
            result.taint = result.taint.and(Taint::ASSEMBLED);
        }
        let pieces = links.len();
        if links.iter().all(|(op, _)| *op == BinaryOp::Add) && pieces > 2 {
            return self.sum(frame, result, &links);
        }
        for (op, right) in links.into_iter().rev() {
            let right = self.eval(frame, right);
            result = self.binary(&result, op, &right);
        }
        result
    }

    /// `"pow" + "ersh" + "ell"`: short constants that meet inside words, more than once.
    fn is_cut_up(tree: &Tree, first: ExprId, links: &[(BinaryOp, ExprId)]) -> bool {
        let Expr::Str(first) = tree.expr(first) else {
            return false;
        };
        let (mut before, mut cuts, mut len) = (first, 0, first.len());
        for (op, right) in links.iter().rev() {
            let (BinaryOp::Add, Expr::Str(text)) = (op, tree.expr(*right)) else {
                return false;
            };
            cuts += usize::from(super::method::cuts_word(before, text));
            len += text.len();
            before = text;
        }
        cuts >= 2 && len <= (links.len() + 1) * 16
    }

    /// A long sum of texts, without copying what is already there at every link.
    fn sum(&mut self, frame: &mut Frame<'_>, first: Cell, links: &[(BinaryOp, ExprId)]) -> Cell {
        let mut taint = first.taint;
        let mut text = match &first.value {
            Value::Str(text) => Some(text.to_string()),
            _ => None,
        };
        let mut value = first;
        let mut short = 0;
        for (op, right) in links.iter().rev() {
            let right = self.eval(frame, *right);
            taint = taint.and(right.taint);
            if let (Some(known), Value::Str(more)) = (&mut text, &right.value)
                && known.len() + more.len() <= self.bounds.value_bytes
            {
                short += usize::from(more.len() <= 4);
                known.push_str(more);
                continue;
            }
            if let Some(known) = text.take() {
                value = self.folded_text(known);
            }
            value = self.binary(&value, *op, &right);
        }
        if let Some(known) = text {
            value = self.folded_text(known).with(Taint::JOINED);
            // Six pieces of up to four letters: nobody writes that to be read.
            if short >= 6 {
                taint = taint.and(Taint::ASSEMBLED);
            }
        }
        value.with(taint)
    }

    fn logical(&mut self, frame: &mut Frame<'_>, values: Exprs, is_or: bool) -> Cell {
        let tree = frame.tree;
        let mut taint = Taint::NONE;
        let mut known: Option<Cell> = None;
        for value in tree.list(values) {
            let cell = self.eval(frame, *value);
            taint = taint.and(cell.taint);
            match cell.value.truth() {
                Some(truth) if truth == is_or => {
                    return known.unwrap_or(cell).with(taint);
                }
                Some(_) => {}
                None => {
                    known.get_or_insert(cell);
                    continue;
                }
            }
            if known.is_none() && Some(value) == tree.list(values).last() {
                return cell.with(taint);
            }
        }
        match known {
            Some(cell) => cell.with(taint),
            None => Cell::tainted(taint),
        }
    }

    fn if_else(
        &mut self,
        frame: &mut Frame<'_>,
        test: ExprId,
        then: ExprId,
        other: ExprId,
    ) -> Cell {
        let truth = self.eval(frame, test).value.truth();
        match truth {
            Some(true) => self.eval(frame, then),
            Some(false) => self.eval(frame, other),
            None => {
                let then = self.eval(frame, then);
                let other = self.eval(frame, other);
                super::statement::join(then, other)
            }
        }
    }
}
