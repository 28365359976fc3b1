//! `HOG-PROV-lost`: the release before was attested, and this one is not.

#[test]
fn is_raised_and_fails_the_run() {
    insta::assert_snapshot!(super::verified("HOG-PROV-lost", 1));
}
