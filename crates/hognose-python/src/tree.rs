//! A compact syntax tree of our own.
//!
//! The parser's tree is one heap node per expression: it is slow to walk twice, and *dropping* a deep one recurses.
//! Ours lives in a few flat vectors with 32-bit indices: walking is fast, dropping is flat, memory is predictable.

use std::rc::Rc;

use crate::names::Symbol;
use crate::serial::Serial;

/// Index of an expression in a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExprId(pub(crate) u32);

/// Index of a statement in a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StmtId(pub(crate) u32);

/// Index of a function or lambda in a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FunctionId(pub(crate) u32);

/// Index of a class in a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClassId(pub(crate) u32);

/// A run of expression ids in [`Tree`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Exprs {
    start: u32,
    len: u32,
}

/// A run of statement ids in [`Tree`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Block {
    start: u32,
    len: u32,
}

impl Block {
    /// True without statements.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// A run of `name=value` pairs in [`Tree`]; a pair without a name is `**value`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Keywords {
    start: u32,
    len: u32,
}

/// Operators of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
    LeftShift,
    RightShift,
    Or,
    Xor,
    And,
    MatMul,
}

/// Operators of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnaryOp {
    Not,
    Minus,
    Plus,
    Invert,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CompareOp {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Is,
    IsNot,
    In,
    NotIn,
}

/// What a comprehension makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ComprehensionKind {
    List,
    Set,
    Dict,
    Generator,
}

/// An expression.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    /// Nothing that is followed: broken code, `...`, complex numbers.
    Unknown,
    None,
    Bool(bool),
    Int(i64),
    /// An integer beyond 64 bits: its bytes, highest first.
    Big(Rc<[u8]>),
    Float(f64),
    Str(Rc<str>),
    Bytes(Rc<[u8]>),
    /// Parts of an f-string: `Str` or `Format`.
    Formatted(Exprs),
    /// One replacement field; the conversion is `s`, `r`, `a` or 0.
    Format {
        value: ExprId,
        conversion: u8,
        spec: Option<ExprId>,
    },
    Name(Symbol),
    Attribute(ExprId, Symbol),
    Subscript(ExprId, ExprId),
    Slice(Option<ExprId>, Option<ExprId>, Option<ExprId>),
    Call {
        callee: ExprId,
        args: Exprs,
        keywords: Keywords,
    },
    Binary(BinaryOp, ExprId, ExprId),
    Unary(UnaryOp, ExprId),
    And(Exprs),
    Or(Exprs),
    Compare(ExprId, CompareOp, ExprId),
    IfElse {
        test: ExprId,
        then: ExprId,
        other: ExprId,
    },
    List(Exprs),
    Tuple(Exprs),
    Set(Exprs),
    /// Keys and values alternate; a `**mapping` has the key [`Expr::Unknown`] and is marked by `Starred`.
    Dict(Exprs),
    Comprehension {
        kind: ComprehensionKind,
        element: ExprId,
        /// The value of a dict comprehension, whose key is `element`.
        value: Option<ExprId>,
        /// Target, iterable and a tuple of conditions, for every `for`.
        generators: Exprs,
    },
    Lambda(FunctionId),
    Named(Symbol, ExprId),
    Starred(ExprId),
    Await(ExprId),
    Yield(Option<ExprId>),
}

/// One `except`.
#[derive(Clone, Debug)]
pub(crate) struct Handler {
    pub(crate) catches: Option<ExprId>,
    pub(crate) name: Option<Symbol>,
    pub(crate) body: Block,
}

/// One name of an import: the dotted name as written, and the name it is bound to.
#[derive(Clone, Debug)]
pub(crate) struct Alias {
    pub(crate) name: Rc<str>,
    pub(crate) bound: Symbol,
    /// True for `import a.b as c`: `c` is `a.b`, not `a`.
    pub(crate) renamed: bool,
}

/// A statement.
#[derive(Clone, Debug)]
pub(crate) enum Stmt {
    Nothing,
    Expr(ExprId),
    Assign {
        targets: Exprs,
        value: ExprId,
    },
    AugAssign(BinaryOp, ExprId, ExprId),
    Return(Option<ExprId>),
    Delete(Exprs),
    For {
        target: ExprId,
        iterable: ExprId,
        body: Block,
        orelse: Block,
    },
    While {
        test: ExprId,
        body: Block,
        orelse: Block,
    },
    If {
        test: ExprId,
        body: Block,
        orelse: Block,
    },
    /// Context and target alternate; no target is [`Expr::Unknown`].
    With(Exprs, Block),
    Try {
        body: Block,
        handlers: Box<[Handler]>,
        orelse: Block,
        finally: Block,
    },
    Import(Box<[Alias]>),
    ImportFrom {
        level: u32,
        module: Option<Rc<str>>,
        names: Box<[Alias]>,
        star: bool,
    },
    Global(Box<[Symbol]>),
    Function(FunctionId),
    Class(ClassId),
    Raise(Option<ExprId>),
    /// `match`: the subject, then blocks any of which may run. Captured names become unknown.
    Match {
        subject: ExprId,
        captures: Box<[Symbol]>,
        blocks: Box<[Block]>,
    },
    Break,
    Continue,
}

/// A parameter.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: Symbol,
    pub(crate) default: Option<ExprId>,
}

