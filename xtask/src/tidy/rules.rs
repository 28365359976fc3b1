//! One rule = one source file = one documentation page = one test file = one fixture. A rule of behaviour is a TOML file, a
//! page, and at least one case of the corpus that shows a fact of it.

use std::collections::BTreeSet;
use std::path::Path;

use super::Files;

/// Where rules of behaviour are.
const BEHAVIOUR: &str = "crates/hognose-behaviour/rules/";
/// Their names.
const TABLE: &str = "crates/hognose-types/src/rules/behaviour.rs";
/// What imitations must show.
const CORPUS: &str = "crates/hognose-behaviour/tests/corpus";

pub(super) fn check(files: &Files, faults: &mut Vec<String>) {
    let index = files.read("docs/rules.md");
    behaviour(files, &index, faults);
    let tests = files.read("crates/hognose/tests/rules/main.rs");
    let mut found = 0;
    for source in files
        .ending(".rs")
        .filter(|p| p.starts_with("crates/hognose-types/src/rules/"))
        .filter(|p| !p.ends_with("/mod.rs") && *p != TABLE)
    {
        let text = files.read(source);
        let ids: Vec<&str> = ids(&text).collect();
        if ids.is_empty() {
            faults.push(format!("{source}: names no rule"));
        }
        found += ids.len();
        for id in ids {
            documented(files, (source, id), (&index, &tests), faults);
        }
    }
    if found == 0 {
        faults.push("crates/hognose-types/src/rules holds no rule".to_owned());
    }
}

/// The rules that a source names: every string that is an id.
fn ids(text: &str) -> impl Iterator<Item = &str> {
    let strings = text.split('"').skip(1).step_by(2);
    strings.filter(|s| s.starts_with("HOG-"))
}

/// One rule has a page, an entry, a test and a fixture.
fn documented(
    files: &Files,
    (source, id): (&str, &str),
    (index, tests): (&str, &str),
    faults: &mut Vec<String>,
) {
    let stem = id.trim_start_matches("HOG-").to_ascii_lowercase();
    let stem = &stem.replace('-', "_");
    let mut need = |holds: bool, what: String| {
        if !holds {
            faults.push(format!("{source}: the rule {id} has no {what}"));
        }
    };
    let page = format!("docs/rules/{id}.md");
    need(files.exists(&page), format!("documentation page {page}"));
    let page = files.read(&page);
    for section in ["## What it does", "## Why it matters", "## What to do"] {
        need(
            page.contains(section),
            format!("section {section:?} in its page"),
        );
    }
    need(
        index.contains(&format!("rules/{id}.md")),
        "entry in docs/rules.md".to_owned(),
    );
    let test = format!("crates/hognose/tests/rules/{stem}.rs");
    need(files.exists(&test), format!("test {test}"));
    need(
        tests.contains(&format!("mod {stem};")),
        "line in crates/hognose/tests/rules/main.rs".to_owned(),
    );
    need(files.read(&test).contains(id), format!("mention in {test}"));
    let fixture = format!("crates/hognose/tests/fixtures/rules/{id}");
    need(files.exists(&fixture), format!("fixture {fixture}"));
}

fn behaviour(files: &Files, index: &str, faults: &mut Vec<String>) {
    let table = files.read(TABLE);
    let shown = expected(&files.root.join(CORPUS));
    let mut found = 0;
    for source in files.ending(".toml").filter(|p| p.starts_with(BEHAVIOUR)) {
        found += 1;
        let text = files.read(source);
        let id = source
            .trim_start_matches(BEHAVIOUR)
            .trim_end_matches(".toml");
        let mut need = |holds: bool, what: String| {
            if !holds {
                faults.push(format!("{source}: the rule {id} has no {what}"));
            }
        };
        need(
            text.contains(&format!("id = \"{id}\"")),
            "id like its file".to_owned(),
        );
        need(
            table.contains(&format!("\"{id}\"")),
            format!("row in {TABLE}"),
        );
        let page = format!("docs/rules/{id}.md");
        need(files.exists(&page), format!("documentation page {page}"));
        let page = files.read(&page);
        for section in [
            "## What it does",
            "## Facts",
            "## Why it matters",
            "## Example",
            "## Honest uses",
            "## What to do",
            "## Sources",
        ] {
            need(
                page.contains(section),
                format!("section {section:?} in its page"),
            );
        }
        need(
            index.contains(&format!("rules/{id}.md")),
            "entry in docs/rules.md".to_owned(),
        );
        let decisive = text.split("when = [").nth(1).unwrap_or_default();
        let decisive = decisive.split("\n]").next().unwrap_or_default();
        let holds = decisive
            .split('"')
            .skip(1)
            .step_by(2)
            .any(|kind| shown.contains(kind) || is_of_the_user(kind));
        need(
            holds,
            format!("case in {CORPUS} that expects one of its facts"),
        );
    }
    if found == 0 {
        faults.push(format!("{BEHAVIOUR} holds no rule"));
    }
}

/// What only rules of the user raise is in no case of ours; `crates/hognose/tests/yara.rs` tests it.
fn is_of_the_user(kind: &str) -> bool {
    kind.starts_with("yara-match")
}

/// Every fact that a case of the corpus expects.
fn expected(directory: &Path) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            out.extend(expected(&path));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let list = text.split("\nexpect = [").nth(1).unwrap_or_default();
        let list = list.split(']').next().unwrap_or_default();
        // `trigger kind`, or the kind alone.
        let kinds = list.split('"').skip(1).step_by(2);
        out.extend(
            kinds
                .filter_map(|wanted| wanted.split(' ').next_back())
                .map(str::to_owned),
        );
    }
    out
}
