//! Every case of Sigstore's conformance set for bundles, with the verdict that its name states.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::path::Path;

use common::data;
use hognose_provenance::attestation::{Signer, Trust, verify_bundle};

const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

fn holds(case: &Path) -> bool {
    let read = |name: &str| std::fs::read(case.join(name)).ok();
    let text = |name: &str| read(name).map(|b| String::from_utf8(b).unwrap().trim().to_owned());
    let trust = match text("trusted_root.json") {
        Some(root) => Trust::from_json(&root),
        None => Trust::embedded(),
    };
    let Ok(trust) = trust else { return false };
    let artifact =
        read("artifact").unwrap_or_else(|| std::fs::read(case.join("../a.txt")).unwrap());
    let subject = text("identity").unwrap_or_else(|| IDENTITY.to_owned());
    let issuer = text("issuer").unwrap_or_else(|| ISSUER.to_owned());
    let key = text("key.pub");
    let signer = match &key {
        Some(pem) => Signer::Key(pem),
        None => Signer::Identity {
            subject: &subject,
            issuer: &issuer,
        },
    };
    verify_bundle(
        &read("bundle.sigstore.json").unwrap(),
        artifact.as_slice(),
        &signer,
        &trust,
    )
    .is_ok()
}

#[test]
fn every_case_has_its_verdict() {
    let Some(directory) = data("conformance/bundle-verify", 69) else {
        return;
    };
    let (mut positive, mut negative, mut wrong) = (0, 0, Vec::new());
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let fails = name.ends_with("_fail");
        if fails {
            negative += 1;
        } else {
            positive += 1;
        }
        if holds(&path) == fails {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!((positive, negative), (21, 48));
}
