//! What a project's own configuration lets through that would be stopped without it: whoever clones a project should know.

use std::time::Duration;

use hognose_policy::{Action, Config, OnUnknown, Waiver};
use hognose_types::RuleId;

use super::engine::ENFORCED;

/// The settings that let more through than no configuration at all, as they are written.
pub(super) fn settings(config: &Config, usual_age: Duration) -> Vec<String> {
    let own = &config.gateway;
    let mut out = Vec::new();
    let mut said = |weaker: bool, what: &str| {
        if weaker {
            out.push(what.to_owned());
        }
    };
    said(own.observe, "mode = \"observe\"");
    said(!own.inspect, "inspect = false");
    said(own.on_unknown == OnUnknown::Allow, "on-unknown = \"allow\"");
    said(
        config.min_age.is_some_and(|age| age < usual_age),
        "a shorter min-age",
    );
    said(!own.allow.is_empty(), "a list of what is let in");
    said(!config.policy.block_exploited, "block-exploited = false");
    let malicious = |waiver: &Waiver| {
        let advisory = waiver.advisory.as_deref().unwrap_or_default();
        let rule = waiver.rule.map(RuleId::as_str).unwrap_or_default();
        advisory.starts_with("MAL-") || rule.starts_with("HOG-MAL")
    };
    said(
        config.policy.waivers.iter().any(malicious),
        "a waiver for what is malicious",
    );
    for rule in ENFORCED {
        if config
            .policy
            .rules
            .get(&rule)
            .is_some_and(|action| *action != Action::Block)
        {
            said(true, rule.as_str());
        }
    }
    out
}
