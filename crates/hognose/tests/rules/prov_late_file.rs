//! `HOG-PROV-late-file`: a file that nobody knew of.

#[test]
fn is_raised_and_fails_the_run() {
    insta::assert_snapshot!(super::verified("HOG-PROV-late-file", 1));
}
