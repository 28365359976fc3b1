//! The weights, in a file that can be read.

use serde::Deserialize;

use super::features::{Feature, Features};

/// Weights of the features, and the scores from which a likeness is worth a word.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    weights: Vec<f32>,
    /// From here: have a look.
    pub review: f32,
    /// From here: hardly ever an honest name.
    pub high: f32,
}

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Not the expected TOML.
    #[error("the look-alike model cannot be read")]
    Toml(#[from] toml::de::Error),
    /// A weight for a feature that does not exist, or none for one that does.
    #[error("the look-alike model has no weight, or one too many, for {0:?}")]
    Feature(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    review: f32,
    high: f32,
    weights: std::collections::BTreeMap<String, f32>,
}

impl Model {
    /// The one that comes with the program.
    ///
    /// # Errors
    ///
    /// None: a test reads it.
    pub fn builtin() -> Result<Self, ModelError> {
        Self::parse(include_str!("../../lookalike.toml"))
    }

    /// Reads a model file.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let mut file: File = toml::from_str(text)?;
        let weights = Feature::ALL.iter().map(|feature| {
            file.weights
                .remove(feature.as_str())
                .ok_or_else(|| ModelError::Feature(feature.as_str().to_owned()))
        });
        let weights = weights.collect::<Result<Vec<f32>, _>>()?;
        match file.weights.pop_first() {
            Some((name, _)) => Err(ModelError::Feature(name)),
            None => Ok(Self {
                weights,
                review: file.review,
                high: file.high,
            }),
        }
    }

    /// A model of given weights, in the order of [`Feature::ALL`]: for fitting.
    pub fn of(weights: Vec<f32>, review: f32, high: f32) -> Self {
        Self {
            weights,
            review,
            high,
        }
    }

    /// The weighted sum.
    pub fn score(&self, features: &Features) -> f32 {
        let pairs = self.weights.iter().zip(features.values());
        pairs.map(|(weight, value)| weight * value).sum()
    }
}
