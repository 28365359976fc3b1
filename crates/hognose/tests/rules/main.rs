//! One test file per rule, each with its fixture, its page and its exit code.

#![expect(clippy::panic, reason = "a test stops at the first surprise")]

#[path = "../common/mod.rs"]
mod common;

mod gap_database;
mod gap_unmapped;
mod gap_unpinned;
mod gap_unreadable;
mod gap_version;
mod id_lookalike;
mod id_moving_source;
mod mal_known;
mod vuln;

use common::{Outcome, Sandbox};

/// Scans a rule's fixture.
fn scan(id: &str) -> Outcome {
    Sandbox::with(&format!("rules/{id}")).scan(&[])
}

/// A rule of a gap: raised, explained, and allowed where the policy says so. Returns what a person sees.
fn gap(id: &str, kind: &str) -> String {
    let outcome = scan(id);
    assert_eq!(outcome.code, 3, "{}", outcome.whole());
    assert!(rules(id).contains(&id.to_owned()));
    explained(id);
    let allowed = Sandbox::with(&format!("rules/{id}")).scan(&["--allow-incomplete", kind]);
    assert!(matches!(allowed.code, 0 | 1), "{}", allowed.whole());
    assert!(allowed.stdout.contains("allowed"), "{}", allowed.whole());
    outcome.whole()
}

/// The rules of all gaps and findings in the JSON report of a fixture.
fn rules(id: &str) -> Vec<String> {
    let outcome = Sandbox::with(&format!("rules/{id}")).scan(&["-f", "json"]);
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", outcome.whole()));
    let lists = ["findings", "gaps"]
        .into_iter()
        .filter_map(|list| report[list].as_array());
    lists
        .flatten()
        .filter_map(|entry| entry["rule"].as_str())
        .map(str::to_owned)
        .collect()
}

/// `hognose explain` prints the rule's page.
fn explained(id: &str) {
    let outcome = Sandbox::new().run(&["explain", &id.to_lowercase()]);
    assert_eq!(outcome.code, 0);
    assert!(
        outcome.stdout.starts_with(&format!("# {id}\n")),
        "{}",
        outcome.stdout
    );
}
