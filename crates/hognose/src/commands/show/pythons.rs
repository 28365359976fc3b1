//! Versions of Python that a release names, and when they ended.

use hognose_report::Card;

/// Minor versions of Python 3 and the day after which they get no security fixes (<https://devguide.python.org/versions/>);
/// of those still supported, the month that is planned.
const ENDS: [(u32, &str); 11] = [
    (4, "2019-03-18"),
    (5, "2020-09-30"),
    (6, "2021-12-23"),
    (7, "2023-06-27"),
    (8, "2024-10-07"),
    (9, "2025-10-31"),
    (10, "2026-10-31"),
    (11, "2027-10-31"),
    (12, "2028-10-31"),
    (13, "2029-10-31"),
    (14, "2030-10-31"),
];

/// The minor versions that classifiers name, in order: `2.7`, `3.12`.
pub(super) fn named(classifiers: &[String]) -> Vec<String> {
    let version = |c: &String| {
        let text = c.strip_prefix("Programming Language :: Python :: ")?;
        let (major, minor) = text.split_once('.')?;
        Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?))
    };
    let mut found: Vec<(u32, u32)> = classifiers.iter().filter_map(version).collect();
    found.sort_unstable();
    found.dedup();
    found.iter().map(|(a, b)| format!("{a}.{b}")).collect()
}

/// Warns when every version of Python that the release names has ended.
pub(super) fn check(card: &mut Card, now: i64) {
    let Some(newest) = card.status.pythons.last() else {
        return;
    };
    let end = match newest.split_once('.') {
        Some(("2", _)) => Some("2020-01-01"),
        Some(("3", minor)) => {
            let minor: u32 = minor.parse().unwrap_or(u32::MAX);
            // Before the table: ended before its first.
            let known = ENDS.iter().find(|(v, _)| *v >= minor);
            known.map(|(_, end)| *end)
        }
        _ => None,
    };
    let today = jiff::Timestamp::from_second(now)
        .unwrap_or_default()
        .to_string();
    if let Some(end) = end.filter(|end| today.get(..10).is_some_and(|today| today > *end)) {
        card.warnings.push(format!(
            "the newest Python it names, {newest}, has had no security fixes since {end}"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers() {
        let classifiers = [
            "3.10",
            "3.9",
            "3",
            "2.7",
            "3.10",
            "Implementation :: CPython",
        ];
        let classifiers = classifiers.map(|v| format!("Programming Language :: Python :: {v}"));
        assert_eq!(named(&classifiers), ["2.7", "3.9", "3.10"]);
    }

    #[test]
    fn ends() {
        // 2026-11-18
        let now = 1_795_000_000;
        for (versions, expected) in [
            (&["3.9", "3.10"][..], true),
            (&["3.11"], false),
            (&["2.7"], true),
            (&["3.2"], true),
            (&["3.99"], false),
            (&[], false),
        ] {
            let mut card = Card::default();
            card.status.pythons = versions.iter().map(|v| (*v).to_owned()).collect();
            check(&mut card, now);
            assert_eq!(!card.warnings.is_empty(), expected, "{versions:?}");
        }
    }
}
