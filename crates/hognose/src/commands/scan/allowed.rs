//! What is asked of others than indexes, only where the configuration allows it: name servers and registries about the
//! domains of maintainers' addresses, forges about the repositories of requirements.

use std::collections::{BTreeMap, BTreeSet};

use hognose_advisories::Judgement;
use hognose_identity::{
    Asked, Registered, Repository, domains, expired, repojack, repositories, reregistered,
};
use hognose_index::{IndexUrl, Look, dns};
use hognose_policy::Resolver;
use hognose_types::{ComponentId, Gap, Inventory, Notice, rules, text};

use super::online::{Request, notice};
use super::parallel;
use crate::error::Failure;
use crate::index_settings;
use crate::project_facts::seconds;

/// Most repositories that are asked about.
const MOST: usize = 200;

/// Adds what forges say of the repositories that requirements name.
pub(super) fn forges(evidence: &mut Judgement, inventory: &Inventory, request: &Request<'_>) {
    if !request.asking.forges || request.args.feeds.offline {
        return;
    }
    let all: Vec<(String, Vec<ComponentId>)> =
        repositories(inventory).into_iter().take(MOST).collect();
    let ask = |(url, _): &(String, Vec<ComponentId>)| look(url, request);
    let answers = parallel::each(&all, "asking forges", request.quiet, &ask);
    let mut known = BTreeMap::new();
    for ((url, members), answer) in all.into_iter().zip(answers) {
        match answer.unwrap_or_else(|| Err("asking ended early".to_owned())) {
            Ok(found) => {
                known.insert(url, found);
            }
            Err(reason) => evidence.gaps.extend(gap(inventory, &members, &reason)),
        }
    }
    evidence.findings.extend(repojack(inventory, &known));
}

fn look(url: &str, request: &Request<'_>) -> Result<Repository, String> {
    let url = IndexUrl::parse(url).map_err(|e| e.to_string())?;
    let client =
        index_settings::client_at(&url, request.surroundings).map_err(|e| Failure::line(&e))?;
    Ok(match client.look(&url).map_err(|e| e.to_string())? {
        Look::There => Repository::There,
        Look::Gone => Repository::Gone,
        Look::Moved(to) => Repository::Moved(to.without_credentials().plain()),
    })
}

fn gap(inventory: &Inventory, members: &[ComponentId], reason: &str) -> Option<Gap> {
    let component = inventory.component(*members.first()?)?;
    let declaration = component.declarations.first();
    Some(Gap {
        rule: rules::gap_index::ID,
        subject: component.label(),
        location: declaration.map(|d| d.location.clone()),
        message: format!(
            "its repository could not be asked: {}",
            text::short(reason, 300)
        ),
        hint: None,
        groups: declaration.map(|d| d.groups.clone()).unwrap_or_default(),
    })
}

/// Adds which domains of maintainers' addresses are nobody's.
pub(super) fn addresses(
    evidence: &mut Judgement,
    notices: &mut Vec<Notice>,
    inventory: &Inventory,
    asked: &[Asked],
    request: &Request<'_>,
) {
    let Some(resolver) = request.asking.dns else {
        return;
    };
    let servers = match resolver {
        Resolver::System => {
            dns::servers(&std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default())
        }
        Resolver::At(server) => vec![server],
    };
    let all: Vec<String> = domains(asked).into_iter().collect();
    let ask = |domain: &String| dns::has_records(domain, &servers);
    let answers = parallel::each(&all, "asking name servers", request.quiet, &ask);
    let mut unknown = 0;
    let mut nobodys = BTreeSet::new();
    for (domain, answer) in all.into_iter().zip(answers) {
        match answer.flatten() {
            Some(true) => {}
            Some(false) => {
                nobodys.insert(domain);
            }
            None => unknown += 1,
        }
    }
    if unknown > 0 {
        notices.push(notice(format!(
            "no name server answered about {unknown} domain{} of maintainers' addresses: whether anybody holds them is not known",
            if unknown == 1 { "" } else { "s" }
        )));
    }
    evidence
        .findings
        .extend(expired(inventory, asked, &nobodys));
}

/// Adds which domains of maintainers' addresses have other holders than those who were meant.
pub(super) fn holders(
    evidence: &mut Judgement,
    notices: &mut Vec<Notice>,
    inventory: &Inventory,
    asked: &[Asked],
    request: &Request<'_>,
) {
    let Some(service) = &request.asking.rdap else {
        return;
    };
    let all: Vec<String> = domains(asked).into_iter().collect();
    let ask = |domain: &String| registered(service, domain, request);
    let answers = parallel::each(&all, "asking registries", request.quiet, &ask);
    let mut known = BTreeMap::new();
    let mut failed: Vec<String> = Vec::new();
    for (domain, answer) in all.into_iter().zip(answers) {
        match answer.unwrap_or_else(|| Err("asking ended early".to_owned())) {
            Ok(found) => known.extend(found.map(|found| (domain, found))),
            Err(reason) => failed.push(reason),
        }
    }
    if let Some(first) = failed.first() {
        notices.push(notice(format!(
            "registries did not answer about {} domain{} of maintainers' addresses, whose age is not known: {}",
            failed.len(),
            if failed.len() == 1 { "" } else { "s" },
            text::short(first, 300)
        )));
    }
    let now = request.surroundings.now;
    evidence
        .findings
        .extend(reregistered(inventory, asked, &known, now));
}

fn registered(
    service: &str,
    domain: &str,
    request: &Request<'_>,
) -> Result<Option<Registered>, String> {
    let service = IndexUrl::parse(service).map_err(|e| e.to_string())?;
    let client =
        index_settings::client_at(&service, request.surroundings).map_err(|e| Failure::line(&e))?;
    let found = client.registration(&service, domain);
    let found = found.map_err(|e| e.to_string())?;
    Ok(found.map(|found| Registered {
        domain: found.domain,
        since: found.registered.as_deref().and_then(seconds),
        is_lapsing: found.is_lapsing,
    }))
}
