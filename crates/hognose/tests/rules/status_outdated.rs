//! `HOG-STATUS-outdated`: by releases, by line and by days.

#[test]
fn is_shown_and_never_fails_the_run() {
    let about = ["acme"];
    insta::assert_snapshot!(super::online("HOG-STATUS-outdated", 0, &about));
}
