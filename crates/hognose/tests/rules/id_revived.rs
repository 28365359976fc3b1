//! `HOG-ID-revived`: a project that was deleted and registered anew, and a name that was free.

#[test]
fn is_raised_and_fails_the_run() {
    let about = ["acme", "taken"];
    insta::assert_snapshot!(super::online("HOG-ID-revived", 1, &about));
}
