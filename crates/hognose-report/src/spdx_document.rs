//! SPDX 2.3 JSON: the inventory, and for a scan its advisories as references and annotations.

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{ComponentVersion, Digest, DigestAlgorithm, Inventory, Judged, Source};
use serde_json::{Map, Value, json};

use crate::bom::{Graph, Node};
use crate::escape::{link, plain, to_json};
use crate::licence::{self, Licence};
use crate::{RenderError, SbomMeta, ScanReport, bom, stable, view, words};

const NONE: &str = "NOASSERTION";
const DOCUMENT: &str = "SPDXRef-DOCUMENT";

pub(crate) fn render(report: &ScanReport) -> Result<String, RenderError> {
    let mut findings: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
    for judged in &report.judged {
        let purl = judged.finding.subject.purl.as_str();
        findings.entry(purl).or_default().push(judged);
    }
    document(&report.inventory, &bom::meta(report), &findings)
}

pub(crate) fn sbom(inventory: &Inventory, meta: &SbomMeta) -> Result<String, RenderError> {
    document(inventory, meta, &BTreeMap::new())
}

fn document(
    inventory: &Inventory,
    meta: &SbomMeta,
    findings: &BTreeMap<&str, Vec<&Judged>>,
) -> Result<String, RenderError> {
    let graph = Graph::new(inventory);
    let ids = ids(&graph);
    let created = words::utc_seconds(&meta.timestamp);
    let tool = format!("Tool: hognose-{}", plain(&meta.tool_version));
    let root = graph
        .root
        .map_or_else(|| id_of(bom::ROOT, &meta.name), |i| id_at(&ids, i));
    let mut packages = Vec::new();
    if graph.root.is_none() {
        packages.push(synthetic_root(&root, meta));
    }
    for (node, id) in graph.nodes.iter().zip(&ids) {
        let mut package = package(node, id);
        let judged = node.purl.as_ref().and_then(|p| findings.get(p.as_str()));
        if let Some(judged) = judged {
            add_findings(&mut package, judged, &tool, &created);
        }
        packages.push(Value::Object(package));
    }
    let mut document = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": plain(&meta.name),
        "creationInfo": {"created": created, "creators": [tool]},
        "packages": packages,
        "relationships": relationships(&graph, &ids, &root),
    });
    let namespace = stable::uuid_of("spdx", &document)?;
    document["documentNamespace"] = format!("urn:uuid:{namespace}").into();
    to_json(&document)
}

/// Legal ids (`SPDXRef-` and letters, digits, `.`, `-`), unique because they end in a hash of the reference.
fn ids(graph: &Graph<'_>) -> Vec<String> {
    let nodes = graph.nodes.iter();
    nodes
        .map(|n| id_of(&n.reference, n.component.name.as_str()))
        .collect()
}

fn id_of(reference: &str, name: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = name.chars().take(60).map(legal).collect();
    let hash = stable::fingerprint(&[reference]);
    format!("SPDXRef-{name}-{}", hash.get(..16).unwrap_or(&hash))
}

fn id_at(ids: &[String], position: usize) -> String {
    ids.get(position)
        .cloned()
        .unwrap_or_else(|| DOCUMENT.to_owned())
}

fn synthetic_root(id: &str, meta: &SbomMeta) -> Value {
    let mut root = json!({
        "SPDXID": id,
        "name": plain(&meta.name),
        "downloadLocation": NONE,
        "filesAnalyzed": false,
        "licenseConcluded": NONE,
        "licenseDeclared": NONE,
        "copyrightText": NONE,
        "primaryPackagePurpose": "APPLICATION",
    });
    if let Some(version) = &meta.version {
        root["versionInfo"] = version.as_str().into();
    }
    root
}

