//! Attestations of a file, seen before it is served.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hognose_index::IndexError;

use crate::artifact::key;
use crate::gateway::Gateway;
use crate::judge::{Artifact, Attested, Document, Ruling};
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
            return judge.attested(&artifact, Document::None).ruling;
        }
        let revision = judge.revision();
        let at = (sha256.to_owned(), offered.file.filename.clone());
        if let Some(known) = self.attested.get(&revision, &at) {
            return known;
        }
        let document = self.document(offered).await;
        let project = page.parts.name.clone();
        let (page, file, digest) = (Arc::clone(page), offered.file.clone(), sha256.to_owned());
        let lasting = !matches!(document, Fetched::Missed(_));
        let read = tokio::task::spawn_blocking(move || {
            let artifact = Artifact {
                name: &page.parts.name,
                file: &file,
                sha256: &digest,
            };
            let document = match &document {
                Fetched::Bytes(bytes) => Document::Bytes(bytes),
                Fetched::TooLarge(limit) => Document::TooLarge(*limit),
                Fetched::Missed(reason) => Document::Missed(reason),
            };
            judge.attested(&artifact, document)
        });
        let Ok(Attested { ruling, news }) = read.await else {
            return Ruling {
                decision: hognose_types::Decision::Block,
                reasons: Vec::new(),
            };
        };
        if news {
            self.gear.catalog.decide_again(&project).await;
        }
        if lasting {
            self.attested.put(&revision, at, ruling.clone());
        }
        ruling
    }

    /// The document that the page announces: that there is none after all is not the same as none announced. What is no
    /// document is for whoever verifies it to refuse.
    async fn document(&self, offered: &OfferedFile) -> Fetched {
        let key = format!("provenance of {}", key(offered));
        if let Some(bytes) = self.gear.blobs.remembered(&key) {
            return Fetched::Bytes(bytes);
        }
        let (upstreams, at) = (Arc::clone(&self.gear.upstreams), offered.upstream);
        let file = offered.file.clone();
        let fetched = tokio::task::spawn_blocking(move || {
            let Some(upstream) = upstreams.get(at) else {
                return Fetched::Missed("the index is gone".to_owned());
            };
            match upstream.client.provenance_document(&file) {
                Ok(Some(bytes)) => Fetched::Bytes(bytes.into()),
                Ok(None) => Fetched::Missed("the index announces them and has none".to_owned()),
                Err(IndexError::TooLarge { limit, .. }) => Fetched::TooLarge(limit),
                Err(error) => Fetched::Missed(error.to_string()),
            }
        });
        let fetched = fetched.await;
        let fetched = fetched.unwrap_or_else(|_| Fetched::Missed("the question failed".to_owned()));
        if let Fetched::Bytes(bytes) = &fetched {
            self.gear.blobs.remember(&key, bytes);
        }
        fetched
    }
}

/// What came of asking for a document.
enum Fetched {
    Bytes(Bytes),
    TooLarge(u64),
    Missed(String),
}
