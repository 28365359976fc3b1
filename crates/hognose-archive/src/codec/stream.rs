//! One compressed stream as a reader that gives its source back.

use std::io::{self, BufRead, Read};

use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use lzma_rust2::{LzmaReader, XzReader, lzma_get_memory_usage_by_props};

use super::Codec;
use super::zstd::ZstdFrame;

/// A decoder of one stream.
pub(crate) enum Decoder<B: BufRead> {
    Gzip(Box<GzDecoder<B>>),
    Zlib(ZlibDecoder<B>),
    Deflate(DeflateDecoder<B>),
    Bzip2(bzip2::bufread::BzDecoder<B>),
    Xz(Box<XzReader<B>>),
    Lzma(Box<LzmaReader<B>>),
    Zstd(Box<ZstdFrame<B>>),
}

impl<B: BufRead> Decoder<B> {
    /// Starts a decoder that takes at most `memory` bytes for its dictionary.
    pub(crate) fn new(codec: Codec, source: B, memory: u64) -> io::Result<Self> {
        let kib = u32::try_from(memory >> 10).unwrap_or(u32::MAX);
        Ok(match codec {
            Codec::Gzip => Self::Gzip(Box::new(GzDecoder::new(source))),
            Codec::Zlib => Self::Zlib(ZlibDecoder::new(source)),
            Codec::Deflate => Self::Deflate(DeflateDecoder::new(source)),
            Codec::Bzip2 => Self::Bzip2(bzip2::bufread::BzDecoder::new(source)),
            Codec::Xz => Self::Xz(Box::new(XzReader::new_mem_limit(source, false, kib))),
            Codec::Lzma => Self::Lzma(Box::new(LzmaReader::new_mem_limit(source, kib, None)?)),
            Codec::Zstd => Self::Zstd(Box::new(ZstdFrame::new(source, memory)?)),
        })
    }

    /// The source, behind the stream once that has ended.
    pub(crate) fn into_inner(self) -> B {
        match self {
            Self::Gzip(d) => d.into_inner(),
            Self::Zlib(d) => d.into_inner(),
            Self::Deflate(d) => d.into_inner(),
            Self::Bzip2(d) => d.into_inner(),
            Self::Xz(d) => d.into_inner(),
            Self::Lzma(d) => d.into_inner(),
            Self::Zstd(d) => d.into_inner(),
        }
    }
}

impl<B: BufRead> Read for Decoder<B> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(d) => d.read(out),
            Self::Zlib(d) => d.read(out),
            Self::Deflate(d) => d.read(out),
            Self::Bzip2(d) => d.read(out),
            Self::Xz(d) => d.read(out),
            Self::Lzma(d) => d.read(out),
            Self::Zstd(d) => d.read(out),
        }
    }
}

/// The LZMA stream of a ZIP member: two bytes of version, the length of the properties, the properties, raw data.
pub(crate) fn lzma_member<B: BufRead>(
    mut source: B,
    size: u64,
    ends_itself: bool,
    memory: u64,
) -> io::Result<Decoder<B>> {
    let mut head = [0; 9];
    source.read_exact(&mut head)?;
    let [_, _, 5, 0, props, a, b, c, d] = head else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "unknown properties of the LZMA stream",
        ));
    };
    let dictionary = u32::from_le_bytes([a, b, c, d]);
    let need = lzma_get_memory_usage_by_props(dictionary, props)?;
    if u64::from(need) << 10 > memory {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    let size = if ends_itself { u64::MAX } else { size };
    let reader = LzmaReader::new_with_props(source, size, props, dictionary, None)?;
    Ok(Decoder::Lzma(Box::new(reader)))
}
