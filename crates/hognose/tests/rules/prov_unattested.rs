//! `HOG-PROV-unattested`: only where a policy asks for attestations.

#[test]
fn is_raised_and_fails_the_run() {
    insta::assert_snapshot!(super::verified("HOG-PROV-unattested", 1));
}
