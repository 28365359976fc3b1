//! Tests of the parts of the benchmarks that decide something.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::findings::{Dialect, read, spelled};
use super::groups::Groups;
use super::inspect::part;
use super::instructions::Budgets;
use super::{Options, parse, safety};

#[test]
fn options_are_read_and_mistakes_are_named() {
    let options = parse(&[
        "--data",
        "feeds",
        "--runs",
        "3",
        "--instructions",
        "--accept",
    ]);
    assert_eq!(
        options.ok(),
        Some(Options {
            data: Some("feeds".into()),
            runs: Some(3),
            instructions: true,
            accept: true,
            ..Options::default()
        })
    );
    let mistake = |words: &[&str]| parse(words).map_err(|error| error.to_string());
    assert_eq!(
        mistake(&["--fast"]),
        Err("bench does not know --fast".to_owned())
    );
    assert_eq!(mistake(&["--data"]), Err("--data needs a value".to_owned()));
    assert_eq!(
        mistake(&["--accept"]),
        Err("--accept goes with --instructions".to_owned())
    );
}

#[test]
fn budgets_survive_the_file() {
    let budgets = Budgets {
        feeds: "ab12".to_owned(),
        counts: BTreeMap::from([
            ("pins-200".to_owned(), 1_234_567),
            ("sbom-700".to_owned(), 7),
        ]),
    };
    assert_eq!(Budgets::parse(&budgets.to_text()).ok(), Some(budgets));
    assert!(Budgets::parse("pins-200 = 5").is_err());
    assert!(Budgets::parse("feeds = \"a\"\npins-200 = many").is_err());
}

fn records() -> BTreeMap<String, Value> {
    let record = |id: &str, aliases: Value, affected: Value| {
        let affected = json!([{ "package": { "ecosystem": "PyPI", "name": "Some.Name" }, "ranges": affected }]);
        (
            id.to_owned(),
            json!({ "id": id, "aliases": aliases, "affected": affected }),
        )
    };
    let events = |events: Value| json!([{ "type": "GIT", "events": [] }, { "type": "ECOSYSTEM", "events": events }]);
    BTreeMap::from([
        record(
            "A-1",
            json!(["B-1"]),
            events(json!([{ "introduced": "0" }, { "fixed": "2" }])),
        ),
        record(
            "C-1",
            json!(["B-1"]),
            events(
                json!([{ "introduced": "1" }, { "last_affected": "1.5" }, { "introduced": "3" }]),
            ),
        ),
        record("D-1", json!([]), json!([])),
    ])
}

#[test]
fn aliases_of_aliases_are_one_flaw() {
    let groups = Groups::of(&records());
    let names = ["A-1", "B-1", "C-1", "D-1", "E-1"].map(|id| groups.name(id));
    assert_eq!(names, ["A-1", "A-1", "A-1", "D-1", "E-1"]);
}

#[test]
fn scanners_that_say_the_same_are_read_the_same() {
    let groups = Groups::of(&records());
    let audit = r#"{"dependencies": [{"name": "some_name", "version": "1.02", "vulns": [{"id": "B-1"}, {"id": "C-1"}]}]}"#;
    let uv = r#"{"vulnerabilities": [{"dependency": {"name": "Some.Name", "version": "1.2"}, "id": "A-1"}]}"#;
    let audit = read(Dialect::PipAudit, audit, &groups).ok();
    let uv = read(Dialect::Uv, &format!("a warning\n{uv}\nmore"), &groups).ok();
    assert_eq!(audit.as_ref().map(|said| said.rows), Some(2));
    assert_eq!(audit.map(|said| said.found), uv.map(|said| said.found));
    assert!(read(Dialect::Uv, "nothing", &groups).is_err());
    assert_eq!(spelled("2022.06.15rc1"), "2022.6.15rc1");
}

#[test]
fn safety_gets_ranges_as_specifiers() -> anyhow::Result<()> {
    let home = std::env::temp_dir().join(format!("xtask-safety-{}", std::process::id()));
    safety::write(&records(), &home)?;
    let written: Value =
        serde_json::from_str(&std::fs::read_to_string(home.join("insecure.json"))?)?;
    std::fs::remove_dir_all(&home)?;
    assert_eq!(written["some-name"], json!([">=0,<2", ">=1,<=1.5", ">=3"]));
    Ok(())
}

#[test]
fn shares_of_values_are_values() {
    let values: Vec<f64> = (1..=40).rev().map(f64::from).collect();
    let parts = [0.5, 0.95, 1.0].map(|share| part(&values, share));
    assert_eq!(format!("{parts:?}"), "[20.0, 38.0, 40.0]");
    let few = [part(&[7.0], 0.5), part(&[], 0.5)];
    assert_eq!(format!("{few:?}"), "[7.0, 0.0]");
}
