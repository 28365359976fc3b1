//! `cargo xtask names`: how well look-alike names are told from honest neighbours, and fitting the model.
//!
//! Names that are not on any list of ours: malicious ones from the advisories, labelled typos, and popular ones of the
//! lower ranks taken for unknown. Half of each, chosen by a digest of the name, fits the model; the other half measures.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use hognose_identity::lookalike::{Feature, Features, Model, Targets};
use hognose_types::PackageName;
use sha2::{Digest as _, Sha256};

use crate::run::root;

/// Ranks above this one are well known; names below are taken for unknown ones.
const KNOWN: usize = 5_000;

/// Runs with the words after `names`.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let mut data = root().join("../shared/data");
    let mut fit = false;
    let mut words = options.iter();
    while let Some(word) = words.next() {
        match *word {
            "--fit" => fit = true,
            "--data" => data = words.next().context("--data needs a directory")?.into(),
            other => anyhow::bail!("unknown option {other}"),
        }
    }
    let names = Names::read(&data)?;
    if fit {
        let model = fitted(&names);
        let path = root().join("crates/hognose-identity/lookalike.toml");
        std::fs::write(&path, model)?;
        println!("written: {}; run again without --fit", path.display());
        return Ok(());
    }
    measure(&names, &Model::builtin()?);
    Ok(())
}

/// Names and what is known of them.
struct Names {
    popular: Vec<String>,
    malicious: Vec<String>,
    /// Typo and what was meant.
    typos: Vec<(String, String)>,
    /// How many of the typos come from the shared list.
    shared: usize,
}

impl Names {
    fn read(data: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = data.join(name);
            std::fs::read_to_string(&path).with_context(|| path.display().to_string())
        };
        let list: serde_json::Value = serde_json::from_str(&read("top-pypi-packages.min.json")?)?;
        let rows = list["rows"].as_array().context("rows")?;
        let popular: Vec<String> = rows
            .iter()
            .filter_map(|row| normal(row["project"].as_str()?))
            .collect();
        let known: BTreeSet<&String> = popular.iter().collect();
        let mut malicious = BTreeSet::new();
        for line in read("mal-pypi.osv.jsonl")?.lines() {
            let record: serde_json::Value = serde_json::from_str(line)?;
            let name = record["affected"][0]["package"]["name"].as_str();
            malicious.extend(name.and_then(normal).filter(|name| !known.contains(name)));
        }
        let mut typos = Vec::new();
        let mut shared = 0;
        let own = std::fs::read_to_string(root().join("benches/typos.csv"))?;
        let lists = [read("typosquats-ecosystems.csv")?, own];
        let lines = |(list, text): (usize, &'_ str)| {
            text.lines()
                .map(move |line| (list, line.to_owned()))
                .collect::<Vec<_>>()
        };
        for (list, line) in lists.iter().map(String::as_str).enumerate().flat_map(lines) {
            let fields: Vec<&str> = line.split(',').collect();
            if let [name, target, "pypi", ..] = fields.as_slice()
                && let (Some(name), Some(target)) = (normal(name), normal(target))
                && name != target
                && !known.contains(&name)
            {
                typos.push((name, target));
                shared += usize::from(list == 0);
            }
        }
        Ok(Self {
            malicious: malicious.into_iter().collect(),
            popular,
            typos,
            shared,
        })
    }

    fn targets(&self, most: usize) -> Targets {
        Targets::new(
            self.popular.iter().take(most).map(String::as_str),
            hognose_identity::names::imitated(),
        )
    }
}

fn normal(name: &str) -> Option<String> {
    PackageName::new(name).ok().map(|n| n.as_str().to_owned())
}

/// Which half a name belongs to.
fn is_held(name: &str) -> bool {
    Sha256::digest(name.as_bytes())
        .first()
        .is_some_and(|b| b & 1 == 1)
}

fn percent(part: usize, all: usize) -> f64 {
    100.0 * part as f64 / all.max(1) as f64
}

