//! Who a bundle says published: unsigned, so good for nothing but to be compared with the certificate.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// A Trusted Publisher, as the index writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Publisher {
    /// A workflow of GitHub Actions.
    GitHub {
        /// `owner/repository`.
        repository: String,
        /// File name of the workflow.
        workflow: String,
    },
    /// A pipeline of GitLab's own installation; no other can attest.
    GitLab {
        /// `group/…/project`.
        repository: String,
        /// Path of the pipeline's file.
        workflow: String,
    },
    /// A service account of Google Cloud.
    Google {
        /// Its address.
        email: String,
    },
    /// A pipeline of CircleCI.
    CircleCi {
        /// Project.
        project: String,
        /// Pipeline definition.
        pipeline: String,
        /// Repository, without scheme.
        origin: Option<String>,
        /// Ref of the repository.
        reference: Option<String>,
    },
    /// A kind that is not known here, or one of the above without what belongs to it.
    Unknown {
        /// What the index calls it.
        kind: String,
    },
}

impl Publisher {
    /// What the index calls this kind.
    pub fn kind(&self) -> &str {
        match self {
            Self::GitHub { .. } => "GitHub",
            Self::GitLab { .. } => "GitLab",
            Self::Google { .. } => "Google",
            Self::CircleCi { .. } => "CircleCI",
            Self::Unknown { kind } => kind,
        }
    }

    /// From the keys of an object, of a provenance document or of an `attestation-identities` table of a lock.
    pub fn of_keys<'k>(keys: impl Fn(&str) -> Option<&'k str>) -> Self {
        let own = |key: &str| keys(key).filter(|v| !v.is_empty()).map(str::to_owned);
        let kind = own("kind").unwrap_or_default();
        let known = match kind.as_str() {
            "GitHub" => own("repository")
                .zip(own("workflow"))
                .map(|(r, w)| Self::GitHub {
                    repository: r,
                    workflow: w,
                }),
            "GitLab" => own("repository")
                .zip(own("workflow_filepath"))
                .map(|(r, w)| Self::GitLab {
                    repository: r,
                    workflow: w,
                }),
            "Google" => own("email").map(|email| Self::Google { email }),
            "CircleCI" => own("project_id")
                .zip(own("pipeline_definition_id"))
                .map(|(p, d)| Self::CircleCi {
                    project: p,
                    pipeline: d,
                    origin: own("vcs_origin"),
                    reference: own("vcs_ref"),
                }),
            _ => None,
        };
        known.unwrap_or(Self::Unknown { kind })
    }
}

impl<'de> Deserialize<'de> for Publisher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keys = Map::<String, Value>::deserialize(deserializer)?;
        Ok(Self::of_keys(|key| keys.get(key).and_then(Value::as_str)))
    }
}
