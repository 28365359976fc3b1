//! What every format for people needs: findings grouped by package, in order of urgency, and counts.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use hognose_types::{
    AdvisoryEvidence, ComponentKind, Decision, Finding, Judged, JudgedGap, Occurrence, Purl,
    Severity,
};

use crate::ScanReport;
use crate::escape::plain;

/// Why a finding is or is not shown by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// Warned about or blocking.
    Open,
    /// Below every gate.
    Allowed,
    /// Silenced by a waiver.
    Waived,
}

impl Standing {
    pub(crate) fn of(judged: &Judged) -> Self {
        if judged.waiver.is_some() {
            Self::Waived
        } else if judged.decision == Decision::Allow {
            Self::Allowed
        } else {
            Self::Open
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Allowed => "allowed",
            Self::Waived => "waived",
        }
    }
}

/// All findings about one package.
#[derive(Debug)]
pub(crate) struct Package<'a> {
    pub(crate) findings: Vec<&'a Judged>,
    /// Distinct places of all findings, in report order.
    pub(crate) occurrences: Vec<&'a Occurrence>,
}

impl<'a> Package<'a> {
    /// The most urgent finding; a package is never empty.
    pub(crate) fn label(&self) -> String {
        self.findings
            .first()
            .map(|j| label(&j.finding))
            .unwrap_or_default()
    }

    fn worst(&self) -> Severity {
        self.findings
            .first()
            .map_or(Severity::None, |j| j.finding.severity)
    }

    fn add(&mut self, judged: &'a Judged) {
        self.findings.push(judged);
    }

    fn finish(&mut self) {
        self.findings.sort_by(|a, b| urgency(a, b));
        let mut seen = BTreeSet::new();
        for judged in &self.findings {
            for occurrence in &judged.finding.occurrences {
                let key = (
                    &occurrence.location,
                    &occurrence.path,
                    &occurrence.condition,
                );
                if seen.insert(key) {
                    self.occurrences.push(occurrence);
                }
            }
        }
    }
}

/// `name version`, with the ecosystem when it is not the usual one; safe for one line.
pub(crate) fn label(finding: &Finding) -> String {
    let label = plain(&finding.subject.label());
    if finding.subject.purl.as_str().starts_with("pkg:conda/") {
        format!("{label} (conda)")
    } else {
        label
    }
}

/// Groups the findings that `keep` accepts; the most urgent package first.
pub(crate) fn packages(report: &ScanReport, keep: impl Fn(&Judged) -> bool) -> Vec<Package<'_>> {
    let mut groups: BTreeMap<&Purl, Package<'_>> = BTreeMap::new();
    for judged in report.judged.iter().filter(|j| keep(j)) {
        groups
            .entry(&judged.finding.subject.purl)
            .or_insert_with(|| Package {
                findings: Vec::new(),
                occurrences: Vec::new(),
            })
            .add(judged);
    }
    let mut packages: Vec<Package<'_>> = groups.into_values().collect();
    for package in &mut packages {
        package.finish();
    }
    // The map already ordered by purl, and the sort is stable.
    packages.sort_by_key(|package| std::cmp::Reverse(package.worst()));
    packages
}

/// Open findings only.
pub(crate) fn open_packages(report: &ScanReport) -> Vec<Package<'_>> {
    packages(report, |j| Standing::of(j) == Standing::Open)
}

/// Malicious first, then severity, known exploitation, exploit probability, score, id.
fn urgency(a: &Judged, b: &Judged) -> std::cmp::Ordering {
    let key = |j: &Judged| {
        let advisory = j.finding.advisory.as_ref();
        (
            j.finding.severity,
            advisory.is_some_and(|a| a.kev.is_some()),
        )
    };
    let epss = |j: &Judged| {
        let advisory = j.finding.advisory.as_ref();
        advisory
            .and_then(|a| a.epss.as_ref())
            .map_or(0.0, |e| e.probability)
    };
    let score = |j: &Judged| {
        j.finding
            .advisory
            .as_ref()
            .map_or(0.0, |a| a.severity.score)
    };
    key(b)
        .cmp(&key(a))
        .then_with(|| epss(b).total_cmp(&epss(a)))
        .then_with(|| score(b).total_cmp(&score(a)))
        .then_with(|| finding_id(&a.finding).cmp(finding_id(&b.finding)))
}

