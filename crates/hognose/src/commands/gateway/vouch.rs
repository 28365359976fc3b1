//! What attestations say of an artifact that is asked for (PEP 740), verified here: the index that serves them could
//! serve anything.

use hognose_gateway::judge::{Artifact, Attested, Document, Reason, Ruling};
use hognose_policy::Built;
use hognose_provenance::attestation::{self, DocumentError, Identity, Outcome, Predicates, Trust};
use hognose_provenance::judge::Release;
use hognose_types::rules::{gap_provenance, provenance};
use hognose_types::{
    ComponentId, Decision, Input, InputFormat, Inventory, Judged, PackageName, Places, Version,
};
use jiff::civil::Date;

use super::engine::Engine;
use super::weigh::{component, ruling};

impl Engine {
    /// What attestations mean under this policy.
    pub(super) fn vouched(
        &self,
        artifact: &Artifact<'_>,
        document: Document<'_>,
        today: Date,
    ) -> Attested {
        let required = self.rules.conditions.provenance.requires(artifact.name);
        let outcome = match document {
            Document::None if !required => return settled(Ruling::ALLOW),
            Document::None => None,
            Document::Bytes(bytes) => Some(self.verified(artifact, bytes)),
            Document::TooLarge(limit) => {
                Some(Outcome::unreadable(DocumentError::TooLarge { limit }))
            }
            Document::Missed(reason) => return settled(unknown(reason, required)),
        };
        let inventory = single(artifact.name, &artifact.file.version);
        let release = Release {
            inventory: &inventory,
            members: &[ComponentId(0)],
        };
        let mut places = Places::new(&inventory);
        let (mut out, mut news) = (Ruling::ALLOW, false);
        if let Some(outcome) = &outcome {
            let (finding, gap) = release.outcome(&artifact.file.filename, outcome, &mut places);
            let judged = self.decided(finding.into_iter().collect(), today);
            out = ruling(judged.iter());
            if let Some(gap) = gap {
                out.join(unknown(&gap.message, required));
            }
            if outcome.is_verified() {
                let publishers = self.note_publishers(artifact, outcome);
                match self.compared(artifact, publishers, (&release, today)) {
                    Ok(compared) => {
                        out.join(compared.ruling);
                        news = compared.news;
                    }
                    Err(reason) => out.join(unknown(&reason, required)),
                }
            }
        }
        if out.blocks() || !self.insists(required) {
            return Attested { ruling: out, news };
        }
        let attested = outcome.as_ref().map_or(&[][..], Outcome::attested);
        if let Some(why) = self.not_counting(attested, required) {
            // A waiver for the rule lets it in, as everywhere.
            let finding = release.unattested(&mut places).map(|finding| {
                let message = format!("{}: {why}", artifact.file.filename);
                hognose_types::Finding { message, ..finding }
            });
            let judged = self.decided(finding.into_iter().collect(), today);
            out.join(ruling(
                judged.into_iter().map(insisted).collect::<Vec<_>>().iter(),
            ));
        }
        Attested { ruling: out, news }
    }

    /// Whether somebody asks for more than that attestations hold.
    fn insists(&self, required: bool) -> bool {
        let policy = &self.rules.conditions.provenance;
        let lists = [
            &policy.owners,
            &policy.triggers,
            &policy.runners,
            &policy.refs,
        ];
        required || lists.iter().any(|list| !list.is_empty())
    }

    /// Why none of the attestations is enough; none where one is, or where none is needed.
    fn not_counting(&self, attested: &[attestation::Attested], required: bool) -> Option<String> {
        let policy = &self.rules.conditions.provenance;
        let refusals: Vec<Option<String>> = attested
            .iter()
            .map(|one| policy.refuses(&built(&one.identity)))
            .collect();
        match refusals.first() {
            None if required => Some("has no attestation, and the policy asks for one".to_owned()),
            None => None,
            Some(_) if refusals.iter().any(Option::is_none) => None,
            Some(first) => first.clone(),
        }
    }

    /// Who published an artifact: repository and owner by their numbers, for names can be taken over.
    pub(super) fn published_by(&self, artifact: &Artifact<'_>, document: &[u8]) -> Option<String> {
        let outcome = self.verified(artifact, document);
        if !outcome.is_verified() {
            return None;
        }
        self.note_publishers(artifact, &outcome);
        outcome
            .attested()
            .first()
            .map(|one| publisher(&one.identity))
    }

    fn verified(&self, artifact: &Artifact<'_>, document: &[u8]) -> Outcome {
        let trust = self.trust.get_or_init(|| Trust::embedded().ok());
        let file = attestation::Artifact {
            filename: &artifact.file.filename,
            sha256: artifact.sha256,
        };
        match trust {
            // The index may be a mirror: which host defined its attestations nobody says.
            Some(trust) => {
                attestation::verify_bytes(document, &file, trust, &Predicates::of_any_host())
            }
            None => Outcome::Unknown(attestation::Evidence::default()),
        }
    }
}

fn settled(ruling: Ruling) -> Attested {
    Attested {
        ruling,
        news: false,
    }
}

fn built(identity: &Identity) -> Built<'_> {
    Built {
        owner: identity.owner.as_deref(),
        trigger: identity.trigger.as_deref(),
        runner: identity.runner.as_deref(),
        reference: identity.reference.as_deref(),
    }
}

fn publisher(identity: &Identity) -> String {
    let Some(repository) = &identity.repository else {
        return format!("{} by {}", identity.subject, identity.issuer);
    };
    match (&identity.repository_id, &identity.owner_id) {
        (Some(id), Some(owner)) => format!("{repository} (number {id}, of owner {owner})"),
        _ => repository.clone(),
    }
}

/// What is asked for by name is refused, whatever the gate of reports is.
fn insisted(mut judged: Judged) -> Judged {
    if judged.waiver.is_none() {
        judged.decision = Decision::Block;
    }
    judged
}

fn unknown(reason: &str, required: bool) -> Ruling {
    Ruling {
        decision: if required {
            Decision::Block
        } else {
            Decision::Warn
        },
        reasons: vec![Reason {
            rule: gap_provenance::ID.as_str().to_owned(),
            message: format!("its attestations could not be judged: {reason}"),
            remedy: format!(
                "try again later; {} is about what they show",
                provenance::BAD.as_str()
            ),
        }],
    }
}

fn single(name: &PackageName, version: &Version) -> Inventory {
    Inventory {
        inputs: vec![Input {
            path: "index".to_owned(),
            format: InputFormat::Requirements,
        }],
        components: vec![component(name, version)],
        ..Inventory::default()
    }
}
