//! `HOG-STATUS-unfixed`: a flaw that is known for a year, and no release since.

#[test]
fn is_raised_where_nothing_was_released() {
    let about = ["acme"];
    insta::assert_snapshot!(super::online("HOG-STATUS-unfixed", 1, &about));
}
