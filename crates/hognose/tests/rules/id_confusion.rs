//! `HOG-ID-confusion`: who else could deliver a package, and what to write so that nobody can. The table of
//! configurations is in `tests/confusion.rs`.

#[test]
fn is_raised_for_what_others_could_deliver() {
    let outcome = super::scan("HOG-ID-confusion");
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    assert!(!outcome.whole().contains("secret"));
    let raised = super::rules("HOG-ID-confusion");
    let confused = raised.iter().filter(|rule| *rule == "HOG-ID-confusion");
    assert_eq!(confused.count(), 3);
    super::explained("HOG-ID-confusion");
    insta::assert_snapshot!(outcome.whole());
}
