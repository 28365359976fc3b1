//! Text for people: one verdict line per artifact, what decided, what the code can do; the summary on the last line.

use hognose_types::Severity;
use unicode_width::UnicodeWidthStr as _;

use super::{
    InspectBand, InspectEvidence, InspectReport, InspectRule, InspectedArtifact, change, words,
};
use crate::Style;
use crate::escape::plain;
use crate::terminal::page::{Page, Role, Span};
use crate::words::{plural, thousands};

/// Rules shown per artifact unless `verbose`.
const RULES_SHOWN: usize = 6;
/// Facts shown per rule unless `verbose`.
const FACTS_SHOWN: usize = 3;
/// Reasons for an incomplete analysis shown per artifact unless `verbose`.
const UNREAD_SHOWN: usize = 5;
/// Column at which the text of a rule starts.
pub(super) const TEXT: usize = 13;

pub(crate) fn render(report: &InspectReport, style: &Style) -> String {
    let mut page = Page::new(style);
    // One artifact is shown whole; of many, those with nothing to say take a line.
    let brief = report.artifacts.len() > 1 && !style.verbose;
    let mut after_block = false;
    for one in &report.artifacts {
        if brief
            && one.failure.is_none()
            && one.worst() == InspectBand::Nothing
            && one.is_complete()
        {
            if after_block {
                page.blank();
            }
            line(&mut page, one);
            after_block = false;
        } else {
            artifact(&mut page, one, style, brief);
            after_block = true;
        }
    }
    skipped(&mut page, report, style.verbose);
    hint(&mut page, report);
    page.blank();
    let role = match (
        report.fails(),
        report.is_complete(),
        report.artifacts.is_empty(),
    ) {
        (true, ..) => Role::Bad,
        (false, true, false) => Role::Good,
        _ => Role::Strong,
    };
    page.line(role, &words::summary(report));
    page.finish()
}

/// The colour of a band; the word stands beside it.
pub(super) fn role(band: InspectBand) -> Role {
    match band {
        InspectBand::Malicious => Role::Severity(Severity::Malicious),
        InspectBand::Suspicious => Role::Bad,
        InspectBand::Notable => Role::Severity(Severity::Medium),
        InspectBand::Nothing => Role::Dim,
    }
}

/// Like [`role`], for a whole verdict: nothing found is good news there.
fn verdict_role(band: InspectBand) -> Role {
    match band {
        InspectBand::Nothing => Role::Good,
        other => role(other),
    }
}

fn line(page: &mut Page, one: &InspectedArtifact) {
    let score = words::score(one.score);
    let spans = [
        Span::text(Role::Dim, score),
        Span::keep(Role::Plain, words::label(one)),
        Span::text(Role::Dim, format!("({})", one.kind)),
    ];
    page.write_after(one.band.as_str(), Role::Dim, 0, 11, &spans);
}

fn artifact(page: &mut Page, one: &InspectedArtifact, style: &Style, brief: bool) {
    page.blank();
    if let Some(failure) = &one.failure {
        let spans = [
            Span::keep(Role::Strong, plain(&one.path)),
            Span::text(Role::Plain, plain(failure)),
        ];
        page.write_after("not read", Role::Bad, 0, 10, &spans);
        return;
    }
    let mut spans = vec![
        Span::text(verdict_role(one.band), words::score(one.score)),
        Span::keep(Role::Strong, words::label(one)),
        Span::text(Role::Dim, format!("({})", one.kind)),
    ];
    if !one.is_complete() {
        spans.push(Span::text(Role::Bad, "not analysed in full".into()));
    }
    page.write_after(
        one.band.as_str(),
        verdict_role(one.band),
        0,
        one.band.as_str().len() + 1,
        &spans,
    );
    page.write_after(
        "at",
        Role::Dim,
        2,
        7,
        &[Span::keep(Role::Plain, plain(&one.path))],
    );
    let size = format!(
        "{}, {} bytes",
        plural(usize::try_from(one.members).unwrap_or(usize::MAX), "file"),
        thousands(one.unpacked_bytes)
    );
    page.write_after("of", Role::Dim, 2, 7, &[Span::text(Role::Dim, size)]);
    if let Some(sha256) = one.sha256.as_deref().filter(|_| style.verbose) {
        page.write(
            2,
            7,
            &[
                Span::text(Role::Dim, "sha256".into()),
                Span::keep(Role::Dim, sha256.to_owned()),
            ],
        );
    }
    if let Some(found) = &one.change {
        change::write(page, found, style.verbose);
    }
    decisive(page, one, style.verbose);
    if !brief || one.band > InspectBand::Notable {
        table(page, one, style);
        remarks(page, one);
    }
    unread(page, one, style.verbose);
}

