//! What distributions say they installed: their RECORD files, gathered.

use std::collections::HashMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use hognose_archive::record::{self, RecordHash, Row};

use super::paths::{Site, resolve};
use super::report::{Distribution, Problem, ProblemKind, RowFault, Unchecked, Without};
use super::unhashed::{self, Unhashed};

/// Largest RECORD that is read; that of the largest distributions is a hundredth of it.
const MAX_RECORD: u64 = 64 << 20;
/// Most rows of all RECORDs together.
const MAX_ROWS: usize = 4_000_000;
/// Most rows of one RECORD that are named because something is wrong with them.
const MAX_FAULTS: usize = 20;
/// Largest of the small files beside RECORD.
const MAX_SMALL: u64 = 256 << 10;

/// A digest that a row states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stated {
    Sha256([u8; 32]),
    Sha384(Box<[u8; 48]>),
    Sha512(Box<[u8; 64]>),
    /// None, or none that can be compared.
    None,
}

/// One row that names a file.
#[derive(Debug)]
pub(super) struct Claim {
    /// Position of the distribution.
    pub(super) by: usize,
    pub(super) digest: Stated,
    pub(super) size: Option<u64>,
    /// Another claim of the same file.
    pub(super) other: Option<u32>,
    /// Whether the file was met.
    pub(super) seen: AtomicBool,
}

/// Everything that is claimed.
#[derive(Debug, Default)]
pub(super) struct Claims {
    pub(super) all: Vec<Claim>,
    pub(super) by_path: HashMap<Box<str>, u32>,
    /// Names at the top of a site that a distribution without hashes is known by.
    pub(super) loose: Vec<String>,
}

/// What reading the distributions brought.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) claims: Claims,
    pub(super) distributions: Vec<Distribution>,
    pub(super) problems: Vec<Problem>,
    pub(super) unchecked: Vec<Unchecked>,
    /// Rows that state no hash and are not of the usual kind.
    pub(super) unhashed: Vec<Unhashed>,
}

impl Claims {
    /// The claims of a path, if any.
    pub(super) fn of(&self, path: &str) -> impl Iterator<Item = (usize, &Claim)> {
        let mut next = self.by_path.get(path).copied();
        std::iter::from_fn(move || {
            let at = next? as usize;
            let claim = self.all.get(at)?;
            next = claim.other;
            Some((at, claim))
        })
    }

    fn add(&mut self, path: String, mut claim: Claim) {
        let at = self.all.len() as u32;
        claim.other = self.by_path.insert(path.into(), at);
        self.all.push(claim);
    }
}

/// Reads what is installed in a site.
pub(super) fn gather(site: &Site, out: &mut Gathered) {
    let entries = match fs::read_dir(&site.path) {
        Ok(entries) => entries,
        Err(error) => {
            out.unchecked.push(Unchecked::new(
                site.text.clone(),
                Without::Unreadable(error.to_string()),
            ));
            return;
        }
    };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with("-info") || name.ends_with(".egg"))
        .collect();
    names.sort_unstable();
    for name in names {
        let folder = site.path.join(&name);
        if name.starts_with('~') {
            // What pip was about to remove when it was interrupted.
            continue;
        }
        if name.ends_with(".dist-info") {
            dist_info(site, &folder, &name, out);
        } else if name.ends_with(".egg-info") || name.ends_with(".egg") {
            without(site, &folder, &name, Without::Hashes, out);
        }
    }
}

/// A distribution that states no hashes; its modules are known by name at least.
fn without(site: &Site, folder: &Path, name: &str, why: Without, out: &mut Gathered) {
    let distribution = describe(site, folder, name);
    let tops = small(&folder.join("top_level.txt")).unwrap_or_default();
    let files = small(&folder.join("installed-files.txt")).unwrap_or_default();
    let firsts = files
        .lines()
        .filter_map(|line| line.strip_prefix("../")?.split('/').next())
        .filter(|first| *first != "..");
    let own = [distribution.name.as_str(), name];
    let known = tops.lines().map(str::trim).chain(firsts).chain(own);
    let known = known.filter(|top| !top.is_empty());
    out.claims
        .loose
        .extend(known.map(|top| top.replace('-', "_").to_ascii_lowercase()));
    let mut unchecked = Unchecked::new(format!("{}/{name}", site.text), why);
    unchecked.distribution = Some(out.distributions.len());
    out.unchecked.push(unchecked);
    out.distributions.push(distribution);
}

