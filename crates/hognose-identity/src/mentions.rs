//! Names that texts tell people or programs to install: READMEs, agent files, Dockerfiles, scripts, notebooks.
//!
//! A language model that writes `pip install` invents names; so does a tired person. What stands in such a line is
//! installed by whoever follows it, though no manifest declares it.

use std::collections::BTreeMap;

use hognose_types::{Finding, Inventory, Location, Occurrence, PackageName, Purl, Subject};

use crate::code::occurrence;
use crate::judge::{Knowledge, lookalike};
use crate::lookalike::Targets;

/// A name in a line that installs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// The name.
    pub name: PackageName,
    /// Where.
    pub location: Location,
}

/// Commands after which names follow.
const COMMANDS: [&str; 10] = [
    "pip install",
    "pip3 install",
    "pip download",
    "uv add",
    "uv tool install",
    "poetry add",
    "pdm add",
    "pipenv install",
    "pipx install",
    "pipx run",
];
/// Options whose value is the next word.
const WITH_VALUE: [&str; 22] = [
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-e",
    "--editable",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "-t",
    "--target",
    "--prefix",
    "--python",
    "-p",
    "--group",
    "-G",
    "--extra",
    "--source",
    "--index",
    "--trusted-host",
];
/// Most names of one text.
const MAX_MENTIONS: usize = 10_000;
/// Longest line that is looked at.
const MAX_LINE: usize = 16_384;

/// The names that a text says to install. In Markdown and reStructuredText only what is set as code counts.
pub fn mentions(file: &str, text: &str) -> Vec<Mention> {
    let prose = [".md", ".rst", ".mdc", ".markdown", ".cursorrules"];
    let is_prose = prose.iter().any(|end| file.ends_with(end));
    let mut out = Vec::new();
    let mut fenced = false;
    let mut goes_on = false;
    for (number, line) in (1_u32..).zip(text.lines()) {
        let trimmed = line.trim_start();
        if is_prose && (trimmed.starts_with("```") || trimmed.starts_with("~~~")) {
            fenced = !fenced;
            goes_on = false;
            continue;
        }
        if line.len() > MAX_LINE || out.len() >= MAX_MENTIONS {
            continue;
        }
        let add = |name| {
            out.push(Mention {
                name,
                location: Location::line(file, number),
            });
        };
        let code = !is_prose
            || fenced
            || line.starts_with("    ")
            || line.starts_with('\t')
            || trimmed.starts_with("$ ");
        if code {
            goes_on = of_line(trimmed, goes_on, add);
        } else {
            goes_on = false;
            // Between single or double backticks.
            let mut add = add;
            for piece in line.split('`').skip(1).step_by(2) {
                of_line(piece, false, &mut add);
            }
        }
    }
    out
}

/// The names of one line; `goes_on` when the line before ended in the middle of a command. Answers the same for the next.
fn of_line(line: &str, goes_on: bool, mut add: impl FnMut(PackageName)) -> bool {
    let mut rest = line;
    let mut open = goes_on;
    loop {
        if !open {
            let next = COMMANDS
                .iter()
                .filter_map(|command| Some((rest.find(command)?, command.len())))
                .min_by_key(|(at, _)| *at);
            let Some((at, length)) = next else {
                return false;
            };
            rest = rest.get(at + length..).unwrap_or("");
            // `pip installed`, `pip install.` are prose.
            if !rest.starts_with([' ', '\t']) {
                continue;
            }
        }
        open = false;
        let end = rest
            .find(['&', '|', ';', '#', '`', ')'])
            .unwrap_or(rest.len());
        let (command, after) = rest.split_at(end);
        // A marker in quotes holds `;`: what follows it is no command.
        words(command, &mut add);
        if after.is_empty() {
            return command.trim_end().ends_with('\\');
        }
        rest = after.get(1..).unwrap_or("");
    }
}

