//! Rulings of a page: what is decided without bytes.

use hognose_gateway::judge::{Offer, PageRulings, Reason, Ruling};
use hognose_index::IndexFile;
use hognose_policy::{Action, OnUnknown};
use hognose_types::{Decision, Judged, rules};

use super::engine::Engine;
use super::weigh::{ByVersion, denied, not_dated, ruling, undated};
use crate::project_facts;

/// Seconds after which a page is decided again about which something could not be known: whoever asks then waits for it.
const SOON: i64 = 30;

impl Engine {
    /// What is known of a file without its bytes.
    pub(super) fn by_page(
        &self,
        offer: &Offer<'_>,
        file: &IndexFile,
        found: &ByVersion<'_>,
    ) -> Ruling {
        let judged = found.judged(&file.version);
        let known_bad = |j: &&Judged| {
            j.finding.severity == hognose_types::Severity::Malicious && j.waiver.is_none()
        };
        match self.listed(offer.name, &file.version) {
            Some(Action::Block) => return denied(),
            // The list of what is let in is for what rules dislike, not for malware.
            Some(_) => return ruling(judged.iter().copied().filter(known_bad)),
            None => {}
        }
        let mut out = ruling(judged.iter().copied());
        for gap in found.gaps(&file.version) {
            out.join(Ruling {
                decision: Decision::Warn,
                reasons: vec![gap],
            });
        }
        if !self.rules.settings.allow_undated && !self.is_own(offer) && undated(file) {
            out.join(not_dated());
        }
        out
    }

    /// Without advisories nothing is known of anything: what that means is for the policy to say.
    pub(super) fn unknown(&self, offer: &Offer<'_>, error: &str) -> PageRulings {
        let ruling = Ruling {
            decision: if self.rules.settings.on_unknown == OnUnknown::Allow {
                Decision::Warn
            } else {
                Decision::Block
            },
            reasons: vec![Reason {
                rule: rules::gap_database::ID.as_str().to_owned(),
                message: format!("the advisory database cannot be read: {error}"),
                remedy: "rebuild it with `hognose db update`".to_owned(),
            }],
        };
        PageRulings {
            files: vec![ruling; offer.files.len()],
            until: None,
            wanted: Vec::new(),
        }
    }

    /// When the next file comes of age.
    pub(super) fn next_birthday(&self, offer: &Offer<'_>) -> Option<i64> {
        if self.is_own(offer) {
            return None;
        }
        let uploads = offer.files.iter().filter_map(|f| f.upload_time.as_deref());
        uploads
            .filter_map(project_facts::seconds)
            .map(|uploaded| uploaded.saturating_add(self.rules.min_age))
            .filter(|of_age| *of_age > offer.now)
            .min()
    }

    /// Something that could not be known now is said, and found out soon.
    pub(super) fn unsure(rulings: &mut PageRulings, reason: &str, now: i64) {
        for ruling in &mut rulings.files {
            ruling.join(Ruling {
                decision: Decision::Warn,
                reasons: vec![Reason {
                    rule: rules::gap_unreadable::ID.as_str().to_owned(),
                    message: format!("what was seen of the project before is not known: {reason}"),
                    remedy: "try again when the state of the gateway can be read".to_owned(),
                }],
            });
        }
        let soon = now.saturating_add(SOON);
        rulings.until = Some(rulings.until.map_or(soon, |until| until.min(soon)));
    }
}
