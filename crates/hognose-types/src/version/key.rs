//! The order-preserving byte encoding of a version.
//!
//! Layout, each part chosen so that byte order is PEP 440 order:
//!
//! ```text
//! epoch  release… 0x00  pre  post  dev  local
//! number   1..=240 one byte holding value + 1; 241..=248 that many big-endian bytes (+240) follow;
//!          249 a two-byte count of decimal digits, then the digits (numbers beyond 64 bits)
//! release  numbers without trailing zeros, ended by 0x00 (below every number)
//! pre      0x00 development release of a final version · 0x01/0x02/0x03 a/b/rc + number · 0xFF none
//! post     0x00 none · number
//! dev      number · 0xFF none (above every number)
//! local    segments, ended by 0x00: 0x01 text 0x00 · 0x02 number
//! ```

use serde::{Deserialize, Serialize};

/// Bytes that sort as PEP 440 sorts versions. The empty key sorts below every version: it is OSV's
/// `introduced: "0"`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct VersionKey(Box<[u8]>);

impl VersionKey {
    /// The key below every version.
    pub fn lowest() -> Self {
        Self::default()
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for VersionKey {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into_boxed_slice())
    }
}

/// The pre-release phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Alpha = 1,
    Beta = 2,
    Candidate = 3,
}

/// What the parser found; numbers are digit strings so that no size of number is refused.
#[derive(Debug, Default)]
pub(super) struct Pieces<'a> {
    pub(super) epoch: &'a str,
    pub(super) release: Vec<&'a str>,
    pub(super) pre: Option<(Phase, &'a str)>,
    pub(super) post: Option<&'a str>,
    pub(super) dev: Option<&'a str>,
    pub(super) local: Option<&'a str>,
}

pub(super) fn encode(pieces: &Pieces<'_>) -> VersionKey {
    let mut out = Vec::with_capacity(16);
    number(pieces.epoch, &mut out);
    let significant = pieces
        .release
        .iter()
        .rposition(|n| !is_zero(n))
        .map_or(0, |last| last + 1);
    for part in pieces.release.iter().take(significant) {
        number(part, &mut out);
    }
    out.push(0);
    match pieces.pre {
        Some((phase, n)) => {
            out.push(phase as u8);
            number(n, &mut out);
        }
        // `1.0.dev1` sorts before `1.0a1`; `1.0.post1.dev1` does not.
        None if pieces.post.is_none() && pieces.dev.is_some() => out.push(0),
        None => out.push(0xFF),
    }
    match pieces.post {
        Some(n) => number(n, &mut out),
        None => out.push(0),
    }
    match pieces.dev {
        Some(n) => number(n, &mut out),
        None => out.push(0xFF),
    }
    for segment in pieces
        .local
        .into_iter()
        .flat_map(|l| l.split(['.', '-', '_']))
    {
        if segment.bytes().all(|b| b.is_ascii_digit()) {
            out.push(2);
            number(segment, &mut out);
        } else {
            out.push(1);
            out.extend(segment.bytes().map(|b| b.to_ascii_lowercase()));
            out.push(0);
        }
    }
    out.push(0);
    VersionKey::from(out)
}

fn is_zero(digits: &str) -> bool {
    digits.bytes().all(|b| b == b'0')
}

/// Appends a number given as decimal digits (empty = 0).
fn number(digits: &str, out: &mut Vec<u8>) {
    let digits = digits.trim_start_matches('0');
    match digits.parse::<u64>() {
        _ if digits.is_empty() => out.push(1),
        Ok(value) if value < 240 => out.push(value as u8 + 1),
        Ok(value) => {
            let bytes = value.to_be_bytes();
            let skip = (value.leading_zeros() / 8) as usize;
            let tail = bytes.get(skip..).unwrap_or(&bytes);
            out.push(240 + tail.len() as u8);
            out.extend_from_slice(tail);
        }
        Err(_) => {
            out.push(249);
            out.extend_from_slice(&(digits.len() as u16).to_be_bytes());
            out.extend_from_slice(digits.as_bytes());
        }
    }
}
