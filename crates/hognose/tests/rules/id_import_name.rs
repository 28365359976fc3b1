//! `HOG-ID-import-name`: a distribution declared by the name of somebody else's module.

#[test]
fn is_raised_for_names_of_modules() {
    let outcome = super::scan("HOG-ID-import-name");
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    let raised = super::rules("HOG-ID-import-name");
    let named = raised.iter().filter(|rule| *rule == "HOG-ID-import-name");
    assert_eq!(named.count(), 2, "{}", outcome.whole());
    super::explained("HOG-ID-import-name");
    insta::assert_snapshot!(outcome.whole());
}
