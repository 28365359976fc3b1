//! What a source imports, without evaluating it.

use crate::names::Names;
use crate::tree::{Block, Body, Stmt, Tree};
use crate::{lower, nesting};

/// One absolute import.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Import {
    /// The dotted name as written: `a.b` for `import a.b` and for `from a.b import c`.
    pub module: String,
    /// Line, from 1.
    pub line: u32,
    /// True inside `try`: the code can do without it.
    pub optional: bool,
}

/// Every absolute import of a source, in order; none when it nests deeper than Python allows. What the parser does not
/// understand is skipped, the rest counts.
pub fn imports(source: &str) -> Option<Vec<Import>> {
    nesting::check(source).ok()?;
    let tree = lower::parse(source, &mut Names::new());
    let mut out = Vec::new();
    let mut waiting = vec![(tree.body, false)];
    while let Some((block, optional)) = waiting.pop() {
        of_block(&tree, block, optional, &mut waiting, &mut out);
    }
    out.sort_by_key(|import: &Import| import.line);
    Some(out)
}

fn of_block(
    tree: &Tree,
    block: Block,
    optional: bool,
    waiting: &mut Vec<(Block, bool)>,
    out: &mut Vec<Import>,
) {
    for id in tree.block(block).iter().copied() {
        let mut add = |module: &str| {
            out.push(Import {
                module: module.to_owned(),
                line: tree.position(tree.stmt_offset(id)).0,
                optional,
            });
        };
        match tree.stmt(id) {
            Stmt::Import(names) => names.iter().for_each(|alias| add(&alias.name)),
            Stmt::ImportFrom {
                level: 0,
                module: Some(module),
                ..
            } => add(module),
            Stmt::For { body, orelse, .. }
            | Stmt::While { body, orelse, .. }
            | Stmt::If { body, orelse, .. } => {
                waiting.extend([(*body, optional), (*orelse, optional)]);
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
                let class = tree.class(*id);
                waiting.extend(class.map(|class| (class.body, optional)));
            }
            _ => {}
        }
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
                      if x:\n    import maybe\nimport broken broken\n";
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
            shown[..9],
            [
                "os:1", "yaml:1", "a.b:3", "late:6", "inner:8", "fast:10?", "slow:12?", "after:14",
                "maybe:16"
            ]
        );
        assert!(imports(&"(".repeat(100_000)).is_none());
    }
}
