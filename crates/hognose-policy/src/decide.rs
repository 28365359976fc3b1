//! Findings and gaps → verdict.

use hognose_types::{AppliedWaiver, Decision, Finding, Gap, Judged, JudgedGap, Notice, Verdict};
use jiff::civil::Date;

use crate::{Action, Gate, Policy, Waiver, WaiverOrigin};

/// What a policy makes of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Every finding with its decision, in the order given.
    pub judged: Vec<Judged>,
    /// Every gap with its decision.
    pub gaps: Vec<JudgedGap>,
    /// Waivers that expired or matched nothing.
    pub notices: Vec<Notice>,
    /// The verdict of the run.
    pub verdict: Verdict,
}

/// Applies a policy. `today` is the date that expiry is measured with; `anything_checked` is false when no input was
/// found at all.
pub fn decide(
    findings: Vec<Finding>,
    gaps: Vec<Gap>,
    policy: &Policy,
    today: Date,
    anything_checked: bool,
) -> Outcome {
    let mut used = Usage {
        waivers: &policy.waivers,
        matched: vec![false; policy.waivers.len()],
        today,
    };
    let judged: Vec<Judged> = findings
        .into_iter()
        .map(|finding| judge(finding, policy, &mut used))
        .collect();
    let gaps: Vec<JudgedGap> = gaps
        .into_iter()
        .map(|gap| {
            let waived = used.find(|waiver| waiver.covers_gap(&gap)).is_some();
            JudgedGap {
                allowed: waived || policy.allow_incomplete.contains(&gap.rule),
                gap,
            }
        })
        .collect();
    let verdict = Verdict {
        decision: judged
            .iter()
            .map(|j| j.decision)
            .max()
            .unwrap_or(Decision::Allow),
        complete: gaps.iter().all(|g| g.allowed),
        anything_checked,
    };
    Outcome {
        judged,
        gaps,
        notices: used.notices(),
        verdict,
    }
}

fn judge(finding: Finding, policy: &Policy, used: &mut Usage<'_>) -> Judged {
    if let Some(waiver) = used.find(|waiver| waiver.covers(&finding)) {
        let because = format!("waived at {}", waiver.location);
        return Judged {
            finding,
            decision: Decision::Allow,
            because,
            waiver: Some(applied(waiver)),
        };
    }
    let (decision, because) = gate(&finding, policy);
    Judged {
        finding,
        decision,
        because,
        waiver: None,
    }
}

/// The strictest gate of all places that bring the subject in: a package that is in the main set *and* in a lenient
/// group is in the main set.
fn gate(finding: &Finding, policy: &Policy) -> (Decision, String) {
    let severity = finding.severity;
    let because = |decision, why: &str| (decision, why.to_owned());
    if severity == hognose_types::Severity::Malicious {
        let why = "malicious packages always fail the run";
        return because(Decision::Block, why);
    }
    if let Some(said) = policy.rules.get(&finding.rule) {
        return by_rule(finding, *said);
    }
    if finding.rule.only_warns() {
        let why = "this rule asks for a look and never fails a run";
        return because(Decision::Warn, why);
    }
    let gates = finding.occurrences.iter().flat_map(|occurrence| {
        let groups: Vec<(Gate, Option<&String>)> = occurrence
            .groups
            .iter()
            .map(|group| group_gate(policy, group))
            .collect();
        if groups.is_empty() {
            vec![(policy.fail_on, None)]
        } else {
            groups
        }
    });
    let (gate, group) = gates
        .reduce(|a, b| if a.0.strictest(b.0) == a.0 { a } else { b })
        .unwrap_or((policy.fail_on, None));
    let name = group.map_or_else(String::new, |g| {
        format!(" of group {}", hognose_types::text::short(g, 60))
    });
    if gate.blocks(severity) {
        return (
            Decision::Block,
            format!(
                "severity {} is at or above fail-on {}{name}",
                severity.as_str(),
                gate.as_str()
            ),
        );
    }
    if policy.block_exploited && finding.advisory.as_ref().is_some_and(|a| a.kev.is_some()) {
        return (
            Decision::Block,
            "the flaw is known to be exploited, and block-exploited is on".to_owned(),
        );
    }
    if let Some(why) = likely(finding, policy) {
        return (Decision::Block, why);
    }
    (
        Decision::Warn,
        format!(
            "severity {} is below fail-on {}{name}",
            severity.as_str(),
            gate.as_str()
        ),
    )
}

