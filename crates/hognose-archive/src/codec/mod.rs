//! Decoders of compressed streams, each with bounded memory.

mod stream;
mod zstd;

use std::io::Read;

pub(crate) use stream::{Decoder, lzma_member};

/// A compression format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// gzip, RFC 1952.
    Gzip,
    /// zlib, RFC 1950.
    Zlib,
    /// Raw deflate, RFC 1951.
    Deflate,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// The older `.lzma` ("alone") format.
    Lzma,
    /// Zstandard, RFC 8878.
    Zstd,
}

impl Codec {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::Deflate => "deflate",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Lzma => "lzma",
            Self::Zstd => "zstd",
        }
    }
}

/// What could be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The bytes, at most as many as were allowed.
    pub bytes: Vec<u8>,
    /// How the stream ended.
    pub end: DecodeEnd,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DecodeEnd {
    /// Where it should, checksums included.
    Whole,
    /// At the allowed number of bytes.
    Limit,
    /// The input ends before the stream does.
    Truncated,
    /// The rest cannot be decoded, or its checksum is wrong.
    Damaged,
}

/// Nothing at all could be decoded.
#[derive(Debug, thiserror::Error)]
#[error("not {}, or damaged from the start", codec.as_str())]
pub struct DecodeError {
    /// The format that was tried.
    pub codec: Codec,
    /// The decoder's reason.
    #[source]
    pub source: std::io::Error,
}

/// Decodes the first stream in `bytes`, up to `max` bytes of output. Memory beyond the output stays below 80 MiB,
/// whatever dictionary the stream asks for. What could be decoded of a damaged stream is returned.
pub fn decompress(codec: Codec, bytes: &[u8], max: usize) -> Result<Decoded, DecodeError> {
    let error = |source| DecodeError { codec, source };
    let mut decoder = Decoder::new(codec, bytes, MEMORY).map_err(error)?;
    let mut out = Vec::new();
    let result = decoder
        .by_ref()
        .take((max as u64).saturating_add(1))
        .read_to_end(&mut out);
    let end = match result {
        Ok(_) if out.len() > max => DecodeEnd::Limit,
        Ok(_) => DecodeEnd::Whole,
        Err(e) if out.is_empty() => return Err(error(e)),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => DecodeEnd::Truncated,
        Err(_) => DecodeEnd::Damaged,
    };
    out.truncate(max);
    Ok(Decoded { bytes: out, end })
}

/// Room for `xz -9`.
const MEMORY: u64 = 80 << 20;
