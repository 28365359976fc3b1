//! One rule = one source file = one documentation page = one test file = one fixture.

use super::Files;

pub(super) fn check(files: &Files, faults: &mut Vec<String>) {
    let index = files.read("docs/rules.md");
    let tests = files.read("crates/hognose/tests/rules/main.rs");
    let mut found = 0;
    for source in files
        .ending(".rs")
        .filter(|p| p.starts_with("crates/hognose-types/src/rules/") && !p.ends_with("/mod.rs"))
    {
        let stem = source
            .rsplit('/')
            .next()
            .unwrap_or("")
            .trim_end_matches(".rs");
        let text = files.read(source);
        let Some(id) = text
            .split("RuleId::new(\"")
            .nth(1)
            .and_then(|r| r.split('"').next())
        else {
            faults.push(format!("{source}: names no rule"));
            continue;
        };
        found += 1;
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
    if found == 0 {
        faults.push("crates/hognose-types/src/rules holds no rule".to_owned());
    }
}