/// The rules that decided; what the change has shown already is not shown again.
fn decisive(page: &mut Page, one: &InspectedArtifact, verbose: bool) {
    if one.band == InspectBand::Nothing && !verbose {
        return;
    }
    let shown: Vec<&str> = one
        .change
        .iter()
        .filter(|c| c.band > InspectBand::Nothing || verbose)
        .flat_map(|c| c.rules.iter().map(|r| r.id.as_str()))
        .collect();
    let left = one.rules.iter().filter(|r| !shown.contains(&r.id.as_str()));
    rules(page, &left.collect::<Vec<_>>(), verbose);
}

/// Rules with their evidence.
pub(super) fn rules(page: &mut Page, rules: &[&InspectRule], verbose: bool) {
    let shown = if verbose { usize::MAX } else { RULES_SHOWN };
    for rule in rules.iter().take(shown) {
        page.blank();
        one_rule(page, rule, verbose);
    }
    let more = rules.len().saturating_sub(shown);
    if more > 0 {
        let text = format!(
            "… and {} (--verbose or --format json)",
            plural(more, "lighter rule")
        );
        page.write(2, 4, &[Span::text(Role::Dim, text)]);
    }
}

fn one_rule(page: &mut Page, rule: &InspectRule, verbose: bool) {
    let severity = rule.severity;
    page.write_after(
        severity.as_str(),
        Role::Severity(severity),
        2,
        TEXT,
        &[Span::text(Role::Strong, words::title(rule))],
    );
    page.write(
        TEXT,
        TEXT,
        &[Span::keep(
            Role::Dim,
            format!("{}, {:.1} points", plain(&rule.id), rule.counted),
        )],
    );
    let shown = if verbose { usize::MAX } else { FACTS_SHOWN };
    for fact in rule.evidence.iter().take(shown) {
        evidence(page, fact);
    }
}

/// A fact: where, what, and the decoded text.
pub(super) fn evidence(page: &mut Page, fact: &InspectEvidence) {
    let mut spans = vec![
        Span::keep(Role::Plain, words::place(fact)),
        Span::text(Role::Dim, fact.says.to_owned()),
    ];
    if let Some(layers) = words::layers(fact) {
        spans.push(Span::text(Role::Dim, format!("({layers})")));
    }
    page.write(TEXT, TEXT + 2, &spans);
    for line in words::detail_lines(fact) {
        let text = [Span::text(Role::Plain, line)];
        page.write_after("›", Role::Dim, TEXT + 2, TEXT + 4, &text);
    }
}

/// Groups of facts against triggers; rows and columns without any are left out.
fn table(page: &mut Page, one: &InspectedArtifact, style: &Style) {
    if one.capabilities.is_empty() {
        return;
    }
    let columns: Vec<usize> = (0..words::TRIGGERS.len())
        .filter(|at| {
            one.capabilities
                .iter()
                .any(|c| c.counts.get(*at).is_some_and(|n| *n > 0))
        })
        .collect();
    let heading = |at: &usize| {
        words::TRIGGERS
            .get(*at)
            .map_or("", |(_, heading, _)| *heading)
    };
    let first = one
        .capabilities
        .iter()
        .map(|c| words::group(c.group).width())
        .max()
        .unwrap_or(0)
        .max("what it can do".len());
    page.blank();
    let needed = 4
        + first
        + columns
            .iter()
            .map(|at| 2 + heading(at).width().max(5))
            .sum::<usize>();
    if needed > style.width.max(40) {
        return narrow(page, one);
    }
    let mut head = format!("  {:first$}", "what it can do");
    for at in &columns {
        head.push_str(&format!(
            "  {:>width$}",
            heading(at),
            width = heading(at).width().max(5)
        ));
    }
    page.line(Role::Dim, &head);
    for row in &one.capabilities {
        let mut text = format!("  {:first$}", words::group(row.group));
        for at in &columns {
            let width = heading(at).width().max(5);
            let cell = match row.counts.get(*at) {
                Some(0) | None => "·".to_owned(),
                Some(count) => thousands(*count as u64),
            };
            text.push_str(&format!("  {cell:>width$}"));
        }
        page.line(Role::Plain, &text);
    }
}

