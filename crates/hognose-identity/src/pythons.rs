//! Versions of Python, and when they ended.

use hognose_types::{Confidence, Severity, Specifiers, Version, rules::online as rule};

use crate::evidence::{Pin, Said};
use crate::facts::{DAY, Release};

/// Minor versions of Python 3 and the day after which they get no security fixes, as days since 1970
/// (<https://devguide.python.org/versions/>); of those still supported, the last day of the month that is planned.
const ENDS: [(u64, i64, &str); 11] = [
    (4, 17_973, "2019-03-18"),
    (5, 18_535, "2020-09-30"),
    (6, 18_984, "2021-12-23"),
    (7, 19_535, "2023-06-27"),
    (8, 20_003, "2024-10-07"),
    (9, 20_392, "2025-10-31"),
    (10, 20_757, "2026-10-31"),
    (11, 21_122, "2027-10-31"),
    (12, 21_488, "2028-10-31"),
    (13, 21_853, "2029-10-31"),
    (14, 22_218, "2030-10-31"),
];
/// The newest minor version that is looked for in a specifier: what allows it has no upper bound.
const FAR: u64 = 40;
/// Python 2, of which every release has ended.
const END_OF_2: &str = "2020-01-01";

/// When security fixes of a version of Python ended, if they have.
pub fn ended(major: u64, minor: u64, now: i64) -> Option<&'static str> {
    match major {
        0..=2 => Some(END_OF_2),
        3 => {
            let (_, end, day) = ENDS.iter().find(|(known, ..)| *known >= minor)?;
            (now.div_euclid(DAY) > *end).then_some(*day)
        }
        _ => None,
    }
}

pub(crate) fn check(
    pin: &Pin<'_>,
    releases: &[Release<'_>],
    python: Option<&Version>,
    now: i64,
) -> Option<Said> {
    let release = releases.iter().find(|r| Some(r.version) == pin.version)?;
    let allowed = release
        .files
        .iter()
        .filter(|f| pin.allows(f.sha256.as_deref()));
    // A file that says nothing is for every Python; one that cannot be read is for nobody knows which.
    let stated = allowed.map(|f| Specifiers::parse(f.requires_python.as_deref()?).ok());
    let stated: Vec<Specifiers> = stated.collect::<Option<_>>()?;
    if stated.is_empty() {
        return None;
    }
    let text = release
        .files
        .iter()
        .find_map(|f| f.requires_python.as_deref());
    let text = hognose_types::text::short(text.unwrap_or_default(), 60);
    if let Some(python) = python
        && !stated.iter().any(|s| s.contains(&precise(python)))
    {
        return Some(Said::new(
            rule::PYTHON,
            Severity::Low,
            format!("the release is not for Python {python}: it requires {text}"),
            "take a release that is for this Python, or scan for the Python that it is installed with",
        ));
    }
    let (major, minor) = newest(&stated)?;
    let end = ended(major, minor, now)?;
    Some(
        Said::new(
            rule::PYTHON,
            Severity::Low,
            format!("the newest Python it is for, {major}.{minor}, has had no security fixes since {end} (it requires {text})"),
            "move to a release that is for a supported Python",
        )
        .sure(Confidence::High),
    )
}

/// `3.12` stands for its releases, which `>3.12.1` is about too.
fn precise(python: &Version) -> Version {
    match python.release() {
        [major, minor] => {
            Version::new(&format!("{major}.{minor}.99")).unwrap_or_else(|_| python.clone())
        }
        _ => python.clone(),
    }
}

/// The newest version that any of them allows; none when there is no upper bound, or nothing is allowed.
fn newest(stated: &[Specifiers]) -> Option<(u64, u64)> {
    let allowed = |major: u64, minor: u64| {
        let some = |patch: u64| Version::new(&format!("{major}.{minor}.{patch}")).ok();
        let versions = [some(0), some(99)];
        let mut versions = versions.iter().flatten();
        versions.any(|v| stated.iter().any(|s| s.contains(v)))
    };
    if allowed(3, FAR) {
        return None;
    }
    let of_3 = (0..FAR).rev().find(|minor| allowed(3, *minor));
    of_3.map(|minor| (3, minor))
        .or_else(|| allowed(2, 7).then_some((2, 7)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_the_days_they_say() {
        // 2026-11-18
        let now = 1_795_000_000;
        assert_eq!(ended(3, 9, now), Some("2025-10-31"));
        assert_eq!(ended(3, 10, now), Some("2026-10-31"));
        assert_eq!(ended(3, 11, now), None);
        assert_eq!(ended(3, 1, now), Some("2019-03-18"));
        assert_eq!(ended(3, 99, now), None);
        assert_eq!(ended(2, 7, now), Some(END_OF_2));
        // One second before and after midnight.
        assert_eq!(ended(3, 8, (20_004 * DAY) - 1), None);
        assert_eq!(ended(3, 8, 20_004 * DAY), Some("2024-10-07"));
    }

    #[test]
    fn upper_bounds() {
        let of = |text: &str| newest(&[Specifiers::parse(text).unwrap()]);
        assert_eq!(of(">=3.6"), None);
        assert_eq!(of(">=3.6,<3.9"), Some((3, 8)));
        assert_eq!(of(">=2.7, !=3.0.*, <3.10.2"), Some((3, 10)));
        assert_eq!(of("==3.7.*"), Some((3, 7)));
        assert_eq!(of(">=2.7,<3"), Some((2, 7)));
        assert_eq!(of(">=5"), None);
        assert_eq!(of(">=3.6,<4"), None);
    }
}
