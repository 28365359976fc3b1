//! CycloneDX JSON, specification 1.2 to 1.7.

use std::borrow::Cow;

use hognose_types::InputFormat;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Item, REMAKE, Sbom, digest};
use crate::context::{Context, short_error};
use crate::readers::json;
use crate::source_text::LineCursor;

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Component<'a> {
    #[serde(rename = "bom-ref")]
    reference: Option<Cow<'a, str>>,
    #[serde(rename = "type")]
    kind: Option<Cow<'a, str>>,
    group: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    version: Option<Cow<'a, str>>,
    purl: Option<Cow<'a, str>>,
    hashes: Vec<Hash<'a>>,
    licenses: Vec<Licence<'a>>,
    properties: Vec<Property<'a>>,
    #[serde(rename = "externalReferences")]
    references: Vec<Reference<'a>>,
    #[serde(borrow)]
    components: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Hash<'a> {
    alg: Cow<'a, str>,
    content: Cow<'a, str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Licence<'a> {
    expression: Option<Cow<'a, str>>,
    license: Option<Named<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Named<'a> {
    id: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Property<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
}

/// A link; those to the files of a release carry the digests that uv leaves out of `hashes`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Reference<'a> {
    #[serde(rename = "type")]
    kind: Cow<'a, str>,
    hashes: Vec<Hash<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Metadata<'a> {
    #[serde(borrow)]
    component: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default, rename = "dependsOn")]
    depends_on: Vec<String>,
}

/// Reads a document.
pub(crate) fn read(context: &mut Context<'_>, path: &str, bytes: &[u8]) {
    let decoded = context.decode(path, bytes);
    let mut sbom = Sbom::new(context, path, InputFormat::CycloneDx);
    let Some(text) = decoded else { return };
    let Some(members) = members(&mut sbom, &text) else {
        return;
    };
    if !members
        .iter()
        .any(|(key, value)| key == "bomFormat" && value.get() == "\"CycloneDX\"")
    {
        sbom.fault(1, "not a CycloneDX document", "name another file");
        return;
    }
    let mut reader = Reader {
        sbom,
        text: &text,
        lines: LineCursor::new(text.as_bytes()),
    };
    for (key, value) in &members {
        match key.as_str() {
            "specVersion" => reader.check_version(value),
            "metadata" => reader.metadata(value),
            "components" => reader.components(value, false),
            "dependencies" => reader.dependencies(value),
            _ => {}
        }
    }
    reader.sbom.finish();
}

/// The members of the document; a fault of syntax or nesting becomes a gap.
pub(super) fn members<'t>(
    sbom: &mut Sbom<'_, '_, '_>,
    text: &'t str,
) -> Option<Vec<(String, &'t RawValue)>> {
    let depth = sbom.context.options.limits.depth;
    if let Some(at) = json::too_deep(text, depth) {
        let line = LineCursor::new(text.as_bytes()).line(at);
        sbom.fault(
            line,
            format!("nested deeper than {depth} levels"),
            "make the SBOM again",
        );
        return None;
    }
    match json::members(text) {
        Ok(members) => Some(members),
        Err(error) => {
            let line = json::error_line(text, text, &error);
            sbom.fault(
                line,
                format!("not valid JSON: {}", short_error(&error)),
                "make the SBOM again",
            );
            None
        }
    }
}

struct Reader<'c, 'a, 't> {
    sbom: Sbom<'c, 'a, 't>,
    text: &'t str,
    lines: LineCursor<'t>,
}

impl<'t> Reader<'_, '_, 't> {
    fn line(&mut self, value: &RawValue) -> u32 {
        self.lines.line(json::offset(self.text, value.get()))
    }

    fn fault(&mut self, value: &RawValue, what: &str, error: &serde_json::Error) {
        let line = self.line(value);
        self.sbom.unreadable(line, what, error);
    }

