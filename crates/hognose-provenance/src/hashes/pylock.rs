//! `pylock.toml` files (PEP 751) whose missing sha256 are put in place: everything else stays as it is, comments and order too.

use std::collections::BTreeMap;

use hognose_types::text::short;
use hognose_types::{PackageName, Version};
use serde::Deserialize;
use toml::Spanned;

/// Why the hashes of a lock cannot be completed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No TOML, or none of this shape.
    #[error("it is no pylock: {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// A file whose name, project or version nothing tells.
    #[error("line {line}: no name of a wheel or sdist, so no index can be asked for it")]
    Nameless {
        /// Its line.
        line: u32,
    },
    /// An archive of some address: no index has it.
    #[error("line {line}: the archive of {name} does not come from an index")]
    Elsewhere {
        /// Its line.
        line: u32,
        /// The project.
        name: String,
    },
}

/// A file of a lock that has no sha256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// The project.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// The file.
    pub file: String,
    /// Its line, counted from 1.
    pub line: u32,
    /// The hashes it has, by algorithm, in lower case: bytes that do not have them are others.
    pub others: BTreeMap<String, String>,
    /// The size that the lock states.
    pub size: Option<u64>,
    /// Where a hash goes.
    place: Place,
}

/// Where a hash goes, and what stands around it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    at: usize,
    before: String,
    after: &'static str,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    packages: Vec<RawPackage>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: Spanned<String>,
    version: Option<String>,
    #[serde(default)]
    wheels: Vec<RawFile>,
    sdist: Option<RawFile>,
    archive: Option<RawFile>,
}

#[derive(Deserialize)]
struct RawFile {
    name: Option<Spanned<String>>,
    url: Option<Spanned<String>>,
    path: Option<Spanned<String>>,
    size: Option<u64>,
    hashes: Option<BTreeMap<String, Spanned<String>>>,
}

/// Every file without sha256.
///
/// # Errors
///
/// The first thing that stands in the way.
pub fn lacking(text: &str) -> Result<Vec<Lacking>, Fault> {
    let raw: Raw = toml::from_str(text).map_err(|e| Fault::Malformed {
        reason: short(e.message(), 200),
    })?;
    let mut out = Vec::new();
    for package in &raw.packages {
        if let Some(archive) = package.archive.as_ref().filter(|a| !a.has_sha256()) {
            let at = archive.start().unwrap_or(package.name.span().start);
            return Err(Fault::Elsewhere {
                line: line(text, at),
                name: short(package.name.get_ref(), 100),
            });
        }
        for file in package.wheels.iter().chain(&package.sdist) {
            if !file.has_sha256() {
                out.push(file.lacking(package, text)?);
            }
        }
    }
    Ok(out)
}

