//! `cargo xtask honest`: how often `hognose inspect` accuses honest packages.

mod fetch;
mod list;
mod rate;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use self::list::Entry;
use self::rate::Rate;
use crate::facts::{Inspected, inspect};
use crate::run::{build, heading, root};

/// The share of artifacts that may be suspicious.
const SUSPICIOUS: f64 = 0.01;
/// The bands, the worst first.
const BANDS: [&str; 4] = ["malicious", "suspicious", "notable", "nothing"];

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    cache: Option<PathBuf>,
    fetch: bool,
    index: Option<String>,
    binary: Option<PathBuf>,
}

/// Inspects the list; fails when honest packages are accused more often than promised.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let options = parse(words)?;
    let cache = options
        .cache
        .as_deref()
        .context("--cache DIR names where the artifacts are: in DIR/top and DIR/tail")?;
    let text = std::fs::read_to_string(root().join("benches/honest-packages.txt"))?;
    let list = list::parse(&text).context("benches/honest-packages.txt")?;
    let mut missing = missing(&list, cache)?;
    if options.fetch && !missing.is_empty() {
        fetch::fetch(&missing, cache, options.index.as_deref())?;
        missing.retain(|entry| !entry.path(cache).is_file());
    }
    if missing.len() == list.len() {
        bail!(
            "{} holds nothing of the list; --fetch downloads it",
            cache.display()
        );
    }
    let binary = match options.binary {
        Some(binary) => binary,
        None => build()?,
    };
    heading("inspecting");
    let seen = look(&binary, &list, cache)?;
    if !missing.is_empty() {
        println!(
            "{} of {} artifacts are not in the cache",
            missing.len(),
            list.len()
        );
    }
    report(&list, &seen);
    judge(&seen)
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
            "--cache" => options.cache = Some(value()?.into()),
            "--fetch" => options.fetch = true,
            "--index-url" => options.index = Some((*value()?).to_owned()),
            "--binary" => options.binary = Some(value()?.into()),
            other => bail!("honest does not know {other}"),
        }
    }
    Ok(options)
}

fn missing<'l>(list: &'l [Entry], cache: &Path) -> Result<Vec<&'l Entry>> {
    let mut missing = Vec::new();
    for entry in list {
        if !entry.is_there(cache)? {
            missing.push(entry);
        }
    }
    Ok(missing)
}

/// Everything of the list that is in the cache, inspected; files that are not of the list do not count.
fn look(binary: &Path, list: &[Entry], cache: &Path) -> Result<Vec<Inspected>> {
    let groups: BTreeSet<&str> = list.iter().map(|entry| entry.group.as_str()).collect();
    let folders = groups.into_iter().map(|group| cache.join(group));
    let folders: Vec<PathBuf> = folders.filter(|folder| folder.is_dir()).collect();
    let mut wanted: BTreeSet<&str> = list.iter().map(|entry| entry.file.as_str()).collect();
    let mut seen = Vec::new();
    inspect(binary, &folders, |one| {
        if wanted.remove(one.file.as_str()) {
            seen.push(one);
        }
    })?;
    Ok(seen)
}

/// Numbers by group, then everything accused with its reasons.
fn report(list: &[Entry], seen: &[Inspected]) {
    if let Some(one) = seen.first() {
        println!("analyser {}, model {}", one.versions.0, one.versions.1);
    }
    let groups: HashMap<&str, &str> = list
        .iter()
        .map(|entry| (entry.file.as_str(), entry.group.as_str()))
        .collect();
    let mut counted: BTreeMap<&str, Vec<&Inspected>> = BTreeMap::new();
    for one in seen {
        counted.entry("all").or_default().push(one);
        if let Some(group) = groups.get(one.file.as_str()) {
            counted.entry(group).or_default().push(one);
        }
    }
    for (group, artifacts) in counted {
        println!("\n{group}: {} artifacts", artifacts.len());
        for band in BANDS {
            println!(
                "  {band:<10} {}",
                rate(artifacts.iter().copied(), Some(band))
            );
        }
        println!(
            "  {:<10} {}",
            "not read",
            rate(artifacts.iter().copied(), None)
        );
    }
    println!();
    for one in seen
        .iter()
        .filter(|one| is(one, BANDS[0]) || is(one, BANDS[1]))
    {
        let band = one.band.as_deref().unwrap_or_default();
        println!("{} {:.1} {band}", one.file, one.score);
        for reason in &one.reasons {
            println!("    {reason}");
        }
    }
}

fn is(one: &Inspected, band: &str) -> bool {
    one.band.as_deref() == Some(band)
}

fn rate<'a>(artifacts: impl Iterator<Item = &'a Inspected>, band: Option<&str>) -> Rate {
    let mut rate = Rate::default();
    for one in artifacts {
        rate.of += 1;
        rate.hits += u32::from(one.band.as_deref() == band);
    }
    rate
}

/// None may be malicious, and few suspicious.
fn judge(seen: &[Inspected]) -> Result<()> {
    let [malicious, suspicious] =
        ["malicious", "suspicious"].map(|band| rate(seen.iter(), Some(band)));
    if malicious.hits > 0 {
        bail!("{} honest artifacts are called malicious", malicious.hits);
    }
    if suspicious.share() > SUSPICIOUS {
        bail!("more than 1 % of honest artifacts are called suspicious: {suspicious}");
    }
    println!("none malicious, at most 1 % suspicious: as promised");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifacts(bands: &[(&str, usize)]) -> Vec<Inspected> {
        let one = |band: &str| Inspected {
            file: String::new(),
            band: Some(band.to_owned()),
            score: 0.0,
            unpacked: 0,
            reasons: Vec::new(),
            versions: Default::default(),
        };
        let many = |&(band, count): &(&str, usize)| vec![one(band); count];
        bands.iter().flat_map(many).collect()
    }

    #[test]
    fn one_percent_is_allowed_and_no_verdict_of_malicious() {
        assert!(judge(&artifacts(&[("nothing", 99), ("suspicious", 1)])).is_ok());
        assert!(judge(&artifacts(&[("nothing", 98), ("suspicious", 1)])).is_err());
        assert!(judge(&artifacts(&[("nothing", 5_000), ("malicious", 1)])).is_err());
    }

    #[test]
    fn options_are_read_and_mistakes_are_named() {
        let read = parse(&[
            "--cache",
            "c",
            "--fetch",
            "--index-url",
            "https://index.example/simple",
        ]);
        let expected = Options {
            cache: Some("c".into()),
            fetch: true,
            index: Some("https://index.example/simple".to_owned()),
            binary: None,
        };
        assert_eq!(read.ok(), Some(expected));
        let wrong = parse(&["--all"]).map_err(|error| error.to_string());
        assert_eq!(wrong, Err("honest does not know --all".to_owned()));
    }
}