    fn check_version(&mut self, value: &'t RawValue) {
        let version = value.get().trim_matches('"');
        let minor = version
            .strip_prefix("1.")
            .and_then(|m| m.parse::<u32>().ok());
        if !minor.is_some_and(|m| (2..=7).contains(&m)) {
            let line = self.line(value);
            let version = hognose_types::text::short(version, 20);
            self.sbom.fault(
                line,
                format!("CycloneDX {version} is not known (1.2 to 1.7 are): read as 1.7"),
                "make the SBOM in a version that Hognose knows",
            );
        }
    }

    fn metadata(&mut self, value: &'t RawValue) {
        match serde_json::from_str::<Metadata<'t>>(value.get()) {
            Ok(metadata) => {
                if let Some(root) = metadata.component {
                    self.component(root, true);
                }
            }
            Err(error) => self.fault(value, "the metadata", &error),
        }
    }

    fn components(&mut self, value: &'t RawValue, nested: bool) {
        match serde_json::from_str::<Vec<&'t RawValue>>(value.get()) {
            Ok(components) => {
                for component in components {
                    self.component(component, false);
                }
            }
            Err(error) => {
                let what = if nested {
                    "nested components"
                } else {
                    "the components"
                };
                self.fault(value, what, &error);
            }
        }
    }

    /// Recursion is bounded by the nesting of the text, which was checked.
    fn component(&mut self, value: &'t RawValue, is_root: bool) {
        let component: Component<'t> = match serde_json::from_str(value.get()) {
            Ok(component) => component,
            Err(error) => return self.fault(value, "a component", &error),
        };
        let line = self.line(value);
        let nested = component.components;
        match item(component, line, is_root) {
            Some(item) => self.sbom.add(item),
            None => self.sbom.fault(line, "a component without name", REMAKE),
        }
        if let Some(nested) = nested {
            self.components(nested, true);
        }
    }

    fn dependencies(&mut self, value: &'t RawValue) {
        match serde_json::from_str::<Vec<Dependency>>(value.get()) {
            Ok(dependencies) => {
                for dependency in dependencies {
                    for to in &dependency.depends_on {
                        self.sbom.edge(&dependency.reference, to);
                    }
                }
            }
            Err(error) => self.fault(value, "the dependencies", &error),
        }
    }
}

fn item(component: Component<'_>, line: u32, is_root: bool) -> Option<Item> {
    let name = component.name.filter(|n| !n.is_empty())?;
    let name = match component.group.filter(|g| !g.is_empty()) {
        Some(group) => format!("{group}/{name}"),
        None => name.into_owned(),
    };
    let kind = component.kind.unwrap_or_default();
    let files = component
        .references
        .iter()
        .filter(|r| r.kind == "distribution");
    let hashes = component.hashes.iter().chain(files.flat_map(|r| &r.hashes));
    let property = |name: &str| {
        let found = component.properties.iter().find(|p| p.name == name);
        found.map(|p| p.value.clone().into_owned())
    };
    Some(Item {
        reference: component.reference.map(Cow::into_owned).unwrap_or_default(),
        name,
        version: component.version.map(Cow::into_owned),
        requirement: property("hognose:requirement"),
        marker: property("uv:package:marker"),
        purl: component.purl.map(Cow::into_owned),
        hashes: hashes.filter_map(|h| digest(&h.alg, &h.content)).collect(),
        license: licence(&component.licenses),
        line,
        is_software: matches!(&*kind, "application" | "framework" | "library" | ""),
        is_root,
    })
}

fn licence(licences: &[Licence<'_>]) -> Option<String> {
    let named = || licences.iter().filter_map(|l| l.license.as_ref());
    let ids = licences
        .iter()
        .filter_map(|l| l.expression.as_deref())
        .chain(named().filter_map(|n| n.id.as_deref()));
    let mut texts: Vec<&str> = ids.collect();
    if texts.is_empty() {
        texts.extend(named().filter_map(|n| n.name.as_deref()));
    }
    // How several entries combine is not stated, so they are not joined into an expression.
    (!texts.is_empty()).then(|| texts.join(", "))
}