/// The id a finding goes by: its advisory's, else its rule's.
pub(crate) fn finding_id(finding: &Finding) -> &str {
    finding
        .advisory
        .as_ref()
        .map_or(finding.rule.as_str(), |a| &a.id)
}

/// The id people search for, when it is not the one shown: the CVE, else the GHSA.
pub(crate) fn well_known_alias(advisory: &AdvisoryEvidence) -> Option<&str> {
    let with = |prefix: &str| advisory.aliases.iter().find(|id| id.starts_with(prefix));
    if advisory.id.starts_with("CVE-") {
        return with("GHSA-").map(String::as_str);
    }
    with("CVE-").or_else(|| with("GHSA-")).map(String::as_str)
}

/// One line that says what is wrong.
pub(crate) fn title(finding: &Finding) -> &str {
    match &finding.advisory {
        Some(advisory) if !advisory.summary.trim().is_empty() => &advisory.summary,
        _ => &finding.message,
    }
}

/// Numbers of one report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Open findings by severity, `none` to `malicious`.
    pub(crate) open: [usize; 6],
    /// Packages with open findings.
    pub(crate) affected: usize,
    /// Packages compared with the database.
    pub(crate) checked: usize,
    pub(crate) waived: usize,
    pub(crate) allowed: usize,
    /// Gaps that make the run incomplete.
    pub(crate) gaps: usize,
    /// Gaps that the policy allows.
    pub(crate) gaps_allowed: usize,
}

/// Severities, worst first.
pub(crate) const SEVERITIES: [Severity; 6] = [
    Severity::Malicious,
    Severity::Critical,
    Severity::High,
    Severity::Medium,
    Severity::Low,
    Severity::None,
];

impl Counts {
    pub(crate) fn of(report: &ScanReport) -> Self {
        let mut counts = Self::default();
        let mut affected = BTreeSet::new();
        for judged in &report.judged {
            match Standing::of(judged) {
                Standing::Waived => counts.waived += 1,
                Standing::Allowed => counts.allowed += 1,
                Standing::Open => {
                    if let Some(slot) = counts.open.get_mut(judged.finding.severity as usize) {
                        *slot += 1;
                    }
                    affected.insert(&judged.finding.subject.purl);
                }
            }
        }
        counts.affected = affected.len();
        counts.gaps_allowed = report.gaps.iter().filter(|g| g.allowed).count();
        counts.gaps = report.gaps.len() - counts.gaps_allowed;
        if let Some(files) = &report.verified {
            counts.checked = crate::verified::releases(files);
        } else if report.database.is_some() {
            counts.checked = checked(report);
        }
        counts
    }

    pub(crate) fn findings(&self) -> usize {
        self.open.iter().sum()
    }

    pub(crate) fn severity(&self, severity: Severity) -> usize {
        self.open.get(severity as usize).copied().unwrap_or(0)
    }
}

/// Distinct packages that were compared with the database.
fn checked(report: &ScanReport) -> usize {
    let components = report.inventory.components.iter();
    let judged =
        components.filter_map(|c| Some((c, c.version.as_str().filter(|_| c.is_judged())?)));
    // A package URL is made only where name and version do not tell packages apart: there may be thousands.
    let (conda, others): (Vec<_>, Vec<_>) =
        judged.partition(|(c, _)| c.kind == ComponentKind::Conda);
    let others: HashSet<_> = others
        .into_iter()
        .map(|(c, version)| (&c.name, version))
        .collect();
    let conda: BTreeSet<Purl> = conda.into_iter().map(|(c, _)| Purl::of(c)).collect();
    others.len() + conda.len()
}

/// Gaps by rule, in rule order.
pub(crate) fn gaps_by_rule<'a>(
    gaps: impl Iterator<Item = &'a JudgedGap>,
) -> Vec<(hognose_types::RuleId, Vec<&'a JudgedGap>)> {
    let mut groups: BTreeMap<hognose_types::RuleId, Vec<&JudgedGap>> = BTreeMap::new();
    for gap in gaps {
        groups.entry(gap.gap.rule).or_default().push(gap);
    }
    groups.into_iter().collect()
}
