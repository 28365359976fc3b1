//! One target becomes an inspection.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::Path;
use std::sync::Arc;

use hognose_archive::Limits;
use hognose_archive::examine::Ended;
use hognose_behaviour::artifact::{Collector, Kind};
use hognose_behaviour::{FactKind, Inspection, Matcher, inspect_archive_with};
use sha2::{Digest as _, Sha256};

use super::targets::Target;
use super::{installed, tree};
use crate::surroundings::stopwatch;

/// Most bytes of one file outside an archive that are read; the analyser reads no more of a member either.
const MAX_FILE: u64 = (8 << 20) + 1;
/// Most files of one directory or distribution.
pub(super) const MAX_FILES: usize = 200_000;
/// Most bytes of one directory or distribution.
const MAX_BYTES: u64 = 2 << 30;

/// What was seen of a target.
#[derive(Debug)]
pub(super) struct Seen {
    /// The inspection, or why there is none.
    pub(super) inspection: Result<Inspection, String>,
    /// Of the file, where there is one.
    pub(super) sha256: Option<String>,
}

/// YARA rules of the user, where there are any.
type Rules<'r> = Option<&'r Arc<dyn Matcher>>;

/// Inspects a target.
pub(super) fn target(target: &Target, rules: Rules<'_>) -> Seen {
    match target {
        Target::Archive(path) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            archive(path, &name, rules)
        }
        Target::File(path) => file(path, rules),
        Target::Tree(path) => plain(project(path, rules)),
        Target::Installed(site, info) => plain(distribution(site, info, rules)),
        Target::Loose(site) => plain(loose(site, rules)),
    }
}

