//! JUnit XML: a test case per checked package without findings, per finding and per gap.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use hognose_types::{Component, Decision, Judged, JudgedGap, Purl};

use crate::escape::markup;
use crate::view::{self, Standing};
use crate::{ScanReport, words};

#[derive(Debug, Default)]
struct Suite {
    cases: String,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

pub(crate) fn render(report: &ScanReport) -> String {
    let findings = findings(report);
    let gaps = gaps(report);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"hognose\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"0\">",
        findings.tests + gaps.tests,
        findings.failures,
        gaps.errors
    );
    for (name, suite) in [("packages", &findings), ("not checked", &gaps)] {
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" \
             timestamp=\"{}\" time=\"0\">",
            suite.tests,
            suite.failures,
            suite.errors,
            suite.skipped,
            markup(report.started.get(..19).unwrap_or(&report.started)),
        );
        out.push_str(&suite.cases);
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn findings(report: &ScanReport) -> Suite {
    let mut suite = Suite::default();
    let packages = view::packages(report, |_| true);
    for judged in packages.iter().flat_map(|p| &p.findings) {
        finding(&mut suite, judged);
    }
    if report.database.is_none() {
        return suite;
    }
    let with_findings: BTreeSet<&Purl> = report
        .judged
        .iter()
        .map(|j| &j.finding.subject.purl)
        .collect();
    let mut seen = BTreeSet::new();
    for component in &report.inventory.components {
        let purl = Purl::of(component);
        let checked = component.is_judged() && component.version.as_str().is_some();
        if checked && !with_findings.contains(&purl) && seen.insert(purl) {
            clean(&mut suite, component);
        }
    }
    suite
}

fn clean(suite: &mut Suite, component: &Component) {
    suite.tests += 1;
    let class = component
        .declarations
        .first()
        .map_or("", |d| d.location.file.as_str());
    let _ = writeln!(
        suite.cases,
        "    <testcase classname=\"{}\" name=\"{}\" time=\"0\"/>",
        markup(class),
        markup(&component.label())
    );
}

fn finding(suite: &mut Suite, judged: &Judged) {
    suite.tests += 1;
    let finding = &judged.finding;
    let class = finding
        .occurrences
        .first()
        .map_or("", |o| o.location.file.as_str());
    let name = format!("{}: {}", view::label(finding), view::finding_id(finding));
    let _ = write!(
        suite.cases,
        "    <testcase classname=\"{}\" name=\"{}\" time=\"0\">",
        markup(class),
        markup(&name)
    );
    let severity = finding.severity.as_str();
    let title = markup(view::title(finding));
    let text = markup_lines(&details(judged));
    match (Standing::of(judged), judged.decision, &judged.waiver) {
        (Standing::Waived, _, Some(waiver)) => {
            suite.skipped += 1;
            let reason = markup(&waiver.reason);
            let _ = write!(suite.cases, "<skipped message=\"waived: {reason}\"/>");
        }
        (Standing::Open, Decision::Block, _) => {
            suite.failures += 1;
            let _ = write!(
                suite.cases,
                "<failure type=\"{severity}\" message=\"{severity}: {title}\">{text}</failure>"
            );
        }
        _ => {
            let _ = write!(
                suite.cases,
                "<system-out>{severity}: {title}\n{text}</system-out>"
            );
        }
    }
    suite.cases.push_str("</testcase>\n");
}

fn details(judged: &Judged) -> Vec<String> {
    let finding = &judged.finding;
    let mut lines = Vec::new();
    if let Some(alias) = finding.advisory.as_ref().and_then(view::well_known_alias) {
        lines.push(alias.to_owned());
    }
    lines.push(words::fix(finding));
    lines.extend(words::facts(finding));
    lines.extend(words::disagreement(finding));
    for occurrence in &finding.occurrences {
        let mut line = words::place(&occurrence.location);
        line.push_str(&words::provenance(occurrence));
        lines.push(line);
    }
    lines
}

fn markup_lines(lines: &[String]) -> String {
    let safe: Vec<String> = lines.iter().map(|line| markup(line)).collect();
    safe.join("\n")
}

fn gaps(report: &ScanReport) -> Suite {
    let mut suite = Suite::default();
    for gap in &report.gaps {
        gap_case(&mut suite, gap);
    }
    suite
}

fn gap_case(suite: &mut Suite, judged: &JudgedGap) {
    suite.tests += 1;
    let gap = &judged.gap;
    let class = gap.location.as_ref().map_or("", |l| l.file.as_str());
    let _ = write!(
        suite.cases,
        "    <testcase classname=\"{}\" name=\"{}: {}\" time=\"0\">",
        markup(class),
        markup(&gap.subject),
        gap.rule.as_str()
    );
    let message = markup(&gap.message);
    if judged.allowed {
        suite.skipped += 1;
        let _ = write!(suite.cases, "<skipped message=\"allowed: {message}\"/>");
    } else {
        suite.errors += 1;
        let hint = gap.hint.as_deref().map(markup).unwrap_or_default();
        let _ = write!(
            suite.cases,
            "<error type=\"{}\" message=\"{message}\">{hint}</error>",
            gap.rule.as_str()
        );
    }
    suite.cases.push_str("</testcase>\n");
}
