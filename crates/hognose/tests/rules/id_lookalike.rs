//! `HOG-ID-lookalike`: a name that looks like another's asks for a look and fails nothing.

#[test]
fn is_shown_and_never_fails_the_run() {
    let outcome = super::scan("HOG-ID-lookalike");
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    assert_eq!(super::rules("HOG-ID-lookalike"), ["HOG-ID-lookalike"]);
    super::explained("HOG-ID-lookalike");
    insta::assert_snapshot!(outcome.whole());
}
