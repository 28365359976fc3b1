//! `HOG-ID-newcomer`: a project that is younger than the policy asks for.

#[test]
fn is_raised_and_fails_the_run() {
    let about = ["acme"];
    insta::assert_snapshot!(super::online("HOG-ID-newcomer", 1, &about));
}
