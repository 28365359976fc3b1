//! `HOG-ID-takeover`: other owners, another publisher, no attestation any more.

#[test]
fn is_raised_and_fails_the_run() {
    let about = ["acme", "lost", "moved"];
    insta::assert_snapshot!(super::online("HOG-ID-takeover", 1, &about));
}
