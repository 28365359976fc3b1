//! The words at the end: what was refused, what was withheld, what was warned about.

use crate::commands::gateway::Told;

/// Most lines of one kind.
const MAX: usize = 20;

/// The summary, one line each.
pub(super) fn lines(told: &Told, observe: bool) -> Vec<String> {
    let mut out = Vec::new();
    let blocked = told
        .blocked
        .iter()
        .map(|(file, why)| format!("  {file}: {why}"));
    section(&mut out, "refused", blocked.collect());
    // A version that was withheld matters where the project was got at all, or was not to be had.
    let withheld = told
        .withheld
        .iter()
        .filter(|(project, _)| told.got.contains_key(*project) || told.blocked.is_empty())
        .filter_map(|(project, versions)| {
            let (newest, why) = versions.last()?;
            let more = match versions.len() {
                1 => String::new(),
                n => format!(" and {} older", n - 1),
            };
            let got = told.got.get(project).map_or_else(String::new, |got| {
                let got: Vec<&str> = got.iter().map(String::as_str).collect();
                format!(", got {}", got.join(", "))
            });
            Some(format!("  {project} {newest}{more}{got}: {why}"))
        });
    let word = if observe {
        "would be withheld"
    } else {
        "withheld"
    };
    section(&mut out, word, withheld.collect());
    let warned = told
        .warned
        .iter()
        .map(|(file, why)| format!("  {file}: {why}"));
    section(&mut out, "warned about", warned.collect());
    let failures = told.failures.iter().map(|f| format!("  {f}"));
    section(&mut out, "not answered", failures.collect());
    if out.is_empty() && !told.served.is_empty() {
        out.push(format!(
            "guard: {} checked, nothing refused",
            files(told.served.len())
        ));
    }
    out
}

fn section(out: &mut Vec<String>, what: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    out.push(format!("guard: {} {what}", lines.len()));
    let cut = lines.len().saturating_sub(MAX);
    out.extend(lines.into_iter().take(MAX));
    if cut > 0 {
        out.push(format!("  and {cut} more"));
    }
}

fn files(count: usize) -> String {
    match count {
        1 => "1 file".to_owned(),
        n => format!("{n} files"),
    }
}
