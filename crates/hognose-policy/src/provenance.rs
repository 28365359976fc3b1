//! `[policy.provenance]`: whose releases must be attested, and by whom attestations count.

use std::collections::BTreeMap;

use hognose_types::rules::provenance;
use hognose_types::{OwnedNames, PackageName, RuleId};
use serde::Deserialize;
use toml::Spanned;

use crate::config::Context;
use crate::{Action, ConfigError};

/// What a policy asks of attestations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProvenancePolicy {
    /// Projects whose files must have an attestation that holds.
    pub require: OwnedNames,
    /// Owners of repositories that may publish; empty for any.
    pub owners: Vec<String>,
    /// What may start a build: `push`, `release`; empty for anything.
    pub triggers: Vec<String>,
    /// Whose machines may build: `github-hosted`; empty for anybody's.
    pub runners: Vec<String>,
    /// What may be built: `refs/tags/*`; empty for anything.
    pub refs: Vec<String>,
}

/// What an attestation that holds says of a build; none where it does not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Built<'a> {
    /// Address of the owner of the repository.
    pub owner: Option<&'a str>,
    /// What started it.
    pub trigger: Option<&'a str>,
    /// Whose machine it ran on.
    pub runner: Option<&'a str>,
    /// What was built.
    pub reference: Option<&'a str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct RawProvenance {
    require: Vec<Spanned<String>>,
    owners: Vec<String>,
    triggers: Vec<String>,
    runners: Vec<String>,
    refs: Vec<String>,
    lost: Option<Spanned<String>>,
    changed: Option<Spanned<String>>,
}

impl Context<'_> {
    /// What happens to releases that are not attested as those before: the rules by the names that they have here.
    pub(crate) fn attested_before(
        &self,
        raw: &RawProvenance,
        rules: &mut BTreeMap<RuleId, Action>,
    ) -> Result<(), ConfigError> {
        for (key, word, rule) in [
            ("lost", &raw.lost, provenance::LOST),
            ("changed", &raw.changed, provenance::CHANGED),
        ] {
            let Some(word) = word else { continue };
            let action = Action::from_word(word.get_ref()).ok_or_else(|| {
                let message = format!("unknown action {:?} in {key}", word.get_ref());
                self.error(word.span().start, message, Some("use block, warn or off"))
            })?;
            if rules
                .insert(rule, action)
                .is_some_and(|other| other != action)
            {
                let message = format!("{key} and {} in rules say different things", rule.as_str());
                return Err(self.error(word.span().start, message, Some("keep one of them")));
            }
        }
        Ok(())
    }

    pub(crate) fn provenance(&self, raw: &RawProvenance) -> Result<ProvenancePolicy, ConfigError> {
        Ok(ProvenancePolicy {
            require: self.owned(&raw.require)?,
            owners: raw.owners.clone(),
            triggers: raw.triggers.clone(),
            runners: raw.runners.clone(),
            refs: raw.refs.clone(),
        })
    }
}

impl ProvenancePolicy {
    /// Whether files of a project must have an attestation that holds.
    pub fn requires(&self, name: &PackageName) -> bool {
        self.require.owns(name)
    }

    /// Why an attestation does not count, though it holds; none where it does. What it does not say is not let in by a
    /// list.
    pub fn refuses(&self, built: &Built<'_>) -> Option<String> {
        [
            ("the owner", &self.owners, built.owner),
            ("the trigger", &self.triggers, built.trigger),
            ("the runner", &self.runners, built.runner),
            ("the ref", &self.refs, built.reference),
        ]
        .into_iter()
        .filter(|(_, list, _)| !list.is_empty())
        .find(|(_, list, said)| !said.is_some_and(|said| list.iter().any(|p| fits(p, said))))
        .map(|(what, _, said)| match said {
            Some(said) => format!("{what} {said} is not one that the policy lets in"),
            None => format!("{what} is not stated, and the policy lets in named ones alone"),
        })
    }
}

/// A word, or the beginning of words with a `*` behind it. An owner may be written without the scheme of its address.
fn fits(pattern: &str, said: &str) -> bool {
    let bare = |text: &str| {
        let text = text.strip_prefix("https://").unwrap_or(text);
        text.trim_end_matches('/').to_ascii_lowercase()
    };
    match pattern.strip_suffix('*') {
        Some(beginning) => said.starts_with(beginning) || bare(said).starts_with(&bare(beginning)),
        None => bare(pattern) == bare(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, ConfigFile};

    #[test]
    fn what_was_lost_or_changed_is_said_by_name_or_by_rule() {
        let read = |text: &str| Config::parse("x.toml", text, ConfigFile::Hognose);
        let text = "[policy.provenance]\nlost = \"warn\"\nchanged = \"off\"\n";
        let rules = read(text).unwrap().unwrap().policy.rules;
        assert_eq!(rules.get(&provenance::LOST), Some(&Action::Warn));
        assert_eq!(rules.get(&provenance::CHANGED), Some(&Action::Off));
        let same =
            "[policy.provenance]\nlost = \"warn\"\n[policy.rules]\nHOG-PROV-lost = \"warn\"\n";
        assert!(read(same).is_ok());
        for (text, said) in [
            ("[policy.provenance]\nlost = \"deny\"\n", "unknown action"),
            (
                "[policy.rules]\nHOG-PROV-lost = \"warn\"\n[policy.provenance]\nlost = \"block\"\n",
                "say different things",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn lists_let_in_what_they_name() {
        let text = "[policy.provenance]\nrequire = [\"acme-*\", \"torch\"]\nowners = [\"github.com/acme\", \"https://gitlab.com/acme/\"]\ntriggers = [\"push\", \"release\"]\nrunners = [\"github-hosted\"]\nrefs = [\"refs/tags/*\"]\n";
        let config = Config::parse("x.toml", text, ConfigFile::Hognose).unwrap();
        let policy = config.unwrap().conditions.provenance;
        let name = |text| PackageName::new(text).unwrap();
        assert!(policy.requires(&name("acme-core")) && policy.requires(&name("Torch")));
        assert!(!policy.requires(&name("acmex")) && !policy.requires(&name("flask")));
        let good = Built {
            owner: Some("https://github.com/Acme"),
            trigger: Some("release"),
            runner: Some("github-hosted"),
            reference: Some("refs/tags/v1"),
        };
        assert_eq!(policy.refuses(&good), None);
        for (bad, what) in [
            (
                Built {
                    owner: Some("https://github.com/acme2"),
                    ..good
                },
                "the owner",
            ),
            (
                Built {
                    owner: Some("https://example.invalid/github.com/acme"),
                    ..good
                },
                "the owner",
            ),
            (
                Built {
                    trigger: Some("pull_request_target"),
                    ..good
                },
                "the trigger",
            ),
            (
                Built {
                    runner: Some("self-hosted"),
                    ..good
                },
                "the runner",
            ),
            (
                Built {
                    runner: None,
                    ..good
                },
                "the runner is not stated",
            ),
            (
                Built {
                    reference: Some("refs/heads/main"),
                    ..good
                },
                "the ref",
            ),
        ] {
            let why = policy.refuses(&bad).unwrap();
            assert!(why.starts_with(what), "{why}");
        }
        assert_eq!(ProvenancePolicy::default().refuses(&Built::default()), None);
    }
}
