//! One test file per rule, each with its fixture, its page and its exit code.

#![expect(clippy::panic, reason = "a test stops at the first surprise")]

#[path = "../common/mod.rs"]
mod common;

mod env_altered;
mod env_bytecode;
mod env_claimed;
mod env_hook;
mod env_index;
mod env_interpreter;
mod env_missing;
mod env_record;
mod env_script;
mod env_unlisted;
mod gap_database;
mod gap_index;
mod gap_provenance;
mod gap_unmapped;
mod gap_unpinned;
mod gap_unreadable;
mod gap_version;
mod hash_any;
mod hash_mixed;
mod hash_unpinned;
mod hash_weak;
mod id_absent;
mod id_burst;
mod id_confusion;
mod id_expired_domain;
mod id_import_name;
mod id_invented;
mod id_lookalike;
mod id_moving_source;
mod id_newcomer;
mod id_obscure;
mod id_replaced;
mod id_repojack;
mod id_reregistered_domain;
mod id_revived;
mod id_starjack;
mod id_takeover;
mod id_undeclared;
mod id_unused;
mod lic_denied;
mod lic_unstated;
mod mal_known;
mod prov_bad;
mod prov_changed;
mod prov_digest;
mod prov_inconsistent;
mod prov_late_file;
mod prov_lost;
mod prov_partial;
mod prov_unattested;
mod prov_uncommitted;
mod status_abandoned;
mod status_archived;
mod status_deprecated;
mod status_gone;
mod status_new;
mod status_outdated;
mod status_python;
mod status_quarantined;
mod status_unfixed;
mod status_yanked;
mod vuln;

use common::index::Index;
use common::{Outcome, Sandbox};

/// Scans a rule's fixture.
fn scan(id: &str) -> Outcome {
    Sandbox::with(&format!("rules/{id}")).scan(&[])
}

/// Checks a rule's environment. Answers what a person sees, after checking how it ends and that the rule was raised, and only
/// it.
fn installed(id: &str, code: i32) -> String {
    let sandbox = Sandbox::with(&format!("rules/{id}"));
    let json = sandbox.run(&["verify", "--offline", "env", "-f", "json"]);
    let report: serde_json::Value =
        serde_json::from_str(&json.stdout).unwrap_or_else(|e| panic!("{e}: {}", json.whole()));
    let findings = report["findings"].as_array();
    let mut raised: Vec<&str> = findings
        .into_iter()
        .flatten()
        .filter_map(|finding| finding["rule"].as_str())
        .collect();
    raised.dedup();
    assert_eq!(raised, [id], "{}", json.whole());
    explained(id);
    let outcome = sandbox.run(&["verify", "--offline", "env"]);
    assert_eq!(outcome.code, code, "{}", outcome.whole());
    outcome.whole()
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

/// 2026-11-18, when fixtures of an index are looked at, and four weeks before, when those that have a `before` were.
const TODAY: i64 = 1_795_000_000;
const BEFORE: i64 = TODAY - 28 * 86_400;

/// Scans a rule's fixture, asking the index in its directory `index`; one that has `before` was scanned with that
/// before. Answers what a person sees, after checking how it ends and of which packages the rule speaks.
fn online(id: &str, code: i32, about: &[&str]) -> String {
    online_with(id, code, about, &[])
}

/// The same, with further words where a person looks.
fn online_with(id: &str, code: i32, about: &[&str], more: &[&str]) -> String {
    let fixture = common::fixture(&format!("rules/{id}"));
    let sandbox = Sandbox::new();
    let lock = std::fs::read_to_string(fixture.join("requirements.txt"))
        .unwrap_or_else(|e| panic!("{id}: {e}"));
    sandbox.write("requirements.txt", lock);
    if let Ok(feed) = std::fs::read_to_string(fixture.join("advisories.jsonl")) {
        sandbox.write("feed/advisories.jsonl", feed);
    }
    if let Ok(policy) = std::fs::read_to_string(fixture.join("hognose.toml")) {
        sandbox.write("hognose.toml", policy);
    }
    let index = Index::new(&fixture.join("index"));
    let extra = std::fs::read_to_string(fixture.join("arguments.txt")).unwrap_or_default();
    let extra: Vec<&str> = extra.split_whitespace().collect();
    let before = fixture.join("before");
    if before.exists() {
        index.turn_to(&before);
        let first = index.scan(&sandbox, BEFORE, &extra);
        assert!(!first.stdout.contains(id), "{}", first.whole());
        index.turn_to(&fixture.join("index"));
    }
    let json = index.scan(&sandbox, TODAY, &[&extra[..], &["-f", "json"]].concat());
    let report: serde_json::Value =
        serde_json::from_str(&json.stdout).unwrap_or_else(|e| panic!("{e}: {}", json.whole()));
    let lists = ["findings", "gaps"].map(|list| report[list].as_array());
    let mut found: Vec<String> = lists
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry["rule"] == id)
        .map(|entry| {
            let package = entry["package"]["name"].as_str();
            let name = package.or_else(|| entry["subject"].as_str()?.split(' ').next());
            name.unwrap_or_default().to_owned()
        })
        .collect();
    found.sort();
    found.dedup();
    assert_eq!(found, about, "{}", json.whole());
    explained(id);
    let outcome = index.scan(&sandbox, TODAY, &[&extra[..], more].concat());
    assert_eq!(outcome.code, code, "{}", outcome.whole());
    outcome.whole()
}

