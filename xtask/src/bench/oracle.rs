//! A second opinion on every version: a Python program that reads the OSV schema literally.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::feeds::{Feeds, OSV};

const PROGRAM: &str = include_str!("oracle.py");

/// The program, answering one question at a time.
#[derive(Debug)]
pub(super) struct Oracle {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Oracle {
    /// Starts it with an interpreter that has `packaging`.
    pub(super) fn start(python: &Path, feeds: &Feeds) -> Result<Self> {
        let mut child = Command::new(python)
            .args(["-I", "-c", PROGRAM])
            .args(OSV.map(|name| feeds.directory.join(name)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the oracle")?;
        let questions = child.stdin.take().context("no standard input")?;
        let answers = BufReader::new(child.stdout.take().context("no standard output")?);
        Ok(Self {
            child,
            questions,
            answers,
        })
    }

    /// The ids of all records that match.
    pub(super) fn ask(&mut self, name: &str, version: &str) -> Result<Vec<String>> {
        if [name, version]
            .iter()
            .any(|word| word.contains(['\t', '\n', '\r']))
        {
            bail!("no such name or version");
        }
        writeln!(self.questions, "{name}\t{version}")?;
        self.questions.flush()?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        serde_json::from_str(&answer)
            .with_context(|| format!("the oracle failed on {name} {version}"))
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
