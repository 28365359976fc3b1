//! Tests of the parts of the benchmarks that decide something.

use std::collections::BTreeMap;

use super::instructions::Budgets;
use super::{Options, parse};

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
