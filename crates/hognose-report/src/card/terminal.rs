//! A card for people: a label and its value on each line, a heading for each question.

use super::{Card, CardFile, CardRelease};
use crate::Style;
use crate::escape::{plain, plain_short};
use crate::terminal::page::{Page, Role, Span};
use crate::words::{plural, thousands};

/// Column at which values start.
const VALUE: usize = 14;
/// Longest text of one value.
const LONG: usize = 300;
/// Most entries of one list, unless `verbose`.
const SHOWN: usize = 8;

pub(super) fn render(card: &Card, style: &Style) -> String {
    let mut page = Page::new(style);
    title(&mut page, card);
    let most = if style.verbose { usize::MAX } else { SHOWN };
    if card.is_known() {
        what(&mut page, card, most);
        who(&mut page, card, most);
        age(&mut page, card, most);
        status(&mut page, card, most);
        files(&mut page, card, most);
        health(&mut page, card, most);
    }
    known(&mut page, card, most);
    list(&mut page, "look at", Role::Bad, &card.warnings, usize::MAX);
    list(
        &mut page,
        "not known",
        Role::Plain,
        &card.unknown,
        usize::MAX,
    );
    asked(&mut page, card);
    page.finish()
}

fn title(page: &mut Page, card: &Card) {
    let mut spans = vec![Span::keep(Role::Strong, plain(&card.name))];
    match &card.version {
        Some(version) => spans.push(Span::keep(Role::Strong, plain_short(version, 60))),
        None if card.is_known() => {
            let what = match &card.asked {
                Some(asked) => format!("has no release {}", plain_short(asked, 60)),
                None => "has no release that can be shown".to_owned(),
            };
            spans.push(Span::text(Role::Bad, what));
        }
        None => {
            let what = if card.complete {
                "is not on the index"
            } else {
                "could not be looked up"
            };
            spans.push(Span::text(Role::Bad, what.to_owned()));
        }
    }
    page.write(0, 2, &spans);
    if let Some(summary) = &card.what.summary {
        page.write(2, 2, &[Span::text(Role::Plain, plain_short(summary, LONG))]);
    }
}

fn value(page: &mut Page, label: &str, role: Role, text: &str) {
    let span = Span::text(role, plain_short(text, LONG));
    page.write_after(label, Role::Dim, 2, VALUE, &[span]);
}

fn maybe(page: &mut Page, label: &str, text: Option<&str>) {
    if let Some(text) = text {
        value(page, label, Role::Plain, text);
    }
}

/// A list under a heading; nothing when it is empty.
fn list(page: &mut Page, heading: &str, role: Role, texts: &[String], most: usize) {
    if texts.is_empty() {
        return;
    }
    page.heading(heading);
    for text in texts.iter().take(most) {
        page.write(2, 4, &[Span::text(role, plain_short(text, LONG))]);
    }
    more(page, texts.len(), most);
}

fn more(page: &mut Page, all: usize, most: usize) {
    if let Some(rest) = all.checked_sub(most).filter(|rest| *rest > 0) {
        let text = format!("and {} more (`--verbose`)", thousands(rest as u64));
        page.write(2, 4, &[Span::text(Role::Dim, text)]);
    }
}

fn what(page: &mut Page, card: &Card, most: usize) {
    let what = &card.what;
    if what.source.is_none() {
        return;
    }
    page.heading("what it is");
    maybe(page, "licence", what.license.as_deref());
    for (label, url) in what.links.iter().take(most) {
        let spans = [
            Span::keep(Role::Plain, plain_short(url, LONG)),
            Span::text(Role::Dim, format!("({})", plain_short(label, 40))),
        ];
        page.write_after("link", Role::Dim, 2, VALUE, &spans);
    }
    for classifier in what.classifiers.iter().take(most) {
        // Two colons could be a command to a CI system: they would be shown escaped.
        value(page, "says", Role::Plain, &classifier.replace(" :: ", ": "));
    }
    if let Some(needs) = what.requirements {
        value(page, "needs", Role::Plain, &plural(needs, "requirement"));
    }
    maybe(page, "from", what.source.as_deref());
}

fn who(page: &mut Page, card: &Card, most: usize) {
    let who = &card.who;
    if who.people.is_empty() && who.maintainers.is_none() && who.organization.is_none() {
        return;
    }
    page.heading("who");
    for person in who.people.iter().take(most) {
        value(page, "says", Role::Plain, person);
    }
    if let Some(users) = &who.maintainers {
        value(page, "may upload", Role::Plain, &users.join(", "));
    }
    maybe(page, "owned by", who.organization.as_deref());
}

fn dated(release: &CardRelease) -> String {
    let day = release.uploaded.as_deref().and_then(|t| t.get(..10));
    let ago = release.days_ago.map(days_ago);
    match (day, ago) {
        (Some(day), Some(ago)) => format!("{} on {day}, {ago}", release.version),
        (Some(day), None) => format!("{} on {day}", release.version),
        _ => release.version.clone(),
    }
}

fn days_ago(days: i64) -> String {
    match days {
        i64::MIN..0 => "in the future".to_owned(),
        0 => "today".to_owned(),
        1 => "1 day ago".to_owned(),
        2..=99 => format!("{days} days ago"),
        100..=730 => format!("{} months ago", days / 30),
        _ => format!("{} years ago", days / 365),
    }
}

