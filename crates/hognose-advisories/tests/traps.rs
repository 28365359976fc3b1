//! The traps of matching, each as an OSV record.

mod common;

use common::{covered, database, ids, name, ranged, record, version};
use hognose_advisories::{JudgeOptions, judge};
use hognose_types::{
    Component, ComponentVersion, Declaration, Input, InputFormat, InputId, Inventory, Location,
    MatchBasis, Severity, rules,
};
use serde_json::json;

#[test]
fn git_ranges_say_nothing_about_releases() {
    let r = record(
        "X-1",
        "demo",
        json!({ "ranges": [{ "type": "GIT", "repo": "https://git.example/x", "events": [{ "introduced": "0" }, { "fixed": "abc" }] }], "versions": ["1.0"] }),
    );
    assert_eq!(covered(r, &["0.9", "1.0", "1.1"]), ["1.0"]);
}

#[test]
fn events_in_any_order() {
    let r = ranged(
        "X-1",
        "demo",
        json!([{ "fixed": "3.2" }, { "introduced": "3.0" }, { "fixed": "2.5" }, { "introduced": "2.0" }]),
    );
    assert_eq!(
        covered(
            r,
            &["1.9", "2.0", "2.4.9", "2.5", "2.9", "3.0", "3.1", "3.2"]
        ),
        ["2.0", "2.4.9", "3.0", "3.1"]
    );
}

#[test]
fn events_of_one_version_and_two_introductions() {
    let r = ranged(
        "X-1",
        "demo",
        json!([{ "introduced": "1.0" }, { "introduced": "1.5" }, { "fixed": "2.0" }]),
    );
    assert_eq!(covered(r, &["0.9", "1.2", "1.7", "2.0"]), ["1.2", "1.7"]);
}

