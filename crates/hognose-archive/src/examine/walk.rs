//! From the first bytes to the right reader.

use std::cell::Cell;
use std::io::{self, BufRead, Chain, Cursor, Read};

use super::budget::RATIO_FROM;
use super::entry::Format;
use super::kinds::ConfusionKind as Kind;
use super::run::{Meta, Place, Run};
use super::sniff::{self, HEAD, Sniffed};
use super::source::{ReadSeek, Source};
use super::streams::{Streams, Trailing};
use super::{tar, zip};
use crate::codec::Codec;

/// Reads an archive of the given kind, and says its format.
pub(super) fn archive(
    run: &mut Run<'_, '_>,
    place: Place<'_>,
    sniffed: Sniffed,
    bytes: &mut dyn ReadSeek,
) -> Format {
    let mut source = match Source::new(bytes) {
        Ok(source) => source,
        Err(e) => {
            run.fault(place, None, &e);
            return Format::Unknown;
        }
    };
    let len = source.len();
    match sniffed {
        Sniffed::Zip => {
            zip::walk(run, place, &mut source, false);
            Format::Zip
        }
        Sniffed::Unknown => {
            // Something may stand before the first member: a self-extracting program, or a disguise.
            if zip::has_end(&mut source) {
                zip::walk(run, place, &mut source, false);
                return Format::Zip;
            }
            run.confuse(place, Kind::UnknownFormat, None, String::new);
            Format::Unknown
        }
        Sniffed::Tar | Sniffed::Stream(_) => {
            let format = flat(run, place, sniffed, &mut source.range(0, len));
            if zip::has_end(&mut source) {
                run.confuse(place, Kind::Polyglot, None, || "a ZIP archive too");
                zip::walk(run, place, &mut source, true);
            }
            format
        }
    }
}

/// Reads what can be read from front to back.
pub(super) fn flat(
    run: &mut Run<'_, '_>,
    place: Place<'_>,
    sniffed: Sniffed,
    bytes: &mut dyn BufRead,
) -> Format {
    if let Sniffed::Stream(codec) = sniffed {
        return stream(run, place, codec, bytes);
    }
    let budget = run.budget;
    let mut charged = Charged {
        inner: bytes,
        budget,
    };
    tar::walk(run, place, &mut charged);
    Format::Tar
}

/// Charges the budget for what is not compressed and still may be endless.
struct Charged<'a> {
    inner: &'a mut dyn BufRead,
    budget: &'a super::budget::Budget<'a>,
}

impl Read for Charged<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.budget.charge(read as u64)?;
        Ok(read)
    }
}

fn stream(
    run: &mut Run<'_, '_>,
    place: Place<'_>,
    codec: Codec,
    bytes: &mut dyn BufRead,
) -> Format {
    let (budget, taken) = (run.budget, Cell::new(0));
    let before = budget.spent();
    let mut streams = Streams::new(codec, bytes, budget, &taken);
    let mut head = Vec::new();
    let began = streams.by_ref().take(HEAD as u64).read_to_end(&mut head);
    let is_tar = sniff::is_tar(&head);
    let whole = match began {
        Err(e) if head.is_empty() => {
            run.fault(place, None, &e);
            false
        }
        began => {
            let mut rest: Chain<Cursor<Vec<u8>>, _> =
                Cursor::new(head).chain(AfterFault(began.err(), &mut streams));
            if is_tar {
                tar::walk(run, place, &mut rest)
            } else {
                single(run, place, codec, &mut rest)
            }
        }
    };
    if whole && !run.stopped {
        let count = streams.count;
        if count > 1 {
            run.confuse(place, Kind::SeveralStreams, None, || {
                format!("{count} streams")
            });
        }
        match streams.trailing() {
            Ok(Some(trailing)) => trails(run, place, &trailing),
            Ok(None) => {}
            Err(e) => run.fault(place, None, &e),
        }
    }
    ratio(run, place, budget.spent() - before, taken.get());
    Sniffed::Stream(codec).format(is_tar)
}

/// Gives an error that came with the first bytes again, behind them.
struct AfterFault<'s, R>(Option<io::Error>, &'s mut R);

impl<R: Read> Read for AfterFault<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.take() {
            Some(error) => Err(error),
            None => self.1.read(out),
        }
    }
}

/// Package indexes refuse what unpacks to more than fifty times its size above 64 MiB; here a smaller bomb is said too.
pub(super) fn ratio(run: &mut Run<'_, '_>, place: Place<'_>, unpacked: u64, packed: u64) {
    if unpacked > 64 * RATIO_FROM && unpacked / packed.max(1) > 50 {
        run.confuse(place, Kind::HighRatio, None, || {
            format!("{packed} bytes unpack to {unpacked}")
        });
    }
}

fn trails(run: &mut Run<'_, '_>, place: Place<'_>, trailing: &Trailing) {
    trailing_bytes(run, place, trailing.bytes, &trailing.head);
}

/// Records bytes behind the end, and whether they begin another archive.
pub(super) fn trailing_bytes(run: &mut Run<'_, '_>, place: Place<'_>, bytes: u64, head: &[u8]) {
    let kind = match sniff::sniff(head) {
        Sniffed::Unknown => Kind::TrailingData,
        _ => Kind::TrailingArchive,
    };
    run.confuse(place, kind, None, || format!("{bytes} bytes"));
}

/// A compressed file that is no tar: one member, named after the file.
fn single(run: &mut Run<'_, '_>, place: Place<'_>, codec: Codec, bytes: &mut dyn Read) -> bool {
    if !run.admits(place) {
        return false;
    }
    let outer = place.prefix.strip_suffix("!/").unwrap_or(place.prefix);
    let file = outer.rsplit('/').next().unwrap_or_default();
    let ends: &[&str] = match codec {
        Codec::Gzip => &[".gz", ".tgz"],
        Codec::Bzip2 => &[".bz2"],
        Codec::Xz => &[".xz"],
        _ => &[".zst"],
    };
    let stem = ends.iter().find_map(|end| file.strip_suffix(end));
    let name = stem.filter(|s| !s.is_empty()).unwrap_or("content");
    let meta = Meta::file(name.to_owned(), 0);
    let measured = run.deliver(place, &meta, bytes, None, false);
    if let Some(error) = &measured.fault {
        run.fault(place, Some(name), error);
    }
    measured.fault.is_none()
}