fn measure(names: &Names, model: &Model) {
    timed(names, model);
    let (all, top) = (names.targets(usize::MAX), names.targets(KNOWN));
    let held =
        |list: &[String]| -> Vec<String> { list.iter().filter(|n| is_held(n)).cloned().collect() };
    let unknown = held(names.popular.get(KNOWN..).unwrap_or_default());
    let malicious = held(&names.malicious);
    println!(
        "held-out halves: {} ranks from {KNOWN} taken for unknown, {} malicious names",
        unknown.len(),
        malicious.len()
    );
    for (what, threshold) in [("review", model.review), ("high", model.high)] {
        let over = |targets: &Targets, name: &str| {
            targets
                .best(name, Some(name), model)
                .is_some_and(|b| b.score >= threshold)
        };
        let count = |targets: &Targets, list: &[String]| {
            percent(list.iter().filter(|n| over(targets, n)).count(), list.len())
        };
        let typos = |list: &[&(String, String)]| {
            percent(
                list.iter().filter(|(n, _)| over(&all, n)).count(),
                list.len(),
            )
        };
        let (held, fitted): (Vec<_>, Vec<_>) = names.typos.iter().partition(|(n, _)| is_held(n));
        let shared: Vec<_> = names.typos.iter().take(names.shared).collect();
        println!(
            "{what:6} {threshold:.2}: unknown {:.2} % of {KNOWN} targets, {:.2} % of all; malicious {:.1} %; \
             typos held {:.0} %, fitted {:.0} %, of the shared list {:.0} %",
            count(&top, &unknown),
            count(&all, &unknown),
            count(&all, &malicious),
            typos(&held),
            typos(&fitted),
            typos(&shared),
        );
    }
    let alarms = names
        .popular
        .iter()
        .filter(|n| all.check(n, model).is_some());
    println!("on the list itself: {} alarms", alarms.count());
    listed(names, model, &unknown);
}

/// What loading and a thousand names cost.
fn timed(names: &Names, model: &Model) {
    let half = |list: &[String]| list.iter().take(500).cloned().collect::<Vec<_>>();
    let sample = [half(&names.popular), half(&names.malicious)].concat();
    let started = Instant::now();
    let targets = names.targets(usize::MAX);
    let loaded = started.elapsed();
    let hits = sample.iter().filter(|n| targets.check(n, model).is_some());
    let (hits, taken) = (hits.count(), started.elapsed());
    println!(
        "{} names against {} targets: {:.1} ms, of which {:.1} ms loading; {hits} look like another\n",
        sample.len(),
        targets.len(),
        taken.as_secs_f64() * 1e3,
        loaded.as_secs_f64() * 1e3
    );
}

/// Every name that is judged wrongly.
fn listed(names: &Names, model: &Model, unknown: &[String]) {
    let (all, top) = (names.targets(usize::MAX), names.targets(KNOWN));
    println!("\nunknown names that look like another:");
    for name in unknown {
        if let Some(found) = top
            .best(name, Some(name), model)
            .filter(|b| b.score >= model.review)
        {
            println!(
                "  {name} ~ {} ({:?}, {:.2})",
                found.target, found.likeness, found.score
            );
        }
    }
    println!("\ntypos that are missed:");
    for (name, target) in &names.typos {
        match all.best(name, Some(name), model) {
            Some(found) if found.score >= model.review => {}
            Some(found) => println!(
                "  {name} ({target}): {} {:?} {:.2}",
                found.target, found.likeness, found.score
            ),
            None => println!("  {name} ({target}): no candidate"),
        }
    }
}

/// A name with all its candidates' numbers.
struct Bag {
    features: Vec<Features>,
    squat: bool,
    weight: f64,
}

fn bags(names: &Names) -> Vec<Bag> {
    let all = names.targets(usize::MAX);
    let top = names.targets(KNOWN);
    let mut out = Vec::new();
    let mut add = |targets: &Targets, name: &str, only: Option<&str>, squat: bool, weight: f64| {
        let features = targets.pairs(name, Some(name), only);
        if !features.is_empty() {
            out.push(Bag {
                features,
                squat,
                weight,
            });
        }
    };
    for name in names.popular.iter().skip(KNOWN).filter(|n| !is_held(n)) {
        add(&top, name, None, false, 1.0);
        add(&all, name, None, false, 0.5);
    }
    // Many malicious names resemble nobody's on purpose: a weak example each.
    for name in names.malicious.iter().filter(|n| !is_held(n)) {
        add(&all, name, None, true, 0.3);
    }
    for target in names.popular.iter().take(MISTYPED) {
        for slip in slips(target).iter().filter(|slip| !all.contains(slip)) {
            add(&all, slip, Some(target), true, 0.5);
        }
    }
    for (name, target) in names.typos.iter().filter(|(n, _)| !is_held(n)) {
        add(&all, name, Some(target), true, 4.0);
    }
    out
}

/// Popular names that are mistyped by rule, to fit on more slips than are on record.
const MISTYPED: usize = 1_500;

