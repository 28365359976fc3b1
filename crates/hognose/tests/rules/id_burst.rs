//! `HOG-ID-burst`: a project that wakes up, and one that releases again and again.

#[test]
fn is_shown_and_never_fails_the_run() {
    let about = ["asleep", "many"];
    insta::assert_snapshot!(super::online("HOG-ID-burst", 0, &about));
}
