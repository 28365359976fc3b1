//! Whose a project is: the upstream that delivered it first.

use hognose_types::PackageName;

use super::Catalog;
use crate::judge::{Reason, Ruling};

impl Catalog {
    /// What it means that another upstream delivered the project first: whoever can publish on one must not deliver for
    /// all once a name is gone from its home (dependency confusion).
    pub(super) fn stranger(
        &self,
        name: &PackageName,
        upstream: usize,
    ) -> Result<Option<Ruling>, String> {
        let only = self.upstreams.iter().count() < 2;
        let Some(now) = self.upstreams.get(upstream).map(|u| &u.name) else {
            return Ok(None);
        };
        if only || self.upstreams.owns(name) {
            return Ok(None);
        }
        let Some(first) = self.judge.owner(name, now)? else {
            return Ok(None);
        };
        let known = self.upstreams.iter().any(|u| u.name == first);
        Ok((first != *now && known).then(|| Ruling {
            decision: hognose_types::Decision::Block,
            reasons: vec![Reason {
                rule: "HOG-ID-confusion".to_owned(),
                message: format!(
                    "the project came from {first}, which has it no more; what {now} has under its name may be anybody's"
                ),
                remedy: format!(
                    "where it has moved, say so: `owned = [\"{}\"]` at that upstream",
                    name.as_str()
                ),
            }],
        }))
    }
}

/// Whose a project is cannot be known now: it is not let in for that.
pub(super) fn not_known(reason: &str) -> Ruling {
    Ruling {
        decision: hognose_types::Decision::Block,
        reasons: vec![Reason {
            rule: "HOG-ID-confusion".to_owned(),
            message: format!(
                "which upstream delivered the project first cannot be known now: {reason}"
            ),
            remedy: "try again when the state of the gateway can be read".to_owned(),
        }],
    }
}
