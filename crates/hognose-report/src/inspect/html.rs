//! One HTML page of an inspection: no script, no request, everything from outside escaped.

use std::fmt::Write as _;

use super::{
    InspectBand, InspectChange, InspectEvidence, InspectReport, InspectRule, InspectedArtifact,
    words,
};
use crate::escape::{markup, markup_only, plain_block};
use crate::html::{STYLE, hash};

/// Longest decoded text shown, in characters; the analyser cuts at the same length.
const DETAIL_MAX: usize = 2_000;

pub(crate) fn render(report: &InspectReport) -> String {
    let mut out = String::with_capacity(16 * 1024);
    head(&mut out, report);
    let mut artifacts: Vec<&InspectedArtifact> = report.artifacts.iter().collect();
    // Worst first; the order of the run among equals.
    artifacts.sort_by_key(|a| (a.failure.is_some(), std::cmp::Reverse(a.worst())));
    let only = artifacts.len() == 1;
    for one in artifacts {
        artifact(&mut out, one, only);
    }
    if !report.skipped.is_empty() {
        out.push_str("<h2>Left out</h2>\n<ul>\n");
        for item in &report.skipped {
            let _ = writeln!(
                out,
                "<li><code>{}</code>: {}</li>",
                markup(&item.path),
                markup(&item.reason)
            );
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn head(out: &mut String, report: &InspectReport) {
    let policy = format!(
        "default-src 'none'; style-src {}; base-uri 'none'; form-action 'none'",
        hash(STYLE)
    );
    let summary = markup(&words::summary(report));
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Hognose inspect: {summary}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>What these packages do</h1>\n<p class=\"summary\">{summary}</p>\n\
         <p class=\"soft\">{}, hognose {}, analyser {}, model {}. Reproduce with <code>{}</code></p>\n",
        markup(&report.started),
        markup(&report.tool_version),
        markup(&report.analyser),
        markup(&report.model),
        markup(&report.command)
    );
}

/// The class of a band, among those of the style sheet.
fn class(band: InspectBand) -> &'static str {
    match band {
        InspectBand::Malicious => "malicious",
        InspectBand::Suspicious => "critical",
        InspectBand::Notable => "medium",
        InspectBand::Nothing => "fix",
    }
}

fn artifact(out: &mut String, one: &InspectedArtifact, only: bool) {
    let open = if only || one.worst() >= InspectBand::Suspicious || !one.is_complete() {
        " open"
    } else {
        ""
    };
    if let Some(failure) = &one.failure {
        let _ = writeln!(
            out,
            "<details class=\"package\" open><summary><span class=\"tag critical\">not read</span> <code>{}</code></summary>\n<div><p>{}</p></div></details>",
            markup(&one.path),
            markup(failure)
        );
        return;
    }
    let _ = write!(
        out,
        "<details class=\"package\"{open}><summary><span class=\"tag {}\">{}</span> <b>{}</b> \
         <span class=\"soft\">{}, {}</span></summary>\n<div>\n<p class=\"soft\"><code>{}</code>",
        class(one.band),
        one.band.as_str(),
        markup(&words::label(one)),
        words::score(one.score),
        one.kind,
        markup(&one.path),
    );
    if let Some(sha256) = &one.sha256 {
        let _ = write!(out, ", sha256 <code>{}</code>", markup(sha256));
    }
    out.push_str("</p>\n");
    if let Some(found) = &one.change {
        change(out, found);
    }
    for rule in &one.rules {
        self::rule(out, rule);
    }
    table(out, one);
    if !one.unread.is_empty() {
        out.push_str("<h3>Not analysed</h3>\n<ul>\n");
        for item in &one.unread {
            let _ = writeln!(
                out,
                "<li><code>{}</code> {}</li>",
                markup(&item.path),
                markup(&item.reason)
            );
        }
        out.push_str("</ul>\n");
    }
    surfaces(out, one);
    out.push_str("</div>\n</details>\n");
}

fn change(out: &mut String, change: &InspectChange) {
    let _ = writeln!(
        out,
        "<h3>Change</h3>\n<p><span class=\"tag {}\">{}</span> {}, {}</p>",
        class(change.band),
        change.band.as_str(),
        words::score(change.score),
        markup(&words::change(change))
    );
    out.push_str("<ul>\n");
    for list in &change.lists {
        for (word, names) in [("new", &list.new), ("gone", &list.gone)] {
            if !names.is_empty() {
                let names: Vec<String> = names.iter().map(|n| markup(n)).collect();
                let _ = writeln!(out, "<li>{word} {}: {}</li>", list.what, names.join(", "));
            }
        }
    }
    for field in &change.fields {
        let _ = writeln!(
            out,
            "<li>{}: {} → {}</li>",
            field.name,
            markup(&field.old),
            markup(&field.new)
        );
    }
    out.push_str("</ul>\n");
    for rule in &change.rules {
        self::rule(out, rule);
    }
    if !change.facts.is_empty() {
        out.push_str("<details><summary class=\"soft\">New facts</summary>\n<ul>\n");
        for fact in &change.facts {
            evidence(out, fact);
        }
        out.push_str("</ul>\n</details>\n");
    }
}

fn rule(out: &mut String, rule: &InspectRule) {
    let _ = writeln!(
        out,
        "<article class=\"finding\">\n<p><span class=\"tag {0}\">{0}</span> <b>{1}</b> \
         <span class=\"soft\">{2}, {3:.1} points</span></p>\n<ul>",
        rule.severity.as_str(),
        markup(&words::title(rule)),
        markup(&rule.id),
        rule.counted
    );
    for fact in &rule.evidence {
        evidence(out, fact);
    }
    out.push_str("</ul>\n</article>\n");
}

fn evidence(out: &mut String, fact: &InspectEvidence) {
    let layers = words::layers(fact)
        .map(|l| format!(" ({l})"))
        .unwrap_or_default();
    let _ = write!(
        out,
        "<li><code>{}</code> {}{layers}",
        markup(&words::place(fact)),
        fact.says
    );
    if !fact.detail.trim().is_empty() {
        let text: String = plain_block(&fact.detail).chars().take(DETAIL_MAX).collect();
        let _ = write!(out, "<pre>{}</pre>", markup_only(&text));
    }
    out.push_str("</li>\n");
}

fn table(out: &mut String, one: &InspectedArtifact) {
    if one.capabilities.is_empty() {
        return;
    }
    out.push_str("<h3>What it can do</h3>\n<table>\n<tr><th></th>");
    for (_, heading, phrase) in words::TRIGGERS {
        let _ = write!(out, "<th title=\"{phrase}\">{heading}</th>");
    }
    out.push_str("</tr>\n");
    for row in &one.capabilities {
        let _ = write!(out, "<tr><td>{}</td>", words::group(row.group));
        for count in row.counts {
            let cell = if count == 0 {
                String::new()
            } else {
                count.to_string()
            };
            let _ = write!(out, "<td>{cell}</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table>\n");
    if !one.remarks.is_empty() {
        let _ = writeln!(
            out,
            "<p class=\"soft\">It also {}</p>",
            one.remarks.join(", ")
        );
    }
}

fn surfaces(out: &mut String, one: &InspectedArtifact) {
    if one.surfaces.is_empty() {
        return;
    }
    out.push_str("<details><summary class=\"soft\">Hooks, commands, binaries</summary>\n<ul>\n");
    for (group, names) in &one.surfaces {
        let names: Vec<String> = names.iter().map(|n| markup(n)).collect();
        let _ = writeln!(out, "<li>{group}: {}</li>", names.join(", "));
    }
    out.push_str("</ul>\n</details>\n");
}
