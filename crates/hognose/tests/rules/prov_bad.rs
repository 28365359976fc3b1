//! `HOG-PROV-bad`: a document without a single attestation.

#[test]
fn is_raised_and_fails_the_run() {
    insta::assert_snapshot!(super::verified("HOG-PROV-bad", 1));
}
