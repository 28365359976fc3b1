//! Examining an archive: every member is shown, every confusion is said, nothing aborts.
//!
//! [`ZipArchive`](crate::zip::ZipArchive) and [`walk_tar`](crate::tarball::walk_tar) refuse an archive that two readers
//! could understand differently. An analyser must not refuse: it wants to see what *any* reader would see, and to say
//! where readers differ. [`examine`] reads ZIP and tar archives, compressed or not, with the archives inside them, as
//! leniently as `zipfile` and `tarfile` of `CPython` do, and finds members besides that only other readers see.
//!
//! ```
//! use std::io::Cursor;
//! use std::ops::ControlFlow;
//! use hognose_archive::Limits;
//! use hognose_archive::examine::{Ended, examine};
//!
//! let bytes = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
//! let mut buffer = Vec::new();
//! let summary = examine(
//!     &mut Cursor::new(bytes),
//!     "pkg-1.0-py3-none-any.whl",
//!     &Limits::default(),
//!     &|| std::time::Duration::ZERO,
//!     &mut |entry, content| {
//!         let ended = content.read_up_to(1 << 20, &mut buffer);
//!         assert!(ended == Ended::Whole, "{} is cut", entry.path);
//!         ControlFlow::Continue(())
//!     },
//! )?;
//! assert!(summary.complete && summary.confusions.is_empty());
//! # Ok::<(), hognose_archive::ArchiveError>(())
//! ```

mod budget;
mod entry;
mod kinds;
mod names;
mod run;
mod sniff;
mod source;
mod streams;
mod tar;
mod walk;
mod zip;

use std::io::{BufRead, BufReader, Read, SeekFrom};
use std::time::Duration;

use crate::{ArchiveError, Limits};
use budget::Budget;
use kinds::ConfusionKind as Kind;
use run::{Place, Run};
use sniff::Sniffed;

pub use entry::{Content, Digested, Ended, Entry, EntryKind, Format, Summary};
pub use kinds::{Confusion, ConfusionKind, Severity};
pub use run::Visit;
pub use source::ReadSeek;

/// Examines an archive in a file or in memory (`Cursor`).
///
/// `visit` gets every member once, in the order of the bytes, with the members of archives inside right after their
/// archive. `name` is the file name: it is compared with what the bytes are. `clock` tells the time since any fixed
/// moment.
///
/// An error means that the source itself could not be read; whatever the bytes are, they give a [`Summary`].
pub fn examine(
    source: &mut dyn ReadSeek,
    name: &str,
    limits: &Limits,
    clock: &dyn Fn() -> Duration,
    visit: &mut Visit<'_>,
) -> Result<Summary, ArchiveError> {
    let packed = source.seek(SeekFrom::End(0)).map_err(ArchiveError::Io)?;
    source.seek(SeekFrom::Start(0)).map_err(ArchiveError::Io)?;
    let mut head = Vec::new();
    let mut front: &mut dyn ReadSeek = source;
    Read::by_ref(&mut front)
        .take(sniff::HEAD as u64)
        .read_to_end(&mut head)
        .map_err(ArchiveError::Io)?;
    let budget = Budget::new(limits, clock);
    let mut run = Run::new(&budget, visit);
    let format = walk::archive(&mut run, OUTERMOST, sniff::sniff(&head), source);
    Ok(conclude(run, name, format, packed))
}

/// Examines a tar archive, compressed or not, as it arrives. What needs the end of the file first (ZIP) is an unknown
/// format here; a ZIP archive behind the tar is trailing data.
pub fn examine_stream(
    source: &mut dyn Read,
    name: &str,
    limits: &Limits,
    clock: &dyn Fn() -> Duration,
    visit: &mut Visit<'_>,
) -> Result<Summary, ArchiveError> {
    let mut counted = Counted {
        inner: source,
        bytes: 0,
    };
    let mut buffered = BufReader::with_capacity(64 << 10, &mut counted);
    let budget = Budget::new(limits, clock);
    let mut run = Run::new(&budget, visit);
    let mut head = Vec::new();
    buffered
        .by_ref()
        .take(sniff::HEAD as u64)
        .read_to_end(&mut head)
        .map_err(ArchiveError::Io)?;
    let sniffed = sniff::sniff(&head);
    let format = if matches!(sniffed, Sniffed::Zip | Sniffed::Unknown) {
        run.confuse(OUTERMOST, Kind::UnknownFormat, None, String::new);
        Format::Unknown
    } else {
        let mut whole = std::io::Cursor::new(head).chain(buffered);
        walk::flat(&mut run, OUTERMOST, sniffed, &mut whole as &mut dyn BufRead)
    };
    let bytes = counted.bytes;
    Ok(conclude(run, name, format, bytes))
}

const OUTERMOST: Place<'static> = Place {
    prefix: "",
    depth: 0,
};

struct Counted<'a> {
    inner: &'a mut dyn Read,
    bytes: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(out)?;
        self.bytes = self.bytes.saturating_add(read as u64);
        Ok(read)
    }
}

fn conclude(mut run: Run<'_, '_>, name: &str, format: Format, packed_bytes: u64) -> Summary {
    // What could not be read at all is nothing in particular.
    let read = run.members > 0 || !run.incomplete;
    if let Some(promised) = sniff::promised(name).filter(|p| read && !p.contains(&format)) {
        run.confuse(OUTERMOST, Kind::ExtensionMismatch, None, || {
            format!(
                "{} instead of {}",
                format.as_str(),
                promised.first().map_or("", |f| f.as_str())
            )
        });
    }
    if run.roots.len() > 1 && format.is_tar() {
        let roots = run.roots.join(", ");
        run.confuse(OUTERMOST, Kind::SeveralRoots, None, || roots);
    }
    Summary {
        format,
        members: run.members,
        unpacked_bytes: run.budget.spent(),
        packed_bytes,
        complete: !run.incomplete && !run.stopped,
        roots: run.roots,
        confusions: run.confusions,
        suppressed: run.suppressed,
    }
}
