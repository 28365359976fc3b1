//! `HOG-STATUS-quarantined`: a project that the index withholds.

#[test]
fn is_raised_and_fails_the_run() {
    let about = ["acme"];
    insta::assert_snapshot!(super::online("HOG-STATUS-quarantined", 1, &about));
}
