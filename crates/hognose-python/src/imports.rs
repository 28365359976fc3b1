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
}

/// Every absolute import of a source, in order; none when it nests deeper than Python allows. What the parser does not
/// understand is skipped, the rest counts.
pub fn imports(source: &str) -> Option<Vec<Import>> {
    nesting::check(source).ok()?;
    let mut symbols = Names::new();
    let tree = lower::parse(source, &mut symbols);
    let mut out = Vec::new();
    let mut waiting = vec![(tree.body, false)];
    while let Some((block, optional)) = waiting.pop() {
        of_block((&tree, &symbols), block, optional, &mut waiting, &mut out);
    }
    out.sort_by_key(|import: &Import| import.line);
    Some(out)
}

fn of_block(
    (tree, symbols): (&Tree, &Names),
    block: Block,
    optional: bool,
    waiting: &mut Vec<(Block, bool)>,
    out: &mut Vec<Import>,
) {
    for id in tree.block(block).iter().copied() {
        let mut add = |module: &str, names: Vec<String>| {
            out.push(Import {
                module: module.to_owned(),
                names,
                line: tree.position(tree.stmt_offset(id)).0,
                optional,
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
                waiting.extend([(*body, optional), (*orelse, optional)]);
            }
            Stmt::If { test, body, orelse } => {
                let caught = optional || is_type_checking(tree, symbols, *test);
                waiting.extend([(*body, caught), (*orelse, optional)]);
            }
            Stmt::With(_, body) => waiting.push((*body, optional)),
            Stmt::Try {
                body,
                handlers,
                orelse,
                finally,
            } => {
                // With `finally` alone an error still ends the program.
                let caught = optional || !handlers.is_empty();
                waiting.extend([(*body, caught), (*orelse, optional), (*finally, optional)]);
                waiting.extend(handlers.iter().map(|handler| (handler.body, caught)));
            }
            Stmt::Match { blocks, .. } => {
                waiting.extend(blocks.iter().map(|block| (*block, optional)));
            }
            Stmt::Function(id) => {
                if let Some(function) = tree.function(*id)
                    && let Body::Block(body) = function.body
                {
                    waiting.push((body, optional));
                }
            }
            Stmt::Class(id) => {
                waiting.extend(tree.class(*id).map(|class| (class.body, optional)));
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
