//! Conditions that a policy sets on facts which are no fault by themselves: licence, age of the project, popularity,
//! the score of its behaviour.

use std::time::Duration;

use hognose_types::{
    Confidence, Finding, Occurrence, Remedy, RuleId, Severity, Subject, rules, text,
};

use toml::Spanned;

use crate::ConfigError;
use crate::config::Context;
use crate::licenses::is_pattern;
use crate::provenance::ProvenancePolicy;
use crate::raw::RawPolicy;

pub use crate::licenses::{LicensePolicy, LicenseVerdict, Stated};

/// What a policy asks for beside the absence of findings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions {
    /// Licences.
    pub licenses: LicensePolicy,
    /// Youngest project.
    pub min_project_age: Option<Duration>,
    /// Lowest place among the popular names; 1 is the first.
    pub max_rank: Option<usize>,
    /// Score of behaviour from which an artifact is blocked, 0 to 100.
    pub max_score: Option<f64>,
    /// Attestations.
    pub provenance: ProvenancePolicy,
}

/// What is known of a project.
#[derive(Clone, Copy, Debug, Default)]
pub struct About {
    /// Unix seconds.
    pub now: i64,
    /// When its first file was uploaded, Unix seconds, as far as the index says.
    pub first_upload: Option<i64>,
    /// Its place among the popular names; none for names that are not among them.
    pub rank: Option<usize>,
}

/// Whom a finding is about, and where.
#[derive(Clone, Debug)]
pub struct Whom {
    /// The release.
    pub subject: Subject,
    /// The places that bring it in.
    pub occurrences: Vec<Occurrence>,
}

impl Whom {
    fn finding(&self, rule: RuleId, message: &str, remedy: &str) -> Finding {
        Finding {
            rule,
            subject: self.subject.clone(),
            severity: Severity::Medium,
            confidence: Confidence::High,
            message: text::short(message, 600),
            advisory: None,
            occurrences: self.occurrences.clone(),
            remedy: Remedy {
                text: text::short(remedy, 600),
                version: None,
            },
        }
    }
}

impl Context<'_> {
    pub(crate) fn conditions(&self, raw: &RawPolicy) -> Result<Conditions, ConfigError> {
        let age = raw.min_project_age.as_ref();
        let rank = raw.max_rank.as_ref().map(|rank| {
            let place = usize::try_from(*rank.get_ref()).ok().filter(|r| *r > 0);
            place.ok_or_else(|| {
                let message = format!("max-rank: {} is no place of a list", rank.get_ref());
                self.error(
                    rank.span().start,
                    message,
                    Some("write a whole number from 1"),
                )
            })
        });
        Ok(Conditions {
            licenses: LicensePolicy {
                allow: self.licenses(&raw.licenses.allow)?,
                deny: self.licenses(&raw.licenses.deny)?,
            },
            min_project_age: age.map(|a| self.age(a, "min-project-age")).transpose()?,
            max_rank: rank.transpose()?,
            provenance: self.provenance(&raw.provenance)?,
            max_score: self.number(raw.max_score.as_ref(), "max-score", 100.0)?,
        })
    }

    fn licenses(&self, words: &[Spanned<String>]) -> Result<Vec<String>, ConfigError> {
        let license = |word: &Spanned<String>| {
            if is_pattern(word.get_ref()) {
                return Ok(word.get_ref().clone());
            }
            let message = format!("{:?} is no licence of SPDX", word.get_ref());
            let hint = "write an identifier (\"MIT\"), the beginning of some and a '*' (\"GPL-*\"), or \"LicenseRef-…\"";
            Err(self.error(word.span().start, message, Some(hint)))
        };
        words.iter().map(license).collect()
    }
}

impl Conditions {
    /// What a project does not meet.
    pub fn project(&self, about: &About, whom: &Whom) -> Vec<Finding> {
        [self.newcomer(about, whom), self.obscure(about, whom)]
            .into_iter()
            .flatten()
            .collect()
    }

