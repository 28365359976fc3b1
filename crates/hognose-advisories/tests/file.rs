//! Damaged database files are errors, never other answers.

mod common;

use hognose_advisories::Database;
use hognose_advisories::format::{FormatError, VERSION};
use proptest::prelude::*;
use serde_json::json;

fn bytes() -> Vec<u8> {
    let mut record = common::ranged(
        "PYSEC-2021-1",
        "demo",
        json!([{ "introduced": "0" }, { "fixed": "2.0" }]),
    );
    record["details"] = json!("Some text. More text.");
    common::builder(&[record]).finish(1_700_000_000)
}

#[test]
fn a_file_on_disk_is_mapped() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.hgn");
    std::fs::write(&path, bytes()).unwrap();
    let database = Database::open(&path).unwrap();
    database.verify().unwrap();
    assert_eq!(common::ids(&database, "demo", "1.0"), ["PYSEC-2021-1"]);
    assert_eq!(database.info().unwrap().built, "2023-11-14T22:13:20Z");
}

#[test]
fn every_truncation_is_an_error() {
    let whole = bytes();
    for len in 0..whole.len() {
        assert!(
            Database::from_bytes(whole[..len].to_vec()).is_err(),
            "{len} of {}",
            whole.len()
        );
    }
    let mut longer = whole;
    longer.push(0);
    assert!(matches!(
        Database::from_bytes(longer),
        Err(FormatError::Length { .. })
    ));
}

#[test]
fn other_formats_are_named() {
    let mut newer = bytes();
    newer[8..12].copy_from_slice(&(VERSION + 1).to_le_bytes());
    let error = Database::from_bytes(newer).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the database has format {}, this program reads format {VERSION}",
            VERSION + 1
        )
    );
    let directory = tempfile::tempdir().unwrap();
    let error = Database::open(&directory.path().join("none.hgn")).unwrap_err();
    assert!(error.to_string().starts_with("cannot open "), "{error}");
    assert!(Database::from_bytes(b"PK\x03\x04".to_vec()).is_err());
}

proptest! {
    #[test]
    fn an_altered_byte_gives_an_error_or_the_same_answer(at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let whole = bytes();
        let mut altered = whole.clone();
        let at = at.index(altered.len());
        prop_assume!(altered[at] != value);
        altered[at] = value;
        if let Ok(database) = Database::from_bytes(altered) {
            prop_assert!(database.verify().is_err(), "byte {at}");
            // An altered index hash hides a name; `verify` sees it. A wrong record is never returned.
            if let Ok(found) = database.advisories_for(&common::name("demo"), &common::version("1.0")) {
                for advisory in found {
                    prop_assert_eq!(&advisory.id, "PYSEC-2021-1");
                    prop_assert_eq!(advisory.fixed_in.as_ref().map(|v| v.as_str().to_owned()), Some("2.0".to_owned()));
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        hognose_advisories::fuzzing::database(&bytes);
        hognose_advisories::fuzzing::osv_json(&bytes);
        hognose_advisories::fuzzing::osv_yaml(&bytes);
    }
}
