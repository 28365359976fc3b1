//! Names that look like another project's.
//!
//! 1. *Candidates*: projects whose name is one or two edits away, has the same letters once separators and look-alike
//!    characters are set aside, the same words in another order, the same name with a usual word added, or one word of
//!    several misspelt ([`Targets::candidates`]).
//! 2. *Features* of the pair: what kind of edit, where, how popular and how long the target is, and whether the word
//!    that differs is one that other projects use too, which honest names do and typos do not ([`Feature`]).
//! 3. A *score*: a weighted sum by a model file that can be read ([`Model`]).
//!
//! Method and operating points follow the comparison of published detectors in the project's notes on identity; ours
//! are in `docs/identity.md`.

mod acquit;
mod candidates;
mod edit;
mod features;
mod model;
mod targets;

pub use acquit::{acquit, is_used_too};
pub use edit::Edit;
pub use features::{Feature, Features};
pub use model::{Model, ModelError};
pub use targets::Targets;

/// How a name comes to look like another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Likeness {
    /// One edit: a letter more, less, another, or two exchanged.
    OneEdit(Edit),
    /// Two edits.
    TwoEdits,
    /// The same once separators are dropped and look-alike characters made one.
    Folded,
    /// The same words in another order.
    Reordered,
    /// The target with a usual word before it.
    WordBefore,
    /// The target with a usual word after it.
    WordAfter,
    /// The target with a usual word glued to its beginning.
    GluedBefore,
    /// The target with a usual word glued to its end.
    GluedAfter,
    /// One edit in one of several words.
    WordTypo(Edit),
}

impl Likeness {
    /// For people: how the name differs from the target's.
    pub fn describe(self) -> &'static str {
        match self {
            Self::OneEdit(edit) => edit.describe(),
            Self::TwoEdits => "two letters differ",
            Self::Folded => "it differs only in separators or characters that look alike",
            Self::Reordered => "it has the same words in another order",
            Self::WordBefore | Self::GluedBefore => "it puts a usual word before the name",
            Self::WordAfter | Self::GluedAfter => "it adds a usual word to the name",
            Self::WordTypo(_) => "one of its words is misspelt",
        }
    }
}

/// A name that may have been meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookalike<'t> {
    /// The name that was probably meant.
    pub target: &'t str,
    /// Its place among the targets, from 1 for the most popular; none for names of the user's own.
    pub rank: Option<u32>,
    /// How they are alike.
    pub likeness: Likeness,
    /// Points of the model; [`Model::review`] and [`Model::high`] are its thresholds.
    pub score: f32,
}

impl Targets {
    /// The likeliest target that a name imitates, or none. A name that is itself a target imitates nobody.
    pub fn check(&self, name: &str, model: &Model) -> Option<Lookalike<'_>> {
        if self.contains(name) {
            return None;
        }
        self.best(name, None, model)
            .filter(|found| found.score >= model.review)
    }

    /// The best candidate whatever its score, as if `without` were no target: for measuring.
    pub fn best(&self, name: &str, without: Option<&str>, model: &Model) -> Option<Lookalike<'_>> {
        let mut best: Option<Lookalike<'_>> = None;
        self.candidates(name, &mut |at, likeness| {
            let target = self.name(at);
            if Some(target) == without {
                return;
            }
            let features = self.features(name, at, likeness);
            let score = model.score(&features);
            if best.as_ref().is_none_or(|b| score > b.score) {
                best = Some(Lookalike {
                    target,
                    rank: self.rank(at),
                    likeness,
                    score,
                });
            }
        });
        best
    }

    /// The numbers of every candidate, or of one target only: for fitting.
    pub fn pairs(&self, name: &str, without: Option<&str>, only: Option<&str>) -> Vec<Features> {
        let mut out = Vec::new();
        self.candidates(name, &mut |at, likeness| {
            let target = self.name(at);
            if Some(target) != without && only.is_none_or(|only| only == target) {
                out.push(self.features(name, at, likeness));
            }
        });
        out
    }
}
