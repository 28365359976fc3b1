//! `HOG-HASH-mixed`: one requirement of two.

#[test]
fn is_raised_and_fails_the_run() {
    let outcome = super::scan("HOG-HASH-mixed");
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    assert!(super::rules("HOG-HASH-mixed").contains(&"HOG-HASH-mixed".to_owned()));
    super::explained("HOG-HASH-mixed");
    insta::assert_snapshot!(outcome.whole());
}
