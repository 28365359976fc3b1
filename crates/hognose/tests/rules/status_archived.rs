//! `HOG-STATUS-archived`: a project whose page says so.

#[test]
fn is_shown_and_never_fails_the_run() {
    let about = ["acme"];
    insta::assert_snapshot!(super::online("HOG-STATUS-archived", 0, &about));
}
