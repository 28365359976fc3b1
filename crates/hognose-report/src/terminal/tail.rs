//! After the findings: gaps, notices, the database.

use hognose_types::Decision;

use super::page::{Page, Role, Span};
use crate::escape::plain;
use crate::{ScanReport, view, words};

/// Gaps shown per rule unless `verbose`.
const GAPS_SHOWN: usize = 10;

pub(super) fn gaps(page: &mut Page, report: &ScanReport, verbose: bool) {
    let shown = if verbose { usize::MAX } else { GAPS_SHOWN };
    for (rule, gaps) in view::gaps_by_rule(report.gaps.iter().filter(|g| verbose || !g.allowed)) {
        let title = rule
            .meta()
            .map_or("could not be checked", |meta| meta.title);
        page.blank();
        page.write(
            0,
            4,
            &[
                Span::text(Role::Strong, "Not checked:".into()),
                Span::text(Role::Plain, title.to_owned()),
                Span::keep(Role::Dim, format!("({})", rule.as_str())),
            ],
        );
        for gap in gaps.iter().take(shown) {
            let mut spans = vec![Span::keep(Role::Plain, words::gap(&gap.gap))];
            if !gap.gap.groups.is_empty() {
                let groups: Vec<String> = gap.gap.groups.iter().map(|g| plain(g)).collect();
                spans.push(Span::text(
                    Role::Dim,
                    format!("(group {})", groups.join(", ")),
                ));
            }
            if gap.allowed {
                spans.push(Span::text(Role::Dim, "(allowed)".into()));
            }
            page.write(2, 4, &spans);
        }
        let more = gaps.len().saturating_sub(shown);
        if more > 0 {
            let number = words::thousands(more as u64);
            let text = format!("… and {number} more (--verbose or --format json)");
            page.write(2, 4, &[Span::text(Role::Dim, text)]);
        }
        for hint in words::hints(&gaps) {
            page.write_after("hint:", Role::Good, 2, 8, &[Span::text(Role::Plain, hint)]);
        }
    }
}

pub(super) fn notices(page: &mut Page, report: &ScanReport) {
    if !report.notices.is_empty() {
        page.blank();
    }
    for notice in &report.notices {
        let mut text = plain(&notice.message);
        if let Some(location) = &notice.location {
            text = format!("{}: {text}", words::place(location));
        }
        page.write_after("note:", Role::Dim, 0, 6, &[Span::keep(Role::Plain, text)]);
    }
}

pub(super) fn database(page: &mut Page, report: &ScanReport) {
    let Some(database) = &report.database else {
        return;
    };
    page.heading("Advisory database");
    let text = format!(
        "revision {}, built {}",
        plain(&database.revision),
        plain(&database.built)
    );
    page.write(2, 4, &[Span::keep(Role::Plain, text)]);
    for feed in &database.feeds {
        let date = feed.date.as_deref().map(|d| format!(" of {}", plain(d)));
        let text = format!(
            "{}: {}{}, {}",
            plain(&feed.name),
            words::plural(
                usize::try_from(feed.records).unwrap_or(usize::MAX),
                "record"
            ),
            date.unwrap_or_default(),
            plain(&feed.location)
        );
        page.write(2, 4, &[Span::keep(Role::Plain, text)]);
    }
}

pub(super) fn summary_role(report: &ScanReport) -> Role {
    match report.verdict.decision {
        Decision::Block => Role::Bad,
        Decision::Warn => Role::Strong,
        Decision::Allow if !report.verdict.complete || !report.verdict.anything_checked => {
            Role::Strong
        }
        Decision::Allow => Role::Good,
    }
}
