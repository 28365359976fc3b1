//! Events of the gateway → entries of the audit log.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use hognose_gateway::event::{Event, Events, FileEvent};
use hognose_store::{AuditEntry, MAX_BODY, MAX_FIELD, Store};
use serde_json::json;

use crate::output;
use crate::surroundings::Surroundings;

/// Projects whose withheld releases are remembered.
const MOST_PROJECTS: usize = 10_000;
/// Releases that are named where there are too many for one entry.
const NAMED: usize = 200;

/// Writes events down, and hands them on.
pub(in crate::commands) struct Recorder {
    store: Arc<dyn Store>,
    next: Arc<dyn Events>,
    began: (i64, Instant),
    /// What was last written about the withheld releases of a project.
    withheld: Mutex<HashMap<String, u64>>,
    /// It was said that nothing can be written.
    said: AtomicBool,
}

impl Recorder {
    /// Writes to a store; times count on from where the run began.
    pub(in crate::commands) fn new(
        store: Arc<dyn Store>,
        next: Arc<dyn Events>,
        surroundings: &Surroundings,
    ) -> Self {
        Self {
            store,
            next,
            began: (surroundings.now.saturating_mul(1_000), Instant::now()),
            withheld: Mutex::default(),
            said: AtomicBool::new(false),
        }
    }

    /// The same releases are withheld from every installer that looks at a page: that is one entry, until they change.
    fn is_known(&self, event: &Event) -> bool {
        let Event::Withheld { project, versions } = event else {
            return false;
        };
        let mut hasher = DefaultHasher::new();
        versions.hash(&mut hasher);
        let now = hasher.finish();
        let mut withheld = self.withheld.lock().unwrap_or_else(PoisonError::into_inner);
        if withheld.len() >= MOST_PROJECTS && !withheld.contains_key(project) {
            withheld.clear();
        }
        withheld.insert(project.clone(), now) == Some(now)
    }
}

impl Events for Recorder {
    fn record(&self, event: Event) {
        if !self.is_known(&event) {
            let (start, since) = &self.began;
            let passed = i64::try_from(since.elapsed().as_millis()).unwrap_or(0);
            let written = self
                .store
                .append(entry(&event, start.saturating_add(passed)));
            if let Err(error) = written {
                // Once: a full disk would otherwise fill a terminal too.
                if !self.said.swap(true, Ordering::Relaxed) {
                    output::warning(&format!("the audit log cannot be written: {error}"));
                }
            }
        }
        self.next.record(event);
    }
}

fn entry(event: &Event, time: i64) -> AuditEntry {
    let (kind, project, file) = match event {
        Event::Withheld { project, .. } => ("withheld", Some(project), None),
        Event::Blocked { file, .. } => ("blocked", None, Some(file)),
        Event::Served { file, .. } => (hognose_store::SERVED, None, Some(file)),
        Event::Inspected { file, .. } => ("inspected", None, Some(file)),
        Event::Replaced { file, .. } => ("replaced", None, Some(file)),
        Event::Upstream { project, .. } => ("upstream", Some(project), None),
        Event::Changed { .. } => ("changed", None, None),
    };
    let of = |take: fn(&FileEvent) -> &str| file.map(|file| clip(take(file)));
    AuditEntry {
        time,
        kind: kind.to_owned(),
        project: project.map(|p| clip(p)).or_else(|| of(|f| &f.project)),
        version: of(|f| &f.version),
        filename: of(|f| &f.filename),
        sha256: file.and_then(|f| f.sha256.as_deref()).map(clip),
        client: of(|f| &f.client),
        body: body(event, kind),
    }
}

