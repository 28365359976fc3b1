//! `hognose policy check`, `schema` and `test`.

#[path = "inspect/archives.rs"]
#[expect(dead_code, reason = "a part is used")]
mod archives;
mod common;

use std::time::{Duration, Instant};

use common::gateway::Running;
use common::upstream::{Upstream, hex};
use common::{Sandbox, root};
use insta::assert_snapshot;

#[test]
fn a_sound_configuration_and_what_will_not_be_for_long() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "hognose.toml",
        r#"[policy]
fail-on = "high"
[policy.rules]
HOG-STATUS-archived = "block"
[gateway]
allow = ["torch==2.1.0", "click"]
deny = ["torch"]
[[waiver]]
advisory = "CVE-2024-1"
package = "click"
reason = "not reached"
expires = 2026-11-30
[[waiver]]
rule = "HOG-VULN"
package = "flask"
reason = "until the move"
expires = "2026-01-31"
[[waiver]]
advisory = "CVE-2024-1"
package = "click"
reason = "again"
expires = 2027-11-30
"#,
    );
    // The one that applies here, found from below.
    sandbox.write("src/x.py", "");
    let got = sandbox.run(&["policy", "check"]);
    assert_snapshot!(got.whole());
    let named = sandbox.run(&["policy", "check", "hognose.toml"]);
    assert_eq!(named.stdout, got.stdout);
}

#[test]
fn what_is_wrong_is_pointed_at() {
    let sandbox = Sandbox::new();
    sandbox.write("a.toml", "[policy]\nfail-on = \"hihg\"\n");
    sandbox.write("b.toml", "[policy]\nfail_on = \"high\"\n");
    sandbox.write("c.toml", "[policy\n");
    sandbox.write(
        "d.toml",
        "[policy.licenses]\nallow = [\"MIT\", \"GPL\u{1b}[2J3\"]\n",
    );
    sandbox.write("e.toml", "[policy]\nmax-epss = 30.0\n");
    sandbox.write("f.toml", "[policy]\nmax-rank = 0\n");
    sandbox.write("g.toml", "[policy]\n");
    let all = ["a", "b", "c", "d", "e", "f", "g"].map(|name| format!("{name}.toml"));
    let mut words = vec!["policy", "check"];
    words.extend(all.iter().map(String::as_str));
    assert_snapshot!(sandbox.run(&words).whole());
    let none = Sandbox::new().run(&["policy", "check"]);
    assert_eq!(none.code, 4, "{}", none.whole());
    assert_eq!(sandbox.run(&["policy", "check", "no.toml"]).code, 2);
}

#[test]
fn the_schema_is_json() {
    let got = Sandbox::new().run(&["policy", "schema"]);
    let schema: serde_json::Value = serde_json::from_str(&got.stdout).unwrap();
    assert_eq!(schema["title"], "hognose.toml");
}

#[test]
fn the_past_is_decided_again() {
    let (sandbox, upstream) = (Sandbox::new(), Upstream::new());
    let wheel =
        |version: &str| archives::wheel("good", version, &[("good.py", "X = 1\n".to_owned())], "");
    let (old, young) = (wheel("1.0"), wheel("2.0"));
    let day = |day: &str| format!("data-upload-time=\"{day}T11:00:00Z\"");
    upstream.project(
        "good",
        &[
            ("good-1.0-py3-none-any.whl", &old, &day("2024-01-02")),
            ("good-2.0-py3-none-any.whl", &young, &day("2026-11-17")),
        ],
    );
    let replay = |configuration: &str, more: &[&str]| {
        sandbox.write("new.toml", configuration);
        let feed = root().join("examples/feeds");
        let mut words = vec!["policy", "test", "new.toml", "--index-url"];
        let url = upstream.url();
        words.extend([url.as_str(), "--feed", feed.to_str().unwrap()]);
        words.extend(more);
        sandbox.run(&words)
    };
    assert_eq!(replay("", &[]).code, 4);
    let gateway = Running::start(&sandbox, &upstream.url(), "");
    let path = |version: &str, bytes: &[u8]| {
        format!("/files/good/{}/good-{version}-py3-none-any.whl", hex(bytes))
    };
    for _ in 0..3 {
        assert_eq!(gateway.ask(&path("1.0", &old), "").status(), 200);
    }
    assert_eq!(gateway.ask(&path("2.0", &young), "").status(), 403);
    let began = Instant::now();
    while sandbox.run(&["gateway", "audit", "--kind", "blocked"]).code != 0 {
        assert!(began.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(gateway);
    let stricter = replay("[gateway]\ndeny = [\"good<2\"]\n", &[]);
    assert_snapshot!(stricter.whole());
    let laxer = replay("[policy]\nmin-age = \"0h\"\n", &["-f", "json"]);
    let laxer: serde_json::Value = serde_json::from_str(&laxer.stdout).unwrap();
    assert_eq!(laxer["decisions"], 4);
    assert_eq!(laxer["would_block"], 0);
    assert_eq!(laxer["was_blocked"], 1);
    assert_eq!(laxer["changes"][0]["would_be"], "served");
    let none = replay("", &["--since", "2030-01-01"]);
    assert_eq!(none.code, 4, "{}", none.whole());
    // A project that is gone is not decided again, and that is said.
    upstream.put("/simple/good/", common::upstream::Answer::status(404));
    let gone = replay("", &["--cache-dir", "other"]);
    assert_eq!(gone.code, 3, "{}", gone.whole());
    assert!(
        gone.stdout.contains("4 could not be decided again"),
        "{}",
        gone.whole()
    );
}
