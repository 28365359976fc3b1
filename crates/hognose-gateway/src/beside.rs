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

impl Gateway {
    /// Answers for a file's metadata.
    pub(crate) async fn metadata(self: &Arc<Self>, path: &FilePath, asked: &Asked<'_>) -> Answer {
        match self.send_metadata(path, asked).await {
            Ok(answer) => answer,
            Err(refusal) => *refusal,
        }
    }

    async fn send_metadata(
        self: &Arc<Self>,
        path: &FilePath,
        asked: &Asked<'_>,
    ) -> Result<Answer, Box<Answer>> {
        let (page, offered) = self.offered(path).await?;
        let standing = self.standing(&page, &offered);
        self.allow(&page, &offered, &standing.ruling, asked)?;
        let key = format!("metadata of {}", key(&offered));
        let bytes = if let Some(bytes) = self.gear.blobs.remembered(&key) {
            bytes
        } else {
            let ask = |client: &Client, file: &IndexFile| client.metadata_bytes(file).map(Some);
            let fetched = self.beside(&offered, ask).await;
            let bytes = fetched
                .or_else(|reason| self.unavailable(&reason))?
                .unwrap_or_default();
            self.gear.blobs.remember(&key, &bytes);
            bytes
        };
        let mut answer = answer::with(StatusCode::OK, "application/octet-stream", bytes);
        put(&mut answer, header::CACHE_CONTROL, "private, max-age=600");
        Ok(answer)
    }

    /// Answers for a file's attestations, as its upstream has them.
    pub(crate) async fn provenance(self: &Arc<Self>, path: &FilePath, asked: &Asked<'_>) -> Answer {
        match self.send_provenance(path, asked).await {
            Ok(answer) => answer,
            Err(refusal) => *refusal,
        }
    }

    async fn send_provenance(
        self: &Arc<Self>,
        path: &FilePath,
        asked: &Asked<'_>,
    ) -> Result<Answer, Box<Answer>> {
        let (page, offered) = self.offered(path).await?;
        let standing = self.standing(&page, &offered);
        self.allow(&page, &offered, &standing.ruling, asked)?;
        let key = format!("provenance of {}", key(&offered));
        let bytes = if let Some(bytes) = self.gear.blobs.remembered(&key) {
            bytes
        } else {
            let ask = |client: &Client, file: &IndexFile| client.provenance_bytes(file);
            let fetched = self.beside(&offered, ask).await;
            let Some(bytes) = fetched.or_else(|reason| self.unavailable(&reason))? else {
                let none = Problem::new(404, "Not found", "no attestations are known of this file");
                return Err(Box::new(answer::problem(&none)));
            };
            self.gear.blobs.remember(&key, &bytes);
            bytes
        };
        let media = "application/vnd.pypi.integrity.v1+json";
        let mut answer = answer::with(StatusCode::OK, media, bytes);
        put(&mut answer, header::CACHE_CONTROL, "private, max-age=600");
        Ok(answer)
    }

    /// Asks the upstream of a file for something that it has beside it.
    async fn beside(
        &self,
        offered: &OfferedFile,
        ask: impl FnOnce(&Client, &IndexFile) -> Result<Option<Vec<u8>>, IndexError> + Send + 'static,
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
