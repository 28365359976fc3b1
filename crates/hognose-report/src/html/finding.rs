//! Packages and findings of the page.

use std::fmt::Write as _;

use hognose_types::{AdvisoryEvidence, Judged, Occurrence};

use crate::escape::{link, markup, markup_only, plain_block};
use crate::view::{self, Package, Standing};
use crate::words;

/// Packages with more findings than this start closed.
const OPEN_UP_TO: usize = 10;

pub(super) fn package(out: &mut String, package: &Package<'_>) {
    let open = if package.findings.len() <= OPEN_UP_TO {
        " open"
    } else {
        ""
    };
    let _ = write!(
        out,
        "<details class=\"package\"{open}><summary><b>{}</b> <span class=\"soft\">{}</span></summary>\n<div>\n<ul>\n",
        markup(&package.label()),
        words::plural(package.findings.len(), "finding")
    );
    for occurrence in &package.occurrences {
        place(out, occurrence);
    }
    out.push_str("</ul>\n");
    for judged in &package.findings {
        finding(out, judged);
    }
    out.push_str("</div>\n</details>\n");
}

fn place(out: &mut String, occurrence: &Occurrence) {
    let _ = write!(
        out,
        "<li><code>{}</code>",
        markup(&occurrence.location.to_string())
    );
    out.push_str(&markup(&words::provenance(occurrence)));
    if let Some(edit) = &occurrence.edit {
        let _ = write!(out, "; edit <code>{}</code>", markup(&edit.to_string()));
    }
    out.push_str("</li>\n");
}

fn finding(out: &mut String, judged: &Judged) {
    let finding = &judged.finding;
    let severity = finding.severity.as_str();
    let standing = Standing::of(judged).word();
    let _ = write!(
        out,
        "<article class=\"finding\" data-severity=\"{severity}\" data-standing=\"{standing}\">\n\
         <p><span class=\"tag {severity}\">{severity}</span> <b>{}</b>",
        markup(view::finding_id(finding))
    );
    if let Some(alias) = finding.advisory.as_ref().and_then(view::well_known_alias) {
        let _ = write!(out, " ({})", markup(alias));
    }
    let class = if finding.remedy.version.is_some() {
        "fix"
    } else {
        "soft"
    };
    let _ = write!(
        out,
        " <span class=\"{class}\">{}</span></p>\n<p>{}</p>\n",
        markup(&words::fix(finding)),
        markup(view::title(finding))
    );
    let mut facts = words::facts(finding);
    facts.extend(words::disagreement(finding));
    facts.push(format!("{standing}: {}", judged.because));
    if let Some(waiver) = &judged.waiver {
        facts.push(format!("waived: {}", waiver.reason));
        facts.extend(waiver.expires.as_ref().map(|e| format!("until {e}")));
        facts.extend(waiver.owner.as_ref().map(|o| format!("by {o}")));
    }
    let facts: Vec<String> = facts.iter().map(|f| markup(f)).collect();
    let _ = writeln!(out, "<p class=\"soft\">{}</p>", facts.join("; "));
    if let Some(advisory) = &finding.advisory {
        advisory_details(out, advisory);
    }
    out.push_str("</article>\n");
}

fn advisory_details(out: &mut String, advisory: &AdvisoryEvidence) {
    out.push_str("<details><summary class=\"soft\">Advisory</summary>\n");
    if !advisory.aliases.is_empty() {
        let aliases: Vec<String> = advisory.aliases.iter().map(|a| markup(a)).collect();
        let _ = writeln!(out, "<p>also known as {}</p>", aliases.join(", "));
    }
    if !advisory.details.is_empty() {
        let text = markup_only(&plain_block(&advisory.details));
        let _ = writeln!(out, "<pre>{text}</pre>");
    }
    out.push_str("<ul>\n");
    for record in &advisory.records {
        let date = record.modified.as_ref().or(record.published.as_ref());
        let date = date.map(|d| format!(", {}", markup(d))).unwrap_or_default();
        let _ = writeln!(
            out,
            "<li>source: {} ({}{date})</li>",
            markup(&record.id),
            markup(&record.feed)
        );
    }
    for reference in &advisory.references {
        let text = markup(&reference.url);
        match link(&reference.url) {
            Some(url) => {
                let url = markup_only(&url);
                let _ = writeln!(
                    out,
                    "<li><a href=\"{url}\" rel=\"noopener noreferrer nofollow\">{text}</a></li>"
                );
            }
            None => {
                let _ = writeln!(out, "<li>{text}</li>");
            }
        }
    }
    out.push_str("</ul>\n</details>\n");
}
