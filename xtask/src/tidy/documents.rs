//! Every path and crate that a document names exists.

use super::Files;

/// Directories whose paths are checked wherever they are named.
const TOPS: [&str; 7] = [
    "crates/",
    "docs/",
    "examples/",
    "xtask/",
    "fuzz/",
    "benches/",
    ".ci/",
];

pub(super) fn check(files: &Files, faults: &mut Vec<String>) {
    for document in files.ending(".md") {
        let text = files.read(document);
        for (number, line) in text.lines().enumerate() {
            let at = format!("{document}:{}", number + 1);
            for named in spans(line).filter(|s| is_path(s)) {
                if !files.exists(named.trim_end_matches('/')) {
                    faults.push(format!("{at}: {named} does not exist"));
                }
            }
            for target in links(line) {
                let directory = document.rsplit_once('/').map_or("", |(d, _)| d);
                if !files.exists(&join(directory, target)) {
                    faults.push(format!("{at}: the link to {target} leads nowhere"));
                }
            }
            for name in
                crates(line).filter(|name| !files.exists(&format!("crates/{name}/Cargo.toml")))
            {
                faults.push(format!("{at}: there is no crate {name}"));
            }
        }
    }
}

/// What stands between backticks.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn is_path(text: &str) -> bool {
    TOPS.iter().any(|top| text.starts_with(top)) && !text.contains(['*', '<', '{', ' ', '…'])
}

/// Relative link targets, without anchors.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split([')', '#']).next()?;
        (!target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
            .then_some(target)
    })
}

fn join(directory: &str, target: &str) -> String {
    let mut parts: Vec<&str> = directory.split('/').filter(|p| !p.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

/// Names of crates between backticks.
fn crates(line: &str) -> impl Iterator<Item = &str> {
    spans(line).filter(|s| {
        s.strip_prefix("hognose-").is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_names() {
        let line = "See `crates/x/src/lib.rs`, `hognose-types`, [a](../b.md#c) and [web](https://example.com).";
        assert_eq!(
            spans(line).filter(|s| is_path(s)).collect::<Vec<_>>(),
            ["crates/x/src/lib.rs"]
        );
        assert_eq!(crates(line).collect::<Vec<_>>(), ["hognose-types"]);
        assert_eq!(links(line).collect::<Vec<_>>(), ["../b.md"]);
        assert_eq!(join("docs/rules", "../b.md"), "docs/b.md");
    }
}
