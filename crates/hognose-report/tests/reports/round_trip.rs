//! What our SBOMs say is what our readers read.

use std::collections::BTreeSet;

use hognose_inventory::{Memory, Options, scan_paths};
use hognose_report::{SbomFormat, SbomMeta, sbom};
use hognose_types::{Component, Inventory, Purl};

use crate::common::report;

fn meta() -> SbomMeta {
    SbomMeta {
        tool_version: "0.1.0".into(),
        timestamp: "2026-11-21T10:00:00Z".into(),
        name: "storefront".into(),
        version: None,
    }
}

fn read_back(text: &str, name: &str) -> Inventory {
    let tree = Memory::new([(name, text.as_bytes())]);
    scan_paths(&tree, &[name.to_owned()], &Options::default())
}

/// Everything that decides what is judged, and how.
fn judged(inventory: &Inventory) -> BTreeSet<String> {
    let show = |c: &Component| format!("{} {:?} {:?}", Purl::of(c), c.version.as_str(), c.kind);
    inventory
        .components
        .iter()
        .filter(|c| c.is_judged())
        .map(show)
        .collect()
}

fn edges(inventory: &Inventory) -> BTreeSet<(String, String)> {
    let label = |id| inventory.component(id).unwrap().label();
    inventory
        .edges
        .iter()
        .map(|e| (label(e.from), label(e.to)))
        .collect()
}

#[test]
fn judged_components_and_edges_survive() {
    let before = report().inventory;
    for (format, name) in [
        (SbomFormat::CycloneDx, "a.cdx.json"),
        (SbomFormat::Spdx, "a.spdx.json"),
    ] {
        let text = sbom(&before, format, &meta()).unwrap();
        let after = read_back(&text, name);
        assert_eq!(judged(&before), judged(&after), "{name}");
        assert!(edges(&after).is_superset(&edges(&before)), "{name}");
        let hashes = |i: &Inventory| -> usize { i.components.iter().map(|c| c.hashes.len()).sum() };
        assert_eq!(hashes(&before), hashes(&after), "{name}");
        let again = sbom(&after, format, &meta()).unwrap();
        assert_eq!(judged(&after), judged(&read_back(&again, name)), "{name}");
    }
}

#[test]
fn a_requirement_stays_a_requirement() {
    let text = sbom(&report().inventory, SbomFormat::CycloneDx, &meta()).unwrap();
    let after = read_back(&text, "a.cdx.json");
    let requests = after
        .components
        .iter()
        .find(|c| c.name.as_str() == "requests")
        .unwrap();
    assert_eq!(
        requests.version,
        hognose_types::ComponentVersion::Range(">=2".into())
    );
}

#[test]
fn foreign_and_conda_components_keep_their_identity() {
    let document = r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
      {"type": "library", "group": "@babel", "name": "core", "version": "7.0.0", "purl": "pkg:npm/%40babel/core@7.0.0"},
      {"type": "library", "name": "pytorch", "purl": "pkg:conda/pytorch@1.13.1?build=py310_0&channel=main&subdir=linux-64"}
    ]}"#;
    let before = read_back(document, "a.cdx.json");
    let purls = |i: &Inventory| -> BTreeSet<String> {
        let kept = i
            .components
            .iter()
            .filter(|c| c.kind != hognose_types::ComponentKind::Project);
        kept.map(|c| Purl::of(c).to_string()).collect()
    };
    for (format, name) in [
        (SbomFormat::CycloneDx, "a.cdx.json"),
        (SbomFormat::Spdx, "a.spdx.json"),
    ] {
        let after = read_back(&sbom(&before, format, &meta()).unwrap(), name);
        assert_eq!(purls(&before), purls(&after), "{name}");
        assert_eq!(judged(&before), judged(&after), "{name}");
    }
}
