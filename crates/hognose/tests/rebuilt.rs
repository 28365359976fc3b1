//! What OSS Rebuild signs about a file that is verified.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::upstream::hex;
use common::{Outcome, Sandbox, commits};
use serde_json::{Value, json};

const FILE: &str = "tool-1.0-py3-none-any.whl";
const BUILDS: &str = "https://docs.oss-rebuild.dev/builds";

/// Who signs.
struct Builder {
    key: EcdsaKeyPair,
}

impl Builder {
    fn new() -> Self {
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
        Self {
            key: EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref()).unwrap(),
        }
    }

    fn public(&self) -> String {
        // The point in the frame of an X.509 key of P-256.
        let mut der = vec![
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
            0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ];
        der.extend(self.key.public_key().as_ref());
        let body = STANDARD.encode(der);
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }

    /// One line.
    fn envelope(&self, statement: &Value) -> String {
        self.envelope_of("application/vnd.in-toto+json", statement)
    }

    fn envelope_of(&self, kind: &str, statement: &Value) -> String {
        let payload = statement.to_string();
        let signed = format!("DSSEv1 {} {kind} {} {payload}", kind.len(), payload.len());
        let signature = self
            .key
            .sign(&SystemRandom::new(), signed.as_bytes())
            .unwrap();
        let signature = STANDARD.encode(signature.as_ref());
        let envelope = json!({"payloadType": kind, "payload": STANDARD.encode(&payload),
            "signatures": [{"keyid": "projects/x", "sig": signature}]});
        envelope.to_string() + "\n"
    }
}

/// The two statements of one build.
fn statements(artifact: &str, rebuilt: &str) -> [Value; 2] {
    let strategy =
        json!({"pypi_pure_wheel_build": {"location": {"repo": "https://forge.example/a/tool"}}});
    let internal = json!({"serviceSource": {"ref": "v0", "repository": "https://forge.example/r"}});
    let build = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": "https://slsa.dev/provenance/v1",
        "subject": [{"name": format!("rebuild/{FILE}"), "digest": {"sha256": rebuilt}}],
        "predicate": {
            "buildDefinition": {
                "buildType": format!("{BUILDS}/Rebuild@v0.1"),
                "externalParameters": {"ecosystem": "pypi", "package": "tool", "version": "1.0", "artifact": FILE},
                "internalParameters": internal,
                "resolvedDependencies": [
                    {"name": "git+https://forge.example/a/tool", "digest": {"sha1": "ab".repeat(20)}},
                    {"name": "gcr.example/builder", "digest": {"sha256": "cd".repeat(32)}},
                ],
            },
            "runDetails": {
                "builder": {"id": "https://docs.oss-rebuild.dev/hosts/Google"},
                "metadata": {"invocationId": "1", "startedOn": "2026-01-01T00:00:00Z", "finishedOn": "2026-01-01T00:01:00Z"},
                "byproducts": [
                    {"name": "build.json", "content": STANDARD.encode(strategy.to_string())},
                    {"name": "Dockerfile", "content": "RlJPTQ=="},
                    {"name": "steps.json", "content": "W10="},
                ],
            },
        },
    });
    let equivalence = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": "https://slsa.dev/provenance/v1",
        "subject": [{"name": FILE, "digest": {"sha256": artifact}}],
        "predicate": {
            "buildDefinition": {
                "buildType": format!("{BUILDS}/ArtifactEquivalence@v0.1"),
                "externalParameters": {"candidate": format!("rebuild/{FILE}"), "target": format!("https://index.example/{FILE}")},
                "internalParameters": internal,
                "resolvedDependencies": [
                    {"name": format!("rebuild/{FILE}"), "digest": {"sha256": rebuilt}},
                    {"name": format!("https://index.example/{FILE}"), "digest": {"sha256": artifact}},
                ],
            },
            "runDetails": {
                "builder": {"id": "https://docs.oss-rebuild.dev/hosts/Google"},
                "metadata": {"invocationId": "1"},
                "byproducts": [{"name": format!("stabilized/{FILE}"), "digest": {"sha256": "ef".repeat(32)}}],
            },
        },
    });
    [build, equivalence]
}

struct Case {
    sandbox: Sandbox,
    builder: Builder,
    sha256: String,
}

impl Case {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let wheel = commits::wheel("tool", "1.0", &[("tool.py", b"x = 1\n")]);
        sandbox.write(FILE, &wheel);
        let builder = Builder::new();
        sandbox.write("key.pem", builder.public());
        Self {
            sandbox,
            builder,
            sha256: hex(&wheel),
        }
    }

    fn statements(&self) -> [Value; 2] {
        statements(&self.sha256, &"12".repeat(32))
    }

    /// Verifies the wheel with these lines.
    fn run(&self, lines: &str) -> Outcome {
        self.sandbox.write("rebuild.intoto.jsonl", lines);
        self.sandbox.run(&[
            "verify",
            FILE,
            "--rebuild-attestation",
            "rebuild.intoto.jsonl",
            "--rebuild-key",
            "key.pem",
            "--allow-incomplete",
            "index",
            "-f",
            "json",
        ])
    }

    fn signed(&self, statements: &[Value]) -> String {
        statements
            .iter()
            .map(|statement| self.builder.envelope(statement))
            .collect()
    }
}

