//! New advisories while the gateway runs: `hognose db update` puts a new file in the place of the old one, and what it
//! condemns is served no more, from the cache either.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hognose_advisories::Database;

use super::engine::Engine;

/// How often the file is looked at.
const PAUSE: Duration = Duration::from_secs(2);

/// Looks for a new file as long as the gateway runs.
pub(super) async fn watch(path: PathBuf, engine: Arc<Engine>) {
    let mut seen = stamp(&path);
    loop {
        tokio::time::sleep(PAUSE).await;
        let now = stamp(&path);
        if now == seen || now.is_none() {
            continue;
        }
        let (own, engine) = (path.clone(), Arc::clone(&engine));
        let opened = tokio::task::spawn_blocking(move || {
            // A file that cannot be read is no reason to know less than before: it is tried again.
            let database = Database::open(&own).ok()?;
            database.verify().ok()?;
            engine.learn(database);
            Some(())
        });
        if opened.await.is_ok_and(|learnt| learnt.is_some()) {
            seen = now;
        }
    }
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}
