//! `cargo xtask bench --compare`: every scanner on the same inputs, findings one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::findings::{Dialect, Found, Said, read, spelled};
use super::inputs::write_project;
use super::rivals::{Case, Rivals, environment};
use super::sample::Tool;
use super::{Bench, row, table};
use crate::run::{heading, root};

/// Names and versions.
type Packages = BTreeSet<(String, String)>;

/// One opinion: who, what, and which packages it asked the service about.
struct Opinion {
    name: &'static str,
    said: Said,
    asked: Packages,
}

pub(super) fn run(bench: &Bench) -> Result<()> {
    let rivals = Rivals::prepare(bench)?;
    let inputs = &bench.inputs;
    let index = format!("{}/simple", rivals.server.address);
    for (title, file, pins) in [
        ("200 pins", &inputs.pins_200, inputs.first(200)),
        ("700 pins", &inputs.pins_700, &inputs.pins[..]),
    ] {
        // uv reads nothing but its own lock: it gets the same packages as one.
        let project = bench.home.join("project-compared");
        write_project(&project, pins, &index)?;
        compare(
            bench,
            &rivals,
            title,
            file,
            &[Case::Requirements(file), Case::Project(&project)],
        )?;
    }
    compare(
        bench,
        &rivals,
        "200 pins, years old",
        &inputs.neglected,
        &[Case::Requirements(&inputs.neglected)],
    )?;
    let shop = storefront(bench)?;
    compare(
        bench,
        &rivals,
        "examples/storefront/uv.lock",
        &shop.join("uv.lock"),
        &[Case::Project(&shop)],
    )?;
    for name in ["requirements-pinned.txt", "requirements-awkward.txt"] {
        let file = root().join("benches/compare").join(name);
        compare(bench, &rivals, name, &file, &[Case::Requirements(&file)])?;
    }
    let (old, list) = old_environment(bench)?;
    compare(
        bench,
        &rivals,
        "environment of old packages",
        &old,
        &[Case::Environment(&old, &list)],
    )
}

/// The example's lock, where tools may write next to it.
fn storefront(bench: &Bench) -> Result<PathBuf> {
    let copy = bench.home.join("storefront");
    std::fs::create_dir_all(&copy)?;
    for name in ["pyproject.toml", "uv.lock"] {
        std::fs::copy(
            root().join("examples/storefront").join(name),
            copy.join(name),
        )?;
    }
    Ok(copy)
}

/// An environment that pip made, and the list of what is in it.
fn old_environment(bench: &Bench) -> Result<(PathBuf, PathBuf)> {
    let home = bench.home.join("old-environment");
    let packages = root().join("benches/compare/old-packages.txt");
    environment(
        "python3",
        &home,
        &packages,
        &["--no-deps", "--only-binary", ":all:"],
    )?;
    let (code, text, error) = Tool::new(&home.join("bin/python"), &bench.home)
        .words("-m pip list --disable-pip-version-check --format freeze")
        .output()?;
    if code != 0 {
        bail!("pip list ended with {code}: {error}");
    }
    let list = bench.home.join("old-environment.txt");
    std::fs::write(&list, text)?;
    Ok((home, list))
}

