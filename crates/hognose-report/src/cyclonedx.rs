//! CycloneDX 1.6 JSON: the inventory, and for a scan its vulnerabilities (`cyclonedx_vulnerabilities`).

use hognose_types::{ComponentKind, ComponentVersion, Digest, DigestAlgorithm, Inventory, Source};
use serde_json::{Map, Value, json};

use crate::bom::{Graph, Node};
use crate::escape::{link, to_json};
use crate::licence::{self, Licence};
use crate::{RenderError, SbomMeta, ScanReport, bom, cyclonedx_vulnerabilities, stable, words};

pub(crate) fn render(report: &ScanReport) -> Result<String, RenderError> {
    let incomplete = !report.gaps.is_empty();
    let mut document = document(&report.inventory, &bom::meta(report), incomplete);
    document["vulnerabilities"] = cyclonedx_vulnerabilities::list(report);
    finish(document)
}

pub(crate) fn sbom(inventory: &Inventory, meta: &SbomMeta) -> Result<String, RenderError> {
    finish(document(inventory, meta, !inventory.gaps.is_empty()))
}

fn finish(mut document: Value) -> Result<String, RenderError> {
    let serial = stable::uuid_of("cyclonedx", &document)?;
    document["serialNumber"] = format!("urn:uuid:{serial}").into();
    to_json(&document)
}

fn document(inventory: &Inventory, meta: &SbomMeta, incomplete: bool) -> Value {
    let graph = Graph::new(inventory);
    let root = graph.root.and_then(|i| graph.nodes.get(i));
    let root_component = root.map_or_else(|| synthetic_root(meta), component);
    let others = graph
        .nodes
        .iter()
        .enumerate()
        .filter(|(i, _)| Some(*i) != graph.root);
    let components: Vec<Value> = others.map(|(_, node)| component(node)).collect();
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": words::utc_seconds(&meta.timestamp),
            "lifecycles": lifecycles(inventory),
            "tools": {"components": [{
                "type": "application",
                "name": "hognose",
                "version": meta.tool_version,
            }]},
            "component": root_component,
        },
        "components": components,
        "dependencies": dependencies(&graph),
        "compositions": [{
            "aggregate": aggregate(inventory, incomplete),
            "assemblies": [graph.root_reference()],
            "dependencies": [graph.root_reference()],
        }],
    })
}

fn synthetic_root(meta: &SbomMeta) -> Value {
    let mut root = json!({"type": "application", "bom-ref": bom::ROOT, "name": meta.name});
    if let Some(version) = &meta.version {
        root["version"] = version.as_str().into();
    }
    root
}

/// When in its life the software was looked at: an environment is running, everything else is source.
fn lifecycles(inventory: &Inventory) -> Value {
    use hognose_types::InputFormat::{CondaMeta, Environment, Sdist, Wheel};
    let mut phases: Vec<&str> = inventory
        .inputs
        .iter()
        .map(|input| match input.format {
            Environment | CondaMeta => "operations",
            Wheel | Sdist => "post-build",
            _ => "pre-build",
        })
        .collect();
    phases.sort_unstable();
    phases.dedup();
    phases
        .into_iter()
        .map(|phase| json!({"phase": phase}))
        .collect()
}

/// Complete only if nothing was left out and every input fixes all it needs.
fn aggregate(inventory: &Inventory, incomplete: bool) -> &'static str {
    let closed = inventory
        .inputs
        .iter()
        .all(|i| i.format.is_lock() || i.format == hognose_types::InputFormat::Environment);
    if incomplete {
        "incomplete"
    } else if closed && !inventory.inputs.is_empty() {
        "complete"
    } else {
        "unknown"
    }
}

