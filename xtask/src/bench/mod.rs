//! `cargo xtask bench`: speed against targets, rivals and budgets; findings against rivals'.

mod compare;
mod environment;
mod feeds;
mod findings;
mod gateway;
mod groups;
mod index;
mod inputs;
mod inspect;
mod instructions;
mod oracle;
mod rivals;
mod safety;
mod sample;
mod server;
mod speed;
mod verify;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use self::feeds::Feeds;
use self::inputs::Inputs;
use self::sample::Tool;
use crate::run::{build, heading, root};

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    data: Option<PathBuf>,
    binary: Option<PathBuf>,
    runs: Option<usize>,
    rivals: bool,
    instructions: bool,
    accept: bool,
    compare: bool,
    inspect: Option<PathBuf>,
    index: bool,
    gateway: bool,
    verify: bool,
    environment: bool,
}

/// Runs the benchmarks that the words name; none means speed against targets.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    if let ["--once", report, program, arguments @ ..] = words {
        return sample::once(report, program, arguments);
    }
    let options = parse(words)?;
    if let Some(directory) = &options.inspect {
        // Artifacts are all it needs.
        return inspect::run(directory, &binary(&options)?);
    }
    if options.environment {
        return environment::run(&binary(&options)?, options.runs.unwrap_or(5));
    }
    if options.gateway {
        return gateway::run(&binary(&options)?);
    }
    if options.index {
        return index::run(&binary(&options)?, options.runs.unwrap_or(21));
    }
    let data = options
        .data
        .clone()
        .unwrap_or_else(|| root().join("../shared/data"));
    if options.verify {
        return verify::run(&binary(&options)?, &data, options.runs.unwrap_or(21));
    }
    let feeds = Feeds::open(&data)?;
    let bench = Bench::prepare(&options, feeds)?;
    match &options {
        Options { rivals: true, .. } => rivals::run(&bench),
        Options { compare: true, .. } => compare::run(&bench),
        Options {
            instructions: true,
            accept,
            ..
        } => instructions::run(&bench, *accept),
        _ => speed::run(&bench),
    }
}

fn parse(words: &[&str]) -> Result<Options> {
    let mut options = Options::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .with_context(|| format!("{word} needs a value"))
        };
        match *word {
            "--data" => options.data = Some(value()?.into()),
            "--binary" => options.binary = Some(value()?.into()),
            "--runs" => options.runs = Some(value()?.parse().context("--runs")?),
            "--rivals" => options.rivals = true,
            "--compare" => options.compare = true,
            "--index" => options.index = true,
            "--gateway" => options.gateway = true,
            "--verify" => options.verify = true,
            "--environment" => options.environment = true,
            "--inspect" => options.inspect = Some(value()?.into()),
            "--instructions" => options.instructions = true,
            "--accept" => options.accept = true,
            other => bail!("bench does not know {other}"),
        }
    }
    if options.accept && !options.instructions {
        bail!("--accept goes with --instructions");
    }
    Ok(options)
}

/// Everything the benchmarks share.
#[derive(Debug)]
struct Bench {
    feeds: Feeds,
    inputs: Inputs,
    home: PathBuf,
    binary: PathBuf,
    runs: usize,
}

impl Bench {
    fn prepare(options: &Options, feeds: Feeds) -> Result<Self> {
        let home = root().join("target/bench");
        std::fs::create_dir_all(&home)?;
        let home = home.canonicalize()?;
        let binary = binary(options)?;
        heading("inputs and database");
        let inputs = Inputs::generate(&feeds, &home)?;
        let bench = Self {
            feeds,
            inputs,
            home,
            binary,
            runs: options.runs.unwrap_or(21),
        };
        let (code, _, said) = bench.update(&bench.cache()).output()?;
        if code != 0 {
            bail!("db update ended with {code}: {said}");
        }
        print!("{said}");
        Ok(bench)
    }

    /// Where the database that scans use lies.
    fn cache(&self) -> PathBuf {
        self.home.join("cache")
    }

    fn hognose(&self) -> Tool {
        Tool::new(&self.binary, &self.home.join("hognose-home"))
    }

    /// Building the database of all feeds in a directory.
    fn update(&self, cache: &Path) -> Tool {
        self.hognose()
            .words("db update --no-config --feed")
            .path(&self.feeds.directory)
            .words("--cache-dir")
            .path(cache)
    }

    /// Scanning one path.
    fn scan(&self, path: &Path, format: &str) -> Tool {
        self.hognose()
            .words("scan --no-config --offline --feed")
            .path(&self.feeds.directory)
            .words("--cache-dir")
            .path(&self.cache())
            .words("--format")
            .words(format)
            .path(path)
    }
}

/// What is measured.
fn binary(options: &Options) -> Result<PathBuf> {
    match &options.binary {
        Some(path) => path
            .canonicalize()
            .with_context(|| path.display().to_string()),
        None => build(),
    }
}

/// Prints rows in columns; the first is the head.
fn table(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|at| {
            let cells = rows.iter().filter_map(|row| row.get(at));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate();
        let line: Vec<String> = cells
            .map(|(at, (cell, &width))| {
                if at == 0 {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            })
            .collect();
        println!("{}", line.join("  ").trim_end());
    }
}

/// One row of a table.
fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests;
