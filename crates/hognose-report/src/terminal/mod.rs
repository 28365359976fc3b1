//! Text for people: the most urgent package first, the summary on the last line.

mod files;
mod package;
pub(crate) mod page;
mod tail;

use hognose_types::{Decision, Judged, Severity, rules::online};
use page::{Page, Role, Span};

use crate::view::{self, Standing};
use crate::{ScanReport, Style, words};

/// Inputs named on the first lines unless `verbose`.
const INPUTS_SHOWN: usize = 8;

pub(crate) fn render(report: &ScanReport, style: &Style) -> String {
    let mut page = Page::new(style);
    inputs(&mut page, report, style.verbose);
    if let Some(files) = &report.verified {
        files::write(&mut page, files, style.verbose);
    }
    let is_shown =
        |j: &Judged| Standing::of(j) == Standing::Open && (style.verbose || !is_folded(j));
    for package in view::packages(report, is_shown) {
        package::write(&mut page, &package, style.verbose);
    }
    if !style.verbose {
        folded(&mut page, report);
    }
    if style.verbose {
        for (standing, heading) in [
            (Standing::Allowed, "Allowed by the policy"),
            (Standing::Waived, "Waived"),
        ] {
            let packages = view::packages(report, |j| Standing::of(j) == standing);
            if !packages.is_empty() {
                page.heading(heading);
            }
            for package in packages {
                package::write(&mut page, &package, true);
            }
        }
    }
    tail::gaps(&mut page, report, style.verbose);
    tail::notices(&mut page, report);
    if style.verbose {
        tail::database(&mut page, report);
    }
    page.blank();
    let role = tail::summary_role(report);
    page.line(role, &words::summary(report));
    page.finish()
}

/// That there are newer releases is true of most packages on most days: unless a policy makes more of it, a number says
/// enough, and what else is found is not buried.
fn is_folded(judged: &Judged) -> bool {
    judged.finding.rule == online::OUTDATED
        && judged.finding.severity == Severity::None
        && judged.decision == Decision::Warn
}

fn folded(page: &mut Page, report: &ScanReport) {
    let packages = view::packages(report, |j| {
        Standing::of(j) == Standing::Open && is_folded(j)
    });
    if packages.is_empty() {
        return;
    }
    let (count, have) = (
        words::plural(packages.len(), "package"),
        packages.len() == 1,
    );
    let have = if have { "has" } else { "have" };
    let text = format!("{count} {have} newer releases (--verbose lists them)");
    page.blank();
    page.write_after(
        "outdated:",
        Role::Dim,
        0,
        10,
        &[Span::text(Role::Plain, text)],
    );
}

fn inputs(page: &mut Page, report: &ScanReport, verbose: bool) {
    let inventory = &report.inventory;
    let shown = if verbose { usize::MAX } else { INPUTS_SHOWN };
    for input in inventory.inputs.iter().take(shown) {
        page.write(
            0,
            5,
            &[
                Span::text(Role::Dim, "read".into()),
                Span::keep(Role::Plain, crate::escape::plain(&input.path)),
                Span::text(Role::Dim, format!("({})", input.format.label())),
            ],
        );
    }
    let more = inventory.inputs.len().saturating_sub(shown);
    if more > 0 {
        page.write(0, 5, &[Span::text(Role::Dim, format!("read {more} more"))]);
    }
    if verbose {
        for skipped in &inventory.skipped {
            page.write(
                0,
                8,
                &[
                    Span::text(Role::Dim, "ignored".into()),
                    Span::keep(Role::Plain, crate::escape::plain(&skipped.path)),
                    Span::text(
                        Role::Dim,
                        format!("({})", crate::escape::plain(&skipped.reason)),
                    ),
                ],
            );
        }
    } else if !inventory.skipped.is_empty() {
        let count = words::plural(inventory.skipped.len(), "file");
        let text = format!("ignored {count} (--verbose says which and why)");
        page.write(0, 5, &[Span::text(Role::Dim, text)]);
    }
}
