//! `hognose.lock.toml`: what is remembered, compared and kept.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use hognose_advisories::Judgement;
use hognose_provenance::attestation::Publisher;
use hognose_provenance::judge;
use hognose_provenance::memory::{self, MAX_FILE, Memory};
use hognose_types::{InputFormat, Inventory, Judged, Notice, PackageName, Places, Version};

use super::attested::{Looked, Origin};
use super::disk::limited;
use super::{notice, stands};
use crate::cli::VerifyArgs;
use crate::error::Failure;
use crate::output;

/// A release as it is to be remembered; none where nothing could be asked.
#[derive(Debug)]
pub(super) struct Learnt {
    name: PackageName,
    version: Version,
    release: Option<memory::Release>,
}

/// What was seen of every release.
pub(super) fn learnt(looks: &[Looked<'_>]) -> Vec<Learnt> {
    let one = |look: &Looked<'_>| Learnt {
        name: look.release.name.clone(),
        version: look.release.version.clone(),
        release: look.failed.is_none().then(|| look.remembered()),
    };
    looks.iter().map(one).collect()
}

/// A pylock, and who published what it pins.
#[derive(Debug)]
pub(super) struct Named {
    path: PathBuf,
    publishers: BTreeMap<(PackageName, Version), BTreeSet<Publisher>>,
}

/// Who published what every pylock of an inventory pins, where all files that it allows are attested.
pub(super) fn publishers(inventory: &Inventory, looks: &[Looked<'_>]) -> Vec<Named> {
    let inputs = inventory.inputs.iter().enumerate();
    let pylocks = inputs.filter(|(_, input)| input.format == InputFormat::Pylock);
    let named = pylocks.map(|(at, input)| {
        let mut publishers = BTreeMap::new();
        for look in looks.iter().filter(|look| is_of(look, inventory, at)) {
            let all = look.files.iter().map(|seen| match &seen.origin {
                Origin::Judged(outcome) if outcome.is_verified() => Some(outcome.attested()),
                _ => None,
            });
            let all: Option<Vec<_>> = all.collect();
            let own = all.unwrap_or_default().into_iter().flatten();
            let own = own.map(|attested| Publisher::of_certificate(&attested.identity));
            // One that cannot be named would be missing.
            if let Some(own) = own.collect::<Option<BTreeSet<_>>>() {
                let key = (look.release.name.clone(), look.release.version.clone());
                publishers.insert(key, own);
            }
        }
        Named {
            path: PathBuf::from(&input.path),
            publishers,
        }
    });
    named.collect()
}

/// Writes them into the locks, as far as nothing stands that was found about them.
pub(super) fn name(
    named: Option<Vec<Named>>,
    judged: &[Judged],
    quiet: bool,
) -> Result<(), Failure> {
    let bad = bad(judged);
    for one in named.into_iter().flatten() {
        let good = one
            .publishers
            .into_iter()
            .filter(|((name, version), _)| !bad.contains(&(name.as_str(), Some(version.as_str()))));
        let good = good.map(|((name, _), own)| (name, own)).collect();
        let shown = one.path.display();
        let fault = |error: &dyn std::error::Error| {
            Failure::incomplete(format!("cannot name publishers in {shown}")).because(error)
        };
        let bytes = limited(&one.path, MAX_FILE).map_err(|e| fault(&e))?;
        let text = String::from_utf8(bytes).map_err(|e| fault(&e))?;
        let (text, count) = memory::with_identities(&text, &good).map_err(|e| fault(&e))?;
        if count > 0 {
            output::file(&one.path, &text)?;
            if !quiet {
                let plural = if count == 1 { "" } else { "s" };
                output::human(&format!(
                    "{shown} names the publishers of {count} package{plural}"
                ));
            }
        }
    }
    Ok(())
}

/// Releases about which something was found that fails the run.
fn bad(judged: &[Judged]) -> BTreeSet<(&str, Option<&str>)> {
    let found = judged
        .iter()
        .filter(|one| stands(one) && one.finding.rule.as_str().starts_with("HOG-PROV-"));
    found
        .map(|one| {
            let subject = &one.finding.subject;
            (subject.name.as_str(), subject.version.as_deref())
        })
        .collect()
}

/// Whether an input pins a release.
fn is_of(look: &Looked<'_>, inventory: &Inventory, input: usize) -> bool {
    let members = look.release.members.iter();
    let mut inputs = members.filter_map(|id| inventory.component(*id));
    inputs.any(|component| component.input.0 == input)
}

/// The file beside a project.
pub(in crate::commands) const FILE: &str = "hognose.lock.toml";

/// What is remembered, and where.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    memory: Memory,
}

impl Kept {
    /// Reads what is remembered; nothing where there is no file.
    pub(super) fn read(args: &VerifyArgs, start: &Path) -> Result<Self, Failure> {
        let path = args.memory.clone().unwrap_or_else(|| beside(start));
        let memory = load(&path)?.unwrap_or_default();
        Ok(Self { path, memory })
    }

