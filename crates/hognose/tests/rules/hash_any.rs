//! `HOG-HASH-any`: any one of them is enough.

#[test]
fn is_raised_and_fails_the_run() {
    let outcome = super::scan("HOG-HASH-any");
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    assert!(super::rules("HOG-HASH-any").contains(&"HOG-HASH-any".to_owned()));
    super::explained("HOG-HASH-any");
    insta::assert_snapshot!(outcome.whole());
}