fn report(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{}", outcome.whole()))
}

fn message(outcome: &Outcome) -> String {
    let report = report(outcome);
    let lists = ["findings", "gaps"].map(|list| report[list].as_array().unwrap().clone());
    let all = lists.into_iter().flatten();
    all.filter(|one| one["rule"] != "HOG-GAP-index")
        .map(|one| {
            format!(
                "{} {}",
                one["rule"].as_str().unwrap(),
                one["message"].as_str().unwrap()
            )
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn who_built_it_again_from_which_commit() {
    let case = Case::new();
    let outcome = case.run(&case.signed(&case.statements()));
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    let report = report(&outcome);
    assert_eq!(report["schema"], "1.2");
    assert_eq!(
        report["files"][0]["rebuilds"],
        json!([{
            "builder": "https://docs.oss-rebuild.dev/hosts/Google",
            "outcome": "normalized",
            "source": "https://forge.example/a/tool",
            "commit": "ab".repeat(20),
            "definition": "pypi_pure_wheel_build",
            "finished": "2026-01-01T00:01:00Z",
            "rebuilt": "12".repeat(32),
            "stabilized": "ef".repeat(32),
        }])
    );
    let shown = case.sandbox.run(&[
        "verify",
        FILE,
        "--rebuild-attestation",
        "rebuild.intoto.jsonl",
        "--rebuild-key",
        "key.pem",
        "--allow-incomplete",
        "index",
    ]);
    let words = "built it again from commit abababababababababababababababababababab of https://forge.example/a/tool (pypi_pure_wheel_build): the same after stabilization";
    assert!(shown.flowing().contains(words), "{}", shown.whole());
}

#[test]
fn other_orders_types_and_the_same_bytes() {
    let case = Case::new();
    let [build, equivalence] = case.statements();
    let outcome = case.run(&case.signed(&[equivalence, build]));
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    let same = statements(&case.sha256, &case.sha256);
    let outcome = case.run(&case.signed(&same));
    assert_eq!(outcome.code, 0, "{}", outcome.whole());
    assert_eq!(
        report(&outcome)["files"][0]["rebuilds"][0]["outcome"],
        "identical"
    );
    // What early envelopes and their statements say.
    let [build, mut equivalence] = case.statements();
    equivalence["predicate"]["runDetails"]["byproducts"][0]["name"] =
        json!(format!("normalized/{FILE}"));
    let lines: String = [build, equivalence]
        .iter()
        .map(|one| {
            case.builder
                .envelope_of("https://in-toto.io/Statement/v1", one)
        })
        .collect();
    assert_eq!(case.run(&lines).code, 0);
}

/// A statement with one part changed, before it is signed.
fn changed(case: &Case, which: usize, pointer: &str, value: Value) -> Outcome {
    let mut all = case.statements();
    *all[which].pointer_mut(pointer).unwrap() = value;
    case.run(&case.signed(&all))
}

#[test]
fn what_is_signed_about_something_else_does_not_hold() {
    let case = Case::new();
    let other = json!("34".repeat(32));
    for (which, pointer, value) in [
        (0, "/_type", json!("https://in-toto.io/Statement/v0.1")),
        (
            1,
            "/predicateType",
            json!("https://slsa.dev/provenance/v0.2"),
        ),
        (
            0,
            "/predicate/buildDefinition/buildType",
            json!("https://docs.oss-rebuild.dev/builds/Rebuild@v9"),
        ),
        (
            0,
            "/predicate/buildDefinition/buildType",
            json!(format!("{BUILDS}/ArtifactEquivalence@v0.1")),
        ),
        (1, "/subject/0/digest/sha256", other.clone()),
        (
            1,
            "/subject",
            json!([{"name": FILE, "digest": {"sha256": case.sha256}}, {"name": FILE, "digest": {"sha256": case.sha256}}]),
        ),
        (1, "/subject/0/digest", json!({"sha1": "00".repeat(20)})),
        (0, "/subject/0/digest/sha256", other.clone()),
        (0, "/subject/0/name", json!(FILE)),
        (
            0,
            "/subject/0/name",
            json!("rebuild/tool-2.0-py3-none-any.whl"),
        ),
        (
            1,
            "/predicate/buildDefinition/resolvedDependencies/1/digest/sha256",
            other.clone(),
        ),
        (
            1,
            "/predicate/buildDefinition/resolvedDependencies/0/digest/sha256",
            other,
        ),
        (
            1,
            "/predicate/buildDefinition/resolvedDependencies",
            json!([]),
        ),
        (1, "/predicate/runDetails/byproducts", json!([])),
        (
            0,
            "/predicate/buildDefinition/externalParameters/ecosystem",
            json!("npm"),
        ),
        (
            0,
            "/predicate/buildDefinition/externalParameters/package",
            json!("other"),
        ),
        (
            0,
            "/predicate/buildDefinition/externalParameters/version",
            json!("1.0.1"),
        ),
        (
            0,
            "/predicate/buildDefinition/externalParameters/artifact",
            json!("tool-1.0.tar.gz"),
        ),
    ] {
        let outcome = changed(&case, which, pointer, value);
        assert_ne!(outcome.code, 0, "{pointer}: {}", outcome.whole());
        let shown = message(&outcome);
        let is_said = shown.contains("HOG-PROV-bad") || shown.contains("HOG-GAP-provenance");
        assert!(is_said, "{pointer}: {}", outcome.whole());
    }
    let outcome = changed(&case, 1, "/subject/0/digest/sha256", json!("34".repeat(32)));
    insta::assert_snapshot!(message(&outcome).replace(&case.sha256, "[SHA256]"), @"HOG-PROV-bad tool-1.0-py3-none-any.whl: rebuild.intoto.jsonl: the rebuild attestation is about sha256 3434343434343434343434343434343434343434343434343434343434343434, not about [SHA256]");
}

#[test]
fn what_is_not_signed_by_the_key_does_not_hold() {
    let case = Case::new();
    let lines = case.signed(&case.statements());
    let other: String = case
        .statements()
        .iter()
        .map(|one| Builder::new().envelope(one))
        .collect();
    let outcome = case.run(&other);
    assert_eq!(outcome.code, 1, "{}", outcome.whole());
    assert_eq!(
        message(&outcome),
        format!(
            "HOG-PROV-bad {FILE}: rebuild.intoto.jsonl: envelope 1 of the rebuild attestation is not signed by this key"
        )
    );
    // One of two.
    let [build, equivalence] = case.statements();
    let mixed = Builder::new().envelope(&build) + &case.builder.envelope(&equivalence);
    assert_eq!(case.run(&mixed).code, 1);
    // One alone, one twice, one without signature, one of another type.
    let first = lines.lines().next().unwrap();
    let last = lines.lines().last().unwrap();
    assert_eq!(case.run(last).code, 1);
    assert_eq!(case.run(first).code, 3);
    assert_eq!(case.run(&format!("{lines}{last}")).code, 1);
    let mut bare: Value = serde_json::from_str(last).unwrap();
    bare["signatures"] = json!([]);
    assert_eq!(case.run(&format!("{first}\n{bare}")).code, 3);
    let typed = case.builder.envelope_of("text/plain", &build) + last;
    assert_eq!(case.run(&typed).code, 1);
    for text in [
        "",
        "{}",
        "[]",
        "null",
        "x",
        "{\"payload\":1}",
        &"{}\n".repeat(100),
    ] {
        let outcome = case.run(text);
        assert_eq!(outcome.code, 3, "{text}: {}", outcome.whole());
    }
    let outcome = case.run(&" ".repeat(5 << 20));
    assert_eq!(outcome.code, 2, "{}", outcome.whole());
}

#[test]
fn a_statement_about_a_file_that_is_not_here_is_said() {
    let case = Case::new();
    let lines = case.signed(&case.statements());
    let other = Case::new();
    let wheel = commits::wheel("other", "1.0", &[("other.py", b"x = 1\n")]);
    std::fs::remove_file(other.sandbox.work().join(FILE)).unwrap();
    other.sandbox.write("other-1.0-py3-none-any.whl", wheel);
    other.sandbox.write("rebuild.intoto.jsonl", lines);
    other.sandbox.write("key.pem", case.builder.public());
    let words = [
        "verify",
        "other-1.0-py3-none-any.whl",
        "--rebuild-attestation",
        "rebuild.intoto.jsonl",
    ];
    let more = [
        "--rebuild-key",
        "key.pem",
        "--allow-incomplete",
        "index",
        "-f",
        "json",
    ];
    let outcome = other.sandbox.run(&[&words[..], &more[..]].concat());
    assert_eq!(outcome.code, 3, "{}", outcome.whole());
    insta::assert_snapshot!(message(&outcome), @"HOG-GAP-provenance it is about tool-1.0-py3-none-any.whl, which is none of the files that were verified");
    let outcome = other.sandbox.run(&words);
    assert_eq!(outcome.code, 2, "{}", outcome.whole());
    other.sandbox.write("key.pem", "no key");
    assert_eq!(other.sandbox.run(&[&words[..], &more[..]].concat()).code, 2);
}
