//! One HTML page that opens offline: no request leaves it, and it says everything without its script.
//!
//! A policy in the page forbids every source but the one style and the one script, named by hash, so
//! that even an escaping fault could not run anything.

mod base64;
mod finding;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::escape::{markup, plain};
use crate::view::{self, SEVERITIES, Standing};
use crate::{ScanReport, words};

pub(crate) const STYLE: &str = include_str!("../../assets/report.css");
const SCRIPT: &str = include_str!("../../assets/report.js");

pub(crate) fn render(report: &ScanReport) -> String {
    let mut out = String::with_capacity(16 * 1024);
    head(&mut out, report);
    filters(&mut out);
    let packages = view::packages(report, |_| true);
    if !packages.is_empty() {
        out.push_str("<h2>Findings</h2>\n");
    }
    for package in &packages {
        finding::package(&mut out, package);
    }
    gaps(&mut out, report);
    notices(&mut out, report);
    inputs(&mut out, report);
    database(&mut out, report);
    let _ = write!(
        out,
        "</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    );
    out
}

pub(crate) fn hash(text: &str) -> String {
    format!(
        "'sha256-{}'",
        base64::encode(&Sha256::digest(text.as_bytes()))
    )
}

fn head(out: &mut String, report: &ScanReport) {
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let summary = markup(&words::summary(report));
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Hognose: {summary}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>Hognose report</h1>\n<p class=\"summary\">{summary}</p>\n\
         <p class=\"soft\">{}, hognose {}. Reproduce with <code>{}</code></p>\n",
        markup(&report.started),
        markup(&report.tool_version),
        markup(&report.command)
    );
}

fn filters(out: &mut String) {
    out.push_str(
        "<form role=\"search\" aria-label=\"Filter findings\">\n\
         <label>Search <input type=\"search\" name=\"search\" title=\"Package, id, file\"></label>\n",
    );
    let mut check = |name: &str, value: &str| {
        let _ = writeln!(
            out,
            "<label><input type=\"checkbox\" name=\"{name}\" value=\"{value}\" checked> {value}</label>"
        );
    };
    for severity in SEVERITIES {
        check("severity", severity.as_str());
    }
    for standing in [Standing::Open, Standing::Allowed, Standing::Waived] {
        check("standing", standing.word());
    }
    out.push_str("<output id=\"count\"></output>\n</form>\n");
}

fn gaps(out: &mut String, report: &ScanReport) {
    if report.gaps.is_empty() {
        return;
    }
    out.push_str("<h2>Not checked</h2>\n");
    for (rule, gaps) in view::gaps_by_rule(report.gaps.iter()) {
        let title = rule.meta().map_or("could not be checked", |m| m.title);
        let _ = writeln!(
            out,
            "<details open class=\"gaps\"><summary>{} <span class=\"soft\">({}, {})</span></summary>\n<ul>",
            markup(title),
            rule.as_str(),
            gaps.len()
        );
        for gap in &gaps {
            let allowed = if gap.allowed { " (allowed)" } else { "" };
            let _ = writeln!(out, "<li>{}{allowed}</li>", markup(&words::gap(&gap.gap)));
        }
        out.push_str("</ul>\n");
        for hint in words::hints(&gaps) {
            let _ = writeln!(out, "<p>hint: {}</p>", markup(&hint));
        }
        out.push_str("</details>\n");
    }
}

fn notices(out: &mut String, report: &ScanReport) {
    if report.notices.is_empty() {
        return;
    }
    out.push_str("<h2>Notices</h2>\n<ul>\n");
    for notice in &report.notices {
        let place = notice
            .location
            .as_ref()
            .map(|l| format!("{}: ", words::place(l)));
        let text = format!("{}{}", place.unwrap_or_default(), plain(&notice.message));
        let _ = writeln!(out, "<li>{}</li>", markup(&text));
    }
    out.push_str("</ul>\n");
}

fn inputs(out: &mut String, report: &ScanReport) {
    let inventory = &report.inventory;
    out.push_str("<h2>Inputs</h2>\n<table>\n<tr><th>Path</th><th>What</th></tr>\n");
    for input in &inventory.inputs {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td></tr>",
            markup(&input.path),
            input.format.label()
        );
    }
    for skipped in &inventory.skipped {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>left out: {}</td></tr>",
            markup(&skipped.path),
            markup(&skipped.reason)
        );
    }
    out.push_str("</table>\n");
}

fn database(out: &mut String, report: &ScanReport) {
    let Some(database) = &report.database else {
        return;
    };
    let _ = write!(
        out,
        "<h2>Advisory database</h2>\n<p class=\"soft\">revision <code>{}</code>, built {}</p>\n\
         <table>\n<tr><th>Feed</th><th>Records</th><th>Date</th><th>From</th></tr>\n",
        markup(&database.revision),
        markup(&database.built)
    );
    for feed in &database.feeds {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            markup(&feed.name),
            words::thousands(feed.records),
            markup(feed.date.as_deref().unwrap_or("unknown")),
            markup(&feed.location)
        );
    }
    out.push_str("</table>\n");
}
