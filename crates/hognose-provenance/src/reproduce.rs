//! A wheel that was published beside the one that came out when it was built again.
//!
//! Two builds of one source rarely give the same bytes: archives keep times, modes and an order, and tools write their own
//! version. What cannot change what an installed file does is taken out of both, by name; whatever is left differs.
//! Nothing is taken out for being of little weight: bytecode, settings and data count as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use hognose_archive::zip::ZipArchive;
use hognose_archive::{ArchiveError, Limits};
use hognose_types::text::short;

use crate::commit::is_code;

/// Most differences that are kept; more are counted.
const KEPT: usize = 50;
/// Most characters of a line.
const SHOWN: usize = 120;
/// Bytes of a bytecode file before its code: magic number, flags, time and size of the source.
const BYTECODE_HEAD: usize = 16;
/// Largest wheel, unpacked: both are held.
const MAX_UNPACKED: u64 = 512 << 20;

/// What a wheel holds.
#[derive(Debug, Default)]
pub struct Wheel {
    files: BTreeMap<String, Vec<u8>>,
    order: Vec<String>,
}

/// Something that was taken out of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Normalized {
    /// Times, modes, compression and comments of the archive.
    Archive,
    /// The order of its members.
    Order,
    /// RECORD, which says of the other files what they say themselves.
    Record,
    /// The name and version of the tool in WHEEL, and the order of its tags.
    Generator,
    /// The order and the spelling of fields of METADATA, and the version of its format.
    Metadata,
    /// Ends of lines.
    LineEnds,
    /// The time of the source in bytecode.
    BytecodeTime,
}

impl Normalized {
    /// For people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Archive => "times, modes or compression in the archive",
            Self::Order => "the order of files",
            Self::Record => "RECORD",
            Self::Generator => "the tool in WHEEL",
            Self::Metadata => "the order of fields in METADATA",
            Self::LineEnds => "ends of lines",
            Self::BytecodeTime => "times in bytecode",
        }
    }
}

/// A file that differs all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its path in the wheel.
    pub path: String,
    /// How.
    pub kind: DifferenceKind,
    /// It is run, or something that is run is made from it.
    pub is_code: bool,
    /// It holds a version and nothing that does anything.
    pub is_version: bool,
    /// The first line that differs: its number, as it was published, and as it was built.
    pub line: Option<(usize, String, String)>,
}

/// How a file differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// Only the published wheel has it.
    OnlyPublished,
    /// Only the rebuilt one has it.
    OnlyRebuilt,
    /// Both have it, with other bytes.
    Bytes,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = short(&self.path, SHOWN);
        match (self.kind, &self.line) {
            (DifferenceKind::OnlyPublished, _) => write!(f, "{path} (not built)"),
            (DifferenceKind::OnlyRebuilt, _) => write!(f, "{path} (not published)"),
            (DifferenceKind::Bytes, None) => write!(f, "{path} (other bytes)"),
            (DifferenceKind::Bytes, Some((number, published, built))) => {
                write!(
                    f,
                    "{path} (line {number}: {published:?} published, {built:?} built)"
                )
            }
        }
    }
}

/// What came of comparing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What was taken out.
    pub normalized: BTreeSet<Normalized>,
    /// What differs all the same.
    pub differences: Vec<Difference>,
    /// Differences beyond those.
    pub more: usize,
}

impl Comparison {
    /// True when nothing is left that differs.
    pub fn holds(&self) -> bool {
        self.differences.is_empty()
    }

    /// Code that is not what the source gives.
    pub fn code(&self) -> impl Iterator<Item = &Difference> {
        let all = self.differences.iter();
        all.filter(|one| one.is_code && !one.is_version && one.kind != DifferenceKind::OnlyRebuilt)
    }
}

impl Wheel {
    /// Reads a wheel whole.
    ///
    /// # Errors
    ///
    /// An archive that is none, ambiguous, or larger than anything that is compared.
    pub fn read<R: Read + Seek>(source: R) -> Result<Self, ArchiveError> {
        let limits = Limits {
            member_bytes: MAX_UNPACKED,
            total_bytes: MAX_UNPACKED,
            ..Limits::default()
        };
        let mut archive = ZipArchive::new(source, limits)?;
        let mut out = Self::default();
        for at in 0..archive.members().len() {
            let Some(member) = archive.members().get(at).filter(|m| !m.is_directory()) else {
                continue;
            };
            let name = member.name.clone();
            out.order.push(name.clone());
            out.files.insert(name, archive.read(at)?);
        }
        Ok(out)
    }
}

