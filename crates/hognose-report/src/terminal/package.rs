//! One package: where it comes from, then its findings.

use hognose_types::{AdvisoryEvidence, Judged, MatchBasis, Occurrence};

use super::page::{Page, Role, Span};
use crate::escape::{link, plain, plain_block, plain_short};
use crate::view::{self, Package};
use crate::words;

/// Findings shown per package unless `verbose`: a package with hundreds must not bury the others.
const FINDINGS_SHOWN: usize = 7;
/// Places shown per package unless `verbose`.
const PLACES_SHOWN: usize = 4;
/// Column at which the text of a finding starts.
const TEXT: usize = 13;
/// Longest summary shown, in characters.
const SUMMARY_MAX: usize = 300;

pub(super) fn write(page: &mut Page, package: &Package<'_>, verbose: bool) {
    page.blank();
    let count = words::plural(package.findings.len(), "finding");
    page.write(
        0,
        4,
        &[
            Span::keep(Role::Strong, plain(&package.label())),
            Span::text(Role::Dim, format!("({count})")),
        ],
    );
    let places = if verbose { usize::MAX } else { PLACES_SHOWN };
    for occurrence in package.occurrences.iter().take(places) {
        place(page, occurrence);
    }
    let more = package.occurrences.len().saturating_sub(places);
    if more > 0 {
        let text = format!("… and {} more places", words::thousands(more as u64));
        page.write(2, 4, &[Span::text(Role::Dim, text)]);
    }
    let shown = if verbose { usize::MAX } else { FINDINGS_SHOWN };
    for judged in package.findings.iter().take(shown) {
        finding(page, judged, verbose);
    }
    let more = package.findings.len().saturating_sub(shown);
    if more > 0 {
        let number = words::thousands(more as u64);
        let text = format!("… and {number} more (--verbose or --format json)");
        page.write(2, 4, &[Span::text(Role::Dim, text)]);
    }
}

fn place(page: &mut Page, occurrence: &Occurrence) {
    let place = words::place(&occurrence.location);
    let spans = [Span::keep(
        Role::Plain,
        place + &words::provenance(occurrence),
    )];
    page.write_after("at", Role::Dim, 2, 7, &spans);
    if let Some(edit) = &occurrence.edit {
        let spans = [Span::keep(Role::Plain, words::place(edit))];
        page.write_after("edit", Role::Dim, 2, 7, &spans);
    }
}

fn finding(page: &mut Page, judged: &Judged, verbose: bool) {
    let finding = &judged.finding;
    let mut head = vec![Span::keep(Role::Strong, plain(view::finding_id(finding)))];
    if let Some(alias) = finding.advisory.as_ref().and_then(view::well_known_alias) {
        head.push(Span::keep(Role::Plain, format!("({})", plain(alias))));
    }
    if finding.remedy.version.is_some() {
        head.push(Span::keep(Role::Good, words::fix(finding)));
    }
    let severity = finding.severity;
    page.write_after(severity.as_str(), Role::Severity(severity), 2, TEXT, &head);
    let summary = plain_short(view::title(finding), SUMMARY_MAX);
    page.write(TEXT, TEXT, &[Span::text(Role::Plain, summary)]);
    let facts = words::facts(finding);
    if !facts.is_empty() {
        page.write(TEXT, TEXT, &[Span::text(Role::Dim, facts.join(", "))]);
    }
    if let Some(text) = words::disagreement(finding) {
        page.write(TEXT, TEXT, &[Span::keep(Role::Dim, text)]);
    }
    if finding.remedy.version.is_none() || verbose {
        let text = format!("do: {}", plain(&finding.remedy.text));
        page.write(TEXT, TEXT, &[Span::text(Role::Plain, text)]);
    }
    if let Some(waiver) = &judged.waiver {
        let mut text = format!("waived: {}", plain(&waiver.reason));
        if let Some(expires) = &waiver.expires {
            text.push_str(&format!(", until {}", plain(expires)));
        }
        if let Some(owner) = &waiver.owner {
            text.push_str(&format!(", by {}", plain(owner)));
        }
        text.push_str(&format!(" ({})", words::place(&waiver.location)));
        page.write(TEXT, TEXT, &[Span::text(Role::Plain, text)]);
    }
    if verbose {
        details(page, judged);
    }
}

fn details(page: &mut Page, judged: &Judged) {
    let text = |page: &mut Page, text: String| {
        page.write(TEXT, TEXT, &[Span::keep(Role::Dim, text)]);
    };
    text(page, format!("decision: {}", plain(&judged.because)));
    let Some(advisory) = &judged.finding.advisory else {
        return;
    };
    if !advisory.aliases.is_empty() {
        let aliases: Vec<String> = advisory.aliases.iter().map(|a| plain(a)).collect();
        text(page, format!("also known as {}", aliases.join(", ")));
    }
    for found in &advisory.matches {
        text(
            page,
            format!(
                "matched by {}: {}",
                plain(&found.record),
                basis(&found.basis)
            ),
        );
    }
    for record in &advisory.records {
        let date = record.modified.as_ref().or(record.published.as_ref());
        let date = date.map(|d| format!(", {}", plain(d))).unwrap_or_default();
        text(
            page,
            format!(
                "source: {} ({}{date})",
                plain(&record.id),
                plain(&record.feed)
            ),
        );
    }
    for reference in &advisory.references {
        text(
            page,
            link(&reference.url).unwrap_or_else(|| plain(&reference.url)),
        );
    }
    description(page, advisory);
}

fn description(page: &mut Page, advisory: &AdvisoryEvidence) {
    for line in plain_block(&advisory.details).lines() {
        page.write(TEXT, TEXT, &[Span::text(Role::Plain, plain(line))]);
    }
}

/// The part of a record that covers the version, in words.
pub(super) fn basis(basis: &MatchBasis) -> String {
    match basis {
        MatchBasis::Listed => "listed by version".to_owned(),
        MatchBasis::Range {
            introduced,
            fixed,
            last_affected,
        } => {
            let from = introduced.as_deref().map_or_else(
                || "every version".to_owned(),
                |v| format!("from {}", plain(v)),
            );
            match (fixed, last_affected) {
                (Some(fixed), _) => format!("{from} before {}", plain(fixed)),
                (None, Some(last)) => format!("{from} up to {}", plain(last)),
                (None, None) => from,
            }
        }
    }
}
