//! Rules, their names, their pages and the examples on them agree.
//!
//! The section *Facts* of each page, and the tables of `docs/inspect.md`, are written by this test: after a rule or a
//! fact has changed, `UPDATE_PAGES=1 cargo test -p hognose-behaviour --test pages` writes them again.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hognose_archive::examine::Ended;
use hognose_behaviour::artifact::Collector;
use hognose_behaviour::rules::{Within, builtin};
use hognose_behaviour::{FactKind, Model, Rule, assess};
use hognose_types::{ALL_RULES, RuleId};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page(id: &str) -> PathBuf {
    root().join(format!("docs/rules/{id}.md"))
}

#[test]
fn what_is_compiled_in_is_what_the_files_say() {
    let model = Model::parse(hognose_behaviour::model::BUILTIN).unwrap();
    assert_eq!(model, *Model::builtin());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let files = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(files, builtin().len());
    for rule in builtin() {
        let file = format!("{}/rules/{}.toml", env!("CARGO_MANIFEST_DIR"), rule.id);
        let text = std::fs::read_to_string(file).unwrap();
        let read = Rule::parse(&text).unwrap();
        assert_eq!(format!("{read:?}"), format!("{rule:?}"));
    }
}

#[test]
fn every_rule_has_a_name_and_every_name_a_rule() {
    let ids: Vec<&str> = builtin().iter().map(|rule| rule.id.as_str()).collect();
    let named: Vec<&str> = ALL_RULES
        .iter()
        .map(|meta| meta.id.as_str())
        .filter(|id| id.starts_with("HOG-MAL-") && *id != "HOG-MAL-known")
        .collect();
    assert_eq!(
        ids, named,
        "a row of crates/hognose-types/src/rules/behaviour.rs is missing or too many"
    );
    for rule in builtin() {
        let meta = RuleId::find(&rule.id).unwrap();
        assert_eq!(
            meta.title, rule.title,
            "{}: the title in behaviour.rs",
            rule.id
        );
        let text = std::fs::read_to_string(page(&rule.id)).unwrap();
        let severity = format!("severity `{}`", rule.severity.as_str());
        assert!(
            text.contains(&severity),
            "{}: its page does not say {severity}",
            rule.id
        );
        let place = match rule.within {
            Within::File => "| Looked for | in one file |",
            Within::Artifact => "| Looked for | anywhere in the artifact |",
        };
        assert!(
            text.contains(place),
            "{}: its page does not say {place}",
            rule.id
        );
    }
}

/// What the section *Facts* says.
fn facts(rule: &Rule) -> String {
    let mut out = String::new();
    for (at, group) in rule.when.iter().enumerate() {
        let head = match (at, rule.at_least) {
            (0, 1) => "One of these:".to_owned(),
            (0, n) => format!("At least {n} different ones of these:"),
            _ => "And one of these:".to_owned(),
        };
        out.push_str(&format!("{head}\n\n"));
        for kind in group {
            out.push_str(&format!("- `{}`: {}\n", kind.as_str(), kind.describe()));
        }
        out.push('\n');
    }
    if !rule.unless.is_empty() {
        let names: Vec<String> = rule
            .unless
            .iter()
            .map(|k| format!("`{}`", k.as_str()))
            .collect();
        out.push_str(&format!("Unless there is {}.\n\n", names.join(" or ")));
    }
    out
}

/// Compares the text between two marks with what it must be, or writes it.
fn must_hold(path: &Path, begin: &str, end: &str, wanted: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    let start = text
        .find(begin)
        .unwrap_or_else(|| panic!("{}: no {begin:?}", path.display()))
        + begin.len();
    let stop = start + text[start..].find(end).unwrap();
    if &text[start..stop] == wanted {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_PAGES").is_some(),
        "{}: the text below {begin:?} is not that of the code; write it with UPDATE_PAGES=1 cargo test -p hognose-behaviour --test pages",
        path.display()
    );
    std::fs::write(path, format!("{}{wanted}{}", &text[..start], &text[stop..])).unwrap();
}

