//! Gates, waivers, imported ignores and VEX, seen from the command line.

mod common;

use common::{Sandbox, root};

/// Jinja2 3.1.2 has five known flaws among the project's own advisories: two high, three medium.
fn project(policy: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("requirements.txt", "jinja2==3.1.2\n");
    let feeds = root().join("examples/feeds");
    sandbox.write(
        "hognose.toml",
        format!(
            "[feeds]\ndirectory = {:?}\n{policy}",
            feeds.to_str().unwrap_or_default()
        ),
    );
    sandbox
}

fn waiver(rest: &str) -> String {
    format!("[[waiver]]\nadvisory = \"CVE-2024-22195\"\npackage = \"Jinja2\"\n{rest}")
}

#[test]
fn gates() {
    assert_eq!(project("").scan(&[]).code, 1);
    assert_eq!(
        project("[policy]\nfail-on = \"critical\"\n").scan(&[]).code,
        0
    );
    assert_eq!(
        project("[policy]\nfail-on = \"critical\"\n")
            .scan(&["--fail-on", "medium"])
            .code,
        1
    );
    assert_eq!(project("").scan(&["--fail-on", "never"]).code, 0);
}

#[test]
fn groups_have_gates_of_their_own() {
    let text = |gate: &str| {
        format!("[policy]\nfail-on = \"low\"\n[policy.groups.dev]\nfail-on = \"{gate}\"\n")
    };
    let sandbox = |gate: &str| {
        let sandbox = project(&text(gate));
        sandbox.write("requirements.txt", "");
        sandbox.write("pyproject.toml", "[project]\nname = \"x\"\nversion = \"1\"\n[dependency-groups]\ndev = [\"jinja2==3.1.2\"]\n");
        sandbox
    };
    assert_eq!(sandbox("critical").scan(&["pyproject.toml"]).code, 0);
    assert_eq!(sandbox("high").scan(&["pyproject.toml"]).code, 1);
}

#[test]
fn waivers_need_a_reason_and_an_end() {
    let shown = |policy: &str| {
        let outcome = project(policy).scan(&[]);
        assert_eq!(outcome.code, 2, "{}", outcome.whole());
        outcome.stderr
    };
    let all = [
        waiver("expires = 2027-01-31\n"),
        waiver("reason = \"x\"\n"),
        waiver("reason = \"x\"\nexpires = \"soon\"\n"),
        "[[waiver]]\nreason = \"x\"\nexpires = 2027-01-31\n".to_owned(),
        "[[waiver]]\nrule = \"HOG-VULN\"\nreason = \"x\"\nexpires = 2027-01-31\n".to_owned(),
        "[[waiver]]\nrule = \"HOG-WHAT\"\npackage = \"x\"\nreason = \"x\"\nexpires = 2027-01-31\n"
            .to_owned(),
        "[policy]\nfail-on = \"severe\"\n".to_owned(),
        "[policy]\nallow-incomplete = [\"everything\"]\n".to_owned(),
        "[policy]\nmax-database-age = \"week\"\n".to_owned(),
        "[polizy]\n".to_owned(),
        "[policy\n".to_owned(),
    ];
    let errors: Vec<String> = all.iter().map(|policy| shown(policy)).collect();
    insta::assert_snapshot!(errors.join(""));
}

#[test]
fn a_waiver_silences_one_flaw() {
    let sandbox = project(&waiver(
        "reason = \"keys are constants\"\nowner = \"web\"\nexpires = 2027-01-31\n",
    ));
    let outcome = sandbox.scan(&[]);
    assert!(
        outcome.stdout.ends_with(", 1 waived\n"),
        "{}",
        outcome.whole()
    );
    assert!(
        !outcome.stdout.contains("CVE-2024-22195"),
        "{}",
        outcome.whole()
    );
    let verbose = sandbox.scan(&["--verbose"]);
    assert!(
        verbose.stdout.contains("keys are constants"),
        "{}",
        verbose.whole()
    );
}

#[test]
fn expired_and_useless_waivers_are_warned_about() {
    let expired = waiver("reason = \"x\"\nexpires = 2026-11-17\n");
    let today = waiver("reason = \"x\"\nexpires = 2026-11-18\n");
    let useless = "[[waiver]]\nadvisory = \"CVE-1999-1\"\nreason = \"x\"\nexpires = 2027-01-31\n";
    let outcome = project(&format!("{expired}{useless}")).scan(&[]);
    let flowing = outcome.flowing();
    for message in [
        "the waiver for CVE-2024-22195 in jinja2 expired on 2026-11-17 and no longer counts",
        "the waiver for CVE-1999-1 matches nothing: remove it",
        "(CVE-2024-22195) fixed in",
    ] {
        assert!(flowing.contains(message), "{}", outcome.whole());
    }
    assert!(
        project(&today).scan(&[]).stdout.ends_with(", 1 waived\n"),
        "the last day is included"
    );
}

#[test]
fn versions_bound_a_waiver() {
    let bound = |versions: &str| {
        project(&waiver(&format!(
            "version = \"{versions}\"\nreason = \"x\"\nexpires = 2027-01-31\n"
        )))
        .scan(&[])
    };
    assert!(bound(">=3,<3.2").stdout.contains("1 waived"));
    assert!(bound("3.1.2").stdout.contains("1 waived"));
    assert!(!bound("<3").stdout.contains("1 waived"));
}

