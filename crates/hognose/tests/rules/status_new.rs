//! `HOG-STATUS-new`: a release of today, and a file of yesterday in an old release.

#[test]
fn is_shown_and_never_fails_the_run() {
    let about = ["fresh", "late"];
    insta::assert_snapshot!(super::online("HOG-STATUS-new", 0, &about));
}
