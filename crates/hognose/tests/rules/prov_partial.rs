//! `HOG-PROV-partial`: one of two files, where all were attested. What certificates would say stands in `now.toml`: a certificate that says so
//! is nobody's to make.

#[test]
fn is_raised_for_what_is_remembered_otherwise() {
    insta::assert_snapshot!(super::compared("HOG-PROV-partial"));
}
