//! `cargo xtask bench --gateway`: the gateway beside nginx, devpi, pypiserver and proxpi. What is measured, and how, is in
//! `gateway.py`; here is only what it needs.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::rivals::environment;
use crate::run::{execute, heading, root, works};
use crate::setup;

/// Measures, and fails where a target is missed.
pub(super) fn run(binary: &Path) -> Result<()> {
    if !works("nginx", &["-v"]) {
        setup::install("nginx-light")?;
    }
    let home = root().join("target/bench/gateway");
    std::fs::create_dir_all(&home)?;
    heading("index servers");
    for (name, list) in lists()? {
        let file = home.join(format!("{name}.txt"));
        std::fs::write(&file, list).with_context(|| format!("cannot write {}", file.display()))?;
        environment("python3", &home.join(&name), &file, &[])?;
    }
    heading("gateway");
    execute(
        Command::new("python3")
            .arg(root().join("xtask/src/bench/gateway.py"))
            .arg("--binary")
            .arg(binary)
            .arg("--venvs")
            .arg(&home)
            .arg("--work")
            .arg(home.join("work"))
            .arg("--feed")
            .arg(root().join("examples/feeds")),
    )
}

/// The packages of each server: a comment of one word begins its part of the list.
fn lists() -> Result<Vec<(String, String)>> {
    let path = root().join("benches/gateway-requirements.txt");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let mut out: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(name) if !name.contains(' ') => out.push((name.to_owned(), String::new())),
            Some(_) => {}
            None => {
                if let Some((_, list)) = out.last_mut() {
                    list.push_str(line);
                    list.push('\n');
                }
            }
        }
    }
    Ok(out)
}
