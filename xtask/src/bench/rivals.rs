//! Other scanners, doing the same work on the same machine with the same advisories and no network.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::findings::{Dialect, Said, read};
use super::groups::Groups;
use super::inputs::write_project;
use super::oracle::Oracle;
use super::sample::{Sample, Tool, sample};
use super::server::Server;
use super::{Bench, row, safety, table};
use crate::run::{execute, heading, root};

/// Rivals, installed, and the service they ask.
#[derive(Debug)]
pub(super) struct Rivals {
    pub(super) server: Server,
    pub(super) groups: Groups,
    home: PathBuf,
}

/// What is scanned.
#[derive(Clone, Copy, Debug)]
pub(super) enum Case<'p> {
    /// A requirements file.
    Requirements(&'p Path),
    /// A directory with `pyproject.toml` and `uv.lock`.
    Project(&'p Path),
    /// A virtual environment, and the list of what is in it for those who cannot read one.
    Environment(&'p Path, &'p Path),
}

/// A scanner ready to scan.
#[derive(Debug)]
pub(super) struct Rival {
    pub(super) name: &'static str,
    pub(super) dialect: Dialect,
    pub(super) tool: Tool,
    /// A directory to remove before every run.
    cold: Option<PathBuf>,
}

/// Every exit code that means "scanned": 64 is Safety's "found something".
const SCANNED: [i32; 4] = [0, 1, 3, 64];

impl Rivals {
    /// Installs what is missing and starts the service.
    pub(super) fn prepare(bench: &Bench) -> Result<Self> {
        heading("rivals");
        let home = bench.home.join("rivals");
        for (name, list) in [
            ("venv", "benches/rivals-requirements.txt"),
            ("venv-safety", "benches/safety-requirements.txt"),
        ] {
            environment("python3", &home.join(name), &root().join(list), &[])?;
        }
        let records = bench.feeds.records()?;
        let groups = Groups::of(&records);
        safety::write(&records, &home.join("safety-database"))?;
        let oracle = Oracle::start(&home.join("venv/bin/python"), &bench.feeds)?;
        let server = Server::start(records, oracle)?;
        println!("the OSV service listens at {}", server.address);
        Ok(Self {
            server,
            groups,
            home,
        })
    }

    /// Everyone who can read the case.
    pub(super) fn of(&self, case: Case<'_>) -> Vec<Rival> {
        let pysentry = |cold| {
            let cache = self.home.join("pysentry-cache");
            let tool = self
                .program("venv", "pysentry-rs")
                .words(
                    "--format json --sources osv --no-maintenance-check --no-config --fail-on low",
                )
                .words(&format!(
                    "--service-url {}/v1 --cache-dir",
                    self.server.address
                ))
                .path(&cache)
                .words(if cold { "--no-cache" } else { "" });
            let tool = match case {
                Case::Project(directory) => tool.path(directory),
                Case::Requirements(file) => tool
                    .path(file.parent().unwrap_or(file))
                    .words("--no-resolver --requirements-files")
                    .path(file),
                Case::Environment(..) => return None,
            };
            let name = if cold {
                "pysentry, no cache"
            } else {
                "pysentry, warm cache"
            };
            Some(rival(name, Dialect::Pysentry, tool))
        };
        let all = [
            self.pip_audit(case),
            self.uv(case, true),
            self.uv(case, false),
            pysentry(true),
            pysentry(false),
            self.safety(case),
        ];
        all.into_iter().flatten().collect()
    }

    fn pip_audit(&self, case: Case<'_>) -> Option<Rival> {
        let tool = self
            .program("venv", "pip-audit")
            .words(&format!(
                "-s osv --osv-url {}/v1/query",
                self.server.address
            ))
            .words("--progress-spinner off --aliases on -f json --cache-dir")
            .path(&self.home.join("pip-audit-cache"));
        let tool = match case {
            Case::Requirements(file) => tool.words("--no-deps --disable-pip -r").path(file),
            Case::Environment(environment, _) => tool.words("--path").path(&site(environment)?),
            Case::Project(_) => return None,
        };
        Some(rival("pip-audit", Dialect::PipAudit, tool))
    }

    fn uv(&self, case: Case<'_>, cold: bool) -> Option<Rival> {
        let Case::Project(directory) = case else {
            return None;
        };
        let cache = self.home.join(if cold { "uv-cold" } else { "uv-warm" });
        let address = &self.server.address;
        let tool = self
            .program("venv", "uv")
            .words("audit --frozen --no-config --preview-features audit-command,json-output --output-format json")
            .words(&format!("--default-index {address}/simple --service-url {address}/ --project"))
            .path(directory)
            .variable("UV_CACHE_DIR", &cache.display().to_string())
            .variable("UV_PYTHON_DOWNLOADS", "never");
        let name = if cold {
            "uv audit, cold cache"
        } else {
            "uv audit, warm cache"
        };
        let mut found = rival(name, Dialect::Uv, tool);
        found.cold = cold.then_some(cache);
        Some(found)
    }

    fn safety(&self, case: Case<'_>) -> Option<Rival> {
        let (Case::Requirements(file) | Case::Environment(_, file)) = case else {
            return None;
        };
        let tool = self
            .program("venv-safety", "safety")
            .words("--disable-telemetry check --output json --db")
            .path(&self.home.join("safety-database"))
            .words("-r")
            .path(file);
        Some(rival("safety 2.3.5", Dialect::Safety, tool))
    }

    /// A program of one of the environments, which comes first on its PATH.
    fn program(&self, environment: &str, name: &str) -> Tool {
        let bin = self.home.join(environment).join("bin");
        Tool::new(&bin.join(name), &self.home.join("home")).variable(
            "PATH",
            &format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()),
        )
    }
}