/// Compares two wheels whose bytes are not the same.
pub fn compare(published: &Wheel, rebuilt: &Wheel) -> Comparison {
    let mut out = Comparison::default();
    if published.files == rebuilt.files && published.order == rebuilt.order {
        out.normalized.insert(Normalized::Archive);
    }
    if published.order != rebuilt.order && is_reordered(published, rebuilt) {
        out.normalized.insert(Normalized::Order);
    }
    let paths: BTreeSet<&String> = published.files.keys().chain(rebuilt.files.keys()).collect();
    for path in paths {
        let both = (published.files.get(path), rebuilt.files.get(path));
        let (kind, line) = match both {
            (Some(one), Some(other)) if one == other => continue,
            (Some(one), Some(other)) => match same(path, one, other) {
                Some(what) => {
                    out.normalized.insert(what);
                    continue;
                }
                None => (DifferenceKind::Bytes, first_line(one, other)),
            },
            (Some(_), None) => (DifferenceKind::OnlyPublished, None),
            (None, _) => (DifferenceKind::OnlyRebuilt, None),
        };
        if out.differences.len() >= KEPT {
            out.more += 1;
            continue;
        }
        let bytes = both.0.or(both.1).map(Vec::as_slice).unwrap_or_default();
        out.differences.push(Difference {
            is_code: is_code(path, bytes),
            is_version: is_version(path, both),
            path: path.clone(),
            kind,
            line,
        });
    }
    // What matters is not left out for what does not.
    out.differences.sort_by_key(|one| !one.is_code);
    out
}

fn is_reordered(published: &Wheel, rebuilt: &Wheel) -> bool {
    let common = |of: &Wheel, other: &Wheel| -> Vec<String> {
        let names = of.order.iter();
        let common = names.filter(|name| other.files.contains_key(*name));
        common.cloned().collect()
    };
    common(published, rebuilt) != common(rebuilt, published)
}

/// What was taken out where two files are the same without it; none where they are not.
fn same(path: &str, one: &[u8], other: &[u8]) -> Option<Normalized> {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_info = directory.ends_with(".dist-info") && !directory.contains('/');
    match name {
        "RECORD" if is_info => return Some(Normalized::Record),
        "WHEEL" if is_info => {
            let is_same = fields(one, &["Generator"]) == fields(other, &["Generator"]);
            return is_same.then_some(Normalized::Generator);
        }
        "METADATA" if is_info => {
            let parts = |bytes: &[u8]| metadata(bytes);
            return (parts(one) == parts(other)).then_some(Normalized::Metadata);
        }
        _ => {}
    }
    if path.ends_with(".pyc") {
        let code = |bytes: &[u8]| bytes.get(BYTECODE_HEAD..).map(<[u8]>::to_vec);
        // The magic number is the version of Python that reads it.
        let is_same =
            one.get(..4) == other.get(..4) && code(one).is_some() && code(one) == code(other);
        return is_same.then_some(Normalized::BytecodeTime);
    }
    let is_text = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0);
    let is_same = is_text(one) && is_text(other) && plain(one) == plain(other);
    is_same.then_some(Normalized::LineEnds)
}

/// Without returns before line ends.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut bytes = bytes.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\r' || bytes.peek() != Some(&b'\n') {
            out.push(byte);
        }
    }
    out
}

/// The fields before the first empty line, in order, without some.
fn fields(bytes: &[u8], without: &[&str]) -> Option<Vec<String>> {
    let text = String::from_utf8(plain(bytes)).ok()?;
    let head = text.split("\n\n").next().unwrap_or_default();
    let mut out: Vec<String> = Vec::new();
    for line in head.lines() {
        match out.last_mut() {
            // A field goes on.
            Some(last) if line.starts_with([' ', '\t']) => {
                last.push('\n');
                last.push_str(line.trim());
            }
            _ => out.push(line.trim_end().to_owned()),
        }
    }
    out.retain(|field| {
        let key = field.split(':').next().unwrap_or_default();
        !without.iter().any(|name| key.eq_ignore_ascii_case(name))
    });
    out.sort();
    Some(out)
}

/// Fields without the version of the format, and what is written behind them.
fn metadata(bytes: &[u8]) -> Option<(Vec<String>, String)> {
    let fields = fields(bytes, &["Metadata-Version"])?;
    let text = String::from_utf8(plain(bytes)).ok()?;
    let body = text.split_once("\n\n").map_or("", |(_, body)| body);
    Some((fields, body.trim_end().to_owned()))
}

/// A file that says a version, in both.
fn is_version(path: &str, both: (Option<&Vec<u8>>, Option<&Vec<u8>>)) -> bool {
    let passive = |bytes: Option<&Vec<u8>>| {
        bytes.is_none_or(|bytes| crate::commit::is_version_file(path, bytes))
    };
    passive(both.0) && passive(both.1)
}