/// A flaw that is likely to be exploited soon, as the policy has it.
fn likely(finding: &Finding, policy: &Policy) -> Option<String> {
    let most = policy.max_epss?;
    let epss = finding.advisory.as_ref()?.epss.as_ref()?;
    let likely = epss.probability >= most;
    likely.then(|| {
        format!(
            "the flaw is exploited with a probability of {:.3}, and max-epss is {most}",
            epss.probability
        )
    })
}

/// What the policy says of a rule by name.
fn by_rule(finding: &Finding, action: Action) -> (Decision, String) {
    let (decision, word) = match action {
        Action::Block => (Decision::Block, "block"),
        Action::Warn => (Decision::Warn, "warn"),
        Action::Off => (Decision::Allow, "off"),
    };
    let because = format!("the policy sets {} to {word}", finding.rule.as_str());
    (decision, because)
}

fn group_gate<'a>(policy: &Policy, group: &'a String) -> (Gate, Option<&'a String>) {
    policy
        .groups
        .get(group)
        .map_or((policy.fail_on, None), |gate| (*gate, Some(group)))
}

fn applied(waiver: &Waiver) -> AppliedWaiver {
    let (vex_status, vex_justification) = match &waiver.origin {
        WaiverOrigin::Vex {
            status,
            justification,
        } => (Some(status.clone()), justification.clone()),
        WaiverOrigin::Policy | WaiverOrigin::Imported => (None, None),
    };
    AppliedWaiver {
        reason: waiver.reason.clone(),
        expires: waiver.expires.map(|d| d.to_string()),
        owner: waiver.owner.clone(),
        location: waiver.location.clone(),
        vex_status,
        vex_justification,
    }
}

/// Which waivers matched anything.
struct Usage<'a> {
    waivers: &'a [Waiver],
    matched: Vec<bool>,
    today: Date,
}

impl<'a> Usage<'a> {
    /// The first waiver that covers and still holds. Every waiver that covers counts as matched, so that a second one
    /// for the same finding, or an expired one, is not called useless.
    fn find(&mut self, covers: impl Fn(&Waiver) -> bool) -> Option<&'a Waiver> {
        let mut found = None;
        for (waiver, matched) in self.waivers.iter().zip(&mut self.matched) {
            if covers(waiver) {
                *matched = true;
                if found.is_none() && waiver.holds_on(self.today) {
                    found = Some(waiver);
                }
            }
        }
        found
    }

    fn notices(&self) -> Vec<Notice> {
        let mut out = Vec::new();
        for (waiver, matched) in self.waivers.iter().zip(&self.matched) {
            let label = waiver.label();
            let message = match (
                waiver.expires.filter(|_| !waiver.holds_on(self.today)),
                matched,
            ) {
                (Some(date), true) => {
                    format!("the waiver for {label} expired on {date} and no longer counts")
                }
                (Some(date), false) => format!(
                    "the waiver for {label} expired on {date} and matches nothing: remove it"
                ),
                // A VEX document speaks of every release of a product: what does not match here may elsewhere.
                (None, false) if !matches!(waiver.origin, WaiverOrigin::Vex { .. }) => {
                    format!("the waiver for {label} matches nothing: remove it")
                }
                (None, _) => continue,
            };
            out.push(Notice {
                location: Some(waiver.location.clone()),
                message,
            });
        }
        out
    }
}
