//! The tables of needles as texts: read when the program is built, to make what finds them, and when it runs.

/// The tables, below headings such as `[wallet part]`: the kind of fact and what must stand around a needle.
pub(crate) const SOURCES: [&str; 3] = [
    include_str!("hosts.txt"),
    include_str!("paths.txt"),
    include_str!("words.txt"),
];

/// The needles of a table: kind, check and text.
pub(crate) fn entries(
    source: &'static str,
) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let mut section = None;
    source.lines().filter_map(move |line| {
        if line.is_empty() || line.starts_with("# ") {
            return None;
        }
        if let Some(heading) = heading(line) {
            section = Some(heading);
            return None;
        }
        section.map(|(kind, check)| (kind, check, line))
    })
}

/// The kind and the check that a heading names.
pub(crate) fn heading(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix('[')?.strip_suffix(']')?.split_once(' ')
}

/// How the slashes of a needle are searched: as written, and in paths as one and two backslashes. What must be the
/// whole text is not searched.
pub(crate) fn separators(check: &str, text: &str) -> &'static [&'static str] {
    if check == "whole" {
        &[]
    } else if check != "host" && text.contains('/') && !text.contains("//") {
        &["/", "\\", "\\\\"]
    } else {
        &["/"]
    }
}
