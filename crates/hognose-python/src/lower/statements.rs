//! Statements of the parser become ours.

use ruff_python_ast::{self as ast, Expr as RuffExpr, Pattern, Stmt as RuffStmt};
use ruff_text_size::Ranged;

use super::{Lower, operator};
use crate::names::Symbol;
use crate::tree::{
    Alias, Block, Body, Class, ClassId, Expr, ExprId, Exprs, FunctionId, Handler, Stmt, StmtId,
};

impl Lower<'_> {
    pub(super) fn block(&mut self, body: &[RuffStmt]) -> Block {
        let mut ids = Vec::with_capacity(body.len());
        let mut rest = body;
        while let [first, tail @ ..] = rest {
            if let Some(id) = tail.first().and_then(|next| self.python2(first, next)) {
                ids.push(id);
                rest = tail.get(1..).unwrap_or_default();
                continue;
            }
            ids.push(self.stmt(first));
            rest = tail;
        }
        self.tree.add_block(&ids)
    }

    /// Python 2 wrote `exec code` and `print x`: the parser recovers to a name followed by an expression on the same
    /// line, which we read as a call.
    fn python2(&mut self, first: &RuffStmt, next: &RuffStmt) -> Option<StmtId> {
        let (RuffStmt::Expr(name), RuffStmt::Expr(argument)) = (first, next) else {
            return None;
        };
        let RuffExpr::Name(callee) = &*name.value else {
            return None;
        };
        if !matches!(callee.id.as_str(), "exec" | "print") {
            return None;
        }
        let between = self
            .source
            .get(usize::from(first.end())..usize::from(next.start()))?;
        if between.contains(['\n', ';']) {
            return None;
        }
        let callee = self.expr(&name.value);
        let argument = self.expr(&argument.value);
        let args = self.tree.add_list(&[argument]);
        let keywords = self.tree.add_pairs(&[]);
        let call = self.add(
            Expr::Call {
                callee,
                args,
                keywords,
            },
            first,
        );
        Some(self.add_stmt(Stmt::Expr(call), first))
    }

    fn add_stmt(&mut self, stmt: Stmt, at: &impl Ranged) -> StmtId {
        self.tree.add_stmt(stmt, u32::from(at.start()))
    }

    fn stmt(&mut self, stmt: &RuffStmt) -> StmtId {
        let lowered = match stmt {
            RuffStmt::Expr(s) => match &*s.value {
                // A bare text is a docstring or a comment: nothing runs.
                RuffExpr::StringLiteral(_) => Stmt::Nothing,
                value => Stmt::Expr(self.expr(value)),
            },
            RuffStmt::Assign(s) => Stmt::Assign {
                value: self.expr(&s.value),
                targets: self.exprs(&s.targets),
            },
            RuffStmt::AnnAssign(s) => match &s.value {
                Some(value) => {
                    let value = self.expr(value);
                    let targets = self.exprs([&*s.target]);
                    Stmt::Assign { targets, value }
                }
                None => Stmt::Nothing,
            },
            RuffStmt::AugAssign(s) => {
                let target = self.expr(&s.target);
                Stmt::AugAssign(operator(s.op), target, self.expr(&s.value))
            }
            RuffStmt::Return(s) => Stmt::Return(self.optional(s.value.as_deref())),
            RuffStmt::Delete(s) => Stmt::Delete(self.exprs(&s.targets)),
            RuffStmt::Raise(s) => Stmt::Raise(self.optional(s.exc.as_deref())),
            RuffStmt::Assert(s) => Stmt::Expr(self.expr(&s.test)),
            RuffStmt::Global(s) => Stmt::Global(s.names.iter().map(|n| self.symbol(n)).collect()),
            RuffStmt::Nonlocal(s) => Stmt::Global(s.names.iter().map(|n| self.symbol(n)).collect()),
            RuffStmt::Break(_) => Stmt::Break,
            RuffStmt::Continue(_) => Stmt::Continue,
            RuffStmt::FunctionDef(s) => Stmt::Function(self.function(s)),
            RuffStmt::ClassDef(s) => Stmt::Class(self.class(s)),
            RuffStmt::Import(s) => Stmt::Import(s.names.iter().map(|a| self.alias(a)).collect()),
            RuffStmt::ImportFrom(s) => self.import_from(s),
            other => self.compound(other),
        };
        self.add_stmt(lowered, stmt)
    }

    fn compound(&mut self, stmt: &RuffStmt) -> Stmt {
        match stmt {
            RuffStmt::If(s) => self.if_chain(&s.test, &s.body, &s.elif_else_clauses),
            RuffStmt::For(s) => Stmt::For {
                target: self.expr(&s.target),
                iterable: self.expr(&s.iter),
                body: self.block(&s.body),
                orelse: self.block(&s.orelse),
            },
            RuffStmt::While(s) => Stmt::While {
                test: self.expr(&s.test),
                body: self.block(&s.body),
                orelse: self.block(&s.orelse),
            },
            RuffStmt::With(s) => {
                let items = self.with_items(&s.items);
                Stmt::With(items, self.block(&s.body))
            }
            RuffStmt::Try(s) => Stmt::Try {
                body: self.block(&s.body),
                handlers: s.handlers.iter().map(|h| self.handler(h)).collect(),
                orelse: self.block(&s.orelse),
                finally: self.block(&s.finalbody),
            },
            RuffStmt::Match(s) => self.match_statement(s),
            _ => Stmt::Nothing,
        }
    }

    /// `elif` nests on the right; built from the last clause so that long chains do not recurse.
    fn if_chain(
        &mut self,
        test: &RuffExpr,
        body: &[RuffStmt],
        clauses: &[ast::ElifElseClause],
    ) -> Stmt {
        let mut orelse = Block::default();
        for clause in clauses.iter().rev() {
            let block = self.block(&clause.body);
            orelse = match &clause.test {
                None => block,
                Some(test) => {
                    let test = self.expr(test);
                    let inner = Stmt::If {
                        test,
                        body: block,
                        orelse,
                    };
                    let id = self.add_stmt(inner, clause);
                    self.tree.add_block(&[id])
                }
            };
        }
        Stmt::If {
            test: self.expr(test),
            body: self.block(body),
            orelse,
        }
    }

    fn with_items(&mut self, items: &[ast::WithItem]) -> Exprs {
        let mut ids = Vec::with_capacity(items.len() * 2);
        for item in items {
            let context = self.expr(&item.context_expr);
            let target = match &item.optional_vars {
                Some(target) => self.expr(target),
                None => self.unknown(item),
            };
            ids.extend([context, target]);
        }
        self.tree.add_list(&ids)
    }

    fn handler(&mut self, handler: &ast::ExceptHandler) -> Handler {
        let ast::ExceptHandler::ExceptHandler(handler) = handler;
        Handler {
            catches: self.optional(handler.type_.as_deref()),
            name: handler.name.as_ref().map(|name| self.symbol(name)),
            body: self.block(&handler.body),
        }
    }

    fn match_statement(&mut self, s: &ast::StmtMatch) -> Stmt {
        let subject = self.expr(&s.subject);
        let mut captures = Vec::new();
        let mut blocks = Vec::new();
        for case in &s.cases {
            self.captures(&case.pattern, &mut captures);
            if let Some(guard) = &case.guard {
                let guard = self.expr(guard);
                let id = self.add_stmt(Stmt::Expr(guard), case);
                blocks.push(self.tree.add_block(&[id]));
            }
            blocks.push(self.block(&case.body));
        }
        Stmt::Match {
            subject,
            captures: captures.into(),
            blocks: blocks.into(),
        }
    }

    fn captures(&mut self, pattern: &Pattern, found: &mut Vec<Symbol>) {
        match pattern {
            Pattern::MatchAs(p) => {
                found.extend(p.name.as_ref().map(|n| self.symbol(n)));
                if let Some(inner) = &p.pattern {
                    self.captures(inner, found);
                }
            }
            Pattern::MatchStar(p) => found.extend(p.name.as_ref().map(|n| self.symbol(n))),
            Pattern::MatchSequence(p) => {
                p.patterns.iter().for_each(|p| self.captures(p, found));
            }
            Pattern::MatchOr(p) => p.patterns.iter().for_each(|p| self.captures(p, found)),
            Pattern::MatchMapping(p) => {
                found.extend(p.rest.as_ref().map(|n| self.symbol(n)));
                p.patterns.iter().for_each(|p| self.captures(p, found));
            }
            Pattern::MatchClass(p) => {
                let arguments = &p.arguments;
                arguments
                    .patterns
                    .iter()
                    .for_each(|p| self.captures(p, found));
                for keyword in &arguments.keywords {
                    self.captures(&keyword.pattern, found);
                }
            }
            Pattern::MatchValue(_) | Pattern::MatchSingleton(_) => {}
        }
    }

    fn function(&mut self, s: &ast::StmtFunctionDef) -> FunctionId {
        let name = self.symbol(&s.name);
        let mut function = self.parameters(&s.parameters, name);
        function.offset = u32::from(s.name.start());
        let decorators: Vec<ExprId> = s
            .decorator_list
            .iter()
            .map(|d| self.expr(&d.expression))
            .collect();
        function.decorators = self.tree.add_list(&decorators);
        function.body = Body::Block(self.block(&s.body));
        self.add_function(function)
    }

    fn class(&mut self, s: &ast::StmtClassDef) -> ClassId {
        let name = self.symbol(&s.name);
        let (bases, keywords) = match &s.arguments {
            Some(arguments) => self.arguments(arguments),
            None => (self.tree.add_list(&[]), self.tree.add_pairs(&[])),
        };
        let decorators: Vec<ExprId> = s
            .decorator_list
            .iter()
            .map(|d| self.expr(&d.expression))
            .collect();
        let class = Class {
            name,
            bases,
            keywords,
            decorators: self.tree.add_list(&decorators),
            body: self.block(&s.body),
        };
        let id = ClassId(self.tree.classes.len() as u32);
        self.tree.classes.push(class);
        id
    }

    fn alias(&mut self, alias: &ast::Alias) -> Alias {
        let name = alias.name.as_str();
        let bound = match &alias.asname {
            Some(asname) => self.symbol(asname),
            None => self.names.intern(name.split('.').next().unwrap_or(name)),
        };
        Alias {
            name: name.into(),
            bound,
            renamed: alias.asname.is_some(),
        }
    }

    fn import_from(&mut self, s: &ast::StmtImportFrom) -> Stmt {
        let star = s.names.iter().any(|a| a.name.as_str() == "*");
        let names = s
            .names
            .iter()
            .map(|alias| Alias {
                name: alias.name.as_str().into(),
                bound: self.symbol(alias.asname.as_ref().unwrap_or(&alias.name)),
                renamed: true,
            })
            .collect();
        Stmt::ImportFrom {
            level: s.level,
            module: s.module.as_ref().map(|m| m.as_str().into()),
            names,
            star,
        }
    }
}
