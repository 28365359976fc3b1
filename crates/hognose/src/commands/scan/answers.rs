//! Asking indexes about many projects: which client asks, what is learnt of an index from the first answers, what of all of
//! them is taken.

use std::collections::BTreeMap;

use hognose_identity::facts::{Presence, ProjectFacts, Repository};
use hognose_index::{Client, IndexError, IndexUrl, ProjectPage};
use hognose_types::PackageName;

use super::clients::Clients;
use super::online::{Request, Wanted};
use super::origins::Origins;
use super::parallel;
use crate::project_facts;

/// What asking brought.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) facts: ProjectFacts,
    /// What was not answered beside the page.
    pub(super) missing: Vec<String>,
}

/// What is known of an index before all of it is asked.
#[derive(Clone, Debug, Default)]
struct Manner {
    /// It has no project pages in JSON: they are not asked for once for every name.
    plain: bool,
    /// It answers nobody, and why: it is not waited for once for every name.
    silent: Option<String>,
}

/// Projects that are asked about one after the other to learn the manner of an index.
const PROBES: usize = 2;

/// Asks about everything. The first projects of each place show what its index has; which those are does not depend on
/// the order in which answers come, so that two runs say the same.
pub(super) fn answers(wanted: &[Wanted], origins: &Origins, request: &Request<'_>) -> Vec<Answer> {
    let of_place = |place: usize| {
        let here = wanted.iter().filter(move |w| w.place == place);
        let pairs = here.map(|w| (&w.name, w.source.as_str()));
        let indexes = origins.at(place).ok()?;
        Some(Clients::new(pairs, indexes, request.surroundings))
    };
    let clients: Vec<Option<Clients<'_>>> = (0..origins.len()).map(of_place).collect();
    let client = |project: &Wanted| {
        let clients = clients.get(project.place)?.as_ref()?;
        let key = (project.place, clients.place(&project.name, &project.source));
        Some((key, clients.of(&project.name, &project.source)))
    };
    let mut manners: BTreeMap<(usize, String), Manner> = BTreeMap::new();
    for project in wanted {
        if let Some((key, Ok(asked))) = client(project)
            && !manners.contains_key(&key)
        {
            let here = |w: &&Wanted| client(w).is_some_and(|(other, _)| other == key);
            let manner = manner(asked, wanted.iter().filter(here));
            manners.insert(key, manner);
        }
    }
    let ask = |project: &Wanted| {
        let Some((key, client)) = client(project) else {
            return unknown(project, "it has no index".to_owned());
        };
        let manner = manners.get(&key).cloned().unwrap_or_default();
        match (client, manner.silent) {
            (Ok(client), None) => ask(client, project, manner.plain),
            (Ok(_), Some(reason)) | (Err(reason), _) => unknown(project, reason),
        }
    };
    let answers = parallel::each(wanted, "asking the index", request.quiet, &ask);
    let pairs = wanted.iter().zip(answers);
    pairs
        .map(|(project, answer)| {
            answer.unwrap_or_else(|| unknown(project, "asking ended early".to_owned()))
        })
        .collect()
}

fn manner<'w>(client: &Client, wanted: impl Iterator<Item = &'w Wanted>) -> Manner {
    let (mut present, mut failed) = (0, 0);
    for project in wanted {
        match pages(client, &project.name) {
            Err(error @ (IndexError::Timeout { .. } | IndexError::Request { .. })) => {
                failed += 1;
                if failed >= PROBES {
                    return Manner {
                        silent: Some(format!("it did not answer about others: {error}")),
                        plain: true,
                    };
                }
            }
            Ok(found) => {
                let Some((index, _)) = found.first() else {
                    continue;
                };
                match client.project_without_uploads(index, &project.name) {
                    Ok(None) => present += 1,
                    _ => return Manner::default(),
                }
                if present >= PROBES {
                    return Manner {
                        silent: None,
                        plain: true,
                    };
                }
            }
            Err(_) => return Manner::default(),
        }
    }
    Manner::default()
}

fn unknown(project: &Wanted, reason: String) -> Answer {
    Answer {
        facts: ProjectFacts::only(
            project.name.clone(),
            Presence::Unknown(reason),
            String::new(),
        ),
        missing: Vec::new(),
    }
}

/// The pages of all indexes that have a project.
fn pages(client: &Client, name: &PackageName) -> Result<Vec<(IndexUrl, ProjectPage)>, IndexError> {
    let mut out = Vec::new();
    for index in client.indexes() {
        // One index that does not answer could be the one that says something else.
        if let Some(page) = client.page(index, name)? {
            out.push((index.clone(), page));
            if client.stops_at_first() {
                break;
            }
        }
    }
    Ok(out)
}

fn ask(client: &Client, project: &Wanted, plain: bool) -> Answer {
    let name = &project.name;
    let found = match pages(client, name) {
        Ok(found) => found,
        Err(error) => return unknown(project, error.to_string()),
    };
    let (places, pages): (Vec<IndexUrl>, Vec<ProjectPage>) = found.into_iter().unzip();
    let Some(index) = places.first() else {
        let first = client.indexes().next();
        let index = first.map(|url| url.without_credentials().plain());
        return Answer {
            facts: ProjectFacts::only(name.clone(), Presence::Absent, index.unwrap_or_default()),
            missing: Vec::new(),
        };
    };
    let mut missing = Vec::new();
    let mut settle = |error: IndexError| missing.push(error.to_string());
    let details = if plain {
        Ok(None)
    } else if project_facts::lacks(&pages) {
        client.project(index, name)
    } else {
        client.project_without_uploads(index, name)
    };
    let details = details.unwrap_or_else(|error| {
        settle(error);
        None
    });
    let mut facts = project_facts::of(name, index, &pages, details.as_ref());
    let attested = pages
        .iter()
        .flat_map(|page| &page.files)
        .filter(|f| f.provenance.is_some() && project.pinned.contains(&f.version));
    if let Some(file) = attested.max_by_key(|f| (&f.version, &f.filename)) {
        match client.publisher(file) {
            Ok(link) => facts.publisher = link.as_deref().and_then(Repository::of_link),
            Err(error) => settle(error),
        }
    }
    Answer { facts, missing }
}
