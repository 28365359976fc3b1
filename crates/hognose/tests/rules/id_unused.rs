//! `HOG-ID-unused`: a remark on what nothing imports, names or starts.

#[test]
fn is_a_remark_that_fails_nothing() {
    let outcome = super::scan("HOG-ID-unused");
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    let raised = super::rules("HOG-ID-unused");
    assert_eq!(
        raised,
        ["HOG-ID-unused", "HOG-ID-unused"],
        "{}",
        outcome.whole()
    );
    super::explained("HOG-ID-unused");
    insta::assert_snapshot!(outcome.whole());
}
