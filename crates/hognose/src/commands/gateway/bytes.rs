//! What the engine knows of bytes: what they showed, and what a name had before.

use std::sync::PoisonError;

use hognose_gateway::judge::{Artifact, Inspected, Reason, Ruling};
use hognose_policy::Action;
use hognose_policy::conditions::Stated;
use hognose_types::rules::{id_moving_source, online};
use hognose_types::{Decision, Subject};
use jiff::civil::Date;

use super::engine::Engine;
use super::weigh::{component, ruling, whom};
use crate::commands::scan::{Remembered, behaviour_finding};

impl Engine {
    /// What remembered bytes mean under this policy.
    pub(super) fn inspected(
        &self,
        artifact: &Artifact<'_>,
        remembered: &Remembered,
        today: Date,
    ) -> Inspected {
        let malicious = remembered.band() == hognose_behaviour::Band::Malicious;
        let listed = self.listed(artifact.name, &artifact.file.version);
        if listed == Some(Action::Off) && !malicious {
            return Inspected::Read(Ruling::ALLOW);
        }
        let subject = Subject::of(&component(artifact.name, &artifact.file.version));
        let finding = behaviour_finding(remembered, subject.clone(), Vec::new());
        let mut judged = self.decided(finding.into_iter().collect(), today);
        let conditions = &self.rules.conditions;
        let most = conditions
            .max_score
            .is_some_and(|most| remembered.score() >= most);
        for one in &mut judged {
            // The gate of known flaws says nothing of behaviour: what behaves like malware is withheld by itself.
            if (malicious || most) && one.waiver.is_none() {
                one.decision = Decision::Block;
            }
        }
        if !self.rules.owned.owns(artifact.name) {
            let stated = Stated {
                statement: remembered.license.clone(),
                classifiers: Vec::new(),
            };
            let unmet = conditions.license(&stated, &whom(subject));
            judged.extend(self.decided(unmet.into_iter().collect(), today));
        }
        let mut ruling = ruling(judged.iter());
        for reason in unjudgeable(remembered, artifact) {
            ruling.join(Ruling {
                decision: Decision::Block,
                reasons: vec![reason],
            });
        }
        match remembered.unread.first() {
            // What was seen is enough to refuse it; it is never enough to let it in.
            Some(first) if !ruling.blocks() => Inspected::Unknown(format!(
                "{} parts of it were not read; the first: {}",
                remembered.unread.len(),
                hognose_types::text::short(first, 200)
            )),
            _ => Inspected::Read(ruling),
        }
    }

    /// What bytes showed when they were read here, or by another node.
    pub(super) fn remembered(&self, sha256: &str) -> Option<Remembered> {
        if let Some(own) = self.parts.memory.recall(sha256) {
            return Some(own);
        }
        let store = self.parts.store.as_ref()?;
        let kept = store.ruling(sha256, &Remembered::basis()).ok()??;
        Remembered::of_json(&kept, sha256)
    }

    /// Where that fails the artifact is read again: nothing is lost but time.
    pub(super) fn keep(&self, remembered: &Remembered) {
        self.parts.memory.keep(remembered);
        if let Some(store) = &self.parts.store {
            let (sha256, json) = (remembered.sha256(), remembered.json());
            let kept = store.keep_ruling(sha256, &Remembered::basis(), &json);
            // Whoever waits for the turn must find it.
            let _ = kept.and_then(|()| store.flush());
        }
    }

    /// What a file had before, where it had other bytes.
    pub(super) fn other(&self, key: &(String, String)) -> Option<String> {
        let replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.get(key).cloned()
    }

    /// What it means that a file name came with other bytes: the list of what is let in is the way out, after a look.
    pub(super) fn exchanged(&self, artifact: &Artifact<'_>, before: &str) -> Ruling {
        let version = &artifact.file.version;
        if self.listed(artifact.name, version) == Some(Action::Off) {
            return Ruling::ALLOW;
        }
        Ruling {
            decision: Decision::Block,
            reasons: vec![Reason {
                rule: online::REPLACED.as_str().to_owned(),
                message: format!(
                    "the file had other bytes when it was first served (sha256 {})",
                    before.get(..16).unwrap_or(before)
                ),
                remedy: format!(
                    "compare the two; `allow = [\"{}=={version}\"]` in [gateway] lets it in",
                    artifact.name.as_str()
                ),
            }],
        }
    }
}

/// Why what was read is not all that would be installed.
fn unjudgeable(remembered: &Remembered, artifact: &Artifact<'_>) -> Vec<Reason> {
    let reason = |rule: &str, message: String| Reason {
        rule: rule.to_owned(),
        message,
        remedy: format!(
            "`allow = [\"{}=={}\"]` in [gateway] lets it in",
            artifact.name.as_str(),
            artifact.file.version
        ),
    };
    let mut out = Vec::new();
    if let Some(first) = remembered.elsewhere.first() {
        // pip follows such an address; what lies there nobody has judged.
        let message = format!("it requires {first}, which no index stands before");
        out.push(reason(id_moving_source::ID.as_str(), message));
    }
    if remembered.two_formats {
        // Nobody needs that who means well, whatever else the archive shows.
        let message =
            "it is a valid archive of two formats, and tools differ on what they install of it";
        out.push(reason("HOG-MAL-archive", message.to_owned()));
    }
    out
}
