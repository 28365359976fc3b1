//! Who published a file, as its attestations say (PEP 740). Nothing is verified here: a signature is for whoever
//! checks signatures, and until then this is what the index announces.

use serde::Deserialize;

use crate::{Client, IndexError, IndexFile};

/// Largest provenance object; real ones have some kilobytes a signature.
const MAX_PROVENANCE: u64 = 4 << 20;
/// What is asked for; indexes without a type of their own answer plain JSON.
const ACCEPT: &str = "application/vnd.pypi.integrity.v1+json, application/json;q=0.5";

#[derive(Deserialize)]
struct Provenance {
    #[serde(default)]
    attestation_bundles: Vec<Bundle>,
}

#[derive(Deserialize)]
struct Bundle {
    publisher: Publisher,
}

#[derive(Deserialize)]
struct Publisher {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    repository: Option<String>,
}

impl Client {
    /// The address of the repository that the attestations of a file name as publisher; none where there are no
    /// attestations, or they name none on a forge that is known.
    ///
    /// # Errors
    ///
    /// An index that could not be asked, or an answer that is no provenance.
    pub fn publisher(&self, file: &IndexFile) -> Result<Option<String>, IndexError> {
        let found = self.provenance(file)?;
        Ok(found.and_then(|(provenance, _)| repository(provenance)))
    }

    /// The provenance object of a file as the index has it; none where it announces none.
    ///
    /// # Errors
    ///
    /// An index that could not be asked, or an answer that is no provenance.
    pub fn provenance_bytes(&self, file: &IndexFile) -> Result<Option<Vec<u8>>, IndexError> {
        Ok(self.provenance(file)?.map(|(_, bytes)| bytes))
    }

    /// What the index serves as the provenance of a file, whatever it is: for whoever verifies it. None where it
    /// announces none, or has none where it announces it.
    ///
    /// # Errors
    ///
    /// An index that could not be asked, or an answer of any other kind.
    pub fn provenance_document(&self, file: &IndexFile) -> Result<Option<Vec<u8>>, IndexError> {
        let Some(url) = &file.provenance else {
            return Ok(None);
        };
        crate::http::guard(&file.page, url)?;
        let answer = self.http.fetch(url, ACCEPT, MAX_PROVENANCE)?;
        Ok(answer.present()?.map(|answer| answer.body))
    }

    fn provenance(&self, file: &IndexFile) -> Result<Option<(Provenance, Vec<u8>)>, IndexError> {
        let Some(url) = &file.provenance else {
            return Ok(None);
        };
        crate::http::guard(&file.page, url)?;
        let answer = self.http.fetch(url, ACCEPT, MAX_PROVENANCE)?;
        let Some(answer) = answer.present()? else {
            return Ok(None);
        };
        match serde_json::from_slice(&answer.body) {
            Ok(provenance) => Ok(Some((provenance, answer.body))),
            Err(error) => Err(IndexError::Page {
                url: answer.url.redacted(),
                reason: error.to_string(),
            }),
        }
    }
}

/// The repository that a provenance object of which only the bytes are there names.
pub(crate) fn of_bytes(bytes: &[u8]) -> Option<String> {
    repository(serde_json::from_slice(bytes).ok()?)
}

fn repository(provenance: Provenance) -> Option<String> {
    let mut publishers = provenance.attestation_bundles.into_iter();
    publishers.find_map(|bundle| {
        let host = match bundle.publisher.kind.as_str() {
            "GitHub" => "github.com",
            "GitLab" => "gitlab.com",
            _ => return None,
        };
        let path = bundle.publisher.repository?;
        Some(format!("https://{host}/{path}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publishers() {
        let of = |json: &str| repository(serde_json::from_str(json).unwrap());
        let github = r#"{"attestation_bundles":[{"publisher":{"kind":"Google","email":"a@b.example"},"attestations":[]},
            {"publisher":{"kind":"GitHub","repository":"acme/tool","workflow":"release.yml"},"attestations":[]}]}"#;
        assert_eq!(of(github).as_deref(), Some("https://github.com/acme/tool"));
        assert_eq!(of("{}"), None);
        assert!(serde_json::from_str::<Provenance>("3").is_err());
    }
}