fn plain(inspection: Result<Inspection, String>) -> Seen {
    Seen {
        inspection,
        sha256: None,
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut out = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        out.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    out
}

/// Reads an archive whose name says what it is, wherever it lies.
pub(super) fn archive(path: &Path, name: &str, rules: Rules<'_>) -> Seen {
    let opened = File::open(path).and_then(|mut file| {
        let digest = digest(&mut file)?;
        file.rewind()?;
        Ok((file, digest))
    });
    let (mut file, digest) = match opened {
        Ok(opened) => opened,
        Err(error) => return plain(Err(format!("cannot read the file: {error}"))),
    };
    let clock = stopwatch();
    let inspection =
        inspect_archive_with(&mut file, name, &Limits::default(), &clock, rules.cloned());
    Seen {
        inspection: inspection.map_err(|e| chain(&e)).and_then(something),
        sha256: Some(digest),
    }
}

/// Where no member was seen, a score would look like a verdict.
fn something(inspection: Inspection) -> Result<Inspection, String> {
    match inspection.unread.first() {
        Some((_, reason)) if inspection.size.members == 0 => Err(reason.clone()),
        _ => Ok(inspection),
    }
}

fn digest(file: &mut File) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
    Ok(hex(&hasher.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn file(path: &Path, rules: Rules<'_>) -> Seen {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    // `setup.py` is what an install runs; any other file is a module that somebody imports or starts.
    let is_setup = name == "setup.py";
    let mut collector =
        Collector::new(if is_setup { "file" } else { "file.whl" }).matched_by(rules.cloned());
    let bytes = match read(path) {
        Ok(bytes) => bytes,
        Err(error) => return plain(Err(format!("cannot read the file: {error}"))),
    };
    let digest = hex(&Sha256::digest(&bytes));
    let size = bytes.len() as u64;
    add(&mut collector, &name, &bytes);
    let mut inspection = collector.finish();
    inspection.kind = Kind::Directory;
    inspection.size.members = 1;
    inspection.size.unpacked_bytes = size;
    // One file is no package: that it is small, or lacks metadata, says nothing.
    inspection.facts.retain(|f| {
        !matches!(
            f.kind,
            FactKind::TinyPackage | FactKind::NoCode | FactKind::DependencyOnly
        )
    });
    Seen {
        inspection: Ok(inspection),
        sha256: (size < MAX_FILE).then_some(digest),
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn add(collector: &mut Collector, path: &str, bytes: &[u8]) {
    let limit = usize::try_from(MAX_FILE).unwrap_or(usize::MAX) - 1;
    match bytes.get(..limit) {
        Some(head) if bytes.len() > limit => collector.file(path, head, Ended::Cut),
        _ => collector.file(path, bytes, Ended::Whole),
    }
}

/// Files taken in so far, within limits.
struct Taken {
    collector: Collector,
    files: u64,
    bytes: u64,
    unread: Vec<(String, String)>,
}

impl Taken {
    fn new(name: &str, rules: Rules<'_>) -> Self {
        Self {
            collector: Collector::new(name).matched_by(rules.cloned()),
            files: 0,
            bytes: 0,
            unread: Vec::new(),
        }
    }

    /// Reads a file as `name`. One that is not there is passed over: it cannot do anything.
    fn file(&mut self, path: &Path, name: &str) {
        if self.files >= MAX_FILES as u64 || self.bytes > MAX_BYTES {
            self.unread.push((
                String::new(),
                format!("more than {MAX_FILES} files or {MAX_BYTES} bytes"),
            ));
            return;
        }
        // Devices and pipes never end.
        match std::fs::metadata(path) {
            Ok(meta) if meta.is_file() => {}
            Ok(_) => return,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return self.unread.push((name.to_owned(), error.to_string())),
        }
        match read(path) {
            Ok(bytes) => {
                self.files += 1;
                self.bytes += bytes.len() as u64;
                add(&mut self.collector, name, &bytes);
            }
            Err(error) => self.unread.push((name.to_owned(), error.to_string())),
        }
    }

    /// Evaluates; `rename` turns the names given to the analyser into those people know.
    fn finish(self, rename: &dyn Fn(&str) -> Option<String>) -> Inspection {
        let mut out = self.collector.finish();
        out.kind = Kind::Directory;
        out.size.members = self.files;
        out.size.unpacked_bytes = self.bytes;
        out.unread.extend(self.unread);
        let fix = |name: &mut String| {
            if let Some(known) = rename(name) {
                *name = known;
            }
        };
        out.facts
            .iter_mut()
            .for_each(|fact| fix(&mut fact.place.file));
        out.unread.iter_mut().for_each(|(path, _)| fix(path));
        out.surfaces.values_mut().flatten().for_each(fix);
        out.facts.sort();
        out.unread.sort();
        out.unread.dedup();
        out
    }
}

/// A folder that stands for the one around the files of an sdist.
const ROOT: &str = "./";

/// An unpacked project: read like the sdist it would become.
fn project(root: &Path, rules: Rules<'_>) -> Result<Inspection, String> {
    let mut taken = Taken::new("", rules);
    let mut waiting = vec![(root.to_owned(), String::new())];
    let mut first = true;
    while let Some((directory, below)) = waiting.pop() {
        let entries = match tree::list(&directory) {
            Ok(entries) => entries,
            Err(error) if first => return Err(format!("cannot list the directory: {error}")),
            Err(error) => {
                taken.unread.push((below, error.to_string()));
                continue;
            }
        };
        first = false;
        for (name, path, kind) in entries.into_iter().rev() {
            let inner = format!("{below}{name}");
            if kind.is_dir() {
                if tree::left_out(&name, &path).is_none() && inner.matches('/').count() < 40 {
                    waiting.push((path, format!("{inner}/")));
                }
            } else if kind.is_symlink() && !stays_inside(root, &path) {
                taken
                    .unread
                    .push((inner, "a link that leads out of the directory".to_owned()));
            } else if !tree::is_archive_name(&name) {
                taken.file(&path, &format!("{ROOT}{inner}"));
            }
        }
    }
    let mut out = taken.finish(&|name| name.strip_prefix(ROOT).map(str::to_owned));
    // A checkout may be called anything.
    out.facts.retain(|f| f.kind != FactKind::NameMismatch);
    Ok(out)
}

fn stays_inside(root: &Path, link: &Path) -> bool {
    match (root.canonicalize(), link.canonicalize()) {
        (Ok(root), Ok(target)) => target.starts_with(root),
        // A broken link leads nowhere.
        _ => true,
    }
}

/// An installed distribution: the files of its list.
fn distribution(site: &Path, info: &str, rules: Rules<'_>) -> Result<Inspection, String> {
    let name = installed::wheel_name(info);
    let mut taken = Taken::new(&name, rules);
    // Scripts lie outside `site-packages`; the analyser knows them by the place they have in a wheel.
    let scripts = format!("{}.data/scripts/", name.trim_end_matches(".whl"));
    let mut moved = Vec::new();
    for path in installed::files(site, info)? {
        let Some(found) = installed::locate(site, &path) else {
            taken
                .unread
                .push((path, "listed, and outside of the environment".to_owned()));
            continue;
        };
        if path.starts_with("../") {
            let file = path.rsplit('/').next().unwrap_or(&path);
            let alias = format!("{scripts}{file}");
            taken.file(&found, &alias);
            moved.push((alias, path));
        } else {
            taken.file(&found, &path);
        }
    }
    Ok(taken.finish(&|name| {
        let known = moved.iter().find(|(alias, _)| alias == name);
        known.map(|(_, path)| path.clone())
    }))
}

/// What lies in a `site-packages` and belongs to nobody.
fn loose(site: &Path, rules: Rules<'_>) -> Result<Inspection, String> {
    let mut taken = Taken::new("loose.whl", rules);
    for path in installed::loose(site)? {
        if let Some(found) = installed::locate(site, &path) {
            taken.file(&found, &path);
        } else {
            taken
                .unread
                .push((path, "a link that leads out of the environment".to_owned()));
        }
    }
    let mut out = taken.finish(&|_| None);
    out.facts.retain(|f| {
        !matches!(
            f.kind,
            FactKind::TinyPackage | FactKind::NoCode | FactKind::NameMismatch
        )
    });
    Ok(out)
}
