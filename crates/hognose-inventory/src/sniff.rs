//! Which format a file is, from its name and, where the name does not tell, its first bytes.

use hognose_types::InputFormat;

use crate::direct::sdist_stem;
use crate::path;
use crate::readers::requirements;

/// Bytes of a file that [`sniff`] needs to see.
pub(crate) const HEAD: u64 = 4096;

/// Recognises a file by name; by content only for scripts, SBOM documents and oddly named
/// requirements files. `None`: not a file that can be read.
pub fn sniff(path: &str, head: &[u8]) -> Option<InputFormat> {
    let name = path::name(path);
    by_name(name).or_else(|| by_content(name, head))
}

/// Formats whose file name is fixed by the tool that writes them.
pub(crate) fn by_name(name: &str) -> Option<InputFormat> {
    let lower = name.to_ascii_lowercase();
    Some(match lower.as_str() {
        "pyproject.toml" => InputFormat::Pyproject,
        "setup.cfg" => InputFormat::SetupCfg,
        "setup.py" => InputFormat::SetupPy,
        "poetry.lock" => InputFormat::PoetryLock,
        "pdm.lock" => InputFormat::PdmLock,
        "uv.lock" => InputFormat::UvLock,
        "pipfile" => InputFormat::Pipfile,
        "pipfile.lock" => InputFormat::PipfileLock,
        "environment.yml" | "environment.yaml" | "conda.yml" | "conda.yaml" => {
            InputFormat::CondaEnvironment
        }
        "conda-lock.yml" | "conda-lock.yaml" => InputFormat::CondaLock,
        "bom.json" => InputFormat::CycloneDx,
        _ => return by_pattern(&lower),
    })
}

fn by_pattern(lower: &str) -> Option<InputFormat> {
    let has = |start: &str, end: &str| lower.starts_with(start) && lower.ends_with(end);
    if lower == "pylock.toml" || has("pylock.", ".toml") {
        return Some(InputFormat::Pylock);
    }
    // A PEP 723 script's lock, written beside it by uv.
    if lower.ends_with(".py.lock") {
        return Some(InputFormat::UvLock);
    }
    if has("", ".conda-lock.yml") || has("", ".conda-lock.yaml") {
        return Some(InputFormat::CondaLock);
    }
    if has("environment", ".yml") || has("environment", ".yaml") {
        return Some(InputFormat::CondaEnvironment);
    }
    if has("", ".cdx.json") {
        return Some(InputFormat::CycloneDx);
    }
    if has("", ".spdx.json") || has("", ".spdx") {
        return Some(InputFormat::Spdx);
    }
    if is_requirements_name(lower) {
        return Some(InputFormat::Requirements);
    }
    if has("", ".whl") {
        return Some(InputFormat::Wheel);
    }
    // `.zip` and `.tar` are too common to be taken for packages by their ending alone.
    if has("", ".tar.gz") || has("", ".tgz") {
        return Some(InputFormat::Sdist);
    }
    None
}

/// `requirements.txt`, `requirements-dev.in`, `dev-requirements.txt`, `test_requirements.txt`,
/// `constraints.txt`, …
fn is_requirements_name(lower: &str) -> bool {
    let Some(stem) = lower
        .strip_suffix(".txt")
        .or_else(|| lower.strip_suffix(".in"))
    else {
        return false;
    };
    ["requirements", "requirement", "reqs", "constraints"]
        .iter()
        .any(|word| {
            let starts = stem
                .strip_prefix(word)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_', '.']));
            let ends = stem
                .strip_suffix(word)
                .is_some_and(|rest| rest.ends_with(['-', '_', '.']));
            starts || ends
        })
}

/// True for files that only constrain versions, by their name.
pub(crate) fn is_constraints_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.contains("constraints") && !lower.contains("requirements")
}