fn age(page: &mut Page, card: &Card, most: usize) {
    let age = &card.age;
    page.heading("how old");
    value(
        page,
        "releases",
        Role::Plain,
        &thousands(age.releases as u64),
    );
    maybe(page, "first", age.first.as_ref().map(dated).as_deref());
    maybe(page, "last", age.last.as_ref().map(dated).as_deref());
    let shown = age.shown.as_ref().filter(|s| Some(*s) != age.last.as_ref());
    maybe(page, "this one", shown.map(dated).as_deref());
    if let Some(days) = age.median_gap_days {
        let count = usize::try_from(days).unwrap_or(0);
        let since = age.last.as_ref().and_then(|last| last.days_ago);
        let since = since.and_then(|days| usize::try_from(days).ok());
        let since = since.map(|days| format!(", {} since the last", plural(days, "day")));
        let text = format!(
            "{} between releases (median){}",
            plural(count, "day"),
            since.unwrap_or_default()
        );
        value(page, "cadence", Role::Plain, &text);
    }
    for release in age.recent.iter().take(most) {
        value(page, "lately", Role::Plain, &dated(release));
    }
    more(page, age.recent.len(), most);
    maybe(page, "from", age.source.as_deref());
}

fn status(page: &mut Page, card: &Card, most: usize) {
    let status = &card.status;
    page.heading("status");
    if let Some(project) = &status.project {
        let text = match &status.reason {
            Some(reason) => format!("{project}: {reason}"),
            None => project.clone(),
        };
        let role = if project == "active" {
            Role::Plain
        } else {
            Role::Bad
        };
        value(page, "project", role, &text);
    }
    maybe(page, "newest", status.newest_stable.as_deref());
    let other = status.newest.as_ref();
    let other = other.filter(|n| Some(*n) != status.newest_stable.as_ref());
    maybe(page, "highest", other.map(String::as_str));
    maybe(page, "python", status.requires_python.as_deref());
    if !status.pythons.is_empty() {
        value(page, "tested on", Role::Plain, &status.pythons.join(", "));
    }
    for yank in status.yanked.iter().take(most) {
        let reason = yank.reason.as_deref().unwrap_or("no reason given");
        value(
            page,
            "withdrawn",
            Role::Plain,
            &format!("{}: {reason}", yank.version),
        );
    }
    more(page, status.yanked.len(), most);
}

fn files(page: &mut Page, card: &Card, most: usize) {
    if card.files.is_empty() {
        return;
    }
    page.heading("files of this release");
    for file in card.files.iter().take(most) {
        let mut spans = vec![Span::keep(Role::Plain, plain_short(&file.name, LONG))];
        spans.push(Span::text(Role::Dim, particulars(file)));
        page.write(2, 4, &spans);
    }
    more(page, card.files.len(), most);
}

fn particulars(file: &CardFile) -> String {
    let mut parts = vec![file.kind.to_owned()];
    parts.extend(file.size.map(|s| format!("{} bytes", thousands(s))));
    if file.sha256.is_none() {
        parts.push("no sha256 announced".to_owned());
    }
    if file.attested {
        parts.push("attestations announced".to_owned());
    }
    if file.yanked {
        parts.push("withdrawn".to_owned());
    }
    parts.join(", ")
}

fn known(page: &mut Page, card: &Card, most: usize) {
    let known = &card.known;
    page.heading("what is known");
    for advisory in known.advisories.iter().take(most) {
        let spans = [
            Span::keep(Role::Bad, plain_short(&advisory.id, 60)),
            Span::text(Role::Bad, plain_short(&advisory.severity, 20)),
            Span::text(Role::Plain, plain_short(&advisory.summary, LONG)),
        ];
        page.write(2, 4, &spans);
    }
    more(page, known.advisories.len(), most);
    let all = plural(known.advisories_of_all, "advisory").replace("advisorys", "advisories");
    let text = match &known.database {
        Some(built) => {
            let day = built.get(..10).unwrap_or(built);
            format!("{all} about any release, in the database of {day}")
        }
        None => format!("{all} about any release"),
    };
    page.write(2, 4, &[Span::text(Role::Plain, plain_short(&text, LONG))]);
    if let Some(like) = &known.lookalike {
        let text = format!("looks like {}: {}", like.target, like.why);
        page.write(2, 4, &[Span::text(Role::Bad, plain_short(&text, LONG))]);
    }
}

fn health(page: &mut Page, card: &Card, most: usize) {
    let health = &card.health;
    page.heading("how it is kept");
    if let Some(attested) = health.attested_files {
        let all = card.files.len();
        let text = match &health.publisher {
            Some(by) => format!("{attested} of {}, published from {by}", plural(all, "file")),
            None => format!("{attested} of {}", plural(all, "file")),
        };
        value(page, "attested", Role::Plain, &text);
    }
    match &health.seen_since {
        Some(since) => {
            let day = since.get(..10).unwrap_or(since);
            value(
                page,
                "seen",
                Role::Plain,
                &format!("since {day}, and compared"),
            );
        }
        None => value(
            page,
            "seen",
            Role::Dim,
            "never before: nothing to compare with",
        ),
    }
    for signal in health.signals.iter().take(most) {
        let role = match signal.severity.as_str() {
            "none" | "low" => Role::Plain,
            _ => Role::Bad,
        };
        let spans = [
            Span::keep(Role::Dim, plain_short(&signal.rule, 60)),
            Span::text(role, plain_short(&signal.message, LONG)),
        ];
        page.write(2, 4, &spans);
    }
    more(page, health.signals.len(), most);
}

fn asked(page: &mut Page, card: &Card) {
    page.heading("asked");
    for index in &card.indexes {
        let knows = match index.knows {
            Some(true) => "knows it",
            Some(false) => "does not know it",
            None => "did not answer",
        };
        let spans = [
            Span::keep(Role::Plain, plain_short(&index.url.to_string(), LONG)),
            Span::text(Role::Dim, format!("from {}: {knows}", plain(&index.place))),
        ];
        page.write(2, 4, &spans);
    }
}
