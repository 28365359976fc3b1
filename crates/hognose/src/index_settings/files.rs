//! The configuration files of pip and uv.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{Layer, is_true};
use crate::error::Failure;
use crate::surroundings::Surroundings;

/// Larger than any configuration a person writes.
const MAX_FILE: u64 = 4 << 20;

/// Reads a file within a limit.
pub(super) fn limited(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(std::io::Error::other(format!(
            "over the limit of {limit} bytes"
        )));
    }
    Ok(bytes)
}

/// Text of a file; none when it is not there. One that cannot be read is an error: going on without it could tell a
/// public index the names of private packages.
pub(super) fn text(path: &Path) -> Result<Option<String>, Failure> {
    // A device or pipe in the place of a configuration never ends.
    if !path.is_file() {
        return Ok(None);
    }
    let read = limited(path, MAX_FILE)
        .and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other));
    read.map(Some)
        .map_err(|e| Failure::usage(format!("cannot read {}", path.display())).because(&e))
}

/// Every file, nearest first.
pub(super) fn layers(
    python: Option<&Path>,
    trusted: bool,
    surroundings: &Surroundings,
) -> Result<Vec<Layer>, Failure> {
    let mut out = Vec::new();
    let here = std::path::absolute(".").unwrap_or_default();
    for directory in here.ancestors().filter(|_| trusted) {
        if let Some(layer) = project(directory)? {
            out.push(layer);
            break;
        }
    }
    for path in pip_files(python, surroundings) {
        out.extend(text(&path)?.and_then(|text| ini(&text, &path)));
    }
    for path in uv_files(surroundings) {
        if let Some(text) = text(&path)? {
            out.extend(uv_table(&text, &path, &[])?);
        }
    }
    Ok(out)
}

/// The uv configuration of the nearest project; `uv.toml` hides the table of `pyproject.toml`, as with uv.
fn project(directory: &Path) -> Result<Option<Layer>, Failure> {
    let (own, pyproject) = (directory.join("uv.toml"), directory.join("pyproject.toml"));
    if let Some(text) = text(&own)? {
        return uv_table(&text, &own, &[]);
    }
    match text(&pyproject)? {
        Some(text) if text.contains("tool.uv") => uv_table(&text, &pyproject, &["tool", "uv"]),
        _ => Ok(None),
    }
}

fn uv_table(text: &str, path: &Path, below: &[&str]) -> Result<Option<Layer>, Failure> {
    let document: toml::Table = toml::from_str(text)
        .map_err(|e| Failure::usage(format!("cannot read {}", path.display())).because(&e))?;
    let mut table = &document;
    for key in below {
        let Some(inner) = table.get(*key).and_then(toml::Value::as_table) else {
            return Ok(None);
        };
        table = inner;
    }
    let word = |value: &toml::Value| value.as_str().map(str::to_owned);
    let mut layer = Layer {
        index: table.get("index-url").and_then(word),
        none: table.get("no-index").and_then(toml::Value::as_bool) == Some(true),
        origin: path.display().to_string(),
        ..Layer::default()
    };
    let empty = Vec::new();
    let list = |key: &str| {
        table
            .get(key)
            .and_then(toml::Value::as_array)
            .unwrap_or(&empty)
    };
    for index in list("index").iter().filter_map(toml::Value::as_table) {
        let is = |key: &str| index.get(key).and_then(toml::Value::as_bool) == Some(true);
        let url = index.get("url").and_then(word);
        if is("default") {
            layer.index = url.or(layer.index);
        } else if !is("explicit") {
            // An explicit index serves only the packages that name it.
            layer.extra.extend(url);
        }
    }
    layer
        .extra
        .extend(list("extra-index-url").iter().filter_map(word));
    Ok(says_something(layer))
}

fn says_something(layer: Layer) -> Option<Layer> {
    (layer.index.is_some() || layer.none || !layer.extra.is_empty()).then_some(layer)
}

/// pip's files, the one that wins first: the environment's, the user's, the machine's.
fn pip_files(python: Option<&Path>, surroundings: &Surroundings) -> Vec<PathBuf> {
    let named = surroundings.variable("PIP_CONFIG_FILE");
    // pip reads no file at all when it is told to read the null device.
    if named.is_some_and(|n| n == "/dev/null" || n.eq_ignore_ascii_case("nul")) {
        return Vec::new();
    }
    let name = if cfg!(windows) { "pip.ini" } else { "pip.conf" };
    let mut out: Vec<PathBuf> = named.map(PathBuf::from).into_iter().collect();
    let environments = python
        .filter(|p| p.is_dir())
        .map(Path::to_owned)
        .or_else(|| surroundings.variable("VIRTUAL_ENV").map(PathBuf::from));
    out.extend(environments.map(|prefix| prefix.join(name)));
    out.extend(config_home(surroundings).map(|home| home.join("pip").join(name)));
    if let Some(home) = surroundings.variable("HOME").map(PathBuf::from) {
        if cfg!(target_os = "macos") {
            out.push(home.join("Library/Application Support/pip").join(name));
        }
        out.push(home.join(".pip").join(name));
    }
    for directory in machine_directories(surroundings) {
        out.push(directory.join("pip").join(name));
    }
    if !cfg!(windows) {
        out.push(PathBuf::from("/etc/pip.conf"));
    }
    out
}