/// A function or lambda.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) name: Symbol,
    pub(crate) offset: u32,
    /// Positional parameters, in order.
    pub(crate) positional: Box<[Parameter]>,
    /// `*args`.
    pub(crate) rest: Option<Symbol>,
    /// Parameters by keyword only.
    pub(crate) keyword: Box<[Parameter]>,
    /// `**kwargs`.
    pub(crate) keyword_rest: Option<Symbol>,
    pub(crate) decorators: Exprs,
    pub(crate) body: Body,
}

/// What a function runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    Block(Block),
    Expr(ExprId),
}

/// A class.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) name: Symbol,
    pub(crate) bases: Exprs,
    pub(crate) keywords: Keywords,
    pub(crate) decorators: Exprs,
    pub(crate) body: Block,
}

/// A parsed module.
#[derive(Debug, Default)]
pub struct Tree {
    /// What tells it from every other tree.
    pub(crate) serial: Serial,
    pub(crate) exprs: Vec<Expr>,
    pub(crate) expr_at: Vec<u32>,
    pub(crate) stmts: Vec<Stmt>,
    pub(crate) stmt_at: Vec<u32>,
    expr_lists: Vec<ExprId>,
    stmt_lists: Vec<StmtId>,
    keywords: Vec<(Option<Symbol>, ExprId)>,
    pub(crate) functions: Vec<Function>,
    pub(crate) classes: Vec<Class>,
    pub(crate) body: Block,
    pub(crate) docstring: Option<Rc<str>>,
    /// Byte offsets of line starts.
    lines: Vec<u32>,
    /// Errors the parser recovered from: byte offset and message.
    pub errors: Vec<(u32, String)>,
}

impl Tree {
    pub(crate) fn new(source: &str) -> Self {
        let mut lines = vec![0];
        lines.extend(memchr::memchr_iter(b'\n', source.as_bytes()).map(|at| at as u32 + 1));
        Self {
            lines,
            ..Self::default()
        }
    }

    /// Line and byte column, both from 1, of a byte offset.
    pub fn position(&self, offset: u32) -> (u32, u32) {
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        (line as u32, offset.saturating_sub(start) + 1)
    }

    /// Number of nodes: what evaluating it once costs.
    pub fn nodes(&self) -> usize {
        self.exprs.len() + self.stmts.len()
    }

    pub(crate) fn expr(&self, id: ExprId) -> &Expr {
        self.exprs.get(id.0 as usize).unwrap_or(&Expr::Unknown)
    }

    pub(crate) fn stmt(&self, id: StmtId) -> &Stmt {
        self.stmts.get(id.0 as usize).unwrap_or(&Stmt::Nothing)
    }

    pub(crate) fn offset(&self, id: ExprId) -> u32 {
        self.expr_at.get(id.0 as usize).copied().unwrap_or(0)
    }

    pub(crate) fn stmt_offset(&self, id: StmtId) -> u32 {
        self.stmt_at.get(id.0 as usize).copied().unwrap_or(0)
    }

    pub(crate) fn list(&self, run: Exprs) -> &[ExprId] {
        let start = run.start as usize;
        self.expr_lists
            .get(start..start + run.len as usize)
            .unwrap_or_default()
    }

    pub(crate) fn block(&self, run: Block) -> &[StmtId] {
        let start = run.start as usize;
        self.stmt_lists
            .get(start..start + run.len as usize)
            .unwrap_or_default()
    }

    pub(crate) fn pairs(&self, run: Keywords) -> &[(Option<Symbol>, ExprId)] {
        let start = run.start as usize;
        self.keywords
            .get(start..start + run.len as usize)
            .unwrap_or_default()
    }

    pub(crate) fn function(&self, id: FunctionId) -> Option<&Function> {
        self.functions.get(id.0 as usize)
    }

    pub(crate) fn class(&self, id: ClassId) -> Option<&Class> {
        self.classes.get(id.0 as usize)
    }

    pub(crate) fn add_expr(&mut self, expr: Expr, offset: u32) -> ExprId {
        let id = ExprId(self.exprs.len() as u32);
        self.exprs.push(expr);
        self.expr_at.push(offset);
        id
    }

    pub(crate) fn add_stmt(&mut self, stmt: Stmt, offset: u32) -> StmtId {
        let id = StmtId(self.stmts.len() as u32);
        self.stmts.push(stmt);
        self.stmt_at.push(offset);
        id
    }

    pub(crate) fn add_list(&mut self, ids: &[ExprId]) -> Exprs {
        let start = self.expr_lists.len() as u32;
        self.expr_lists.extend_from_slice(ids);
        Exprs {
            start,
            len: ids.len() as u32,
        }
    }

    pub(crate) fn add_block(&mut self, ids: &[StmtId]) -> Block {
        let start = self.stmt_lists.len() as u32;
        self.stmt_lists.extend_from_slice(ids);
        Block {
            start,
            len: ids.len() as u32,
        }
    }

    pub(crate) fn add_pairs(&mut self, pairs: &[(Option<Symbol>, ExprId)]) -> Keywords {
        let start = self.keywords.len() as u32;
        self.keywords.extend_from_slice(pairs);
        Keywords {
            start,
            len: pairs.len() as u32,
        }
    }
}
