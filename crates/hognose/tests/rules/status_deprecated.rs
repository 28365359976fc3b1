//! `HOG-STATUS-deprecated`: a project whose page or classifiers say so.

#[test]
fn is_shown_and_never_fails_the_run() {
    let about = ["acme", "idle"];
    insta::assert_snapshot!(super::online("HOG-STATUS-deprecated", 0, &about));
}