    /// What is other than it was about one release.
    pub(super) fn judge(
        &self,
        look: &Looked<'_>,
        places: &mut Places<'_>,
        evidence: &mut Judgement,
    ) {
        if look.failed.is_some() {
            return;
        }
        let release = judge::Release {
            inventory: look.inventory,
            members: &look.release.members,
        };
        let (name, version) = (&look.release.name, &look.release.version);
        for change in self.memory.compare(name, version, &look.remembered()) {
            evidence.findings.extend(release.change(&change, places));
        }
    }

    /// Remembers what was seen. A release about which something was found that fails the run stays as it was: to
    /// remember it would be to accept it.
    pub(super) fn write(
        mut self,
        looks: Vec<Learnt>,
        judged: &[Judged],
        quiet: bool,
    ) -> Result<(), Failure> {
        let bad = bad(judged);
        let mut in_use: BTreeMap<PackageName, Vec<Version>> = BTreeMap::new();
        let (mut learnt, mut left) = (0_usize, 0_usize);
        for look in looks {
            let versions = in_use.entry(look.name.clone()).or_default();
            versions.push(look.version.clone());
            let key = (look.name.as_str(), Some(look.version.as_str()));
            match look.release.filter(|_| !bad.contains(&key)) {
                None => left += 1,
                Some(release) => {
                    learnt += 1;
                    self.memory.learn(look.name, look.version, release);
                }
            }
        }
        self.memory.keep(&in_use);
        self.save()?;
        if !quiet {
            let shown = self.path.display();
            let left = match left {
                0 => String::new(),
                n => format!("; {n} left as they were"),
            };
            output::human(&format!("{shown} remembers {learnt} releases{left}"));
        }
        Ok(())
    }

    /// Beside and renamed: a run that is interrupted leaves what was remembered.
    fn save(&self) -> Result<(), Failure> {
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let fault = |error: &std::io::Error| {
            Failure::incomplete(format!("cannot write {}", self.path.display())).because(error)
        };
        let mut file = tempfile::Builder::new()
            .prefix(".hognose-lock-")
            .tempfile_in(directory)
            .map_err(|e| fault(&e))?;
        let text = self.memory.render();
        file.write_all(text.as_bytes()).map_err(|e| fault(&e))?;
        permit(file.path(), &self.path).map_err(|e| fault(&e))?;
        let moved = file.persist(&self.path);
        moved.map_err(|e| fault(&e.error)).map(drop)
    }
}

/// Whoever may read the project may read this: as the file that is replaced, else as files usually are.
#[cfg(unix)]
fn permit(file: &Path, replaced: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let kept = std::fs::metadata(replaced).map(|meta| meta.permissions());
    let usual = || std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(file, kept.unwrap_or_else(|_| usual()))
}

#[cfg(not(unix))]
fn permit(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Where it lies for what is verified: in a directory that is named, else beside the file.
pub(in crate::commands) fn beside(start: &Path) -> PathBuf {
    if start.is_dir() {
        return start.join(FILE);
    }
    start.parent().unwrap_or(Path::new("")).join(FILE)
}

/// What a file remembers; none where there is none.
pub(in crate::commands) fn load(path: &Path) -> Result<Option<Memory>, Failure> {
    let shown = path.display();
    let bytes = match limited(path, MAX_FILE) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::usage(format!("cannot read {shown}")).because(&error));
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let memory = Memory::parse(&text).map_err(|error| {
        Failure::usage(format!("{shown} is not used"))
            .because(&error)
            .hint("restore it from version control, or remove it and run `hognose verify --lock`")
    })?;
    Ok(Some(memory))
}

/// What contradicts the publishers that locks name.
pub(super) fn stated(
    inventory: &Inventory,
    looks: &[Looked<'_>],
    evidence: &mut Judgement,
    notices: &mut Vec<Notice>,
) {
    let mut places = Places::new(inventory);
    for (at, input) in inventory.inputs.iter().enumerate() {
        if input.format != InputFormat::Pylock {
            continue;
        }
        let named = limited(Path::new(&input.path), MAX_FILE)
            .map_err(|e| e.to_string())
            .and_then(|bytes| {
                memory::stated_identities(&String::from_utf8_lossy(&bytes))
                    .map_err(|e| e.to_string())
            });
        let named = match named {
            Ok(named) => named,
            Err(reason) => {
                let path = &input.path;
                notices.push(notice(format!(
                    "publishers that {path} names are not compared: {reason}"
                )));
                continue;
            }
        };
        for look in looks.iter().filter(|look| is_of(look, inventory, at)) {
            let Some(publishers) = named.get(&look.release.name) else {
                continue;
            };
            let files = look.files.iter().map(|seen| {
                let attested = match &seen.origin {
                    Origin::Judged(outcome) => outcome.attested(),
                    _ => &[],
                };
                (seen.file.as_str(), seen.presence(), attested)
            });
            let release = judge::Release {
                inventory,
                members: &look.release.members,
            };
            for change in memory::stated(publishers, files) {
                evidence
                    .findings
                    .extend(release.change(&change, &mut places));
            }
        }
    }
}
