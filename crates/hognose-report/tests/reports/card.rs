//! Cards of projects: the schema, and texts that mean harm.

use std::collections::BTreeMap;

use hognose_report::{
    Card, CardAdvisory, CardFile, CardFormat, CardHealth, CardIndex, CardLookalike, CardRelease,
    CardSignal, CardYank, render_card,
};
use hognose_types::RedactedUrl;

use crate::common::PLAIN;
use crate::validators::validate_with;

const EVIL: [&str; 3] = [
    "\u{1b}[31m<script>alert(1)</script>\u{0} \"'&",
    "x\r\n::error::y\n##[error]z",
    "\u{202e}%0A ${{ x }} \u{200b}",
];

/// A card that says everything, each time with this text.
fn card(text: &str) -> Card {
    let text = || text.to_owned();
    let release = || CardRelease {
        version: text(),
        uploaded: Some(text()),
        days_ago: Some(-1),
    };
    let mut card = Card {
        tool_version: "1.0".to_owned(),
        started: "2026-11-18T00:00:00Z".to_owned(),
        name: "acme".to_owned(),
        asked: Some(text()),
        version: Some(text()),
        warnings: vec![text()],
        unknown: vec![text()],
        complete: true,
        ..Card::default()
    };
    card.indexes = [Some(true), Some(false), None]
        .map(|knows| CardIndex {
            url: RedactedUrl::new("https://me:secret@index.example/simple"),
            place: text(),
            knows,
        })
        .into();
    card.what.summary = Some(text());
    card.what.license = Some(text());
    card.what.links = BTreeMap::from([(text(), text())]);
    card.what.classifiers = vec![text()];
    card.what.requirements = Some(3);
    card.what.source = Some(text());
    card.who.people = vec![text()];
    card.who.maintainers = Some(vec![text()]);
    card.who.organization = Some(text());
    card.age.releases = 2;
    card.age.first = Some(release());
    card.age.last = Some(release());
    card.age.shown = Some(release());
    card.age.median_gap_days = Some(40);
    card.age.recent = vec![release(); 20];
    card.age.source = Some(text());
    card.status.project = Some(text());
    card.status.reason = Some(text());
    card.status.newest = Some(text());
    card.status.newest_stable = Some("1".to_owned());
    card.status.requires_python = Some(text());
    card.status.pythons = vec![text()];
    card.status.yanked = vec![CardYank {
        version: text(),
        reason: Some(text()),
    }];
    card.files = vec![CardFile {
        name: text(),
        kind: "wheel",
        size: Some(1),
        sha256: Some("ab".repeat(32)),
        uploaded: Some(text()),
        yanked: true,
        attested: true,
    }];
    card.known.advisories = vec![CardAdvisory {
        id: text(),
        severity: text(),
        summary: text(),
    }];
    card.known.advisories_of_all = 2;
    card.known.database = Some(text());
    card.known.lookalike = Some(CardLookalike {
        target: text(),
        why: text(),
    });
    card.health = CardHealth {
        attested_files: Some(1),
        publisher: Some(text()),
        silence_percent: Some(250),
        seen_since: Some(text()),
        signals: vec![CardSignal {
            rule: text(),
            severity: text(),
            message: text(),
        }],
    };
    card
}

#[test]
fn json_of_cards_follows_its_schema() {
    let cards = EVIL.map(card).into_iter().chain([Card::default()]);
    let texts: Vec<String> = cards
        .map(|card| render_card(&card, CardFormat::Json, &PLAIN).unwrap())
        .collect();
    validate_with("json", "card-1.schema.json", &texts, ".json");
}

#[test]
fn cards_carry_nothing_active_and_no_secret() {
    for evil in EVIL {
        for format in [CardFormat::Terminal, CardFormat::Json] {
            let text = render_card(&card(evil), format, &PLAIN).unwrap();
            let harmful = |c: char| c != '\n' && hognose_types::text::is_unsafe(c);
            assert!(!text.contains(harmful), "{text:?}");
            let commands = ["::", "##["];
            let mut lines = text.lines().map(str::trim_start);
            assert!(
                !lines.any(|l| commands.iter().any(|c| l.starts_with(c))),
                "{text}"
            );
            assert!(
                text.contains("index.example") && !text.contains("secret"),
                "{text}"
            );
        }
    }
}

#[test]
fn what_fails() {
    let known = |project: &str, advisories: bool, version: bool| {
        let mut one = card("1.0");
        one.status.project = Some(project.to_owned());
        one.version = one.version.filter(|_| version);
        if !advisories {
            one.known.advisories.clear();
        }
        one.fails()
    };
    assert!(!known("active", false, true) && !known("archived", false, true));
    assert!(known("quarantined", false, true));
    assert!(known("active", true, true));
    assert!(known("active", false, false));
    let mut absent = Card {
        indexes: card("x").indexes.split_off(1),
        ..Card::default()
    };
    // One does not know it, one did not answer: not absent.
    assert!(!absent.fails());
    absent.indexes.pop();
    assert!(absent.fails());
}
