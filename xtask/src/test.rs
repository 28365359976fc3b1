//! `cargo xtask test`: everything that must hold before a change is handed in.

use anyhow::Result;

use crate::run::{cargo, execute, heading, works};
use crate::{setup, tidy};

pub(crate) fn run(filter: &[&str]) -> Result<()> {
    let tools = setup::run()?;
    if filter.is_empty() {
        heading("format, lints, tidy");
        execute(cargo().args(["fmt", "--all", "--check"]))?;
        execute(cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]))?;
        tidy::run()?;
        licences()?;
    }
    heading("tests");
    execute(
        cargo()
            .args([
                "nextest",
                "run",
                "--workspace",
                "--no-fail-fast",
                "--status-level",
                "slow",
                "--final-status-level",
                "fail",
            ])
            .args(filter)
            .env("HOGNOSE_TEST_PYTHON", &tools.python)
            .env("HOGNOSE_TEST_INSTALLERS", &tools.installers)
            .env("HOGNOSE_TEST_POSTGRES", &tools.postgres)
            .env("HOGNOSE_TEST_S3", &tools.s3),
    )?;
    if filter.is_empty() {
        heading("examples in the documentation of crates");
        execute(cargo().args(["test", "--doc", "--workspace", "--quiet"]))?;
    }
    Ok(())
}

/// What stands behind the feature `yara`. Both crates at once: alone, each would compile the engine anew.
pub(crate) fn yara() -> Result<()> {
    let crates = ["-p", "hognose", "-p", "hognose-behaviour"];
    let feature = ["--features", "hognose/yara"];
    heading("lints of the feature yara");
    let lint = ["clippy", "--all-targets", "--quiet"];
    let warnings = ["--", "-D", "warnings"];
    execute(cargo().args(lint).args(crates).args(feature).args(warnings))?;
    heading("tests of the feature yara");
    let test = ["test", "--quiet", "--lib", "--test", "yara"];
    execute(cargo().args(test).args(crates).args(feature))
}

/// Licences and sources of dependencies, where `cargo deny` is installed. Its advisories need a network that tests do
/// not have.
fn licences() -> Result<()> {
    if works("cargo", &["deny", "--version"]) {
        return execute(cargo().args([
            "deny",
            "--log-level",
            "error",
            "check",
            "licenses",
            "bans",
            "sources",
        ]));
    }
    println!(
        "cargo-deny is not installed: licences and sources of dependencies are not checked here"
    );
    Ok(())
}
