//! What `hognose inspect --facts` writes, read line by line.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// One artifact, without its many facts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Inspected {
    /// Last part of its path.
    pub(crate) file: String,
    /// As hognose prints it; none when nothing could be read.
    pub(crate) band: Option<String>,
    /// 0 to 100.
    pub(crate) score: f64,
    /// Bytes unpacked.
    pub(crate) unpacked: u64,
    /// A line per rule that counts, the heaviest first.
    pub(crate) reasons: Vec<String>,
    /// Versions of analyser and model.
    pub(crate) versions: (String, String),
}

impl Inspected {
    /// Reads one line.
    pub(crate) fn read(line: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(line).context("a line of facts")?;
        let path = value["path"].as_str().context("a line without a path")?;
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let rules = value["rules"].as_array().into_iter().flatten();
        Ok(Self {
            file: Path::new(path)
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            band: value["band"].as_str().map(str::to_owned),
            score: value["score"].as_f64().unwrap_or_default(),
            unpacked: value["size"]["unpacked_bytes"].as_u64().unwrap_or_default(),
            reasons: rules.map(|rule| reason(rule, &value["facts"])).collect(),
            versions: (text("analyser"), text("model")),
        })
    }
}

/// A rule with what it counted for and the first of its facts.
fn reason(rule: &Value, facts: &Value) -> String {
    let first = rule["facts"][0]
        .as_u64()
        .and_then(|at| facts.get(usize::try_from(at).ok()?));
    let place = first.map_or_else(String::new, |fact| {
        let detail = fact["detail"].as_str().unwrap_or_default();
        format!(
            ": {} {}:{} {}",
            fact["kind"].as_str().unwrap_or_default(),
            fact["place"]["file"].as_str().unwrap_or_default(),
            fact["place"]["line"].as_u64().unwrap_or_default(),
            visible(detail)
        )
    });
    format!(
        "{}@{} {:+.1}{}",
        rule["id"].as_str().unwrap_or_default(),
        rule["trigger"].as_str().unwrap_or_default(),
        rule["counted"].as_f64().unwrap_or_default(),
        place
    )
}

/// The start of a text out of a package: it must not steer the terminal.
fn visible(text: &str) -> String {
    let shown = text.chars().take(80);
    shown
        .map(|c| if c.is_control() { '·' } else { c })
        .collect()
}

/// Inspects paths in one process and gives every artifact as soon as it is ready.
pub(crate) fn inspect(
    binary: &Path,
    paths: &[PathBuf],
    mut each: impl FnMut(Inspected),
) -> Result<()> {
    let mut child = Command::new(binary)
        .args(["inspect", "--facts", "--offline", "--fail-on", "never"])
        .args(paths)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    let out = child.stdout.take().context("no output")?;
    for line in BufReader::new(out).lines() {
        each(Inspected::read(&line?)?);
    }
    let status = child.wait()?;
    // 3: something could not be read; that is part of the lines.
    match status.code() {
        Some(0 | 3) => Ok(()),
        _ => bail!("hognose inspect ended with {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_an_artifact_with_its_reasons() -> Result<()> {
        let line = r#"{"path":"/a/b-1.0.tar.gz","analyser":"1","model":"2","band":"suspicious","score":53.5,
            "size":{"unpacked_bytes":10},"rules":[{"id":"HOG-MAL-x","trigger":"import","counted":2.5,"facts":[1]}],
            "facts":[{},{"kind":"network-call","place":{"file":"b/c.py","line":7},"detail":"d\u001be"}]}"#;
        let read = Inspected::read(line)?;
        assert_eq!(read.file, "b-1.0.tar.gz");
        assert_eq!(read.band.as_deref(), Some("suspicious"));
        assert_eq!(read.unpacked, 10);
        assert_eq!(
            read.reasons,
            ["HOG-MAL-x@import +2.5: network-call b/c.py:7 d·e"]
        );
        assert_eq!(read.versions, ("1".to_owned(), "2".to_owned()));
        assert!(Inspected::read("{}").is_err());
        Ok(())
    }
}
