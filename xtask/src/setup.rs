//! Installs what tests need, and says so. Nothing outside `target/` is touched, except for system packages, which only
//! root installs.

use std::path::PathBuf;
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
}

/// Installs everything that is missing.
pub(crate) fn run() -> Result<Tools> {
    heading("setting up what tests need");
    system("git", &["--version"], "git")?;
    system("python3", &["--version"], "python3")?;
    let python = validators()?;
    nextest()?;
    Ok(Tools { python })
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

fn install(package: &str) -> Result<()> {
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
    let wanted = root().join("xtask/validators-requirements.txt");
    let list = std::fs::read_to_string(&wanted)
        .with_context(|| format!("cannot read {}", wanted.display()))?;
    let home = root().join("target/xtask/venv");
    let python = home.join("bin/python");
    let stamp = home.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|done| done == list) {
        return Ok(python);
    }
    println!(
        "installing validators of report formats into {}",
        home.display()
    );
    // Debian's python3 comes without the module that makes environments.
    if !works("python3", &["-c", "import venv, ensurepip"]) {
        install("python3-venv")?;
    }
    execute(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&home),
    )?;
    execute(
        Command::new(&python)
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
    std::fs::write(&stamp, list).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}

fn nextest() -> Result<()> {
    if works("cargo", &["nextest", "--version"]) {
        return Ok(());
    }
    println!("installing cargo-nextest {NEXTEST} (once; some minutes)");
    execute(cargo().args(["install", "--locked", "--version", NEXTEST, "cargo-nextest"]))
}
