//! `HOG-STATUS-abandoned`: silence, measured by the project's own habits.

#[test]
fn is_shown_and_never_fails_the_run() {
    let about = ["acme", "brisk"];
    insta::assert_snapshot!(super::online("HOG-STATUS-abandoned", 0, &about));
}
