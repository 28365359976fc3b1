//! Artifacts that are inspected together complete one another: one hands its credentials to a function of the next.

use hognose_behaviour::Inspection;
use hognose_behaviour::across::{Ties, join};
use hognose_report::{InspectedArtifact, NotRead};

use super::convert;
use super::options::Judge;
use super::read::Seen;
use super::targets::Target;

/// A target that was read, and the older release to compare it with.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) target: Target,
    pub(super) seen: Seen,
    pub(super) older: Option<(Target, Result<Inspection, String>)>,
}

/// Judges artifacts as they come; only those that hand credentials on wait for all others.
#[derive(Debug)]
pub(super) struct Together<'j> {
    judge: &'j Judge,
    ready: Vec<Option<InspectedArtifact>>,
    names: Vec<String>,
    ties: Vec<Ties>,
    waiting: Vec<(usize, Read)>,
}

impl<'j> Together<'j> {
    pub(super) fn new(judge: &'j Judge) -> Self {
        Self {
            judge,
            ready: Vec::new(),
            names: Vec::new(),
            ties: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// The next target, in order.
    pub(super) fn take(&mut self, mut read: Read) {
        let ties = match &mut read.seen.inspection {
            Ok(inspection) => std::mem::take(&mut inspection.ties),
            Err(_) => Ties::default(),
        };
        self.names.push(read.target.display());
        if ties.handed.is_empty() {
            self.ready.push(Some(judged(read, self.judge)));
        } else {
            self.waiting.push((self.ready.len(), read));
            self.ready.push(None);
        }
        self.ties.push(ties);
    }

    /// All of them, in order.
    pub(super) fn finish(mut self) -> Vec<InspectedArtifact> {
        let named = self.names.iter().map(String::as_str);
        let all: Vec<(&str, &Ties)> = named.zip(&self.ties).collect();
        let mut gained = join(&all);
        for (at, mut read) in std::mem::take(&mut self.waiting) {
            let facts = gained.get_mut(at).map(std::mem::take).unwrap_or_default();
            if let Ok(inspection) = &mut read.seen.inspection {
                inspection.facts.extend(facts);
                inspection.facts.sort();
            }
            if let Some(slot) = self.ready.get_mut(at) {
                *slot = Some(judged(read, self.judge));
            }
        }
        self.ready.into_iter().flatten().collect()
    }
}

fn judged(read: Read, judge: &Judge) -> InspectedArtifact {
    match read.older {
        None => convert::artifact(&read.target, read.seen, judge, None),
        Some((older, Ok(before))) => {
            convert::artifact(&read.target, read.seen, judge, Some((&older, &before)))
        }
        Some((older, Err(reason))) => {
            let mut artifact = convert::artifact(&read.target, read.seen, judge, None);
            artifact.unread.push(NotRead {
                path: older.display(),
                reason: format!("the older release was not read: {reason}"),
            });
            artifact
        }
    }
}
