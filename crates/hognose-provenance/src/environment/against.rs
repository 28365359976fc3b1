//! Installed files beside the wheel they came from: unlike RECORD, that is nothing an intruder can rewrite.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use hognose_archive::wheel::WheelName;
use hognose_archive::zip::ZipArchive;
use hognose_archive::{ArchiveError, Limits, record};
use hognose_types::{PackageName, Version};

use super::claims::small;
use super::paths::{Environment, Site, resolve};
use super::report::{Apart, Distribution, Problem, ProblemKind};

/// Files beside RECORD that installers add.
const ADDED: [&str; 8] = [
    "RECORD",
    "RECORD.jws",
    "RECORD.p7s",
    "INSTALLER",
    "REQUESTED",
    "direct_url.json",
    "uv_build.json",
    "uv_cache.json",
];
/// Largest RECORD read.
const MAX_RECORD: u64 = 64 << 20;

/// Whether a wheel may be the one that was installed: of the same release, with tags that its WHEEL file names.
pub fn is_wheel_of(distribution: &Distribution, filename: &str) -> bool {
    let Some(name) = WheelName::parse(filename) else {
        return false;
    };
    let same_name = match (
        PackageName::new(name.name),
        PackageName::new(&distribution.name),
    ) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    };
    let same_version = match (version(name.version), version(&distribution.version)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    };
    let Some(text) = small(&Path::new(&distribution.folder).join("WHEEL")) else {
        return false;
    };
    let values = |key: &str| -> BTreeSet<String> {
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        let found = lines.filter(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map(|(_, value)| value.trim().to_owned()).collect()
    };
    let build = values("build");
    let same_build = name
        .build
        .is_none_or(|b| build.is_empty() || build.contains(b));
    same_name && same_version && same_build && name.combinations() == values("tag")
}

fn version(text: &str) -> Option<Version> {
    // Wheels write the `+` of a local version as `_`.
    Version::new(text)
        .or_else(|_| Version::new(&text.replacen('_', "+", 1)))
        .ok()
}

/// Compares what is installed of a distribution with the wheel it came from.
pub fn compare_wheel(
    wheel: impl Read + Seek,
    environment: &Environment,
    distribution: &Distribution,
    position: usize,
) -> Result<Vec<Problem>, ArchiveError> {
    let folder = Path::new(&distribution.folder);
    let site = folder.parent().unwrap_or(folder);
    let site = Site::new(site, environment.prefix.as_deref());
    let info = folder.file_name().unwrap_or_default().to_string_lossy();
    let mut archive = ZipArchive::new(wheel, Limits::default())?;
    let mut out = Vec::new();
    let mut members: HashSet<PathBuf> = HashSet::new();
    for index in 0..archive.members().len() {
        let Some(member) = archive.members().get(index) else {
            break;
        };
        if member.is_directory() {
            continue;
        }
        let name = member.name.clone();
        let is_own =
            name.starts_with(&*info) && ADDED.iter().any(|own| name.ends_with(&format!("/{own}")));
        let Some((path, is_script)) = place(&site, &name).filter(|_| !is_own) else {
            continue;
        };
        let size = member.size;
        let apart = differs(&path, is_script, size, || archive.read(index))?;
        out.extend(apart.map(|apart| said(&path, position, apart)));
        members.insert(path);
    }
    for path in rows(&site, folder) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let added = path.starts_with(folder) && ADDED.contains(&&*name);
        let is_program = !path.starts_with(&site.path);
        let is_listed = members.contains(&path) || added || is_program || name.ends_with(".pyc");
        if !is_listed && path.is_file() {
            out.push(said(&path, position, Apart::Added));
        }
    }
    Ok(out)
}

fn said(path: &Path, position: usize, apart: Apart) -> Problem {
    Problem {
        file: super::paths::text(path),
        distribution: Some(position),
        kind: ProblemKind::Index(apart),
    }
}

/// Where a member of a wheel is installed, and whether its first line is written anew.
fn place(site: &Site, member: &str) -> Option<(PathBuf, bool)> {
    let (top, rest) = member.split_once('/').unwrap_or((member, ""));
    if !top.ends_with(".data") {
        return Some((site.path.join(member), false));
    }
    let root = Path::new(&site.root);
    let (scheme, rest) = rest.split_once('/')?;
    match scheme {
        "purelib" | "platlib" => Some((site.path.join(rest), false)),
        "scripts" => Some((root.join("bin").join(rest), true)),
        "data" => Some((root.join(rest), false)),
        // Headers lie where the interpreter keeps them.
        _ => None,
    }
}

fn differs(
    path: &Path,
    is_script: bool,
    size: u64,
    content: impl FnOnce() -> Result<Vec<u8>, ArchiveError>,
) -> Result<Option<Apart>, ArchiveError> {
    let Ok(metadata) = fs::metadata(path) else {
        return Ok(Some(Apart::Gone));
    };
    if !metadata.is_file() || (!is_script && metadata.len() != size) {
        return Ok(Some(Apart::Other));
    }
    let wheel = content()?;
    let Ok(installed) = read(path, size + 4_096) else {
        return Ok(Some(Apart::Other));
    };
    let same = if is_script && wheel.starts_with(b"#!python") {
        body(&installed).ends_with(body(&wheel))
    } else {
        installed == wheel
    };
    Ok((!same).then_some(Apart::Other))
}

/// What follows the first line.
fn body(text: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1);
    text.get(end..).unwrap_or_default()
}

fn read(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The files that RECORD lists.
fn rows(site: &Site, folder: &Path) -> Vec<PathBuf> {
    let bytes = read(&folder.join("RECORD"), MAX_RECORD).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let rows = record::rows(&text).flatten();
    rows.filter_map(|row| resolve(site, &row.path).map(PathBuf::from))
        .collect()
}
