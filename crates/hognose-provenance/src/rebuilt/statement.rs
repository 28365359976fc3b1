//! What the two kinds of statements say. SLSA provenance both; their build types tell them apart.

use std::collections::BTreeMap;

use hognose_types::text::short;
use serde::Deserialize;
use serde_json::Value;
use sigstore_verify::types::PayloadBytes;

use super::{RebuildFault, SHOWN};

/// The only type of statement that counts.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The only type of predicate.
const PREDICATE: &str = "https://slsa.dev/provenance/v1";
/// What was built, and how.
const BUILD: &str = "https://docs.oss-rebuild.dev/builds/Rebuild@v0.1";
/// That two artifacts are the same.
const EQUIVALENCE: &str = "https://docs.oss-rebuild.dev/builds/ArtifactEquivalence@v0.1";
/// The part of a build that says how it was done.
const STRATEGY: &str = "build.json";

/// A statement about one file.
#[derive(Debug)]
pub(super) struct Statement {
    /// Its name, as written.
    pub(super) subject: String,
    pub(super) sha256: String,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Build(Built),
    Equivalence(Compared),
}

/// A build.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) ecosystem: String,
    pub(super) package: String,
    pub(super) version: String,
    pub(super) artifact: String,
    pub(super) repository: Option<String>,
    pub(super) commit: Option<String>,
    pub(super) strategy: Option<String>,
    pub(super) definition: Option<String>,
    pub(super) finished: Option<String>,
}

/// A comparison.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) builder: String,
    /// sha256 of what was built, of what the index has, and of both without what does not matter.
    pub(super) rebuilt: String,
    pub(super) upstream: String,
    pub(super) stabilized: String,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "_type")]
    kind: String,
    #[serde(default)]
    subject: Vec<Resource>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Predicate {
    build_definition: Definition,
    run_details: Run,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    build_type: String,
    external_parameters: Parameters,
    #[serde(default)]
    resolved_dependencies: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    #[serde(default)]
    ecosystem: String,
    #[serde(default)]
    package: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    artifact: String,
    #[serde(default)]
    build_config_source: Option<Place>,
}

#[derive(Deserialize)]
struct Place {
    repository: String,
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default)]
    path: String,
}

#[derive(Deserialize)]
struct Run {
    builder: Builder,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    byproducts: Vec<Resource>,
}

#[derive(Deserialize)]
struct Builder {
    id: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    finished_on: Option<String>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    name: String,
    #[serde(default)]
    digest: BTreeMap<String, String>,
    #[serde(default)]
    content: Option<String>,
}

impl Statement {
    /// Reads the statement of an envelope.
    pub(super) fn parse(payload: &[u8], position: usize) -> Result<Self, RebuildFault> {
        let malformed = |error: serde_json::Error| RebuildFault::Malformed {
            position,
            reason: short(&error.to_string(), SHOWN),
        };
        let raw: Raw = serde_json::from_slice(payload).map_err(malformed)?;
        known("a statement", &raw.kind, &[STATEMENT])?;
        known("a predicate", &raw.predicate_type, &[PREDICATE])?;
        let kind = raw.predicate.pointer("/buildDefinition/buildType");
        let kind = kind.and_then(Value::as_str).unwrap_or_default();
        known("a build", kind, &[BUILD, EQUIVALENCE])?;
        let predicate: Predicate = serde_json::from_value(raw.predicate).map_err(malformed)?;
        let mut subjects = raw.subject.into_iter();
        let subject = match (subjects.next(), subjects.next()) {
            (Some(one), None) => one,
            (None, _) => return Err(RebuildFault::Missing { what: "subject" }),
            (Some(_), Some(_)) => return Err(RebuildFault::Twice { what: "subjects" }),
        };
        let what = if predicate.build_definition.build_type == BUILD {
            What::Build(Built::of(predicate))
        } else {
            What::Equivalence(Compared::of(&predicate)?)
        };
        Ok(Self {
            sha256: subject.sha256("sha256 of the subject")?,
            subject: subject.name,
            what,
        })
    }
}

impl Built {
    fn of(predicate: Predicate) -> Self {
        let definition = predicate.build_definition;
        let run = predicate.run_details;
        let source = definition.resolved_dependencies.iter().find_map(|part| {
            let repository = part.name.strip_prefix("git+")?;
            Some((repository, part))
        });
        let commit = source.and_then(|(_, part)| {
            let names = ["gitCommit", "sha1", "sha256"];
            names.iter().find_map(|name| part.digest.get(*name))
        });
        let strategy = run.byproducts.iter().find(|part| part.name == STRATEGY);
        let parameters = definition.external_parameters;
        let by_hand = parameters.build_config_source;
        let by_hand = by_hand.map(|place| match place.path.as_str() {
            "" => format!("{}@{}", place.repository, place.reference),
            path => format!("{}@{}:{path}", place.repository, place.reference),
        });
        Self {
            ecosystem: parameters.ecosystem,
            package: parameters.package,
            version: parameters.version,
            artifact: parameters.artifact,
            repository: source.map(|(repository, _)| short(repository, SHOWN)),
            commit: commit.map(|commit| short(commit, 64)),
            strategy: strategy.and_then(strategy_of),
            definition: by_hand.map(|text| short(&text, SHOWN)),
            finished: run.metadata.finished_on.map(|time| short(&time, 40)),
        }
    }
}

/// The only key of the object that a strategy is written as: its kind.
fn strategy_of(part: &Resource) -> Option<String> {
    let content = PayloadBytes::from_base64(part.content.as_deref()?).ok()?;
    let strategy: serde_json::Map<String, Value> =
        serde_json::from_slice(content.as_bytes()).ok()?;
    let kind = strategy.keys().next()?;
    Some(short(kind, SHOWN))
}

impl Compared {
    fn of(predicate: &Predicate) -> Result<Self, RebuildFault> {
        let parts = predicate.build_definition.resolved_dependencies.as_slice();
        let [one, other] = parts else {
            return Err(RebuildFault::Missing {
                what: "pair of artifacts that were compared",
            });
        };
        let (rebuilt, upstream) = match (is_rebuilt(one), is_rebuilt(other)) {
            (true, false) => (one, other),
            (false, true) => (other, one),
            _ => {
                return Err(RebuildFault::Missing {
                    what: "pair of artifacts that were compared",
                });
            }
        };
        let stabilized = predicate.run_details.byproducts.iter().find(|part| {
            // What it was called at first.
            part.name.starts_with("stabilized/") || part.name.starts_with("normalized/")
        });
        let missing = RebuildFault::Missing {
            what: "stabilized artifact",
        };
        Ok(Self {
            builder: short(&predicate.run_details.builder.id, SHOWN),
            rebuilt: rebuilt.sha256("sha256 of what was built")?,
            upstream: upstream.sha256("sha256 of what was compared")?,
            stabilized: stabilized
                .ok_or(missing)?
                .sha256("sha256 of the stabilized artifact")?,
        })
    }
}

fn is_rebuilt(part: &Resource) -> bool {
    part.name.starts_with("rebuild/")
}

impl Resource {
    fn sha256(&self, what: &'static str) -> Result<String, RebuildFault> {
        let hex = self.digest.get("sha256");
        let is_hex = |hex: &&String| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        let hex = hex.filter(is_hex).ok_or(RebuildFault::Missing { what })?;
        Ok(hex.to_ascii_lowercase())
    }
}

fn known(what: &'static str, found: &str, all: &[&str]) -> Result<(), RebuildFault> {
    if all.contains(&found) {
        return Ok(());
    }
    Err(RebuildFault::Unknown {
        what,
        found: short(found, SHOWN),
    })
}
