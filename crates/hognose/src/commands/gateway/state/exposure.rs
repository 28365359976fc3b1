//! `hognose gateway exposure`: who was sent a file.

use std::fmt::Write as _;

use hognose_report::plain;
use hognose_store::{Exposure, Subject};
use hognose_types::{Version, text};

use super::{look, moment, nothing};
use crate::cli::{ExposureArgs, ExposureFormat};
use crate::commands::inspect::Wanted;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output;
use crate::surroundings::Surroundings;

/// Most lines of an answer.
const MOST: usize = 100_000;
/// The version of the JSON document.
const SCHEMA: u32 = 1;

pub(super) fn run(args: &ExposureArgs, surroundings: &Surroundings) -> Result<Exit, Failure> {
    let (subject, version) = subject(&args.what)?;
    let (place, store) = look(&args.state, surroundings)?;
    let Some(store) = store else {
        return Ok(nothing(&place));
    };
    let mut found = store.exposure(&subject, MOST + 1)?;
    let more = found.len() > MOST;
    found.truncate(MOST);
    if let Some(wanted) = version {
        found.retain(|exposure| is(exposure, &wanted));
    }
    match args.format {
        ExposureFormat::Json => {
            let document = serde_json::json!({
                "schema": SCHEMA,
                "complete": !more,
                "exposures": found,
            });
            let text = hognose_report::json_line(&document)
                .map_err(|e| Failure::incomplete("the answer is no JSON").because(&e))?;
            output::data(&text)?;
        }
        ExposureFormat::Terminal => output::data(&table(&found))?,
    }
    if more {
        output::warning(&format!(
            "there are more than {MOST} lines: the latest are left out"
        ));
        return Ok(Exit::Incomplete);
    }
    if found.is_empty() {
        output::human("nobody was sent it, as far as the audit log goes back");
        return Ok(Exit::Nothing);
    }
    Ok(Exit::Clean)
}

fn subject(what: &str) -> Result<(Subject, Option<Version>), Failure> {
    if what.len() == 64 && what.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok((Subject::Sha256(what.to_ascii_lowercase()), None));
    }
    let wanted = Wanted::parse(what).ok_or_else(|| {
        let shown = text::short(what, 80);
        Failure::usage(format!("{shown:?} is neither a sha256 nor a release"))
            .hint("write 64 hexadecimal digits, NAME or NAME==VERSION")
    })?;
    let project = Subject::Project(wanted.name.as_str().to_owned());
    Ok((project, wanted.version))
}

/// Whether it is this version, however it is written: 1.0 is 1.0.0.
fn is(exposure: &Exposure, wanted: &Version) -> bool {
    let version = exposure.version.as_deref().map(Version::new);
    matches!(version, Some(Ok(version)) if version.key() == wanted.key())
}

fn table(found: &[Exposure]) -> String {
    let mut out = String::new();
    let Some(longest) = found.iter().map(|e| client(e).chars().count()).max() else {
        return out;
    };
    let width = longest.clamp("client".len(), 40);
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "{:<width$}  {:<20}  {:<20}  {:>5}  file",
        "client", "first", "last", "times"
    );
    for exposure in found {
        let _ = writeln!(
            out,
            "{:<width$}  {:<20}  {:<20}  {:>5}  {}",
            client(exposure),
            moment(exposure.first),
            moment(exposure.last),
            exposure.times,
            plain(exposure.filename.as_deref().unwrap_or("-")),
        );
        if let Some(sha256) = &exposure.sha256 {
            let _ = writeln!(out, "{:<width$}  sha256 {}", "", plain(sha256));
        }
    }
    out
}

fn client(exposure: &Exposure) -> String {
    plain(exposure.client.as_deref().unwrap_or("-"))
}