fn words(command: &str, add: &mut impl FnMut(PackageName)) {
    let mut all = command.split_whitespace();
    while let Some(word) = all.next() {
        let word = word.trim_matches(['"', '\'', ',', '\\']);
        if WITH_VALUE.contains(&word) {
            all.next();
            continue;
        }
        if word.is_empty() || word.starts_with('-') {
            continue;
        }
        if word.contains(['/', '$', '{', '}', '%', '\\', ':']) || word.starts_with(['.', '<', '['])
        {
            continue;
        }
        if [".txt", ".whl", ".gz", ".zip", ".toml", "…", "..."]
            .iter()
            .any(|end| word.ends_with(end))
        {
            continue;
        }
        let end = word
            .find(['[', '=', '<', '>', '~', '!', '@', ';', '('])
            .unwrap_or(word.len());
        match PackageName::new(word.get(..end).unwrap_or(word)) {
            Ok(name) => add(name),
            // What is no name ends what can be understood.
            Err(_) => return,
        }
    }
}

/// Mentioned names that look like those of well-known projects, unless the inventory has them: then they were judged.
pub fn judge_mentions(
    mentions: &[Mention],
    inventory: &Inventory,
    knowledge: &Knowledge<'_>,
) -> Vec<Finding> {
    let mut by_name: BTreeMap<&PackageName, Vec<&Location>> = BTreeMap::new();
    for mention in mentions {
        by_name
            .entry(&mention.name)
            .or_default()
            .push(&mention.location);
    }
    by_name.retain(|name, _| !inventory.components.iter().any(|c| c.name == **name));
    if by_name.is_empty() {
        return Vec::new();
    }
    let mut own = knowledge.own.clone();
    for name in crate::names::imitated() {
        own.push(name);
    }
    let targets = Targets::new(knowledge.popular.iter().copied(), own);
    let mut out = Vec::new();
    for (name, locations) in by_name {
        let Some(found) = targets.check(name.as_str(), &knowledge.model) else {
            continue;
        };
        let places = locations.into_iter();
        let occurrences: Vec<Occurrence> =
            places.filter_map(|at| occurrence(inventory, at)).collect();
        if occurrences.is_empty() {
            continue;
        }
        let subject = Subject {
            purl: Purl::pypi(name, None),
            name: name.to_string(),
            version: None,
        };
        out.push(Finding {
            occurrences,
            ..lookalike(subject, &found, knowledge.model.high)
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(file: &str, text: &str) -> Vec<String> {
        let all = mentions(file, text).into_iter();
        all.map(|m| format!("{} {}", m.name, m.location.line.unwrap_or(0)))
            .collect()
    }

    #[test]
    fn commands_in_texts() {
        let readme = "Just pip install nothing here.\n\n```sh\npip install -U 'acme[x]>=1' other_thing && echo done\n$ uv add --group dev ruff\n```\n\
                      Or `pip install third` and then go.\n    python -m pip install -r requirements.txt fourth \\\n      fifth\n`pip installed x`\n";
        assert_eq!(
            shown("README.md", readme),
            [
                "acme 4",
                "other-thing 4",
                "ruff 5",
                "third 7",
                "fourth 8",
                "fifth 9"
            ]
        );
        let docker = "FROM x\nRUN pip install --no-cache-dir -i https://index.example/simple a==1.0 $B ./c d.whl ; pip3 install e\nRUN pipx install f\n";
        assert_eq!(shown("Dockerfile", docker), ["a 2", "e 2", "f 3"]);
        assert_eq!(
            shown("x.ipynb", "%pip install g\n!pip install h i\n"),
            ["g 1", "h 2", "i 2"]
        );
        assert!(shown("a.md", "pip install prose words\n").is_empty());
        assert!(shown("a.sh", "pip install\npip\nuv add é x\n").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "(pip install|uv add|`|;|&|\\PC|\n){0,40}") {
            let _ = (mentions("a.md", &text), mentions("a.sh", &text));
        }
    }
}
