//! The one place that knows the parser: its expressions become ours. Statements are in [`statements`].

mod statements;

use std::rc::Rc;

use ruff_python_ast::{
    self as ast, BoolOp, CmpOp, Expr as RuffExpr, FStringPart, InterpolatedStringElement, Number,
    Operator,
};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

use crate::names::{Names, Symbol};
use crate::tree::{
    BinaryOp, Body, CompareOp, ComprehensionKind, Expr, ExprId, Exprs, Function, FunctionId,
    Keywords, Parameter, Tree, UnaryOp,
};

/// Parses a module. Never fails: what cannot be parsed is in [`Tree::errors`].
///
/// The caller has checked the nesting ([`crate::nesting::check`]) and runs this on a big stack: dropping the parser's
/// tree recurses.
pub(crate) fn parse(source: &str, names: &mut Names) -> Tree {
    let parsed = parse_unchecked(source, ParseOptions::from(Mode::Module));
    let mut lower = Lower {
        tree: Tree::new(source),
        names,
        source,
    };
    lower.tree.errors = parsed
        .errors()
        .iter()
        .take(64)
        .map(|e| (u32::from(e.location.start()), e.error.to_string()))
        .collect();
    if let ast::Mod::Module(module) = parsed.syntax() {
        lower.tree.docstring = docstring(&module.body);
        lower.tree.body = lower.block(&module.body);
    }
    lower.tree
}

/// Parses one expression, as `eval` takes it.
pub(crate) fn parse_expression(source: &str, names: &mut Names) -> Option<(Tree, ExprId)> {
    let parsed = ruff_python_parser::parse_expression(source).ok()?;
    let mut lower = Lower {
        tree: Tree::new(source),
        names,
        source,
    };
    let id = lower.expr(parsed.expr());
    Some((lower.tree, id))
}

fn docstring(body: &[ast::Stmt]) -> Option<Rc<str>> {
    match body.first()? {
        ast::Stmt::Expr(stmt) => match &*stmt.value {
            RuffExpr::StringLiteral(text) => Some(text.value.to_str().into()),
            _ => None,
        },
        _ => None,
    }
}

struct Lower<'a> {
    tree: Tree,
    names: &'a mut Names,
    source: &'a str,
}

