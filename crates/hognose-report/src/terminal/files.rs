//! The table of verified files: a row for files of one release that say the same.

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthStr as _;

use super::page::{Page, Role};
use crate::escape::{plain, plain_short};
use crate::verified::{FileVerdict, VerifiedFile};
use crate::words::plural;

/// Columns, as their headings say.
const COLUMNS: [&str; 8] = [
    "package",
    "file",
    "verdict",
    "publisher",
    "repository",
    "commit",
    "workflow",
    "runner",
];
/// Widest cell, in columns: beyond, the end is cut.
const CELL_MAX: usize = 60;
/// Digits of a commit that people compare.
const COMMIT: usize = 10;

type Row = [String; 8];

/// Writes the table. What has no attestation is told as a number unless everything is to be shown.
pub(super) fn write(page: &mut Page, files: &[VerifiedFile], verbose: bool) {
    let quiet = |file: &&VerifiedFile| {
        !verbose && matches!(file.verdict, FileVerdict::Unattested | FileVerdict::Untold)
    };
    let rows = rows(files.iter().filter(|f| !quiet(f)), verbose);
    if !rows.is_empty() {
        page.blank();
        let all: Vec<Row> = std::iter::once(COLUMNS.map(str::to_owned))
            .chain(rows.iter().map(|(row, _)| row.clone()))
            .collect();
        let roles =
            std::iter::once(Role::Dim).chain(rows.iter().map(|(_, verdict)| role(*verdict)));
        for (line, role) in lines(&all).iter().zip(roles) {
            page.line(role, line);
        }
    }
    folded(page, files.iter().filter(quiet));
}

fn role(verdict: FileVerdict) -> Role {
    match verdict {
        FileVerdict::Bad | FileVerdict::OtherBytes => Role::Bad,
        FileVerdict::Unknown => Role::Strong,
        FileVerdict::Verified | FileVerdict::Pinned => Role::Plain,
        FileVerdict::Unattested | FileVerdict::Untold => Role::Dim,
    }
}

fn rows<'f>(
    files: impl Iterator<Item = &'f VerifiedFile>,
    verbose: bool,
) -> Vec<(Row, FileVerdict)> {
    let mut groups: BTreeMap<(FileVerdict, Row), Vec<&VerifiedFile>> = BTreeMap::new();
    for file in files {
        let row = row(file, verbose);
        groups.entry((file.verdict, row)).or_default().push(file);
    }
    let shown = groups.into_iter().map(|((verdict, mut row), files)| {
        let (name, count) = (files.first().map(|f| plain(&f.file)), files.len());
        row[1] = match (name, count) {
            (Some(name), 1) => name,
            _ => plural(count, "file"),
        };
        (row, verdict)
    });
    shown.collect()
}

fn row(file: &VerifiedFile, verbose: bool) -> Row {
    let one = file.attestations.first();
    let text = |value: Option<&str>| plain_short(value.unwrap_or_default(), CELL_MAX);
    let commit = one.and_then(|a| a.commit.as_deref());
    let place = one.map(|a| {
        a.repository
            .strip_prefix("https://")
            .unwrap_or(&a.repository)
    });
    [
        plain_short(&format!("{} {}", file.package, file.version), CELL_MAX),
        if verbose {
            plain(&file.file)
        } else {
            String::new()
        },
        file.verdict.phrase().to_owned(),
        text(one.map(|a| a.publisher.as_str())),
        text(place),
        text(commit.map(|c| c.get(..COMMIT).unwrap_or(c))),
        text(one.and_then(|a| a.workflow.as_deref())),
        text(one.and_then(|a| a.runner.as_deref())),
    ]
}

fn lines(rows: &[Row]) -> Vec<String> {
    let mut widths = [0; 8];
    for row in rows.iter().skip(1) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    // A column of which only the heading would show is left out.
    for (width, heading) in widths
        .iter_mut()
        .zip(COLUMNS)
        .filter(|(width, _)| **width > 0)
    {
        *width = (*width).max(heading.width());
    }
    let line = |row: &Row| {
        let mut out = String::new();
        for (cell, width) in row.iter().zip(widths).filter(|(_, width)| *width > 0) {
            out.push_str(cell);
            out.extend(std::iter::repeat_n(
                ' ',
                width.saturating_sub(cell.width()) + 2,
            ));
        }
        out.truncate(out.trim_end().len());
        out
    };
    rows.iter().map(line).collect()
}

fn folded<'f>(page: &mut Page, files: impl Iterator<Item = &'f VerifiedFile>) {
    let mut releases: BTreeMap<FileVerdict, std::collections::BTreeSet<(&str, &str)>> =
        BTreeMap::new();
    for file in files {
        let release = (file.package.as_str(), file.version.as_str());
        releases.entry(file.verdict).or_default().insert(release);
    }
    if !releases.is_empty() {
        page.blank();
    }
    for (verdict, releases) in releases {
        let count = plural(releases.len(), "package");
        let text = match verdict {
            FileVerdict::Untold => {
                format!("of {count} the index does not say whether they are attested")
            }
            _ => format!("{count} with files without attestation"),
        };
        page.line(Role::Dim, &format!("{text} (--verbose lists them)"));
    }
}
