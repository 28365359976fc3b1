//! Tar: header by header, as `tarfile` reads it, and on where it stops.

pub(super) mod header;
mod pax;

use std::io::{self, Read};

use super::entry::EntryKind;
use super::kinds::ConfusionKind as Kind;
use super::names::{self, Names};
use super::run::{Meta, Place, Run};
use super::walk::trailing_bytes;
use header::{Header, Number, checksum_holds};
use pax::{Extended, PaxSize};

type Block = [u8; 512];

/// Longest extended header; real ones are a few hundred bytes, and the block is held in memory.
const MAX_EXTENDED: u64 = 1 << 20;

/// A walk through one tar.
struct Walk<'w, 'p> {
    bytes: &'w mut dyn Read,
    place: Place<'p>,
    names: Names,
    /// Extended headers that wait for their member.
    pending: Extended,
    /// Global extended headers.
    global: Extended,
    blocks: u64,
    /// An end mark was met.
    ended: bool,
    /// A bad header was met: `tarfile` stops there.
    lost: bool,
    /// Bytes behind the end mark that are no member, and the first of them.
    trailing: u64,
    trailing_head: Option<Box<Block>>,
}

/// True when the source was read to its end.
pub(super) fn walk(run: &mut Run<'_, '_>, place: Place<'_>, bytes: &mut dyn Read) -> bool {
    let mut walk = Walk {
        bytes,
        place,
        names: Names::default(),
        pending: Extended::default(),
        global: Extended::default(),
        blocks: 0,
        ended: false,
        lost: false,
        trailing: 0,
        trailing_head: None,
    };
    let whole = loop {
        if run.stopped {
            break false;
        }
        match walk.step(run) {
            Ok(true) => {}
            Ok(false) => break !run.stopped,
            Err(e) => {
                run.fault(place, None, &e);
                break false;
            }
        }
    };
    if whole {
        walk.conclude(run);
    }
    whole
}

impl Walk<'_, '_> {
    /// Reads one block and what belongs to it; false at the end.
    fn step(&mut self, run: &mut Run<'_, '_>) -> io::Result<bool> {
        let Some(block) = self.block()? else {
            return Ok(false);
        };
        if block.iter().all(|b| *b == 0) {
            self.ended = true;
            return Ok(true);
        }
        if !checksum_holds(&block) {
            self.stray(run, &block);
            return Ok(true);
        }
        self.header(run, &Header(&block))
    }

