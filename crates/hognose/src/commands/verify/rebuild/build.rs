//! One sdist: unpacked, given what it needs, built, and compared with each wheel of its release.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Cursor, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use hognose_advisories::Judgement;
use hognose_provenance::attestation::FileName;
use hognose_provenance::reproduce::{self, Comparison, Wheel};
use hognose_report::{FileRebuild, RebuildOutcome};
use hognose_types::{Notice, Places, text};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::needs::{Installer, Python};
use super::sandbox::{Rights, Sandbox};
use super::source::{self, BuildSystem};
use crate::cli::VerifyArgs;
use crate::commands::verify::attested::Looked;
use crate::commands::verify::notice;
use crate::commands::verify::releases::Local;
use crate::error::Failure;
use crate::surroundings::Surroundings;

/// What runs in the sandbox.
const DRIVER: &str = include_str!("build.py");
/// Largest wheel and largest answer of a backend.
const MAX_WHEEL: u64 = 512 << 20;
const MAX_ANSWER: u64 = 1 << 20;
/// The time of archives where no index says when the release was uploaded: 2020-01-01.
const EPOCH: i64 = 1_577_836_800;
/// Most files that a notice names.
const NAMED: usize = 5;

pub(super) fn is_wheel(local: &Local) -> bool {
    local.file.ends_with(".whl")
}

/// Builds sdists.
pub(super) struct Builder<'b> {
    args: &'b VerifyArgs,
    sandbox: Sandbox,
    python: Python,
    installer: Option<Installer>,
}

/// A wheel that came out.
struct Built {
    name: String,
    bytes: Vec<u8>,
    /// What has to be said of how it came about.
    said: Vec<String>,
}

impl<'b> Builder<'b> {
    pub(super) fn new(args: &'b VerifyArgs, surroundings: &Surroundings) -> Result<Self, Failure> {
        let sandbox = Sandbox::new(args.rebuild_unsandboxed, surroundings)?;
        let python = Python::find(args, surroundings)?;
        let installer = Installer::find(&python, surroundings);
        Ok(Self {
            args,
            sandbox,
            python,
            installer,
        })
    }

    /// What the sandbox lacks.
    pub(super) fn missing(&self) -> impl Iterator<Item = String> {
        let missing = self.sandbox.missing.iter();
        missing.map(|what| format!("the sandbox of builds is not whole: {what}"))
    }

    /// Builds the sdist of a release, and compares every wheel of it.
    pub(super) fn all(
        &self,
        look: &mut Looked<'_>,
        (evidence, notices): (&mut Judgement, &mut Vec<Notice>),
        places: &mut Places<'_>,
    ) {
        let Some(sdist) = look.release.local.iter().find(|one| !is_wheel(one)) else {
            return;
        };
        let uploaded = look.files.iter().find_map(|seen| seen.uploaded.clone());
        let built = self.built(sdist, uploaded.as_deref());
        for (at, wheel) in look.release.local.iter().enumerate() {
            if !is_wheel(wheel) {
                continue;
            }
            let came = built.as_ref().map_err(String::clone);
            let came = came.and_then(|built| Ok((built, compared(wheel, built)?)));
            let release = look.release();
            let row = match came {
                Ok((built, came)) => {
                    let found = came.as_ref();
                    let finding =
                        found.and_then(|f| release.rebuilt(&wheel.file, &sdist.file, f, places));
                    evidence.findings.extend(finding);
                    notices.push(notice(told(&wheel.file, &sdist.file, found)));
                    let said = built
                        .said
                        .iter()
                        .map(|said| format!("{}: {said}", wheel.file));
                    notices.extend(said.map(notice));
                    row(&sdist.file, built, found)
                }
                Err(why) => {
                    let message = format!("{} was not built again: {why}", wheel.file);
                    evidence.gaps.extend(release.gap(message, None));
                    FileRebuild {
                        builder: "hognose".to_owned(),
                        source: Some(sdist.file.clone()),
                        ..FileRebuild::default()
                    }
                }
            };
            if let Some(seen) = look.files.get_mut(at) {
                seen.rebuilds.push(row);
            }
        }
    }

