//! Who a bundle says published: unsigned, so good for nothing but to be compared with the certificate.

use hognose_types::text::short;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{Identity, Refusal};

/// Who vouches for workflows of GitHub.
const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";
/// Who vouches for pipelines of GitLab.
const GITLAB_ISSUER: &str = "https://gitlab.com";
/// Who vouches for service accounts of Google.
const GOOGLE_ISSUER: &str = "https://accounts.google.com";
/// Who vouches for pipelines of CircleCI.
const CIRCLECI_ISSUER: &str = "https://oidc.circleci.com";

/// In what a certificate is not that of the publisher an index names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the index names {stated:?} as {what}, and the certificate says {}", found.as_deref().map_or_else(|| "nothing".to_owned(), |f| format!("{f:?}")))]
pub struct Disagreement {
    /// In what.
    pub what: Claim,
    /// What the index says.
    pub stated: String,
    /// What the certificate says.
    pub found: Option<String>,
}

/// What a publisher and a certificate both say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Claim {
    /// Who vouches.
    Issuer,
    /// The repository.
    Repository,
    /// The workflow or pipeline.
    Workflow,
    /// The address of mail.
    Email,
    /// The ref.
    Reference,
}

impl std::fmt::Display for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Issuer => "issuer",
            Self::Repository => "repository",
            Self::Workflow => "workflow",
            Self::Email => "account",
            Self::Reference => "ref",
        })
    }
}

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

    /// Compares with what the certificate says. Names count to the letter, as in the reference: another case is another
    /// name until somebody proves otherwise.
    ///
    /// # Errors
    ///
    /// The first thing in which they differ, or a kind for which no rule is known.
    pub fn agrees(&self, identity: &Identity) -> Result<(), Refusal> {
        match self {
            Self::GitHub {
                repository,
                workflow,
            } => {
                let home = format!("https://github.com/{repository}");
                forge(identity, GITHUB_ISSUER, &home)?;
                let file = format!("{home}/.github/workflows/{workflow}");
                built_by(identity, &file)
            }
            Self::GitLab {
                repository,
                workflow,
            } => {
                let home = format!("https://gitlab.com/{repository}");
                forge(identity, GITLAB_ISSUER, &home)?;
                let file = format!("{home}//{workflow}");
                // The reference reads both before it compares either.
                if identity.commit.is_none() || identity.reference.is_none() {
                    return Err(disagreement(Claim::Workflow, &file, None));
                }
                built_by(identity, &file)
            }
            Self::Google { email } => {
                same(Claim::Issuer, GOOGLE_ISSUER, Some(&identity.issuer))?;
                let found = identity.is_email.then_some(identity.subject.as_str());
                same(Claim::Email, email, found)
            }
            Self::CircleCi {
                project,
                pipeline,
                origin,
                reference,
            } => {
                same(Claim::Issuer, CIRCLECI_ISSUER, Some(&identity.issuer))?;
                let signer = format!(
                    "https://circleci.com/api/v2/projects/{project}/pipeline-definitions/{pipeline}"
                );
                same(Claim::Workflow, &signer, identity.signer.as_deref())?;
                if let Some(origin) = origin {
                    same(Claim::Repository, origin, identity.repository.as_deref())?;
                }
                if let Some(reference) = reference {
                    same(Claim::Reference, reference, identity.reference.as_deref())?;
                }
                Ok(())
            }
            Self::Unknown { kind } => Err(Refusal::UnknownPublisher {
                kind: short(kind, 40),
            }),
        }
    }

    /// The publisher that a certificate names; none where it is of a kind that is not known here.
    pub fn of_certificate(identity: &Identity) -> Option<Self> {
        let repository = |host: &str| identity.repository.as_deref()?.strip_prefix(host);
        let file = |between: &str| {
            let home = identity.repository.as_deref()?;
            let path = identity.build.as_deref()?.strip_prefix(home)?;
            let (path, _) = path.strip_prefix(between)?.split_once('@')?;
            Some(path.to_owned())
        };
        let publisher = match identity.issuer.as_str() {
            GITHUB_ISSUER => Self::GitHub {
                repository: repository("https://github.com/")?.to_owned(),
                workflow: file("/.github/workflows/")?,
            },
            GITLAB_ISSUER => Self::GitLab {
                repository: repository("https://gitlab.com/")?.to_owned(),
                workflow: file("//")?,
            },
            GOOGLE_ISSUER => Self::Google {
                email: identity.subject.clone(),
            },
            CIRCLECI_ISSUER => {
                let signer = identity.signer.as_deref()?;
                let signer = signer.strip_prefix("https://circleci.com/api/v2/projects/")?;
                let (project, pipeline) = signer.split_once("/pipeline-definitions/")?;
                Self::CircleCi {
                    project: project.to_owned(),
                    pipeline: pipeline.to_owned(),
                    origin: identity.repository.clone(),
                    reference: None,
                }
            }
            _ => return None,
        };
        publisher.agrees(identity).ok().map(|()| publisher)
    }

    /// The keys of an `attestation-identities` table of a lock, beside `kind`.
    pub fn keys(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::GitHub {
                repository,
                workflow,
            } => vec![("repository", repository), ("workflow", workflow)],
            Self::GitLab {
                repository,
                workflow,
            } => vec![("repository", repository), ("workflow_filepath", workflow)],
            Self::Google { email } => vec![("email", email)],
            Self::CircleCi {
                project,
                pipeline,
                origin,
                reference,
            } => {
                let mut keys = vec![
                    ("project_id", project.as_str()),
                    ("pipeline_definition_id", pipeline),
                ];
                keys.extend(origin.as_deref().map(|origin| ("vcs_origin", origin)));
                keys.extend(reference.as_deref().map(|reference| ("vcs_ref", reference)));
                keys
            }
            Self::Unknown { .. } => Vec::new(),
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

fn forge(identity: &Identity, issuer: &str, home: &str) -> Result<(), Refusal> {
    same(Claim::Issuer, issuer, Some(&identity.issuer))?;
    same(Claim::Repository, home, identity.repository.as_deref())
}

/// The build's configuration is this file at the commit or the ref that was built. An index does not know either, so
/// both come from the certificate.
fn built_by(identity: &Identity, file: &str) -> Result<(), Refusal> {
    let build = identity.build.as_deref();
    let at = [identity.commit.as_deref(), identity.reference.as_deref()];
    let fits = |at: &str| build == Some(format!("{file}@{at}").as_str());
    if at.into_iter().flatten().any(fits) {
        return Ok(());
    }
    Err(disagreement(Claim::Workflow, file, build))
}

fn same(what: Claim, stated: &str, found: Option<&str>) -> Result<(), Refusal> {
    if found == Some(stated) {
        return Ok(());
    }
    Err(disagreement(what, stated, found))
}

fn disagreement(what: Claim, stated: &str, found: Option<&str>) -> Refusal {
    Refusal::Publisher(Disagreement {
        what,
        stated: short(stated, 200),
        found: found.map(|f| short(f, 200)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(issuer: &str, repository: &str, build: &str) -> Identity {
        Identity {
            issuer: issuer.to_owned(),
            subject: "builder@project.example".to_owned(),
            is_email: true,
            repository: Some(repository.to_owned()),
            build: Some(format!("{build}@refs/tags/v1")),
            signer: Some(
                "https://circleci.com/api/v2/projects/p-1/pipeline-definitions/d-2".to_owned(),
            ),
            commit: Some("00".to_owned()),
            reference: Some("refs/tags/v1".to_owned()),
            ..Identity::default()
        }
    }

    #[test]
    fn publishers_of_certificates_agree_with_them_and_come_back_by_their_keys() {
        let github = "https://github.com/acme/tool";
        let gitlab = "https://gitlab.com/acme/group/tool";
        let known = [
            identity(
                GITHUB_ISSUER,
                github,
                &format!("{github}/.github/workflows/release.yml"),
            ),
            identity(GITLAB_ISSUER, gitlab, &format!("{gitlab}//ci/release.yml")),
            identity(GOOGLE_ISSUER, "", ""),
            identity(CIRCLECI_ISSUER, "github.com/acme/tool", ""),
        ];
        for identity in &known {
            let publisher = Publisher::of_certificate(identity).unwrap();
            assert_eq!(publisher.agrees(identity), Ok(()));
            let keys = publisher.keys();
            let again = Publisher::of_keys(|key| match key {
                "kind" => Some(publisher.kind()),
                key => keys.iter().find(|(k, _)| *k == key).map(|(_, v)| *v),
            });
            assert_eq!(again, publisher);
        }
        let other = identity("https://other.example", github, "");
        assert_eq!(Publisher::of_certificate(&other), None);
    }

    #[test]
    fn pipelines_of_circleci_are_compared_with_everything_that_is_stated() {
        let identity = identity(CIRCLECI_ISSUER, "github.com/acme/tool", "");
        let publisher =
            |project: &str, origin: Option<&str>, reference: Option<&str>| Publisher::CircleCi {
                project: project.to_owned(),
                pipeline: "d-2".to_owned(),
                origin: origin.map(str::to_owned),
                reference: reference.map(str::to_owned),
            };
        let differs = |publisher: &Publisher, identity: &Identity| match publisher.agrees(identity)
        {
            Err(Refusal::Publisher(disagreement)) => Some(disagreement.what),
            _ => None,
        };
        let whole = publisher("p-1", Some("github.com/acme/tool"), Some("refs/tags/v1"));
        assert_eq!(whole.agrees(&identity), Ok(()));
        assert_eq!(publisher("p-1", None, None).agrees(&identity), Ok(()));
        let cases = [
            (publisher("p-2", None, None), Claim::Workflow),
            (
                publisher("p-1/pipeline-definitions/d-2/x", None, None),
                Claim::Workflow,
            ),
            (
                publisher("p-1", Some("github.com/evil/tool"), None),
                Claim::Repository,
            ),
            (
                publisher("p-1", None, Some("refs/heads/main")),
                Claim::Reference,
            ),
        ];
        for (publisher, what) in cases {
            assert_eq!(differs(&publisher, &identity), Some(what), "{publisher:?}");
        }
        let mut other = identity.clone();
        other.issuer = GITHUB_ISSUER.to_owned();
        assert_eq!(differs(&whole, &other), Some(Claim::Issuer));
        other = identity;
        other.signer = None;
        assert_eq!(differs(&whole, &other), Some(Claim::Workflow));
    }
}