    fn newcomer(&self, about: &About, whom: &Whom) -> Option<Finding> {
        let least = self.min_project_age?.as_secs().cast_signed();
        let day = 86_400;
        let message = match about.first_upload {
            Some(first) if about.now - first >= least => return None,
            Some(first) => format!(
                "the project is {} days old, and the policy asks for {}",
                ((about.now - first) / day).max(0),
                least / day
            ),
            None => "nobody says how old the project is, and the policy asks for an age".to_owned(),
        };
        let remedy = format!(
            "look at what `hognose show {}` says, and waive it by name if it is what you want",
            whom.subject.name
        );
        Some(whom.finding(rules::conditions::NEWCOMER, &message, &remedy))
    }

    fn obscure(&self, about: &About, whom: &Whom) -> Option<Finding> {
        let most = self.max_rank?;
        let message = match about.rank {
            Some(rank) if rank <= most => return None,
            Some(rank) => format!(
                "it is number {rank} of the popular names, and the policy lets in the first {most}"
            ),
            None => format!(
                "it is not among the popular names, of which the policy lets in the first {most}"
            ),
        };
        let remedy = "waive it by name if it is what you want";
        Some(whom.finding(rules::conditions::OBSCURE, &message, remedy))
    }

    /// What a licence does not meet.
    pub fn license(&self, stated: &Stated, whom: &Whom) -> Option<Finding> {
        if self.licenses.is_empty() {
            return None;
        }
        let remedy = "replace it, or waive it by name with the reason why it may be used";
        match self.licenses.judge(stated) {
            LicenseVerdict::Fine => None,
            LicenseVerdict::Denied(ids) => {
                let message = format!("its licence is not let in: {}", ids.join(", "));
                Some(whom.finding(rules::conditions::DENIED, &message, remedy))
            }
            LicenseVerdict::Unknown(said) => {
                let message = said.map_or_else(
                    || "nobody says under which licence it is".to_owned(),
                    |said| format!("its licence is stated in words that mean none: {said}"),
                );
                Some(whom.finding(rules::conditions::UNSTATED, &message, remedy))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whom() -> Whom {
        let name = hognose_types::PackageName::new("acme").unwrap();
        let version = hognose_types::Version::new("1.0").unwrap();
        let component = hognose_types::Component::distribution(
            hognose_types::InputId(0),
            name,
            hognose_types::ComponentVersion::Pinned(version),
            hognose_types::Declaration {
                location: hognose_types::Location::line("requirements.txt", 1),
                direct: true,
                groups: Vec::new(),
                extras: Vec::new(),
                marker: None,
            },
        );
        Whom {
            subject: Subject::of(&component),
            occurrences: Vec::new(),
        }
    }

    #[test]
    fn projects_that_are_too_young_or_too_rare() {
        let conditions = Conditions {
            min_project_age: Some(Duration::from_hours(24 * 30)),
            max_rank: Some(100),
            ..Conditions::default()
        };
        let told = |first_upload, rank| {
            let about = About {
                now: 100 * 86_400,
                first_upload,
                rank,
            };
            let found = conditions.project(&about, &whom());
            found
                .into_iter()
                .map(|f| f.message)
                .collect::<Vec<_>>()
                .join("; ")
        };
        assert_eq!(told(Some(0), Some(100)), "");
        assert_eq!(told(Some(70 * 86_400), Some(1)), "");
        assert_eq!(
            told(Some(97 * 86_400), Some(101)),
            "the project is 3 days old, and the policy asks for 30; it is number 101 of the popular names, and the policy lets in the first 100"
        );
        assert_eq!(
            told(None, None),
            "nobody says how old the project is, and the policy asks for an age; it is not among the popular names, of which the policy lets in the first 100"
        );
    }

    #[test]
    fn licences_only_where_the_policy_has_some() {
        let none = Conditions::default();
        assert_eq!(none.license(&Stated::default(), &whom()), None);
        let mut some = Conditions::default();
        some.licenses.deny.push("GPL-*".to_owned());
        let finding = some.license(&Stated::default(), &whom()).unwrap();
        assert_eq!(finding.rule, rules::conditions::UNSTATED);
    }
}
