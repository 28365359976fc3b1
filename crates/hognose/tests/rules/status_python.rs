//! `HOG-STATUS-python`: not for the Python of the scan, or only for those that have ended.

#[test]
fn is_shown_and_never_fails_the_run() {
    let about = ["newer", "old"];
    insta::assert_snapshot!(super::online("HOG-STATUS-python", 0, &about));
}
