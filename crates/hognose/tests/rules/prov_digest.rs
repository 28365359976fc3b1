//! `HOG-PROV-digest`: other bytes than those that are remembered.

#[test]
fn is_raised_and_fails_the_run() {
    insta::assert_snapshot!(super::verified("HOG-PROV-digest", 1));
}
