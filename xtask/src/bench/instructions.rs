//! Instruction counts, which hardly vary from run to run, against committed budgets.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::sample::Tool;
use super::{Bench, row, table};
use crate::run::{heading, root, works};

/// More than this many times its budget fails a scenario. Hash seeds and addresses move counts by far less.
const SLACK: f64 = 1.03;
const BUDGETS: &str = "benches/budgets.toml";

pub(super) fn run(bench: &Bench, accept: bool) -> Result<()> {
    heading("instructions");
    if !works("valgrind", &["--version"]) {
        bail!("counting instructions needs valgrind: install the system package valgrind");
    }
    let inputs = &bench.inputs;
    let scenarios: [(&str, &Path); 5] = [
        ("pins-200", &inputs.pins_200),
        ("pins-700", &inputs.pins_700),
        ("uv-lock-700", &inputs.lock_700),
        ("environment-500", &inputs.environment),
        ("sbom-700", &inputs.sbom),
    ];
    let mut counts = BTreeMap::new();
    for (name, path) in scenarios {
        counts.insert(name.to_owned(), count(&bench.scan(path, "json"))?);
    }
    let budgets = Budgets {
        feeds: bench.feeds.digest()?,
        counts,
    };
    let file = root().join(BUDGETS);
    if accept {
        std::fs::write(&file, budgets.to_text()).with_context(|| file.display().to_string())?;
        println!("{BUDGETS} now holds these counts");
        return Ok(());
    }
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    compare(&Budgets::parse(&text)?, &budgets)
}

/// Runs a command under callgrind.
fn count(tool: &Tool) -> Result<u64> {
    let (code, _, said) = tool
        .under("valgrind --tool=callgrind --callgrind-out-file=/dev/null")
        .output()?;
    if code != 0 && code != 1 {
        bail!("the scan ended with {code} under valgrind: {said}");
    }
    let line = said
        .lines()
        .find_map(|line| line.split_once("Collected : ").map(|(_, count)| count))
        .context("valgrind did not say how much it counted")?;
    line.trim().parse().with_context(|| line.to_owned())
}

fn compare(budgets: &Budgets, now: &Budgets) -> Result<()> {
    if budgets.feeds != now.feeds {
        bail!(
            "{BUDGETS} was counted with other feeds ({}) than these ({}): counts cannot be compared; \
             count again with --accept on the code the budgets were made for",
            budgets.feeds,
            now.feeds
        );
    }
    let mut rows = vec![row(["", "instructions", "budget", "change", ""])];
    let mut failed = Vec::new();
    for (name, &count) in &now.counts {
        let budget = *budgets
            .counts
            .get(name)
            .with_context(|| format!("{BUDGETS} has no {name}"))?;
        let ratio = count as f64 / budget as f64;
        let met = ratio <= SLACK;
        if !met {
            failed.push(name.clone());
        }
        rows.push(vec![
            name.clone(),
            count.to_string(),
            budget.to_string(),
            format!("{:+.1} %", (ratio - 1.0) * 100.0),
            if met { "pass" } else { "FAIL" }.to_owned(),
        ]);
    }
    table(&rows);
    if failed.is_empty() {
        return Ok(());
    }
    bail!(
        "more than 3 % over budget: {}; make it cheaper, or accept the new counts with \
         `cargo xtask bench --instructions --accept` and say why in the commit",
        failed.join(", ")
    )
}

/// The committed counts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Budgets {
    pub(super) feeds: String,
    pub(super) counts: BTreeMap<String, u64>,
}

impl Budgets {
    /// The file is TOML of the simplest kind: `key = value` lines.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut feeds = None;
        let mut counts = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((key, value)) = line.split_once('=') else {
                continue;
            };
            let (key, value) = (key.trim(), value.trim());
            if key == "feeds" {
                feeds = Some(value.trim_matches('"').to_owned());
            } else {
                let number = value
                    .replace('_', "")
                    .parse()
                    .with_context(|| line.to_owned())?;
                counts.insert(key.to_owned(), number);
            }
        }
        let feeds =
            feeds.with_context(|| format!("{BUDGETS} does not say which feeds it is for"))?;
        Ok(Self { feeds, counts })
    }

    pub(super) fn to_text(&self) -> String {
        let mut text = String::from(
            "# Instructions of whole scans, counted by callgrind with the dist profile. Written by\n\
             # `cargo xtask bench --instructions --accept`; a count more than 3 % above fails.\n",
        );
        let _ = writeln!(
            text,
            "\n# Digest of the feeds; counts hold for these only.\nfeeds = \"{}\"\n",
            self.feeds
        );
        for (name, count) in &self.counts {
            let _ = writeln!(text, "{name} = {count}");
        }
        text
    }
}
