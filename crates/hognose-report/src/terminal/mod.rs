//! Text for people: the most urgent package first, the summary on the last line.

mod package;
pub(crate) mod page;
mod tail;

use page::{Page, Role, Span};

use crate::view::{self, Standing};
use crate::{ScanReport, Style, words};

/// Inputs named on the first lines unless `verbose`.
const INPUTS_SHOWN: usize = 8;

pub(crate) fn render(report: &ScanReport, style: &Style) -> String {
    let mut page = Page::new(style);
    inputs(&mut page, report, style.verbose);
    for package in view::open_packages(report) {
        package::write(&mut page, &package, style.verbose);
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
