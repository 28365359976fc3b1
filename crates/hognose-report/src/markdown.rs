//! Markdown for a pull request comment, within the size code hosts accept.

use hognose_types::{Decision, Judged};

use crate::escape::{link, markdown as md, plain_short};
use crate::view::{self, Counts, Package, Standing};
use crate::{FileVerdict, ScanReport, VerifiedFile, words};

/// GitHub refuses comments of more than 65,536 characters.
const MAX_CHARS: usize = 65_000;
/// Room kept for the lines that say what was left out.
const RESERVE: usize = 2_000;
/// Findings listed per package.
const FINDINGS_SHOWN: usize = 25;
/// Places listed per package.
const PLACES_SHOWN: usize = 10;
/// Gaps listed per rule.
const GAPS_SHOWN: usize = 20;
/// Verified files listed.
const FILES_SHOWN: usize = 50;
/// Longest outside text in one place, in characters.
const TEXT_MAX: usize = 240;

pub(crate) fn render(report: &ScanReport) -> String {
    let mut comment = Comment::default();
    comment.push(&head(report));
    let packages = view::open_packages(report);
    table(&mut comment, &packages);
    let mut left_out = 0;
    for package in &packages {
        if !comment.push(&details(package)) {
            left_out += 1;
        }
    }
    if left_out > 0 {
        let count = words::plural(left_out, "package");
        comment.push_always(&format!(
            "\nDetails of {count} are left out here for size; the JSON report has all of them.\n"
        ));
    }
    files(&mut comment, report);
    waived(&mut comment, report);
    gaps(&mut comment, report);
    notices(&mut comment, report);
    comment.push_always(&foot(report));
    comment.out
}

#[derive(Debug, Default)]
struct Comment {
    out: String,
    chars: usize,
}

impl Comment {
    /// Appends a part if it leaves room for the foot.
    fn push(&mut self, part: &str) -> bool {
        let chars = part.chars().count();
        if self.chars + chars > MAX_CHARS - RESERVE {
            return false;
        }
        self.chars += chars;
        self.out.push_str(part);
        true
    }

    /// Appends one of our own short lines; a handful fit into the reserve.
    fn push_always(&mut self, part: &str) {
        let room = MAX_CHARS.saturating_sub(self.chars);
        if part.chars().count() <= room {
            self.chars += part.chars().count();
            self.out.push_str(part);
        }
    }
}

/// Outside text, escaped and of bounded length.
fn text(raw: &str) -> String {
    md(&plain_short(raw, TEXT_MAX))
}

fn head(report: &ScanReport) -> String {
    let mark = match report.verdict.decision {
        Decision::Block => "❌",
        Decision::Warn => "⚠️",
        Decision::Allow if !report.verdict.complete => "⚠️",
        Decision::Allow => "✅",
    };
    format!(
        "## {mark} Hognose\n\n**{}**\n",
        text(&words::summary(report))
    )
}

