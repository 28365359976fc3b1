//! Builders of archives whose every field can lie, and a visitor that keeps everything.

use std::io::{Cursor, Write as _};
use std::ops::ControlFlow;
use std::time::Duration;

use hognose_archive::Limits;
use hognose_archive::examine::{ConfusionKind, Ended, EntryKind, Summary, examine};

/// A member that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) path: String,
    pub(crate) kind: EntryKind,
    pub(crate) bytes: Vec<u8>,
    pub(crate) ended: Ended,
    pub(crate) hidden: bool,
    pub(crate) other: Option<String>,
    pub(crate) link: Option<String>,
}

/// What an examination gave.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) members: Vec<Shown>,
    pub(crate) summary: Summary,
}

impl Seen {
    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        let mut kinds: Vec<_> = self
            .summary
            .confusions
            .iter()
            .map(|c| c.kind.as_str())
            .collect();
        kinds.dedup();
        kinds
    }

    pub(crate) fn has(&self, kind: ConfusionKind) -> bool {
        self.summary.confusions.iter().any(|c| c.kind == kind)
    }

    pub(crate) fn paths(&self) -> Vec<&str> {
        self.members.iter().map(|m| m.path.as_str()).collect()
    }

    pub(crate) fn bytes(&self, path: &str) -> &[u8] {
        &self.members.iter().find(|m| m.path == path).unwrap().bytes
    }
}

/// With a clock that stands still.
pub(crate) fn look_with(bytes: &[u8], name: &str, limits: &Limits) -> Seen {
    look_by(bytes, name, limits, &|| Duration::ZERO)
}

/// With a clock that goes on by half a second whenever it is looked at.
pub(crate) fn look_ticking(bytes: &[u8], name: &str, limits: &Limits) -> Seen {
    let ticks = std::cell::Cell::new(0);
    look_by(bytes, name, limits, &|| {
        ticks.set(ticks.get() + 1);
        Duration::from_millis(500 * ticks.get())
    })
}

fn look_by(bytes: &[u8], name: &str, limits: &Limits, clock: &dyn Fn() -> Duration) -> Seen {
    let mut members = Vec::new();
    let mut buffer = Vec::new();
    let summary = examine(
        &mut Cursor::new(bytes),
        name,
        limits,
        clock,
        &mut |entry, content| {
            let ended = content.read_up_to(1 << 16, &mut buffer);
            members.push(Shown {
                path: entry.path.to_owned(),
                kind: entry.kind,
                bytes: buffer.clone(),
                ended,
                hidden: entry.hidden,
                other: entry.other_name.map(str::to_owned),
                link: entry.link.map(str::to_owned),
            });
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    Seen { members, summary }
}

pub(crate) fn look(bytes: &[u8], name: &str) -> Seen {
    look_with(bytes, name, &Limits::default())
}

pub(crate) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

pub(crate) fn bzip2(data: &[u8]) -> Vec<u8> {
    let mut e = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

/// With a dictionary of this many bytes.
pub(crate) fn xz(data: &[u8], dictionary: u32) -> Vec<u8> {
    let mut options = lzma_rust2::XzOptions::with_preset(1);
    options.lzma_options.dict_size = dictionary;
    let mut e = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

/// A small stream that asks for a dictionary of 4 GiB.
pub(crate) fn huge_xz() -> Vec<u8> {
    let mut bytes = xz(b"", 1 << 20);
    let empty = xz(b"x", 1 << 20);
    bytes.clear();
    bytes.extend(empty);
    // Block header: size, flags, filter 0x21 with one byte of properties, padding, checksum.
    let header = 12;
    bytes[header + 4] = 40;
    let sum = crc(&bytes[header..header + 8]);
    bytes[header + 8..header + 12].copy_from_slice(&sum.to_le_bytes());
    bytes
}

pub(crate) fn crc(data: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(data);
    crc.sum()
}

/// One member of a ZIP archive; directory and local header are the same until a test makes them differ.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) name: Vec<u8>,
    pub(crate) local_name: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) local_method: u16,
    pub(crate) flags: u16,
    pub(crate) local_flags: u16,
    pub(crate) crc: u32,
    pub(crate) local_crc: u32,
    pub(crate) size: u32,
    pub(crate) local_size: u32,
    pub(crate) packed_size: u32,
    pub(crate) local_packed_size: u32,
    pub(crate) packed: Vec<u8>,
    pub(crate) extra: Vec<u8>,
    pub(crate) local_extra: Vec<u8>,
    pub(crate) descriptor: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) disk: u16,
    pub(crate) listed: bool,
    pub(crate) header: Option<u32>,
}

/// A deflated member.
pub(crate) fn file(name: impl AsRef<[u8]>, data: &[u8]) -> Member {
    packed(name, 8, data, deflate(data))
}

pub(crate) fn stored(name: impl AsRef<[u8]>, data: &[u8]) -> Member {
    packed(name, 0, data, data.to_vec())
}

pub(crate) fn packed(name: impl AsRef<[u8]>, method: u16, data: &[u8], packed: Vec<u8>) -> Member {
    let name = name.as_ref().to_vec();
    let (crc, size, packed_size) = (crc(data), data.len() as u32, packed.len() as u32);
    let flags = if name.is_ascii() { 0 } else { 1 << 11 };
    Member {
        local_name: name.clone(),
        name,
        method,
        local_method: method,
        flags,
        local_flags: flags,
        crc,
        local_crc: crc,
        size,
        local_size: size,
        packed_size,
        local_packed_size: packed_size,
        packed,
        extra: Vec::new(),
        local_extra: Vec::new(),
        descriptor: Vec::new(),
        mode: 0o100_644,
        disk: 0,
        listed: true,
        header: None,
    }
}

pub(crate) fn put16(out: &mut Vec<u8>, values: &[u16]) {
    out.extend(values.iter().flat_map(|v| v.to_le_bytes()));
}

pub(crate) fn put32(out: &mut Vec<u8>, values: &[u32]) {
    out.extend(values.iter().flat_map(|v| v.to_le_bytes()));
}

/// A ZIP archive in its parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Zip {
    pub(crate) body: Vec<u8>,
    pub(crate) directory: Vec<u8>,
    pub(crate) count: u16,
}