impl Lower<'_> {
    fn symbol(&mut self, name: &ast::Identifier) -> Symbol {
        self.names.intern(name.as_str())
    }

    fn add(&mut self, expr: Expr, at: &impl Ranged) -> ExprId {
        self.tree.add_expr(expr, u32::from(at.start()))
    }

    fn unknown(&mut self, at: &impl Ranged) -> ExprId {
        self.add(Expr::Unknown, at)
    }

    fn optional(&mut self, expr: Option<&RuffExpr>) -> Option<ExprId> {
        expr.map(|e| self.expr(e))
    }

    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e RuffExpr>) -> Exprs {
        let ids: Vec<ExprId> = exprs.into_iter().map(|e| self.expr(e)).collect();
        self.tree.add_list(&ids)
    }

    fn expr(&mut self, expr: &RuffExpr) -> ExprId {
        let lowered = match expr {
            RuffExpr::Name(e) => Expr::Name(self.names.intern(e.id.as_str())),
            RuffExpr::Attribute(e) => {
                let value = self.expr(&e.value);
                // The name's own place: chains would otherwise all point to their first line.
                let name = self.symbol(&e.attr);
                return self.add(Expr::Attribute(value, name), &e.attr);
            }
            RuffExpr::Call(e) => return self.call(e),
            RuffExpr::StringLiteral(e) => Expr::Str(e.value.to_str().into()),
            RuffExpr::BytesLiteral(e) => Expr::Bytes(e.value.bytes().collect()),
            RuffExpr::FString(e) => self.fstring(e),
            RuffExpr::NumberLiteral(e) => match &e.value {
                Number::Int(int) => match int.as_i64() {
                    Some(value) => Expr::Int(value),
                    None => crate::number::literal(&int.to_string())
                        .map_or(Expr::Unknown, |bytes| Expr::Big(bytes.into())),
                },
                Number::Float(float) => Expr::Float(*float),
                Number::Complex { .. } => Expr::Unknown,
            },
            RuffExpr::BooleanLiteral(e) => Expr::Bool(e.value),
            RuffExpr::NoneLiteral(_) => Expr::None,
            RuffExpr::Subscript(e) => Expr::Subscript(self.expr(&e.value), self.expr(&e.slice)),
            RuffExpr::Slice(e) => Expr::Slice(
                self.optional(e.lower.as_deref()),
                self.optional(e.upper.as_deref()),
                self.optional(e.step.as_deref()),
            ),
            RuffExpr::BinOp(_) => return self.binary(expr),
            RuffExpr::UnaryOp(e) => Expr::Unary(unary(e.op), self.expr(&e.operand)),
            RuffExpr::BoolOp(e) => {
                let values = self.exprs(&e.values);
                match e.op {
                    BoolOp::And => Expr::And(values),
                    BoolOp::Or => Expr::Or(values),
                }
            }
            RuffExpr::Compare(e) => self.compare(e),
            RuffExpr::If(e) => Expr::IfElse {
                test: self.expr(&e.test),
                then: self.expr(&e.body),
                other: self.expr(&e.orelse),
            },
            RuffExpr::Lambda(e) => Expr::Lambda(self.lambda(e)),
            RuffExpr::Named(e) => match &*e.target {
                RuffExpr::Name(name) => {
                    let symbol = self.names.intern(name.id.as_str());
                    Expr::Named(symbol, self.expr(&e.value))
                }
                _ => Expr::Unknown,
            },
            other => self.container(other),
        };
        self.add(lowered, expr)
    }

    fn container(&mut self, expr: &RuffExpr) -> Expr {
        match expr {
            RuffExpr::List(e) => Expr::List(self.exprs(&e.elts)),
            RuffExpr::Tuple(e) => Expr::Tuple(self.exprs(&e.elts)),
            RuffExpr::Set(e) => Expr::Set(self.exprs(&e.elts)),
            RuffExpr::Dict(e) => self.dict(e),
            RuffExpr::Starred(e) => Expr::Starred(self.expr(&e.value)),
            RuffExpr::Await(e) => Expr::Await(self.expr(&e.value)),
            RuffExpr::Yield(e) => Expr::Yield(self.optional(e.value.as_deref())),
            RuffExpr::YieldFrom(e) => Expr::Yield(Some(self.expr(&e.value))),
            RuffExpr::ListComp(e) => {
                self.comprehension(ComprehensionKind::List, &e.elt, None, &e.generators)
            }
            RuffExpr::SetComp(e) => {
                self.comprehension(ComprehensionKind::Set, &e.elt, None, &e.generators)
            }
            RuffExpr::Generator(e) => {
                self.comprehension(ComprehensionKind::Generator, &e.elt, None, &e.generators)
            }
            RuffExpr::DictComp(e) => match &e.key {
                Some(key) => {
                    self.comprehension(ComprehensionKind::Dict, key, Some(&e.value), &e.generators)
                }
                None => Expr::Unknown,
            },
            RuffExpr::TString(e) => {
                let ids: Vec<ExprId> = e
                    .value
                    .elements()
                    .map(|element| self.element(element))
                    .collect();
                Expr::Formatted(self.tree.add_list(&ids))
            }
            _ => Expr::Unknown,
        }
    }

    fn call(&mut self, e: &ast::ExprCall) -> ExprId {
        let callee = self.expr(&e.func);
        let (args, keywords) = self.arguments(&e.arguments);
        // A method call stands where its name stands, so that every call of a chain has its own line.
        let offset = match &*e.func {
            RuffExpr::Attribute(attribute) => u32::from(attribute.attr.start()),
            _ => u32::from(e.start()),
        };
        self.tree.add_expr(
            Expr::Call {
                callee,
                args,
                keywords,
            },
            offset,
        )
    }

    fn arguments(&mut self, arguments: &ast::Arguments) -> (Exprs, Keywords) {
        let args = self.exprs(&*arguments.args);
        let pairs: Vec<_> = arguments
            .keywords
            .iter()
            .map(|k| {
                let name = k.arg.as_ref().map(|name| self.symbol(name));
                (name, self.expr(&k.value))
            })
            .collect();
        (args, self.tree.add_pairs(&pairs))
    }

    /// Left-deep chains (`a + b + c …`, thousands long in generated code) are walked in a loop.
    fn binary(&mut self, expr: &RuffExpr) -> ExprId {
        let mut spine = Vec::new();
        let mut left = expr;
        while let RuffExpr::BinOp(e) = left {
            spine.push(e);
            left = &e.left;
        }
        let mut result = self.expr(left);
        for e in spine.into_iter().rev() {
            let right = self.expr(&e.right);
            result = self.add(Expr::Binary(operator(e.op), result, right), e);
        }
        result
    }

    /// `a < b < c` becomes `a < b and b < c`.
    fn compare(&mut self, e: &ast::ExprCompare) -> Expr {
        let mut left = self.expr(&e.left);
        let mut links = Vec::new();
        for (op, right) in e.ops.iter().zip(&e.comparators) {
            let right_id = self.expr(right);
            links.push((left, comparison(*op), right_id));
            left = right_id;
        }
        if let [(left, op, right)] = *links {
            return Expr::Compare(left, op, right);
        }
        let ids: Vec<ExprId> = links
            .into_iter()
            .map(|(left, op, right)| self.add(Expr::Compare(left, op, right), e))
            .collect();
        Expr::And(self.tree.add_list(&ids))
    }

    fn dict(&mut self, e: &ast::ExprDict) -> Expr {
        let mut ids = Vec::with_capacity(e.items.len() * 2);
        for item in &e.items {
            let value = self.expr(&item.value);
            if let Some(key) = &item.key {
                let key = self.expr(key);
                ids.extend([key, value]);
            } else {
                let key = self.unknown(&item.value);
                let value = self.add(Expr::Starred(value), &item.value);
                ids.extend([key, value]);
            }
        }
        Expr::Dict(self.tree.add_list(&ids))
    }

    fn comprehension(
        &mut self,
        kind: ComprehensionKind,
        element: &RuffExpr,
        value: Option<&RuffExpr>,
        generators: &[ast::Comprehension],
    ) -> Expr {
        let mut ids = Vec::with_capacity(generators.len() * 3);
        for generator in generators {
            let target = self.expr(&generator.target);
            let iterable = self.expr(&generator.iter);
            let conditions = self.exprs(&generator.ifs);
            let conditions = self.add(Expr::Tuple(conditions), generator);
            ids.extend([target, iterable, conditions]);
        }
        let element = self.expr(element);
        let value = self.optional(value);
        Expr::Comprehension {
            kind,
            element,
            value,
            generators: self.tree.add_list(&ids),
        }
    }

    fn fstring(&mut self, e: &ast::ExprFString) -> Expr {
        let mut ids = Vec::new();
        for part in &e.value {
            match part {
                FStringPart::Literal(text) => {
                    ids.push(self.add(Expr::Str(text.as_str().into()), text));
                }
                FStringPart::FString(formatted) => {
                    for element in &formatted.elements {
                        ids.push(self.element(element));
                    }
                }
            }
        }
        Expr::Formatted(self.tree.add_list(&ids))
    }

    fn element(&mut self, element: &InterpolatedStringElement) -> ExprId {
        match element {
            InterpolatedStringElement::Literal(text) => {
                self.add(Expr::Str((&*text.value).into()), text)
            }
            InterpolatedStringElement::Interpolation(field) => {
                let value = self.expr(&field.expression);
                let spec = field.format_spec.as_ref().map(|spec| {
                    let ids: Vec<ExprId> = spec.elements.iter().map(|e| self.element(e)).collect();
                    let parts = self.tree.add_list(&ids);
                    self.add(Expr::Formatted(parts), &**spec)
                });
                let conversion = field.conversion.to_byte().unwrap_or(0);
                self.add(
                    Expr::Format {
                        value,
                        conversion,
                        spec,
                    },
                    field,
                )
            }
        }
    }

    fn lambda(&mut self, e: &ast::ExprLambda) -> FunctionId {
        let name = self.names.intern("<lambda>");
        let mut function = match &e.parameters {
            Some(parameters) => self.parameters(parameters, name),
            None => empty_function(name),
        };
        function.offset = u32::from(e.start());
        function.body = Body::Expr(self.expr(&e.body));
        self.add_function(function)
    }

    fn add_function(&mut self, function: Function) -> FunctionId {
        let id = FunctionId(self.tree.functions.len() as u32);
        self.tree.functions.push(function);
        id
    }

    fn parameters(&mut self, parameters: &ast::Parameters, name: Symbol) -> Function {
        let one = |lower: &mut Self, p: &ast::ParameterWithDefault| Parameter {
            name: lower.symbol(&p.parameter.name),
            default: lower.optional(p.default.as_deref()),
        };
        let positional = parameters
            .posonlyargs
            .iter()
            .chain(&parameters.args)
            .map(|p| one(self, p))
            .collect();
        let keyword = parameters.kwonlyargs.iter().map(|p| one(self, p)).collect();
        Function {
            positional,
            keyword,
            rest: parameters.vararg.as_ref().map(|p| self.symbol(&p.name)),
            keyword_rest: parameters.kwarg.as_ref().map(|p| self.symbol(&p.name)),
            ..empty_function(name)
        }
    }
}