    fn built(&self, sdist: &Local, uploaded: Option<&str>) -> Result<Built, String> {
        if !sdist.file.ends_with(".tar.gz") {
            return Err("only sdists in .tar.gz are built".to_owned());
        }
        let work = tempfile::Builder::new()
            .prefix("hognose-build-")
            .tempdir()
            .map_err(|e| e.to_string())?;
        let work = std::fs::canonicalize(work.path()).map(|path| (path, work));
        let (root, _kept) = work.map_err(|e| e.to_string())?;
        for name in ["source", "out", "home", "tmp", "answer"] {
            std::fs::create_dir(root.join(name)).map_err(|e| e.to_string())?;
        }
        std::fs::write(root.join("build.py"), DRIVER).map_err(|e| e.to_string())?;
        let source = source::unpack(Path::new(&sdist.path), &root.join("source"))?;
        let system = source::build_system(&source)?;
        let (python, site) = self.python.environment(&root.join("environment"))?;
        let mut job = Job {
            builder: self,
            root,
            source,
            python,
            system,
            uploaded,
            said: Vec::new(),
        };
        let wheel = job.run(&site)?;
        let bytes = read(&job.root.join("out").join(&wheel), MAX_WHEEL)?;
        Ok(Built {
            name: wheel,
            bytes,
            said: job.said,
        })
    }
}

/// One build.
struct Job<'j> {
    builder: &'j Builder<'j>,
    root: PathBuf,
    source: PathBuf,
    python: PathBuf,
    system: BuildSystem,
    uploaded: Option<&'j str>,
    said: Vec<String>,
}

impl Job<'_> {
    /// Answers the name of the wheel.
    fn run(&mut self, site: &Path) -> Result<String, String> {
        let mut needed = self.system.requires.clone();
        self.install(&needed, site)?;
        let more: Vec<String> = serde_json::from_slice(&self.hook("requires")?)
            .map_err(|_| "the backend answers something else than what it needs".to_owned())?;
        if !more.is_empty() {
            needed.extend(source::requirements(more)?);
            self.install(&needed, site)?;
        }
        let wheel: String = serde_json::from_slice(&self.hook("wheel")?)
            .map_err(|_| "the backend answers something else than a wheel".to_owned())?;
        if FileName::parse(&wheel).is_none() || wheel.contains(['/', '\\']) {
            return Err("the backend answers a name that is none of a wheel".to_owned());
        }
        Ok(wheel)
    }

    fn install(&mut self, needed: &[String], site: &Path) -> Result<(), String> {
        if needed.is_empty() {
            return Ok(());
        }
        if self.builder.args.offline {
            let needed = text::short(&needed.join(", "), 200);
            return Err(format!(
                "it needs {needed} to be built, and nothing is fetched offline"
            ));
        }
        let installer = self.builder.installer.as_ref();
        let installer = installer.ok_or("there is neither pip nor uv to fetch what it needs")?;
        let said = installer.install(needed, site, self.uploaded, self.builder.args)?;
        let known = |one: &String| self.said.contains(one);
        let new = said.filter(|one| !known(one));
        self.said.extend(new);
        Ok(())
    }

    /// Calls a hook of the backend, in the sandbox; answers what it wrote.
    fn hook(&self, hook: &str) -> Result<Vec<u8>, String> {
        let at = |name: &str| self.root.join(name);
        let answer = at("answer").join(hook);
        let asked = json!({
            "hook": hook,
            "source": self.source,
            "path": self.system.path,
            "backend": self.system.backend,
            "out": at("out"),
            "answer": answer,
        });
        let list = at(&format!("{hook}.json"));
        std::fs::write(&list, asked.to_string()).map_err(|e| e.to_string())?;
        let environment = at("environment");
        let seconds = self
            .uploaded
            .and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let seconds = seconds.map_or(EPOCH, jiff::Timestamp::as_second);
        // Programs of what was installed lie with it.
        let programs = self.python.parent().map(Path::to_owned).unwrap_or_default();
        let installed = site(&environment).map(|site| site.join("bin"));
        let path = std::iter::once(programs).chain(installed);
        let path = std::env::join_paths(path.chain(["/usr/bin".into(), "/bin".into()]));
        let variables = [
            ("PATH", path.map_err(|e| e.to_string())?),
            ("HOME", at("home").into_os_string()),
            ("TMPDIR", at("tmp").into_os_string()),
            ("LC_ALL", OsString::from("C.UTF-8")),
            ("TZ", OsString::from("UTC")),
            ("PYTHONHASHSEED", OsString::from("0")),
            ("PYTHONDONTWRITEBYTECODE", OsString::from("1")),
            ("SOURCE_DATE_EPOCH", OsString::from(seconds.to_string())),
        ];
        let read = [
            environment,
            at("build.py"),
            list.clone(),
            self.builder.python.base.clone(),
        ];
        let write = ["source", "out", "home", "tmp", "answer"].map(at);
        let program = [
            self.python.clone().into_os_string(),
            at("build.py").into_os_string(),
            list.into_os_string(),
        ];
        let rights = Rights {
            read: &read,
            write: &write,
            variables: &variables,
            room: &self.root,
        };
        self.builder.sandbox.run(&program, &rights)?;
        self::read(&answer, MAX_ANSWER)
    }
}

