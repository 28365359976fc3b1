//! Phrases that the formats share. Everything returned is safe for one line.

use super::{
    InspectBand, InspectChange, InspectEvidence, InspectReport, InspectRule, InspectedArtifact,
};
use crate::escape::{plain, plain_block, plain_short};
use crate::words::{plural, thousands};

/// Longest evidence shown to people, in characters.
pub(super) const DETAIL_MAX: usize = 200;

/// Lines of evidence shown to people.
const LINES_MAX: usize = 4;

/// Name, column heading and phrase of each trigger, most automatic first.
pub(super) const TRIGGERS: [(&str, &str, &str); 6] = [
    ("install", "install", "when it is built or installed"),
    ("startup", "start-up", "at every start of Python"),
    ("import", "import", "when it is imported"),
    ("entry-point", "command", "when its command is started"),
    ("call", "call", "when a function is called"),
    ("test", "tests", "in its tests, documents or examples"),
];

/// `when it is imported`.
pub(super) fn trigger(name: &str) -> &'static str {
    let found = TRIGGERS.iter().find(|(known, ..)| *known == name);
    found.map_or("", |(_, _, phrase)| phrase)
}

/// A rule's title and what makes it happen, unless the title says so itself.
pub(super) fn title(rule: &InspectRule) -> String {
    let mut out = plain(&rule.title);
    if let Some(name) = rule.trigger {
        let said = match name {
            "install" => "install",
            "startup" => "every start",
            "import" => "import",
            _ => "\0",
        };
        if !out.contains(said) {
            out.push_str(", ");
            out.push_str(trigger(name));
        }
    }
    out
}

/// What a group of facts is about, as the head of a row.
pub(super) fn group(name: &str) -> &str {
    match name {
        "process" => "processes",
        "code" => "code made at run time",
        "decode" => "decoding",
        "collection" => "reading secrets",
        "evasion" => "hiding",
        "flow" => "data flows",
        "hook" => "hooks",
        "binary" => "binaries, scripts",
        other => other,
    }
}

/// `name version`, else the file's name.
pub(super) fn label(artifact: &InspectedArtifact) -> String {
    let name = artifact.name.trim();
    if name.is_empty() {
        let file = artifact.path.trim_end_matches(['/', '\\']);
        let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
        return plain_short(file, 120);
    }
    let mut out = plain_short(name, 120);
    if !artifact.version.trim().is_empty() {
        out.push(' ');
        out.push_str(&plain_short(&artifact.version, 60));
    }
    out
}

/// `99.8/100`.
pub(super) fn score(score: f64) -> String {
    format!("{score:.1}/100")
}

/// `pkg/__init__.py:14`, or words for the artifact as a whole.
pub(super) fn place(evidence: &InspectEvidence) -> String {
    match (evidence.file.as_str(), evidence.line) {
        ("", _) => "the artifact".to_owned(),
        (file, 0) => plain(file),
        (file, line) => format!("{}:{line}", plain(file)),
    }
}

/// `inside base64, zlib`.
pub(super) fn layers(evidence: &InspectEvidence) -> Option<String> {
    let layers = &evidence.layers;
    if layers.is_empty() {
        return None;
    }
    let shown: Vec<&str> = layers.iter().take(6).copied().collect();
    let more = layers.len().saturating_sub(shown.len());
    let rest = if more > 0 {
        format!(" and {more} more layers")
    } else {
        String::new()
    };
    Some(format!("inside {}{rest}", shown.join(", ")))
}

/// The decoded text, cut.
pub(super) fn detail(evidence: &InspectEvidence) -> String {
    plain_short(&evidence.detail, DETAIL_MAX)
}

/// The first lines of the decoded text, each cut.
pub(super) fn detail_lines(evidence: &InspectEvidence) -> Vec<String> {
    let text = plain_block(&evidence.detail);
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    let mut out: Vec<String> = lines
        .iter()
        .take(LINES_MAX)
        .map(|line| plain_short(line, DETAIL_MAX))
        .collect();
    if lines.len() > LINES_MAX {
        out.push("…".to_owned());
    }
    out
}

/// `3 artifacts: 1 malicious, 2 nothing`.
pub(super) fn summary(report: &InspectReport) -> String {
    let total = report.artifacts.len();
    if total == 0 {
        return "nothing to inspect".to_owned();
    }
    let read = |a: &&InspectedArtifact| a.failure.is_none();
    let mut parts: Vec<String> = InspectBand::ALL
        .into_iter()
        .filter_map(|band| {
            let count = report
                .artifacts
                .iter()
                .filter(read)
                .filter(|a| a.worst() == band)
                .count();
            let word = match band {
                InspectBand::Nothing => "with nothing found",
                other => other.as_str(),
            };
            (count > 0).then(|| format!("{} {word}", thousands(count as u64)))
        })
        .collect();
    let failed = report
        .artifacts
        .iter()
        .filter(|a| a.failure.is_some())
        .count();
    if failed > 0 {
        parts.push(format!("{} not read", thousands(failed as u64)));
    }
    let mut out = format!("{}: {}", plural(total, "artifact"), parts.join(", "));
    let partly = report
        .artifacts
        .iter()
        .filter(read)
        .filter(|a| !a.is_complete())
        .count();
    if partly > 0 {
        out.push_str(&format!(
            ", {} not analysed in full",
            thousands(partly as u64)
        ));
    }
    if !report.is_complete() {
        out.push_str(": incomplete");
    }
    out
}

/// `since 1.0: 3 new facts, 1 new start-up hook, 2 new dependencies`.
pub(super) fn change(change: &InspectChange) -> String {
    let since = if change.old_version.is_empty() {
        plain_short(&change.old_path, 120)
    } else {
        plain_short(&change.old_version, 60)
    };
    let mut parts = Vec::new();
    if !change.facts.is_empty() {
        parts.push(counted(change.facts.len(), "new facts"));
    }
    for list in change.lists.iter().filter(|l| !l.new.is_empty()) {
        parts.push(counted(list.new.len(), &format!("new {}", list.what)));
    }
    if change.gone > 0 {
        parts.push(format!("{} gone", counted(change.gone, "facts")));
    }
    if parts.is_empty() {
        parts.push("nothing new".to_owned());
    }
    format!("since {since}: {}", parts.join(", "))
}

/// A count and its noun, which is given in the plural.
fn counted(count: usize, nouns: &str) -> String {
    let noun = match (count, nouns.strip_suffix("ies"), nouns.strip_suffix('s')) {
        (1, Some(stem), _) => format!("{stem}y"),
        (1, None, Some(stem)) => stem.to_owned(),
        _ => nouns.to_owned(),
    };
    format!("{} {noun}", thousands(count as u64))
}
