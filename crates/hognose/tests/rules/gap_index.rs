//! `HOG-GAP-index`: an index that cannot answer for one project, and not for all of another.

#[test]
fn is_raised_and_makes_the_run_incomplete() {
    let about = ["busy", "torn"];
    insta::assert_snapshot!(super::online("HOG-GAP-index", 3, &about));
}
