//! OSV's evaluation algorithm, written as the specification writes it.
//!
//! Slow and plain on purpose: this is the second implementation that differential tests and benchmarks compare
//! the compiled database with. <https://ossf.github.io/osv-schema/#evaluation>

use hognose_types::{PackageName, Version};

use crate::osv::{Affected, Event, Range, Record};

/// `IsVulnerable`: some entry about the package lists the version or has a range that includes it.
pub fn is_vulnerable(record: &Record, name: &PackageName, version: &Version) -> bool {
    record.withdrawn.is_none()
        && record.affected.iter().any(|affected| {
            is_about(affected, name)
                && (listed(affected, version)
                    || affected.ranges.iter().any(|r| included(r, version)))
        })
}

fn is_about(affected: &Affected, name: &PackageName) -> bool {
    affected
        .python_name()
        .and_then(|n| PackageName::new(n).ok())
        .as_ref()
        == Some(name)
}

fn listed(affected: &Affected, version: &Version) -> bool {
    affected
        .versions
        .iter()
        .any(|v| Version::new(v).map_or(v == version.as_str(), |v| v == *version))
}

/// A range includes a version when every way to read its unordered bounds does.
fn included(range: &Range, version: &Version) -> bool {
    if range.kind == "GIT" {
        return false;
    }
    match unordered(range) {
        None => included_in_order(range, version),
        Some(text) => {
            both_ends(range, &text).is_some_and(|ends| ends.iter().all(|r| included(r, version)))
        }
    }
}

/// The first bound that has no order.
fn unordered(range: &Range) -> Option<String> {
    let bounds = range
        .events
        .iter()
        .flat_map(|e| [&e.introduced, &e.fixed, &e.last_affected, &e.limit]);
    bounds
        .flatten()
        .find(|t| !matches!(t.trim(), "0" | "*") && Version::new(t).is_err())
        .cloned()
}

/// The range with that bound at the first and at the last version of the release it begins with.
fn both_ends(range: &Range, text: &str) -> Option<[Range; 2]> {
    let release: String = text
        .trim()
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let release = release.trim_end_matches('.');
    Version::new(release).ok()?;
    let with = |end: &str| {
        let mut out = range.clone();
        let mut done = false;
        for event in &mut out.events {
            for bound in [
                &mut event.introduced,
                &mut event.fixed,
                &mut event.last_affected,
                &mut event.limit,
            ] {
                if !done && bound.as_deref() == Some(text) {
                    *bound = Some(format!("{release}.{end}"));
                    done = true;
                }
            }
        }
        out
    };
    Some([with("dev0"), with("post18446744073709551615")])
}

fn included_in_order(range: &Range, version: &Version) -> bool {
    if !before_limits(range, version) {
        return false;
    }
    let Some(events) = sorted(range) else {
        return false;
    };
    let mut vulnerable = false;
    for (bound, event) in &events {
        let at_or_after = bound.as_ref().is_none_or(|b| version >= b);
        let after = bound.as_ref().is_none_or(|b| version > b);
        if event.introduced.is_some() && at_or_after {
            vulnerable = true;
        } else if event.fixed.is_some() && at_or_after || event.last_affected.is_some() && after {
            vulnerable = false;
        }
    }
    vulnerable
}

/// Events with their parsed versions (`None` = `introduced: "0"`), sorted; `None` when one has no order.
fn sorted(range: &Range) -> Option<Vec<(Option<Version>, &Event)>> {
    let mut out = Vec::new();
    for event in &range.events {
        let text = event
            .introduced
            .as_deref()
            .or(event.fixed.as_deref())
            .or(event.last_affected.as_deref());
        let Some(text) = text else { continue };
        if event.introduced.is_some() && text.trim() == "0" {
            out.push((None, event));
        } else {
            out.push((Some(Version::new(text).ok()?), event));
        }
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    Some(out)
}

fn before_limits(range: &Range, version: &Version) -> bool {
    let mut limits = range
        .events
        .iter()
        .filter_map(|e| e.limit.as_deref())
        .peekable();
    limits.peek().is_none()
        || limits.any(|limit| limit == "*" || Version::new(limit).is_ok_and(|l| *version < l))
}
