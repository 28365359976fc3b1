//! What happened during a run, for the words at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use hognose_gateway::event::{Event, Events};
use hognose_types::text;

/// What happened, without repetitions.
#[derive(Debug, Default)]
pub(in crate::commands) struct Happened(Mutex<Told>);

/// Things worth telling.
#[derive(Clone, Debug, Default)]
pub(in crate::commands) struct Told {
    /// Versions that an unpinned requirement could not get, and why, by project.
    pub(in crate::commands) withheld: BTreeMap<String, Vec<(String, String)>>,
    /// Files refused, and why.
    pub(in crate::commands) blocked: BTreeMap<String, String>,
    /// Files sent with a warning.
    pub(in crate::commands) warned: BTreeMap<String, String>,
    /// Files sent.
    pub(in crate::commands) served: BTreeSet<String>,
    /// Versions of which a file was sent, by project.
    pub(in crate::commands) got: BTreeMap<String, BTreeSet<String>>,
    /// Questions that were not answered.
    pub(in crate::commands) failures: BTreeSet<String>,
}

/// Most things told of one kind: a run that never ends must not fill the memory.
const MAX: usize = 1_000;
/// Longest text of one thing.
const MAX_TEXT: usize = 300;

impl Happened {
    /// Everything so far.
    pub(in crate::commands) fn told(&self) -> Told {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.clone()
    }
}

impl Events for Happened {
    fn record(&self, event: Event) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Withheld { project, versions } if told.withheld.len() < MAX => {
                told.withheld.insert(project, versions);
            }
            Event::Blocked { file, reasons } if told.blocked.len() < MAX => {
                let why = reasons.first().map_or_else(String::new, |r| {
                    text::short(&format!("{}: {}", r.rule, r.message), MAX_TEXT)
                });
                told.blocked.insert(file.filename, why);
            }
            Event::Served { file, reasons } if told.served.len() < MAX => {
                if let Some(first) = reasons.first() {
                    let why = format!("{}: {}", first.rule, first.message);
                    told.warned
                        .insert(file.filename.clone(), text::short(&why, MAX_TEXT));
                }
                told.got
                    .entry(file.project)
                    .or_default()
                    .insert(file.version);
                told.served.insert(file.filename);
            }
            Event::Upstream { project, reason } if told.failures.len() < MAX => {
                told.failures
                    .insert(text::short(&format!("{project}: {reason}"), MAX_TEXT));
            }
            _ => {}
        }
    }
}
