//! What upload times and version numbers say: too new, outdated, abandoned, a sudden release.

use hognose_types::{Confidence, Severity, Version, rules::online as rule};

use crate::evidence::{Circumstances, Pin, Said, count, span};
use crate::facts::{DAY, Release};

/// No release for this long is worth a word.
const SILENT: i64 = 4 * 365 * DAY;
/// No release for this long is, when the project used to release far more often.
const SLOWER: i64 = 2 * 365 * DAY;
/// How many times its own median gap that is.
const GAPS: i64 = 5;
/// How long a flaw may be known before no release is worth a word.
const UNANSWERED: i64 = 90 * DAY;
/// A project without release for this long sleeps.
const ASLEEP: i64 = 365 * DAY;
/// How long a release is news.
const LATELY: i64 = 90 * DAY;
/// Releases within a day that are many.
const MANY: usize = 3;
/// How long many releases are news.
const BURST: i64 = 30 * DAY;
/// A project that releases more often than this is not quiet.
const QUIET: i64 = 7 * DAY;
/// Releases of a project from which on it has habits.
const HABITS: usize = 3;

/// Everything about the age of a pinned release and of its project.
pub(crate) fn check(
    pin: &Pin<'_>,
    releases: &[Release<'_>],
    circumstances: &Circumstances<'_>,
) -> Vec<Said> {
    let now = circumstances.now;
    let mut out: Vec<Said> = abandoned(pin, releases, now).into_iter().collect();
    let Some(release) = releases.iter().find(|r| Some(r.version) == pin.version) else {
        return out;
    };
    out.extend(new(pin, release, circumstances));
    out.extend(outdated(release, releases));
    out.extend(unfixed(pin, circumstances));
    out.extend(burst(release, releases, now));
    out
}

/// True when the pinned release is there and nothing says when its files were uploaded.
pub(crate) fn is_unknown(pin: &Pin<'_>, releases: &[Release<'_>]) -> bool {
    let mut of_pin = releases.iter().filter(|r| Some(r.version) == pin.version);
    of_pin.any(|r| r.files.iter().any(|f| f.uploaded.is_none()))
}

fn new(pin: &Pin<'_>, release: &Release<'_>, circumstances: &Circumstances<'_>) -> Option<Said> {
    let allowed = release
        .files
        .iter()
        .filter(|f| pin.allows(f.sha256.as_deref()));
    let youngest = allowed
        .filter_map(|f| Some((f.uploaded?.0, f.filename.as_str())))
        .max()?;
    let age = circumstances.now.saturating_sub(youngest.0);
    // A file of the future was dated by a wrong clock, and is certainly not old.
    let age = age.max(0);
    if age >= circumstances.min_age {
        return None;
    }
    let first = release.first.unwrap_or(youngest.0);
    let later = youngest.0.saturating_sub(first) > DAY;
    let message = if later {
        format!(
            "its file {} was added {} ago, {} after the release: nobody has seen it for long",
            youngest.1,
            span(age),
            span(youngest.0.saturating_sub(first))
        )
    } else {
        format!(
            "the release is {} old: nobody has seen it for long",
            span(age)
        )
    };
    Some(Said::new(
        rule::NEW,
        Severity::Low,
        message,
        format!(
            "wait until it is {} old, unless it mends what matters to you",
            span(circumstances.min_age)
        ),
    ))
}

/// The first number of a version says what breaks; below 1.0, the first two.
fn line(version: &Version) -> (u64, &[u64]) {
    let release = version.release();
    let length = if release.first() == Some(&0) { 2 } else { 1 };
    let line = release.get(..length).unwrap_or(release);
    (version.epoch(), line)
}

fn outdated(release: &Release<'_>, releases: &[Release<'_>]) -> Option<Said> {
    let newer: Vec<&Release<'_>> = releases
        .iter()
        .filter(|r| !r.yanked && !r.version.is_prerelease() && r.version > release.version)
        .collect();
    let newest = newer.last()?;
    let of_line = newer
        .iter()
        .rev()
        .find(|r| line(r.version) == line(release.version));
    let mut message = format!(
        "{} behind {}, the newest",
        count(newer.len(), "release"),
        newest.version
    );
    if let Some(of_line) = of_line.filter(|r| r.version != newest.version) {
        message.push_str(&format!("; {} is the newest of its line", of_line.version));
    }
    let between = newest.first.zip(release.first);
    let between = between.map(|(a, b)| a.saturating_sub(b)).filter(|d| *d > 0);
    if let Some(between) = between {
        message.push_str(&format!("; {} between them", span(between)));
    }
    let target = of_line.map_or(newest.version, |r| r.version);
    Some(Said {
        version: Some(target.clone()),
        ..Said::new(
            rule::OUTDATED,
            Severity::None,
            message,
            format!("update to {target}"),
        )
    })
}

