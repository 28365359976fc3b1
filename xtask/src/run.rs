//! Running programs, saying which.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

/// The workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_owned)
        .unwrap_or_default()
}

/// Prints a heading.
pub(crate) fn heading(text: &str) {
    println!("\n==> {text}");
}

/// Runs a command in the workspace and fails when it does.
pub(crate) fn execute(command: &mut Command) -> Result<()> {
    let shown = describe(command);
    println!("$ {shown}");
    let start = Instant::now();
    let status = command
        .current_dir(root())
        .status()
        .with_context(|| format!("cannot start {shown}"))?;
    println!("  {} s", start.elapsed().as_secs());
    if status.success() {
        Ok(())
    } else {
        bail!("{shown} failed")
    }
}

/// True when a command runs and succeeds; it says nothing.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|s| s.success())
}

/// `cargo` as it runs us.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|w| w.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Builds what ships.
pub(crate) fn build() -> Result<PathBuf> {
    heading("building");
    execute(cargo().args(["build", "--profile", "dist", "-p", "hognose"]))?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join("dist/hognose"))
}