/// Slips of the finger in a name, where its digest says: letters exchanged, doubled, left out, replaced.
fn slips(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() < 5 {
        return Vec::new();
    }
    let digest = Sha256::digest(name.as_bytes());
    let number = |at: usize| usize::from(digest.get(at).copied().unwrap_or(0));
    let place = |at: usize| 1 + number(at) % (letters.len() - 1);
    let changed = |at: usize, change: &dyn Fn(&mut Vec<char>)| {
        let mut out = letters.clone();
        if out.get(at) != Some(&'-') {
            change(&mut out);
        }
        out.into_iter().collect::<String>()
    };
    let (a, b, c, d) = (place(0), place(1), place(2), place(3));
    let beside = |letter: char| {
        let row = ["qwertyuiop", "asdfghjkl", "zxcvbnm"]
            .into_iter()
            .find(|row| row.contains(letter));
        let keys: Vec<char> = row.unwrap_or("x").chars().collect();
        let at = keys.iter().position(|k| *k == letter).unwrap_or(0);
        keys.get(at + 1)
            .or_else(|| keys.get(at.saturating_sub(1)))
            .copied()
            .unwrap_or('x')
    };
    let mut out = vec![
        changed(a, &|l| l.swap(a, a - 1)),
        changed(b, &|l| {
            l.remove(b);
        }),
        changed(c, &|l| l.insert(c, letters[c])),
        changed(d, &|l| l[d] = beside(letters[d])),
    ];
    if number(4) % 2 == 0 {
        let at = place(5);
        out.push(changed(at, &|l| l.insert(at, beside(letters[at]))));
    }
    out.retain(|slip| slip != name && normal(slip).as_ref() == Some(slip));
    out
}

/// Logistic regression on the best candidate of each name, chosen anew as the weights change.
fn fitted(names: &Names) -> String {
    const ROUNDS: usize = 12;
    const STEPS: usize = 400;
    let bags = bags(names);
    let mut weights = vec![0.0_f64; Feature::ALL.len()];
    let of = |w: &[f64]| Model::of(w.iter().map(|w| *w as f32).collect(), 0.0, 0.0);
    for _ in 0..ROUNDS {
        let model = of(&weights);
        let best: Vec<(&Features, bool, f64)> = bags
            .iter()
            .filter_map(|bag| {
                let best = bag
                    .features
                    .iter()
                    .max_by(|a, b| model.score(a).total_cmp(&model.score(b)))?;
                Some((best, bag.squat, bag.weight))
            })
            .collect();
        let total: f64 = best.iter().map(|b| b.2).sum();
        for step in 0..STEPS {
            let mut gradient = vec![0.0; weights.len()];
            for (features, squat, weight) in &best {
                let z: f64 = weights
                    .iter()
                    .zip(features.values())
                    .map(|(w, v)| w * f64::from(*v))
                    .sum();
                let error =
                    (1.0 / (1.0 + (-z).exp()) - f64::from(u8::from(*squat))) * weight / total;
                for (g, v) in gradient.iter_mut().zip(features.values()) {
                    *g += error * f64::from(*v);
                }
            }
            let rate = 4.0 / (1.0 + step as f64 / 200.0);
            for (w, g) in weights.iter_mut().zip(&gradient) {
                *w -= rate * (g + 0.0004 * *w);
            }
        }
    }
    let model = of(&weights);
    let [review, high] = [0.0038, 0.0015].map(|rate| threshold(names, &model, rate));
    written(&weights, review, high)
}

/// The score that a share of the fitted half of unknown names reaches.
fn threshold(names: &Names, model: &Model, share: f64) -> f32 {
    let all = names.targets(usize::MAX);
    let unknown = names.popular.iter().skip(KNOWN).filter(|n| !is_held(n));
    let mut scores: Vec<f32> = unknown
        .map(|n| all.best(n, Some(n), model).map_or(f32::MIN, |b| b.score))
        .collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    let at = (scores.len() as f64 * share) as usize;
    scores.get(at).copied().unwrap_or(f32::MAX)
}

fn written(weights: &[f64], review: f32, high: f32) -> String {
    let mut out = format!(
        "# Weights of the look-alike score, fitted by `cargo xtask names --fit`; docs/identity.md says on what and how well.\n\
         # A pair of names scores the sum of weight times feature; a name scores as its best candidate.\n\n\
         # From here a name is worth a second look; from `high` it is hardly ever an honest one.\n\
         review = {review:.3}\nhigh = {high:.3}\n\n[weights]\n"
    );
    let named: BTreeMap<usize, &str> = Feature::ALL
        .iter()
        .map(|f| (*f as usize, f.as_str()))
        .collect();
    for (at, name) in named {
        let weight = weights.get(at).copied().unwrap_or(0.0);
        let _ = writeln!(out, "{name} = {weight:.4}");
    }
    out
}
