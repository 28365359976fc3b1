//! One case: a TOML file that says what it imitates, what must be seen in it, and its files.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use hognose_behaviour::{Band, FactKind, Group, Trigger};
use toml::{Table, Value};

use super::{binary, directive};

/// An imitation, or an honest control.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) what: String,
    pub(crate) like: String,
    pub(crate) kind: Kind,
    pub(crate) project: String,
    pub(crate) version: String,
    pub(crate) expect: Vec<Wanted>,
    pub(crate) forbid: Vec<Wanted>,
    /// The least band it must reach, or the band it must stay below.
    pub(crate) bound: Bound,
    /// Whether honest metadata is added.
    pub(crate) metadata: bool,
    /// Forms to try, when not all.
    pub(crate) forms: Vec<String>,
    pub(crate) trick: Option<Trick>,
    /// Why it is not seen yet. Such a case must have a fault: once it has none, the line must go.
    pub(crate) open: Option<String>,
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// The file as it is written, for checks of the corpus itself.
    pub(crate) source: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sdist,
    Wheel,
}

/// A bound on the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    AtLeast(Band),
    Below(Band),
}

impl Bound {
    pub(crate) fn holds(self, band: Band) -> bool {
        match self {
            Self::AtLeast(least) => band >= least,
            Self::Below(limit) => band < limit,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(band) => write!(f, "at least {}", band.as_str()),
            Self::Below(band) => write!(f, "below {}", band.as_str()),
        }
    }
}

fn band(at: &str, name: &str) -> Band {
    [
        Band::Nothing,
        Band::Notable,
        Band::Suspicious,
        Band::Malicious,
    ]
    .into_iter()
    .find(|band| band.as_str() == name)
    .unwrap_or_else(|| panic!("{at}: no such band: {name}"))
}

/// What is wrong with the container itself.
#[derive(Debug)]
pub(crate) struct Trick {
    pub(crate) kind: String,
    pub(crate) member: String,
    pub(crate) text: Vec<u8>,
}

/// A fact, with or without the trigger it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) trigger: Option<Trigger>,
    pub(crate) kind: FactKind,
}

impl Wanted {
    fn parse(text: &str) -> Option<Self> {
        match text.split_once(' ') {
            Some((trigger, kind)) => Some(Self {
                trigger: Some(Trigger::parse(trigger)?),
                kind: FactKind::parse(kind)?,
            }),
            None => Some(Self {
                trigger: None,
                kind: FactKind::parse(text)?,
            }),
        }
    }

    pub(crate) fn is_in(self, seen: &BTreeSet<(Trigger, FactKind)>) -> bool {
        seen.iter()
            .any(|(trigger, kind)| *kind == self.kind && self.trigger.is_none_or(|t| t == *trigger))
    }

    /// Whether it is still seen in an archive inside an archive: not what hangs on being built, installed or named.
    pub(crate) fn survives_nesting(self) -> bool {
        self.trigger != Some(Trigger::Install)
            && !matches!(
                self.kind.group(),
                Group::Hook | Group::Metadata | Group::Archive
            )
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.trigger {
            Some(trigger) => write!(f, "`{} {}`", trigger.as_str(), self.kind.as_str()),
            None => write!(f, "`{}`", self.kind.as_str()),
        }
    }
}

const KEYS: [&str; 15] = [
    "what",
    "like",
    "kind",
    "name",
    "version",
    "expect",
    "forbid",
    "band",
    "band_below",
    "metadata",
    "forms",
    "trick",
    "files",
    "note",
    "open",
];

impl Case {
    /// Reads a case; anything unknown in it is an error of the corpus.
    pub(crate) fn read(area: &str, path: &Path) -> Self {
        let source = std::fs::read_to_string(path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let at = format!("{area}/{name}");
        assert!(
            path.extension().is_some_and(|e| e == "toml"),
            "{at}: not a .toml file"
        );
        let table: Table = source
            .parse()
            .unwrap_or_else(|error| panic!("{at}: {error}"));
        for key in table.keys() {
            assert!(KEYS.contains(&key.as_str()), "{at}: unknown key {key}");
        }
        let text = |key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
        let need = |key: &str| text(key).unwrap_or_else(|| panic!("{at}: {key} is missing"));
        let wanted = |key: &str| -> Vec<Wanted> {
            strings(table.get(key))
                .iter()
                .map(|text| {
                    Wanted::parse(text).unwrap_or_else(|| panic!("{at}: no such fact: {text}"))
                })
                .collect()
        };
        let kind = match need("kind").as_str() {
            "sdist" => Kind::Sdist,
            "wheel" => Kind::Wheel,
            other => panic!("{at}: no such kind: {other}"),
        };
        let (expect, forbid) = (wanted("expect"), wanted("forbid"));
        Self {
            what: need("what"),
            like: need("like"),
            kind,
            project: text("name").unwrap_or_else(|| "imitation".into()),
            version: text("version").unwrap_or_else(|| "1.0.3".into()),
            expect,
            forbid,
            bound: match text("band") {
                Some(name) => Bound::AtLeast(band(&at, &name)),
                None => Bound::Below(band(&at, &need("band_below"))),
            },
            metadata: table
                .get("metadata")
                .and_then(Value::as_bool)
                .unwrap_or(true),
            forms: strings(table.get("forms")),
            open: text("open"),
            trick: table.get("trick").map(|value| trick(&at, value)),
            files: files(&at, table.get("files")),
            name,
            source,
        }
    }
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let list = value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    list.iter()
        .map(|v| v.as_str().unwrap_or_default().to_owned())
        .collect()
}

fn trick(at: &str, value: &Value) -> Trick {
    let text = |key: &str| {
        value
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("{at}: the trick has no {key}"))
            .to_owned()
    };
    Trick {
        kind: text("kind"),
        member: text("member"),
        text: directive::expand(at, &text("text")).into_bytes(),
    }
}

fn files(at: &str, value: Option<&Value>) -> Vec<(String, Vec<u8>)> {
    let table = value
        .and_then(Value::as_table)
        .unwrap_or_else(|| panic!("{at}: no files"));
    table
        .iter()
        .map(|(path, value)| (path.clone(), content(at, value)))
        .collect()
}

/// The bytes of a file: text with directives, or a table that says how to make them.
pub(super) fn content(at: &str, value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => directive::expand(at, text).into_bytes(),
        Value::Table(table) => binary::make(at, table),
        _ => panic!("{at}: a file is text or a table"),
    }
}

/// Files of a table inside a table.
pub(super) fn inner_files(at: &str, table: &Table) -> Vec<(String, Vec<u8>)> {
    table
        .iter()
        .map(|(path, value)| (path.clone(), content(at, value)))
        .collect()
}
