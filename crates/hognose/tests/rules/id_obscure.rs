//! `HOG-ID-obscure`: a project that is not among the popular ones.

#[test]
fn is_raised_and_fails_the_run() {
    let about = ["acme"];
    insta::assert_snapshot!(super::online("HOG-ID-obscure", 1, &about));
}
