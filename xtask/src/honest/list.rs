//! The list of artifacts, `benches/honest-packages.txt`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

/// Hexadecimal digits of the digest that the list keeps.
const DIGITS: usize = 16;

/// An artifact of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// How it was drawn; a folder of the cache.
    pub(super) group: String,
    /// First digits of its sha256.
    pub(super) digest: String,
    /// Its name.
    pub(super) file: String,
}

impl Entry {
    /// Where it belongs in a cache.
    pub(super) fn path(&self, cache: &Path) -> PathBuf {
        cache.join(&self.group).join(&self.file)
    }

    /// True when it is in the cache, as listed; an error when another file is.
    pub(super) fn is_there(&self, cache: &Path) -> Result<bool> {
        let path = self.path(cache);
        if !path.is_file() {
            return Ok(false);
        }
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        if self.fits(&hexadecimal(&bytes)) {
            Ok(true)
        } else {
            bail!("{} is not the file that was listed", path.display())
        }
    }

    /// True when a digest begins as listed.
    pub(super) fn fits(&self, digest: &str) -> bool {
        digest.starts_with(&self.digest)
    }

    /// Names that the project may have: a version with a hyphen leaves a choice.
    pub(super) fn projects(&self) -> Vec<&str> {
        if self.file.ends_with(".whl") {
            return self.file.split('-').next().into_iter().collect();
        }
        let hyphens = self.file.rmatch_indices('-').take(2);
        hyphens.filter_map(|(at, _)| self.file.get(..at)).collect()
    }
}

/// The sha256 of bytes.
fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        // Writing to a string never fails.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Reads the list.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>> {
    let lines = text.lines().enumerate();
    let entries = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    entries
        .map(|(number, line)| entry(line).with_context(|| format!("line {}: {line}", number + 1)))
        .collect()
}

fn entry(line: &str) -> Result<Entry> {
    let [group, digest, file] = line.split_whitespace().collect::<Vec<_>>()[..] else {
        bail!("not group, digest and file name");
    };
    let is_plain =
        |text: &str| !text.is_empty() && !text.starts_with('.') && !text.contains(['/', '\\']);
    if digest.len() != DIGITS || !is_plain(group) || !is_plain(file) {
        bail!("not group, digest and file name");
    }
    Ok(Entry {
        group: group.to_owned(),
        digest: digest.to_owned(),
        file: file.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_mistakes_have_a_number() -> Result<()> {
        let list = parse("# c\ntop 0123456789abcdef a_b-1.0-py3-none-any.whl\n")?;
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].projects(), ["a_b"]);
        assert!(list[0].fits("0123456789abcdef00"));
        let wrong = parse("#\ntop 0123456789abcdef ../x").map_err(|e| e.to_string());
        assert_eq!(wrong, Err("line 2: top 0123456789abcdef ../x".to_owned()));
        assert!(parse("top 012 x").is_err());
        let sdist = parse("tail 0123456789abcdef a-b-1.0-2.tar.gz")?;
        assert_eq!(sdist[0].projects(), ["a-b-1.0", "a-b"]);
        Ok(())
    }

    #[test]
    fn the_committed_list_can_be_read() -> Result<()> {
        let path = crate::run::root().join("benches/honest-packages.txt");
        let list = parse(&std::fs::read_to_string(path)?)?;
        assert!(list.len() > 1_500, "{}", list.len());
        assert!(list.is_sorted_by_key(|entry| &entry.file));
        Ok(())
    }
}
