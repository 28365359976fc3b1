//! `HOG-PROV-uncommitted`: a wheel with a file that no commit has. More cases are in `tests/commits.rs`.

use crate::common::{Sandbox, commits, fixture};

#[test]
fn is_raised_and_fails_the_run() {
    let fixture = fixture("rules/HOG-PROV-uncommitted");
    let sandbox = Sandbox::new();
    commits::repository(&sandbox, &fixture.join("repository"));
    let read = |path: &str| std::fs::read(fixture.join(path)).unwrap_or_default();
    let code = read("repository/src/tool/__init__.py");
    let added = read("added/tool/startup.pth");
    let wheel = commits::wheel("tool", "1.0", &[("tool/__init__.py", &code)]);
    sandbox.write("tool-1.0-py3-none-any.whl", wheel);
    let words = [
        "verify",
        "tool-1.0-py3-none-any.whl",
        "--repository",
        "clone",
    ];
    let words = [&words[..], &["--allow-incomplete", "index"]].concat();
    let honest = sandbox.run(&words);
    assert_eq!(honest.code, 0, "{}", honest.whole());
    let files: [(&str, &[u8]); 2] = [("tool/__init__.py", &code), ("startup.pth", &added)];
    sandbox.write(
        "tool-1.0-py3-none-any.whl",
        commits::wheel("tool", "1.0", &files),
    );
    let outcome = sandbox.run(&words);
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    super::explained("HOG-PROV-uncommitted");
    insta::assert_snapshot!(commits::without_ids(&outcome.whole()));
}
