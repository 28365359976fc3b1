//! Counters in the text form of Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::gateway::Gateway;

pub(crate) fn text(gateway: &Gateway) -> String {
    let counts = &gateway.counts;
    let counters: [(&str, &str, &AtomicU64); 9] = [
        ("requests_total", "Requests answered.", &counts.requests),
        ("pages_total", "Project pages sent.", &counts.pages),
        ("files_total", "Distribution files sent.", &counts.files),
        (
            "blocked_total",
            "Distribution files refused.",
            &counts.blocked,
        ),
        (
            "downloads_total",
            "Files fetched from upstreams.",
            &counts.downloads,
        ),
        (
            "inspected_total",
            "Artifacts whose bytes were read.",
            &counts.inspected,
        ),
        (
            "upstream_failures_total",
            "Questions an upstream did not answer.",
            &counts.failures,
        ),
        (
            "connections_closed_total",
            "Connections closed because their client had too many.",
            &counts.crowded,
        ),
        (
            "upstream_questions_total",
            "Projects asked of upstreams.",
            &gateway.gear.catalog.asked,
        ),
    ];
    let mut out = String::new();
    for (name, help, counter) in counters {
        let value = counter.load(Ordering::Relaxed);
        let _ = write!(
            out,
            "# HELP hognose_{name} {help}\n# TYPE hognose_{name} counter\nhognose_{name} {value}\n"
        );
    }
    let bytes = gateway.gear.blobs.size();
    let _ = write!(
        out,
        "# HELP hognose_cache_bytes Bytes of artifacts kept.\n# TYPE hognose_cache_bytes gauge\nhognose_cache_bytes {bytes}\n"
    );
    if let Some((taken, failures)) = gateway.gear.blobs.common() {
        let _ = write!(
            out,
            "# HELP hognose_shared_taken_total Artifacts taken from what nodes share.\n# TYPE hognose_shared_taken_total counter\nhognose_shared_taken_total {taken}\n\
             # HELP hognose_shared_failures_total Failures of what nodes share.\n# TYPE hognose_shared_failures_total counter\nhognose_shared_failures_total {failures}\n"
        );
    }
    out
}
