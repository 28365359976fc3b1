//! `HOG-STATUS-gone`: a version, all files and one file that are no longer there.

#[test]
fn is_raised_and_fails_the_run() {
    let about = ["acme", "swapped", "thinned"];
    insta::assert_snapshot!(super::online("HOG-STATUS-gone", 1, &about));
}
