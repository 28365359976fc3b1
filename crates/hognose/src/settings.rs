//! Flags and configuration → checked settings.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use hognose_advisories::feed::{Feed, FeedKind, public_feeds};
use hognose_inventory::{Options, Target};
use hognose_policy::{Config, ConfigError, ConfigFile};
use hognose_types::Version;
use sha2::{Digest as _, Sha256};

use crate::cli::{FeedArgs, InputArgs};
use crate::error::Failure;
use crate::surroundings::Surroundings;

/// The configuration that was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Its contents; defaults when there is none.
    pub(crate) config: Config,
    /// Directory that relative paths in it start at.
    pub(crate) base: PathBuf,
    /// Twelve letters that change with the file; none where there is no file.
    pub(crate) digest: String,
    /// All of them.
    pub(crate) sha256: String,
}

/// Where a configuration file would be larger than anything a person writes.
const MAX_CONFIG: u64 = 16 << 20;

/// Finds and reads the configuration: the file named, else the nearest `hognose.toml` or `pyproject.toml` with
/// `[tool.hognose]` at or above `start`, up to the repository's root.
pub(crate) fn configuration(
    named: Option<&Path>,
    none: bool,
    start: &Path,
) -> Result<Found, Failure> {
    if none {
        return Ok(Found::default());
    }
    if let Some(path) = named {
        let kind = if path.file_name().is_some_and(|n| n == "pyproject.toml") {
            ConfigFile::Pyproject
        } else {
            ConfigFile::Hognose
        };
        let found = read(path, kind)?;
        return found.ok_or_else(|| {
            Failure::usage(format!("{} has no [tool.hognose] table", path.display()))
        });
    }
    // A relative start has no parents to climb to.
    let absolute = std::path::absolute(start).unwrap_or_else(|_| start.to_owned());
    let first = if absolute.is_dir() {
        absolute.as_path()
    } else {
        absolute.parent().unwrap_or(&absolute)
    };
    for directory in first.ancestors() {
        for (name, kind) in [
            ("hognose.toml", ConfigFile::Hognose),
            ("pyproject.toml", ConfigFile::Pyproject),
        ] {
            let path = shortest(&directory.join(name), start, first);
            if path.is_file()
                && let Some(found) = read(&path, kind)?
            {
                return Ok(found);
            }
        }
        if directory.join(".git").exists() {
            break;
        }
    }
    Ok(Found::default())
}

/// A path as the user would write it: relative to where they started, when the file lies there.
fn shortest(path: &Path, start: &Path, first: &Path) -> PathBuf {
    let below = path.strip_prefix(first).ok();
    let base = if start.is_dir() {
        Some(start)
    } else {
        start.parent()
    };
    match (below, base) {
        (Some(below), Some(base)) if base == Path::new(".") || base == Path::new("") => {
            below.to_owned()
        }
        (Some(below), Some(base)) => base.join(below),
        _ => path.to_owned(),
    }
}

/// The configuration that applies from `start` on; none where there is none.
pub(crate) fn place(start: &Path) -> Vec<PathBuf> {
    let absolute = std::path::absolute(start).unwrap_or_else(|_| start.to_owned());
    for directory in absolute.ancestors() {
        for name in ["hognose.toml", "pyproject.toml"] {
            let path = directory.join(name);
            let ours = text(&path).is_ok_and(|(kind, text)| {
                kind == ConfigFile::Hognose || text.contains("[tool.hognose")
            });
            if ours {
                return vec![shortest(&path, start, &absolute)];
            }
        }
        if directory.join(".git").exists() {
            break;
        }
    }
    Vec::new()
}

/// A configuration as it is written, and what its name says it is.
pub(crate) fn text(path: &Path) -> Result<(ConfigFile, String), Failure> {
    let kind = if path.file_name().is_some_and(|n| n == "pyproject.toml") {
        ConfigFile::Pyproject
    } else {
        ConfigFile::Hognose
    };
    let fault = |error: &std::io::Error| {
        Failure::usage(format!("cannot read {}", path.display())).because(error)
    };
    let size = std::fs::metadata(path).map_err(|e| fault(&e))?.len();
    if size > MAX_CONFIG {
        return Err(Failure::usage(format!(
            "{} is over the limit of {MAX_CONFIG} bytes",
            path.display()
        )));
    }
    Ok((kind, std::fs::read_to_string(path).map_err(|e| fault(&e))?))
}