/// When releases were first uploaded, in order; only where that of every release is known.
fn uploads(releases: &[Release<'_>]) -> Option<Vec<i64>> {
    let mut all: Vec<i64> = releases.iter().map(|r| r.first).collect::<Option<_>>()?;
    all.sort_unstable();
    Some(all)
}

/// The median of the times between releases, where there are enough to speak of a habit.
fn median_gap(uploads: &[i64]) -> Option<i64> {
    if uploads.len() < HABITS {
        return None;
    }
    let pairs = uploads.iter().zip(uploads.iter().skip(1));
    let mut gaps: Vec<i64> = pairs.map(|(a, b)| b.saturating_sub(*a)).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied()
}

fn abandoned(pin: &Pin<'_>, releases: &[Release<'_>], now: i64) -> Option<Said> {
    let uploads = uploads(releases)?;
    let last = pin.facts().last_upload()?;
    let silence = now.saturating_sub(last);
    let habit = median_gap(&uploads);
    let slower = habit.is_some_and(|gap| silence > gap.saturating_mul(GAPS));
    if silence < SLOWER || (silence < SILENT && !slower) {
        return None;
    }
    let usual = match habit {
        Some(gap) => format!(", where one came every {} (median)", span(gap.max(DAY))),
        None => String::new(),
    };
    Some(
        Said::new(
            rule::ABANDONED,
            Severity::None,
            format!("no release for {}{usual}", span(silence)),
            "find out whether the project is finished or forsaken",
        )
        .sure(Confidence::Medium),
    )
}

fn unfixed(pin: &Pin<'_>, circumstances: &Circumstances<'_>) -> Option<Said> {
    let key = (
        pin.name().to_string(),
        pin.version.map(ToString::to_string)?,
    );
    let last = pin.facts().last_upload()?;
    let open = circumstances.unmended.get(&key)?.iter();
    let unanswered = open.filter(|flaw| {
        flaw.disclosed > last && circumstances.now.saturating_sub(flaw.disclosed) > UNANSWERED
    });
    let first = unanswered.min_by_key(|flaw| flaw.disclosed)?;
    Some(
        Said::new(
            rule::UNFIXED,
            Severity::Low,
            format!(
                "no release since {} was disclosed {} ago; the last one is {} older",
                hognose_types::text::short(&first.id, 60),
                span(circumstances.now.saturating_sub(first.disclosed)),
                span(first.disclosed.saturating_sub(last))
            ),
            "replace the package, or look for a fork that is maintained",
        )
        .sure(Confidence::Medium),
    )
}

/// A sleeping project that wakes up, or a quiet one that releases again and again within a day.
fn burst(release: &Release<'_>, releases: &[Release<'_>], now: i64) -> Option<Said> {
    let uploads = uploads(releases)?;
    let at = release.first?;
    let age = now.saturating_sub(at);
    let before: Vec<i64> = uploads.iter().copied().filter(|t| *t < at).collect();
    let advice =
        "read what it changes: `hognose inspect` with `--diff`, and the project's own announcement";
    let said = |message: String| {
        Said::new(rule::BURST, Severity::Low, message, advice).sure(Confidence::Low)
    };
    let near = |t: &&i64| (**t - at).abs() < DAY;
    let together = uploads.iter().filter(near).count();
    // The habits of the time before: the burst itself would hide them.
    let earlier: Vec<i64> = before.iter().copied().filter(|t| at - t >= DAY).collect();
    let quiet = median_gap(&earlier).filter(|gap| *gap > QUIET);
    if let Some(gap) = quiet.filter(|_| together >= MANY && age < BURST) {
        return Some(said(format!(
            "one of {together} releases within a day, {} ago, where one came every {} (median)",
            span(age),
            span(gap)
        )));
    }
    let sleep = earlier.last().map(|last| at.saturating_sub(*last))?;
    (sleep > ASLEEP && age < LATELY && earlier.len() >= HABITS).then(|| {
        said(format!(
            "released {} ago, after {} without any release",
            span(age),
            span(sleep)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_releases() {
        let version = |text: &str| Version::new(text).unwrap();
        let same = |a: &str, b: &str| line(&version(a)) == line(&version(b));
        assert!(same("1.2", "1.9.3") && !same("1.2", "2.0"));
        assert!(same("0.2", "0.2.9") && !same("0.2", "0.3"));
        assert!(!same("1!1.0", "1.0"));
    }

    #[test]
    fn medians() {
        assert_eq!(median_gap(&[0, 10]), None);
        assert_eq!(median_gap(&[0, 10, 40]), Some(30));
        assert_eq!(median_gap(&[0, 1, 2, 100]), Some(1));
    }
}
