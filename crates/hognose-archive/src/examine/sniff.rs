//! Formats by their first bytes.

use super::entry::Format;
use super::tar::header;
use crate::codec::Codec;

/// How many bytes [`sniff`] wants to see.
pub(super) const HEAD: usize = 512;

/// What the first bytes of a file say. A compressed stream counts as one until its content is known to be a tar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sniffed {
    Zip,
    Tar,
    Stream(Codec),
    Unknown,
}

pub(super) fn sniff(head: &[u8]) -> Sniffed {
    match head {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Sniffed::Zip,
        [0x1f, 0x8b, 8, flags, ..] if *flags < 0x20 => Sniffed::Stream(Codec::Gzip),
        [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..]
            if rest.starts_with(b"1AY&SY") || rest.starts_with(b"\x17\x72\x45\x38\x50\x90") =>
        {
            Sniffed::Stream(Codec::Bzip2)
        }
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Sniffed::Stream(Codec::Xz),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Sniffed::Stream(Codec::Zstd),
        _ if is_tar(head) => Sniffed::Tar,
        _ => Sniffed::Unknown,
    }
}

/// True when a tar header with a right checksum stands here.
pub(super) fn is_tar(head: &[u8]) -> bool {
    head.first_chunk::<512>()
        .is_some_and(|block| block.iter().any(|b| *b != 0) && header::checksum_holds(block))
}

impl Sniffed {
    /// The format, where `tar` says whether the stream holds a tar.
    pub(super) fn format(self, tar: bool) -> Format {
        match (self, tar) {
            (Self::Zip, _) => Format::Zip,
            (Self::Tar, _) => Format::Tar,
            (Self::Stream(Codec::Gzip), true) => Format::TarGz,
            (Self::Stream(Codec::Gzip), false) => Format::Gz,
            (Self::Stream(Codec::Bzip2), true) => Format::TarBz2,
            (Self::Stream(Codec::Bzip2), false) => Format::Bz2,
            (Self::Stream(Codec::Xz), true) => Format::TarXz,
            (Self::Stream(Codec::Xz), false) => Format::Xz,
            (Self::Stream(Codec::Zstd), true) => Format::TarZst,
            (Self::Stream(Codec::Zstd), false) => Format::Zst,
            (Self::Stream(_) | Self::Unknown, _) => Format::Unknown,
        }
    }
}

/// The formats a file name promises; none when it promises nothing.
pub(super) fn promised(name: &str) -> Option<&'static [Format]> {
    let lower = name.to_ascii_lowercase();
    let table: &[(&[&str], &[Format])] = &[
        (&[".whl", ".zip", ".egg"], &[Format::Zip]),
        (&[".tar.gz", ".tgz"], &[Format::TarGz]),
        (&[".tar.bz2", ".tbz", ".tbz2"], &[Format::TarBz2]),
        (&[".tar.xz", ".txz"], &[Format::TarXz]),
        (&[".tar.zst"], &[Format::TarZst]),
        (&[".tar"], &[Format::Tar]),
    ];
    table
        .iter()
        .find(|(ends, _)| ends.iter().any(|end| lower.ends_with(end)))
        .map(|(_, formats)| *formats)
}