/// The first line that differs.
fn first_line(one: &[u8], other: &[u8]) -> Option<(usize, String, String)> {
    let (one, other) = (
        std::str::from_utf8(one).ok()?,
        std::str::from_utf8(other).ok()?,
    );
    let (mut one, mut other) = (one.lines(), other.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (one.next(), other.next()) {
            (None, None) => return None,
            (left, right) if left == right => {}
            (left, right) => {
                let shown = |line: Option<&str>| short(line.unwrap_or_default(), SHOWN);
                return Some((number, shown(left), shown(right)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wheel(files: &[(&str, &str)]) -> Wheel {
        Wheel {
            files: files
                .iter()
                .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
                .collect(),
            order: files.iter().map(|(path, _)| (*path).to_owned()).collect(),
        }
    }

    const INFO: &str = "t-1.dist-info/METADATA";

    #[test]
    fn what_does_not_matter_is_named() {
        let one = wheel(&[
            ("t.py", "x = 1\n"),
            (
                "t-1.dist-info/WHEEL",
                "Wheel-Version: 1.0\nGenerator: a 1\nTag: b\nTag: a\n",
            ),
            (INFO, "Metadata-Version: 2.1\nName: t\nVersion: 1\n\nText\n"),
            ("t-1.dist-info/RECORD", "a"),
        ]);
        let other = wheel(&[
            ("t-1.dist-info/RECORD", "b"),
            ("t.py", "x = 1\r\n"),
            (
                "t-1.dist-info/WHEEL",
                "Wheel-Version: 1.0\nGenerator: b 2\nTag: a\nTag: b\n",
            ),
            (
                INFO,
                "Metadata-Version: 2.4\r\nVersion: 1\r\nName: t\r\n\r\nText",
            ),
        ]);
        let found = compare(&one, &other);
        assert!(found.holds(), "{found:?}");
        let named: Vec<_> = found.normalized.into_iter().collect();
        use Normalized::{Generator, LineEnds, Metadata, Order, Record};
        assert_eq!(named, [Order, Record, Generator, Metadata, LineEnds]);
        let again = compare(
            &one,
            &wheel(&[
                ("t.py", "x = 1\n"),
                (
                    "t-1.dist-info/WHEEL",
                    "Wheel-Version: 1.0\nGenerator: a 1\nTag: b\nTag: a\n",
                ),
                (INFO, "Metadata-Version: 2.1\nName: t\nVersion: 1\n\nText\n"),
                ("t-1.dist-info/RECORD", "a"),
            ]),
        );
        assert_eq!(
            again.normalized.into_iter().collect::<Vec<_>>(),
            [Normalized::Archive]
        );
    }

    #[test]
    fn what_matters_stays() {
        for (path, one, other, is_code) in [
            ("t.py", "x = 1\n", "x = 2\n", true),
            ("t.pth", "import t\n", "", true),
            (INFO, "Name: t\nRequires-Dist: evil\n", "Name: t\n", false),
            (INFO, "Name: t\n\nText\n", "Name: t\n\nOther\n", false),
            (
                "t-1.dist-info/WHEEL",
                "Root-Is-Purelib: true\n",
                "Root-Is-Purelib: false\n",
                false,
            ),
            ("t-1.dist-info/entry_points.txt", "a", "b", false),
            // Not those of the wheel.
            ("t/RECORD", "a", "b", false),
            ("x/t-1.dist-info/RECORD", "a", "b", false),
            (
                "t/_version.py",
                "import os\nos.system('x')\n",
                "v = 1\n",
                true,
            ),
            (
                "t.pyc",
                "0123456789abcdefcode",
                "0123456789abcdefedoc",
                true,
            ),
            (
                "t.pyc",
                "0123456789abcdefcode",
                "x123456789abcdefcode",
                true,
            ),
            ("t.pyc", "0123", "0123\n", true),
        ] {
            let found = compare(&wheel(&[(path, one)]), &wheel(&[(path, other)]));
            assert!(!found.holds(), "{path}");
            assert_eq!(found.code().count() == 1, is_code, "{path}: {found:?}");
        }
        let found = compare(&wheel(&[("evil.py", "x\n")]), &wheel(&[]));
        assert_eq!(found.code().count(), 1);
        let found = compare(&wheel(&[]), &wheel(&[("more.py", "x\n")]));
        assert_eq!((found.code().count(), found.holds()), (0, false));
        let found = compare(
            &wheel(&[("t.py", "a\nb\nc\n")]),
            &wheel(&[("t.py", "a\nc\n")]),
        );
        let line = Some((2, "b".to_owned(), "c".to_owned()));
        assert_eq!(found.differences[0].line, line);
        // A version is data, whatever it is.
        let found = compare(
            &wheel(&[("_version.py", "v = '1'\n")]),
            &wheel(&[("_version.py", "v = '2'\n")]),
        );
        assert_eq!((found.code().count(), found.holds()), (0, false));
        let found = compare(
            &wheel(&[("t.pyc", "0123456789abcdefcode")]),
            &wheel(&[("t.pyc", "0123xxxxxxxxxxxxcode")]),
        );
        assert!(found.holds());
    }
}
