//! Repositories and wheels made for a test.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use super::Sandbox;

/// A repository `clone` in the sandbox with one commit, tagged v1.0, that holds a directory.
pub fn repository(sandbox: &Sandbox, files: &Path) {
    let clone = sandbox.work().join("clone");
    super::copy(files, &clone);
    git(&clone, &["init", "-q", "-b", "main"]);
    commit(&clone);
    git(&clone, &["tag", "v1.0"]);
}

/// Commits everything.
pub fn commit(clone: &Path) {
    git(clone, &["add", "-A"]);
    git(clone, &["commit", "-q", "--allow-empty", "-m", "one"]);
}

pub fn git(directory: &Path, words: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@b.example"];
    let done = Command::new("git")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .args(["-c", "core.autocrlf=false", "-c", "commit.gpgsign=false"])
        .args(who)
        .args(words)
        .current_dir(directory)
        .status();
    assert!(done.unwrap().success(), "git {words:?}");
}

/// A pure wheel with its metadata.
pub fn wheel(name: &str, version: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    let info = format!("{name}-{version}.dist-info");
    let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
    let tags = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    let mut all: Vec<(String, Vec<u8>)> = files
        .iter()
        .map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()))
        .collect();
    all.push((format!("{info}/METADATA"), metadata.into_bytes()));
    all.push((format!("{info}/WHEEL"), tags.as_bytes().to_vec()));
    let mut record = String::new();
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    for (path, bytes) in &all {
        let digest = engine.encode(Sha256::digest(bytes));
        record += &format!("{path},sha256={digest},{}\n", bytes.len());
    }
    record += &format!("{info}/RECORD,,\n");
    all.push((format!("{info}/RECORD"), record.into_bytes()));
    zip(&all)
}

/// Stored members, nothing else.
fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (path, bytes) in files {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let start = u32::try_from(out.len()).unwrap();
        let size = u32::try_from(bytes.len()).unwrap();
        let mut head = Vec::new();
        head.extend([20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x58]);
        head.extend(crc.sum().to_le_bytes());
        head.extend(size.to_le_bytes());
        head.extend(size.to_le_bytes());
        head.extend(u16::try_from(path.len()).unwrap().to_le_bytes());
        head.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&head);
        out.extend(path.as_bytes());
        out.extend(bytes);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&head);
        directory.extend([0; 6]);
        directory.extend((0o100_644_u32 << 16).to_le_bytes());
        directory.extend(start.to_le_bytes());
        directory.extend(path.as_bytes());
    }
    let at = u32::try_from(out.len()).unwrap();
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap();
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count);
    out.extend(count);
    out.extend(size.to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// A text without names of commits.
pub fn without_ids(text: &str) -> String {
    let is_id = |w: &str| w.len() == 40 && w.chars().all(|c| c.is_ascii_hexdigit());
    let ids: Vec<&str> = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|w| is_id(w))
        .collect();
    ids.iter().fold(text.to_owned(), |text, id| {
        text.replace(id, "0123456789012345678901234567890123456789")
    })
}
