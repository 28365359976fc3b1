//! `HOG-ID-invented`: two popular names in one, and no history.

#[test]
fn is_shown_and_never_fails_the_run() {
    let about = ["flask-requests-auth"];
    insta::assert_snapshot!(super::online("HOG-ID-invented", 0, &about));
}
