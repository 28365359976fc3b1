//! What the nodes of a gateway share beside the state: artifacts in a bucket.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use hognose_gateway::blobs::Blobs;
use hognose_gateway::catalog::Clock;
use hognose_gateway::s3::{Bucket, Credentials, S3};
use hognose_policy::BucketSettings;
use hognose_store::{Store, Turn};
use hognose_types::RedactedUrl;

use crate::error::Failure;
use crate::surroundings::Surroundings;

/// How long a node waits for another that fetches the same artifact, before it does so itself.
const PATIENCE: Duration = Duration::from_mins(1);

/// The region of services that have none.
const REGION: &str = "us-east-1";

/// Adds the bucket of the configuration to the directory of this node.
pub(super) fn share(
    blobs: Blobs,
    settings: &BucketSettings,
    store: &Arc<dyn Store>,
    clock: Clock,
    surroundings: &Surroundings,
) -> Result<Blobs, Failure> {
    let s3 = S3::new(bucket(settings, surroundings)?, clock);
    s3.probe().map_err(|e| {
        Failure::incomplete(format!("cannot use the bucket {}", settings.bucket))
            .because(&e)
            .hint("see `blobs`, `s3-endpoint` and `s3-region` in the configuration, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    })?;
    let store = Arc::clone(store);
    let turns = move |key: &str| {
        // Without one the artifact is fetched twice at worst.
        let turn = store.turn(key, PATIENCE).ok()??;
        Some(Box::new(turn) as Box<dyn Any + Send>)
    };
    Ok(blobs.with_shared(Arc::new(s3), Arc::new(turns)))
}

/// Waits for a turn at reading an artifact among all nodes; without one it is read twice at worst.
pub(super) fn turn(store: &dyn Store, sha256: &str) -> Option<Turn> {
    store.turn(&format!("reading {sha256}"), PATIENCE).ok()?
}

fn bucket(settings: &BucketSettings, surroundings: &Surroundings) -> Result<Bucket, Failure> {
    let first = |names: &[&str]| names.iter().find_map(|name| surroundings.variable(name));
    let needed = |name: &str| {
        let value = surroundings.variable(name).map(str::to_owned);
        value.ok_or_else(|| {
            Failure::usage(format!("the bucket of artifacts needs {name}"))
                .hint("set it in the environment of the gateway, never in a file of the project")
        })
    };
    let endpoint = first(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]).map(RedactedUrl::new);
    let region = first(&["AWS_REGION", "AWS_DEFAULT_REGION"]).unwrap_or(REGION);
    Ok(Bucket {
        endpoint: settings.endpoint.clone().or(endpoint),
        region: settings.region.clone().unwrap_or_else(|| region.to_owned()),
        bucket: settings.bucket.clone(),
        prefix: settings.prefix.clone(),
        credentials: Credentials {
            key_id: needed("AWS_ACCESS_KEY_ID")?,
            secret: needed("AWS_SECRET_ACCESS_KEY")?,
            session_token: surroundings
                .variable("AWS_SESSION_TOKEN")
                .map(str::to_owned),
        },
    })
}
