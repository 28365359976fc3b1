//! What releases of one inventory show only together: credentials that one hands to a function of another, which sends
//! them away.

use hognose_behaviour::across::{Ties, join};
use hognose_behaviour::{Fact, FactKind};
use hognose_types::{
    Confidence, Finding, Inventory, Occurrence, Places, Remedy, RuleId, Severity, Subject, text,
};

use super::behaviour::Seen;
use super::releases::Release;

/// The rule that such a pair breaks.
const RULE: &str = "HOG-MAL-credential-dependency";

/// Findings on releases that give their caller's credentials to a tiny package that sends them.
pub(super) fn findings(
    inventory: &Inventory,
    places: &mut Places<'_>,
    all: &[Release],
    seen: &[Seen],
) -> Vec<Finding> {
    let artifacts: Vec<(usize, &str, Ties)> = seen
        .iter()
        .enumerate()
        .flat_map(|(at, seen)| {
            let verdicts = seen.verdicts.iter();
            verdicts.map(move |verdict| (at, verdict.file.as_str(), verdict.ties()))
        })
        .collect();
    let halves: Vec<(&str, &Ties)> = artifacts
        .iter()
        .map(|(_, file, ties)| (*file, ties))
        .collect();
    let mut out = Vec::new();
    let mut said = None;
    for ((at, file, _), gained) in artifacts.iter().zip(join(&halves)) {
        let taken = gained
            .iter()
            .find(|f| f.kind == FactKind::FlowCredentialTaken);
        // The sdist and the wheel of a release say the same.
        let (Some(fact), true) = (taken, said != Some(*at)) else {
            continue;
        };
        let Some(release) = all.get(*at) else {
            continue;
        };
        let Some(component) = release
            .members
            .first()
            .and_then(|id| inventory.component(*id))
        else {
            continue;
        };
        let Some(rule) = RuleId::find(RULE) else {
            continue;
        };
        said = Some(*at);
        let occurrences = release
            .members
            .iter()
            .flat_map(|id| places.of(*id))
            .collect();
        out.push(finding(
            rule.id,
            Subject::of(component),
            file,
            fact,
            occurrences,
        ));
    }
    out
}

fn finding(
    rule: RuleId,
    subject: Subject,
    file: &str,
    fact: &Fact,
    occurrences: Vec<Occurrence>,
) -> Finding {
    let label = subject.label();
    let message = format!(
        "passes credentials into a helper package, {}:{} in {file}: {}",
        fact.place.file, fact.place.line, fact.detail
    );
    let advice = format!(
        "do not use {label} before somebody has read both places; change the credentials it was given"
    );
    Finding {
        rule,
        subject,
        severity: Severity::High,
        confidence: Confidence::Medium,
        message: text::line(&message).into_owned(),
        advisory: None,
        occurrences,
        remedy: Remedy {
            text: text::line(&advice).into_owned(),
            version: None,
        },
    }
}