/// The table as lines, where it is wider than the terminal.
fn narrow(page: &mut Page, one: &InspectedArtifact) {
    for row in &one.capabilities {
        let cells: Vec<String> = words::TRIGGERS
            .iter()
            .zip(row.counts)
            .filter(|(_, count)| *count > 0)
            .map(|((_, heading, _), count)| format!("{heading} {}", thousands(count as u64)))
            .collect();
        let text = format!("{}: {}", words::group(row.group), cells.join(", "));
        page.write(2, 4, &[Span::text(Role::Plain, text)]);
    }
}

fn remarks(page: &mut Page, one: &InspectedArtifact) {
    if !one.remarks.is_empty() {
        let text = format!("it also {}", one.remarks.join(", "));
        page.write(2, 4, &[Span::text(Role::Dim, text)]);
    }
}

fn unread(page: &mut Page, one: &InspectedArtifact, verbose: bool) {
    if one.unread.is_empty() {
        return;
    }
    page.blank();
    page.write(2, 4, &[Span::text(Role::Bad, "Not analysed:".into())]);
    let shown = if verbose { usize::MAX } else { UNREAD_SHOWN };
    for item in one.unread.iter().take(shown) {
        let mut spans = vec![Span::text(Role::Plain, plain(&item.reason))];
        if !item.path.is_empty() {
            spans.insert(
                0,
                Span::keep(Role::Plain, format!("{}:", plain(&item.path))),
            );
        }
        page.write(4, 6, &spans);
    }
    let more = one.unread.len().saturating_sub(shown);
    if more > 0 {
        let text = format!(
            "… and {} more (--verbose or --format json)",
            thousands(more as u64)
        );
        page.write(4, 6, &[Span::text(Role::Dim, text)]);
    }
}

fn skipped(page: &mut Page, report: &InspectReport, verbose: bool) {
    if report.skipped.is_empty() {
        return;
    }
    page.blank();
    let shown = if verbose { usize::MAX } else { UNREAD_SHOWN };
    for item in report.skipped.iter().take(shown) {
        let spans = [
            Span::keep(Role::Plain, plain(&item.path)),
            Span::text(Role::Dim, format!("({})", plain(&item.reason))),
        ];
        page.write_after("left out", Role::Dim, 0, 9, &spans);
    }
    let more = report.skipped.len().saturating_sub(shown);
    if more > 0 {
        let text = format!("left out {more} more (--verbose says which)");
        page.write(0, 9, &[Span::text(Role::Dim, text)]);
    }
}

/// Names the page of the heaviest rule that was shown.
fn hint(page: &mut Page, report: &InspectReport) {
    let worst = report
        .artifacts
        .iter()
        .filter(|a| a.failure.is_none() && a.worst() > InspectBand::Nothing)
        .flat_map(|a| a.rules.iter().chain(a.change.iter().flat_map(|c| &c.rules)))
        .filter(|rule| rule.id.starts_with("HOG-"))
        .max_by(|a, b| {
            a.counted
                .total_cmp(&b.counted)
                .then_with(|| b.id.cmp(&a.id))
        });
    if let Some(rule) = worst {
        page.blank();
        let text = format!(
            "`hognose explain {}` says what it means and what to do",
            plain(&rule.id)
        );
        page.write_after("hint:", Role::Good, 0, 6, &[Span::text(Role::Plain, text)]);
    }
}