impl Zip {
    pub(crate) fn new(members: &[Member]) -> Self {
        members.iter().fold(Self::default(), Self::add)
    }

    pub(crate) fn add(mut self, m: &Member) -> Self {
        let header = m.header.unwrap_or(self.body.len() as u32);
        let out = &mut self.body;
        out.extend(b"PK\x03\x04");
        put16(out, &[20, m.local_flags, m.local_method, 0, 0]);
        put32(out, &[m.local_crc, m.local_packed_size, m.local_size]);
        put16(
            out,
            &[m.local_name.len() as u16, m.local_extra.len() as u16],
        );
        out.extend(&m.local_name);
        out.extend(&m.local_extra);
        out.extend(&m.packed);
        out.extend(&m.descriptor);
        if !m.listed {
            return self;
        }
        let out = &mut self.directory;
        out.extend(b"PK\x01\x02");
        put16(out, &[0x0314, 20, m.flags, m.method, 0, 0]);
        put32(out, &[m.crc, m.packed_size, m.size]);
        put16(
            out,
            &[m.name.len() as u16, m.extra.len() as u16, 0, m.disk, 0],
        );
        put32(out, &[m.mode << 16, header]);
        out.extend(&m.name);
        out.extend(&m.extra);
        self.count += 1;
        self
    }

    /// Bytes that belong to no member.
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.body.extend(bytes);
        self
    }

    pub(crate) fn end(&self, comment: &[u8]) -> Vec<u8> {
        let mut out = b"PK\x05\x06".to_vec();
        put16(&mut out, &[0, 0, self.count, self.count]);
        put32(
            &mut out,
            &[self.directory.len() as u32, self.body.len() as u32],
        );
        put16(&mut out, &[comment.len() as u16]);
        out.extend(comment);
        out
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.body.clone(), self.directory.clone(), self.end(b"")].concat()
    }
}

/// One tar member, padded.
pub(crate) fn tar_member(name: &str, kind: u8, link: &str, data: &[u8]) -> Vec<u8> {
    let mut header = tar_header(name, kind, link, data.len() as u64);
    seal(&mut header);
    let mut out = header.to_vec();
    out.extend(data);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

/// A POSIX header without its checksum.
pub(crate) fn tar_header(name: &str, kind: u8, link: &str, size: u64) -> [u8; 512] {
    let mut block = [0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000644\0");
    block[108..116].copy_from_slice(b"0000000\0");
    block[116..124].copy_from_slice(b"0000000\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[136..148].copy_from_slice(b"00000000000\0");
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link.as_bytes());
    block[257..265].copy_from_slice(b"ustar\x0000");
    block
}

/// Writes the checksum.
pub(crate) fn seal(block: &mut [u8; 512]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// A PAX record.
pub(crate) fn record(key: &str, value: &str) -> String {
    let body = key.len() + value.len() + 3;
    let mut length = body;
    while length != body + length.to_string().len() {
        length = body + length.to_string().len();
    }
    format!("{length} {key}={value}\n")
}

pub(crate) fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let block: String = records.iter().map(|(k, v)| record(k, v)).collect();
    tar_member("PaxHeader", b'x', "", block.as_bytes())
}

/// Members and the end mark.
pub(crate) fn tar(members: &[Vec<u8>]) -> Vec<u8> {
    let mut out = members.concat();
    out.extend([0; 1024]);
    out
}

/// A file of a tar.
pub(crate) fn tar_file(name: &str, data: &[u8]) -> Vec<u8> {
    tar_member(name, b'0', "", data)
}
