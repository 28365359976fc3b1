//! `hognose verify` from outside: a lock, artifacts on disk, an index on the loopback interface, memory.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::path::PathBuf;

use base64::Engine as _;
use common::upstream::{Answer, Upstream, hex};
use common::{Outcome, Sandbox};
use serde_json::{Value, json};

/// The sdist that a real attestation is about.
const SAMPLE: &str = "sampleproject-4.0.0.tar.gz";

/// Its sha256, as the attestation says.
fn sample_sha256() -> String {
    let document = real(&format!("{SAMPLE}.provenance")).unwrap_or_default();
    let Ok(document) = serde_json::from_slice::<Value>(&document) else {
        return "ab".repeat(32);
    };
    let statement = &document["attestation_bundles"][0]["attestations"][0]["envelope"]["statement"];
    let statement = base64::engine::general_purpose::STANDARD
        .decode(statement.as_str().unwrap())
        .unwrap();
    let statement: Value = serde_json::from_slice(&statement).unwrap();
    let sha256 = &statement["subject"][0]["digest"]["sha256"];
    sha256.as_str().unwrap().to_owned()
}

/// Real documents, from beside the project; nothing where they are missing. Under CI they must be there.
fn real(name: &str) -> Option<Vec<u8>> {
    let path = common::root()
        .join("../shared/data/provenance/pypi")
        .join(name);
    if let Ok(bytes) = std::fs::read(&path) {
        return Some(bytes);
    }
    let missing = format!("{} is missing: 1 case is not tested", path.display());
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    eprintln!("skipped: {missing}");
    None
}

/// One file of an index.
struct File<'a> {
    name: &'a str,
    sha256: String,
    /// `null`, an address, or nothing at all.
    provenance: Option<Value>,
}

fn file<'a>(name: &'a str, sha256: &str, provenance: Option<Value>) -> File<'a> {
    File {
        name,
        sha256: sha256.to_owned(),
        provenance,
    }
}

