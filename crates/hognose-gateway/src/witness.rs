//! Files that were sent before: what comes under the same name with other bytes is an incident.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::answer::Answer;
use crate::event::{Event, FileEvent};
use crate::gateway::{Asked, Gateway};
use crate::judge::Artifact;
use crate::offer::{OfferedFile, Page};

/// Most files remembered as sent before under the same digest.
const MAX_WITNESSED: usize = 50_000;

/// Names of files with the digests that they always had.
#[derive(Debug, Default)]
pub(crate) struct Witnessed(Mutex<HashSet<(String, String)>>);

impl Witnessed {
    fn has(&self, key: &(String, String)) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(key)
    }

    fn put(&self, key: (String, String)) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_WITNESSED {
            known.clear();
        }
        known.insert(key);
    }
}

impl Gateway {
    /// A file name that came with other bytes before is an incident: no honest index replaces a file.
    pub(crate) async fn witness(
        &self,
        page: &Page,
        offered: &OfferedFile,
        sha256: &str,
        asked: &Asked<'_>,
    ) -> Result<(), Box<Answer>> {
        let name = &page.parts.name;
        let key = (
            format!("{}/{}", name.as_str(), offered.file.filename),
            sha256.to_owned(),
        );
        if self.witnessed.has(&key) {
            return Ok(());
        }
        let (judge, project, file) = (
            Arc::clone(&self.gear.judge),
            name.clone(),
            offered.file.clone(),
        );
        let digest = sha256.to_owned();
        let first = tokio::task::spawn_blocking(move || {
            judge.first(&Artifact {
                name: &project,
                file: &file,
                sha256: &digest,
            })
        });
        let first = first
            .await
            .unwrap_or_else(|_| Err("the question failed".to_owned()));
        match first {
            Ok(None) => {
                self.witnessed.put(key);
                Ok(())
            }
            Ok(Some((before, ruling))) => {
                self.gear.events.record(Event::Replaced {
                    file: FileEvent::new(name, &offered.file, asked.client),
                    before,
                });
                self.gear.catalog.decide_again(name).await;
                self.allow(page, offered, &ruling, asked)
            }
            // Whether it was replaced is not known, and will be soon.
            Err(reason) => self.unavailable(&reason),
        }
    }
}
