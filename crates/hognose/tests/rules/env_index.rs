//! `HOG-ENV-index`: RECORD was made to fit what is there; the wheel of the index was not.

use super::Sandbox;
use super::common::upstream::Upstream;

#[path = "../inspect/archives.rs"]
#[expect(dead_code, reason = "each test binary uses a part")]
mod archives;

#[test]
fn is_raised_for_what_the_wheel_does_not_hold() {
    let id = "HOG-ENV-index";
    let sandbox = Sandbox::with(&format!("rules/{id}"));
    let honest = "LIMIT = 3\n\n\ndef check(token, limit=LIMIT):\n    return len(token) > limit\n";
    let files = [("tool/check.py", honest.to_owned())];
    let wheel = archives::wheel("tool", "1.0", &files, "");
    let other = archives::wheel("tool", "1.0", &[], "");
    let upstream = Upstream::new();
    upstream.project(
        "tool",
        &[
            ("tool-1.0-cp311-cp311-win32.whl", &other, ""),
            ("tool-1.0-py3-none-any.whl", &wheel, ""),
        ],
    );
    let quiet = sandbox.run(&["verify", "env", "--offline"]);
    assert_eq!(quiet.code, 0, "{}", quiet.whole());
    let url = upstream.url();
    let outcome = sandbox.run(&["verify", "env", "--against-index", "--index-url", &url]);
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    super::explained(id);
    let flowing = outcome.flowing();
    let place = "env/lib/python3.11/site-packages/tool";
    for said in [
        id.to_owned(),
        format!("{place}/check.py is not what the wheel of its index holds"),
        format!("{place}/__init__.py is in its RECORD and not in the wheel of its index"),
    ] {
        assert!(flowing.contains(&said), "{said}: {}", outcome.whole());
    }
    let other = Upstream::new();
    other.project("tool", &[("tool-2.0-py3-none-any.whl", &wheel, "")]);
    let url = other.url();
    let unknown = sandbox.run(&["verify", "env", "--against-index", "--index-url", &url]);
    assert_eq!(unknown.code, 3, "{}", unknown.whole());
}
