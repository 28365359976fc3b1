//! `HOG-ID-undeclared`: modules that nothing declared provides, whatever else is imported.

#[test]
fn is_raised_for_what_nothing_provides() {
    let outcome = super::scan("HOG-ID-undeclared");
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    let raised = super::rules("HOG-ID-undeclared");
    let count = |id: &str| raised.iter().filter(|rule| *rule == id).count();
    assert_eq!(
        (count("HOG-ID-undeclared"), count("HOG-ID-lookalike")),
        (5, 2),
        "{}",
        outcome.whole()
    );
    super::explained("HOG-ID-undeclared");
    insta::assert_snapshot!(outcome.whole());
}

#[test]
fn code_is_only_read_when_that_is_asked_for() {
    let sandbox = super::Sandbox::with("rules/HOG-ID-undeclared");
    sandbox.write("hognose.toml", "[feeds]\nosv = \"osv.json\"\n");
    let outcome = sandbox.scan(&[]);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    assert_eq!(sandbox.scan(&["--imports"]).code, 1);
}
