//! Hognose alone, against the targets that hold for every release.

use std::path::Path;

use anyhow::{Result, bail};

use super::inputs::Inputs;
use super::sample::{Sample, Tool, sample};
use super::{Bench, row, table};
use crate::run::heading;

/// A limit of CPU time in milliseconds and of peak memory in MiB.
struct Target {
    name: &'static str,
    cpu: f64,
    memory: Option<f64>,
}

/// The largest database file, in MiB.
const FILE: f64 = 25.0;

pub(super) fn run(bench: &Bench) -> Result<()> {
    heading("speed");
    let mut rows = vec![row(["", "CPU ms", "least", "wall ms", "MiB", "target", ""])];
    let mut failed = Vec::new();
    let floor = sample(
        &Tool::new(Path::new("true"), &bench.home),
        bench.runs,
        &[0],
        || Ok(()),
    )?;
    rows.push(line("starting nothing (floor)", &floor, "", ""));
    for (target, path, format) in scans(&bench.inputs) {
        let taken = sample(&bench.scan(path, format), bench.runs, &[1], || Ok(()))?;
        judge(&target, &taken, &mut rows, &mut failed);
    }
    build_database(bench, &mut rows, &mut failed)?;
    table(&rows);
    println!(
        "\nmedians of {} runs; CPU is user and system time of the whole process",
        bench.runs
    );
    if failed.is_empty() {
        println!("all targets are met");
        Ok(())
    } else {
        bail!("targets missed: {}", failed.join(", "))
    }
}

/// What is scanned, in which format.
fn scans(inputs: &Inputs) -> Vec<(Target, &Path, &'static str)> {
    let quick = |name, path, format| (target(name, 10.0, Some(15.0)), path, format);
    let environment = target("environment, 500 installed", 30.0, None);
    let pins: &Path = &inputs.pins_200;
    vec![
        quick("200 pins", pins, "terminal"),
        quick("200 pins, JSON", pins, "json"),
        quick("200 pins, years old", &inputs.neglected, "terminal"),
        quick("700 pins", &inputs.pins_700, "terminal"),
        quick("700 pins, JSON", &inputs.pins_700, "json"),
        quick("uv.lock, 700 packages", &inputs.lock_700, "terminal"),
        quick("SBOM, 700 components", &inputs.sbom, "terminal"),
        (environment, &inputs.environment, "terminal"),
    ]
}

fn target(name: &'static str, cpu: f64, memory: Option<f64>) -> Target {
    Target { name, cpu, memory }
}

/// From nothing, every time.
fn build_database(
    bench: &Bench,
    rows: &mut Vec<Vec<String>>,
    failed: &mut Vec<String>,
) -> Result<()> {
    let cache = bench.home.join("cache-of-builds");
    let clean = || {
        if cache.exists() {
            std::fs::remove_dir_all(&cache)?;
        }
        Ok(())
    };
    let runs = bench.runs.clamp(1, 5);
    let taken = sample(&bench.update(&cache), runs, &[0], clean)?;
    judge(
        &target("building the database", 2000.0, Some(300.0)),
        &taken,
        rows,
        failed,
    );
    let bytes = largest(&cache.join("db"))?;
    let size = bytes as f64 / f64::from(1 << 20);
    let met = size <= FILE;
    if !met {
        failed.push("size of the database".to_owned());
    }
    let mut cells = row(["size of the database", "", "", ""]);
    cells.push(format!("{size:.1}"));
    cells.push(format!("≤ {FILE} MiB"));
    cells.push(word(met));
    rows.push(cells);
    Ok(())
}

fn largest(directory: &Path) -> Result<u64> {
    let mut largest = 0;
    for entry in std::fs::read_dir(directory)? {
        largest = largest.max(entry?.metadata()?.len());
    }
    Ok(largest)
}

fn judge(target: &Target, taken: &Sample, rows: &mut Vec<Vec<String>>, failed: &mut Vec<String>) {
    let quick = taken.median.cpu_ms() <= target.cpu;
    let small = target
        .memory
        .is_none_or(|most| taken.median.peak_mib() <= most);
    if !(quick && small) {
        failed.push(target.name.to_owned());
    }
    let limit = match target.memory {
        Some(most) => format!("≤ {} ms, ≤ {most} MiB", target.cpu),
        None => format!("≤ {} ms", target.cpu),
    };
    rows.push(line(target.name, taken, &limit, &word(quick && small)));
}

fn line(name: &str, taken: &Sample, limit: &str, verdict: &str) -> Vec<String> {
    vec![
        name.to_owned(),
        format!("{:.1}", taken.median.cpu_ms()),
        format!("{:.1}", taken.least.as_secs_f64() * 1e3),
        format!("{:.1}", taken.median.wall_ms()),
        format!("{:.1}", taken.median.peak_mib()),
        limit.to_owned(),
        verdict.to_owned(),
    ]
}

fn word(met: bool) -> String {
    if met { "pass" } else { "FAIL" }.to_owned()
}
