//! `HOG-HASH-weak`: MD5 in an option, SHA-1 in an address.

#[test]
fn is_raised_and_fails_the_run() {
    let outcome = super::scan("HOG-HASH-weak");
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    assert!(super::rules("HOG-HASH-weak").contains(&"HOG-HASH-weak".to_owned()));
    super::explained("HOG-HASH-weak");
    insta::assert_snapshot!(outcome.whole());
}
