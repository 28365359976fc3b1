//! `cargo xtask bench --inspect DIR`: what inspecting artifacts costs, artifact by artifact, and next to GuardDog.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::rivals::environment;
use super::sample::{Tool, Usage};
use super::{row, table};
use crate::facts::Inspected;
use crate::run::{heading, root};

/// Most CPU time of the middle artifact, in milliseconds.
const MEDIAN: f64 = 20.0;
/// Most CPU time of 95 of 100 artifacts, in milliseconds.
const MOST: f64 = 300.0;
/// Least unpacked content per second of CPU time, in MB.
const SPEED: f64 = 50.0;
/// Most resident memory, in MiB.
const MEMORY: f64 = 100.0;
/// Least that a second thread must bring.
const SCALING: f64 = 1.7;
/// Artifacts that GuardDog gets too: it takes seconds for each.
const SHARED: usize = 48;
/// Artifacts that one process inspects with one thread and with two.
const TOGETHER: usize = 480;

/// One artifact, inspected by a process of its own.
#[derive(Debug)]
struct Measured {
    path: PathBuf,
    usage: Usage,
    unpacked: u64,
}

/// Measures everything below a directory.
pub(super) fn run(directory: &Path, binary: &Path) -> Result<()> {
    let home = root().join("target/bench");
    std::fs::create_dir_all(&home)?;
    let home = home.canonicalize()?;
    let directory = directory
        .canonicalize()
        .with_context(|| directory.display().to_string())?;
    let mut paths = Vec::new();
    archives(&directory, &mut paths)?;
    paths.sort();
    if paths.is_empty() {
        bail!("{} holds no wheel and no sdist", directory.display());
    }
    let mut failed = Vec::new();
    heading("one process per artifact");
    let empty = home.join("empty.py");
    std::fs::write(&empty, "")?;
    let floor = hognose(binary, &home, 1).path(&empty).measure(&[0])?;
    println!(
        "an empty file takes {:.1} ms and {:.1} MiB: starting, reading rules and model",
        floor.cpu_ms(),
        floor.peak_mib()
    );
    let all = each(&paths, binary, &home)?;
    alone(&all, &mut failed);
    heading("one process for all");
    together(&spread(&all, TOGETHER), binary, &home, &mut failed)?;
    heading("next to GuardDog");
    rival(&spread(&all, SHARED), &home)?;
    if failed.is_empty() {
        println!("\nall targets are met");
        Ok(())
    } else {
        bail!("targets missed: {}", failed.join(", "))
    }
}

fn archives(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.to_string_lossy();
        if path.is_dir() {
            archives(&path, found)?;
        } else if [".whl", ".tar.gz", ".zip", ".tar.bz2"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            found.push(path);
        }
    }
    Ok(())
}

/// Hognose on artifacts, writing everything it saw: more work than showing a verdict.
fn hognose(binary: &Path, home: &Path, threads: usize) -> Tool {
    Tool::new(binary, &home.join("hognose-home"))
        .words("inspect --facts --offline --fail-on never --quiet --jobs")
        .words(&threads.to_string())
        .words("--output facts.jsonl")
}

fn each(paths: &[PathBuf], binary: &Path, home: &Path) -> Result<Vec<Measured>> {
    let facts = home.join("hognose-home/facts.jsonl");
    let one = |path: &PathBuf| {
        let tool = hognose(binary, home, 1).path(path);
        let usage = tool.measure(&[0, 3])?;
        let text = std::fs::read_to_string(&facts).context("no facts")?;
        let line = text
            .lines()
            .next()
            .with_context(|| format!("nothing about {}", path.display()))?;
        Ok(Measured {
            path: path.clone(),
            usage,
            unpacked: Inspected::read(line)?.unpacked,
        })
    };
    paths.iter().map(one).collect()
}