fn package(node: &Node<'_>, id: &str) -> Map<String, Value> {
    let component = node.component;
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        out.insert(key.to_owned(), value);
    };
    put("SPDXID", id.into());
    put("name", plain(bom::name(component)).into());
    if let Some(version) = component.version.as_str() {
        put("versionInfo", plain(version).into());
    }
    put("downloadLocation", download(&component.source).into());
    put("filesAnalyzed", false.into());
    put("licenseConcluded", NONE.into());
    put("copyrightText", NONE.into());
    match node.licence.and_then(licence::read) {
        Some(Licence::Expression(expression)) => put("licenseDeclared", expression.into()),
        Some(Licence::Name(text) | Licence::Text(text)) => {
            put("licenseDeclared", NONE.into());
            put(
                "licenseComments",
                format!("the metadata states: {text}").into(),
            );
        }
        None => put("licenseDeclared", NONE.into()),
    }
    if !node.hashes.is_empty() {
        put(
            "checksums",
            node.hashes.iter().map(|d| checksum(d)).collect(),
        );
    }
    if let Some(purl) = &node.purl {
        put(
            "externalRefs",
            json!([{
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": purl.as_str(),
            }]),
        );
    }
    let purpose = match component.kind {
        hognose_types::ComponentKind::Project => "APPLICATION",
        _ => "LIBRARY",
    };
    put("primaryPackagePurpose", purpose.into());
    put("sourceInfo", source_info(node).into());
    if let ComponentVersion::Range(range) = &component.version {
        put(
            "comment",
            format!("required version: {}", plain(range)).into(),
        );
    }
    out
}

fn source_info(node: &Node<'_>) -> String {
    let places: Vec<String> = node.places.iter().map(|p| words::place(p)).collect();
    format!("declared at {}", places.join(", "))
}

fn checksum(digest: &Digest) -> Value {
    let algorithm = match digest.algorithm() {
        DigestAlgorithm::Md5 => "MD5",
        DigestAlgorithm::Sha1 => "SHA1",
        DigestAlgorithm::Sha224 => "SHA224",
        DigestAlgorithm::Sha256 => "SHA256",
        DigestAlgorithm::Sha384 => "SHA384",
        DigestAlgorithm::Sha512 => "SHA512",
        DigestAlgorithm::Blake2b256 => "BLAKE2b-256",
    };
    json!({"algorithm": algorithm, "checksumValue": digest.hex()})
}

fn download(source: &Source) -> String {
    let url = match source {
        Source::Url { url } => url.to_string(),
        Source::Vcs { url, .. } => {
            let url = url.to_string();
            url.strip_prefix("git+").map(str::to_owned).unwrap_or(url)
        }
        Source::Default | Source::Index { .. } | Source::Path { .. } => return NONE.to_owned(),
    };
    let Some(url) = link(&url).filter(|url| !url.contains('*')) else {
        return NONE.to_owned();
    };
    match source {
        Source::Vcs {
            commit: Some(commit),
            ..
        } if commit.bytes().all(|b| b.is_ascii_hexdigit()) => {
            format!("git+{url}@{commit}")
        }
        Source::Vcs { .. } => format!("git+{url}"),
        _ => url,
    }
}

fn add_findings(package: &mut Map<String, Value>, judged: &[&Judged], tool: &str, created: &str) {
    let mut references = BTreeSet::new();
    let mut annotations = Vec::new();
    for judged in judged {
        let finding = &judged.finding;
        let links = finding.advisory.iter().flat_map(|a| &a.references);
        let advisory = links
            .filter(|r| r.kind == "ADVISORY")
            .find_map(|r| link(&r.url));
        references.extend(advisory);
        let mut comment = format!(
            "{} {}: {}; {}",
            finding.severity.as_str(),
            plain(view::finding_id(finding)),
            plain(view::title(finding)),
            words::fix(finding)
        );
        if let Some(waiver) = &judged.waiver {
            comment.push_str(&format!("; waived: {}", plain(&waiver.reason)));
        }
        annotations.push(json!({
            "annotationDate": created,
            "annotationType": "REVIEW",
            "annotator": tool,
            "comment": comment,
        }));
    }
    let references = references.into_iter().map(|url| {
        json!({
            "referenceCategory": "SECURITY",
            "referenceType": "advisory",
            "referenceLocator": url,
        })
    });
    if let Some(Value::Array(list)) = package.get_mut("externalRefs") {
        list.extend(references);
    }
    package.insert("annotations".into(), annotations.into());
}

fn relationships(graph: &Graph<'_>, ids: &[String], root: &str) -> Vec<Value> {
    let relation = |from: &str, kind: &str, to: &str| json!({"spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to});
    let mut out = vec![relation(DOCUMENT, "DESCRIBES", root)];
    for to in &graph.root_needs {
        out.push(relation(root, "DEPENDS_ON", &id_at(ids, *to)));
    }
    for (position, node) in graph.nodes.iter().enumerate() {
        if Some(position) != graph.root {
            for to in &node.needs {
                out.push(relation(
                    &id_at(ids, position),
                    "DEPENDS_ON",
                    &id_at(ids, *to),
                ));
            }
        }
    }
    out
}
