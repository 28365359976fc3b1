//! Attestations of a file, seen before it is served.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::artifact::key;
use crate::beside::ATTESTATIONS;
use crate::gateway::Gateway;
use crate::judge::{Artifact, Ruling};
use crate::offer::{OfferedFile, Page};

/// Most rulings remembered.
const MAX_VOUCHED: usize = 20_000;

/// Rulings by digest and file name.
type Rulings = HashMap<(String, String), Ruling>;

/// What attestations showed, under one revision.
#[derive(Debug, Default)]
pub(crate) struct Vouched(Mutex<(Arc<str>, Rulings)>);

impl Vouched {
    fn get(&self, revision: &Arc<str>, key: &(String, String)) -> Option<Ruling> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (held.0 == *revision).then(|| held.1.get(key).cloned())?
    }

    fn put(&self, revision: &Arc<str>, key: (String, String), ruling: Ruling) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.0 != *revision || held.1.len() >= MAX_VOUCHED {
            *held = (Arc::clone(revision), Rulings::new());
        }
        held.1.insert(key, ruling);
    }
}

impl Gateway {
    /// What the attestations of a file show. An announced document that cannot be had is asked for again next time.
    pub(crate) async fn vouched(
        self: &Arc<Self>,
        page: &Arc<Page>,
        offered: &OfferedFile,
        sha256: &str,
    ) -> Ruling {
        let judge = Arc::clone(&self.gear.judge);
        if offered.file.provenance.is_none() {
            let artifact = Artifact {
                name: &page.parts.name,
                file: &offered.file,
                sha256,
            };
            return judge.attested(&artifact, Ok(None));
        }
        let revision = judge.revision();
        let at = (sha256.to_owned(), offered.file.filename.clone());
        if let Some(known) = self.attested.get(&revision, &at) {
            return known;
        }
        let document = self.document(offered).await;
        let (page, file, digest) = (Arc::clone(page), offered.file.clone(), sha256.to_owned());
        let lasting = document.is_ok();
        let read = tokio::task::spawn_blocking(move || {
            let artifact = Artifact {
                name: &page.parts.name,
                file: &file,
                sha256: &digest,
            };
            let document = document
                .as_ref()
                .map(|d| d.as_deref())
                .map_err(String::as_str);
            judge.attested(&artifact, document)
        });
        let Ok(ruling) = read.await else {
            return Ruling {
                decision: hognose_types::Decision::Block,
                reasons: Vec::new(),
            };
        };
        if lasting {
            self.attested.put(&revision, at, ruling.clone());
        }
        ruling
    }

    /// The document that the page announces: that there is none after all is not the same as none announced.
    async fn document(&self, offered: &OfferedFile) -> Result<Option<bytes::Bytes>, String> {
        let key = format!("{} of {}", ATTESTATIONS.what, key(offered));
        if let Some(bytes) = self.gear.blobs.remembered(&key) {
            return Ok(Some(bytes));
        }
        let found = self.asked_beside(offered, ATTESTATIONS.ask).await?;
        let bytes = found.ok_or("the index announces them and has none")?;
        self.gear.blobs.remember(&key, &bytes);
        Ok(Some(bytes))
    }
}
