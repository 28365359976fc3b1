//! Versions of Python that a release names, and when they ended.

use hognose_identity::ended;
use hognose_report::Card;

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
    let parts = newest.split_once('.');
    let numbers = parts.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    if let Some(end) = numbers.and_then(|(major, minor)| ended(major, minor, now)) {
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