#[test]
fn several_ranges_and_several_entries() {
    let mut r = ranged(
        "X-1",
        "demo",
        json!([{ "introduced": "1.0" }, { "fixed": "1.5" }]),
    );
    r["affected"][0]["ranges"].as_array_mut().unwrap().push(
        json!({ "type": "ECOSYSTEM", "events": [{ "introduced": "2.0" }, { "fixed": "2.5" }] }),
    );
    r["affected"].as_array_mut().unwrap().push(json!({ "package": { "ecosystem": "PyPI", "name": "Demo" }, "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "3.0" }] }] }));
    r["affected"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "package": { "ecosystem": "npm", "name": "demo" }, "versions": ["0.1"] }));
    assert_eq!(
        covered(r, &["0.1", "1.2", "1.7", "2.2", "2.7", "3.0", "99"]),
        ["1.2", "2.2", "3.0", "99"]
    );
}

#[test]
fn last_affected_is_inclusive_and_knows_no_fix() {
    let r = ranged(
        "X-1",
        "demo",
        json!([{ "introduced": "1.0" }, { "last_affected": "1.4" }]),
    );
    assert_eq!(
        covered(r.clone(), &["1.0", "1.4", "1.4.0", "1.4.post1", "1.4.1"]),
        ["1.0", "1.4", "1.4.0"]
    );
    let found = database(&[r])
        .advisories_for(&name("demo"), &version("1.2"))
        .unwrap();
    assert_eq!(found[0].fixed_in, None);
}

#[test]
fn limits_end_what_is_claimed() {
    let r = ranged(
        "X-1",
        "demo",
        json!([{ "introduced": "1.0" }, { "limit": "2.0" }]),
    );
    assert_eq!(
        covered(r, &["0.9", "1.0", "1.9", "2.0", "3.0"]),
        ["1.0", "1.9"]
    );
    let r = ranged(
        "X-1",
        "demo",
        json!([{ "introduced": "1.0" }, { "limit": "*" }]),
    );
    assert_eq!(covered(r, &["0.9", "3.0"]), ["3.0"]);
}

#[test]
fn introduced_zero_is_before_everything() {
    let r = ranged(
        "X-1",
        "demo",
        json!([{ "introduced": "0" }, { "fixed": "1.0" }]),
    );
    assert_eq!(
        covered(r, &["0.dev0", "0a1", "0", "1.0.dev1", "1.0rc1", "1.0"]),
        ["0.dev0", "0a1", "0", "1.0.dev1", "1.0rc1"]
    );
}

#[test]
fn listed_versions_are_compared_as_versions() {
    let r = record(
        "X-1",
        "demo",
        json!({ "versions": ["1.0", "v2.0.0", "3.0-RC1", "1!4"] }),
    );
    assert_eq!(
        covered(
            r,
            &["1.0.0", "2", "3.0rc1", "3.0", "4", "1!4.0", "1.0.post1"]
        ),
        ["1.0.0", "2", "3.0rc1", "1!4.0"]
    );
}

#[test]
fn pre_post_dev_and_epochs_are_ordered() {
    let r = ranged(
        "X-1",
        "demo",
        json!([{ "introduced": "2.0" }, { "fixed": "2.1" }]),
    );
    assert_eq!(
        covered(
            r,
            &[
                "2.0.dev1",
                "2.0rc1",
                "2.0",
                "2.0.post1",
                "2.1.dev0",
                "2.1rc1",
                "2.1",
                "1!2.0"
            ]
        ),
        ["2.0", "2.0.post1", "2.1.dev0", "2.1rc1"]
    );
}

#[test]
fn local_versions_match_as_they_are_then_without() {
    let database = database(&[
        record("X-1", "demo", json!({ "versions": ["1.0+cpu"] })),
        record("X-2", "demo", json!({ "versions": ["2.0"] })),
    ]);
    let local_ignored = |v: &str| {
        let found = database.advisories_for(&name("demo"), &version(v)).unwrap();
        found
            .iter()
            .map(|a| (a.id.clone(), a.matches[0].local_ignored))
            .collect::<Vec<_>>()
    };
    assert_eq!(local_ignored("1.0+cpu"), [("X-1".to_owned(), false)]);
    assert_eq!(local_ignored("2.0+cu117"), [("X-2".to_owned(), true)]);
    assert!(local_ignored("1.0").is_empty());
}

#[test]
fn versions_without_order_are_judged_by_equality_or_not_at_all() {
    let records = [
        record("X-1", "demo", json!({ "versions": ["2004d-beta"] })),
        ranged(
            "X-2",
            "demo",
            json!([{ "introduced": "0" }, { "fixed": "1.0" }]),
        ),
        ranged("X-3", "demo", json!([{ "introduced": "0" }])),
    ];
    let judged = judge(
        &inventory(ComponentVersion::exact("2004d-beta")),
        &database(&records),
        JudgeOptions::default(),
    )
    .unwrap();
    let found: Vec<&str> = judged
        .findings
        .iter()
        .map(|f| f.advisory.as_ref().unwrap().id.as_str())
        .collect();
    assert_eq!(found, ["X-1", "X-3"]);
    assert_eq!(judged.gaps.len(), 1);
    assert_eq!(judged.gaps[0].rule, rules::gap_version::ID);
    assert!(
        judged.gaps[0].message.contains("X-2"),
        "{}",
        judged.gaps[0].message
    );
}

#[test]
fn bounds_without_order_are_read_every_way_they_can_be_meant() {
    let r = ranged(
        "X-1",
        "demo",
        json!([{ "introduced": "2.0" }, { "last_affected": "2.6.0-NA" }]),
    );
    let judged = |v: &str| {
        let inventory = inventory(ComponentVersion::exact(v));
        let database = database(std::slice::from_ref(&r));
        let judged = judge(&inventory, &database, JudgeOptions::default()).unwrap();
        (judged.findings.len(), judged.gaps.len())
    };
    // Whatever follows "2.6.0-", 2.5.9 is below and 2.6.1 above it; only releases 2.6.0 are open.
    let expected = [
        ("1.9", (0, 0)),
        ("2.5.9", (1, 0)),
        ("2.6", (0, 1)),
        ("2.6.0rc1", (0, 1)),
        ("2.6.1", (0, 0)),
        ("2.5+cu1", (1, 0)),
    ];
    for (version, expected) in expected {
        assert_eq!(judged(version), expected, "{version}");
    }
    let found = database(&[r])
        .advisories_for(&name("demo"), &version("2.5"))
        .unwrap();
    let MatchBasis::Range { last_affected, .. } = &found[0].matches[0].basis else {
        panic!("{found:?}")
    };
    assert_eq!(
        last_affected.as_deref(),
        Some("2.6.0-NA"),
        "the bound is shown as published"
    );
}

#[test]
fn unknown_versions_only_match_what_concerns_every_version() {
    let records = [
        ranged("MAL-1", "demo", json!([{ "introduced": "0" }])),
        ranged(
            "X-2",
            "demo",
            json!([{ "introduced": "0" }, { "fixed": "9" }]),
        ),
    ];
    for version in [
        ComponentVersion::Unknown,
        ComponentVersion::Range(">=1".to_owned()),
    ] {
        let judged = judge(
            &inventory(version),
            &database(&records),
            JudgeOptions::default(),
        )
        .unwrap();
        assert_eq!(judged.findings.len(), 1);
        assert_eq!(judged.findings[0].severity, Severity::Malicious);
        assert_eq!(judged.findings[0].rule, rules::mal_known::ID);
        assert!(
            judged.gaps.is_empty(),
            "the inventory says that the version is not known"
        );
    }
}

#[test]
fn withdrawn_foreign_and_packageless_records_do_not_count() {
    let mut withdrawn = ranged("X-1", "demo", json!([{ "introduced": "0" }]));
    withdrawn["withdrawn"] = json!("2026-02-01T00:00:00Z");
    let mut foreign = ranged("X-2", "demo", json!([{ "introduced": "0" }]));
    foreign["affected"][0]["package"]["ecosystem"] = json!("npm");
    let nameless = json!({ "id": "X-3", "affected": [{ "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }] }] }] });
    let database = database(&[withdrawn, foreign, nameless]);
    assert!(ids(&database, "demo", "1.0").is_empty());
    let feed = &database.status().unwrap().feeds[0];
    assert_eq!((feed.live, feed.withdrawn, feed.foreign), (0, 1, 2));
    assert_eq!(database.problems().unwrap()[0].record, "X-1");
}

#[test]
fn aliases_are_one_flaw_and_related_ones_are_not() {
    let with = |id: &str, aliases: &[&str], events| {
        let mut r = ranged(id, "demo", events);
        r["aliases"] = json!(aliases);
        r
    };
    let all = || json!([{ "introduced": "0" }, { "fixed": "2.0" }]);
    let mut related = with("GHSA-4", &[], all());
    related["related"] = json!(["CVE-1"]);
    related["upstream"] = json!(["PYSEC-1"]);
    // PYSEC-1 and GHSA-1 share CVE-1 only through GHSA-1's own list; GHSA-2 joins through CVE-2.
    let records = [
        with("PYSEC-1", &["CVE-1"], all()),
        with("GHSA-1", &["CVE-1", "CVE-2"], all()),
        with("GHSA-2", &["CVE-2"], all()),
        related,
    ];
    let database = database(&records);
    assert_eq!(ids(&database, "demo", "1.0"), ["GHSA-4", "PYSEC-1"]);
    let merged = &database
        .advisories_for(&name("demo"), &version("1.0"))
        .unwrap();
    let merged = merged.iter().find(|a| a.id == "PYSEC-1").unwrap();
    assert_eq!(merged.aliases, ["GHSA-1", "GHSA-2", "CVE-1", "CVE-2"]);
    assert_eq!(merged.records.len(), 3);
    assert_eq!(
        database.advisory("cve-2").unwrap().unwrap().0.id,
        "PYSEC-1",
        "ids are found in any case"
    );
}

#[test]
fn the_smallest_fix_above_the_installed_version_counts_across_entries() {
    let two = json!([{ "introduced": "0" }, { "fixed": "1.26.19" }, { "introduced": "2.0.0" }, { "fixed": "2.2.2" }]);
    let mut other = ranged(
        "GHSA-1",
        "demo",
        json!([{ "introduced": "0" }, { "fixed": "1.26.20" }]),
    );
    other["aliases"] = json!(["PYSEC-1"]);
    let database = database(&[ranged("PYSEC-1", "demo", two), other]);
    let fix = |v: &str| {
        database.advisories_for(&name("demo"), &version(v)).unwrap()[0]
            .fixed_in
            .as_ref()
            .map(|v| v.as_str().to_owned())
    };
    assert_eq!(fix("2.0.7").as_deref(), Some("2.2.2"));
    // 1.26.19 is what one record calls fixed and the other affected: the version both call fixed is named.
    assert_eq!(fix("1.26.5").as_deref(), Some("1.26.20"));
}

#[test]
fn names_are_normalised_on_both_sides() {
    let database = database(&[ranged(
        "X-1",
        "Zope.Interface__x",
        json!([{ "introduced": "0" }]),
    )]);
    for spelling in ["zope-interface-x", "ZOPE_interface.x", "zope.interface--x"] {
        assert_eq!(ids(&database, spelling, "1"), ["X-1"], "{spelling}");
    }
}

#[test]
fn one_bad_record_spoils_no_other_and_makes_only_its_package_incomplete() {
    let mut newer = ranged("X-2", "demo", json!([{ "introduced": "0" }]));
    newer["schema_version"] = json!("2.0.0");
    let wrong = json!({ "id": "X-3", "affected": [{ "package": { "ecosystem": "PyPI", "name": "demo" }, "versions": "1.0" }] });
    let mut builder = common::builder(&[
        ranged("X-1", "demo", json!([{ "introduced": "0" }])),
        newer,
        wrong,
    ]);
    let feed = builder.feed("osv", "second");
    builder.add_json(feed, "line 1", b"{ not json");
    builder.add_json(feed, "line 2", br#"{"id":"","affected":[]}"#);
    let database = hognose_advisories::Database::from_bytes(builder.finish(0)).unwrap();
    assert_eq!(ids(&database, "demo", "1.0"), ["X-1"]);
    let status = database.status().unwrap();
    assert_eq!(
        (
            status.feeds[0].unknown_schema,
            status.feeds[0].malformed,
            status.feeds[1].malformed
        ),
        (1, 1, 2)
    );
    let judged = judge(
        &inventory(ComponentVersion::exact("1.0")),
        &database,
        JudgeOptions::default(),
    )
    .unwrap();
    let shown: Vec<String> = judged
        .gaps
        .iter()
        .map(|g| format!("{}: {}", g.rule, g.message))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn the_newest_of_two_records_with_one_id_counts() {
    let mut old = ranged("X-1", "demo", json!([{ "introduced": "0" }]));
    old["modified"] = json!("2020-01-01T00:00:00Z");
    let new = ranged(
        "X-1",
        "demo",
        json!([{ "introduced": "0" }, { "fixed": "1.0" }]),
    );
    for order in [[old.clone(), new.clone()], [new, old]] {
        let database = database(&order);
        assert!(ids(&database, "demo", "1.0").is_empty());
        assert_eq!(database.status().unwrap().feeds[0].duplicates, 1);
    }
}

#[test]
fn malicious_is_what_the_matching_record_says() {
    let mut mal = record("MAL-1", "demo", json!({ "versions": ["6.6.6"] }));
    mal["aliases"] = json!(["GHSA-1"]);
    let flaw = ranged(
        "GHSA-1",
        "demo",
        json!([{ "introduced": "6.6.0" }, { "fixed": "6.6.7" }]),
    );
    let database = database(&[mal, flaw]);
    let malicious =
        |v: &str| database.advisories_for(&name("demo"), &version(v)).unwrap()[0].malicious;
    assert!(malicious("6.6.6"));
    assert!(
        !malicious("6.6.1"),
        "the record about malice lists one version only"
    );
}

#[test]
fn what_covers_the_version_is_shown() {
    let database = database(&[ranged(
        "X-1",
        "demo",
        json!([{ "introduced": "1.0" }, { "fixed": "2.0" }]),
    )]);
    let found = database
        .advisories_for(&name("demo"), &version("1.5"))
        .unwrap();
    let expected = MatchBasis::Range {
        introduced: Some("1.0".to_owned()),
        fixed: Some("2.0".to_owned()),
        last_affected: None,
    };
    assert_eq!(found[0].matches[0].basis, expected);
}

#[test]
fn the_same_feeds_in_another_order_give_the_same_revision() {
    let records: Vec<_> = (0..50)
        .map(|i| {
            ranged(
                &format!("X-{i}"),
                &format!("demo-{}", i % 7),
                json!([{ "introduced": "0" }, { "fixed": format!("{i}.0") }]),
            )
        })
        .collect();
    let mut turned = records.clone();
    turned.reverse();
    assert_eq!(database(&records).revision(), database(&turned).revision());
}

fn inventory(version: ComponentVersion) -> Inventory {
    let mut inventory = Inventory::default();
    inventory.inputs.push(Input {
        path: "requirements.txt".to_owned(),
        format: InputFormat::Requirements,
    });
    let declaration = Declaration::new(Location::line("requirements.txt", 3), true);
    inventory.components.push(Component::distribution(
        InputId(0),
        name("demo"),
        version,
        declaration,
    ));
    inventory
}
