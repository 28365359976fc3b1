//! A writer of ZIP archives that can also write wrong ones.

use std::io::Write as _;

/// One member and how it is listed.
pub(super) struct Member<'a> {
    pub(super) path: &'a str,
    pub(super) bytes: &'a [u8],
    /// Left out of the central directory.
    pub(super) hidden: bool,
    /// Another name in the central directory.
    pub(super) listed_as: Option<&'a str>,
}

/// An archive of files.
pub(super) fn zip(files: &[(String, Vec<u8>)], deflate: bool) -> Vec<u8> {
    let members: Vec<Member<'_>> = files
        .iter()
        .map(|(path, bytes)| Member {
            path,
            bytes,
            hidden: false,
            listed_as: None,
        })
        .collect();
    write(&members, deflate)
}

/// An archive of members, listed as they say.
pub(super) fn write(members: &[Member<'_>], deflate: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    let mut count = 0_u16;
    for member in members {
        let offset = out.len() as u32;
        let packed = if deflate {
            deflated(member.bytes)
        } else {
            member.bytes.to_vec()
        };
        let mut fields = vec![
            20,
            0,
            0,
            0,
            if deflate { 8 } else { 0 },
            0,
            0,
            0,
            0x21,
            0x50,
        ];
        let mut checksum = flate2::Crc::new();
        checksum.update(member.bytes);
        fields.extend(checksum.sum().to_le_bytes());
        fields.extend((packed.len() as u32).to_le_bytes());
        fields.extend((member.bytes.len() as u32).to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&fields);
        out.extend((member.path.len() as u16).to_le_bytes());
        out.extend([0, 0]);
        out.extend(member.path.bytes());
        out.extend(&packed);
        if member.hidden {
            continue;
        }
        let name = member.listed_as.unwrap_or(member.path);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&fields);
        directory.extend((name.len() as u16).to_le_bytes());
        directory.extend([0; 8]);
        directory.extend((0o100_644_u32 << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(name.bytes());
        count += 1;
    }
    let start = out.len() as u32;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder =
        flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