    /// The next block; none at the end. A cut block is an error.
    fn block(&mut self) -> io::Result<Option<Block>> {
        let mut block = [0; 512];
        let mut done = 0;
        while done < block.len() {
            match self.bytes.read(block.get_mut(done..).unwrap_or_default()) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        self.blocks += 1;
        match done {
            0 => Ok(None),
            512 => Ok(Some(block)),
            // Behind the end mark any number of bytes may stand.
            _ if self.ended => Ok(Some(block)),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// A block that is no header.
    fn stray(&mut self, run: &mut Run<'_, '_>, block: &Block) {
        if self.ended {
            if self.trailing == 0 {
                self.trailing_head = Some(Box::new(*block));
            }
            self.trailing += 512;
        } else if !self.lost {
            self.lost = true;
            let at = (self.blocks - 1) * 512;
            run.confuse(self.place, Kind::BadHeader, None, || {
                format!("at byte {at}")
            });
        }
    }

    fn header(&mut self, run: &mut Run<'_, '_>, header: &Header<'_>) -> io::Result<bool> {
        let size = header.size();
        match header.kind() {
            b'x' | b'X' => {
                let block = self.extended(run, size)?;
                self.pending.add(Extended::parse(&block));
            }
            b'L' => {
                let block = self.extended(run, size)?;
                self.pending.add(Extended::long_name(block));
            }
            b'K' => {
                let block = self.extended(run, size)?;
                self.pending.add(Extended::long_link(block));
            }
            b'g' => {
                let block = self.extended(run, size)?;
                self.globally(run, Extended::parse(&block));
            }
            kind => {
                if !run.admits(self.place) {
                    return Ok(false);
                }
                self.member(run, header, kind)?;
            }
        }
        Ok(true)
    }

    /// Reads an extended header into memory; one that is too long is skipped.
    fn extended(&mut self, run: &mut Run<'_, '_>, size: Number) -> io::Result<Vec<u8>> {
        let size = size.value();
        let mut bytes = Vec::new();
        if size > MAX_EXTENDED {
            run.confuse(self.place, Kind::LimitMemory, None, || {
                format!("an extended header of {size} bytes")
            });
        } else {
            self.bytes.take(size).read_to_end(&mut bytes)?;
            if bytes.len() as u64 != size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.skip(padded(size)? - bytes.len() as u64)?;
        Ok(bytes)
    }

    fn globally(&mut self, run: &mut Run<'_, '_>, global: Extended) {
        if global.path.is_some() || global.link.is_some() || global.size.is_some() {
            run.confuse(self.place, Kind::GlobalPaxPath, None, String::new);
        }
        if global.damaged {
            run.confuse(self.place, Kind::PaxDamaged, None, String::new);
        }
        // The newest counts.
        let older = std::mem::replace(&mut self.global, global);
        self.global.add(older);
        self.global.several = false;
        self.global.damaged = false;
    }

    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.bytes.take(bytes), &mut io::sink())?;
        self.blocks += bytes / 512;
        // The padding of the last member may be cut off.
        if skipped == bytes || bytes < 512 {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    fn member(&mut self, run: &mut Run<'_, '_>, header: &Header<'_>, kind: u8) -> io::Result<()> {
        let mut extended = std::mem::take(&mut self.pending);
        let own = extended.clone();
        extended.add(Extended {
            several: false,
            ..self.global.clone()
        });
        extended.several = own.several;
        let (name, other) = self.name(run, header, &extended);
        let meta = self.meta(run, header, kind, (name, other), &extended);
        let name = meta.name.as_str();
        self.say_extended(run, name, &own);
        self.special(run, name, header, kind, &extended);
        let size = self.size(run, name, header, &extended);
        if size.is_none() {
            run.confuse(self.place, Kind::NegativeSize, Some(name), String::new);
        }
        let mut size = size.unwrap_or(0);
        let meta = Meta { size, ..meta };
        if !has_data(meta.kind) && size > 0 {
            // `tarfile` lets the next header follow at once; what is no header is passed over as stray blocks.
            run.confuse(self.place, Kind::LinkWithData, Some(&meta.name), || {
                format!("{size} bytes")
            });
            size = 0;
        }
        if kind == b'S' && header.sparse_goes_on() {
            self.sparse_maps()?;
        }
        self.names.add(run, self.place, &meta);
        self.content(run, &meta, size)
    }

    fn content(&mut self, run: &mut Run<'_, '_>, meta: &Meta, size: u64) -> io::Result<()> {
        let padded = padded(size)?;
        let mut data = Data {
            inner: &mut *self.bytes,
            left: size,
        };
        let measured = run.deliver(self.place, meta, &mut data, None, false);
        let left = data.left;
        self.blocks += padded / 512;
        if let Some(fault) = &measured.fault {
            run.fault(self.place, Some(&meta.name), fault);
        }
        if run.stopped {
            return Ok(());
        }
        // What a limit left unread, and the padding.
        let rest = left + (padded - size);
        let skipped = io::copy(&mut self.bytes.take(rest), &mut io::sink())?;
        if skipped < left && measured.fault.is_none() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// The name as `tarfile` reads it, and another reader's where that differs.
    fn name(
        &self,
        run: &mut Run<'_, '_>,
        header: &Header<'_>,
        extended: &Extended,
    ) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut plain = header.name().to_vec();
        let prefix = header.prefix();
        if !prefix.is_empty() && header.kind() != b'S' {
            let joined = [prefix, b"/", &plain].concat();
            if !header.is_posix() {
                let name = String::from_utf8_lossy(&joined);
                run.confuse(self.place, Kind::NamePrefix, Some(&name), String::new);
            }
            plain = joined;
        }
        let Some(path) = &extended.path else {
            return (plain, None);
        };
        let trim = |name: &[u8]| {
            let end = name.iter().rposition(|b| *b != b'/').map_or(0, |n| n + 1);
            name.get(..end).unwrap_or_default().to_vec()
        };
        // Writers use the extended header where the name does not fit; then the header holds a part of it.
        let fits = path.len() < 100 && path.is_ascii();
        if fits && !extended.sparse && trim(path) != trim(&plain) {
            let name = String::from_utf8_lossy(path);
            let header = String::from_utf8_lossy(&plain).into_owned();
            run.confuse(self.place, Kind::PaxPath, Some(&name), || {
                format!("the header says {header}")
            });
            return (path.clone(), Some(plain));
        }
        (path.clone(), None)
    }

    fn meta(
        &mut self,
        run: &mut Run<'_, '_>,
        header: &Header<'_>,
        kind: u8,
        (name, other): (Vec<u8>, Option<Vec<u8>>),
        extended: &Extended,
    ) -> Meta {
        let is_directory = kind == b'5' || kind == b'D' || (kind == 0 && name.ends_with(b"/"));
        let kind = match kind {
            _ if is_directory => EntryKind::Directory,
            b'1' => EntryKind::Hardlink,
            b'2' => EntryKind::Symlink,
            b'3' | b'4' | b'6' | b'V' | b'M' => EntryKind::Other,
            _ => EntryKind::File,
        };
        let link = match kind {
            EntryKind::Hardlink | EntryKind::Symlink => {
                let link = extended.link.as_deref().unwrap_or(header.link());
                Some(String::from_utf8_lossy(link).into_owned())
            }
            _ => None,
        };
        let hidden = self.ended || self.lost;
        let text = names::text(run, self.place, &name);
        if self.ended {
            run.confuse(self.place, Kind::AfterEnd, Some(&text), String::new);
        }
        Meta {
            name: text,
            other_name: other.map(|o| String::from_utf8_lossy(&o).into_owned()),
            kind,
            link,
            size: 0,
            executable: kind == EntryKind::File && header.mode().value() & 0o111 != 0,
            hidden,
        }
    }

    fn say_extended(&self, run: &mut Run<'_, '_>, name: &str, own: &Extended) {
        if own.several {
            run.confuse(self.place, Kind::SeveralPaxPaths, Some(name), String::new);
        }
        if own.damaged {
            run.confuse(self.place, Kind::PaxDamaged, Some(name), String::new);
        }
    }

    /// Types that no sdist needs.
    fn special(
        &self,
        run: &mut Run<'_, '_>,
        name: &str,
        header: &Header<'_>,
        kind: u8,
        extended: &Extended,
    ) {
        let place = self.place;
        match kind {
            b'3' | b'4' | b'6' => run.confuse(place, Kind::DeviceMember, Some(name), String::new),
            0 | b'0'..=b'2' | b'5' | b'7' | b'D' | b'V' | b'S' => {}
            other => run.confuse(place, Kind::UnknownType, Some(name), || {
                format!("type {:?}", char::from(other))
            }),
        }
        if kind == b'S' || extended.sparse {
            run.confuse(place, Kind::SparseMember, Some(name), String::new);
        }
        if matches!(kind, 0 | b'0' | b'7') && header.mode().value() & 0o6000 != 0 {
            run.confuse(place, Kind::Setuid, Some(name), String::new);
        }
    }

    /// The size as `tarfile` takes it; none when it is impossible.
    fn size(
        &self,
        run: &mut Run<'_, '_>,
        name: &str,
        header: &Header<'_>,
        extended: &Extended,
    ) -> Option<u64> {
        let stated = match header.size() {
            Number::Impossible => None,
            Number::Plain(n) => Some(n),
            Number::Odd(n) => {
                run.confuse(self.place, Kind::OddNumber, Some(name), || "the size");
                Some(n)
            }
        };
        let pax = match extended.size {
            None => return stated.filter(|n| *n < i64::MAX as u64),
            Some(PaxSize::Number(n)) => Some(n),
            Some(PaxSize::Nonsense) => None,
        };
        // A size beyond eleven octal digits is written as an extended one, with zero or a cut number in the header.
        let too_large = pax.is_some_and(|n| n >> 33 != 0);
        if pax != stated && !too_large {
            run.confuse(self.place, Kind::TwoSizes, Some(name), || {
                let show = |n: Option<u64>| n.map_or("no number".to_owned(), |n| n.to_string());
                format!(
                    "{} in the header, {} in the extended one",
                    show(stated),
                    show(pax)
                )
            });
        }
        pax.or(stated).filter(|n| *n < i64::MAX as u64)
    }

    /// Passes over the maps behind an old GNU sparse header.
    fn sparse_maps(&mut self) -> io::Result<()> {
        while let Some(block) = self.block()? {
            if block[504] == 0 {
                break;
            }
        }
        Ok(())
    }

    fn conclude(&mut self, run: &mut Run<'_, '_>) {
        if !self.pending.is_empty() {
            run.confuse(self.place, Kind::LonePax, None, String::new);
        }
        if !self.ended {
            run.confuse(self.place, Kind::MissingEnd, None, String::new);
        }
        if let Some(head) = self.trailing_head.take() {
            trailing_bytes(run, self.place, self.trailing, head.as_slice());
        }
    }
}

/// Whether `tarfile` expects data behind the header.
fn has_data(kind: EntryKind) -> bool {
    kind == EntryKind::File
}

fn padded(size: u64) -> io::Result<u64> {
    size.checked_next_multiple_of(512)
        .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// The data of one member: its early end is an error.
struct Data<'a> {
    inner: &'a mut dyn Read,
    left: u64,
}

impl Read for Data<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(out.len());
        if most == 0 {
            return Ok(0);
        }
        let read = self.inner.read(out.get_mut(..most).unwrap_or_default())?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}
