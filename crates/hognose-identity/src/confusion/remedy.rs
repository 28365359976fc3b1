//! The configuration to write, for the tool at hand, with the user's own names and addresses.

use hognose_types::{ConfiguredIndex, IndexPlace, IndexTool, PackageName, text};

use super::setup::Setup;

/// Names that are written out.
const SHOWN: usize = 5;
/// Longest name of an index that is shown.
const MAX_NAME: usize = 40;

/// What to write, as one line: each part between backticks is a line of the file.
pub(super) fn text(setup: &Setup<'_>, names: &[&PackageName]) -> String {
    let private = setup.private();
    let url = private.map_or_else(|| "URL".to_owned(), |i| i.url.to_string());
    let name = private.and_then(|i| i.name.as_deref());
    let name = name.map_or_else(|| "own".to_owned(), |n| text::short(n, MAX_NAME));
    match setup.tool {
        IndexTool::Uv => format!(
            "in pyproject.toml, `[[tool.uv.index]]` with `name = \"{name}\"`, `url = \"{url}\"` and `explicit = true`; `[tool.uv.sources]` with {}; leave `index-strategy` at `first-index`",
            each(names, |n| format!("{n} = {{ index = \"{name}\" }}"))
        ),
        IndexTool::Poetry => format!(
            "in pyproject.toml, `[[tool.poetry.source]]` with `name = \"{name}\"`, `url = \"{url}\"` and `priority = \"explicit\"`; `[tool.poetry.dependencies]` with {}",
            each(names, |n| format!(
                "{n} = {{ version = \"…\", source = \"{name}\" }}"
            ))
        ),
        IndexTool::Pdm => {
            let all: Vec<String> = shown(names).map(|n| format!("\"{n}\"")).collect();
            format!(
                "in pyproject.toml, `[[tool.pdm.source]]` with `name = \"{name}\"`, `url = \"{url}\"` and `include_packages = [{}]`",
                all.join(", ")
            )
        }
        IndexTool::Pipenv => format!(
            "in the Pipfile, `[[source]]` with `name = \"{name}\"`, `url = \"{url}\"` and `verify_ssl = true`; `[packages]` with {}; no `install_search_all_sources`",
            each(names, |n| format!(
                "{n} = {{ version = \"*\", index = \"{name}\" }}"
            ))
        ),
        _ => pip(setup, private, &url),
    }
}

/// pip cannot bind a name to an index: there must be one index, or digests.
fn pip(setup: &Setup<'_>, private: Option<&ConfiguredIndex>, url: &str) -> String {
    let extra = private.or_else(|| setup.asked.iter().filter_map(|a| a.index).next_back());
    let write = match extra.map(|index| &index.place) {
        Some(IndexPlace::Variable(name)) => {
            format!("unset {name} and set `PIP_INDEX_URL={url}`")
        }
        Some(IndexPlace::File(location))
            if location.file.ends_with(".txt") || location.file.ends_with(".in") =>
        {
            format!(
                "in {}, `--index-url {url}` in the place of every other index option",
                location.file
            )
        }
        Some(IndexPlace::File(location)) => {
            format!(
                "in {}, `index-url = {url}` and no `extra-index-url`",
                location.file
            )
        }
        _ => format!("`--index-url {url}` alone"),
    };
    format!(
        "let one index serve both your packages and, as a proxy that prefers yours, the public ones: {write}; or pin everything with `--hash` and install with `--require-hashes`"
    )
}

fn shown<'n>(names: &'n [&PackageName]) -> impl Iterator<Item = &'n PackageName> {
    names.iter().take(SHOWN).copied()
}

fn each(names: &[&PackageName], line: impl Fn(&PackageName) -> String) -> String {
    let lines: Vec<String> = shown(names).map(|n| format!("`{}`", line(n))).collect();
    match names.len().saturating_sub(lines.len()) {
        0 => lines.join(", "),
        more => format!("{} and {more} more", lines.join(", ")),
    }
}
