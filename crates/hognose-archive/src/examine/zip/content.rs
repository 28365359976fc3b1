//! The data of members, by method.

use std::io::{self, BufRead as _, Read};

use super::super::budget::{Measured, over};
use super::super::kinds::ConfusionKind as Kind;
use super::super::run::{Meta, Run};
use super::super::sniff::{self, Sniffed};
use super::super::source::Range;
use super::directory::Listed;
use super::{ENCRYPTED, Walk};
use crate::codec::{Codec, Decoder, lzma_member};

pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;
const BZIP2: u16 = 12;
const LZMA: u16 = 14;
const ZSTD: u16 = 93;
const XZ: u16 = 95;

/// True for methods that can be read here.
pub(super) fn is_known(method: u16) -> bool {
    matches!(method, STORED | DEFLATED | BZIP2 | LZMA | ZSTD | XZ)
}

/// Shows a member's content, checks it against the directory, and returns where its packed bytes ended. With `open`
/// the packed size is not known before.
pub(super) fn deliver(
    walk: &mut Walk<'_, '_, '_>,
    run: &mut Run<'_, '_>,
    meta: &Meta,
    listed: &Listed,
    data: u64,
    open: bool,
) -> io::Result<u64> {
    let place = walk.place;
    let name = Some(meta.name.as_str());
    say_method(walk, run, meta, listed, data)?;
    let end = data.saturating_add(listed.packed);
    let mut range = walk.source.range(data, end);
    let (measured, used) = if let Some(kind) = refused(listed) {
        let mut nothing = Refused(kind);
        (run.deliver(place, meta, &mut nothing, None, false), end)
    } else if listed.method == STORED {
        let short = range.left() < listed.packed;
        let mut stored = Stored { range, short };
        let measured = run.deliver(place, meta, &mut stored, Some(listed.packed), true);
        (measured, end)
    } else if listed.method == DEFLATED {
        let state = run.inflate.take();
        let mut state = state.unwrap_or_else(|| flate2::Decompress::new(false));
        state.reset(false);
        let mut inflate = Inflate {
            state: &mut state,
            range: &mut range,
            done: false,
        };
        let measured = run.deliver(place, meta, &mut inflate, Some(listed.packed), true);
        let used = end.min(data.saturating_add(state.total_in()));
        run.inflate = Some(state);
        (measured, used)
    } else {
        let mut other = Other::new(listed, range, run.budget.limits.decoder_bytes);
        let measured = run.deliver(place, meta, &mut other, Some(listed.packed), true);
        (measured, end)
    };
    if let Some(fault) = &measured.fault {
        run.fault(place, name, fault);
    } else if !open {
        say_measured(walk, run, meta, listed, &measured);
        if used < end {
            run.confuse(place, Kind::PackedSizeMismatch, name, || {
                format!("{} bytes", end - used)
            });
        }
    }
    Ok(used)
}

/// What the content is against what the directory says.
fn say_measured(
    walk: &Walk<'_, '_, '_>,
    run: &mut Run<'_, '_>,
    meta: &Meta,
    listed: &Listed,
    measured: &Measured,
) {
    let (place, name) = (walk.place, Some(meta.name.as_str()));
    if measured.size != listed.size {
        run.confuse(place, Kind::SizeMismatch, name, || {
            format!("{} bytes stated, {} found", listed.size, measured.size)
        });
    }
    if measured.crc != listed.crc {
        run.confuse(place, Kind::ChecksumMismatch, name, String::new);
    }
}

/// The target of a symbolic link: the first bytes of its content.
pub(super) fn target(walk: &mut Walk<'_, '_, '_>, listed: &Listed, data: u64) -> Option<String> {
    const LONGEST: u64 = 4096;
    let mut range = walk
        .source
        .range(data, data.saturating_add(listed.packed.min(LONGEST)));
    let mut bytes = Vec::new();
    // A damaged link is said when its content is shown.
    let _ = match (refused(listed), listed.method) {
        (None, STORED) => range.read_to_end(&mut bytes),
        (None, DEFLATED) => flate2::bufread::DeflateDecoder::new(range)
            .take(LONGEST)
            .read_to_end(&mut bytes),
        _ => return None,
    };
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What the method alone says.
fn say_method(
    walk: &mut Walk<'_, '_, '_>,
    run: &mut Run<'_, '_>,
    meta: &Meta,
    listed: &Listed,
    data: u64,
) -> io::Result<()> {
    let name = Some(meta.name.as_str());
    if !matches!(listed.method, STORED | DEFLATED) && is_known(listed.method) {
        run.confuse(walk.place, Kind::UnusualMethod, name, || {
            format!("method {}", listed.method)
        });
    }
    if listed.method == STORED && listed.packed > 22 {
        let head = walk.source.array::<4>(data)?.unwrap_or_default();
        if sniff::sniff(&head) == Sniffed::Zip {
            run.confuse(walk.place, Kind::NestedArchive, name, String::new);
        }
    }
    Ok(())
}

fn refused(listed: &Listed) -> Option<Kind> {
    if listed.flags & ENCRYPTED != 0 {
        Some(Kind::EncryptedMember)
    } else if is_known(listed.method) {
        None
    } else {
        Some(Kind::UnsupportedMethod)
    }
}

/// Content that cannot be read at all.
struct Refused(Kind);

impl Read for Refused {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(over(self.0))
    }
}

/// Stored bytes; where the file ends before them, that is an error.
struct Stored<'a, 's> {
    range: Range<'a, 's>,
    short: bool,
}

impl Read for Stored<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.range.read(out)? {
            0 if self.short && !out.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            read => Ok(read),
        }
    }
}

/// Deflated bytes, straight from the source's window into the caller's buffer.
struct Inflate<'i, 'a, 's> {
    state: &'i mut flate2::Decompress,
    range: &'i mut Range<'a, 's>,
    done: bool,
}

impl Read for Inflate<'_, '_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() || self.done {
            return Ok(0);
        }
        loop {
            let input = self.range.fill_buf()?;
            let at_end = input.is_empty();
            let (read, written) = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(input, out, flate2::FlushDecompress::None)
                .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
            let consumed = usize::try_from(self.state.total_in() - read).unwrap_or(0);
            let produced = usize::try_from(self.state.total_out() - written).unwrap_or(0);
            self.range.consume(consumed);
            self.done = status == flate2::Status::StreamEnd;
            if produced > 0 || self.done {
                return Ok(produced);
            }
            if at_end || consumed == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// A decoder that is made when it is first read, so that its failure is the member's.
struct Other<'a, 's> {
    decoder: io::Result<Decoder<Range<'a, 's>>>,
}

impl<'a, 's> Other<'a, 's> {
    fn new(listed: &Listed, range: Range<'a, 's>, memory: u64) -> Self {
        let codec = match listed.method {
            BZIP2 => Codec::Bzip2,
            ZSTD => Codec::Zstd,
            XZ => Codec::Xz,
            _ => Codec::Lzma,
        };
        let decoder = if codec == Codec::Lzma {
            // Flag 1: the stream has an end mark.
            lzma_member(range, listed.size, listed.flags & 2 != 0, memory)
        } else {
            Decoder::new(codec, range, memory)
        };
        Self { decoder }
    }
}

impl Read for Other<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match &mut self.decoder {
            Ok(decoder) => decoder.read(out),
            Err(e) => {
                let kind = e.kind();
                Err(std::mem::replace(e, kind.into()))
            }
        }
    }
}