fn put(index: &Upstream, project: &str, files: &[File<'_>]) {
    let list: Vec<Value> = files
        .iter()
        .map(|file| {
            let mut one = json!({"filename": file.name, "url": format!("/files/{}", file.name), "hashes": {"sha256": file.sha256},
                "upload-time": "2026-01-01T00:00:00Z"});
            if let Some(provenance) = &file.provenance {
                one["provenance"] = provenance.clone();
            }
            one
        })
        .collect();
    let page = json!({"meta": {"api-version": "1.4"}, "name": project, "files": list});
    index.put(
        &format!("/simple/{project}/"),
        Answer::html(page.to_string()),
    );
}

/// An index that has the real file and what attests it.
fn sample_index() -> Option<Upstream> {
    let index = Upstream::new();
    index.put(
        "/integrity/sample",
        Answer::html(real(&format!("{SAMPLE}.provenance"))?),
    );
    put(
        &index,
        "sampleproject",
        &[file(
            SAMPLE,
            &sample_sha256(),
            Some(json!("/integrity/sample")),
        )],
    );
    Some(index)
}

fn run(sandbox: &Sandbox, index: &Upstream, arguments: &[&str]) -> Outcome {
    let mut all = vec!["verify"];
    all.extend(arguments);
    let mut command = sandbox.command(&all);
    command.env_remove("PIP_NO_INDEX");
    command
        .env("PIP_INDEX_URL", index.url())
        .env("VIRTUAL_ENV", sandbox.work());
    let output = command.output().unwrap();
    let address = index.url();
    let address = address
        .trim_start_matches("http://")
        .trim_end_matches("/simple/");
    let text = |bytes: &[u8]| sandbox.clean(bytes).replace(address, "index.example");
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

fn report(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("{e}: {}", outcome.whole()))
}

fn rules(report: &Value) -> Vec<String> {
    let lists = ["findings", "gaps"].map(|list| report[list].as_array().unwrap());
    let mut rules: Vec<String> = lists
        .into_iter()
        .flatten()
        .map(|entry| entry["rule"].as_str().unwrap().to_owned())
        .collect();
    rules.sort();
    rules
}

/// Exit code and rules of a run over `requirements.txt`.
fn verdict(sandbox: &Sandbox, index: &Upstream, more: &[&str]) -> (i32, Vec<String>) {
    let outcome = run(
        sandbox,
        index,
        &[&["requirements.txt", "-f", "json"], more].concat(),
    );
    (outcome.code, rules(&report(&outcome)))
}

fn requires(sandbox: &Sandbox, text: &str) -> PathBuf {
    sandbox.write("requirements.txt", text)
}

const NONE: Option<Value> = Some(Value::Null);

#[test]
fn a_lock_is_verified_and_says_who_built_what() {
    let Some(index) = sample_index() else { return };
    put(
        &index,
        "plain",
        &[file("plain-1.0.tar.gz", &"ab".repeat(32), NONE)],
    );
    let sandbox = Sandbox::new();
    requires(
        &sandbox,
        &format!(
            "sampleproject==4.0.0 --hash=sha256:{}\nplain==1.0 --hash=sha256:{}\n",
            sample_sha256(),
            "ab".repeat(32)
        ),
    );
    let outcome = run(&sandbox, &index, &["requirements.txt"]);
    let commit = outcome
        .whole()
        .split_whitespace()
        .find(|w| w.len() == 10 && w.chars().all(|c| c.is_ascii_hexdigit()))
        .unwrap()
        .to_owned();
    insta::assert_snapshot!(outcome.whole().replace(&commit, "0123456789"), @r"
    exit: 0
    --- stdout
    read requirements.txt (requirements file)

    package              file                        verdict   publisher  repository                     commit      workflow                       runner
    sampleproject 4.0.0  sampleproject-4.0.0.tar.gz  verified  GitHub     github.com/pypa/sampleproject  0123456789  .github/workflows/release.yml  github-hosted

    1 package with files without attestation (--verbose lists them)

    no findings, 1 of 2 files verified, 1 without attestation
    --- stderr
    ");
    let outcome = run(&sandbox, &index, &["requirements.txt", "-f", "json"]);
    let report = report(&outcome);
    assert_eq!(report["schema"], "1.1");
    let file = &report["files"][1];
    assert_eq!(file["verdict"], "verified");
    let attestation = &file["attestations"][0];
    assert_eq!(
        attestation["repository"],
        "https://github.com/pypa/sampleproject"
    );
    assert_eq!(attestation["runner"], "github-hosted");
    for format in [
        "sarif",
        "markdown",
        "html",
        "junit",
        "github",
        "cyclonedx",
        "spdx",
        "openvex",
    ] {
        let outcome = run(&sandbox, &index, &["requirements.txt", "-f", format]);
        assert_eq!(outcome.code, 0, "{}", outcome.whole());
    }
}

#[test]
fn what_was_told_counts_offline() {
    let Some(index) = sample_index() else { return };
    let sandbox = Sandbox::new();
    requires(&sandbox, "sampleproject==4.0.0\n");
    assert_eq!(verdict(&sandbox, &index, &["--offline"]).0, 3);
    assert_eq!(verdict(&sandbox, &index, &[]), (0, Vec::new()));
    index.seen();
    assert_eq!(verdict(&sandbox, &index, &["--offline"]), (0, Vec::new()));
    assert!(index.seen().is_empty());
}

#[test]
fn what_does_not_hold_fails_and_what_cannot_be_judged_is_incomplete() {
    let sandbox = Sandbox::new();
    let index = Upstream::new();
    let sha256 = "ab".repeat(32);
    let at = Some(json!("/integrity/x"));
    put(&index, "tool", &[file("tool-1.0.tar.gz", &sha256, at)]);
    requires(&sandbox, "tool==1.0\n");
    let empty = json!({"version": 1, "attestation_bundles": []});
    let newer = json!({"version": 2, "attestation_bundles": []});
    for (body, code, rule) in [
        (empty.to_string(), 1, "HOG-PROV-bad"),
        ("[]".to_owned(), 1, "HOG-PROV-bad"),
        (" ".repeat(5 << 20), 1, "HOG-PROV-bad"),
        (newer.to_string(), 3, "HOG-GAP-provenance"),
    ] {
        index.put("/integrity/x", Answer::html(body));
        let sandbox = Sandbox::new();
        requires(&sandbox, "tool==1.0\n");
        assert_eq!(
            verdict(&sandbox, &index, &[]),
            (code, vec![rule.to_owned()])
        );
    }
    for status in [404, 500, 403] {
        index.put("/integrity/x", Answer::status(status));
        let sandbox = Sandbox::new();
        requires(&sandbox, "tool==1.0\n");
        assert_eq!(
            verdict(&sandbox, &index, &[]),
            (3, vec!["HOG-GAP-provenance".to_owned()]),
            "{status}"
        );
    }
    let allowed = verdict(&sandbox, &index, &["--allow-incomplete", "provenance"]);
    assert_eq!(allowed.0, 0);
}

#[test]
fn an_index_that_does_not_answer_is_incomplete() {
    let sandbox = Sandbox::new();
    let index = Upstream::new();
    requires(&sandbox, "tool==1.0\nother==2.0\nthird==3.0\n");
    let (code, rules) = verdict(&sandbox, &index, &[]);
    assert_eq!(code, 3);
    assert_eq!(rules, ["HOG-GAP-index"; 3]);
    let outcome = sandbox.run(&["verify", "requirements.txt"]);
    assert_eq!(outcome.code, 3, "{}", outcome.whole());
    assert!(
        outcome
            .stdout
            .contains("no index was asked about 3 releases"),
        "{}",
        outcome.whole()
    );
    std::fs::write(sandbox.work().join("requirements.txt"), "").unwrap();
    std::fs::remove_file(sandbox.work().join("requirements.txt")).unwrap();
    assert_eq!(sandbox.run(&["verify"]).code, 4);
}

#[test]
fn artifacts_on_disk() {
    let index = Upstream::new();
    let sandbox = Sandbox::new();
    let bytes = sdist("tool", "1.0");
    sandbox.write("dist/tool-1.0.tar.gz", &bytes);
    put(
        &index,
        "tool",
        &[file("tool-1.0.tar.gz", &hex(&bytes), NONE)],
    );
    let outcome = run(&sandbox, &index, &["dist", "-f", "json"]);
    assert_eq!(
        (outcome.code, rules(&report(&outcome))),
        (0, Vec::new()),
        "{}",
        outcome.whole()
    );
    // Other bytes than the index announces, and than the requirements beside them pin.
    put(
        &index,
        "tool",
        &[file("tool-1.0.tar.gz", &"ab".repeat(32), NONE)],
    );
    let fresh = || ["dist", "-f", "json", "--cache-dir"];
    let cache = tempfile::tempdir().unwrap();
    let outcome = run(
        &sandbox,
        &index,
        &[&fresh()[..], &[cache.path().to_str().unwrap()]].concat(),
    );
    assert_eq!(
        (outcome.code, rules(&report(&outcome))),
        (1, vec!["HOG-PROV-digest".to_owned()])
    );
    put(
        &index,
        "tool",
        &[file("tool-1.0.tar.gz", &hex(&bytes), NONE)],
    );
    for (hash, code) in [("cd".repeat(32), 1), (hex(&bytes), 0)] {
        requires(&sandbox, &format!("tool==1.0 --hash=sha256:{hash}\n"));
        let cache = tempfile::tempdir().unwrap();
        let outcome = run(
            &sandbox,
            &index,
            &[
                "dist",
                "requirements.txt",
                "-f",
                "json",
                "--cache-dir",
                cache.path().to_str().unwrap(),
            ],
        );
        assert_eq!(outcome.code, code, "{}", outcome.whole());
    }
}

#[test]
fn an_artifact_and_its_document_without_an_index() {
    let Some(document) = real(&format!("{SAMPLE}.provenance")) else {
        return;
    };
    let sandbox = Sandbox::new();
    // Not the bytes that are attested: those are not ours to have.
    let bytes = sdist("sampleproject", "4.0.0");
    sandbox.write(SAMPLE, &bytes);
    sandbox.write("document", &document);
    let outcome = sandbox.run(&["verify", SAMPLE, "--provenance", "document"]);
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    assert!(
        outcome
            .flowing()
            .contains("the statement is about a file with sha256"),
        "{}",
        outcome.whole()
    );
    sandbox.write(&format!("{SAMPLE}.provenance"), &document);
    let outcome = sandbox.run(&["verify", SAMPLE]);
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    sandbox.write("other-1.0.tar.gz", sdist("other", "1.0"));
    let outcome = sandbox.run(&["verify", ".", "--provenance", "document"]);
    assert_eq!(outcome.code, 2, "{}", outcome.whole());
    let outcome = sandbox.run(&["verify", SAMPLE, "--provenance", "absent"]);
    assert_eq!(outcome.code, 2, "{}", outcome.whole());
    let outcome = sandbox.run(&["verify", SAMPLE, "--trusted-root", "document"]);
    assert_eq!(outcome.code, 2, "{}", outcome.whole());
}

#[test]
fn a_mirror_that_leaves_provenance_out_is_unknown_and_no_loss() {
    let Some(index) = sample_index() else { return };
    let sandbox = Sandbox::new();
    requires(&sandbox, "sampleproject==4.0.0\n");
    assert_eq!(verdict(&sandbox, &index, &["--lock"]), (0, Vec::new()));
    let mirror = Upstream::new();
    put(
        &mirror,
        "sampleproject",
        &[file(SAMPLE, &sample_sha256(), None)],
    );
    let outcome = run(&sandbox, &mirror, &["requirements.txt"]);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    assert!(
        outcome.flowing().contains("that is unknown, and no loss"),
        "{}",
        outcome.whole()
    );
    // What the mirror does not tell is not forgotten.
    assert_eq!(verdict(&sandbox, &mirror, &["--lock"]), (0, Vec::new()));
    let kept = std::fs::read_to_string(sandbox.work().join("hognose.lock.toml")).unwrap();
    assert!(kept.contains("attested = \"yes\""), "{kept}");
}

#[test]
fn memory_knows_better() {
    let Some(index) = sample_index() else { return };
    let sandbox = Sandbox::new();
    requires(&sandbox, "sampleproject==4.0.0\n");
    let outcome = run(&sandbox, &index, &["requirements.txt", "--lock"]);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    let kept = std::fs::read_to_string(sandbox.work().join("hognose.lock.toml")).unwrap();
    assert!(
        kept.contains("repository-id = ") && kept.contains("owner-id = "),
        "{kept}"
    );
    // Lost: the same release, and the next one.
    let bare = Upstream::new();
    put(
        &bare,
        "sampleproject",
        &[
            file(SAMPLE, &sample_sha256(), NONE),
            file("sampleproject-4.0.1.tar.gz", &"ab".repeat(32), NONE),
            file("sampleproject-3.0.0.tar.gz", &"ab".repeat(32), NONE),
        ],
    );
    let lost = (1, vec!["HOG-PROV-lost".to_owned()]);
    assert_eq!(verdict(&sandbox, &bare, &[]), lost);
    // To remember it would be to accept it.
    assert_eq!(verdict(&sandbox, &bare, &["--lock"]), lost);
    assert_eq!(
        std::fs::read_to_string(sandbox.work().join("hognose.lock.toml")).unwrap(),
        kept
    );
    requires(&sandbox, "sampleproject==4.0.1\n");
    assert_eq!(verdict(&sandbox, &bare, &[]), lost);
    // An older line that was never attested.
    requires(&sandbox, "sampleproject==3.0.0\n");
    assert_eq!(verdict(&sandbox, &bare, &[]), (0, Vec::new()));
    // A waiver accepts it, and the next lock remembers.
    requires(&sandbox, "sampleproject==4.0.1\n");
    sandbox.write("hognose.toml", "[[waiver]]\nrule = \"HOG-PROV-lost\"\npackage = \"sampleproject\"\nversion = \"==4.0.1\"\nreason = \"uploaded by hand, announced\"\nexpires = 2027-06-30\n");
    assert_eq!(verdict(&sandbox, &bare, &["--lock"]).0, 0);
    std::fs::remove_file(sandbox.work().join("hognose.toml")).unwrap();
    assert_eq!(verdict(&sandbox, &bare, &[]), (0, Vec::new()));
}

#[test]
fn another_publisher_a_late_file_and_other_bytes() {
    let Some(index) = sample_index() else { return };
    let sandbox = Sandbox::new();
    requires(&sandbox, "sampleproject==4.0.0\n");
    run(&sandbox, &index, &["requirements.txt", "--lock"]);
    let path = sandbox.work().join("hognose.lock.toml");
    let kept = std::fs::read_to_string(&path).unwrap();
    let number = |key: &str| {
        let line = kept
            .lines()
            .find(|l| l.starts_with(&format!("{key} = ")))
            .unwrap();
        line.split('"').nth(1).unwrap().to_owned()
    };
    let change = |from: &str, to: &str| {
        assert!(kept.contains(from), "{from}: {kept}");
        std::fs::write(&path, kept.replace(from, to)).unwrap();
        verdict(&sandbox, &index, &[])
    };
    let changed = (1, vec!["HOG-PROV-changed".to_owned()]);
    let repository = format!("repository-id = \"{}\"", number("repository-id"));
    assert_eq!(change(&repository, "repository-id = \"1\""), changed);
    let owner = format!("owner-id = \"{}\"", number("owner-id"));
    assert_eq!(change(&owner, "owner-id = \"1\""), changed);
    // A new name for the same repository of the same owner.
    assert_eq!(
        change(
            "https://github.com/pypa/sampleproject\"",
            "https://github.com/pypa/oldname\""
        ),
        (0, Vec::new())
    );
    // How it is built is a remark.
    let (code, rules) = change("release.yml", "build.yml");
    assert_eq!(
        (code, rules.as_slice()),
        (0, ["HOG-PROV-changed".to_owned()].as_slice())
    );
    assert_eq!(
        change(&sample_sha256(), &"ab".repeat(32)),
        (1, vec!["HOG-PROV-digest".to_owned()])
    );
    std::fs::write(&path, &kept).unwrap();
    put(
        &index,
        "sampleproject",
        &[
            file(SAMPLE, &sample_sha256(), Some(json!("/integrity/sample"))),
            file(
                "sampleproject-4.0.0-py3-none-any.whl",
                &"ab".repeat(32),
                NONE,
            ),
        ],
    );
    let cache = tempfile::tempdir().unwrap();
    let (code, rules) = verdict(
        &sandbox,
        &index,
        &["--cache-dir", cache.path().to_str().unwrap()],
    );
    assert_eq!(
        (code, rules),
        (
            1,
            vec![
                "HOG-PROV-late-file".to_owned(),
                "HOG-PROV-partial".to_owned()
            ]
        )
    );
}

#[test]
fn a_memory_that_cannot_be_used_is_said() {
    let index = Upstream::new();
    let sandbox = Sandbox::new();
    requires(&sandbox, "tool==1.0\n");
    for text in [
        "version = 2\n",
        "<<<<<<< ours\n",
        "version = 1\n[[package]]\n",
    ] {
        sandbox.write("hognose.lock.toml", text);
        let outcome = run(&sandbox, &index, &["requirements.txt"]);
        assert_eq!(outcome.code, 2, "{}", outcome.whole());
        assert!(outcome.stderr.contains("hint: "), "{}", outcome.whole());
    }
}

#[test]
fn publishers_that_a_pylock_names() {
    let Some(index) = sample_index() else { return };
    let sandbox = Sandbox::new();
    let lock = |repository: &str| {
        format!(
            "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"sampleproject\"\nversion = \"4.0.0\"\n\
            [[packages.attestation-identities]]\nkind = \"GitHub\"\nrepository = \"{repository}\"\nworkflow = \"release.yml\"\n\
            [packages.sdist]\nname = \"{SAMPLE}\"\nurl = \"http://index.example/{SAMPLE}\"\nhashes = {{sha256 = \"{}\"}}\n",
            sample_sha256()
        )
    };
    for (repository, code) in [("pypa/sampleproject", 0), ("acme/sampleproject", 1)] {
        sandbox.write("pylock.toml", lock(repository));
        let outcome = run(&sandbox, &index, &["pylock.toml", "-f", "json"]);
        assert_eq!(outcome.code, code, "{}", outcome.whole());
        assert_eq!(rules(&report(&outcome)).len(), usize::from(code == 1));
    }
}

#[test]
fn a_pylock_gets_the_publishers_of_what_it_pins() {
    let Some(index) = sample_index() else { return };
    let sandbox = Sandbox::new();
    let lock = format!(
        "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"sampleproject\"\nversion = \"4.0.0\"\n\
        [packages.sdist]\nname = \"{SAMPLE}\"\nurl = \"http://index.example/{SAMPLE}\"\nhashes = {{sha256 = \"{}\"}}\n",
        sample_sha256()
    );
    sandbox.write("pylock.toml", &lock);
    let outcome = run(&sandbox, &index, &["pylock.toml", "--lock"]);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    let said = "pylock.toml names the publishers of 1 package";
    assert!(outcome.stderr.contains(said), "{}", outcome.whole());
    let path = sandbox.work().join("pylock.toml");
    let written = "[[packages.attestation-identities]]\nkind = \"GitHub\"\nrepository = \"pypa/sampleproject\"\nworkflow = \"release.yml\"\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), lock + written);
    let again = run(&sandbox, &index, &["pylock.toml", "--lock"]);
    assert_eq!(again.code, 0, "{}", again.whole());
    assert!(!again.stderr.contains(said), "{}", again.whole());
}

#[test]
fn what_was_verified_is_signed_and_compared_elsewhere() {
    let sandbox = Sandbox::new();
    let name = "tool-1.0.tar.gz";
    sandbox.write(name, sdist("tool", "1.0"));
    let made = sandbox.run(&["attest", "keygen", "ci.pem"]);
    assert_eq!(made.code, 0, "{}", made.whole());
    assert_eq!(sandbox.run(&["attest", "keygen", "ci.pem"]).code, 2);
    let empty = Upstream::new();
    empty.project("tool", &[]);
    let url = empty.url();
    let attest = |more: &[&str]| {
        let mut all = vec![
            "attest",
            name,
            "--key",
            "ci.pem",
            "--to",
            "tool.intoto.json",
        ];
        all.extend(["--index-url", &url]);
        all.extend(more);
        sandbox.run(&all)
    };
    let verify = |key: &str| {
        let more = [
            "--attestation",
            "tool.intoto.json",
            "--key",
            key,
            "--index-url",
            &url,
        ];
        let mut all = vec!["verify", name];
        all.extend(more);
        sandbox.run(&all)
    };
    // Nothing pins the file and no index has it: that is what is signed.
    let signed = attest(&[]);
    let failed = signed.code != 0;
    assert!(signed.stderr.contains("of 1 file"), "{}", signed.whole());
    if failed {
        assert!(verify("ci.pem.pub").stderr.contains("verification failed"));
    }
    let signed = attest(&[
        "--allow-incomplete",
        "provenance",
        "--allow-incomplete",
        "index",
    ]);
    assert_eq!(signed.code, 0, "{}", signed.whole());
    let envelope = sandbox.work().join("tool.intoto.json");
    let envelope = std::fs::read_to_string(envelope).unwrap();
    assert!(
        envelope.contains("application/vnd.in-toto+json"),
        "{envelope}"
    );
    let config = "[policy]\nfail-on = \"high\"\n";
    sandbox.write("hognose.toml", config);
    let more = [
        "--allow-incomplete",
        "provenance",
        "--allow-incomplete",
        "index",
    ];
    let configured = attest(&more);
    assert_eq!(configured.code, 0, "{}", configured.whole());
    let text = std::fs::read_to_string(sandbox.work().join("tool.intoto.json")).unwrap();
    let text: Value = serde_json::from_str(&text).unwrap();
    let payload = base64::engine::general_purpose::STANDARD
        .decode(text["payload"].as_str().unwrap())
        .unwrap();
    let statement: Value = serde_json::from_slice(&payload).unwrap();
    let policy = json!({"uri": "urn:hognose:policy", "digest": {"sha256": hex(config.as_bytes())}});
    assert_eq!(statement["predicate"]["policy"], policy);
    std::fs::remove_file(sandbox.work().join("hognose.toml")).unwrap();
    let good = verify("ci.pem.pub");
    assert!(!good.stdout.contains("HOG-PROV-digest"), "{}", good.whole());
    let other = sandbox.run(&["attest", "keygen", "other.pem"]);
    assert_eq!(other.code, 0, "{}", other.whole());
    let refused = verify("other.pem.pub");
    assert_eq!(refused.code, 3, "{}", refused.whole());
    assert!(
        refused.stderr.contains("not signed by this key"),
        "{}",
        refused.whole()
    );
    sandbox.write(name, sdist("tool", "1.0.0"));
    let changed = verify("ci.pem.pub");
    assert!(
        changed.stdout.contains("HOG-PROV-digest"),
        "{}",
        changed.whole()
    );
    assert_eq!(changed.code, 1, "{}", changed.whole());
}

/// A source distribution of nothing.
fn sdist(name: &str, version: &str) -> Vec<u8> {
    let text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    let compressed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut archive = tar::Builder::new(compressed);
    archive
        .append_data(
            &mut header,
            format!("{name}-{version}/PKG-INFO"),
            text.as_bytes(),
        )
        .unwrap();
    archive.into_inner().unwrap().finish().unwrap()
}

#[test]
fn a_scan_says_what_memory_knows_better() {
    let lock = |sha256: &str| {
        format!(
            "version = 1\n[[package]]\nname = \"tool\"\nversion = \"1.0\"\n[[package.file]]\nname = \"tool-1.0.tar.gz\"\nsha256 = \"{sha256}\"\nattested = \"yes\"\n"
        )
    };
    let sandbox = Sandbox::new();
    let sha256 = "ab".repeat(32);
    requires(&sandbox, &format!("tool==1.0 --hash=sha256:{sha256}\n"));
    sandbox.write("hognose.lock.toml", lock(&sha256));
    let outcome = sandbox.scan(&["requirements.txt"]);
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    let note = "remembers attestations of 1 of 1 pinned releases";
    assert!(outcome.flowing().contains(note), "{}", outcome.whole());
    // A lock that now pins other bytes under the same version.
    sandbox.write("hognose.lock.toml", lock(&"cd".repeat(32)));
    let outcome = sandbox.scan(&["requirements.txt", "-f", "json"]);
    assert_eq!(
        (outcome.code, rules(&report(&outcome))),
        (1, vec!["HOG-PROV-digest".to_owned()])
    );
    // An index that says that there are no attestations any more.
    sandbox.write("hognose.lock.toml", lock(&sha256));
    let pages = Sandbox::new();
    let file = |name: &str, provenance: Value| json!({"filename": name, "url": name, "hashes": {"sha256": sha256}, "provenance": provenance});
    let files = [
        file("tool-1.0.tar.gz", Value::Null),
        file("tool-0.9.tar.gz", json!("/integrity/tool")),
    ];
    let page = json!({"meta": {"api-version": "1.4"}, "name": "tool", "files": files});
    pages.write("tool.json", page.to_string());
    let index = common::index::Index::new(&pages.work());
    let outcome = index.scan(&sandbox, 1_795_000_000, &["requirements.txt", "-f", "json"]);
    assert!(
        rules(&report(&outcome)).contains(&"HOG-PROV-lost".to_owned()),
        "{}",
        outcome.whole()
    );
    // A memory that cannot be used may know what nobody else does.
    sandbox.write("hognose.lock.toml", "version = 9\n");
    let outcome = sandbox.scan(&["requirements.txt"]);
    assert_eq!(outcome.code, 3, "{}", outcome.whole());
}

#[cfg(unix)]
#[test]
fn a_memory_that_is_no_file_is_not_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.write("requirements.txt", "acme==1.0\n");
    let pipe = sandbox.work().join("memory.toml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let output = sandbox
        .command(&["verify", "--offline", "--memory", "memory.toml"])
        .timeout(std::time::Duration::from_secs(30))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("not a regular file"), "{said}");
}
