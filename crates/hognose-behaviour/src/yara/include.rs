//! `include`: among the files that were given, never on disk.

use std::collections::BTreeSet;

use yara_x_parser::ast::{AST, Item, WithSpan};

use super::{RulesError, SourceFile};

/// Files included in one another, over one file of the user.
const MAX_PARTS: usize = 10_000;

/// A text to compile, its `include` statements taken out.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) text: String,
}

/// A file that no other includes, after all it includes.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) namespace: String,
    pub(super) parts: Vec<Part>,
}

/// A file, with the files it includes.
struct Read<'f> {
    file: &'f SourceFile,
    /// The text without its `include` statements; every other byte keeps its line.
    text: String,
    includes: Vec<usize>,
}

/// What is to be compiled: a file that another includes is compiled there and not by itself.
pub(super) fn roots(files: &[SourceFile]) -> Result<Vec<Root>, RulesError> {
    let read = files
        .iter()
        .map(|file| read(file, files))
        .collect::<Result<Vec<_>, _>>()?;
    let included: BTreeSet<usize> = read
        .iter()
        .flat_map(|r| r.includes.iter().copied())
        .collect();
    let mut roots = Vec::new();
    let mut covered = BTreeSet::new();
    let tops = (0..read.len()).filter(|at| !included.contains(at));
    // Files that include one another in a circle have no top: each that is left over starts one.
    for at in tops.chain(0..read.len()) {
        if covered.contains(&at) {
            continue;
        }
        let order = order(at, &read)?;
        covered.extend(order.iter().copied());
        let parts = order.iter().filter_map(|at| read.get(*at)).map(|r| Part {
            name: r.file.name.clone(),
            text: r.text.clone(),
        });
        roots.push(Root {
            namespace: files
                .get(at)
                .map(|f| f.namespace.clone())
                .unwrap_or_default(),
            parts: parts.collect(),
        });
    }
    Ok(roots)
}

/// A file after what it includes, each once.
fn order(top: usize, read: &[Read<'_>]) -> Result<Vec<usize>, RulesError> {
    let mut out = Vec::new();
    let mut entered = BTreeSet::new();
    let mut stack = vec![(top, 0_usize)];
    entered.insert(top);
    while let Some((at, next)) = stack.pop() {
        let Some(one) = read.get(at) else { continue };
        let Some(child) = one.includes.get(next) else {
            out.push(at);
            continue;
        };
        stack.push((at, next + 1));
        if entered.insert(*child) {
            stack.push((*child, 0));
        }
        if entered.len() > MAX_PARTS {
            return Err(RulesError {
                file: one.file.name.clone(),
                line: 0,
                reason: format!("includes more than {MAX_PARTS} files"),
            });
        }
    }
    Ok(out)
}

fn read<'f>(file: &'f SourceFile, files: &[SourceFile]) -> Result<Read<'f>, RulesError> {
    let mut text = file.text.clone();
    let mut includes = Vec::new();
    let tree = AST::from(file.text.as_str());
    for item in tree.items() {
        let Item::Include(include) = item else {
            continue;
        };
        let span = include.span();
        let found = resolve(&file.name, include.file_name)
            .and_then(|name| files.iter().position(|f| f.name == name));
        let Some(found) = found else {
            return Err(RulesError {
                file: file.name.clone(),
                line: line_of(&file.text, span.start()),
                reason: format!(
                    "includes {:?}, which is not among the files that `--yara` names",
                    include.file_name
                ),
            });
        };
        includes.push(found);
        // Blanks for all but line ends: places in later messages stay right.
        let range = span.start()..span.end();
        if let Some(statement) = file.text.get(range.clone()) {
            let blank: String = statement
                .bytes()
                .map(|b| if b == b'\n' { '\n' } else { ' ' })
                .collect();
            text.replace_range(range, &blank);
        }
    }
    Ok(Read {
        file,
        text,
        includes,
    })
}

/// The name of what a file includes; nothing when it lies above everything or is absolute.
fn resolve(from: &str, named: &str) -> Option<String> {
    let named = named.replace('\\', "/");
    if named.starts_with('/') || named.contains(':') {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in named.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The line of an offset, from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    memchr::memchr_iter(b'\n', before).count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> SourceFile {
        SourceFile {
            name: name.into(),
            namespace: name.into(),
            text: text.into(),
        }
    }

    #[test]
    fn includes_are_found_among_the_files_alone() {
        let shown = |from: &str, named: &str| resolve(from, named).unwrap_or_default();
        assert_eq!(shown("a/b/c.yar", "./d.yar"), "a/b/d.yar");
        assert_eq!(shown("a/b/c.yar", "../d.yar"), "a/d.yar");
        assert_eq!(shown("c.yar", "../../etc/passwd"), "");
        assert_eq!(shown("c.yar", "/etc/passwd"), "");
        assert_eq!(shown("c.yar", "C:\\x.yar"), "");
    }

    #[test]
    fn what_is_included_stands_before_and_is_no_root() {
        let files = [
            file(
                "a.yar",
                "/* include \"z\" */ include\n\"b.yar\"\nrule A { condition: true }",
            ),
            file("b.yar", "rule B { condition: true }"),
        ];
        let roots = roots(&files).unwrap();
        assert_eq!(roots.len(), 1);
        let names: Vec<&str> = roots[0].parts.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["b.yar", "a.yar"]);
        let text = &roots[0].parts[1].text;
        assert!(
            text.contains("include \"z\"") && !text.contains("b.yar"),
            "{text}"
        );
        assert_eq!(line_of(text, text.find("rule").unwrap()), 3);
    }

    #[test]
    fn circles_end() {
        let files = [
            file("a.yar", "include \"b.yar\" rule A { condition: true }"),
            file("b.yar", "include \"a.yar\" rule B { condition: true }"),
        ];
        let roots = roots(&files).unwrap();
        assert_eq!((roots.len(), roots[0].parts.len()), (1, 2));
    }
}
