//! Pages of upstreams that are kept: those of `scan`, `inspect` and `show` are those of the gateway and the guard.

use std::time::Duration;

use hognose_gateway::catalog::Freshness;
use hognose_index::Running;
use hognose_policy::GatewaySettings;

use super::setup::{Request, clock};
use crate::index_settings::MAX_KEPT;

/// How kept answers count, as the configuration wants pages asked for again.
pub(super) fn running(own: &GatewaySettings, request: &Request<'_>) -> Running {
    let clock = clock(request.surroundings);
    let oldest = oldest(own.fresh);
    Running {
        clock: std::sync::Arc::new(move || u64::try_from(clock()).unwrap_or(0)),
        oldest,
        absent: Freshness::default().absent.as_secs().min(oldest),
        most: MAX_KEPT,
        elsewhere: None,
    }
}

/// A page in memory is asked for again after nine tenths of that at the earliest: then what is kept must not answer.
fn oldest(fresh: Duration) -> u64 {
    (fresh * 9 / 10).as_secs()
}