fn rival(name: &'static str, dialect: Dialect, tool: Tool) -> Rival {
    Rival {
        name,
        dialect,
        tool,
        cold: None,
    }
}

impl Rival {
    /// Removes what a cold run must not find.
    pub(super) fn prepare(&self) -> Result<()> {
        match &self.cold {
            Some(cache) if cache.exists() => Ok(std::fs::remove_dir_all(cache)?),
            _ => Ok(()),
        }
    }
}

/// The packages directory of a virtual environment.
fn site(environment: &Path) -> Option<PathBuf> {
    let inside = std::fs::read_dir(environment.join("lib"))
        .ok()?
        .flatten()
        .next()?;
    Some(inside.path().join("site-packages"))
}

/// A virtual environment with exactly a list of packages.
pub(super) fn environment(python: &str, home: &Path, list: &Path, options: &[&str]) -> Result<()> {
    let wanted = std::fs::read_to_string(list).with_context(|| list.display().to_string())?;
    let stamp = home.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|done| done == wanted) {
        return Ok(());
    }
    execute(
        Command::new(python)
            .args(["-m", "venv", "--clear"])
            .arg(home),
    )?;
    execute(
        Command::new(home.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(options)
            .arg("-r")
            .arg(list),
    )?;
    Ok(std::fs::write(stamp, wanted)?)
}

/// `cargo xtask bench --rivals`.
pub(super) fn run(bench: &Bench) -> Result<()> {
    let rivals = Rivals::prepare(bench)?;
    let inputs = &bench.inputs;
    for (count, file) in [(200, &inputs.pins_200), (700, &inputs.pins_700)] {
        let project = bench.home.join(format!("project-served-{count}"));
        let index = format!("{}/simple", rivals.server.address);
        write_project(&project, inputs.first(count), &index)?;
        race(
            bench,
            &rivals,
            &format!("{count} pins"),
            Case::Requirements(file),
            file,
        )?;
        let lock = project.join("uv.lock");
        race(
            bench,
            &rivals,
            &format!("uv.lock of {count}"),
            Case::Project(&project),
            &lock,
        )?;
    }
    println!(
        "\nnot here: pip-audit's default service and pysentry's sources pypi and pypa have fixed addresses on the \
         network; safety 3 wants an account; pip-audit and safety read no uv.lock, uv audit reads nothing else"
    );
    Ok(())
}

/// Everyone on one input.
fn race(bench: &Bench, rivals: &Rivals, title: &str, case: Case<'_>, file: &Path) -> Result<()> {
    heading(title);
    let terminal = sample(&bench.scan(file, "terminal"), bench.runs, &[1], || Ok(()))?;
    let ours = sample(&bench.scan(file, "json"), bench.runs, &[1], || Ok(()))?;
    let (_, text, _) = bench.scan(file, "json").output()?;
    let said = read(Dialect::Hognose, &text, &rivals.groups)?;
    let mut rows = vec![row([
        "", "CPU ms", "times", "wall ms", "MiB", "requests", "rows", "flaws",
    ])];
    let cells = |name: &str, taken: &Sample, requests: usize, said: &Said| {
        let usage = &taken.median;
        let times = usage.cpu_ms() / ours.median.cpu_ms();
        let measured = [usage.cpu_ms(), times, usage.wall_ms(), usage.peak_mib()];
        let counted = [requests, said.rows, said.found.len()];
        std::iter::once(name.to_owned())
            .chain(measured.map(|value| format!("{value:.1}")))
            .chain(counted.map(|value| value.to_string()))
            .collect::<Vec<_>>()
    };
    rows.push(cells("hognose, JSON", &ours, 0, &said));
    rows.push(cells("hognose, terminal", &terminal, 0, &said));
    for rival in rivals.of(case) {
        rival.prepare()?;
        let (code, out, error) = rival.tool.output()?;
        let said = match read(rival.dialect, &out, &rivals.groups) {
            Ok(said) if SCANNED.contains(&code) => said,
            _ => {
                println!("{} ended with {code}: {}", rival.name, error.trim());
                continue;
            }
        };
        rivals.server.requests();
        let runs = bench.runs.clamp(1, 7);
        let taken = sample(&rival.tool, runs, &SCANNED, || rival.prepare())?;
        let requests = rivals.server.requests() / (runs + 1);
        rows.push(cells(rival.name, &taken, requests, &said));
    }
    table(&rows);
    Ok(())
}
