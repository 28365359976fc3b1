//! `.safety-policy.yml` of Safety 2 (`security.ignore-vulnerabilities`) and 3 (`report.dependency-vulnerabilities…`).

use hognose_types::Location;
use serde_json::Value;

use super::{ImportError, day, waiver};
use crate::Waiver;

pub(super) fn read(file: &str, text: &str) -> Result<Vec<Waiver>, ImportError> {
    let value = hognose_advisories::yaml::parse(text).map_err(|error| ImportError {
        location: Location::file(file),
        message: error.to_string(),
    })?;
    let version_2 = value.pointer("/security/ignore-vulnerabilities");
    let version_3 =
        value.pointer("/report/dependency-vulnerabilities/auto-ignore-in-report/vulnerabilities");
    let lists = [version_2, version_3]
        .into_iter()
        .flatten()
        .filter_map(Value::as_object);
    Ok(lists
        .flatten()
        .map(|(id, entry)| one(file, text, id, entry))
        .collect())
}

fn one(file: &str, text: &str, id: &str, entry: &Value) -> Waiver {
    let field = |name: &str| entry.get(name).and_then(Value::as_str);
    let line = text.lines().position(|l| {
        l.trim_start()
            .trim_start_matches(['"', '\''])
            .starts_with(id)
    });
    let location = line.map_or_else(
        || Location::file(file),
        |at| Location::line(file, at as u32 + 1),
    );
    // Safety numbers its own records; other tools know them by their advisory ids only. A number that matches
    // nothing is warned about like every waiver.
    waiver(
        id,
        field("reason"),
        field("expires").and_then(day),
        location,
    )
}
