//! Repositories that a project claims and that are another's.

use std::collections::BTreeMap;

use hognose_types::{Confidence, Severity, rules::online as rule};

use crate::evidence::{Asked, Circumstances, Pin, Said};
use crate::facts::{DAY, ProjectFacts, Repository};
use crate::names;

/// The projects of a run by the repository they claim.
pub(crate) type Claims<'a> = BTreeMap<&'a Repository, Vec<&'a ProjectFacts>>;

pub(crate) fn claims(asked: &[Asked]) -> Claims<'_> {
    let mut out = Claims::new();
    for one in asked {
        let details = one.facts.details.iter();
        for repository in details.flat_map(|d| &d.repositories) {
            out.entry(repository).or_default().push(&one.facts);
        }
    }
    out
}

pub(crate) fn check(
    pin: &Pin<'_>,
    claims: &Claims<'_>,
    circumstances: &Circumstances<'_>,
) -> Option<Said> {
    let facts = pin.facts();
    let name = pin.name().as_str();
    let claimed = &facts.details.as_ref()?.repositories;
    // What an attestation confirms is claimed rightly; popular projects are those that others imitate.
    let confirmed = facts.publisher.as_ref().filter(|p| claimed.contains(p));
    if confirmed.is_some() || circumstances.popular.contains(name) {
        return None;
    }
    let mut claimed_now = claimed.iter();
    claimed_now
        .find_map(|repository| {
            let here = claims.get(repository).map_or(&[][..], Vec::as_slice);
            well_known(name, facts, repository, here).or_else(|| older(facts, repository, here))
        })
        .or_else(|| contradicted(facts))
}

fn well_known(
    name: &str,
    facts: &ProjectFacts,
    repository: &Repository,
    here: &[&ProjectFacts],
) -> Option<Said> {
    let holders = names::holders(repository.as_str());
    if holders.is_empty() || holders.contains(&name) {
        return None;
    }
    let holder = holders.first()?;
    let mut of_holder = here.iter().filter(|p| holders.contains(&p.name.as_str()));
    let are_others = match of_holder.next() {
        Some(other) if facts.shares_owner(other) => return None,
        Some(other) => facts.owners().is_some() && other.owners().is_some(),
        None => false,
    };
    Some(claim(repository, holder, are_others))
}

/// An older project of the same run, in other hands, names the repository too.
fn older(facts: &ProjectFacts, repository: &Repository, here: &[&ProjectFacts]) -> Option<Said> {
    let first = facts.first_upload()?;
    let is_others = |p: &&&ProjectFacts| {
        let is_older = p.first_upload().is_some_and(|t| t + DAY < first);
        let known = facts.owners().is_some() && p.owners().is_some();
        p.name != facts.name && is_older && known && !facts.shares_owner(p)
    };
    let other = here.iter().find(is_others)?;
    Some(claim(repository, other.name.as_str(), true))
}

fn claim(repository: &Repository, holder: &str, are_others: bool) -> Said {
    let repository = repository.as_str();
    let (severity, confidence, whose) = if are_others {
        (
            Severity::Medium,
            Confidence::Medium,
            "other accounts upload it",
        )
    } else {
        // Plugins are built from the repository of what they extend.
        (
            Severity::None,
            Confidence::Low,
            "the index does not tell whether the same people upload it",
        )
    };
    Said::new(
        rule::STARJACK,
        severity,
        format!("claims {repository}, the repository of {holder}, and {whose}"),
        format!("look whether {repository} mentions this package"),
    )
    .sure(confidence)
}

fn contradicted(facts: &ProjectFacts) -> Option<Said> {
    let publisher = facts.publisher.as_ref()?;
    let claimed = &facts.details.as_ref()?.repositories;
    let same = |r: &Repository| r.owner() == publisher.owner();
    let first = claimed.first()?;
    if claimed.iter().any(same) {
        return None;
    }
    let message = format!(
        "its links name {}, and its attestation says that {} published it",
        first.as_str(),
        publisher.as_str()
    );
    let advice = "find out whether the repository moved, or the link is another's";
    Some(Said::new(rule::STARJACK, Severity::None, message, advice).sure(Confidence::Low))
}