fn table(comment: &mut Comment, packages: &[Package<'_>]) {
    if packages.is_empty() {
        return;
    }
    let mut left_out = 0;
    comment.push("\n| Package | Worst | Findings | Where |\n|---|---|---|---|\n");
    for package in packages {
        let Some(worst) = package.findings.first() else {
            continue;
        };
        let place = package.occurrences.first().map(|occurrence| {
            let place = occurrence.edit.as_ref().unwrap_or(&occurrence.location);
            text(&place.to_string())
        });
        let row = format!(
            "| {} | {} | {} | {} |\n",
            text(&package.label()),
            worst.finding.severity.as_str(),
            words::thousands(package.findings.len() as u64),
            place.unwrap_or_default()
        );
        // Half of the comment at most: the details say more than the table.
        if comment.chars > MAX_CHARS / 2 || !comment.push(&row) {
            left_out += 1;
        }
    }
    if left_out > 0 {
        let number = words::thousands(left_out);
        comment.push_always(&format!("| … and {number} more | | | |\n"));
    }
}

fn details(package: &Package<'_>) -> String {
    let count = words::plural(package.findings.len(), "finding");
    let mut out = format!(
        "\n<details><summary><b>{}</b>: {count}</summary>\n\n",
        text(&package.label())
    );
    for occurrence in package.occurrences.iter().take(PLACES_SHOWN) {
        out.push_str(&format!("- at {}", text(&occurrence.location.to_string())));
        out.push_str(&text(&words::provenance(occurrence)));
        if let Some(edit) = &occurrence.edit {
            out.push_str(&format!("; edit {}", text(&edit.to_string())));
        }
        out.push('\n');
    }
    more(&mut out, package.occurrences.len(), PLACES_SHOWN, "places");
    out.push_str("\n| | Id | Fix | What |\n|---|---|---|---|\n");
    for judged in package.findings.iter().take(FINDINGS_SHOWN) {
        out.push_str(&row(judged));
    }
    more(&mut out, package.findings.len(), FINDINGS_SHOWN, "findings");
    out.push_str("\n</details>\n");
    out
}

fn more(out: &mut String, total: usize, shown: usize, what: &str) {
    if let Some(more) = total.checked_sub(shown).filter(|more| *more > 0) {
        let number = words::thousands(more as u64);
        out.push_str(&format!("- … and {number} more {what}\n"));
    }
}

fn row(judged: &Judged) -> String {
    let finding = &judged.finding;
    let mut what = vec![text(view::title(finding))];
    what.extend(words::facts(finding).iter().map(|f| text(f)));
    what.extend(words::disagreement(finding).map(|d| text(&d)));
    let id = text(view::finding_id(finding));
    let references = finding.advisory.iter().flat_map(|a| &a.references);
    let address = references
        .filter(|r| matches!(&*r.kind, "ADVISORY" | "WEB" | "ARTICLE"))
        .find_map(|r| link(&r.url).filter(|url| url.len() <= TEXT_MAX));
    let mut id = address.map_or_else(|| id.clone(), |url| format!("[{id}](<{url}>)"));
    if let Some(alias) = finding.advisory.as_ref().and_then(view::well_known_alias) {
        id.push_str(&format!("<br>{}", text(alias)));
    }
    format!(
        "| {} | {id} | {} | {} |\n",
        finding.severity.as_str(),
        text(&words::fix(finding)),
        what.join("; ")
    )
}

/// Files whose origin was verified; those without attestation are a number in the first line.
fn files(comment: &mut Comment, report: &ScanReport) {
    let worth =
        |f: &&VerifiedFile| !matches!(f.verdict, FileVerdict::Unattested | FileVerdict::Untold);
    let files: Vec<_> = report.verified.iter().flatten().filter(worth).collect();
    if files.is_empty() {
        return;
    }
    let count = words::plural(files.len(), "file");
    let mut part = format!(
        "\n<details><summary>Origin of {count}</summary>\n\n| Package | File | Verdict | Publisher | Repository | Commit | Workflow | Runner |\n|---|---|---|---|---|---|---|---|\n"
    );
    for file in files.iter().take(FILES_SHOWN) {
        let one = file.attestations.first().cloned().unwrap_or_default();
        let cells = [
            format!("{} {}", file.package, file.version),
            file.file.clone(),
            file.verdict.phrase().to_owned(),
            one.publisher,
            one.repository,
            one.commit.unwrap_or_default(),
            one.workflow.unwrap_or_default(),
            one.runner.unwrap_or_default(),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| text(cell)).collect();
        part.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    more(&mut part, files.len(), FILES_SHOWN, "files");
    part.push_str("\n</details>\n");
    comment.push(&part);
}

fn waived(comment: &mut Comment, report: &ScanReport) {
    let counts = Counts::of(report);
    if counts.waived == 0 {
        return;
    }
    let count = words::plural(counts.waived, "waived finding");
    let mut part = format!("\n<details><summary>{count}</summary>\n\n");
    let waived = report
        .judged
        .iter()
        .filter(|j| Standing::of(j) == Standing::Waived);
    for judged in waived.take(GAPS_SHOWN) {
        let Some(waiver) = &judged.waiver else {
            continue;
        };
        let expires = waiver.expires.as_deref();
        part.push_str(&format!(
            "- {} {}: {}{}\n",
            text(&view::label(&judged.finding)),
            text(view::finding_id(&judged.finding)),
            text(&waiver.reason),
            expires
                .map(|e| format!(", until {}", text(e)))
                .unwrap_or_default()
        ));
    }
    more(&mut part, counts.waived, GAPS_SHOWN, "waived findings");
    part.push_str("\n</details>\n");
    comment.push(&part);
}

fn gaps(comment: &mut Comment, report: &ScanReport) {
    for (rule, gaps) in view::gaps_by_rule(report.gaps.iter().filter(|g| !g.allowed)) {
        let title = rule.meta().map_or("could not be checked", |m| m.title);
        let mut part = format!(
            "\n<details><summary>Not checked: {title} ({})</summary>\n\n",
            gaps.len()
        );
        for gap in gaps.iter().take(GAPS_SHOWN) {
            part.push_str(&format!("- {}\n", text(&words::gap(&gap.gap))));
        }
        more(&mut part, gaps.len(), GAPS_SHOWN, "not checked");
        for hint in words::hints(&gaps).iter().take(GAPS_SHOWN) {
            part.push_str(&format!("- hint: {}\n", text(hint)));
        }
        part.push_str("\n</details>\n");
        comment.push(&part);
    }
}

fn notices(comment: &mut Comment, report: &ScanReport) {
    for notice in report.notices.iter().take(GAPS_SHOWN) {
        comment.push(&format!("\nnote: {}\n", text(&notice.message)));
    }
}

fn foot(report: &ScanReport) -> String {
    let age = match words::database_age(report) {
        Some(age) => format!(", {}", text(&age)),
        None if report.verified.is_some() => String::new(),
        None => ", no advisory database".to_owned(),
    };
    format!(
        "\n<sub>hognose {}{age}; reproduce with {}</sub>\n",
        text(&report.tool_version),
        text(&report.command)
    )
}
