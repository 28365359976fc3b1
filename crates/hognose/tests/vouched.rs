//! Attestations before the gateway: those that hold, those that do not, those that are asked for.
//!
//! Real ones are read from the folder of shared data; no developer can write them.

#![expect(
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops at the first surprise, and says what it skips"
)]

mod common;

use std::path::PathBuf;

use common::Sandbox;
use common::gateway::Running;
use common::upstream::{Answer, Upstream};

const NAME: &str = "pypi_attestations-0.0.19.tar.gz";
/// Of the file that the attestation is about, which itself is not needed: the index announces it.
const SHA256: &str = "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3";

/// The provenance of that file; none where there is no such folder, which is said, and in CI is a failure.
fn provenance() -> Option<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = folder.join(format!(
        "../../../shared/data/provenance/pypi/{NAME}.provenance"
    ));
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if std::env::var_os("CI").is_none() => {
            eprintln!("skipped: {}: {error}", path.display());
            None
        }
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

/// A gateway before an index that announces the file with a digest and a document: whether it withholds the file. What it
/// lets in is cut short, for the index has other bytes than it announced.
fn asked(document: Option<Answer>, sha256: &str, configuration: &str) -> (bool, String, String) {
    let (sandbox, upstream) = (Sandbox::new(), Upstream::new());
    let attribute = document.as_ref().map_or("", |_| "data-provenance=\"/p\"");
    let page = format!(
        "<a href=\"/files/{NAME}#sha256={sha256}\" data-upload-time=\"2024-01-02T03:04:05Z\" {attribute}>{NAME}</a>"
    );
    upstream.put("/simple/pypi-attestations/", Answer::html(page));
    upstream.put(
        &format!("/files/{NAME}"),
        Answer::file(b"other bytes".to_vec()),
    );
    if let Some(document) = document {
        upstream.put("/p", document);
    }
    let configuration = format!("{configuration}[gateway]\ninspect = false\n");
    let gateway = Running::start(&sandbox, &upstream.url(), &configuration);
    let path = format!("/files/pypi-attestations/{sha256}/{NAME}");
    let got = gateway.ask(&path, "");
    let page = gateway.ask("/simple/pypi-attestations/", "");
    (got.status() == 403, got.line, page.text())
}

#[test]
fn an_attestation_that_does_not_hold_withholds_the_file() {
    let Some(real) = provenance() else { return };
    let json = |text: String| Some(Answer::html(text));
    // It holds. What comes then is not served for another reason: its digest is not the one announced.
    let (withheld, line, page) = asked(json(real.clone()), SHA256, "");
    assert!(!withheld, "{line}");
    assert!(!page.contains("withheld"), "{page}");
    let other = "0".repeat(64);
    let start = real.find("\"signature\"").unwrap() + 20;
    let mut damaged = real.clone().into_bytes();
    damaged[start] = if damaged[start] == b'A' { b'B' } else { b'A' };
    let damaged = String::from_utf8(damaged).unwrap();
    for (at, (document, sha256)) in [
        // About another file; without a single attestation; damaged.
        (real.clone(), other.as_str()),
        (
            r#"{"version":1,"attestation_bundles":[]}"#.to_owned(),
            SHA256,
        ),
        (damaged, SHA256),
        // No document at all, and more of one than anybody reads.
        ("<html>please log in</html>".to_owned(), SHA256),
        (" ".repeat(5 << 20), SHA256),
    ]
    .into_iter()
    .enumerate()
    {
        let (withheld, line, page) = asked(json(document), sha256, "");
        assert!(withheld, "{at}: {line}");
        assert!(line.contains("HOG-PROV-bad"), "{line}");
        // The page says so from now on.
        assert!(page.contains("withheld by policy: HOG-PROV-bad"), "{page}");
    }
    let off = "[policy.rules]\nHOG-PROV-bad = \"warn\"\n";
    let (withheld, line, _) = asked(json(real), &other, off);
    assert!(!withheld, "{line}");
}

#[test]
fn attestations_can_be_asked_for() {
    let Some(real) = provenance() else { return };
    let required = "[policy.provenance]\nrequire = [\"pypi-*\"]\n";
    let (withheld, line, _) = asked(None, SHA256, required);
    assert!(withheld && line.contains("HOG-PROV-unattested"), "{line}");
    let (withheld, line, _) = asked(Some(Answer::status(503)), SHA256, required);
    assert!(withheld && line.contains("HOG-GAP-provenance"), "{line}");
    // Announced, and not there: that is not the same as none.
    let (withheld, line, _) = asked(Some(Answer::status(404)), SHA256, required);
    assert!(withheld && line.contains("HOG-GAP-provenance"), "{line}");
    let (withheld, line, _) = asked(Some(Answer::status(503)), SHA256, "");
    assert!(!withheld, "{line}");
    assert!(!asked(None, SHA256, "").0);
    let holds = |list: &str| {
        let configuration = format!("{required}{list}\n");
        asked(Some(Answer::html(real.clone())), SHA256, &configuration)
    };
    for list in [
        "",
        "owners = [\"github.com/*\"]",
        "runners = [\"github-hosted\"]\nrefs = [\"refs/tags/*\"]",
    ] {
        let (withheld, line, _) = holds(list);
        assert!(!withheld, "{list}: {line}");
    }
    for list in [
        "owners = [\"github.com/acme\"]",
        "runners = [\"self-hosted\"]",
    ] {
        let (withheld, line, _) = holds(list);
        assert!(
            withheld && line.contains("HOG-PROV-unattested"),
            "{list}: {line}"
        );
    }
    let waived = "[[waiver]]\nrule = \"HOG-PROV-unattested\"\npackage = \"pypi-attestations\"\nreason = \"ours\"\nexpires = 2027-01-31\n";
    let (withheld, line, _) = asked(None, SHA256, &format!("{required}{waived}"));
    assert!(!withheld, "{line}");
}

#[test]
fn a_file_without_announced_digest_is_seen_before_it_is_sent() {
    let (sandbox, upstream) = (Sandbox::new(), Upstream::new());
    let old = "data-upload-time=\"2024-01-02T03:04:05Z\"";
    let page = format!("<a href=\"/files/{NAME}\" {old} data-provenance=\"/p\">{NAME}</a>");
    upstream.put("/simple/pypi-attestations/", Answer::html(page));
    upstream.put(&format!("/files/{NAME}"), Answer::file(b"bytes".to_vec()));
    upstream.put(
        "/p",
        Answer::html(r#"{"version":1,"attestation_bundles":[]}"#),
    );
    let configuration = "[gateway]\ninspect = false\n";
    let gateway = Running::start(&sandbox, &upstream.url(), configuration);
    let got = gateway.ask(&format!("/files/pypi-attestations/-/{NAME}"), "");
    assert!(got.line.contains("HOG-PROV-bad"), "{}", got.line);
}
