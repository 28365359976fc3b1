//! Sizes of files and functions, and the one `unsafe`.

use std::collections::BTreeMap;

use super::Files;
use super::functions::functions;

/// Longest file, tests left out, in lines.
const FILE: usize = 500;
/// Longest function in lines.
const FUNCTION: usize = 60;
/// Files and functions that are longer, with their length: `path lines` or `path::function lines`. The list only
/// shrinks: an entry that is too generous, or not needed, is a fault.
const EXCEPTIONS: &str = "xtask/size-exceptions.txt";

pub(super) fn check(files: &Files, faults: &mut Vec<String>) {
    let mut exceptions = exceptions(&files.read(EXCEPTIONS), faults);
    let mut unsafes = Vec::new();
    for path in files
        .ending(".rs")
        .filter(|p| p.starts_with("crates/") || p.starts_with("xtask/"))
    {
        let text = files.read(path);
        let code = without_tests(&text);
        let is_test = path.contains("/tests/") || path.ends_with("/tests.rs");
        let lines = code.lines().count();
        if !is_test {
            judge(path, lines, FILE, &mut exceptions, faults);
            if code.lines().any(|l| l.trim_start().starts_with("unsafe ")) {
                unsafes.push(path.clone());
            }
        }
        // Tests hold snapshots and tables: long, and still one idea.
        if is_test {
            continue;
        }
        let longest =
            functions(code)
                .into_iter()
                .fold(BTreeMap::<String, usize>::new(), |mut map, f| {
                    let entry = map.entry(f.name).or_default();
                    *entry = f.lines.max(*entry);
                    map
                });
        for (name, lines) in longest {
            judge(
                &format!("{path}::{name}"),
                lines,
                FUNCTION,
                &mut exceptions,
                faults,
            );
        }
    }
    for (name, _) in exceptions {
        faults.push(format!("{EXCEPTIONS}: {name} does not exist any more"));
    }
    if unsafes != ["crates/hognose-advisories/src/database.rs"] {
        faults.push(format!(
            "unsafe code belongs into one file, not {unsafes:?}"
        ));
    }
}

fn judge(
    name: &str,
    lines: usize,
    limit: usize,
    exceptions: &mut BTreeMap<String, usize>,
    faults: &mut Vec<String>,
) {
    match exceptions.remove(name) {
        None if lines > limit => {
            faults.push(format!("{name}: {lines} lines, the limit is {limit}"));
        }
        Some(allowed) if lines > allowed => faults.push(format!(
            "{name}: {lines} lines, its exception allows {allowed}"
        )),
        Some(_) if lines <= limit => {
            faults.push(format!("{EXCEPTIONS}: {name} needs no exception any more"));
        }
        Some(allowed) if lines < allowed => faults.push(format!(
            "{EXCEPTIONS}: {name} shrank to {lines} lines: lower its entry"
        )),
        _ => {}
    }
}

/// The part of a file before its unit tests.
fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(text)
}

fn exceptions(text: &str, faults: &mut Vec<String>) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for (number, line) in text
        .lines()
        .enumerate()
        .filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#'))
    {
        match line
            .rsplit_once(' ')
            .and_then(|(name, lines)| Some((name, lines.parse().ok()?)))
        {
            Some((name, lines)) => {
                out.insert(name.to_owned(), lines);
            }
            None => faults.push(format!(
                "{EXCEPTIONS}:{}: write a path and a number of lines",
                number + 1
            )),
        }
    }
    out
}
