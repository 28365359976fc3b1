//! Who built and published a file, as the certificate that signed says.

use serde::Serialize;
use sigstore_verify::SubjectAltName;
use sigstore_verify::crypto::{CertificateInfo, parse_certificate_info};
use sigstore_verify::types::DerCertificate;

use super::Refusal;

/// The claims of a certificate. Everything but the issuer may be missing: which claims there are depends on who vouches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Who vouches for the rest: the address of a provider of identities.
    pub issuer: String,
    /// The subject of the certificate: an address of mail, or of the workflow that signed.
    pub subject: String,
    /// The subject is an address of mail.
    #[serde(skip)]
    pub is_email: bool,
    /// Address of the repository.
    pub repository: Option<String>,
    /// Its number, which survives a new name and does not survive a new owner of the old name.
    pub repository_id: Option<String>,
    /// Address of its owner.
    pub owner: Option<String>,
    /// The owner's number.
    pub owner_id: Option<String>,
    /// The build's configuration with its ref, as an address.
    pub build: Option<String>,
    /// The configuration that asked for the signature, which for shared workflows is another one.
    pub signer: Option<String>,
    /// The commit that was built.
    pub commit: Option<String>,
    /// The ref that was built.
    pub reference: Option<String>,
    /// What started the build.
    pub trigger: Option<String>,
    /// Whose machine it ran on: `github-hosted`, `self-hosted`.
    pub runner: Option<String>,
    /// The deployment environment, with whatever protects it.
    pub environment: Option<String>,
    /// `public`, `private` or `internal`, when it was signed.
    pub visibility: Option<String>,
    /// Where the log of the build is.
    pub run: Option<String>,
}

impl Identity {
    pub(crate) fn of(certificate: &CertificateInfo) -> Self {
        let claims = &certificate.ci_claims;
        let subject = certificate.identity.as_ref();
        Self {
            issuer: certificate.issuer.clone().unwrap_or_default(),
            subject: subject.map(|s| s.as_str().to_owned()).unwrap_or_default(),
            is_email: matches!(subject, Some(SubjectAltName::Email(_))),
            repository: claims.source_repository_uri.clone(),
            repository_id: claims.source_repository_identifier.clone(),
            owner: claims.source_repository_owner_uri.clone(),
            owner_id: claims.source_repository_owner_identifier.clone(),
            build: claims.build_config_uri.clone(),
            signer: claims.build_signer_uri.clone(),
            commit: claims.source_repository_digest.clone(),
            reference: claims.source_repository_ref.clone(),
            trigger: claims.build_trigger.clone(),
            runner: claims.runner_environment.clone(),
            environment: claims.deployment_environment.clone(),
            visibility: claims.source_repository_visibility_at_signing.clone(),
            run: claims.run_invocation_uri.clone(),
        }
    }

    /// What a certificate in DER says, with nothing verified: whoever wrote it may have written anything.
    ///
    /// # Errors
    ///
    /// Bytes that are no certificate.
    pub fn unverified(der: &[u8]) -> Result<Self, Refusal> {
        let certificate = parse_certificate_info(&DerCertificate::from_bytes(der));
        let certificate = certificate.map_err(|e| Refusal::Certificate {
            reason: hognose_types::text::short(&e.to_string(), 200),
        })?;
        Ok(Self::of(&certificate))
    }

    /// The path of the workflow in its repository, without ref; the whole address where it lies elsewhere.
    pub fn workflow(&self) -> Option<&str> {
        let build = self.build.as_deref().or(self.signer.as_deref())?;
        let own = self
            .repository
            .as_deref()
            .and_then(|repository| build.strip_prefix(repository)?.strip_prefix('/'));
        let path = own.map_or(build, |path| path.trim_start_matches('/'));
        Some(path.rsplit_once('@').map_or(path, |(path, _)| path))
    }
}
