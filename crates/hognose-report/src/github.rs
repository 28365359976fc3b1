//! GitHub workflow annotations: one per package and place, because a job shows only the first ten
//! of each level.

use hognose_types::{Decision, Location};

use crate::escape::{plain, plain_short};
use crate::view::{self, Package};
use crate::{ScanReport, words};

/// Findings named in one annotation.
const FINDINGS_SHOWN: usize = 10;
/// Longest summary of one finding, in characters.
const SUMMARY_MAX: usize = 200;

pub(crate) fn render(report: &ScanReport) -> String {
    let mut out = String::new();
    for package in view::open_packages(report) {
        let level = if package
            .findings
            .iter()
            .any(|j| j.decision == Decision::Block)
        {
            "error"
        } else {
            "warning"
        };
        let title = format!(
            "{}: {}",
            package.label(),
            words::plural(package.findings.len(), "finding")
        );
        let body = body(&package);
        for place in places(&package) {
            command(&mut out, level, Some(place), &title, &body);
        }
    }
    for gap in report.gaps.iter().filter(|g| !g.allowed) {
        let title = gap.gap.rule.meta().map_or("not checked", |m| m.title);
        let mut body = plain(&gap.gap.message);
        if let Some(hint) = &gap.gap.hint {
            body.push_str("\nhint: ");
            body.push_str(&plain(hint));
        }
        let subject = format!("{}: not checked: {title}", plain(&gap.gap.subject));
        command(
            &mut out,
            "warning",
            gap.gap.location.as_ref(),
            &subject,
            &body,
        );
    }
    for notice in &report.notices {
        let body = plain(&notice.message);
        command(
            &mut out,
            "notice",
            notice.location.as_ref(),
            "Hognose",
            &body,
        );
    }
    command(&mut out, "notice", None, "Hognose", &words::summary(report));
    out
}

/// Distinct places, the line to edit where there is one.
fn places<'a>(package: &Package<'a>) -> Vec<&'a Location> {
    let mut out: Vec<&Location> = Vec::new();
    for occurrence in &package.occurrences {
        let place = occurrence.edit.as_ref().unwrap_or(&occurrence.location);
        if !out.contains(&place) {
            out.push(place);
        }
    }
    out
}

fn body(package: &Package<'_>) -> String {
    let mut lines = Vec::new();
    for judged in package.findings.iter().take(FINDINGS_SHOWN) {
        let finding = &judged.finding;
        let mut line = format!(
            "{} {}",
            finding.severity.as_str(),
            plain(view::finding_id(finding))
        );
        if let Some(alias) = finding.advisory.as_ref().and_then(view::well_known_alias) {
            line.push_str(&format!(" ({})", plain(alias)));
        }
        let summary = plain_short(view::title(finding), SUMMARY_MAX);
        line.push_str(&format!(": {summary}; {}", words::fix(finding)));
        lines.push(line);
    }
    let more = package.findings.len().saturating_sub(FINDINGS_SHOWN);
    if more > 0 {
        lines.push(format!("… and {} more", words::thousands(more as u64)));
    }
    let via = package.occurrences.iter().find(|o| o.path.len() > 1);
    if let Some(via) = via.and_then(|o| words::via(o)) {
        lines.push(via);
    }
    lines.join("\n")
}

fn command(out: &mut String, level: &str, place: Option<&Location>, title: &str, body: &str) {
    out.push_str("::");
    out.push_str(level);
    out.push(' ');
    if let Some(place) = place {
        out.push_str(&format!("file={},", property(&plain(&place.file))));
        if let Some(line) = place.line {
            out.push_str(&format!("line={line},"));
        }
    }
    out.push_str(&format!("title={}::{}\n", property(title), data(body)));
}

/// Escapes the message of a workflow command.
fn data(raw: &str) -> String {
    raw.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes a property of a workflow command.
fn property(raw: &str) -> String {
    data(raw).replace(':', "%3A").replace(',', "%2C")
}
