//! `HOG-STATUS-outdated`: by releases, by line and by days; a number alone unless more is asked for.

#[test]
fn is_counted_and_never_fails_the_run() {
    let about = ["acme"];
    insta::assert_snapshot!(super::online("HOG-STATUS-outdated", 0, &about));
}

#[test]
fn is_shown_with_verbose() {
    let about = ["acme"];
    let shown = super::online_with("HOG-STATUS-outdated", 0, &about, &["--verbose"]);
    let lines: Vec<&str> = shown
        .lines()
        .skip_while(|line| !line.starts_with("acme "))
        .take_while(|line| !line.is_empty())
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}