fn read(path: &Path, kind: ConfigFile) -> Result<Option<Found>, Failure> {
    let (_, text) = text(path)?;
    // Most projects have no table of ours, and their file may be one that only its own tool can read.
    if kind == ConfigFile::Pyproject && !text.contains("hognose") {
        return Ok(None);
    }
    let config =
        Config::parse(&path.display().to_string(), &text, kind).map_err(|e| refused(&e))?;
    let base = path.parent().map(Path::to_owned).unwrap_or_default();
    let digest = Sha256::digest(text.as_bytes());
    let sha256 = digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    Ok(config.map(|config| Found {
        config,
        base,
        digest: sha256.chars().take(12).collect(),
        sha256,
    }))
}

fn refused(error: &ConfigError) -> Failure {
    let failure = Failure::usage(error.to_string());
    match &error.hint {
        Some(hint) => failure.hint(hint.clone()),
        None => failure,
    }
}

/// The feeds to use: flags, else configuration, else the public ones.
pub(crate) fn feeds(args: &FeedArgs, found: &Found) -> Result<Vec<Feed>, Failure> {
    let refused = |error: hognose_advisories::feed::FeedError| Failure::usage(error.to_string());
    if !args.feed.is_empty() {
        return args
            .feed
            .iter()
            .map(|text| Feed::from_argument(text, Path::new("")).map_err(refused))
            .collect();
    }
    let Some(texts) = &found.config.feeds else {
        return Ok(public_feeds());
    };
    let one = |text: &hognose_policy::FeedText| {
        let kind = text
            .kind
            .and_then(FeedKind::from_name)
            .unwrap_or(FeedKind::Auto);
        Feed::new(kind, &text.location, &found.base).map_err(refused)
    };
    texts.iter().map(one).collect()
}

/// The cache directory.
pub(crate) fn cache(args: &FeedArgs, surroundings: &Surroundings) -> Result<PathBuf, Failure> {
    cache_of(args.cache_dir.as_deref(), surroundings)
}

/// The cache directory that is named, else the user's.
pub(crate) fn cache_of(
    named: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<PathBuf, Failure> {
    named
        .map(Path::to_owned)
        .or_else(|| surroundings.cache())
        .ok_or_else(no_cache)
}

/// The error where nothing says where to keep databases and downloads.
pub(crate) fn no_cache() -> Failure {
    Failure::usage("there is no cache directory: HOME is not set")
        .hint("pass --cache-dir DIR or set HOGNOSE_CACHE_DIR")
}

/// How to read inputs.
pub(crate) fn inventory_options(
    args: &InputArgs,
    found: &Found,
    surroundings: &Surroundings,
) -> Result<Options, Failure> {
    let scan = &found.config.scan;
    let python = args
        .python_version
        .as_ref()
        .or(scan.python_version.as_ref());
    let python_version = python.map(|text| {
        Version::new(text).map_err(|_| {
            Failure::usage(format!(
                "cannot read the Python version {:?}",
                hognose_types::text::short(text, 40)
            ))
            .hint("write it as 3.12")
        })
    });
    let platform = args
        .platform
        .as_ref()
        .or(scan.platform.as_ref())
        .map(|p| platform(p))
        .transpose()?;
    Ok(Options {
        target: Target {
            python_version: python_version.transpose()?,
            platform,
        },
        env: surroundings.variables.clone(),
        exclude: scan.exclude.iter().chain(&args.exclude).cloned().collect(),
        ..Options::default()
    })
}

fn platform(text: &str) -> Result<String, Failure> {
    let known = match text.to_ascii_lowercase().as_str() {
        "linux" => "linux",
        "win32" | "windows" => "win32",
        "darwin" | "macos" => "darwin",
        _ => {
            let message = format!(
                "unknown platform {:?}",
                hognose_types::text::short(text, 40)
            );
            return Err(Failure::usage(message).hint("use linux, win32 or darwin"));
        }
    };
    Ok(known.to_owned())
}

/// Paths as text; a path that is not Unicode cannot be named in a report.
pub(crate) fn paths(args: &InputArgs) -> Result<Vec<String>, Failure> {
    let text = |path: &PathBuf| {
        path.to_str().map(str::to_owned).ok_or_else(|| {
            Failure::usage(format!("the path {} is not Unicode", path.display()))
                .hint("rename it, or scan the directory that holds it")
        })
    };
    args.paths.iter().map(text).collect()
}

/// Where the search for a configuration starts.
pub(crate) fn start(args: &InputArgs) -> &Path {
    args.paths.first().map_or(Path::new("."), PathBuf::as_path)
}
