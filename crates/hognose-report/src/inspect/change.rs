//! What a release adds to an older one, as text for people.

use super::{InspectBand, InspectChange, terminal, words};
use crate::escape::{plain, plain_short};
use crate::terminal::page::{Page, Role, Span};
use crate::words::thousands;

/// Names shown per list unless `verbose`.
const NAMES_SHOWN: usize = 8;
/// New facts shown unless `verbose`.
const FACTS_SHOWN: usize = 8;
/// Longest value of a metadata field shown, in characters.
const VALUE_MAX: usize = 120;

pub(super) fn write(page: &mut Page, change: &InspectChange, verbose: bool) {
    page.blank();
    page.write_after(
        "change",
        Role::Strong,
        2,
        9,
        &[
            Span::text(
                terminal::role(change.band),
                format!("{} {}", change.band.as_str(), words::score(change.score)),
            ),
            Span::text(Role::Plain, words::change(change)),
        ],
    );
    let names = if verbose { usize::MAX } else { NAMES_SHOWN };
    for list in &change.lists {
        let signs = [("new", &list.new), ("gone", &list.gone)];
        for (word, entries) in signs.into_iter().filter(|(_, e)| !e.is_empty()) {
            let mut shown: Vec<String> = entries
                .iter()
                .take(names)
                .map(|n| plain_short(n, VALUE_MAX))
                .collect();
            let more = entries.len().saturating_sub(names);
            if more > 0 {
                shown.push(format!("{} more", thousands(more as u64)));
            }
            let head = format!("{word} {}:", list.what);
            page.write(
                4,
                6,
                &[
                    Span::text(Role::Dim, head),
                    Span::keep(Role::Plain, shown.join(", ")),
                ],
            );
        }
    }
    for field in &change.fields {
        let text = format!(
            "{}: {} → {}",
            field.name,
            shown(&field.old),
            shown(&field.new)
        );
        page.write(4, 6, &[Span::text(Role::Plain, text)]);
    }
    if change.band > InspectBand::Nothing || verbose {
        terminal::rules(page, &change.rules.iter().collect::<Vec<_>>(), verbose);
    }
    facts(page, change, verbose);
}

/// New facts that no shown rule has named already.
fn facts(page: &mut Page, change: &InspectChange, verbose: bool) {
    let limit = if verbose { usize::MAX } else { FACTS_SHOWN };
    if change.facts.is_empty() || (change.band > InspectBand::Nothing && !verbose) {
        return;
    }
    page.blank();
    page.write(4, 6, &[Span::text(Role::Dim, "new facts".into())]);
    for fact in change.facts.iter().take(limit) {
        terminal::evidence(page, fact);
    }
    let more = change.facts.len().saturating_sub(limit);
    if more > 0 {
        let text = format!(
            "… and {} more (--verbose or --format json)",
            thousands(more as u64)
        );
        page.write(
            terminal::TEXT,
            terminal::TEXT,
            &[Span::text(Role::Dim, text)],
        );
    }
}

fn shown(value: &str) -> String {
    if value.trim().is_empty() {
        return "nothing".to_owned();
    }
    plain(&plain_short(value, VALUE_MAX))
}