fn empty_function(name: Symbol) -> Function {
    Function {
        name,
        offset: 0,
        positional: Box::default(),
        rest: None,
        keyword: Box::default(),
        keyword_rest: None,
        decorators: Exprs::default(),
        body: Body::Block(crate::tree::Block::default()),
    }
}

fn unary(op: ast::UnaryOp) -> UnaryOp {
    match op {
        ast::UnaryOp::Not => UnaryOp::Not,
        ast::UnaryOp::USub => UnaryOp::Minus,
        ast::UnaryOp::UAdd => UnaryOp::Plus,
        ast::UnaryOp::Invert => UnaryOp::Invert,
    }
}

fn operator(op: Operator) -> BinaryOp {
    match op {
        Operator::Add => BinaryOp::Add,
        Operator::Sub => BinaryOp::Sub,
        Operator::Mult => BinaryOp::Mul,
        Operator::MatMult => BinaryOp::MatMul,
        Operator::Div => BinaryOp::Div,
        Operator::Mod => BinaryOp::Mod,
        Operator::Pow => BinaryOp::Pow,
        Operator::LShift => BinaryOp::LeftShift,
        Operator::RShift => BinaryOp::RightShift,
        Operator::BitOr => BinaryOp::Or,
        Operator::BitXor => BinaryOp::Xor,
        Operator::BitAnd => BinaryOp::And,
        Operator::FloorDiv => BinaryOp::FloorDiv,
    }
}

fn comparison(op: CmpOp) -> CompareOp {
    match op {
        CmpOp::Eq => CompareOp::Equal,
        CmpOp::NotEq => CompareOp::NotEqual,
        CmpOp::Lt => CompareOp::Less,
        CmpOp::LtE => CompareOp::LessEqual,
        CmpOp::Gt => CompareOp::Greater,
        CmpOp::GtE => CompareOp::GreaterEqual,
        CmpOp::Is => CompareOp::Is,
        CmpOp::IsNot => CompareOp::IsNot,
        CmpOp::In => CompareOp::In,
        CmpOp::NotIn => CompareOp::NotIn,
    }
}