fn by_content(name: &str, head: &[u8]) -> Option<InputFormat> {
    let lower = name.to_ascii_lowercase();
    let text = String::from_utf8_lossy(head);
    if head.starts_with(b"PK\x03\x04") {
        return sdist_stem(&lower).is_some().then_some(InputFormat::Sdist);
    }
    if lower.ends_with(".py") || text.starts_with("#!") {
        return is_script(&text).then_some(InputFormat::Script);
    }
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with('{') {
        if text.contains("\"CycloneDX\"") {
            return Some(InputFormat::CycloneDx);
        }
        if text.contains("\"spdxVersion\"") || text.contains("spdx.org/rdf") {
            return Some(InputFormat::Spdx);
        }
        return None;
    }
    if start.starts_with("SPDXVersion:") {
        return Some(InputFormat::Spdx);
    }
    if lower.ends_with(".yml") || lower.ends_with(".yaml") {
        return conda_yaml(&text);
    }
    if lower.ends_with(".txt") || lower.ends_with(".in") {
        return requirements::opens_like_one(whole_lines(start))
            .then_some(InputFormat::Requirements);
    }
    // Any other name tells nothing; only what cannot be anything else is taken for requirements.
    requirements::is_plainly_one(whole_lines(start)).then_some(InputFormat::Requirements)
}

/// True when the text opens a PEP 723 block.
pub(crate) fn is_script(text: &str) -> bool {
    text.lines().any(|line| line.trim_end() == "# /// script")
}

fn conda_yaml(text: &str) -> Option<InputFormat> {
    let key = |key: &str| text.lines().any(|line| line.starts_with(key));
    if key("dependencies:") && (key("channels:") || key("name:")) {
        return Some(InputFormat::CondaEnvironment);
    }
    (key("metadata:") && text.contains("content_hash:")).then_some(InputFormat::CondaLock)
}

/// The head without the line at its end that it may cut through.
fn whole_lines(text: &str) -> &str {
    match text.rfind('\n') {
        Some(end) if text.len() as u64 >= HEAD => text.get(..end).unwrap_or(text),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, format) in [
            ("requirements.txt", Some(InputFormat::Requirements)),
            ("a/requirements-dev.in", Some(InputFormat::Requirements)),
            ("dev-requirements.txt", Some(InputFormat::Requirements)),
            ("constraints.txt", Some(InputFormat::Requirements)),
            ("myrequirements.txt", None),
            ("pylock.toml", Some(InputFormat::Pylock)),
            ("pylock.dev.toml", Some(InputFormat::Pylock)),
            ("run.py.lock", Some(InputFormat::UvLock)),
            ("a-1.0-py3-none-any.whl", Some(InputFormat::Wheel)),
            ("a-1.0.tar.gz", Some(InputFormat::Sdist)),
            ("a.spdx.json", Some(InputFormat::Spdx)),
            ("environment-dev.yml", Some(InputFormat::CondaEnvironment)),
            ("readme.md", None),
        ] {
            assert_eq!(sniff(name, b""), format, "{name}");
        }
    }

    #[test]
    fn contents() {
        for (name, head, format) in [
            (
                "base.txt",
                "flask==2.0 \\\n  --hash=sha256:00\n",
                Some(InputFormat::Requirements),
            ),
            (
                "base.txt",
                "-r other.txt\n",
                Some(InputFormat::Requirements),
            ),
            (
                "base.txt",
                "urllib3==1.24.1 \\\n    ; python_version >= \"3.0\"\n",
                Some(InputFormat::Requirements),
            ),
            (
                "base.txt",
                "old==0.9-ivysaur\n",
                Some(InputFormat::Requirements),
            ),
            (
                "pins",
                "# made\n-i https://index.example/simple\nflask==2.0 \\\n  --hash=sha256:00\nsix\n",
                Some(InputFormat::Requirements),
            ),
            ("deps.lock", "flask==2.0\n", Some(InputFormat::Requirements)),
            ("words", "flask\nsix\n", None),
            ("readme.md", "flask==2.0\nis what we use\n", None),
            ("notes.txt", "These are notes\n", None),
            ("notes.txt", "", None),
            (
                "run.py",
                "#!/usr/bin/env python\n# /// script\n# ///\n",
                Some(InputFormat::Script),
            ),
            ("run.py", "print()\n", None),
            (
                "x.json",
                "{\"bomFormat\": \"CycloneDX\"}",
                Some(InputFormat::CycloneDx),
            ),
            ("x.json", "{}", None),
            (
                "x.yml",
                "name: x\ndependencies:\n",
                Some(InputFormat::CondaEnvironment),
            ),
        ] {
            assert_eq!(sniff(name, head.as_bytes()), format, "{name} {head}");
        }
    }
}
