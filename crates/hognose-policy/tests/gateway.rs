//! `[gateway]` and `[policy.rules]`.

use std::time::Duration;

use hognose_policy::{Action, Config, ConfigFile, Gate};
use hognose_types::{PackageName, Version, rules};

fn read(text: &str) -> Result<Config, String> {
    Config::parse("hognose.toml", text, ConfigFile::Hognose)
        .map(Option::unwrap)
        .map_err(|e| format!("{e} ({})", e.hint.as_deref().unwrap_or_default()))
}

#[test]
fn everything() {
    let config = read(
        "[policy.rules]\nHOG-STATUS-new = \"warn\"\nHOG-VULN = \"off\"\n\
         [gateway]\nlisten = \"127.0.0.1:1\"\nfail-on = \"critical\"\nmode = \"observe\"\ninspect = false\nbudget = \"2m\"\n\
         on-unknown = \"allow\"\non-undated = \"block\"\ncache-size = \"5 MB\"\nfresh = \"1h\"\n\
         allow = [\"torch==2.1.0\", \"Six\"]\ndeny = [\"acme-core>=2,<3\"]\n\
         [[gateway.upstream]]\nname = \"a\"\nurl = \"https://index.example/simple\"\nowned = [\"acme-*\"]\n",
    )
    .unwrap();
    let rule = |id| config.policy.rules.get(&id).copied();
    assert_eq!(rule(rules::online::NEW), Some(Action::Warn));
    assert_eq!(rule(rules::vuln::ID), Some(Action::Off));
    let gateway = &config.gateway;
    assert_eq!(gateway.fail_on, Gate::At(hognose_types::Severity::Critical));
    assert!(
        gateway.observe
            && !gateway.inspect
            && gateway.on_unknown == hognose_policy::OnUnknown::Allow
            && !gateway.allow_undated
    );
    assert_eq!(gateway.budget, Duration::from_mins(2));
    assert_eq!(gateway.fresh, Duration::from_hours(1));
    assert_eq!(gateway.cache_bytes, 5 << 20);
    assert_eq!(gateway.allow[1].package.as_str(), "six");
    let versions = gateway.deny[0].versions.as_ref().unwrap();
    assert!(versions.contains(&Version::new("2.5").unwrap()));
    assert!(!versions.contains(&Version::new("3").unwrap()));
    let upstream = &gateway.upstreams[0];
    assert!(upstream.owned.owns(&PackageName::new("acme.x").unwrap()));
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (text, expected) in [
        (
            "[gateway]\nlisten = \"here\"\n",
            "hognose.toml:2: listen: \"here\" is no address and port",
        ),
        (
            "[gateway]\nmode = \"on\"\n",
            "hognose.toml:2: unknown word \"on\" in mode (use \"observe\" or \"enforce\")",
        ),
        (
            "[gateway]\nbudget = \"5\"\n",
            "hognose.toml:2: cannot read \"5\" in budget (write a number and one of s, m, h)",
        ),
        (
            "[gateway]\ncache-size = \"99999999999 TB\"\n",
            "hognose.toml:2: cannot read",
        ),
        (
            "[gateway]\ncache-size = \"0 GB\"\n",
            "hognose.toml:2: cannot read",
        ),
        ("[gateway]\ndeny = [\"==1\"]\n", "hognose.toml:2:"),
        ("[gateway]\ndeny = [\"x==\"]\n", "hognose.toml:2:"),
        (
            "[gateway]\nupstreams = 1\n",
            "hognose.toml:2: unknown field `upstreams`",
        ),
        (
            "[policy.rules]\nHOG-NONE = \"block\"\n",
            "hognose.toml:2: unknown rule \"HOG-NONE\"",
        ),
        (
            "[policy.rules]\nHOG-VULN = \"maybe\"\n",
            "hognose.toml:2: unknown action \"maybe\" in rules (use block, warn or off)",
        ),
    ] {
        let error = read(text).err().unwrap();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn places_for_several_nodes() {
    let config = read(
        "[gateway]\nstate = \"postgres://hog:geheim@db.example/state\"\nblobs = \"s3://our-artifacts/a/b/\"\n\
         s3-endpoint = \"http://127.0.0.1:9000/\"\ns3-region = \"here\"\n",
    )
    .unwrap();
    let shown = format!("{:?}", config.gateway);
    assert!(!shown.contains("geheim"), "{shown}");
    let bucket = config.gateway.blobs.unwrap();
    assert_eq!(
        (bucket.bucket.as_str(), bucket.prefix.as_str()),
        ("our-artifacts", "a/b/")
    );
    assert_eq!(bucket.endpoint.unwrap().expose(), "http://127.0.0.1:9000");
    let state = config.gateway.state.unwrap();
    assert_eq!(state.expose(), "postgres://hog:geheim@db.example/state");
    let bucket = read("[gateway]\nblobs = \"s3://our-artifacts\"\n")
        .unwrap()
        .gateway
        .blobs
        .unwrap();
    assert_eq!(
        (bucket.prefix.as_str(), bucket.endpoint, bucket.region),
        ("", None, None)
    );
    let hint = "(write it as \"s3://bucket/prefix\", of letters, digits, dots and hyphens)";
    for wrong in [
        "geheim",
        "s3://",
        "s3://No",
        "s3://geheim@x",
        "s3://bucket/../x",
        "s3://bucket/a b",
        "https://geheim",
    ] {
        let error = read(&format!("[gateway]\nblobs = \"{wrong}\"\n")).unwrap_err();
        assert_eq!(
            error,
            format!("hognose.toml:2: blobs: not a bucket and a prefix {hint}")
        );
    }
    for wrong in [
        "geheim",
        "http://",
        "http://geheim@x",
        "http://x/geheim",
        "http://x?geheim",
    ] {
        let text = format!("[gateway]\nblobs = \"s3://bucket\"\ns3-endpoint = \"{wrong}\"\n");
        let error = read(&text).unwrap_err();
        assert!(
            error.starts_with("hognose.toml:3: s3-endpoint: not an address (write"),
            "{error}"
        );
        assert!(!error.contains("geheim"), "{error}");
    }
    let error = read("[gateway]\ns3-region = \"here\"\n").unwrap_err();
    assert!(error.contains("blobs names none"), "{error}");
}