fn alone(all: &[Measured], failed: &mut Vec<String>) {
    let cpu: Vec<f64> = all.iter().map(|one| one.usage.cpu_ms()).collect();
    let memory: Vec<f64> = all.iter().map(|one| one.usage.peak_mib()).collect();
    let speed = speed(all.iter().map(|one| (one.unpacked, one.usage.cpu_ms())));
    println!(
        "{} artifacts, {:.0} MB unpacked",
        all.len(),
        megabytes(all.iter().map(|one| one.unpacked))
    );
    let mut rows = vec![row(["", "measured", "target", ""])];
    let mut judge = |name: &str, value: f64, target: String, met: bool| {
        if !met {
            failed.push(name.to_owned());
        }
        let verdict = if met { "pass" } else { "FAIL" }.to_owned();
        rows.push(vec![
            name.to_owned(),
            format!("{value:.1}"),
            target,
            verdict,
        ]);
    };
    let (middle, most) = (part(&cpu, 0.5), part(&cpu, 0.95));
    judge(
        "CPU ms, median",
        middle,
        format!("≤ {MEDIAN}"),
        middle <= MEDIAN,
    );
    judge("CPU ms, 95 of 100", most, format!("≤ {MOST}"), most <= MOST);
    judge("MB/s per core", speed, format!("≥ {SPEED}"), speed >= SPEED);
    let top = part(&memory, 1.0);
    judge(
        "peak MiB, highest",
        top,
        format!("≤ {MEMORY}"),
        top <= MEMORY,
    );
    for (name, value) in [
        ("CPU ms, highest", part(&cpu, 1.0)),
        ("peak MiB, median", part(&memory, 0.5)),
        ("peak MiB, 95 of 100", part(&memory, 0.95)),
    ] {
        rows.push(vec![name.to_owned(), format!("{value:.1}")]);
    }
    table(&rows);
    let over = memory.iter().filter(|&&mib| mib > MEMORY).count();
    println!("\n{over} above {MEMORY} MiB; the largest:");
    largest(all, |one| one.usage.peak_mib());
    println!("\nthe slowest:");
    largest(all, |one| one.usage.cpu_ms());
}

/// The eight artifacts with the highest value.
fn largest(all: &[Measured], value: impl Fn(&Measured) -> f64) {
    let mut sorted: Vec<&Measured> = all.iter().collect();
    sorted.sort_by(|a, b| value(b).total_cmp(&value(a)));
    let mut rows = vec![row(["", "CPU ms", "peak MiB", "MB unpacked"])];
    for one in sorted.into_iter().take(8) {
        rows.push(vec![
            name(&one.path),
            format!("{:.0}", one.usage.cpu_ms()),
            format!("{:.1}", one.usage.peak_mib()),
            format!("{:.1}", megabytes([one.unpacked].into_iter())),
        ]);
    }
    table(&rows);
}

fn together(
    some: &[&Measured],
    binary: &Path,
    home: &Path,
    failed: &mut Vec<String>,
) -> Result<()> {
    println!("{} of the artifacts", some.len());
    let paths: Vec<&Path> = some.iter().map(|one| one.path.as_path()).collect();
    let bytes: u64 = some.iter().map(|one| one.unpacked).sum();
    let mut rows = vec![row([
        "",
        "wall ms",
        "CPU ms",
        "cores used",
        "MB/s per core",
        "peak MiB",
    ])];
    let mut add = |name: &str, usage: &Usage| {
        rows.push(vec![
            name.to_owned(),
            format!("{:.0}", usage.wall_ms()),
            format!("{:.0}", usage.cpu_ms()),
            format!("{:.2}", usage.cpu_ms() / usage.wall_ms()),
            format!("{:.1}", speed([(bytes, usage.cpu_ms())].into_iter())),
            format!("{:.1}", usage.peak_mib()),
        ]);
    };
    let one = over(&paths, binary, home, 1).measure(&[0, 3])?;
    add("one thread", &one);
    let two = over(&paths, binary, home, 2).measure(&[0, 3])?;
    add("two threads", &two);
    let apart = halves(&paths, binary, home)?;
    add("two processes, half each", &apart);
    table(&rows);
    let times = |usage: &Usage| one.wall_ms() / usage.wall_ms();
    println!(
        "a second thread makes it {:.2} times as fast (target: {SCALING}); a second process {:.2} times",
        times(&two),
        times(&apart)
    );
    if times(&two) < SCALING {
        failed.push("scaling".to_owned());
    }
    Ok(())
}

/// One process for several artifacts.
fn over(paths: &[&Path], binary: &Path, home: &Path, threads: usize) -> Tool {
    let tool = hognose(binary, home, threads);
    paths.iter().fold(tool, |tool, path| tool.path(path))
}

