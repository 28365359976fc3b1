//! Statements.

use std::rc::Rc;

use super::{Frame, Machine, Pending};
use crate::tree::{Block, CompareOp, Expr, ExprId, Exprs, Handler, Stmt, StmtId};
use crate::value::{Cell, Taint, Value};

/// Names that conditions about the platform end with.
const PLATFORM: [&str; 6] = [
    "name",
    "platform",
    "system",
    "version_info",
    "is_windows",
    "windows",
];

/// How a block was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Return,
    Break,
    Continue,
}

impl Machine<'_> {
    pub(super) fn block(&mut self, frame: &mut Frame<'_>, block: Block) -> Flow {
        let tree = frame.tree;
        for id in tree.block(block) {
            if self.fuel == 0 {
                self.out_of_fuel(frame);
                return Flow::Next;
            }
            self.fuel -= 1;
            let flow = self.statement(frame, *id);
            if flow != Flow::Next {
                return flow;
            }
        }
        Flow::Next
    }

    fn out_of_fuel(&mut self, frame: &Frame<'_>) {
        self.reached("steps", frame.module);
    }

    fn statement(&mut self, frame: &mut Frame<'_>, id: StmtId) -> Flow {
        let tree = frame.tree;
        match tree.stmt(id) {
            Stmt::Nothing => {}
            Stmt::Expr(value) => {
                self.statement = matches!(tree.expr(*value), Expr::Call { .. } | Expr::Await(_));
                self.eval(frame, *value);
                self.statement = false;
            }
            Stmt::Assign { targets, value } => {
                let cell = self.eval(frame, *value);
                for target in tree.list(*targets) {
                    self.assign(frame, *target, cell.clone());
                }
            }
            Stmt::AugAssign(op, target, value) => {
                self.augmented(frame, *op, *target, *value);
            }
            Stmt::Return(value) => return self.give_back(frame, *value),
            Stmt::Delete(targets) => {
                for target in tree.list(*targets) {
                    if !matches!(tree.expr(*target), Expr::Name(_)) {
                        self.eval(frame, *target);
                    }
                }
            }
            Stmt::Raise(value) => {
                if let Some(value) = value {
                    self.eval(frame, *value);
                }
                // Under a condition nothing is known of, the code after it may run all the same.
                if frame.conditional == 0 {
                    return Flow::Return;
                }
            }
            Stmt::Global(names) => frame.scope.outer.borrow_mut().extend(names.iter()),
            Stmt::Import(names) => self.import(frame, names, tree.stmt_offset(id)),
            Stmt::ImportFrom {
                level,
                module,
                names,
                star,
            } => {
                let offset = tree.stmt_offset(id);
                self.import_from(frame, (*level, module.as_deref()), names, *star, offset);
            }
            Stmt::Function(function) => self.define(frame, *function),
            Stmt::Class(class) => self.define_class(frame, *class),
            Stmt::Break => return Flow::Break,
            Stmt::Continue => return Flow::Continue,
            _ => return self.compound(frame, id),
        }
        Flow::Next
    }

    fn compound(&mut self, frame: &mut Frame<'_>, id: StmtId) -> Flow {
        let tree = frame.tree;
        match tree.stmt(id) {
            Stmt::If { test, body, orelse } => self.branch(frame, *test, *body, *orelse),
            Stmt::For {
                target,
                iterable,
                body,
                orelse,
            } => {
                let iterable = self.eval(frame, *iterable);
                let flow = self.for_loop(frame, *target, &iterable, *body);
                if flow == Flow::Return {
                    return flow;
                }
                self.block(frame, *orelse)
            }
            Stmt::While { test, body, orelse } => {
                let flow = self.while_loop(frame, *test, *body);
                if flow == Flow::Return {
                    return flow;
                }
                self.block(frame, *orelse)
            }
            Stmt::With(items, body) => {
                self.with_items(frame, *items);
                self.block(frame, *body)
            }
            Stmt::Try {
                body,
                handlers,
                orelse,
                finally,
            } => self.try_block(frame, (*body, *orelse, *finally), handlers),
            Stmt::Match {
                subject,
                captures,
                blocks,
            } => {
                let subject = self.eval(frame, *subject);
                for name in &**captures {
                    self.bind(frame, *name, Cell::tainted(subject.taint));
                }
                frame.conditional += 1;
                for block in &**blocks {
                    self.block(frame, *block);
                }
                frame.conditional -= 1;
                Flow::Next
            }
            _ => Flow::Next,
        }
    }

    fn give_back(&mut self, frame: &mut Frame<'_>, value: Option<ExprId>) -> Flow {
        let cell = match value {
            Some(value) => self.eval(frame, value),
            None => Cell::of(Value::None),
        };
        let joined = match frame.returned.take() {
            None => cell,
            Some(before) => join(before, cell),
        };
        frame.returned = Some(joined);
        if frame.conditional == 0 {
            Flow::Return
        } else {
            Flow::Next
        }
    }

    fn branch(&mut self, frame: &mut Frame<'_>, test: ExprId, body: Block, orelse: Block) -> Flow {
        let is_main = self.is_main_test(frame, test);
        let tested = self.eval(frame, test);
        let mut truth = tested.value.truth();
        if truth.is_none() && self.is_developer_test(frame, test) {
            truth = Some(false);
        }
        if let Some(taken) = truth {
            return self.decided_branch(frame, (body, orelse), taken, is_main);
        }
        let doubt = u32::from(!self.is_platform_test(frame, test, 0));
        frame.conditional += 1;
        self.doubt += doubt;
        let watched = tested.taint.within(self.interest.conditions);
        let implicit = self.implicit;
        self.implicit = implicit.and(tested.taint.within(self.interest.implicit));
        self.watch(frame, test, watched, true);
        let first = self.block(frame, body);
        let second = self.block(frame, orelse);
        self.watch(frame, test, watched, false);
        self.implicit = implicit;
        self.doubt -= doubt;
        frame.conditional -= 1;
        if first == second { first } else { Flow::Next }
    }

    /// Tells the observer that a branch it wants to hear of is entered or left.
    fn watch(&mut self, frame: &Frame<'_>, test: ExprId, labels: Taint, entering: bool) {
        if labels != Taint::NONE {
            let offset = frame.tree.offset(test);
            self.with_site(frame.tree, frame.module, offset, |observer, site, _| {
                observer.condition(site, labels, entering);
            });
        }
    }

    fn decided_branch(
        &mut self,
        frame: &mut Frame<'_>,
        (body, orelse): (Block, Block),
        taken: bool,
        is_main: bool,
    ) -> Flow {
        self.decided += 1;
        let (run, rest) = if taken {
            (body, orelse)
        } else {
            (orelse, body)
        };
        self.ran.insert((frame.tree.serial, run));
        if self.concrete_loops == 0 && !rest.is_empty() {
            self.postpone(frame, rest, is_main && !taken);
        }
        self.block(frame, run)
    }

    /// `__name__ == "__main__"`, the one condition that has a trigger of its own.
    fn is_main_test(&self, frame: &Frame<'_>, test: ExprId) -> bool {
        let tree = frame.tree;
        let Expr::Compare(left, CompareOp::Equal | CompareOp::Is, right) = tree.expr(test) else {
            return false;
        };
        [left, right]
            .iter()
            .any(|side| matches!(tree.expr(**side), Expr::Name(n) if *n == self.known.name))
    }

    /// Whether a condition asks for the platform: true on the machines it is meant for.
    fn is_platform_test(&self, frame: &Frame<'_>, test: ExprId, depth: u8) -> bool {
        let tree = frame.tree;
        let inside = |id: ExprId| depth < 4 && self.is_platform_test(frame, id, depth + 1);
        match tree.expr(test) {
            Expr::Attribute(_, name) | Expr::Name(name) => {
                let name = self.names.text(*name);
                let asks = |word: &&str| name.eq_ignore_ascii_case(word);
                PLATFORM.iter().any(asks)
            }
            Expr::Compare(left, _, right) => inside(*left) || inside(*right),
            Expr::Unary(_, inner) | Expr::Subscript(inner, _) => inside(*inner),
            Expr::And(items) | Expr::Or(items) => tree.list(*items).iter().any(|i| inside(*i)),
            Expr::Call { callee, .. } => match tree.expr(*callee) {
                Expr::Attribute(object, _) => inside(*callee) || inside(*object),
                _ => inside(*callee),
            },
            _ => false,
        }
    }

    /// `sys.argv[-1] == "publish"`: what a build file does for its author runs at nobody's install.
    fn is_developer_test(&self, frame: &Frame<'_>, test: ExprId) -> bool {
        let tree = frame.tree;
        let Expr::Compare(left, CompareOp::Equal | CompareOp::In, right) = tree.expr(test) else {
            return false;
        };
        let is_command = |id: ExprId| match tree.expr(id) {
            Expr::Str(text) => matches!(
                &**text,
                "publish"
                    | "upload"
                    | "tag"
                    | "release"
                    | "register"
                    | "test"
                    | "clean"
                    | "docs"
                    | "pypi"
            ),
            _ => false,
        };
        let names_argv = |mut id: ExprId| loop {
            match tree.expr(id) {
                Expr::Subscript(inner, _) => id = *inner,
                Expr::Attribute(_, name) => return self.names.text(*name) == "argv",
                _ => return false,
            }
        };
        (is_command(*left) && names_argv(*right)) || (is_command(*right) && names_argv(*left))
    }

    pub(super) fn postpone(&mut self, frame: &Frame<'_>, block: Block, is_main: bool) {
        if self.pending.len() > 10_000 {
            return;
        }
        self.pending.push(Pending {
            tree: Rc::clone(frame.tree),
            module: frame.module,
            scope: Rc::clone(&frame.scope),
            class: frame.class.clone(),
            block,
            is_main,
            layers: self.layers.clone(),
            origin: self.origin,
        });
    }

    fn with_items(&mut self, frame: &mut Frame<'_>, items: Exprs) {
        let tree = frame.tree;
        for pair in tree.list(items).chunks_exact(2) {
            if let [context, target] = pair {
                let cell = self.eval(frame, *context);
                let entered = self.enter(&cell);
                if !matches!(tree.expr(*target), Expr::Unknown) {
                    self.assign(frame, *target, entered);
                }
            }
        }
    }

    /// `__enter__` of an artifact's own class; anything else gives itself.
    fn enter(&mut self, cell: &Cell) -> Cell {
        let Value::Instance(instance) = &cell.value else {
            return cell.clone();
        };
        let name = self.names.intern("__enter__");
        match self.class_attribute(&instance.class, name).map(|c| c.value) {
            Some(Value::Function(function)) => {
                self.invoke(&function, vec![cell.clone()], Vec::new())
            }
            _ => cell.clone(),
        }
    }

    fn try_block(
        &mut self,
        frame: &mut Frame<'_>,
        (body, orelse, finally): (Block, Block, Block),
        handlers: &[Handler],
    ) -> Flow {
        let tree = frame.tree;
        let swallows = handlers.iter().any(|h| {
            h.catches.is_none_or(|c| self.is_any_exception(frame, c))
                && tree.block(h.body).iter().all(|s| {
                    matches!(
                        tree.stmt(*s),
                        Stmt::Nothing | Stmt::Continue | Stmt::Return(_)
                    )
                })
        });
        self.guarded += u32::from(swallows);
        let mut flow = self.block(frame, body);
        self.guarded -= u32::from(swallows);
        if flow == Flow::Next {
            flow = self.block(frame, orelse);
        }
        frame.conditional += 1;
        for handler in handlers {
            if let Some(catches) = handler.catches {
                self.eval(frame, catches);
            }
            if let Some(name) = handler.name {
                self.bind(frame, name, Cell::UNKNOWN);
            }
            self.block(frame, handler.body);
        }
        frame.conditional -= 1;
        match self.block(frame, finally) {
            Flow::Next => flow,
            other => other,
        }
    }

    fn is_any_exception(&self, frame: &Frame<'_>, catches: ExprId) -> bool {
        matches!(
            frame.tree.expr(catches),
            Expr::Name(n) if matches!(self.names.text(*n), "Exception" | "BaseException")
        )
    }
}

/// Two values a place may have: what is known wins, origins add up.
pub(super) fn join(before: Cell, after: Cell) -> Cell {
    let taint = before.taint.and(after.taint);
    let value = match (&before.value, &after.value) {
        (Value::None | Value::Unknown, _) => after.value,
        (_, Value::None | Value::Unknown) => before.value,
        (Value::Path(_), _) => after.value,
        _ => before.value,
    };
    Cell { value, taint }
}
