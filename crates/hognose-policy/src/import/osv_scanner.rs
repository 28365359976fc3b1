//! `osv-scanner.toml`: `[[IgnoredVulns]]` and `[[PackageOverrides]]`.

use hognose_types::{Location, PackageName, Specifiers};
use serde::Deserialize;
use toml::Spanned;

use super::{ImportError, day, line_of, waiver};
use crate::{Waiver, WaiverOrigin};

#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    #[serde(rename = "IgnoredVulns")]
    ignored: Vec<Ignored>,
    #[serde(rename = "PackageOverrides")]
    overrides: Vec<Override>,
}

#[derive(Deserialize)]
struct Ignored {
    id: Spanned<String>,
    #[serde(rename = "ignoreUntil")]
    until: Option<toml::Value>,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Override {
    name: Option<Spanned<String>>,
    version: Option<String>,
    ecosystem: Option<String>,
    #[serde(default)]
    ignore: bool,
    vulnerability: Option<Vulnerability>,
    #[serde(rename = "effectiveUntil")]
    until: Option<toml::Value>,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Vulnerability {
    #[serde(default)]
    ignore: bool,
}

pub(super) fn read(file: &str, text: &str) -> Result<Vec<Waiver>, ImportError> {
    let parsed: File = toml::from_str(text).map_err(|error| ImportError {
        location: Location::line(file, line_of(text, error.span().map_or(0, |s| s.start))),
        message: error.message().to_owned(),
    })?;
    let at = |span: std::ops::Range<usize>| Location::line(file, line_of(text, span.start));
    let mut out: Vec<Waiver> = parsed
        .ignored
        .iter()
        .map(|i| {
            waiver(
                i.id.get_ref(),
                i.reason.as_deref(),
                until(i.until.as_ref()),
                at(i.id.span()),
            )
        })
        .collect();
    for entry in &parsed.overrides {
        let python = entry
            .ecosystem
            .as_deref()
            .is_none_or(|e| e.eq_ignore_ascii_case("PyPI"));
        let ignores = entry.ignore || entry.vulnerability.as_ref().is_some_and(|v| v.ignore);
        let Some(name) = entry.name.as_ref().filter(|_| python && ignores) else {
            continue;
        };
        let Ok(package) = PackageName::new(name.get_ref()) else {
            continue;
        };
        let versions = entry
            .version
            .as_ref()
            .and_then(|v| Specifiers::parse(&format!("=={v}")).ok());
        out.push(Waiver {
            // The override is about flaws; it must not silence a malicious package.
            rule: Some(hognose_types::rules::vuln::ID),
            advisory: None,
            package: Some(package),
            versions,
            origin: WaiverOrigin::Imported,
            ..waiver(
                "",
                entry.reason.as_deref(),
                until(entry.until.as_ref()),
                at(name.span()),
            )
        });
    }
    Ok(out)
}

fn until(value: Option<&toml::Value>) -> Option<jiff::civil::Date> {
    match value? {
        toml::Value::Datetime(date) => day(&date.to_string()),
        toml::Value::String(text) => day(text),
        _ => None,
    }
}
