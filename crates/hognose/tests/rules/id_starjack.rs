//! `HOG-ID-starjack`: the repository of a well-known project, claimed by others and by who knows whom.

#[test]
fn is_raised_unless_the_owners_are_the_same() {
    let about = ["helper", "humble"];
    insta::assert_snapshot!(super::online("HOG-ID-starjack", 1, &about));
}
