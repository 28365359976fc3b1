//! Wheels and sdists, made in memory.

#![expect(
    clippy::unwrap_used,
    clippy::format_collect,
    reason = "a test stops at the first surprise, and is not in a hurry"
)]

use std::io::Write as _;

/// Metadata of a distribution that has nothing to hide.
pub(crate) const METADATA: &str = "Metadata-Version: 2.1\nName: good\nVersion: 1.0\nSummary: Loads things\nAuthor: A. Maker\nProject-URL: Home, https://example.invalid/good\n\nLoads things from files, and says what was wrong with them when it cannot.\n";

fn metadata(name: &str, version: &str, more: &str) -> String {
    METADATA
        .replace("Name: good", &format!("Name: {name}"))
        .replace("Version: 1.0\n", &format!("Version: {version}\n"))
        .replace("\n\n", &format!("\n{more}\n"))
}

/// A wheel with a complete RECORD.
pub(crate) fn wheel(name: &str, version: &str, files: &[(&str, String)], more: &str) -> Vec<u8> {
    let info = format!("{name}-{version}.dist-info");
    let mut all: Vec<(String, String)> = files
        .iter()
        .map(|(p, t)| ((*p).to_owned(), t.clone()))
        .collect();
    all.push((format!("{info}/METADATA"), metadata(name, version, more)));
    all.push((
        format!("{info}/WHEEL"),
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            .to_owned(),
    ));
    let mut record: String = all.iter().map(|(path, _)| format!("{path},,\n")).collect();
    record.push_str(&format!("{info}/RECORD,,\n"));
    all.push((format!("{info}/RECORD"), record));
    zip(&all)
}

/// An sdist.
pub(crate) fn sdist(name: &str, version: &str, files: &[(&str, String)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |path: &str, text: &str| {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        let path = format!("{name}-{version}/{path}");
        builder
            .append_data(&mut header, path, text.as_bytes())
            .unwrap();
    };
    add("PKG-INFO", &metadata(name, version, ""));
    add("setup.py", "from setuptools import setup\nsetup()\n");
    for (path, text) in files {
        add(path, text);
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&builder.into_inner().unwrap()).unwrap();
    packed.finish().unwrap()
}

/// A ZIP archive of stored members.
fn zip(files: &[(String, String)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (path, text) in files {
        let mut crc = flate2::Crc::new();
        crc.update(text.as_bytes());
        let size = (text.len() as u32).to_le_bytes();
        // Version needed, flags, method, time, date.
        let mut fields = vec![20, 0, 0, 8, 0, 0, 0, 0, 33, 90];
        fields.extend(crc.sum().to_le_bytes());
        fields.extend(size);
        fields.extend(size);
        fields.extend((path.len() as u16).to_le_bytes());
        fields.extend([0, 0]);
        let offset = (out.len() as u32).to_le_bytes();
        out.extend(b"PK\x03\x04");
        out.extend(&fields);
        out.extend(path.as_bytes());
        out.extend(text.as_bytes());
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&fields);
        // Comment, disk, attributes.
        directory.extend([0; 6]);
        directory.extend([0, 0, 0xa4, 0x81]);
        directory.extend(offset);
        directory.extend(path.as_bytes());
    }
    let count = (files.len() as u16).to_le_bytes();
    let (size, at) = (directory.len() as u32, out.len() as u32);
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count);
    out.extend(count);
    out.extend(size.to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// Base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let mut bits = [0_u8; 4];
        bits[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(bits);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63] as char;
            out.push(if place > group.len() { '=' } else { letter });
        }
    }
    out
}
