//! Rows of the audit log, and the chain they form.
//!
//! The digest of a row is sha256 over the digest of the row before and the row's canonical bytes; the first row continues
//! from 32 random bytes that were drawn when the log was made. Canonical bytes: the time as eight bytes, then kind,
//! project, version, filename, sha256, client and body, each as one byte (0 absent, 1 present) and, where present, its
//! length in eight bytes and its UTF-8 text; integers are little-endian. Lengths stand before texts, so that nothing can
//! move from one field into the next under the same digest.

use std::sync::Arc;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::StoreError;

/// The longest body of an entry, in bytes: a page of thousands of withheld releases fits.
pub const MAX_BODY: usize = 1 << 20;
/// The longest of the other texts, in bytes.
pub const MAX_FIELD: usize = 4096;

/// Something that happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditEntry {
    /// When, Unix milliseconds.
    pub time: i64,
    /// What kind of thing, such as `served` or `blocked`.
    pub kind: String,
    /// The project it concerns.
    pub project: Option<String>,
    /// The release.
    pub version: Option<String>,
    /// The file.
    pub filename: Option<String>,
    /// sha256 of the file.
    pub sha256: Option<String>,
    /// Who asked: an address, or the name of a token.
    pub client: Option<String>,
    /// Everything else, as JSON.
    pub body: String,
}

impl AuditEntry {
    /// Refuses what the log does not take: no kind, texts that are too long, a body that is not JSON.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.kind.is_empty() {
            return Err(StoreError::EmptyField { field: "kind" });
        }
        for (field, text) in self.fields() {
            let most = if field == "body" { MAX_BODY } else { MAX_FIELD };
            let bytes = text.map_or(0, str::len);
            if bytes > most {
                return Err(StoreError::TooLong { field, bytes, most });
            }
        }
        let parsed: Result<serde::de::IgnoredAny, _> = serde_json::from_str(&self.body);
        parsed
            .map(drop)
            .map_err(|error| StoreError::Body(Arc::new(error)))
    }

    fn fields(&self) -> [(&'static str, Option<&str>); 7] {
        [
            ("kind", Some(self.kind.as_str())),
            ("project", self.project.as_deref()),
            ("version", self.version.as_deref()),
            ("filename", self.filename.as_deref()),
            ("sha256", self.sha256.as_deref()),
            ("client", self.client.as_deref()),
            ("body", Some(self.body.as_str())),
        ]
    }

    /// The digest of the row that this entry becomes after another.
    pub fn link(&self, previous: &Digest) -> Digest {
        let mut link = Link::new(previous, self.time);
        for (_, text) in self.fields() {
            link.field(text.map(str::as_bytes));
        }
        link.finish()
    }
}

/// A digest in the making, of one row.
#[derive(Debug)]
pub(crate) struct Link(Sha256);

impl Link {
    pub(crate) fn new(previous: &Digest, time: i64) -> Self {
        let mut hash = Sha256::new();
        hash.update(previous.0);
        hash.update(time.to_le_bytes());
        Self(hash)
    }

    pub(crate) fn field(&mut self, text: Option<&[u8]>) {
        match text {
            None => self.0.update([0]),
            Some(bytes) => {
                self.0.update([1]);
                self.0.update((bytes.len() as u64).to_le_bytes());
                self.0.update(bytes);
            }
        }
    }

    pub(crate) fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// A digest of the chain.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Reads 64 hexadecimal digits of either case.
    pub fn from_hex(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        if text.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            let [high, low] = pair else { return None };
            let digit = |c: &u8| char::from(*c).to_digit(16);
            *byte = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
        }
        Some(Self(bytes))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// The end of the log. Noted somewhere else, it shows later that nothing was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many rows there are.
    pub rows: u64,
    /// The digest of the newest one, or what the first one will continue from.
    pub hash: Digest,
}

/// What came of following the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chain {
    /// Every row continues the one before.
    Whole {
        /// Where it ends.
        head: Head,
        /// How many rows there were when the noted head was noted, where one was asked for.
        noted: Option<u64>,
    },
    /// A row is missing, or is not what was written.
    Broken {
        /// Its number, counted from 1.
        row: u64,
        /// What follows from the rows before.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Every row continues the one before, but none ever had the noted digest: newer rows were cut off, or the whole log
    /// is another one.
    HeadMissing {
        /// Where it ends.
        head: Head,
    },
}

