//! `HOG-HASH-unpinned`: a hash of no version.

#[test]
fn is_raised_and_fails_the_run() {
    let outcome = super::scan("HOG-HASH-unpinned");
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    assert!(super::rules("HOG-HASH-unpinned").contains(&"HOG-HASH-unpinned".to_owned()));
    super::explained("HOG-HASH-unpinned");
    insta::assert_snapshot!(outcome.whole());
}
