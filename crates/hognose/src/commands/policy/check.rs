//! `hognose policy check`: what is wrong with a configuration, and what will be soon.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use hognose_policy::{Config, ConfigError, ConfigFile, Waiver};
use hognose_types::text;
use jiff::civil::Date;

use crate::error::Failure;
use crate::exit::Exit;
use crate::output;
use crate::settings;
use crate::surroundings::Surroundings;

/// A waiver that ends sooner than this is said to.
const SOON: i64 = 14;

pub(super) fn run(files: &[PathBuf], surroundings: &Surroundings) -> Result<Exit, Failure> {
    let found;
    let files = if files.is_empty() {
        found = settings::place(Path::new("."));
        found.as_slice()
    } else {
        files
    };
    if files.is_empty() {
        output::human(
            "there is no hognose.toml here or above, and no pyproject.toml with [tool.hognose]",
        );
        return Ok(Exit::Nothing);
    }
    let mut wrong = false;
    for path in files {
        let (kind, text) = settings::text(path)?;
        let name = path.display().to_string();
        match Config::parse(&name, &text, kind) {
            Err(error) => {
                wrong = true;
                output::data(&pointed(&error, &text))?;
            }
            Ok(None) => output::data(&format!("{name}: no [tool.hognose] table\n"))?,
            Ok(Some(config)) => output::data(&good(&name, kind, &config, surroundings.today()))?,
        }
    }
    Ok(if wrong { Exit::Usage } else { Exit::Clean })
}

/// An error with its line, and a mark below the place.
fn pointed(error: &ConfigError, text: &str) -> String {
    let number = error.location.line.unwrap_or(1);
    let line = text.lines().nth(number as usize - 1).unwrap_or_default();
    let margin = " ".repeat(number.to_string().len());
    // What stands before the place, as wide as it is shown.
    let before: String = line.chars().take(error.column as usize - 1).collect();
    let shown = text::line(line);
    let indent = " ".repeat(text::line(&before).chars().count());
    let mut out = format!(
        "{}:{}: error: {}\n{margin} |\n{number} | {shown}\n{margin} | {indent}^\n",
        error.location,
        error.column,
        text::line(&error.message)
    );
    if let Some(hint) = &error.hint {
        let _ = writeln!(out, "hint: {hint}");
    }
    out
}

/// What a sound configuration holds, and what will not be sound for long.
fn good(name: &str, kind: ConfigFile, config: &Config, today: Date) -> String {
    let mut out = String::new();
    let waivers = &config.policy.waivers;
    let mut warn = |place: &str, message: String| {
        let _ = writeln!(out, "{place}: warning: {message}");
    };
    for waiver in waivers {
        if let Some(message) = ending(waiver, today) {
            warn(&waiver.location.to_string(), message);
        }
    }
    for (at, waiver) in waivers.iter().enumerate() {
        let same = |other: &&Waiver| {
            other.label() == waiver.label()
                && other.rule == waiver.rule
                && other.versions.is_none()
                && waiver.versions.is_none()
        };
        if let Some(first) = waivers.iter().take(at).find(same) {
            let message = format!("{} is waived already at {}", waiver.label(), first.location);
            warn(&waiver.location.to_string(), message);
        }
    }
    let gateway = &config.gateway;
    for entry in &gateway.allow {
        let denied = gateway.deny.iter().find(|d| d.package == entry.package);
        if let Some(denied) = denied.filter(|d| d.versions.is_none()) {
            let name = denied.package.as_str();
            warn(
                name,
                format!("{name} is on `allow` and on `deny`: `deny` counts"),
            );
        }
    }
    let rules = config.policy.rules.len();
    let table = if kind == ConfigFile::Pyproject {
        " [tool.hognose]"
    } else {
        ""
    };
    let _ = writeln!(
        out,
        "{name}{table}: ok (fail-on {}, {rules} rules set, {} waivers, {} upstreams)",
        config.policy.fail_on.as_str(),
        waivers.len(),
        gateway.upstreams.len()
    );
    out
}

fn ending(waiver: &Waiver, today: Date) -> Option<String> {
    let last = waiver.expires?;
    let left = today.until(last).ok()?.get_days();
    let label = waiver.label();
    if !waiver.holds_on(today) {
        return Some(format!("the waiver for {label} ended on {last}"));
    }
    (i64::from(left) <= SOON).then(|| format!("the waiver for {label} ends on {last}"))
}