/// An entry that is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number, counted from 1.
    pub seq: u64,
    /// What happened.
    pub entry: AuditEntry,
    /// Its digest.
    pub hash: Digest,
}

impl Serialize for AuditRow {
    /// The body becomes part of the object, and is escaped like everything else by whoever writes.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entry = &self.entry;
        let mut out = serializer.serialize_struct("AuditRow", 10)?;
        out.serialize_field("seq", &self.seq)?;
        out.serialize_field("time", &entry.time)?;
        out.serialize_field("kind", &entry.kind)?;
        out.serialize_field("project", &entry.project)?;
        out.serialize_field("version", &entry.version)?;
        out.serialize_field("filename", &entry.filename)?;
        out.serialize_field("sha256", &entry.sha256)?;
        out.serialize_field("client", &entry.client)?;
        match serde_json::from_str::<serde_json::Value>(&entry.body) {
            Ok(body) => out.serialize_field("body", &body)?,
            // Nested deeper than the parser goes, or changed by a foreign hand: shown as the text it is.
            Err(_) => out.serialize_field("body", &entry.body)?,
        }
        out.serialize_field("hash", &self.hash.to_string())?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cannot_move() {
        let genesis = Digest([7; 32]);
        let one = AuditEntry {
            kind: "served".to_owned(),
            project: Some("ab".to_owned()),
            version: Some("c".to_owned()),
            body: "{}".to_owned(),
            ..AuditEntry::default()
        };
        let mut other = one.clone();
        other.project = Some("a".to_owned());
        other.version = Some("bc".to_owned());
        assert_ne!(one.link(&genesis), other.link(&genesis));
        let mut absent = one.clone();
        absent.client = Some(String::new());
        assert_ne!(one.link(&genesis), absent.link(&genesis));
        assert_ne!(one.link(&genesis), one.link(&Digest([8; 32])));
    }

    #[test]
    fn the_digest_is_the_documented_one() {
        let entry = AuditEntry {
            time: 1,
            kind: "k".to_owned(),
            body: "{}".to_owned(),
            ..AuditEntry::default()
        };
        let mut bytes = vec![0_u8; 32];
        bytes.extend(1_i64.to_le_bytes());
        bytes.extend([1, 1, 0, 0, 0, 0, 0, 0, 0, b'k']);
        bytes.extend([0; 5]);
        bytes.extend([1, 2, 0, 0, 0, 0, 0, 0, 0, b'{', b'}']);
        let expected: [u8; 32] = Sha256::digest(&bytes).into();
        assert_eq!(entry.link(&Digest([0; 32])), Digest(expected));
    }

    #[test]
    fn digests_are_read_back() {
        let digest = Digest(std::array::from_fn(|i| i as u8 * 7));
        let text = digest.to_string();
        assert_eq!(Digest::from_hex(&text), Some(digest));
        assert_eq!(Digest::from_hex(&text.to_uppercase()), Some(digest));
        for wrong in [
            "",
            "00",
            &text[1..],
            &format!("{text}0"),
            &"é".repeat(32),
            &"+1".repeat(32),
        ] {
            assert_eq!(Digest::from_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_the_log_does_not_take() {
        let good = AuditEntry {
            kind: "served".to_owned(),
            body: "{}".to_owned(),
            ..AuditEntry::default()
        };
        assert!(good.check().is_ok());
        let mut bad = good.clone();
        bad.body = "{".to_owned();
        assert!(matches!(bad.check(), Err(StoreError::Body(_))));
        bad.body = format!("\"{}\"", "x".repeat(MAX_BODY));
        assert!(matches!(
            bad.check(),
            Err(StoreError::TooLong { field: "body", .. })
        ));
        // Nesting is passed over without recursion, or refused: never followed to the end of the stack.
        bad.body = "[".repeat(MAX_BODY);
        assert!(matches!(bad.check(), Err(StoreError::Body(_))));
        let mut bad = good.clone();
        bad.filename = Some("x".repeat(MAX_FIELD + 1));
        assert!(matches!(
            bad.check(),
            Err(StoreError::TooLong {
                field: "filename",
                ..
            })
        ));
        let mut bad = good;
        bad.kind.clear();
        assert!(matches!(
            bad.check(),
            Err(StoreError::EmptyField { field: "kind" })
        ));
    }
}
