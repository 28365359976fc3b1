//! `--facts`: everything that was seen, one line of JSON per artifact, so that a model can be fitted from outside.

use std::collections::BTreeMap;
use std::io::Write;

use hognose_behaviour::{Band, Fact};
use serde::Serialize;

use super::options::Judge;
use super::read;
use super::run::{self, Jobs};
use super::targets::{Plan, Target};
use crate::cli::InspectArgs;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output;

/// Version of a line.
const SCHEMA: &str = "1.0";

#[derive(Serialize)]
struct Line<'a> {
    schema: &'static str,
    analyser: &'static str,
    model: &'a str,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
    kind: &'static str,
    name: &'a str,
    version: &'a str,
    size: hognose_behaviour::artifact::Size,
    score: Option<f64>,
    band: Option<Band>,
    rules: Vec<Fired<'a>>,
    /// How often each `kind@trigger` was seen.
    counts: BTreeMap<String, usize>,
    facts: &'a [Fact],
    imports: &'a [String],
    unread: &'a [(String, String)],
}

#[derive(Serialize)]
struct Fired<'a> {
    id: &'a str,
    trigger: &'static str,
    points: f64,
    counted: f64,
    /// Positions in `facts`.
    facts: &'a [usize],
}

/// What became of one target.
struct Written {
    line: Result<String, hognose_report::RenderError>,
    band: Option<Band>,
    complete: bool,
}

/// Writes a line per target, in order, as they are ready.
pub(super) fn write(
    args: &InspectArgs,
    plan: &Plan,
    judge: &Judge,
    jobs: &Jobs,
) -> Result<Exit, Failure> {
    let mut file = match &args.output {
        None => None,
        Some(path) => {
            let file = std::fs::File::create(path).map_err(|e| {
                Failure::incomplete(format!("cannot write {}", path.display())).because(&e)
            })?;
            Some(std::io::BufWriter::new(file))
        }
    };
    let (mut failed, mut complete) = (false, true);
    let work = |target: &Target| line(target, judge);
    run::each(&plan.targets, jobs, &work, &mut |written: Written| {
        let gate = args.fail_on.0;
        failed |= written
            .band
            .is_some_and(|band| gate.is_some_and(|gate| super::convert::band(band) >= gate));
        complete &= written.complete;
        let text = written
            .line
            .map_err(|e| Failure::incomplete("cannot write the facts").because(&e))?;
        match &mut file {
            None => output::data(&text),
            Some(file) => file
                .write_all(text.as_bytes())
                .map_err(|e| Failure::incomplete("cannot write the facts").because(&e)),
        }
    })?;
    if let Some(mut file) = file {
        file.flush()
            .map_err(|e| Failure::incomplete("cannot write the facts").because(&e))?;
    }
    Ok(match (failed, complete, plan.targets.is_empty()) {
        (true, ..) => Exit::Findings,
        (false, false, _) => Exit::Incomplete,
        (false, true, true) => Exit::Nothing,
        (false, true, false) => Exit::Clean,
    })
}

fn line(target: &Target, judge: &Judge) -> Written {
    let seen = run::guarded(|| read::target(target, judge.matcher.as_ref()));
    let inspection = match &seen.inspection {
        Ok(inspection) => inspection,
        Err(reason) => return failed(target, judge, reason, seen.sha256.as_deref()),
    };
    let assessment = judge.assess(&inspection.facts);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for fact in &inspection.facts {
        let key = format!("{}@{}", fact.kind.as_str(), fact.trigger.as_str());
        *counts.entry(key).or_default() += 1;
    }
    let fired = assessment.fired.iter().map(|one| Fired {
        id: &one.rule.id,
        trigger: one.firing.trigger.as_str(),
        points: one.firing.points,
        counted: (one.counted * 1000.0).round() / 1000.0,
        facts: &one.firing.facts,
    });
    let line = Line {
        schema: SCHEMA,
        analyser: hognose_behaviour::model::ANALYSER,
        model: &judge.model.version,
        path: target.display(),
        sha256: seen.sha256.as_deref(),
        failure: None,
        kind: target.kind(inspection),
        name: &inspection.metadata.name,
        version: &inspection.metadata.version,
        size: inspection.size,
        score: Some(assessment.score),
        band: Some(assessment.band),
        rules: fired.collect(),
        counts,
        facts: &inspection.facts,
        imports: &inspection.imports,
        unread: &inspection.unread,
    };
    Written {
        line: hognose_report::json_line(&line),
        band: Some(assessment.band),
        complete: inspection.unread.is_empty(),
    }
}

fn failed(target: &Target, judge: &Judge, reason: &str, sha256: Option<&str>) -> Written {
    let line = Line {
        schema: SCHEMA,
        analyser: hognose_behaviour::model::ANALYSER,
        model: &judge.model.version,
        path: target.display(),
        sha256,
        failure: Some(reason),
        kind: target.word(),
        name: "",
        version: "",
        size: hognose_behaviour::artifact::Size::default(),
        score: None,
        band: None,
        rules: Vec::new(),
        counts: BTreeMap::new(),
        facts: &[],
        imports: &[],
        unread: &[],
    };
    Written {
        line: hognose_report::json_line(&line),
        band: None,
        complete: false,
    }
}