/// Two processes that share nothing: as good as threads can get on this machine at this hour.
fn halves(paths: &[&Path], binary: &Path, home: &Path) -> Result<Usage> {
    let half = |first: usize| {
        let own: Vec<&Path> = paths.iter().skip(first).step_by(2).copied().collect();
        over(&own, binary, &home.join(format!("half-{first}")), 1).measure(&[0, 3])
    };
    let (a, b) = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        let one = half(0);
        (one, other.join())
    });
    let (a, b) = (
        a?,
        b.map_err(|_| anyhow::anyhow!("a measurement broke off"))??,
    );
    Ok(Usage {
        cpu: a.cpu + b.cpu,
        wall: a.wall.max(b.wall),
        peak: a.peak + b.peak,
    })
}

/// GuardDog on the same files: the scan of a local file, as it comes, without a network.
fn rival(some: &[&Measured], home: &Path) -> Result<()> {
    let venv = home.join("rivals/venv-guarddog");
    environment(
        "python3",
        &venv,
        &root().join("benches/guarddog-requirements.txt"),
        &[],
    )?;
    let guarddog = Tool::new(&venv.join("bin/guarddog"), &home.join("guarddog-home"));
    let started = guarddog.clone().words("--help").measure(&[0])?;
    let mut theirs = Vec::new();
    let mut ours = Vec::new();
    for one in some {
        let tool = guarddog
            .clone()
            .words("pypi scan")
            .path(&one.path)
            .words("--output-format json");
        match tool.measure(&[0]) {
            Ok(usage) => {
                theirs.push((usage, one.unpacked));
                ours.push((one.usage, one.unpacked));
            }
            Err(error) => {
                // Complaints about the network come first.
                let said = format!("{error:#}");
                let last = said.trim_end().lines().last().unwrap_or_default();
                println!("{}: {last}", name(&one.path));
            }
        }
    }
    println!(
        "{} artifacts; of GuardDog's CPU time {:.0} ms are Python starting, each time",
        ours.len(),
        started.cpu_ms()
    );
    versus(&ours, &theirs);
    Ok(())
}

/// The figures of both, and how many times better those of hognose are.
fn versus(ours: &[(Usage, u64)], theirs: &[(Usage, u64)]) {
    let mut rows = vec![row(["", "hognose", "GuardDog", "times"])];
    type Figure = fn(&[(Usage, u64)]) -> f64;
    let figures: [(&str, Figure); 6] = [
        ("CPU ms, median", |all| part(&cpu(all), 0.5)),
        ("CPU ms, 95 of 100", |all| part(&cpu(all), 0.95)),
        ("CPU ms, highest", |all| part(&cpu(all), 1.0)),
        ("MB/s per core", |all| {
            speed(all.iter().map(|(usage, bytes)| (*bytes, usage.cpu_ms())))
        }),
        ("peak MiB, median", |all| part(&memory(all), 0.5)),
        ("peak MiB, highest", |all| part(&memory(all), 1.0)),
    ];
    for (name, figure) in figures {
        let (our, their) = (figure(ours), figure(theirs));
        let times = if name.starts_with("MB/s") {
            our / their
        } else {
            their / our
        };
        rows.push(vec![
            name.to_owned(),
            format!("{our:.1}"),
            format!("{their:.1}"),
            format!("{times:.1}"),
        ]);
    }
    table(&rows);
}

fn cpu(all: &[(Usage, u64)]) -> Vec<f64> {
    all.iter().map(|(usage, _)| usage.cpu_ms()).collect()
}

fn memory(all: &[(Usage, u64)]) -> Vec<f64> {
    all.iter().map(|(usage, _)| usage.peak_mib()).collect()
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn megabytes(bytes: impl Iterator<Item = u64>) -> f64 {
    bytes.sum::<u64>() as f64 / 1e6
}

/// MB per second of CPU time.
fn speed(all: impl Iterator<Item = (u64, f64)>) -> f64 {
    let (bytes, ms) = all.fold((0, 0.0), |(bytes, ms), (more, time)| {
        (bytes + more, ms + time)
    });
    bytes as f64 / 1e3 / ms
}

/// The least value that a share of all values does not exceed.
pub(super) fn part(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

/// A number of artifacts at even distances.
fn spread(all: &[Measured], count: usize) -> Vec<&Measured> {
    all.iter()
        .step_by((all.len() / count).max(1))
        .take(count)
        .collect()
}
