//! What a source imports, without evaluating it.

use crate::names::Names;
use crate::tree::{Block, Body, Expr, ExprId, Stmt, Tree};
use crate::{lower, nesting};

/// One absolute import.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Import {
    /// The dotted name as written: `a.b` for `import a.b` and for `from a.b import c`.
    pub module: String,
    /// What is taken from it: `c` of `from a.b import c`, which may be a module too.
    pub names: Vec<String>,
    /// Line, from 1.
    pub line: u32,
    /// True inside `try` and below `if TYPE_CHECKING`: the code can do without it.
    pub optional: bool,
    /// True inside a function: it may never be called.
    pub late: bool,
}

/// Every absolute import of a source, in order; none when it nests deeper than Python allows. What the parser does not
/// understand is skipped, the rest counts.
pub fn imports(source: &str) -> Option<Vec<Import>> {
    nesting::check(source).ok()?;
    let mut symbols = Names::new();
    let tree = lower::parse(source, &mut symbols);
    let mut out = Vec::new();
    let mut waiting = vec![(tree.body, Way::default())];
    while let Some((block, way)) = waiting.pop() {
        of_block((&tree, &symbols), block, way, &mut waiting, &mut out);
    }
    out.sort_by_key(|import: &Import| import.line);
    Some(out)
}

/// What has to happen before a block runs.
#[derive(Clone, Copy, Default)]
struct Way {
    optional: bool,
    late: bool,
}

impl Way {
    fn unless(self, optional: bool) -> Self {
        Self {
            optional: self.optional || optional,
            ..self
        }
    }
}

fn of_block(
    (tree, symbols): (&Tree, &Names),
    block: Block,
    way: Way,
    waiting: &mut Vec<(Block, Way)>,
    out: &mut Vec<Import>,
) {
    for id in tree.block(block).iter().copied() {
        let mut add = |module: &str, names: Vec<String>| {
            out.push(Import {
                module: module.to_owned(),
                names,
                line: tree.position(tree.stmt_offset(id)).0,
                optional: way.optional,
                late: way.late,
            });
        };
        match tree.stmt(id) {
            Stmt::Import(names) => names.iter().for_each(|n| add(&n.name, Vec::new())),
            Stmt::ImportFrom {
                level: 0,
                module: Some(module),
                names,
                ..
            } => add(module, names.iter().map(|n| n.name.to_string()).collect()),
            Stmt::For { body, orelse, .. } | Stmt::While { body, orelse, .. } => {
                waiting.extend([(*body, way), (*orelse, way)]);
            }
            Stmt::If { test, body, orelse } => {
                let caught = way.unless(is_type_checking(tree, symbols, *test));
                waiting.extend([(*body, caught), (*orelse, way)]);
            }
            Stmt::With(_, body) => waiting.push((*body, way)),
            Stmt::Try {
                body,
                handlers,
                orelse,
                finally,
            } => {
                // With `finally` alone an error still ends the program.
                let caught = way.unless(!handlers.is_empty());
                waiting.extend([(*body, caught), (*orelse, way), (*finally, way)]);
                waiting.extend(handlers.iter().map(|handler| (handler.body, caught)));
            }
            Stmt::Match { blocks, .. } => waiting.extend(blocks.iter().map(|b| (*b, way))),
            Stmt::Function(id) => {
                if let Some(function) = tree.function(*id)
                    && let Body::Block(body) = function.body
                {
                    waiting.push((body, Way { late: true, ..way }));
                }
            }
            Stmt::Class(id) => {
                waiting.extend(tree.class(*id).map(|class| (class.body, way)));
            }
            _ => {}
        }
    }
}

/// `TYPE_CHECKING`, from wherever it comes: never true when the code runs.
fn is_type_checking(tree: &Tree, symbols: &Names, test: ExprId) -> bool {
    match tree.expr(test) {
        Expr::Name(symbol) | Expr::Attribute(_, symbol) => symbols.text(*symbol) == "TYPE_CHECKING",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_import_is_seen_once() {
        let source = "import os, yaml as y\nfrom .own import x\nfrom a.b import (c,\n d)\n\
                      def f():\n    import late\nclass C:\n    import inner\n\
                      try:\n    import fast\nexcept ImportError:\n    import slow\nelse:\n    import after\n\
                      if x:\n    import maybe\nif typing.TYPE_CHECKING:\n    import types\nimport broken broken\n";
        let found = imports(source).unwrap();
        let shown: Vec<String> = found
            .iter()
            .map(|i| {
                format!(
                    "{}:{}{}",
                    i.module,
                    i.line,
                    if i.optional { "?" } else { "" }
                )
            })
            .collect();
        assert_eq!(
            shown[..10],
            [
                "os:1",
                "yaml:1",
                "a.b:3",
                "late:6",
                "inner:8",
                "fast:10?",
                "slow:12?",
                "after:14",
                "maybe:16",
                "types:18?"
            ]
        );
        assert!(imports(&"(".repeat(100_000)).is_none());
    }
}