/// Where an environment has its distributions.
fn site(environment: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(environment.join("lib")).ok()?;
    let mut sites = versions
        .flatten()
        .map(|entry| entry.path().join("site-packages"));
    sites.find(|site| site.is_dir())
}

/// A file that a build left: never what a link leads to.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let file = File::options()
        .read(true)
        .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK)
        .open(path)
        .map_err(|_| "the build leaves nothing where it says".to_owned())?;
    if !file.metadata().is_ok_and(|meta| meta.is_file()) {
        return Err("the build leaves something else than a file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| e.to_string())?;
    if bytes.len() as u64 > limit {
        return Err(format!("the build leaves a file over {limit} bytes"));
    }
    Ok(bytes)
}

/// What is different; none where nothing is.
fn compared(wheel: &Local, built: &Built) -> Result<Option<Comparison>, String> {
    let (own, other) = (FileName::parse(&wheel.file), FileName::parse(&built.name));
    if own.is_none() || own != other {
        let name = text::short(&built.name, 200);
        return Err(format!("the build gives {name} here"));
    }
    let published = super::super::disk::limited(Path::new(&wheel.path), MAX_WHEEL);
    let published = published.map_err(|e| e.to_string())?;
    if published == built.bytes {
        return Ok(None);
    }
    let one = Wheel::read(Cursor::new(published)).map_err(|e| e.to_string())?;
    let other =
        Wheel::read(Cursor::new(&built.bytes)).map_err(|e| format!("what was built: {e}"))?;
    Ok(Some(reproduce::compare(&one, &other)))
}

/// In one line.
fn told(wheel: &str, sdist: &str, found: Option<&Comparison>) -> String {
    let Some(found) = found else {
        return format!("{wheel}: built again from {sdist}, byte for byte the same");
    };
    let how = if found.holds() {
        "the same"
    } else {
        "and it differs"
    };
    let mut out = format!("{wheel}: built again from {sdist}, {how}");
    let all = found.differences.iter();
    let named: Vec<String> = all.take(NAMED).map(difference).collect();
    if !named.is_empty() {
        let more = match found.differences.len() + found.more - named.len() {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        out.push_str(&format!(" in {}{more}", named.join("; ")));
    }
    if !found.normalized.is_empty() {
        let all: Vec<&str> = found.normalized.iter().map(|one| one.as_str()).collect();
        let but = if found.holds() {
            " but for"
        } else {
            ", beside"
        };
        out.push_str(&format!("{but} {}", all.join(", ")));
    }
    out
}

fn difference(one: &reproduce::Difference) -> String {
    one.to_string()
}

fn row(sdist: &str, built: &Built, found: Option<&Comparison>) -> FileRebuild {
    let mut sha256 = String::new();
    for byte in Sha256::digest(&built.bytes) {
        sha256.push_str(&format!("{byte:02x}"));
    }
    let normalized = found.iter().flat_map(|f| &f.normalized);
    let differences = found.iter().flat_map(|f| &f.differences);
    FileRebuild {
        builder: "hognose".to_owned(),
        outcome: match found {
            None => RebuildOutcome::Identical,
            Some(found) if found.holds() => RebuildOutcome::Normalized,
            Some(_) => RebuildOutcome::Differs,
        },
        source: Some(sdist.to_owned()),
        rebuilt: Some(sha256),
        normalized: normalized.map(|one| one.as_str().to_owned()).collect(),
        differences: differences.map(difference).collect(),
        ..FileRebuild::default()
    }
}
