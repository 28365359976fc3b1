//! Installs what tests need, and says so. Nothing outside `target/` is touched, except for system packages, which only
//! root installs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::run::{cargo, execute, heading, root, works};

/// The version the project is tested with.
const NEXTEST: &str = "0.9.143";

/// What tests are started with.
#[derive(Debug)]
pub(crate) struct Tools {
    /// An interpreter with the validators of report formats.
    pub(crate) python: PathBuf,
    /// The folder of `old`, `new` and `more`, environments with installers.
    pub(crate) installers: PathBuf,
    /// The folder of PostgreSQL's programs.
    pub(crate) postgres: PathBuf,
    /// An environment with a server of the S3 protocol.
    pub(crate) s3: PathBuf,
}

/// Installs everything that is missing.
pub(crate) fn run() -> Result<Tools> {
    heading("setting up what tests need");
    system("git", &["--version"], "git")?;
    system("python3", &["--version"], "python3")?;
    system("openssl", &["version"], "openssl")?;
    let python = validators()?;
    let installers = installers()?;
    let postgres = postgres()?;
    let s3 = root().join("target/xtask/s3");
    let list = listed("s3-requirements.txt")?;
    environment(&s3, &list, "a server of the S3 protocol")?;
    nextest()?;
    Ok(Tools {
        python,
        installers,
        postgres,
        s3,
    })
}

/// Where PostgreSQL's programs are: tests start servers of their own with them. Debian keeps them out of the path, one
/// folder for each version.
fn postgres() -> Result<PathBuf> {
    if let Some(found) = find_postgres() {
        return Ok(found);
    }
    install("postgresql")?;
    find_postgres().context("there is still no initdb after installing postgresql")
}

fn find_postgres() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let number = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.and_then(|name| name.parse::<u32>().ok())
    };
    let mut versions: Vec<PathBuf> = versions.filter_map(|e| Some(e.ok()?.path())).collect();
    versions.sort_by_key(number);
    let debian = versions.iter().rev().map(|version| version.join("bin"));
    debian
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
}

/// A program of the system.
fn system(program: &str, arguments: &[&str], package: &str) -> Result<()> {
    if works(program, arguments) {
        return Ok(());
    }
    install(package)?;
    if works(program, arguments) {
        Ok(())
    } else {
        bail!("{program} still does not run after installing {package}")
    }
}

pub(crate) fn install(package: &str) -> Result<()> {
    if !works("apt-get", &["--version"]) || !works("sh", &["-c", "test \"$(id -u)\" = 0"]) {
        bail!("tests need {package}: install it and run this again");
    }
    println!("installing the system package {package}");
    execute(Command::new("apt-get").args(["update", "-q"]))?;
    execute(Command::new("apt-get").args([
        "install",
        "-q",
        "-y",
        "--no-install-recommends",
        package,
    ]))
}

/// A virtual environment below `target/` with the validators.
fn validators() -> Result<PathBuf> {
    let list = listed("validators-requirements.txt")?;
    let home = root().join("target/xtask/venv");
    environment(&home, &list, "validators of report formats")?;
    Ok(home.join("bin/python"))
}

/// Environments with the installers that tests put behind the gateway.
fn installers() -> Result<PathBuf> {
    let home = root().join("target/xtask/installers");
    let newest = listed("installers-requirements.txt")?;
    environment(&home.join("new"), &newest, "pip, uv and Poetry")?;
    environment(&home.join("old"), OLD_PIP, "an old pip")?;
    let frontends = listed("frontends-requirements.txt")?;
    environment(
        &home.join("more"),
        &frontends,
        "PDM, Pipenv, tox, nox and pip-tools",
    )?;
    Ok(home)
}

/// A pip from before it knew metadata beside files, durations and problem documents.
const OLD_PIP: &str = "pip==22.3.1\n";

fn listed(file: &str) -> Result<String> {
    let path = root().join("xtask").join(file);
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// Makes a virtual environment with what a list names, unless it is there.
fn environment(home: &Path, list: &str, what: &str) -> Result<()> {
    let stamp = home.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|done| done == list) {
        return Ok(());
    }
    println!("installing {what} into {}", home.display());
    // Debian's python3 comes without the module that makes environments.
    if !works("python3", &["-c", "import venv, ensurepip"]) {
        install("python3-venv")?;
    }
    execute(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(home),
    )?;
    let wanted = home.join("wanted.txt");
    std::fs::write(&wanted, list).with_context(|| format!("cannot write {}", wanted.display()))?;
    execute(
        Command::new(home.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ])
            .arg(&wanted),
    )?;
    std::fs::write(&stamp, list).with_context(|| format!("cannot write {}", stamp.display()))
}

fn nextest() -> Result<()> {
    if works("cargo", &["nextest", "--version"]) {
        return Ok(());
    }
    println!("installing cargo-nextest {NEXTEST} (once; some minutes)");
    execute(cargo().args(["install", "--locked", "--version", NEXTEST, "cargo-nextest"]))
}