#[test]
fn a_waived_gap_leaves_the_run_complete() {
    let sandbox = project(
        "[[waiver]]\nrule = \"HOG-GAP-unpinned\"\npackage = \"flask\"\nreason = \"the image pins it\"\nexpires = 2027-01-31\n",
    );
    for requirement in ["flask", "Flask>=1", "flask[async] ~= 2.0", "flask==2.*"] {
        sandbox.write("requirements.txt", requirement);
        assert_eq!(sandbox.scan(&[]).code, 0, "{}", sandbox.scan(&[]).whole());
    }
    for requirement in ["flask-login>=1", "flask2"] {
        sandbox.write("requirements.txt", requirement);
        assert_eq!(sandbox.scan(&[]).code, 3, "{}", sandbox.scan(&[]).whole());
    }
}

#[test]
fn configuration_in_pyproject_and_none_at_all() {
    let sandbox = Sandbox::new();
    sandbox.write("requirements.txt", "jinja2==3.1.2\n");
    sandbox.write(
        "pyproject.toml",
        "[tool.hognose.policy]\nfail-on = \"critical\"\n",
    );
    assert_eq!(sandbox.scan(&["requirements.txt"]).code, 0);
    assert_eq!(sandbox.scan(&["requirements.txt", "--no-config"]).code, 1);
    let missing = sandbox.scan(&["--config", "none.toml"]);
    assert_eq!(missing.code, 2);
    assert!(
        missing.stderr.contains("cannot read none.toml"),
        "{}",
        missing.stderr
    );
}

#[test]
fn ignores_of_other_tools() {
    let sandbox = project("");
    sandbox.write(".safety-policy.yml", "security:\n  ignore-vulnerabilities:\n    CVE-2024-22195:\n      reason: not reachable\n      expires: '2027-01-01'\n");
    sandbox.write(
        "osv-scanner.toml",
        "[[IgnoredVulns]]\nid = \"CVE-2024-34064\"\nignoreUntil = 2027-01-01\nreason = \"same\"\n",
    );
    sandbox.write("ci.yml", "- run: pip-audit --ignore-vuln GHSA-cpwx-vrp4-4pq7 -r requirements.txt\n# --ignore-vuln CVE-2024-56201\n");
    sandbox.write("uv.toml", "[audit]\nignore = [\"PYSEC-2026-1475\"]\n");
    let files = [
        ".safety-policy.yml",
        "osv-scanner.toml",
        "ci.yml",
        "uv.toml",
    ];
    let flags: Vec<&str> = files
        .iter()
        .flat_map(|f| ["--import-ignores", *f])
        .collect();
    let outcome = sandbox.scan(&[&["requirements.txt"], flags.as_slice()].concat());
    assert!(
        outcome
            .stdout
            .ends_with("1 finding in 1 of 1 package (1 high), 4 waived\n"),
        "{}",
        outcome.whole()
    );
    let whole = "[[PackageOverrides]]\nname = \"jinja2\"\necosystem = \"PyPI\"\nignore = true\nreason = \"x\"\n";
    sandbox.write("osv-scanner.toml", whole);
    assert_eq!(
        sandbox
            .scan(&["requirements.txt", "--import-ignores", "osv-scanner.toml"])
            .code,
        0
    );
    sandbox.write("osv-scanner.toml", "[[IgnoredVulns]\n");
    let broken = sandbox.scan(&["requirements.txt", "--import-ignores", "osv-scanner.toml"]);
    assert_eq!(broken.code, 2);
    insta::assert_snapshot!(broken.stderr);
}

#[test]
fn openvex_documents_are_waivers() {
    let sandbox = project("");
    let statement = |status: &str| {
        format!(
            r#"{{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [{{"vulnerability": {{"name": "CVE-2024-22195"}}, "products": [{{"@id": "pkg:pypi/shop@1", "subcomponents": [{{"@id": "pkg:pypi/jinja2@3.1.2"}}]}}], "status": "{status}", "justification": "vulnerable_code_not_in_execute_path"}}]}}"#
        )
    };
    for (status, waived) in [
        ("not_affected", true),
        ("fixed", true),
        ("affected", false),
        ("under_investigation", false),
    ] {
        sandbox.write("vex.json", statement(status));
        let outcome = sandbox.scan(&["--vex", "vex.json"]);
        assert_eq!(
            outcome.stdout.contains("1 waived"),
            waived,
            "{status}: {}",
            outcome.whole()
        );
    }
    sandbox.write("vex.json", "{}");
    assert_eq!(sandbox.scan(&["--vex", "vex.json"]).code, 2);
}

#[test]
fn a_waiver_of_an_unmapped_package_names_the_package() {
    let scan = |package: &str| {
        let sandbox = project(&format!(
            "[[waiver]]\nrule = \"HOG-GAP-unmapped\"\npackage = \"{package}\"\nreason = \"another scanner judges it\"\nexpires = 2099-01-01\n"
        ));
        sandbox.write(
            "environment.yml",
            "name: x\ndependencies:\n  - idna==3.7\n  - libpng==1.6\n",
        );
        sandbox.scan(&["environment.yml"])
    };
    let waived = scan("libpng");
    assert_eq!(waived.code, 0, "{}", waived.whole());
    let other = scan("zlib");
    assert_eq!(other.code, 3, "{}", other.whole());
    assert!(
        other.flowing().contains("environment.yml:4: libpng 1.6:"),
        "{}",
        other.whole()
    );
}
