//! `HOG-ID-replaced`: a file with another digest than four weeks ago, and others in the place of all.

#[test]
fn is_raised_and_fails_the_run() {
    let about = ["acme", "other"];
    insta::assert_snapshot!(super::online("HOG-ID-replaced", 1, &about));
}
