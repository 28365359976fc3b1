//! The corpus: reading cases, packing them in every form an installer accepts, comparing what was seen with what
//! must be seen.

mod binary;
mod case;
mod cipher;
mod directive;
mod encode;
mod pack;
mod zipfile;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Instant;

use hognose_archive::Limits;
use hognose_behaviour::{FactKind, Group, Inspection, Model, Trigger, assess, inspect_archive};

pub(crate) use case::{Bound, Case};
pub(crate) use directive::expand;
use pack::Form;

/// Where the cases are.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// The folders of cases.
pub(crate) fn areas() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The cases of one folder, by name.
pub(crate) fn cases(area: &str) -> Vec<Case> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(root().join(area))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| Case::read(area, path)).collect()
}

/// Inspects every case of an area in every form; all that is wrong comes in one message.
pub(crate) fn judge(area: &str) {
    let mut faults = String::new();
    let (mut failed, mut all) = (0, 0);
    for case in cases(area) {
        all += 1;
        let found = judge_case(&case);
        let found = match &case.open {
            // What is still missing of open cases: `SHOW_OPEN=1`.
            Some(_) if !found.is_empty() && std::env::var_os("SHOW_OPEN").is_none() => continue,
            Some(why) if !found.is_empty() => format!("    open: {why}\n{found}"),
            Some(why) => format!("    is seen now: take out `open = {why:?}`\n"),
            None => found,
        };
        if !found.is_empty() {
            failed += 1;
            faults.push_str(&format!("\n{area}/{}: {}\n", case.name, case.what));
            faults.push_str(&found);
        }
    }
    assert!(
        failed == 0,
        "{failed} of {all} cases of {area} are not seen as they must be\n{faults}"
    );
}

/// What is wrong with a case: each fault with the forms that show it.
fn judge_case(case: &Case) -> String {
    let mut faults: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    let forms = Form::of(case);
    let mut came = String::new();
    for form in &forms {
        let inspection = inspect(case, *form);
        for fault in faults_of(case, *form, &inspection) {
            faults.entry(fault).or_default().push(form.name());
        }
        if form == &forms[0] {
            came = summary(&inspection);
        }
    }
    if faults.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    for (fault, in_forms) in faults {
        let place = if in_forms.len() == forms.len() {
            "every form".to_owned()
        } else {
            in_forms.join(", ")
        };
        text.push_str(&format!("    {fault}   [{place}]\n"));
    }
    text.push_str(&format!("    came: {came}\n"));
    text
}

fn inspect(case: &Case, form: Form) -> Inspection {
    let (name, bytes) = pack::pack(case, form);
    let start = Instant::now();
    inspect_archive(&mut Cursor::new(bytes), &name, &Limits::default(), &|| {
        start.elapsed()
    })
    .unwrap_or_else(|error| panic!("{}: {name}: {error}", case.name))
}

fn faults_of(case: &Case, form: Form, inspection: &Inspection) -> Vec<String> {
    let seen: BTreeSet<(Trigger, FactKind)> = inspection
        .facts
        .iter()
        .map(|f| (f.trigger, f.kind))
        .collect();
    let mut faults = Vec::new();
    for wanted in &case.expect {
        // In an archive inside, nothing runs by itself: only that it is seen counts.
        let holds = if form == Form::Nested {
            !wanted.survives_nesting() || seen.iter().any(|(_, kind)| *kind == wanted.kind)
        } else {
            wanted.is_in(&seen)
        };
        if !holds {
            let elsewhere: Vec<&str> = seen
                .iter()
                .filter(|(_, k)| *k == wanted.kind)
                .map(|(t, _)| t.as_str())
                .collect();
            let hint = if elsewhere.is_empty() {
                String::new()
            } else {
                format!(" (only: {})", elsewhere.join(", "))
            };
            faults.push(format!("missing {wanted}{hint}"));
        }
    }
    for unwanted in &case.forbid {
        if unwanted.is_in(&seen) {
            let shown: Vec<String> = inspection
                .facts
                .iter()
                .filter(|f| {
                    f.kind == unwanted.kind && unwanted.trigger.is_none_or(|t| t == f.trigger)
                })
                .take(3)
                .map(|f| format!("{}:{} {:?}", f.place.file, f.place.line, f.detail))
                .collect();
            faults.push(format!("must not have {unwanted}: {}", shown.join("; ")));
        }
    }
    // An archive inside weighs less than what is installed: its bound is not that of the case.
    let verdict = assess(&inspection.facts, Model::builtin(), &[]);
    if !case.bound.holds(verdict.band)
        && (form != Form::Nested || matches!(case.bound, Bound::Below(_)))
    {
        let fired: Vec<&str> = verdict
            .fired
            .iter()
            .map(|fired| fired.rule.id.as_str())
            .collect();
        faults.push(format!(
            "must be {}, is {} ({:.0}: {})",
            case.bound,
            verdict.band.as_str(),
            verdict.score,
            fired.join(" ")
        ));
    }
    faults.extend(
        inspection
            .unread
            .iter()
            .filter(|(_, why)| why.contains("the analysis failed") || why.contains("no thread"))
            .map(|(path, why)| format!("{path}: {why}")),
    );
    faults
}

/// All that was seen, without what only describes the package.
fn summary(inspection: &Inspection) -> String {
    let mut by_trigger: BTreeMap<Trigger, BTreeSet<&str>> = BTreeMap::new();
    for fact in &inspection.facts {
        if !matches!(fact.kind.group(), Group::Metadata) {
            by_trigger
                .entry(fact.trigger)
                .or_default()
                .insert(fact.kind.as_str());
        }
    }
    let mut parts: Vec<String> = by_trigger
        .into_iter()
        .map(|(trigger, kinds)| {
            format!(
                "{}: {}",
                trigger.as_str(),
                kinds.into_iter().collect::<Vec<_>>().join(" ")
            )
        })
        .collect();
    for (path, why) in inspection.unread.iter().take(3) {
        parts.push(format!("unread {path}: {why}"));
    }
    parts.join(" | ")
}
