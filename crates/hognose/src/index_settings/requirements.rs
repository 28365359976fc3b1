//! Options of requirements files that name indexes.

use std::path::Path;

use hognose_types::{IndexPlace, IndexRole, IndexScope, IndexTool, Location};

use super::layer::Layer;

/// Reads the options of a requirements file; none when it names no index. What it includes is not followed: the
/// caller knows which files there are.
pub(super) fn read(text: &str, path: &Path) -> Option<Layer> {
    let mut layer = Layer::new(IndexTool::Pip, IndexScope::Project);
    let file = path.display().to_string();
    for (number, line) in logical(text) {
        // Only at the beginning of a line: `-` elsewhere belongs to a requirement.
        if !line.starts_with('-') {
            continue;
        }
        let place = || IndexPlace::File(Location::line(file.as_str(), number));
        let mut words = line.split_whitespace();
        while let Some(word) = words.next() {
            if word.starts_with('#') {
                break;
            }
            if word == "--no-index" {
                layer.none = Some(place());
                continue;
            }
            let Some((role, value)) = option(word) else {
                continue;
            };
            let value = value.or_else(|| words.next()).unwrap_or_default();
            let value = value.trim_matches(['"', '\'']);
            if !value.is_empty() {
                layer.add(role, value, place(), None);
            }
        }
    }
    layer.says_something()
}

/// The role an option gives, and its value where it stands in the same word.
fn option(word: &str) -> Option<(IndexRole, Option<&str>)> {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) if name.starts_with("--") => (name, Some(value)),
        _ => (word, None),
    };
    let role = match name {
        "--index-url" | "--pypi-url" | "-i" => IndexRole::Default,
        "--extra-index-url" => IndexRole::Extra,
        "--find-links" | "-f" => IndexRole::FindLinks,
        _ => {
            let glued = |short, role| Some((role, Some(word.strip_prefix(short)?)));
            return glued("-i", IndexRole::Default).or_else(|| glued("-f", IndexRole::FindLinks));
        }
    };
    Some((role, value))
}

/// Lines joined at `\`, with the number of their first.
fn logical(text: &str) -> Vec<(u32, String)> {
    let mut out: Vec<(u32, String)> = Vec::new();
    let mut open = false;
    for (number, line) in (1_u32..).zip(text.lines()) {
        let (body, goes_on) = match line.strip_suffix('\\') {
            Some(body) => (body, true),
            None => (line, false),
        };
        match out.last_mut().filter(|_| open) {
            Some((_, whole)) => whole.push_str(body),
            None => out.push((number, body.trim_start().to_owned())),
        }
        open = goes_on;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options() {
        let text = "six==1.0 --hash=sha256:00\n--index-url https://a.example/simple\n  --extra-index-url=https://me:secret@b.example \\\n  -f /wheels # note\n\
                    -ihttps://c.example\n-r more.txt\n--find-links 'https://d.example/x'\nacme -i\n";
        let layer = read(text, Path::new("requirements.txt")).unwrap();
        let one =
            |i: &hognose_types::ConfiguredIndex| format!("{:?} {} {}", i.role, i.url, i.place);
        let shown: Vec<String> = layer.indexes.iter().map(one).collect();
        assert_eq!(
            shown,
            [
                "Default https://a.example/simple requirements.txt:2",
                "Extra https://****@b.example requirements.txt:3",
                "FindLinks /wheels requirements.txt:3",
                "Default https://c.example requirements.txt:5",
                "FindLinks https://d.example/x requirements.txt:7",
            ]
        );
        assert!(read("six\n-r x.txt\n", Path::new("r.txt")).is_none());
        assert!(
            read("--no-index\n", Path::new("r.txt"))
                .unwrap()
                .none
                .is_some()
        );
    }
}
