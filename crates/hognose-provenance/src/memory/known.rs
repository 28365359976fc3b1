//! A publisher as it is remembered.

use serde::{Deserialize, Serialize};

use crate::attestation::{Attested, Identity};

/// Who published, as certificates said: names for people, numbers because names change hands.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Known {
    /// What the index calls the kind of publisher.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Who vouches.
    pub issuer: String,
    /// Address of the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_id: Option<String>,
    /// Address of its owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The owner's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// The workflow or pipeline, without ref.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// Whose machine it ran on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runner: Option<String>,
    /// The account, for those who publish with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// What of a publisher is another than it was, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Who vouches: another forge.
    Issuer,
    /// The account.
    Account,
    /// The repository.
    Repository,
    /// Its owner.
    Owner,
    /// The workflow. Projects rename theirs.
    Workflow,
    /// Whose machine it ran on.
    Runner,
}

impl Part {
    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Account => "account",
            Self::Repository => "repository",
            Self::Owner => "owner",
            Self::Workflow => "workflow",
            Self::Runner => "runner",
        }
    }

    /// True where the project is as it was, and only how it builds is not.
    pub fn is_minor(self) -> bool {
        self >= Self::Workflow
    }
}

impl Known {
    /// What an attestation tells of its publisher.
    pub fn of(attested: &Attested) -> Self {
        let Identity {
            issuer,
            subject,
            is_email,
            repository,
            repository_id,
            owner,
            owner_id,
            runner,
            ..
        } = attested.identity.clone();
        Self {
            kind: attested.publisher.clone(),
            issuer,
            repository,
            repository_id,
            owner,
            owner_id,
            workflow: attested.identity.workflow().map(str::to_owned),
            runner,
            account: is_email.then_some(subject),
        }
    }

    /// The worst thing in which another publisher differs; none for the same one. Numbers count where both have them, so a
    /// new name for the same repository of the same owner is no difference, and an old name in new hands is one.
    pub fn differs(&self, other: &Self) -> Option<Part> {
        let renamed = same(self.repository_id.as_ref(), other.repository_id.as_ref());
        let moved = same(self.owner_id.as_ref(), other.owner_id.as_ref());
        let address = |known: &Self| known.repository.as_ref().map(|r| r.to_ascii_lowercase());
        let owner = |known: &Self| known.owner.as_ref().map(|o| o.to_ascii_lowercase());
        let checks = [
            (Part::Issuer, self.issuer == other.issuer),
            (Part::Account, self.account == other.account),
            (
                Part::Repository,
                renamed.unwrap_or_else(|| address(self) == address(other)),
            ),
            (
                Part::Owner,
                moved.unwrap_or_else(|| owner(self) == owner(other)),
            ),
            (Part::Workflow, self.workflow == other.workflow),
            (
                Part::Runner,
                same(self.runner.as_ref(), other.runner.as_ref()).unwrap_or(true),
            ),
        ];
        checks.iter().find(|(_, same)| !same).map(|(part, _)| *part)
    }

    /// For people: the repository and the workflow, or the account.
    pub fn describe(&self) -> String {
        let place = self.repository.as_ref().or(self.account.as_ref());
        let place = place.or(self.workflow.as_ref()).unwrap_or(&self.issuer);
        match &self.workflow {
            Some(workflow) if workflow != place => format!("{place} ({workflow})"),
            _ => place.clone(),
        }
    }

    /// One part, for people.
    pub fn part(&self, part: Part) -> Option<String> {
        let with = |name: &Option<String>, number: &Option<String>| match (name, number) {
            (Some(name), Some(number)) => Some(format!("{name} (number {number})")),
            (Some(one), None) | (None, Some(one)) => Some(one.clone()),
            (None, None) => None,
        };
        match part {
            Part::Issuer => Some(self.issuer.clone()),
            Part::Account => self.account.clone(),
            Part::Repository => with(&self.repository, &self.repository_id),
            Part::Owner => with(&self.owner, &self.owner_id),
            Part::Workflow => self.workflow.clone(),
            Part::Runner => self.runner.clone(),
        }
    }
}

fn same(a: Option<&String>, b: Option<&String>) -> Option<bool> {
    Some(a? == b?)
}
