//! Version numbers that nobody reaches by releasing: they are there to be the highest.

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{
    ComponentId, ComponentKind, ComponentVersion, Confidence, Finding, Inventory, PackageName,
    Places, Remedy, Severity, Subject, Version, rules,
};

/// One finding for every name and version of that kind.
pub(super) fn findings(
    inventory: &Inventory,
    popular: &BTreeSet<&str>,
    places: &mut Places<'_>,
) -> Vec<Finding> {
    let mut found: BTreeMap<(&PackageName, &str), Vec<ComponentId>> = BTreeMap::new();
    for (at, component) in inventory.components.iter().enumerate() {
        if let (ComponentKind::Distribution, ComponentVersion::Pinned(version)) =
            (component.kind, &component.version)
            && is_implausible(version, popular.contains(component.name.as_str()))
        {
            let key = (&component.name, version.as_str());
            found.entry(key).or_default().push(ComponentId(at));
        }
    }
    let mut out = Vec::new();
    for ((name, version), members) in found {
        let Some(component) = members.first().and_then(|id| inventory.component(*id)) else {
            continue;
        };
        out.push(Finding {
            rule: rules::id_confusion::ID,
            subject: Subject::of(component),
            severity: Severity::Medium,
            confidence: Confidence::Medium,
            message: format!(
                "version {} is no number that projects reach: those who publish other people's names choose such numbers to be the highest",
                hognose_types::text::short(version, 40)
            ),
            advisory: None,
            occurrences: members.iter().flat_map(|id| places.of(*id)).collect(),
            remedy: Remedy {
                text: format!(
                    "find out where {name} comes from and who published this version before installing it; if it is honest, waive this rule for the package"
                ),
                version: None,
            },
        });
    }
    out
}

/// Nines only, or a number of four digits and more that is no date. Projects that count on for decades (306, 3006) are
/// either below a thousand or well known.
fn is_implausible(version: &Version, is_popular: bool) -> bool {
    let Some(first) = version.release().first().copied() else {
        return false;
    };
    let digits = first.to_string();
    let nines = digits.len() >= 2 && digits.bytes().all(|b| b == b'9');
    nines || (first >= 1_000 && !is_popular && !is_date(first, &digits))
}

/// A year, with month and day or without, with or without the century, or seconds since 1970.
fn is_date(number: u64, digits: &str) -> bool {
    let two = |at: usize| digits.get(at..at + 2).and_then(|t| t.parse::<u32>().ok());
    let month = |at| two(at).is_some_and(|m| (1..=12).contains(&m));
    let day = |at| two(at).is_some_and(|d| (1..=31).contains(&d));
    let year = || {
        digits
            .get(..4)
            .and_then(|t| t.parse::<u32>().ok())
            .is_some_and(|y| (1970..2100).contains(&y))
    };
    match digits.len() {
        // `2403` and `20241` are months and weeks of a year too.
        4 => year() || month(2),
        5 | 7 => year(),
        6 => (year() && month(4)) || (month(2) && day(4)),
        8 | 12 | 14 => year() && month(4) && day(6),
        10 => (year() && month(4) && day(6)) || (1_000_000_000..2_200_000_000).contains(&number),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendars_count_on_and_attackers_do_not() {
        let of = |text: &str, popular| is_implausible(&Version::new(text).unwrap(), popular);
        for odd in [
            "99.0.0",
            "99",
            "999.1",
            "9999.0.0",
            "9999.99.99",
            "99999",
            "10000.0",
            "6666.6",
            "1!99.0",
            "100000.1",
        ] {
            assert!(of(odd, false), "{odd}");
        }
        for honest in [
            "2024.1",
            "20240101",
            "24.1",
            "306",
            "3.2.1",
            "202401.1",
            "240101",
            "1999.0",
            "128.0.1",
            "20240101123000",
            "1700000000.1",
            "0.9999",
            "9.9.9",
            "2403.0",
            "90.1",
            "100.0",
        ] {
            assert!(!of(honest, false), "{honest}");
        }
        assert!(!of("3006.1", true) && of("9999.0", true));
    }
}
