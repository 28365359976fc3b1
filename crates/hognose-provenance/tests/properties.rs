//! Documents, statements, certificates and file names of any shape.

mod common;

use common::{attested_digest, data, json, verify};
use hognose_provenance::attestation::{FileName, Identity};
use hognose_provenance::fuzzing;
use proptest::prelude::*;
use sigstore_verify::types::PayloadBytes;

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        fuzzing::provenance(&bytes);
        let _ = Identity::unverified(&bytes);
        fuzzing::rebuild_attestation(&bytes);
        fuzzing::forge(&bytes);
    }

    /// Answers of the shape that forges give, with anything in them.
    #[test]
    fn any_answer_of_a_forge(path in ".{0,40}", mode in "[0-9]{0,6}", kind in "blob|tree|commit|x", sha in "[0-9a-f]{38,42}|.{0,50}", branch in ".{0,20}") {
        let entry = serde_json::json!({"path": path, "mode": mode, "type": kind, "sha": sha});
        fuzzing::forge(serde_json::json!({"tree": [entry], "id": 1, "default_branch": branch, "object": entry}).to_string().as_bytes());
        let entry = serde_json::json!({"path": path, "mode": mode, "type": kind, "id": sha});
        fuzzing::forge(serde_json::json!([entry]).to_string().as_bytes());
    }

    /// Bytes changed in what somebody signed: it is not taken, or says the same.
    #[test]
    fn changed_envelopes_forge_nothing(changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4)) {
        let mut bytes = include_bytes!("../../../fuzz/corpus/rebuild_attestation/signed.jsonl").to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        fuzzing::rebuild_attestation(&bytes);
    }

    /// Statements of any shape, before anybody verifies who signed them.
    #[test]
    fn any_statement(payload in "[\\[\\]{}\":,a-zA-Z0-9]{0,200}") {
        let envelope = format!("{{\"payloadType\":\"x\",\"payload\":\"{}\",\"signatures\":[{{\"sig\":\"AA==\"}}]}}", PayloadBytes::from_bytes(payload.as_bytes()).to_base64());
        fuzzing::rebuild_attestation(envelope.as_bytes());
    }

    #[test]
    fn any_name(name in "[a-zA-Z0-9._-]{1,20}-[0-9a-z._+!]{1,12}(-[0-9]{0,3}[a-z]?)?(-[a-z0-9_.]{1,10}){0,3}(\\.whl|\\.tar\\.gz|\\.zip|)") {
        if let Some(parsed) = FileName::parse(&name) {
            prop_assert_eq!(Some(parsed), FileName::parse(&name));
        }
    }

    /// The order inside a compressed tag says nothing.
    #[test]
    fn tags_are_sets(mut tags in proptest::collection::vec("[a-z0-9_]{1,8}", 1..5)) {
        let name = |tags: &[String]| format!("a-1.0-py3-none-{}.whl", tags.join("."));
        let before = FileName::parse(&name(&tags));
        tags.reverse();
        prop_assert!(before.is_some());
        prop_assert_eq!(before, FileName::parse(&name(&tags)));
    }

    /// One changed byte anywhere: the document is no longer read, no longer holds, or says the same in other bytes.
    #[test]
    fn a_changed_byte_forges_nothing(at in 0_usize..5_000, byte in any::<u8>()) {
        let Some(directory) = data("pypi", 1) else { return Ok(()) };
        let file = "sampleproject-4.0.0.tar.gz";
        let document = json(&directory.join(format!("{file}.provenance")));
        let digest = attested_digest(&document);
        let mut bytes = document.to_string().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        fuzzing::provenance(&bytes);
        let Ok(changed) = serde_json::from_slice::<serde_json::Value>(&bytes) else { return Ok(()) };
        let outcome = verify(&changed, file, &digest);
        let before = verify(&document, file, &digest);
        if outcome.is_verified() {
            prop_assert_eq!(&outcome.attested()[0].identity, &before.attested()[0].identity);
        }
    }
}