/// One input, everyone who can read it.
fn compare(
    bench: &Bench,
    rivals: &Rivals,
    title: &str,
    path: &Path,
    cases: &[Case<'_>],
) -> Result<()> {
    heading(title);
    let (code, text, error) = bench.scan(path, "json").output()?;
    let report: Value =
        serde_json::from_str(&text).with_context(|| format!("hognose: {code} {error}"))?;
    let ours = read(Dialect::Hognose, &text, &rivals.groups)?;
    let inventory = inventory(&report);
    let mut opinions = vec![oracle(rivals, &inventory)?];
    for rival in cases.iter().flat_map(|case| rivals.of(*case)) {
        if rival.name.ends_with("warm cache") {
            continue;
        }
        rival.prepare()?;
        rivals.server.asked();
        let (code, out, error) = rival.tool.output()?;
        match read(rival.dialect, &out, &rivals.groups) {
            Ok(said) => opinions.push(Opinion {
                name: rival.name,
                said,
                asked: rivals.server.asked(),
            }),
            Err(_) => println!("{} ended with {code}: {}", rival.name, error.trim()),
        }
    }
    counts(&ours, &opinions);
    packages(&inventory, &opinions);
    differences(&ours.found, &opinions);
    for gap in report["gaps"].as_array().into_iter().flatten() {
        println!(
            "  hognose could not check {}: {}",
            gap["subject"], gap["message"]
        );
    }
    Ok(())
}

/// What the report says is there.
fn inventory(report: &Value) -> Packages {
    let components = report["components"].as_array().into_iter().flatten();
    let known = components.filter_map(|component| {
        let name = component["name"].as_str()?;
        Some((name.to_owned(), spelled(component["version"].as_str()?)))
    });
    known.collect()
}

/// A literal reading of the advisories for every component.
fn oracle(rivals: &Rivals, inventory: &Packages) -> Result<Opinion> {
    let mut said = Said::default();
    for (name, version) in inventory {
        for id in rivals.server.judge(name, version)? {
            said.rows += 1;
            said.found
                .insert((name.clone(), version.clone(), rivals.groups.name(&id)));
        }
    }
    Ok(Opinion {
        name: "oracle",
        said,
        asked: Packages::new(),
    })
}

fn counts(ours: &Said, opinions: &[Opinion]) {
    let mut rows = vec![row([
        "",
        "rows",
        "flaws",
        "also hognose",
        "only it",
        "only hognose",
    ])];
    let all = ours.found.len().to_string();
    rows.push(vec!["hognose".to_owned(), ours.rows.to_string(), all]);
    for Opinion { name, said, .. } in opinions {
        let both = said.found.intersection(&ours.found).count();
        rows.push(vec![
            (*name).to_owned(),
            said.rows.to_string(),
            said.found.len().to_string(),
            both.to_string(),
            (said.found.len() - both).to_string(),
            (ours.found.len() - both).to_string(),
        ]);
    }
    table(&rows);
}

/// What was asked about, where a scanner asks at all.
fn packages(inventory: &Packages, opinions: &[Opinion]) {
    for Opinion { name, asked, .. } in opinions.iter().filter(|o| !o.asked.is_empty()) {
        let show = |set: Vec<&(String, String)>| {
            let words = set
                .iter()
                .map(|(name, version)| format!("{name} {version}"));
            words.collect::<Vec<_>>().join(", ")
        };
        let (more, fewer) = (
            show(asked.difference(inventory).collect()),
            show(inventory.difference(asked).collect()),
        );
        if !more.is_empty() {
            println!("  {name} looked at {more}: not in the inventory of hognose");
        }
        if !fewer.is_empty() {
            println!("  {name} did not look at {fewer}");
        }
    }
}

/// Every flaw that not all agree on, with who has it.
fn differences(ours: &Found, opinions: &[Opinion]) {
    let mut all: BTreeMap<&(String, String, String), Vec<&str>> = BTreeMap::new();
    for found in ours {
        all.entry(found).or_default().push("hognose");
    }
    for Opinion { name, said, .. } in opinions {
        for found in &said.found {
            all.entry(found).or_default().push(name);
        }
    }
    let disputed: Vec<_> = all
        .iter()
        .filter(|(_, who)| who.len() <= opinions.len())
        .collect();
    let mut together: BTreeMap<(&str, &str, String), Vec<&str>> = BTreeMap::new();
    for ((name, version, flaw), who) in &disputed {
        let key = (name.as_str(), version.as_str(), who.join(", "));
        together.entry(key).or_default().push(flaw);
    }
    for ((name, version, who), flaws) in together {
        println!("  {name} {version}, only {who}: {}", flaws.join(" "));
    }
    println!(
        "  {} agreed by all, {} disputed",
        all.len() - disputed.len(),
        disputed.len()
    );
}
