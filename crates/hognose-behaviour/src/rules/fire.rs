//! Which rules fire on which facts.

use std::collections::{BTreeMap, BTreeSet};

use super::{Rule, Within};
use crate::fact::{Fact, FactKind, Trigger};

/// A rule that fires, at its heaviest.
#[derive(Clone, Debug, PartialEq)]
pub struct Firing {
    /// What makes it happen: the least automatic of the facts it needs.
    pub trigger: Trigger,
    /// Points.
    pub points: f64,
    /// Positions of the facts that show it, decisive ones first.
    pub facts: Vec<usize>,
}

/// Facts kept as evidence of one firing.
const MAX_EVIDENCE: usize = 8;
/// Matches of the user's own rules kept as evidence: each of them was asked for.
const MAX_MATCHES: usize = 40;

/// Fires a rule on facts. `weigh` gives the points of the rule for a fact of its first group and a trigger.
pub fn fire(
    rule: &Rule,
    facts: &[Fact],
    weigh: &dyn Fn(FactKind, Trigger) -> f64,
) -> Option<Firing> {
    if rule
        .unless
        .iter()
        .any(|kind| facts.iter().any(|f| f.kind == *kind))
    {
        return None;
    }
    let huge = facts.iter().any(|f| f.kind == FactKind::HugePackage);
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, fact) in facts.iter().enumerate() {
        if rule.when.iter().flatten().any(|kind| *kind == fact.kind) {
            let place = match rule.within {
                Within::File => fact.place.file.as_str(),
                // Thousands of files hold a bit of everything: there, what is to be taken together stands together.
                Within::Artifact if huge && rule.at_least > 1 => directory(&fact.place.file),
                Within::Artifact => "",
            };
            places.entry(place).or_default().push(at);
        }
    }
    places
        .into_values()
        .filter_map(|here| fire_at(rule, facts, &here, weigh))
        .filter(|firing| firing.points > 0.0)
        .reduce(|best, next| {
            if next.points > best.points {
                next
            } else {
                best
            }
        })
}

fn directory(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(directory, _)| directory)
}

fn fire_at(
    rule: &Rule,
    facts: &[Fact],
    here: &[usize],
    weigh: &dyn Fn(FactKind, Trigger) -> f64,
) -> Option<Firing> {
    let (first, others) = rule.when.split_first()?;
    // Tests and examples hold much that runs nowhere; what they hold must not complete what the package does.
    let present = |group: &[FactKind], test: bool| -> Vec<usize> {
        here.iter()
            .copied()
            .filter(|at| {
                facts.get(*at).is_some_and(|f| {
                    group.contains(&f.kind) && (f.trigger == Trigger::Test) == test
                })
            })
            .collect()
    };
    let mut best: Option<Firing> = None;
    for test in [false, true] {
        let decisive = present(first, test);
        let kinds: BTreeSet<FactKind> = decisive
            .iter()
            .filter_map(|at| facts.get(*at).map(|f| f.kind))
            .collect();
        if decisive.is_empty() || kinds.len() < rule.at_least {
            continue;
        }
        let groups: Vec<Vec<usize>> = others.iter().map(|g| present(g, test)).collect();
        if groups.iter().any(Vec::is_empty) {
            continue;
        }
        let slowest = slowest(&groups, facts);
        // What merely lies there happens when the other facts do.
        let trigger_of = |fact: &Fact| match slowest {
            Some(slowest) if is_passive(fact.kind) => slowest,
            Some(slowest) => slowest.max(fact.trigger),
            None => fact.trigger,
        };
        let needed = nth_trigger(&decisive, facts, rule.at_least);
        for at in &decisive {
            let Some(fact) = facts.get(*at) else { continue };
            let trigger = trigger_of(fact).max(needed);
            let points = weigh(fact.kind, trigger);
            if best.as_ref().is_none_or(|b| points > b.points) {
                best = Some(Firing {
                    trigger,
                    points,
                    facts: evidence(*at, &decisive, &groups, facts),
                });
            }
        }
    }
    best
}

/// Kinds that describe what is there, not what it does.
fn is_passive(kind: FactKind) -> bool {
    use crate::Group;
    matches!(
        kind.group(),
        Group::Binary | Group::Metadata | Group::Archive
    ) || matches!(
        kind,
        FactKind::CodeInData | FactKind::PayloadInMedia | FactKind::ExtensionMismatch
    )
}

/// The trigger at which all groups are satisfied, each in its most automatic way.
fn slowest(groups: &[Vec<usize>], facts: &[Fact]) -> Option<Trigger> {
    groups
        .iter()
        .filter_map(|group| {
            let facts = group.iter().filter_map(|at| facts.get(*at));
            facts.map(acting_trigger).min()
        })
        .max()
}

/// What merely lies there holds nothing up.
fn acting_trigger(fact: &Fact) -> Trigger {
    if is_passive(fact.kind) {
        Trigger::Install
    } else {
        fact.trigger
    }
}

/// The trigger at which as many different kinds as are needed have been seen.
fn nth_trigger(decisive: &[usize], facts: &[Fact], needed: usize) -> Trigger {
    let mut earliest: BTreeMap<FactKind, Trigger> = BTreeMap::new();
    for fact in decisive.iter().filter_map(|at| facts.get(*at)) {
        let trigger = acting_trigger(fact);
        let slot = earliest.entry(fact.kind).or_insert(trigger);
        *slot = (*slot).min(trigger);
    }
    let mut triggers: Vec<Trigger> = earliest.into_values().collect();
    triggers.sort();
    triggers
        .get(needed.saturating_sub(1))
        .copied()
        .unwrap_or(Trigger::Install)
}

fn evidence(decisive: usize, all: &[usize], groups: &[Vec<usize>], facts: &[Fact]) -> Vec<usize> {
    let mut out = vec![decisive];
    // Of every group the fact that happens first, then other kinds of the first group.
    for group in groups {
        let first = group
            .iter()
            .min_by_key(|at| facts.get(**at).map(|f| f.trigger))
            .copied();
        out.extend(first.filter(|at| !out.contains(at)));
    }
    let mut kinds: BTreeSet<FactKind> = out
        .iter()
        .filter_map(|at| facts.get(*at).map(|f| f.kind))
        .collect();
    let is_match = |fact: &Fact| fact.kind.group() == crate::Group::Yara;
    let most = match facts.get(decisive) {
        Some(fact) if is_match(fact) => MAX_MATCHES,
        _ => MAX_EVIDENCE,
    };
    for at in all {
        if out.len() >= most {
            break;
        }
        if let Some(fact) = facts.get(*at)
            && (kinds.insert(fact.kind) || (is_match(fact) && *at != decisive))
        {
            out.push(*at);
        }
    }
    out
}
