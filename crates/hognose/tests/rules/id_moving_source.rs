//! `HOG-ID-moving-source`: branches, tags and short names are no commits.

#[test]
fn is_raised_for_everything_but_commits() {
    let outcome = super::scan("HOG-ID-moving-source");
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    let raised = super::rules("HOG-ID-moving-source");
    let moving = raised.iter().filter(|rule| *rule == "HOG-ID-moving-source");
    assert_eq!(moving.count(), 2);
    super::explained("HOG-ID-moving-source");
    insta::assert_snapshot!(outcome.whole());
}
