//! What an examination may still spend: bytes, time, ratio.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};
use std::time::Duration;

use super::kinds::ConfusionKind;
use crate::Limits;

/// Below this, a high ratio means nothing: small text compresses well.
pub(super) const RATIO_FROM: u64 = 1 << 20;

/// Limits and what was used of them, shared by every reader of one examination.
pub(super) struct Budget<'c> {
    pub(super) limits: Limits,
    clock: &'c dyn Fn() -> Duration,
    start: Duration,
    spent: Cell<u64>,
    held: Cell<u64>,
}

impl fmt::Debug for Budget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("limits", &self.limits)
            .field("spent", &self.spent)
            .finish_non_exhaustive()
    }
}

impl<'c> Budget<'c> {
    pub(super) fn new(limits: &Limits, clock: &'c dyn Fn() -> Duration) -> Self {
        Self {
            limits: *limits,
            clock,
            start: clock(),
            spent: Cell::new(0),
            held: Cell::new(0),
        }
    }

    pub(super) fn spent(&self) -> u64 {
        self.spent.get()
    }

    /// Counts unpacked bytes.
    pub(super) fn charge(&self, bytes: u64) -> io::Result<()> {
        let spent = self.spent.get().saturating_add(bytes);
        self.spent.set(spent);
        if spent > self.limits.total_bytes {
            return Err(over(ConfusionKind::LimitTotalSize));
        }
        self.in_time()
    }

    pub(super) fn in_time(&self) -> io::Result<()> {
        if (self.clock)().saturating_sub(self.start) > self.limits.time {
            return Err(over(ConfusionKind::LimitTime));
        }
        Ok(())
    }

    pub(super) fn check_ratio(&self, unpacked: u64, packed: u64) -> io::Result<()> {
        if unpacked > RATIO_FROM && unpacked / packed.max(1) > self.limits.ratio {
            return Err(over(ConfusionKind::LimitRatio));
        }
        Ok(())
    }

    /// How many bytes of nested archives may still be held.
    pub(super) fn room(&self) -> u64 {
        self.limits.nested_bytes.saturating_sub(self.held.get())
    }

    pub(super) fn hold(&self, bytes: u64) {
        self.held.set(self.held.get().saturating_add(bytes));
    }

    pub(super) fn release(&self, bytes: u64) {
        self.held.set(self.held.get().saturating_sub(bytes));
    }
}

/// A limit, on its way through `Read`.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.describe())]
struct Over(ConfusionKind);

pub(super) fn over(kind: ConfusionKind) -> io::Error {
    io::Error::other(Over(kind))
}

/// The kind of confusion that stopped a reader.
pub(super) fn kind_of(error: &io::Error) -> ConfusionKind {
    if let Some(Over(kind)) = error.get_ref().and_then(|e| e.downcast_ref::<Over>()) {
        return *kind;
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ConfusionKind::Truncated,
        io::ErrorKind::OutOfMemory => ConfusionKind::LimitMemory,
        _ => ConfusionKind::CorruptData,
    }
}

/// True when the whole examination must end, not only this member.
pub(super) fn is_final(kind: ConfusionKind) -> bool {
    matches!(
        kind,
        ConfusionKind::LimitTotalSize | ConfusionKind::LimitTime
    )
}

/// Counts what is unpacked of one member, and keeps the limits.
pub(super) struct Metered<'r> {
    raw: &'r mut dyn Read,
    budget: &'r Budget<'r>,
    /// Packed size where known: for the ratio.
    packed: Option<u64>,
    crc: Option<flate2::Crc>,
    size: u64,
    fault: Option<io::Error>,
}

impl fmt::Debug for Metered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metered")
            .field("size", &self.size)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

/// How a metered reader ended.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) size: u64,
    pub(super) crc: u32,
    pub(super) fault: Option<io::Error>,
}

impl<'r> Metered<'r> {
    /// With `packed`, bytes are charged to the budget and the ratio is watched: the reader unpacks.
    pub(super) fn new(
        raw: &'r mut dyn Read,
        budget: &'r Budget<'r>,
        packed: Option<u64>,
        crc: bool,
    ) -> Self {
        Self {
            raw,
            budget,
            packed,
            crc: crc.then(flate2::Crc::new),
            size: 0,
            fault: None,
        }
    }

    /// Reads what the visitor left, so that sizes and checksums are known.
    pub(super) fn finish(mut self, scratch: &mut [u8]) -> Measured {
        while matches!(self.read(scratch), Ok(1..)) {}
        Measured {
            size: self.size,
            crc: self.crc.map_or(0, |crc| crc.sum()),
            fault: self.fault,
        }
    }

    fn count(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if let Some(crc) = &mut self.crc {
            crc.update(bytes);
        }
        if self.size > self.budget.limits.member_bytes {
            return Err(over(ConfusionKind::LimitMemberSize));
        }
        match self.packed {
            Some(packed) => {
                self.budget.charge(bytes.len() as u64)?;
                self.budget.check_ratio(self.size, packed)
            }
            None => Ok(()),
        }
    }
}

impl Read for Metered<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(fault) = &self.fault {
            return Err(fault.kind().into());
        }
        if out.is_empty() {
            return Ok(0);
        }
        let result = loop {
            match self.raw.read(out) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        let result = result.and_then(|read| {
            self.count(out.get(..read).unwrap_or_default())?;
            Ok(read)
        });
        result.map_err(|fault| {
            let kind = fault.kind();
            self.fault = Some(fault);
            kind.into()
        })
    }
}
