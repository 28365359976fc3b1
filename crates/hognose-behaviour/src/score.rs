//! Facts and a model give a score, a band and the rules that decided.

use crate::fact::{Fact, FactKind, Trigger};
use crate::model::{Band, Model};
use crate::rules::{self, Firing, Rule};

/// What facts amount to.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// 0 to 100.
    pub score: f64,
    /// What the score means.
    pub band: Band,
    /// Rules that fired, heaviest first.
    pub fired: Vec<Fired>,
}

/// A rule that fired.
#[derive(Clone, Debug)]
pub struct Fired {
    /// The rule.
    pub rule: Rule,
    /// How.
    pub firing: Firing,
    /// Points that entered the sum, after what came before was counted.
    pub counted: f64,
}

/// Points below which a rule is not reported.
const WORTH: f64 = 0.25;

/// Assesses facts by a model, with rules of the user's own besides the built-in ones.
pub fn assess(facts: &[Fact], model: &Model, own: &[Rule]) -> Assessment {
    let mut fired: Vec<Fired> = rules::builtin()
        .iter()
        .chain(own)
        .filter_map(|rule| {
            let weigh = |kind: FactKind, trigger: Trigger| match &rule.points {
                Some(points) => points.of(trigger),
                None => model.points(&rule.id, kind, trigger),
            };
            let firing = rules::fire(rule, facts, &weigh)?;
            (firing.points >= WORTH).then(|| Fired {
                rule: rule.clone(),
                firing,
                counted: 0.0,
            })
        })
        .collect();
    fired.sort_by(|a, b| {
        b.firing
            .points
            .total_cmp(&a.firing.points)
            .then_with(|| a.rule.id.cmp(&b.rule.id))
    });
    let mut share = 1.0;
    let mut logit = model.bias(facts);
    for one in &mut fired {
        one.counted = one.firing.points * share;
        logit += one.counted;
        share *= model.decay;
    }
    // One decimal: more would pretend to know.
    let score = (1000.0 / (1.0 + (-logit).exp())).round() / 10.0;
    let score = score.max(model.floor(facts));
    Assessment {
        score,
        band: model.band(score),
        fired,
    }
}