fn uv_files(surroundings: &Surroundings) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = Vec::new();
    out.extend(surroundings.variable("UV_CONFIG_FILE").map(PathBuf::from));
    out.extend(config_home(surroundings).map(|home| home.join("uv").join("uv.toml")));
    for directory in machine_directories(surroundings) {
        out.push(directory.join("uv").join("uv.toml"));
    }
    if !cfg!(windows) {
        out.push(PathBuf::from("/etc/uv/uv.toml"));
    }
    out
}

fn config_home(surroundings: &Surroundings) -> Option<PathBuf> {
    if cfg!(windows) {
        return surroundings.variable("APPDATA").map(PathBuf::from);
    }
    let set = surroundings.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    set.or_else(|| Some(PathBuf::from(surroundings.variable("HOME")?).join(".config")))
}

fn machine_directories(surroundings: &Surroundings) -> Vec<PathBuf> {
    if cfg!(windows) {
        let data = surroundings.variable("PROGRAMDATA").map(PathBuf::from);
        return data.into_iter().collect();
    }
    let listed = surroundings
        .variable("XDG_CONFIG_DIRS")
        .unwrap_or("/etc/xdg");
    std::env::split_paths(listed).collect()
}

/// pip's form of INI: `key = value` or `key: value`, values that go on in indented lines, comments in lines of their own.
fn ini(text: &str, path: &Path) -> Option<Layer> {
    let mut found: Vec<(String, String, String)> = Vec::new();
    let mut section = String::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((.., value)) = found.last_mut() {
                value.push('\n');
                value.push_str(trimmed);
            }
        } else if let Some(name) = trimmed.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some((key, value)) = trimmed.split_once(['=', ':']) {
            let key = key.trim().to_ascii_lowercase().replace('_', "-");
            found.push((section.clone(), key, value.trim().to_owned()));
        }
    }
    // What is set for one command overrides what is set for all; a later line overrides an earlier one.
    let value = |key: &str| {
        ["install", "download", "global"]
            .into_iter()
            .find_map(|section| {
                let mut all = found.iter().rev();
                all.find(|(s, k, _)| s == section && k == key)
                    .map(|(.., value)| value.as_str())
            })
    };
    says_something(Layer {
        index: value("index-url")
            .filter(|v| !v.is_empty())
            .map(str::to_owned),
        extra: super::words(value("extra-index-url")),
        none: value("no-index").is_some_and(is_true),
        origin: path.display().to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pip_configuration() {
        let text = "# comment\n[global]\nindex_url = https://index.example/simple\nextra-index-url =\n    https://a.example\n    \
                    # no\n    https://b.example\ntimeout: 60\n[install]\nindex-url: https://install.example/simple\n";
        let layer = ini(text, Path::new("pip.conf")).unwrap();
        assert_eq!(
            layer.index.as_deref(),
            Some("https://install.example/simple")
        );
        assert_eq!(layer.extra, ["https://a.example", "https://b.example"]);
        assert!(ini("[global]\ntimeout = 3\n", Path::new("pip.conf")).is_none());
        assert!(
            ini("[global]\nno-index = true\n", Path::new("pip.conf"))
                .unwrap()
                .none
        );
    }

    #[test]
    fn uv_configuration() {
        let text = "[[tool.uv.index]]\nurl = 'https://a.example'\n[[tool.uv.index]]\nurl = 'https://e.example'\nexplicit = true\n\
                    [[tool.uv.index]]\nurl = 'https://d.example'\ndefault = true\n";
        let layer = uv_table(text, Path::new("pyproject.toml"), &["tool", "uv"])
            .unwrap()
            .unwrap();
        assert_eq!(layer.index.as_deref(), Some("https://d.example"));
        assert_eq!(layer.extra, ["https://a.example"]);
        let none = uv_table(
            "[project]\nname = 'x'",
            Path::new("pyproject.toml"),
            &["tool", "uv"],
        );
        assert!(none.unwrap().is_none());
        assert!(uv_table("not toml", Path::new("uv.toml"), &[]).is_err());
    }
}
