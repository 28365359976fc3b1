//! SPDX 2.2 and 2.3, as JSON or as tags and values (`tag_value`).

use hognose_types::InputFormat;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Item, REMAKE, Sbom, cyclonedx, digest, tag_value};
use crate::context::Context;
use crate::readers::json;
use crate::source_text::LineCursor;

/// The id a document has for itself.
const DOCUMENT: &str = "SPDXRef-DOCUMENT";

/// A package as either syntax states it.
#[derive(Debug, Default)]
pub(super) struct Package {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) purl: Option<String>,
    pub(super) checksums: Vec<(String, String)>,
    pub(super) license: Option<String>,
    pub(super) line: u32,
}

/// A document as either syntax states it.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) version: Option<(String, u32)>,
    pub(super) packages: Vec<Package>,
    /// From, type, to.
    pub(super) relationships: Vec<(String, String, String)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct JsonPackage {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    version_info: Option<String>,
    external_refs: Vec<Reference>,
    checksums: Vec<Checksum>,
    license_declared: Option<String>,
    license_concluded: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    reference_type: String,
    reference_locator: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: String,
    checksum_value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: String,
    related_spdx_element: String,
}

/// Reads a document.
pub(crate) fn read(context: &mut Context<'_>, path: &str, bytes: &[u8]) {
    let decoded = context.decode(path, bytes);
    let mut sbom = Sbom::new(context, path, InputFormat::Spdx);
    let Some(text) = decoded else { return };
    let parsed = if text.trim_start().starts_with('{') {
        match parse_json(&mut sbom, &text) {
            Some(parsed) => parsed,
            None => return,
        }
    } else {
        tag_value::parse(&text)
    };
    check_version(&mut sbom, parsed.version.as_ref());
    emit(sbom, parsed);
}

fn check_version(sbom: &mut Sbom<'_, '_, '_>, version: Option<&(String, u32)>) {
    let (found, line) = match version {
        Some((version, _)) if matches!(version.as_str(), "SPDX-2.2" | "SPDX-2.3") => return,
        Some((version, line)) => (hognose_types::text::short(version, 20), *line),
        None => ("of no stated version".to_owned(), 1),
    };
    sbom.fault(
        line,
        format!("an SPDX document {found}: only 2.2 and 2.3 are known, read as 2.3"),
        "make the SBOM as SPDX 2.3 or CycloneDX",
    );
}

fn parse_json(sbom: &mut Sbom<'_, '_, '_>, text: &str) -> Option<Parsed> {
    let members = cyclonedx::members(sbom, text)?;
    let mut parsed = Parsed::default();
    let mut lines = LineCursor::new(text.as_bytes());
    for (key, value) in &members {
        let line = lines.line(json::offset(text, value.get()));
        match key.as_str() {
            "spdxVersion" => {
                let version = serde_json::from_str::<String>(value.get()).unwrap_or_default();
                parsed.version = Some((version, line));
            }
            "packages" => packages(sbom, text, value, &mut lines, &mut parsed),
            "relationships" => match serde_json::from_str::<Vec<Relationship>>(value.get()) {
                Ok(list) => parsed.relationships.extend(list.into_iter().map(|r| {
                    (
                        r.spdx_element_id,
                        r.relationship_type,
                        r.related_spdx_element,
                    )
                })),
                Err(error) => sbom.unreadable(line, "the relationships", &error),
            },
            "documentDescribes" => {
                let described: Vec<String> = serde_json::from_str(value.get()).unwrap_or_default();
                parsed.relationships.extend(
                    described
                        .into_iter()
                        .map(|id| (DOCUMENT.to_owned(), "DESCRIBES".to_owned(), id)),
                );
            }
            _ => {}
        }
    }
    Some(parsed)
}

fn packages(
    sbom: &mut Sbom<'_, '_, '_>,
    text: &str,
    value: &RawValue,
    lines: &mut LineCursor<'_>,
    parsed: &mut Parsed,
) {
    let line = lines.line(json::offset(text, value.get()));
    let list = match serde_json::from_str::<Vec<&RawValue>>(value.get()) {
        Ok(list) => list,
        Err(error) => return sbom.unreadable(line, "the packages", &error),
    };
    for value in list {
        let line = lines.line(json::offset(text, value.get()));
        match serde_json::from_str::<JsonPackage>(value.get()) {
            Ok(package) => parsed.packages.push(convert(package, line)),
            Err(error) => sbom.unreadable(line, "a package", &error),
        }
    }
}

fn convert(package: JsonPackage, line: u32) -> Package {
    let mut references = package.external_refs.into_iter();
    let purl = references.find(|r| r.reference_type == "purl");
    Package {
        id: package.id,
        name: package.name,
        version: package.version_info,
        purl: purl.map(|r| r.reference_locator),
        checksums: package
            .checksums
            .into_iter()
            .map(|c| (c.algorithm, c.checksum_value))
            .collect(),
        license: stated(package.license_declared).or_else(|| stated(package.license_concluded)),
        line,
    }
}

/// A licence that says something.
pub(super) fn stated(license: Option<String>) -> Option<String> {
    license.filter(|l| !matches!(l.as_str(), "" | "NOASSERTION" | "NONE"))
}

fn emit(mut sbom: Sbom<'_, '_, '_>, parsed: Parsed) {
    // One described package among others is what the document is about; several are its content.
    let described: Vec<&str> = parsed
        .relationships
        .iter()
        .filter_map(|(from, kind, to)| match kind.as_str() {
            "DESCRIBES" if from == DOCUMENT => Some(to.as_str()),
            "DESCRIBED_BY" if to == DOCUMENT => Some(from.as_str()),
            _ => None,
        })
        .collect();
    let first = described.first().copied();
    let root = first.filter(|id| parsed.packages.len() > 1 && described.iter().all(|d| d == id));
    let root = root.map(str::to_owned);
    for package in parsed.packages {
        let is_root = root.as_ref() == Some(&package.id);
        if package.name.is_empty() {
            sbom.fault(package.line, "a package without name", REMAKE);
            continue;
        }
        sbom.add(Item {
            reference: package.id,
            name: package.name,
            version: package.version.filter(|v| v != "NOASSERTION"),
            requirement: None,
            marker: None,
            purl: package.purl,
            hashes: package
                .checksums
                .iter()
                .filter_map(|(a, hex)| digest(a, hex))
                .collect(),
            license: package.license,
            line: package.line,
            is_software: true,
            is_root,
        });
    }
    for (from, kind, to) in &parsed.relationships {
        match kind.as_str() {
            "DEPENDS_ON" | "CONTAINS" => sbom.edge(from, to),
            "DEPENDENCY_OF"
            | "CONTAINED_BY"
            | "RUNTIME_DEPENDENCY_OF"
            | "DEV_DEPENDENCY_OF"
            | "OPTIONAL_DEPENDENCY_OF"
            | "BUILD_DEPENDENCY_OF"
            | "TEST_DEPENDENCY_OF" => {
                sbom.edge(to, from);
            }
            _ => {}
        }
    }
    sbom.finish();
}
