//! uv's `[tool.uv.audit]`: `ignore` and `ignore-until-fixed`.

use hognose_types::Location;
use serde::Deserialize;
use toml::Spanned;

use super::{ImportError, line_of, waiver};
use crate::Waiver;

#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    tool: Tool,
    audit: Audit,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tool {
    uv: Uv,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Uv {
    audit: Audit,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Audit {
    ignore: Vec<Spanned<String>>,
    ignore_until_fixed: Vec<Spanned<String>>,
}

pub(super) fn read(file: &str, text: &str) -> Result<Vec<Waiver>, ImportError> {
    let parsed: File = toml::from_str(text).map_err(|error| ImportError {
        location: Location::line(file, line_of(text, error.span().map_or(0, |s| s.start))),
        message: error.message().to_owned(),
    })?;
    let at = |id: &Spanned<String>| Location::line(file, line_of(text, id.span().start));
    let mut out = Vec::new();
    for audit in [&parsed.tool.uv.audit, &parsed.audit] {
        out.extend(
            audit
                .ignore
                .iter()
                .map(|id| waiver(id.get_ref(), Some("ignored for uv audit"), None, at(id))),
        );
        let reason = Some("ignored for uv audit until a fixed version exists");
        out.extend(
            audit
                .ignore_until_fixed
                .iter()
                .map(|id| waiver(id.get_ref(), reason, None, at(id))),
        );
    }
    Ok(out)
}