/// Verifies a rule's fixture against the index in its directory `index`. Answers what a person sees, after checking how it
/// ends and that the rule was raised, and only it.
fn verified(id: &str, code: i32) -> String {
    let sandbox = Sandbox::with(&format!("rules/{id}"));
    let index = Index::new(&common::fixture(&format!("rules/{id}")).join("index"));
    let json = index.verify(&sandbox, &["-f", "json"]);
    let report: serde_json::Value =
        serde_json::from_str(&json.stdout).unwrap_or_else(|e| panic!("{e}: {}", json.whole()));
    let lists = ["findings", "gaps"].map(|list| report[list].as_array());
    let raised = lists.into_iter().flatten().flatten();
    let rules: Vec<&str> = raised.filter_map(|entry| entry["rule"].as_str()).collect();
    assert_eq!(rules, [id], "{}", json.whole());
    explained(id);
    let outcome = index.verify(&sandbox, &[]);
    assert_eq!(outcome.code, code, "{}", outcome.whole());
    outcome.whole()
}

/// What memory makes of a release that is written down as it would be remembered: the findings of this rule.
fn compared(id: &str) -> String {
    use hognose_provenance::{judge, memory::Memory};
    let fixture = common::fixture(&format!("rules/{id}"));
    let memory = |name: &str| {
        let text = std::fs::read_to_string(fixture.join(name)).unwrap_or_default();
        Memory::parse(&text).unwrap_or_else(|e| panic!("{id}: {e}"))
    };
    let (before, now) = (memory("hognose.lock.toml"), memory("now.toml"));
    let path = fixture.join("requirements.txt").display().to_string();
    let options = hognose_inventory::Options::default();
    let inventory = hognose_inventory::scan_paths(&hognose_inventory::Disk, &[path], &options);
    let mut places = hognose_types::Places::new(&inventory);
    let members = [hognose_types::ComponentId(0)];
    let release = judge::Release {
        inventory: &inventory,
        members: &members,
    };
    let mut out = String::new();
    for (name, version, seen) in now.releases() {
        for change in before.compare(name, version, seen) {
            let Some(finding) = release.change(&change, &mut places) else {
                panic!("{id}: {change:?}")
            };
            if finding.rule.as_str() == id {
                let (label, severity) = (finding.subject.label(), finding.severity.as_str());
                out += &format!(
                    "{label} {severity}: {}\nfix: {}\n",
                    finding.message, finding.remedy.text
                );
            }
        }
    }
    explained(id);
    out
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
