//! `HOG-ID-absent`: names that no index has.

#[test]
fn is_raised_and_fails_the_run() {
    let about = ["flask-easy-tokens", "requests-helper-pro"];
    insta::assert_snapshot!(super::online("HOG-ID-absent", 1, &about));
}
