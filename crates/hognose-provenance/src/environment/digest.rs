//! Digests of files beside those that RECORD states.

use std::fmt::Write as _;
use std::fs::Metadata;

use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::claims::{Claim, Stated};
use super::report::{Problem, ProblemKind};

/// The digests that the claims of a file need.
pub(super) struct Hasher {
    sha256: Option<Sha256>,
    sha384: Option<Sha384>,
    sha512: Option<Sha512>,
    size: u64,
}

impl Hasher {
    pub(super) fn for_claims<'c>(stated: impl Iterator<Item = &'c Stated>) -> Self {
        let mut out = Self {
            sha256: None,
            sha384: None,
            sha512: None,
            size: 0,
        };
        for stated in stated {
            match stated {
                Stated::Sha256(_) => out.sha256 = Some(Sha256::new()),
                Stated::Sha384(_) => out.sha384 = Some(Sha384::new()),
                Stated::Sha512(_) => out.sha512 = Some(Sha512::new()),
                Stated::None => {}
            }
        }
        out
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        if let Some(hasher) = &mut self.sha256 {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.sha384 {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.sha512 {
            hasher.update(bytes);
        }
    }

    /// What is wrong with a file that was read whole.
    pub(super) fn judge<'c>(
        self,
        claims: impl Iterator<Item = (usize, &'c Claim)>,
        path: &str,
        metadata: &Metadata,
    ) -> Option<Problem> {
        let size = self.size;
        let sha256 = self.sha256.map(|h| h.finalize().to_vec());
        let sha384 = self.sha384.map(|h| h.finalize().to_vec());
        let sha512 = self.sha512.map(|h| h.finalize().to_vec());
        let found = |stated: &Stated| match stated {
            Stated::Sha256(_) => sha256.as_deref(),
            Stated::Sha384(_) => sha384.as_deref(),
            Stated::Sha512(_) => sha512.as_deref(),
            Stated::None => None,
        };
        let mut right = None;
        let mut wrong = None;
        for (_, claim) in claims {
            let same_size = claim.size.is_none_or(|stated| stated == size);
            let same = bytes(&claim.digest) == found(&claim.digest);
            if same && same_size {
                right.get_or_insert(claim);
            } else {
                wrong.get_or_insert((claim, same));
            }
        }
        let (claim, same) = wrong?;
        // Two distributions brought one file each; the one that came last is there.
        if let Some(other) = right.filter(|right| right.by != claim.by) {
            return Some(Problem {
                file: path.to_owned(),
                distribution: Some(claim.by),
                kind: ProblemKind::Claimed { other: other.by },
            });
        }
        let (stated, found) = if same {
            (
                format!("{} bytes", claim.size.unwrap_or_default()),
                format!("{size} bytes"),
            )
        } else {
            (
                hex(bytes(&claim.digest).unwrap_or_default()),
                hex(found(&claim.digest).unwrap_or_default()),
            )
        };
        Some(Problem {
            file: path.to_owned(),
            distribution: Some(claim.by),
            kind: ProblemKind::Altered {
                stated,
                found,
                links: links(metadata),
            },
        })
    }
}

fn bytes(stated: &Stated) -> Option<&[u8]> {
    match stated {
        Stated::Sha256(digest) => Some(digest),
        Stated::Sha384(digest) => Some(&digest[..]),
        Stated::Sha512(digest) => Some(&digest[..]),
        Stated::None => None,
    }
}

/// Under how many names a file is known, if more than one.
#[cfg(unix)]
fn links(metadata: &Metadata) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    Some(metadata.nlink()).filter(|links| *links > 1)
}

#[cfg(not(unix))]
fn links(_: &Metadata) -> Option<u64> {
    None
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}
