//! Phrases that several formats share, so that every surface says the same thing the same way.
//! Everything returned is safe for one line ([`crate::escape::plain`]).

use hognose_types::{
    AdvisoryEvidence, CvssVersion, Finding, Gap, JudgedGap, Occurrence, SeverityOrigin,
};

use crate::ScanReport;
use crate::escape::plain;
use crate::view::{Counts, SEVERITIES};

/// `1 finding`, `2 findings`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    let number = thousands(count as u64);
    if count == 1 {
        format!("{number} {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// `12,345`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The one-line summary: `7 findings in 4 of 31 packages (1 malicious, 2 high), 2 not checked: incomplete`.
pub(crate) fn summary(report: &ScanReport) -> String {
    let counts = Counts::of(report);
    if !report.verdict.anything_checked && report.judged.is_empty() && report.gaps.is_empty() {
        return "nothing to check".to_owned();
    }
    let mut out = findings_clause(report, &counts);
    for (count, what) in [(counts.waived, "waived"), (counts.allowed, "allowed")] {
        if count > 0 {
            out.push_str(&format!(", {} {what}", thousands(count as u64)));
        }
    }
    let gaps = counts.gaps + counts.gaps_allowed;
    if gaps > 0 {
        out.push_str(&format!(", {} not checked", thousands(gaps as u64)));
    }
    if counts.gaps_allowed > 0 {
        let number = thousands(counts.gaps_allowed as u64);
        out.push_str(&format!(" ({number} allowed)"));
    }
    if !report.verdict.complete {
        out.push_str(": incomplete");
    }
    out
}

fn findings_clause(report: &ScanReport, counts: &Counts) -> String {
    let since = report
        .since
        .as_ref()
        .map(|revision| format!(" since {}", plain(revision)))
        .unwrap_or_default();
    let new = if report.since.is_some() { "new " } else { "" };
    let total = counts.findings();
    let verified = report.verified.as_ref().map(|f| crate::verified::clause(f));
    if let Some(verified) = verified.as_ref().filter(|_| total == 0) {
        return format!("no findings, {verified}");
    }
    if total == 0 {
        let packages = plural(counts.checked, "package");
        return match database_age(report) {
            Some(age) if counts.checked > 0 => {
                format!("no {new}known vulnerabilities in {packages}{since} ({age})")
            }
            Some(age) => format!("no package could be checked ({age})"),
            None => "no package could be checked (no advisory database)".to_owned(),
        };
    }
    let bands: Vec<String> = SEVERITIES
        .into_iter()
        .filter(|s| counts.severity(*s) > 0)
        .map(|s| format!("{} {}", thousands(counts.severity(s) as u64), s.as_str()))
        .collect();
    let verified = verified.map(|v| format!(", {v}")).unwrap_or_default();
    format!(
        "{} in {} of {}{since} ({}){verified}",
        plural(total, &format!("{new}finding")),
        thousands(counts.affected as u64),
        // A source that moves is found on packages whose version nobody knows.
        plural(counts.checked.max(counts.affected), "package"),
        bands.join(", ")
    )
}

/// `12,345 advisories of 2026-08-16`.
pub(crate) fn database_age(report: &ScanReport) -> Option<String> {
    let database = report.database.as_ref()?;
    // EPSS, KEV and popular names are joined to advisories; their rows are no advisories.
    let advisories = || {
        let feeds = database.feeds.iter();
        feeds.filter(|f| !matches!(&*f.name, "epss" | "kev" | "popular"))
    };
    let count: u64 = advisories().map(|f| f.records).sum();
    let date = advisories()
        .filter_map(|f| f.date.as_deref())
        .map(|d| d.get(..10).unwrap_or(d))
        .max()
        .or_else(|| database.built.get(..10));
    let noun = if count == 1 { "advisory" } else { "advisories" };
    let kind = if database.starter { "built-in " } else { "" };
    let mut out = format!("{} {kind}{noun}", thousands(count));
    if let Some(date) = date {
        out.push_str(&format!(" of {}", plain(date)));
    }
    Some(out)
}

/// The facts that rank a finding: score, exploitation.
pub(crate) fn facts(finding: &Finding) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(advisory) = &finding.advisory {
        out.extend(score(advisory));
        if let Some(kev) = &advisory.kev {
            let ransomware = if kev.ransomware {
                ", used by ransomware"
            } else {
                ""
            };
            let date = plain(&kev.date_added);
            out.push(format!("known exploited (KEV {date}{ransomware})"));
        }
        if let Some(epss) = &advisory.epss {
            out.push(format!("EPSS {:.1}%", epss.probability * 100.0));
        }
        if advisory.matches.iter().any(|m| m.local_ignored) {
            out.push("matched without its local version part".to_owned());
        }
    }
    match finding.confidence {
        hognose_types::Confidence::High => {}
        hognose_types::Confidence::Medium => out.push("confidence medium".to_owned()),
        hognose_types::Confidence::Low => out.push("confidence low".to_owned()),
    }
    out
}

fn score(advisory: &AdvisoryEvidence) -> Option<String> {
    let severity = &advisory.severity;
    match severity.origin {
        SeverityOrigin::Malicious => None,
        SeverityOrigin::Assumed => {
            Some(format!("no score published, {:.1} assumed", severity.score))
        }
        SeverityOrigin::Word => Some(format!("rated {} in words", severity.band.as_str())),
        SeverityOrigin::Cvss => {
            // The point estimate rests on one CVSS version: scores of different ones are never mixed.
            let has = |v: &CvssVersion| severity.scores.iter().any(|s| s.version == *v);
            let version = [
                CvssVersion::V31,
                CvssVersion::V30,
                CvssVersion::V4,
                CvssVersion::V2,
            ]
            .into_iter()
            .find(has)?;
            Some(format!(
                "CVSS {} score {:.1}",
                version.as_str(),
                severity.score
            ))
        }
    }
}

/// Set when sources fall into different bands: `sources disagree, 5.4 to 9.8: CVSS 3.1 9.8 (GHSA-…), …`.
pub(crate) fn disagreement(finding: &Finding) -> Option<String> {
    let severity = &finding.advisory.as_ref()?.severity;
    if !severity.sources_disagree() {
        return None;
    }
    let sources: Vec<String> = severity
        .scores
        .iter()
        .map(|s| {
            format!(
                "CVSS {} {:.1} ({})",
                s.version.as_str(),
                s.base,
                plain(&s.record)
            )
        })
        .collect();
    Some(format!(
        "sources disagree, {:.1} to {:.1}: {}",
        severity.low,
        severity.high,
        sources.join(", ")
    ))
}

/// `fixed in 3.1.6`, or the remedy in words.
pub(crate) fn fix(finding: &Finding) -> String {
    match &finding.remedy.version {
        Some(version) if finding.advisory.is_some() => format!("fixed in {}", plain(version)),
        Some(version) => format!("update to {}", plain(version)),
        None => plain(&finding.remedy.text),
    }
}

/// `via flask 2.0.0 → jinja2 3.1.2`, or how else the subject came in.
pub(crate) fn via(occurrence: &Occurrence) -> Option<String> {
    if occurrence.path.len() > 1 {
        let steps: Vec<String> = occurrence.path.iter().map(|s| plain(s)).collect();
        return Some(format!("via {}", steps.join(" → ")));
    }
    occurrence.direct.then(|| "named directly".to_owned())
}

/// How the subject came in and under which conditions, to follow its place.
pub(crate) fn provenance(occurrence: &Occurrence) -> String {
    let mut out = String::new();
    for part in [via(occurrence), conditions(occurrence)]
        .into_iter()
        .flatten()
    {
        out.push_str(", ");
        out.push_str(&part);
    }
    out
}

/// Conditions: `only on win32; group dev`.
pub(crate) fn conditions(occurrence: &Occurrence) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(condition) = &occurrence.condition {
        parts.push(plain(condition));
    }
    for (word, names) in [("group", &occurrence.groups), ("extra", &occurrence.extras)] {
        if let [name] = names.as_slice() {
            parts.push(format!("{word} {}", plain(name)));
        } else if !names.is_empty() {
            let names: Vec<String> = names.iter().map(|n| plain(n)).collect();
            parts.push(format!("{word}s {}", names.join(", ")));
        }
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// `file:line: subject: message`, without saying the file twice.
pub(crate) fn gap(gap: &Gap) -> String {
    let (subject, message) = (plain(&gap.subject), plain(&gap.message));
    match &gap.location {
        Some(location) if location.file == gap.subject => {
            format!("{}: {message}", place(location))
        }
        Some(location) if message.contains(&subject) => {
            format!("{}: {message}", place(location))
        }
        Some(location) => format!("{}: {subject}: {message}", place(location)),
        None if message.contains(&subject) => message,
        None => format!("{subject}: {message}"),
    }
}

/// `file:line`.
pub(crate) fn place(location: &hognose_types::Location) -> String {
    plain(&location.to_string())
}

/// The distinct hints of several gaps.
pub(crate) fn hints(gaps: &[&JudgedGap]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for hint in gaps.iter().filter_map(|g| g.gap.hint.as_deref()) {
        let hint = plain(hint);
        if !out.contains(&hint) {
            out.push(hint);
        }
    }
    out
}

/// An RFC 3339 time as `YYYY-MM-DDThh:mm:ssZ`, the only form every format takes; anything else
/// (it was injected, not measured here) becomes the epoch, which no reader mistakes for a real time.
pub(crate) fn utc_seconds(raw: &str) -> String {
    timestamp(raw).unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned())
}

/// A UTC time of an advisory in the same form, when it is one.
pub(crate) fn timestamp(raw: &str) -> Option<String> {
    let seconds = raw.get(..19)?;
    let shaped = seconds
        .bytes()
        .enumerate()
        .all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            10 => byte == b'T',
            13 | 16 => byte == b':',
            _ => byte.is_ascii_digit(),
        });
    let number = |range: std::ops::Range<usize>| seconds.get(range)?.parse::<u32>().ok();
    let valid = (1..=12).contains(&number(5..7)?)
        && (1..=31).contains(&number(8..10)?)
        && number(11..13)? < 24
        && number(14..16)? < 60
        && number(17..19)? < 60;
    let zone = raw
        .get(19..)?
        .trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    (shaped && valid && matches!(zone, "Z" | "+00:00")).then(|| format!("{seconds}Z"))
}
