//! `HOG-STATUS-yanked`: a release that was withdrawn; one of which a file is left was not.

#[test]
fn is_raised_and_fails_the_run() {
    let about = ["acme"];
    insta::assert_snapshot!(super::online("HOG-STATUS-yanked", 1, &about));
}