#[test]
fn pages_list_the_facts_of_their_rules() {
    for rule in builtin() {
        must_hold(
            &page(&rule.id),
            "## Facts\n\n",
            "## Why it matters",
            &facts(rule),
        );
    }
}

#[test]
fn the_list_of_facts_is_complete() {
    let mut groups: BTreeMap<hognose_behaviour::Group, Vec<&FactKind>> = BTreeMap::new();
    for kind in FactKind::ALL {
        groups.entry(kind.group()).or_default().push(kind);
    }
    let mut table = String::from("| fact | group | the code |\n|---|---|---|\n");
    for (group, kinds) in groups {
        for kind in kinds {
            table.push_str(&format!(
                "| `{}` | {group:?} | {} |\n",
                kind.as_str(),
                kind.describe()
            ));
        }
    }
    table.push('\n');
    must_hold(
        &root().join("docs/inspect.md"),
        "## Facts\n\n",
        "## ",
        &table,
    );
}

/// The files of a page's example: blocks whose first line names a path after the language.
fn example(text: &str) -> Vec<(String, String)> {
    let section = text.split("## Example\n").nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut files = Vec::new();
    for block in section.split("```").skip(1).step_by(2) {
        let (head, body) = block.split_once('\n').unwrap();
        let (_, path) = head
            .split_once(' ')
            .unwrap_or_else(|| panic!("an example names no file: {head}"));
        files.push((path.to_owned(), body.to_owned()));
    }
    files
}

/// Rules whose example needs bytes, or the lack of something: it is told in words.
const TOLD: [&str; 6] = [
    "HOG-MAL-archive",
    "HOG-MAL-binary",
    "HOG-MAL-bundled-program",
    "HOG-MAL-nameless-and-active",
    "HOG-MAL-stub",
    "HOG-MAL-yara",
];

/// Rules whose fact no analysis raises yet; an entry that is not needed any more is a fault.
const NOT_RAISED: [&str; 0] = [];

#[test]
fn examples_fire_their_rules() {
    let mut silent = Vec::new();
    for rule in builtin() {
        let files = example(&std::fs::read_to_string(page(&rule.id)).unwrap());
        if files.is_empty() {
            assert!(
                TOLD.contains(&rule.id.as_str()),
                "{}: its page has no example",
                rule.id
            );
            continue;
        }
        let is_sdist = files
            .iter()
            .any(|(path, _)| matches!(path.as_str(), "setup.py" | "pyproject.toml" | "setup.cfg"));
        let (name, folder) = if is_sdist {
            ("imitation-1.0.3.tar.gz", "imitation-1.0.3/")
        } else {
            ("imitation-1.0.3-py3-none-any.whl", "")
        };
        let mut collector = Collector::new(name);
        let version = if rule.id == "HOG-MAL-metadata" {
            "99.99.99"
        } else {
            "1.0.3"
        };
        let metadata = format!(
            "Metadata-Version: 2.1\nName: imitation\nVersion: {version}\nSummary: imitation\n\nText.\n"
        );
        let place = if is_sdist {
            "imitation-1.0.3/PKG-INFO"
        } else {
            "imitation-1.0.3.dist-info/METADATA"
        };
        collector.file(place, metadata.as_bytes(), Ended::Whole);
        for (path, text) in &files {
            collector.file(&format!("{folder}{path}"), text.as_bytes(), Ended::Whole);
        }
        let inspection = collector.finish();
        let assessment = assess(&inspection.facts, Model::builtin(), &[]);
        if !assessment
            .fired
            .iter()
            .any(|fired| fired.rule.id == rule.id)
        {
            silent.push(rule.id.as_str());
        }
    }
    assert_eq!(
        silent, NOT_RAISED,
        "the examples of these pages do not fire their rules"
    );
}
