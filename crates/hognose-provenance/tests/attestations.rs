//! Real attestations, and what becomes of them when anything about them is changed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use common::{attested_digest, data, decoded, encoded, json, verify, wrapped};
use hognose_provenance::attestation::{
    Artifact, Claim, Document, DocumentError, Identity, Outcome, Predicate, Predicates, Publisher,
    Refusal, StatementFault, Trust, verify_bytes,
};
use serde_json::{Value, json};

const SAMPLE: &str = "sampleproject-4.0.0.tar.gz";

fn sample() -> Option<Value> {
    let directory = data("pypi", 1)?;
    Some(json(&directory.join(format!("{SAMPLE}.provenance"))))
}

#[test]
fn real_attestations_hold() {
    let Some(directory) = data("pypi", 3) else {
        return;
    };
    let mut count = 0;
    for entry in std::fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(file) = name.strip_suffix(".provenance") else {
            continue;
        };
        let document = json(&path);
        let outcome = verify(&document, file, &attested_digest(&document));
        let Outcome::Verified(attested) = &outcome else {
            panic!("{file}: {outcome:?}")
        };
        for one in attested {
            assert_eq!(one.predicate, Predicate::Publish);
            assert!(one.signed.is_some());
            assert!(one.identity.repository_id.is_some(), "{one:?}");
            assert!(one.identity.owner_id.is_some(), "{one:?}");
        }
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn single_attestations_hold() {
    let Some(directory) = data("pypi", 4) else {
        return;
    };
    let trust = Trust::embedded().unwrap();
    let mut predicates = Vec::new();
    for name in [
        "gitlab_oidc_project-0.0.3.tar.gz.publish",
        "pypi_attestations-0.0.19.tar.gz.publish",
        "pypi_attestations-0.0.19.tar.gz.slsa",
        "sampleproject-3.0.0.tar.gz.publish",
    ] {
        let value = json(&directory.join(format!("{name}.attestation")));
        let document = Document::parse_any(value.to_string().as_bytes()).unwrap();
        let sha256 = attested_digest(&wrapped(&value, &Value::Null));
        let filename = name.rsplit_once('.').unwrap().0;
        let outcome = hognose_provenance::attestation::verify(
            &document,
            &Artifact {
                filename,
                sha256: &sha256,
            },
            &trust,
            &Predicates::of_any_host(),
        );
        let Outcome::Verified(attested) = &outcome else {
            panic!("{name}: {outcome:?}")
        };
        predicates.push(attested[0].predicate);
        assert_eq!(attested[0].publisher, None);
    }
    assert_eq!(
        predicates.iter().filter(|p| **p == Predicate::Slsa).count(),
        1
    );
}

#[test]
fn what_a_certificate_says() {
    let Some(document) = sample() else { return };
    let outcome = verify(&document, SAMPLE, &attested_digest(&document));
    let identity = &outcome.attested()[0].identity;
    assert_eq!(
        identity.repository.as_deref(),
        Some("https://github.com/pypa/sampleproject")
    );
    assert_eq!(identity.workflow(), Some(".github/workflows/release.yml"));
    assert_eq!(identity.runner.as_deref(), Some("github-hosted"));
    assert_eq!(identity.commit.as_deref().map(str::len), Some(40));
    assert_eq!(
        identity.issuer,
        "https://token.actions.githubusercontent.com"
    );
}

/// Changes one thing and answers what becomes of it.
fn changed(document: &Value, pointer: &str, change: impl Fn(&mut Value)) -> Outcome {
    let mut document = document.clone();
    let sha256 = attested_digest(&document);
    let place = document
        .pointer_mut(pointer)
        .unwrap_or_else(|| panic!("{pointer}"));
    change(place);
    verify(&document, SAMPLE, &sha256)
}

const ATTESTATION: &str = "/attestation_bundles/0/attestations/0";
const ENTRY: &str =
    "/attestation_bundles/0/attestations/0/verification_material/transparency_entries/0";

fn flip(value: &mut Value) {
    let mut bytes = decoded(value);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    *value = encoded(&bytes);
}

fn next(value: &mut Value) {
    let number: u64 = value.as_str().unwrap().parse().unwrap();
    *value = json!((number + 1).to_string());
}

/// Every change of signed or signing material. None may pass, whatever else is said of it.
#[test]
fn no_change_of_what_is_signed_passes() {
    let Some(document) = sample() else { return };
    let other = data("pypi", 1)
        .unwrap()
        .join("pypi_attestations-0.0.19.tar.gz.provenance");
    let other = json(&other);
    let other = other.pointer(ATTESTATION).unwrap().clone();
    let swapped = |pointer: &str| other.pointer(pointer).unwrap().clone();
    type Change<'a> = Box<dyn Fn(&mut Value) + 'a>;
    let at = |tail: &str| format!("{ATTESTATION}{tail}");
    let entry = |tail: &str| format!("{ENTRY}{tail}");
    let material = "/verification_material";
    let remove = |key: &'static str| -> Change<'_> {
        Box::new(move |value| drop(value.as_object_mut().unwrap().remove(key)))
    };
    let cases: Vec<(&str, String, Change<'_>)> = vec![
        ("signature", at("/envelope/signature"), Box::new(flip)),
        ("statement", at("/envelope/statement"), Box::new(flip)),
        (
            "subject's name",
            at("/envelope/statement"),
            Box::new(|v| edit(v, "sampleproject-4.0.0", "sampleproject-4.0.1")),
        ),
        (
            "predicate type",
            at("/envelope/statement"),
            Box::new(|v| edit(v, "publish/v1", "publish/v2")),
        ),
        (
            "predicate",
            at("/envelope/statement"),
            Box::new(|v| edit(v, "null", "{}")),
        ),
        (
            "certificate byte",
            at("/verification_material/certificate"),
            Box::new(flip),
        ),
        (
            "certificate of another",
            at("/verification_material/certificate"),
            Box::new(|v| *v = swapped("/verification_material/certificate")),
        ),
        (
            "entry of another",
            entry(""),
            Box::new(|v| *v = swapped("/verification_material/transparency_entries/0")),
        ),
        ("integrated time", entry("/integratedTime"), Box::new(next)),
        (
            "promise",
            entry("/inclusionPromise/signedEntryTimestamp"),
            Box::new(flip),
        ),
        ("no promise", entry(""), remove("inclusionPromise")),
        ("no proof", entry(""), remove("inclusionProof")),
        (
            "null proof",
            entry("/inclusionProof"),
            Box::new(|v| *v = Value::Null),
        ),
        (
            "no checkpoint",
            entry("/inclusionProof"),
            remove("checkpoint"),
        ),
        (
            "proof's hash",
            entry("/inclusionProof/hashes/0"),
            Box::new(flip),
        ),
        (
            "root hash",
            entry("/inclusionProof/rootHash"),
            Box::new(flip),
        ),
        (
            "checkpoint's text",
            entry("/inclusionProof/checkpoint/envelope"),
            Box::new(|v| *v = json!(v.as_str().unwrap().replacen('\n', " \n", 1))),
        ),
        ("index of the entry", entry("/logIndex"), Box::new(next)),
        (
            "index of the proof",
            entry("/inclusionProof/logIndex"),
            Box::new(next),
        ),
        ("log", entry("/logId/keyId"), Box::new(flip)),
        ("body", entry("/canonicalizedBody"), Box::new(flip)),
        (
            "no entries",
            at("/verification_material/transparency_entries"),
            Box::new(|v| *v = json!([])),
        ),
        (
            "null entries",
            at("/verification_material/transparency_entries"),
            Box::new(|v| *v = Value::Null),
        ),
        (
            "version of the attestation",
            at("/version"),
            Box::new(|v| *v = json!(2)),
        ),
        (
            "version of the document",
            "/version".to_owned(),
            Box::new(|v| *v = json!(2)),
        ),
        (
            "version in words",
            "/version".to_owned(),
            Box::new(|v| *v = json!("1")),
        ),
        ("no certificate", at(material), remove("certificate")),
        (
            "empty certificate",
            at("/verification_material/certificate"),
            Box::new(|v| *v = json!("")),
        ),
        (
            "kind of entry",
            entry("/kindVersion/kind"),
            Box::new(|v| *v = json!("intoto")),
        ),
        (
            "version of entry",
            entry("/kindVersion/version"),
            Box::new(|v| *v = json!("0.0.9")),
        ),
        (
            "no attestations",
            "/attestation_bundles/0/attestations".to_owned(),
            Box::new(|v| *v = json!([])),
        ),
        (
            "no bundles",
            "/attestation_bundles".to_owned(),
            Box::new(|v| *v = json!([])),
        ),
        (
            "publisher's repository",
            "/attestation_bundles/0/publisher/repository".to_owned(),
            Box::new(|v| *v = json!("pypa/other")),
        ),
        (
            "publisher's case",
            "/attestation_bundles/0/publisher/repository".to_owned(),
            Box::new(|v| *v = json!("PyPA/sampleproject")),
        ),
        (
            "publisher's workflow",
            "/attestation_bundles/0/publisher/workflow".to_owned(),
            Box::new(|v| *v = json!("other.yml")),
        ),
        (
            "publisher's kind",
            "/attestation_bundles/0/publisher/kind".to_owned(),
            Box::new(|v| *v = json!("GitLab")),
        ),
        (
            "unknown publisher",
            "/attestation_bundles/0/publisher/kind".to_owned(),
            Box::new(|v| *v = json!("Forge")),
        ),
    ];
    for (what, pointer, change) in &cases {
        let outcome = changed(&document, pointer, change);
        assert!(!outcome.is_verified(), "{what} passes: {outcome:?}");
        assert!(!outcome.refused().is_empty(), "{what}");
    }
    assert_eq!(cases.len(), 37);
}

/// Replaces a text inside a statement.
fn edit(value: &mut Value, from: &str, to: &str) {
    let text = String::from_utf8(decoded(value)).unwrap();
    assert!(text.contains(from), "{text}");
    *value = encoded(text.replace(from, to).as_bytes());
}

#[test]
fn what_is_not_signed_may_change() {
    let Some(document) = sample() else { return };
    let publisher = "/attestation_bundles/0/publisher";
    for (key, value) in [
        ("environment", json!("anything")),
        ("claims", json!({"a": [1, {"b": null}]})),
        ("of-tomorrow", json!(3)),
    ] {
        let outcome = changed(&document, publisher, |p| p[key] = value.clone());
        assert!(outcome.is_verified(), "{key}: {outcome:?}");
    }
    let outcome = changed(&document, ATTESTATION, |a| a["of-tomorrow"] = json!({}));
    assert!(outcome.is_verified(), "{outcome:?}");
    let entries = format!("{ATTESTATION}/verification_material/transparency_entries");
    let outcome = changed(&document, &entries, |entries| {
        let first = entries[0].clone();
        entries.as_array_mut().unwrap().push(first);
    });
    assert!(outcome.is_verified(), "a doubled entry: {outcome:?}");
}

#[test]
fn names_are_compared_by_what_they_say() {
    let Some(document) = sample() else { return };
    let sha256 = attested_digest(&document);
    for same in [
        "SampleProject-4.0.0.tar.gz",
        "sampleproject-4.0.tar.gz",
        "sampleproject-v4.0.0.tar.gz",
    ] {
        let outcome = verify(&document, same, &sha256);
        assert!(outcome.is_verified(), "{same}: {outcome:?}");
    }
    for other in [
        "sampleproject-4.0.1.tar.gz",
        "sample-project-4.0.0.tar.gz",
        "sampleproject-4.0.0.zip",
        "sampleproject-4.0.0-py3-none-any.whl",
        "sampleproject-4.0.0",
        "",
    ] {
        let outcome = verify(&document, other, &sha256);
        let [refused] = outcome.refused() else {
            panic!("{other}: {outcome:?}")
        };
        assert!(
            matches!(
                refused.refusal,
                Refusal::Statement(StatementFault::Name { .. } | StatementFault::OtherFile { .. })
            ),
            "{other}: {refused:?}"
        );
    }
}

#[test]
fn other_bytes_are_said_to_be_others() {
    let Some(document) = sample() else { return };
    let outcome = verify(&document, SAMPLE, &"0".repeat(64));
    let [refused] = outcome.refused() else {
        panic!("{outcome:?}")
    };
    assert!(matches!(
        refused.refusal,
        Refusal::Statement(StatementFault::Digest { .. })
    ));
    assert!(matches!(outcome, Outcome::Refused(_)));
}

#[test]
fn an_unknown_log_asks_for_a_newer_root() {
    let Some(directory) = data("pypi", 2) else {
        return;
    };
    for (name, same) in [
        (
            "rfc8785-0.1.2-py3-none-any.whl",
            "rfc8785-0.1.2-py3-none-any.whl",
        ),
        // The same compressed tags in another order.
        (
            "spt3g-1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "spt3g-1.0-cp310-cp310-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        ),
    ] {
        let attestation = json(&directory.join(format!("{name}.publish.attestation")));
        let document = Document::parse_any(attestation.to_string().as_bytes()).unwrap();
        let sha256 = attested_digest(&wrapped(&attestation, &Value::Null));
        let predicates = Predicates::of_any_host();
        let verified = |trust: &Trust, filename: &str| {
            let artifact = Artifact {
                filename,
                sha256: &sha256,
            };
            hognose_provenance::attestation::verify(&document, &artifact, trust, &predicates)
        };
        let public = verified(&Trust::embedded().unwrap(), name);
        assert!(matches!(public, Outcome::Unknown(_)), "{public:?}");
        let said = public.refused()[0].refusal.to_string();
        assert!(said.contains("root too old?"), "{said}");
        let staging = sigstore_trust_root::SIGSTORE_STAGING_TRUSTED_ROOT;
        let staging = Trust::from_json(staging).unwrap();
        for file in [name, same] {
            let outcome = verified(&staging, file);
            assert!(outcome.is_verified(), "{file}: {outcome:?}");
        }
    }
}

#[test]
fn another_identity_is_not_the_publisher() {
    let Some(directory) = data("pypi", 1) else {
        return;
    };
    let attestation = json(&directory.join("sampleproject-3.0.0.tar.gz.publish.attestation"));
    let github =
        json!({"kind": "GitHub", "repository": "pypa/sampleproject", "workflow": "release.yml"});
    let document = wrapped(&attestation, &github);
    let outcome = verify(
        &document,
        "sampleproject-3.0.0.tar.gz",
        &attested_digest(&document),
    );
    let [refused] = outcome.refused() else {
        panic!("{outcome:?}")
    };
    let Refusal::Publisher(disagreement) = &refused.refusal else {
        panic!("{refused:?}")
    };
    assert_eq!(disagreement.what, Claim::Issuer);
    let bare = Document::parse_any(attestation.to_string().as_bytes()).unwrap();
    let email = Identity::unverified(&decoded(&json!(
        bare.bundles[0].attestations[0].certificate
    )))
    .unwrap();
    let google = wrapped(
        &attestation,
        &json!({"kind": "Google", "email": email.subject}),
    );
    let outcome = verify(
        &google,
        "sampleproject-3.0.0.tar.gz",
        &attested_digest(&google),
    );
    assert!(outcome.is_verified(), "{outcome:?}");
    assert_eq!(outcome.attested()[0].identity.repository, None);
}

#[test]
fn a_commit_is_enough_where_a_certificate_has_no_ref() {
    let Some(directory) = data("pypi", 1) else {
        return;
    };
    let pem =
        std::fs::read_to_string(directory.join("no-source-repository-ref-extension.pem")).unwrap();
    let begin = "-----BEGIN CERTIFICATE-----";
    let body = pem.split(begin).nth(1).unwrap();
    let body = body.split("-----").next().unwrap();
    let base64: String = body.split_whitespace().collect();
    let identity = Identity::unverified(&decoded(&json!(base64))).unwrap();
    assert_eq!(identity.reference, None);
    let repository = identity.repository.clone().unwrap();
    let repository = repository
        .strip_prefix("https://github.com/")
        .unwrap()
        .to_owned();
    let workflow = identity
        .workflow()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let own = Publisher::GitHub {
        repository: repository.clone(),
        workflow,
    };
    assert!(own.agrees(&identity).is_ok(), "{identity:?}");
    let other = Publisher::GitHub {
        repository,
        workflow: "other.yml".to_owned(),
    };
    assert!(other.agrees(&identity).is_err());
}

#[test]
fn too_much_is_not_read() {
    let trust = Trust::embedded().unwrap();
    let artifact = Artifact {
        filename: SAMPLE,
        sha256: &"0".repeat(64),
    };
    let predicates = Predicates::of_any_host();
    let refusal = |bytes: &[u8]| {
        let outcome = verify_bytes(bytes, &artifact, &trust, &predicates);
        outcome.refused()[0].refusal.clone()
    };
    let large = vec![b' '; 100 << 20];
    assert!(matches!(
        refusal(&large),
        Refusal::Document(DocumentError::TooLarge { .. })
    ));
    let endless = std::io::repeat(b' ');
    assert!(matches!(
        Document::read(endless),
        Err(DocumentError::TooLarge { .. })
    ));
    let attestation = json!({"version": 1, "verification_material": {"certificate": "", "transparency_entries": []},
        "envelope": {"statement": "", "signature": ""}});
    let many = json!({"version": 1, "attestation_bundles": [{"publisher": {"kind": "GitHub"}, "attestations": vec![attestation.clone(); 65]}]});
    assert!(matches!(
        refusal(many.to_string().as_bytes()),
        Refusal::Document(DocumentError::TooMany { .. })
    ));
    let mut entries = attestation;
    entries["verification_material"]["transparency_entries"] = json!(vec![json!({}); 9]);
    let many = wrapped(&entries, &json!({"kind": "GitHub"}));
    assert!(matches!(
        refusal(many.to_string().as_bytes()),
        Refusal::Document(DocumentError::TooMany { .. })
    ));
    let deep = "[".repeat(100_000);
    assert!(matches!(
        refusal(deep.as_bytes()),
        Refusal::Document(DocumentError::Malformed { .. })
    ));
    assert!(matches!(
        refusal(b""),
        Refusal::Document(DocumentError::Malformed { .. })
    ));
    let twice = br#"{"version":1,"version":1,"attestation_bundles":[]}"#;
    assert!(matches!(
        refusal(twice),
        Refusal::Document(DocumentError::Malformed { .. })
    ));
    assert!(matches!(
        refusal(br#"{"version":1,"attestation_bundles":[]}"#),
        Refusal::Empty
    ));
}

/// Certificates in every broken form: each is refused, none is believed and none ends the program.
#[test]
fn odd_certificates_are_refused() {
    let Some(document) = sample() else { return };
    let pointer = format!("{ATTESTATION}/verification_material/certificate");
    let certificate = decoded(document.pointer(&pointer).unwrap());
    let mut odd: Vec<Vec<u8>> = vec![
        Vec::new(),
        vec![0x30],
        vec![0x30, 0x80, 0, 0],
        vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        vec![0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        [certificate.as_slice(), b"more"].concat(),
        [0x30, 0x82].repeat(20_000),
    ];
    odd.extend(
        (0..certificate.len())
            .step_by(7)
            .map(|end| certificate[..end].to_vec()),
    );
    odd.extend((0..certificate.len()).step_by(3).map(|at| {
        let mut bytes = certificate.clone();
        bytes[at] ^= 0x5a;
        bytes
    }));
    for bytes in odd {
        let outcome = changed(&document, &pointer, |place| *place = encoded(&bytes));
        assert!(
            matches!(outcome, Outcome::Refused(_)),
            "{bytes:x?}: {outcome:?}"
        );
    }
}