fn dist_info(site: &Site, folder: &Path, name: &str, out: &mut Gathered) {
    let text = match read_record(&folder.join("RECORD")) {
        Ok(Some(text)) => text,
        Ok(None) => return without(site, folder, name, Without::Record, out),
        Err(why) => return without(site, folder, name, why, out),
    };
    let by = out.distributions.len();
    let mut distribution = describe(site, folder, name);
    let shown = format!("{}/{name}/RECORD", site.text);
    let mut faults = 0_usize;
    let mut fault = |line, fault: RowFault| {
        faults += 1;
        (faults <= MAX_FAULTS).then(|| Problem {
            file: shown.clone(),
            distribution: Some(by),
            kind: ProblemKind::Row { line, fault },
        })
    };
    for (line, row) in (1_u32..).zip(record::rows(&text)) {
        if out.claims.all.len() >= MAX_ROWS {
            let limit = Without::Rows { limit: MAX_ROWS };
            out.unchecked.push(Unchecked::new(shown.clone(), limit));
            break;
        }
        let Some(row) = row else {
            out.problems.extend(fault(line, RowFault::Unreadable));
            continue;
        };
        let Some(path) = resolve(site, &row.path) else {
            let outside = RowFault::Outside(row.path.into_owned());
            out.problems.extend(fault(line, outside));
            continue;
        };
        let digest = stated(&row, |wrong| out.problems.extend(fault(line, wrong)));
        if row.hash == RecordHash::None && !unhashed::is_usual(&path) {
            out.unhashed.push(Unhashed {
                by,
                line,
                path: path.clone(),
                row: row.path.into_owned(),
            });
        }
        distribution.rows += 1;
        out.claims.add(
            path,
            Claim {
                by,
                digest,
                size: row.size,
                other: None,
                seen: AtomicBool::new(false),
            },
        );
    }
    distribution.has_record = true;
    out.distributions.push(distribution);
}

/// The digest of a row.
fn stated(row: &Row<'_>, mut fault: impl FnMut(RowFault)) -> Stated {
    match &row.hash {
        RecordHash::Sha256(digest) => Stated::Sha256(*digest),
        RecordHash::Sha384(digest) => Stated::Sha384(digest.clone()),
        RecordHash::Sha512(digest) => Stated::Sha512(digest.clone()),
        RecordHash::None => Stated::None,
        RecordHash::Damaged(_) => {
            fault(RowFault::Damaged(row.path.to_string()));
            Stated::None
        }
        RecordHash::Other(name) => {
            fault(RowFault::Weak((*name).to_owned()));
            Stated::None
        }
    }
}

/// RECORD, whole and within the limit; nothing where there is none.
fn read_record(path: &Path) -> Result<Option<String>, Without> {
    let Ok(metadata) = fs::metadata(path) else {
        return Ok(None);
    };
    if !metadata.is_file() {
        return Ok(None);
    }
    if metadata.len() > MAX_RECORD {
        return Err(Without::Size { limit: MAX_RECORD });
    }
    let unreadable = |error: std::io::Error| Without::Unreadable(error.to_string());
    let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(MAX_RECORD)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    let text = String::from_utf8(bytes);
    Ok(Some(text.unwrap_or_else(|error| {
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    })))
}

/// A small text file.
pub(super) fn small(path: &Path) -> Option<String> {
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_SMALL {
        return None;
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).ok()?;
    file.take(MAX_SMALL).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn describe(site: &Site, folder: &Path, entry: &str) -> Distribution {
    let stem = entry
        .trim_end_matches(".dist-info")
        .trim_end_matches(".egg-info")
        .trim_end_matches(".egg");
    let (name, version) = stem.split_once('-').unwrap_or((stem, ""));
    // `name-1.0-py3.11.egg-info`.
    let version = version.split_once("-py").map_or(version, |(v, _)| v);
    let first_line = |file: &str| {
        let text = small(&folder.join(file))?;
        let line = text.lines().next()?.trim().to_owned();
        (!line.is_empty()).then_some(line)
    };
    let direct = small(&folder.join("direct_url.json"));
    let direct: Option<DirectUrl> = direct.and_then(|text| serde_json::from_str(&text).ok());
    Distribution {
        name: name.to_owned(),
        version: version.to_owned(),
        folder: format!("{}/{entry}", site.text),
        installer: first_line("INSTALLER"),
        editable: direct
            .filter(|direct| direct.dir_info.as_ref().is_some_and(|d| d.editable))
            .map(|direct| direct.url),
        rows: 0,
        has_record: false,
    }
}

#[derive(serde::Deserialize)]
struct DirectUrl {
    #[serde(default)]
    url: String,
    dir_info: Option<DirInfo>,
}

#[derive(serde::Deserialize)]
struct DirInfo {
    #[serde(default)]
    editable: bool,
}
