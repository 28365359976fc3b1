//! OpenVEX documents (<https://github.com/openvex/spec>): `not_affected` and `fixed` statements as waivers.

use hognose_types::{Location, PackageName, Specifiers};
use serde::Deserialize;
use serde_json::Value;

use super::{ImportError, waiver};
use crate::{Waiver, WaiverOrigin};

#[derive(Deserialize)]
struct Document {
    statements: Vec<Statement>,
}

#[derive(Deserialize)]
struct Statement {
    vulnerability: Value,
    #[serde(default)]
    products: Vec<Value>,
    status: String,
    justification: Option<String>,
    impact_statement: Option<String>,
}

/// Reads a document. Statements `affected` and `under_investigation` silence nothing.
pub fn vex(file: &str, text: &str) -> Result<Vec<Waiver>, ImportError> {
    let document: Document = serde_json::from_str(text).map_err(|error| ImportError {
        location: Location::line(file, error.line() as u32),
        message: format!("this is not an OpenVEX document: {error}"),
    })?;
    let mut out = Vec::new();
    let counts = |s: &&Statement| matches!(s.status.as_str(), "not_affected" | "fixed");
    for statement in document.statements.iter().filter(counts) {
        for id in ids(&statement.vulnerability) {
            for (package, versions) in packages(&statement.products) {
                out.push(Waiver {
                    package: Some(package),
                    versions,
                    ..one(file, text, statement, id)
                });
            }
        }
    }
    Ok(out)
}

fn one(file: &str, text: &str, statement: &Statement, id: &str) -> Waiver {
    let status = statement.status.replace('_', " ");
    let reason = statement
        .impact_statement
        .as_deref()
        .or(statement.justification.as_deref())
        .unwrap_or(&status);
    let line = text
        .lines()
        .position(|l| l.contains(id))
        .map(|at| at as u32 + 1);
    let location = Location {
        file: file.to_owned(),
        line,
    };
    Waiver {
        origin: WaiverOrigin::Vex {
            status: statement.status.clone(),
            justification: statement.justification.clone(),
        },
        ..waiver(id, Some(reason), None, location)
    }
}

/// The id of a vulnerability: `{"name": …, "aliases": […]}`, or a bare string in old documents. The name is enough,
/// since findings know all their aliases.
fn ids(vulnerability: &Value) -> Vec<&str> {
    let name = vulnerability
        .as_str()
        .or_else(|| vulnerability.get("name")?.as_str());
    let aliases = vulnerability.get("aliases").and_then(Value::as_array);
    name.into_iter()
        .chain(
            aliases
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .filter(|_| name.is_none()),
        )
        .collect()
}

/// Packages that the products name: the subcomponents where there are any (the product is then the program that
/// contains them), else the products themselves.
fn packages(products: &[Value]) -> Vec<(PackageName, Option<Specifiers>)> {
    let mut out = Vec::new();
    for product in products {
        let subcomponents = product
            .get("subcomponents")
            .and_then(Value::as_array)
            .filter(|s| !s.is_empty());
        match subcomponents {
            Some(parts) => out.extend(parts.iter().filter_map(purl)),
            None => out.extend(purl(product)),
        }
    }
    out
}

fn purl(value: &Value) -> Option<(PackageName, Option<Specifiers>)> {
    let text = value
        .as_str()
        .or_else(|| value.get("@id")?.as_str())
        .filter(|t| t.starts_with("pkg:"))
        .or_else(|| value.pointer("/identifiers/purl")?.as_str())?;
    let rest = text.strip_prefix("pkg:pypi/")?;
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (name, version) = rest
        .split_once('@')
        .map_or((rest, None), |(n, v)| (n, Some(v)));
    let versions = match version {
        Some(version) => {
            Some(Specifiers::parse(&format!("=={}", version.replace("%2B", "+"))).ok()?)
        }
        None => None,
    };
    Some((PackageName::new(name).ok()?, versions))
}