/// The event as JSON; where that is too long for an entry, what fits of it.
fn body(event: &Event, kind: &str) -> String {
    let whole = serde_json::to_string(event).unwrap_or_default();
    if !whole.is_empty() && whole.len() <= MAX_BODY {
        return whole;
    }
    let short = |text: &str| hognose_types::text::short(text, 500);
    let part = match event {
        Event::Withheld { versions, .. } => {
            // The newest are the last.
            let skipped = versions.len().saturating_sub(NAMED);
            let named: Vec<_> = versions
                .iter()
                .skip(skipped)
                .map(|(version, why)| (short(version), short(why)))
                .collect();
            json!({ "event": kind, "versions": named, "left-out": skipped })
        }
        Event::Blocked { reasons, .. } | Event::Served { reasons, .. } => {
            let first = reasons.iter().take(1).map(
                |r| json!({ "rule": short(&r.rule), "message": short(&r.message), "remedy": "" }),
            );
            let first: Vec<_> = first.collect();
            json!({ "event": kind, "reasons": first, "left-out": reasons.len().saturating_sub(1) })
        }
        Event::Inspected { outcome: text, .. } | Event::Upstream { reason: text, .. } => {
            json!({ "event": kind, "reason": short(text) })
        }
        Event::Changed { what, revision } => {
            json!({ "event": kind, "what": short(what), "revision": short(revision) })
        }
        Event::Replaced { before, .. } => json!({ "event": kind, "before": short(before) }),
    };
    part.to_string()
}

/// As much of a text as an entry takes.
fn clip(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_FIELD))
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use hognose_gateway::judge::Reason;
    use hognose_store::{Opening, Options, Query, SqliteStore};

    use super::*;

    struct Nobody;

    impl Events for Nobody {
        fn record(&self, _: Event) {}
    }

    fn file(filename: &str) -> FileEvent {
        FileEvent {
            project: "flask".to_owned(),
            version: "3.0".to_owned(),
            filename: filename.to_owned(),
            sha256: Some("ab".repeat(32)),
            client: "192.0.2.1".to_owned(),
        }
    }

    fn recorded(events: Vec<Event>) -> Vec<AuditEntry> {
        let directory = tempfile::tempdir().unwrap();
        let path: PathBuf = directory.path().join("state.db");
        let store =
            Arc::new(SqliteStore::open(&path, Opening::Create, Options::default()).unwrap());
        let surroundings = Surroundings {
            variables: std::collections::BTreeMap::new(),
            now: 1_795_000_000,
            arguments: Vec::new(),
        };
        let recorder = Recorder::new(Arc::clone(&store) as _, Arc::new(Nobody), &surroundings);
        for event in events {
            recorder.record(event);
        }
        store.flush().unwrap();
        let query = Query {
            order: hognose_store::Order::Oldest,
            ..Query::default()
        };
        let rows = store.audit(&query).unwrap().rows;
        rows.into_iter().map(|row| row.entry).collect()
    }

    #[test]
    fn events_become_entries() {
        let reasons = vec![Reason {
            rule: "HOG-MAL-known".to_owned(),
            message: "is known to be malicious".to_owned(),
            remedy: String::new(),
        }];
        let blocked = Event::Blocked {
            file: file("flask-3.0.tar.gz"),
            reasons,
        };
        let [entry] = recorded(vec![blocked.clone()]).try_into().unwrap();
        assert_eq!(entry.kind, "blocked");
        assert_eq!(entry.project.as_deref(), Some("flask"));
        assert_eq!(entry.client.as_deref(), Some("192.0.2.1"));
        assert!(entry.time >= 1_795_000_000_000);
        let back: Event = serde_json::from_str(&entry.body).unwrap();
        assert_eq!(back, blocked);
    }

    #[test]
    fn the_same_releases_are_withheld_once() {
        let withheld = |version: &str| Event::Withheld {
            project: "flask".to_owned(),
            versions: vec![(version.to_owned(), "why".to_owned())],
        };
        let events = ["1", "1", "1", "2", "2", "1"].map(withheld);
        assert_eq!(recorded(events.to_vec()).len(), 3);
    }

    #[test]
    fn what_is_too_long_is_cut_and_kept() {
        let (long, medium) = ("é".repeat(MAX_BODY), "é".repeat(10_000));
        let reason = Reason {
            rule: long.clone(),
            message: long.clone(),
            remedy: long.clone(),
        };
        let entries = recorded(vec![
            Event::Served {
                file: file(&long),
                reasons: vec![reason.clone(), reason],
            },
            Event::Withheld {
                project: long.clone(),
                versions: vec![(medium.clone(), medium); 300],
            },
            Event::Upstream {
                project: "p".to_owned(),
                reason: long,
            },
        ]);
        assert_eq!(entries.len(), 3);
        assert_eq!(
            entries[0].filename.as_ref().map(String::len),
            Some(MAX_FIELD)
        );
        assert!(entries[1].body.contains("\"left-out\":100"));
    }
}
