//! What goes with a file: its metadata (PEP 658) and its attestations (PEP 740), under the same decision as the file.

use std::sync::Arc;

use bytes::Bytes;
use hognose_index::{Client, IndexError, IndexFile};
use hyper::StatusCode;
use hyper::header;

use crate::answer::{self, Answer, put};
use crate::artifact::key;
use crate::gateway::{Asked, Gateway};
use crate::offer::OfferedFile;
use crate::problem::Problem;
use crate::route::FilePath;

/// Asks an upstream for something; none where it has no such thing.
type Ask = fn(&Client, &IndexFile) -> Result<Option<Vec<u8>>, IndexError>;

/// Something that an upstream has beside a file.
pub(crate) struct Beside {
    /// What it is, as its place in the cache is called.
    pub(crate) what: &'static str,
    media: &'static str,
    pub(crate) ask: Ask,
}

/// The metadata of a wheel.
pub(crate) const METADATA: Beside = Beside {
    what: "metadata",
    media: "application/octet-stream",
    ask: |client, file| client.metadata_bytes(file).map(Some),
};

/// The attestations of a file, as its upstream has them.
pub(crate) const ATTESTATIONS: Beside = Beside {
    what: "attestations",
    media: "application/vnd.pypi.integrity.v1+json",
    ask: Client::provenance_bytes,
};

impl Gateway {
    /// Answers for what goes with a file.
    pub(crate) async fn beside(
        self: &Arc<Self>,
        beside: &Beside,
        path: &FilePath,
        asked: &Asked<'_>,
    ) -> Result<Answer, Box<Answer>> {
        let (page, offered) = self.offered(path).await?;
        let standing = self.standing(&page, &offered).await;
        self.allow(&page, &offered, &standing.ruling, asked)?;
        // Attestations themselves are handed on whatever they show: others may want to look.
        let digest = offered.file.sha256.as_deref();
        if let Some(digest) = digest.filter(|_| beside.what == METADATA.what) {
            let vouched = self.vouched(&page, &offered, digest).await;
            self.allow(&page, &offered, &vouched, asked)?;
        }
        let key = format!("{} of {}", beside.what, key(&offered));
        let bytes = if let Some(bytes) = self.gear.blobs.remembered(&key) {
            bytes
        } else {
            let fetched = self.asked_beside(&offered, beside.ask).await;
            let Some(bytes) = fetched.or_else(|reason| self.unavailable(&reason))? else {
                let detail = format!("no {} are known of this file", beside.what);
                let none = Problem::new(404, "Not found", &detail);
                return Err(Box::new(answer::problem(&none)));
            };
            self.gear.blobs.remember(&key, &bytes);
            bytes
        };
        let mut answer = answer::with(StatusCode::OK, beside.media, bytes);
        put(&mut answer, header::CACHE_CONTROL, "private, max-age=600");
        Ok(answer)
    }

    pub(crate) async fn asked_beside(
        &self,
        offered: &OfferedFile,
        ask: Ask,
    ) -> Result<Option<Bytes>, String> {
        let (upstreams, at) = (Arc::clone(&self.gear.upstreams), offered.upstream);
        let file = offered.file.clone();
        let fetched = tokio::task::spawn_blocking(move || {
            let upstream = upstreams.get(at).ok_or("the index is gone")?;
            let bytes = ask(&upstream.client, &file);
            bytes.map(|b| b.map(Bytes::from)).map_err(|e| e.to_string())
        });
        fetched.await.map_err(|e| e.to_string())?
    }
}
