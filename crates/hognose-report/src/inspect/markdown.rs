//! Markdown of an inspection for a pull request comment, within the size code hosts accept.

use super::{InspectBand, InspectReport, InspectRule, InspectedArtifact, words};
use crate::escape::{markdown as md, plain_short};
use crate::words::plural;

/// GitHub refuses comments of more than 65,536 characters; the foot needs some.
const MAX_CHARS: usize = 63_000;
/// Rules listed per artifact.
const RULES_SHOWN: usize = 8;
/// Longest outside text in one place, in characters.
const TEXT_MAX: usize = 200;

pub(crate) fn render(report: &InspectReport) -> String {
    let mark = match (report.fails(), report.is_complete()) {
        (true, _) => "❌",
        (false, false) => "⚠️",
        (false, true) => "✅",
    };
    let mut out = format!(
        "## {mark} Hognose inspect\n\n**{}**\n",
        text(&words::summary(report))
    );
    let mut left_out = 0_usize;
    let worth = |a: &&InspectedArtifact| a.worst() > InspectBand::Nothing || !a.is_complete();
    for one in report.artifacts.iter().filter(worth) {
        let part = artifact(one);
        if out.chars().count() + part.chars().count() > MAX_CHARS {
            left_out += 1;
        } else {
            out.push_str(&part);
        }
    }
    if left_out > 0 {
        let count = plural(left_out, "artifact");
        out.push_str(&format!(
            "\n{count} left out here for size; the JSON report has all of them.\n"
        ));
    }
    out.push_str(&format!(
        "\n<sub>hognose {}, analyser {}, model {}; reproduce with {}</sub>\n",
        text(&report.tool_version),
        text(&report.analyser),
        text(&report.model),
        text(&report.command)
    ));
    out
}

fn text(raw: &str) -> String {
    md(&plain_short(raw, TEXT_MAX))
}

fn artifact(one: &InspectedArtifact) -> String {
    if let Some(failure) = &one.failure {
        return format!("\n- **not read** {}: {}\n", text(&one.path), text(failure));
    }
    let mut out = format!(
        "\n<details><summary><b>{}</b> {} {} ({})</summary>\n\n{}\n\n",
        one.band.as_str(),
        words::score(one.score),
        text(&words::label(one)),
        one.kind,
        text(&one.path)
    );
    if let Some(change) = &one.change {
        out.push_str(&format!(
            "Change: **{}** {}, {}\n\n",
            change.band.as_str(),
            words::score(change.score),
            text(&words::change(change))
        ));
    }
    if !one.rules.is_empty() {
        out.push_str("| | Rule | Where | Evidence |\n|---|---|---|---|\n");
    }
    for rule in one.rules.iter().take(RULES_SHOWN) {
        out.push_str(&row(rule));
    }
    for item in one.unread.iter().take(RULES_SHOWN) {
        out.push_str(&format!(
            "\n- not analysed: {} {}",
            text(&item.path),
            text(&item.reason)
        ));
    }
    out.push_str("\n</details>\n");
    out
}

fn row(rule: &InspectRule) -> String {
    let fact = rule.evidence.first();
    format!(
        "| {} | {} ({}) | {} | {} |\n",
        rule.severity.as_str(),
        text(&words::title(rule)),
        text(&rule.id),
        fact.map(|f| text(&words::place(f))).unwrap_or_default(),
        fact.map(|f| text(&words::detail(f))).unwrap_or_default()
    )
}