fn component(node: &Node<'_>) -> Value {
    let component = node.component;
    let mut out = Map::new();
    out.insert("type".into(), kind(component.kind).into());
    out.insert("bom-ref".into(), node.reference.as_str().into());
    out.insert("name".into(), bom::name(component).into());
    if let Some(version) = component.version.as_str() {
        out.insert("version".into(), version.into());
    }
    if component.kind != ComponentKind::Project {
        out.insert("scope".into(), "required".into());
    }
    if let Some(purl) = &node.purl {
        out.insert("purl".into(), purl.as_str().into());
    }
    let hashes: Vec<Value> = node.hashes.iter().filter_map(|d| hash(d)).collect();
    if !hashes.is_empty() {
        out.insert("hashes".into(), hashes.into());
    }
    if let Some(licence) = node.licence.and_then(licence::read) {
        out.insert("licenses".into(), licences(&licence));
    }
    let references = external_references(&component.source);
    if !references.is_empty() {
        out.insert("externalReferences".into(), references.into());
    }
    let places: Vec<Value> = node
        .places
        .iter()
        .map(|place| {
            let mut value = json!({"location": place.file});
            if let Some(line) = place.line {
                value["line"] = line.into();
            }
            value
        })
        .collect();
    if !places.is_empty() {
        out.insert("evidence".into(), json!({"occurrences": places}));
    }
    let properties = properties(node);
    if !properties.is_empty() {
        out.insert("properties".into(), properties.into());
    }
    Value::Object(out)
}

fn kind(kind: ComponentKind) -> &'static str {
    match kind {
        ComponentKind::Project => "application",
        ComponentKind::Interpreter => "platform",
        ComponentKind::Distribution | ComponentKind::Conda | ComponentKind::Foreign => "library",
    }
}

fn hash(digest: &Digest) -> Option<Value> {
    let algorithm = match digest.algorithm() {
        DigestAlgorithm::Md5 => "MD5",
        DigestAlgorithm::Sha1 => "SHA-1",
        DigestAlgorithm::Sha256 => "SHA-256",
        DigestAlgorithm::Sha384 => "SHA-384",
        DigestAlgorithm::Sha512 => "SHA-512",
        DigestAlgorithm::Blake2b256 => "BLAKE2b-256",
        // CycloneDX has no name for it.
        DigestAlgorithm::Sha224 => return None,
    };
    Some(json!({"alg": algorithm, "content": digest.hex()}))
}

fn licences(licence: &Licence<'_>) -> Value {
    match licence {
        Licence::Expression(expression) => {
            json!([{"expression": expression, "acknowledgement": "declared"}])
        }
        Licence::Name(name) => {
            json!([{"license": {"name": name, "acknowledgement": "declared"}}])
        }
        Licence::Text(text) => json!([{"license": {
            "name": "as stated in the metadata",
            "acknowledgement": "declared",
            "text": {"contentType": "text/plain", "content": text},
        }}]),
    }
}

/// Addresses with hidden credentials would not resolve, so they are left out.
fn external_references(source: &Source) -> Vec<Value> {
    let (kind, url) = match source {
        Source::Url { url } => ("distribution", url.to_string()),
        Source::Vcs { url, .. } => ("vcs", url.to_string()),
        Source::Default | Source::Index { .. } | Source::Path { .. } => return Vec::new(),
    };
    let url = url.strip_prefix("git+").unwrap_or(&url);
    match link(url) {
        Some(url) if !url.contains('*') => vec![json!({"type": kind, "url": url})],
        _ => Vec::new(),
    }
}

fn properties(node: &Node<'_>) -> Vec<Value> {
    let mut out = Vec::new();
    let mut add = |name: &str, value: &str| out.push(json!({"name": name, "value": value}));
    if let ComponentVersion::Range(range) = &node.component.version {
        add("hognose:requirement", range);
    }
    if let Source::Vcs {
        commit: Some(commit),
        ..
    } = &node.component.source
    {
        add("hognose:vcs:commit", commit);
    }
    if node.direct {
        add("hognose:direct", "true");
    }
    out
}

fn dependencies(graph: &Graph<'_>) -> Vec<Value> {
    let root = graph.root_reference();
    let mut out = vec![json!({"ref": root, "dependsOn": graph.references(&graph.root_needs)})];
    for (position, node) in graph.nodes.iter().enumerate() {
        if Some(position) != graph.root {
            out.push(json!({
                "ref": node.reference,
                "dependsOn": graph.references(&node.needs),
            }));
        }
    }
    out
}
