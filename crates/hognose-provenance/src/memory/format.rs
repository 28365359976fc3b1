//! `hognose.lock.toml`: what is remembered, as a file that is kept with the project and read in reviews.

use std::fmt::Write as _;

use hognose_types::text::short;
use hognose_types::{Digest, DigestAlgorithm, PackageName, Version};
use serde::Deserialize;

use super::{File, Known, Memory, Presence, Release};

/// Version of the format. One with a higher number is not read; keys that are not known are passed over.
pub const FORMAT: u64 = 1;
/// Largest file that is read: a thousand packages with a hundred files each are half of it.
pub const MAX_FILE: u64 = 32 << 20;

/// Why a file is no memory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// Written by a newer version of the program.
    #[error("it is of format {found}, and this version of hognose reads {FORMAT}")]
    Newer {
        /// The format.
        found: u64,
    },
    /// Not TOML, or not this shape.
    #[error("it cannot be read: {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// More bytes than are read.
    #[error("it is over the limit of {MAX_FILE} bytes")]
    TooLarge,
}

#[derive(Deserialize)]
struct Shape {
    version: u64,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    package: Vec<RawPackage>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: String,
    version: String,
    #[serde(default)]
    publisher: Vec<Known>,
    #[serde(default)]
    file: Vec<RawFile>,
}

#[derive(Deserialize)]
struct RawFile {
    name: String,
    #[serde(default)]
    sha256: Option<String>,
    #[serde(default)]
    uploaded: Option<String>,
    #[serde(default)]
    attested: Presence,
}

/// What stands above the packages.
const HEAD: &str = "# Who published what this project uses, as their attestations say. Written by `hognose verify --lock`, read by\n\
                    # every later `hognose verify`: keep it under version control and review its changes.\n";

impl Memory {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// What is none, or is of a later format.
    pub fn parse(text: &str) -> Result<Self, MemoryError> {
        if text.len() as u64 > MAX_FILE {
            return Err(MemoryError::TooLarge);
        }
        let shape: Shape = toml::from_str(text).map_err(|e| malformed(e.to_string()))?;
        if shape.version > FORMAT {
            return Err(MemoryError::Newer {
                found: shape.version,
            });
        }
        let raw: Raw = toml::from_str(text).map_err(|e| malformed(e.to_string()))?;
        let mut out = Self::default();
        for package in raw.package {
            let name = PackageName::new(&package.name).map_err(|e| malformed(e.to_string()))?;
            let version = Version::new(&package.version).map_err(|e| malformed(e.to_string()))?;
            let release = release(package)?;
            let releases = out.packages.entry(name).or_default();
            if let Some((known, _)) = releases.get_key_value(&version) {
                return Err(malformed(format!(
                    "version {known} of a package stands there twice"
                )));
            }
            releases.insert(version, release);
        }
        Ok(out)
    }

    /// Writes a file; the same memory gives the same bytes.
    pub fn render(&self) -> String {
        let mut out = format!("{HEAD}version = {FORMAT}\n");
        for (name, version, release) in self.releases() {
            // Writing to a string cannot fail.
            let _ = write!(
                out,
                "\n[[package]]\nname = {}\nversion = {}\nattested = {}\n",
                quoted(name.as_str()),
                quoted(version.as_str()),
                quoted(release.extent().as_str())
            );
            for publisher in &release.publishers {
                write_publisher(&mut out, publisher);
            }
            for (name, file) in &release.files {
                write_file(&mut out, name, file);
            }
        }
        out
    }
}

fn release(package: RawPackage) -> Result<Release, MemoryError> {
    let mut release = Release {
        publishers: package.publisher,
        ..Release::default()
    };
    release.publishers.sort();
    for file in package.file {
        let sha256 = file.sha256.map(|hex| {
            let digest = Digest::new(DigestAlgorithm::Sha256, &hex);
            digest
                .map(|digest| digest.hex().to_owned())
                .map_err(|e| malformed(e.to_string()))
        });
        let one = File {
            sha256: sha256.transpose()?,
            uploaded: file.uploaded,
            attested: file.attested,
        };
        release.files.insert(file.name, one);
    }
    Ok(release)
}

fn write_publisher(out: &mut String, publisher: &Known) {
    out.push_str("[[package.publisher]]\n");
    for (key, value) in [
        ("kind", publisher.kind.as_ref()),
        ("issuer", Some(&publisher.issuer)),
        ("repository", publisher.repository.as_ref()),
        ("repository-id", publisher.repository_id.as_ref()),
        ("owner", publisher.owner.as_ref()),
        ("owner-id", publisher.owner_id.as_ref()),
        ("workflow", publisher.workflow.as_ref()),
        ("runner", publisher.runner.as_ref()),
        ("account", publisher.account.as_ref()),
    ] {
        write_pair(out, key, value);
    }
}

fn write_file(out: &mut String, name: &str, file: &File) {
    out.push_str("[[package.file]]\n");
    let attested = match file.attested {
        Presence::Yes => "yes",
        Presence::No => "no",
        Presence::Unknown => "unknown",
    };
    write_pair(out, "name", Some(&name.to_owned()));
    write_pair(out, "sha256", file.sha256.as_ref());
    write_pair(out, "uploaded", file.uploaded.as_ref());
    write_pair(out, "attested", Some(&attested.to_owned()));
}

fn write_pair(out: &mut String, key: &str, value: Option<&String>) {
    if let Some(value) = value {
        let _ = writeln!(out, "{key} = {}", quoted(value));
    }
}

/// A basic string of TOML.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if hognose_types::text::is_unsafe(c) => {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn malformed(reason: impl AsRef<str>) -> MemoryError {
    MemoryError::Malformed {
        reason: short(reason.as_ref(), 200),
    }
}