/// The text with the sha256 of some files, by their position in what was lacking.
pub fn completed(text: &str, lacking: &[Lacking], sha256: &[String]) -> String {
    let mut places: Vec<(&Place, &String)> = lacking.iter().map(|l| &l.place).zip(sha256).collect();
    places.sort_by_key(|(place, _)| place.at);
    let mut out = String::with_capacity(text.len() + 100 * places.len());
    let mut at = 0;
    for (place, hex) in places {
        out.push_str(text.get(at..place.at).unwrap_or_default());
        out.push_str(&place.before);
        out.push('"');
        out.push_str(hex);
        out.push('"');
        out.push_str(place.after);
        at = place.at;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

impl RawFile {
    fn has_sha256(&self) -> bool {
        let hashes = self.hashes.iter().flatten();
        { hashes }.any(|(name, hex)| {
            let hex = hex.get_ref();
            name == "sha256" && hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())
        })
    }

    fn start(&self) -> Option<usize> {
        let any = [&self.name, &self.url, &self.path].into_iter().flatten();
        any.map(|value| value.span().start).min()
    }

    fn lacking(&self, package: &RawPackage, text: &str) -> Result<Lacking, Fault> {
        let start = self.start().unwrap_or(package.name.span().start);
        let nameless = || Fault::Nameless {
            line: line(text, start),
        };
        let named = [&self.name, &self.url, &self.path].into_iter().flatten();
        let file = { named }.next().ok_or_else(nameless)?.get_ref();
        let file = file.split(['?', '#']).next().unwrap_or(file);
        let file = file.rsplit(['/', '\\']).next().unwrap_or(file).to_owned();
        let name = PackageName::new(package.name.get_ref()).map_err(|_| nameless())?;
        let version = package.version.as_deref().map(str::to_owned);
        let version = version.or_else(|| version_of(&file, &name));
        let version = version.and_then(|v| Version::new(&v).ok());
        let hashes = self.hashes.iter().flatten();
        Ok(Lacking {
            name,
            version: version.ok_or_else(nameless)?,
            line: line(text, start),
            others: hashes
                .map(|(name, hex)| {
                    (
                        name.to_ascii_lowercase(),
                        hex.get_ref().to_ascii_lowercase(),
                    )
                })
                .filter(|(name, _)| name != "sha256")
                .collect(),
            size: self.size,
            place: self.place(text).ok_or_else(nameless)?,
            file,
        })
    }

    /// Behind a hash, else behind the file's name or address.
    fn place(&self, text: &str) -> Option<Place> {
        let hash = self.hashes.iter().flatten().map(|(_, hex)| hex).next();
        if let Some(hash) = hash {
            return beside(text, hash.span(), "sha256 = ", "");
        }
        let any = [&self.url, &self.path, &self.name];
        let value = any.into_iter().flatten().next()?;
        beside(text, value.span(), "hashes = { sha256 = ", " }")
    }
}

/// Behind a value: on a line of its own, or inside the brackets of a table that stands on one.
fn beside(
    text: &str,
    value: std::ops::Range<usize>,
    key: &str,
    after: &'static str,
) -> Option<Place> {
    let head = text.get(..value.start)?;
    let own = head.get(head.rfind('\n').map_or(0, |at| at + 1)..)?;
    let own = own.trim_end().strip_suffix('=').unwrap_or(own).trim_end();
    let own = own.rsplit(['{', ',']).next().unwrap_or(own).trim_start();
    // `hashes.md5 = "…"` asks for `hashes.sha256`.
    let dotted = own.rsplit_once('.').map(|(prefix, _)| format!("{prefix}."));
    let rest = text.get(value.end..)?;
    let before = if is_inside(rest) {
        format!(", {}{key}", dotted.unwrap_or_default())
    } else {
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let line = head.get(head.rfind('\n').map_or(0, |at| at + 1)..)?;
        let indent = line.get(..line.len() - line.trim_start().len())?;
        format!("{end}{indent}{}{key}", dotted.unwrap_or_default())
    };
    Some(Place {
        at: value.end,
        before,
        after,
    })
}

/// Whether what follows a value goes on with a table in brackets: those of new versions of TOML may span lines.
fn is_inside(mut rest: &str) -> bool {
    loop {
        rest = rest.trim_start();
        match rest.strip_prefix('#') {
            Some(comment) => rest = comment.split_once('\n').map_or("", |(_, rest)| rest),
            None => return rest.starts_with([',', '}']),
        }
    }
}

fn version_of(file: &str, name: &PackageName) -> Option<String> {
    let stem = [".whl", ".tar.gz", ".zip"]
        .iter()
        .find_map(|ending| Some((file.strip_suffix(ending)?, *ending)));
    let (stem, ending) = stem?;
    let (found, version) = if ending == ".whl" {
        let mut parts = stem.split('-');
        (parts.next()?, parts.next()?)
    } else {
        stem.rsplit_once('-')?
    };
    (PackageName::new(found).ok()? == *name).then(|| version.to_owned())
}

fn line(text: &str, at: usize) -> u32 {
    let head = text.get(..at).unwrap_or_default();
    1 + head.bytes().filter(|b| *b == b'\n').count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(letter: char) -> String {
        std::iter::repeat_n(letter, 64).collect()
    }

    fn complete(text: &str) -> String {
        let lacking = lacking(text).unwrap();
        let hexes: Vec<String> = (0..lacking.len())
            .map(|at| hex(char::from(b'a' + at as u8)))
            .collect();
        let done = completed(text, &lacking, &hexes);
        // What comes out is TOML, and lacks nothing.
        assert_eq!(super::lacking(&done).unwrap(), [], "{done}");
        done
    }

    #[test]
    fn every_way_to_write_a_file() {
        let (a, b, c, d) = (hex('a'), hex('b'), hex('c'), hex('d'));
        let text = format!(
            "lock-version = '1.0' # head\n[[packages]]\nname = 'one'\nversion = '1.0'\nwheels = [\n  {{ url = 'https://files.example/one-1.0-py3-none-any.whl', size = 3, hashes = {{ sha512 = '00' }} }}, # kept\n  {{ name = 'one-1.0-1-py3-none-any.whl', path = 'x/y' }},\n]\n\n[packages.sdist]\nname = 'one-1.0.tar.gz'\n  [packages.sdist.hashes]\n  md5 = '11' # weak\n\n[[packages]]\nname = 'two'\nsdist.url = 'https://files.example/two-2.0.tar.gz#x'\nsdist.hashes.sha512 = '22'\n[[packages]]\nname = 'three'\nversion = '3'\nsdist = {{ name = 'three-3.tar.gz', hashes = {{ sha256 = '{a}' }} }}\n"
        );
        let done = complete(&text);
        for expected in [
            format!("hashes = {{ sha512 = '00', sha256 = \"{a}\" }} }}, # kept\n"),
            format!("path = 'x/y', hashes = {{ sha256 = \"{b}\" }} }},\n"),
            format!("  md5 = '11'\n  sha256 = \"{c}\" # weak\n"),
            format!("sdist.hashes.sha512 = '22'\nsdist.hashes.sha256 = \"{d}\"\n"),
        ] {
            assert!(done.contains(&expected), "{expected} is not in {done}");
        }
        let found: Vec<(String, u32)> = lacking(&text)
            .unwrap()
            .into_iter()
            .map(|l| (format!("{} {} {}", l.name, l.version, l.file), l.line))
            .collect();
        assert_eq!(found[3], ("two 2.0 two-2.0.tar.gz".to_owned(), 17));
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn what_no_index_has_is_refused() {
        let archive = "[[packages]]\nname = 'one'\narchive = { url = 'https://files.example/x.zip', hashes = { md5 = '0' } }\n";
        assert_eq!(
            lacking(archive),
            Err(Fault::Elsewhere {
                line: 3,
                name: "one".to_owned()
            })
        );
        let vcs =
            "[[packages]]\nname = 'one'\nvcs = { type = 'git', url = 'x', commit-id = 'y' }\n";
        assert_eq!(lacking(vcs), Ok(Vec::new()));
        let nameless =
            "[[packages]]\nname = 'one'\nwheels = [{ url = 'https://files.example/x' }]\n";
        assert!(matches!(
            lacking(nameless),
            Err(Fault::Nameless { line: 3 })
        ));
        assert!(matches!(lacking("["), Err(Fault::Malformed { .. })));
    }
}
