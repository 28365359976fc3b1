//! Members become sources, facts and surfaces.

use std::collections::BTreeMap;
use std::sync::Arc;

use hognose_archive::examine::{Content, Ended, Entry, EntryKind};
use hognose_python::source;

use super::layout::{self, Kind};
use super::{Size, other};
use crate::content::metadata::{self, Metadata};
use crate::content::{hidden, startup};
use crate::fact::{Fact, FactKind, Place, Trigger};
use crate::matcher::{self, Matcher, Matching};
use crate::python::{Packer, Role, Source, Text};

/// Most bytes of one Python file that are read.
const MAX_PYTHON: usize = 8 << 20;
/// Bytecode kept until it is known which sources stand beside it, over the whole artifact.
const MAX_BYTECODE: usize = 8 << 20;
/// Python kept for evaluation, over the whole artifact; beyond it, what is named first is evaluated.
const MAX_SOURCES: usize = 256 << 20;
/// Python kept as it is; what comes later is kept compressed.
const MAX_PLAIN: usize = 12 << 20;
/// Memory for the Python that is kept.
const MAX_KEPT: usize = 36 << 20;

/// Functions of a plugin that pytest calls in every run.
const PYTEST_HOOKS: [&str; 8] = [
    "pytest_load_initial_conftests",
    "pytest_addoption",
    "pytest_cmdline_main",
    "pytest_configure",
    "pytest_sessionstart",
    "pytest_collection_modifyitems",
    "pytest_sessionfinish",
    "pytest_unconfigure",
];

/// Takes in the members of an artifact.
#[derive(Debug)]
pub struct Collector {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// The one folder everything is in, for sdists.
    pub(super) root: Option<String>,
    pub(super) sources: Vec<Source>,
    pub(super) source_bytes: usize,
    pub(super) source_memory: usize,
    packer: Option<Packer>,
    pub(super) facts: Vec<Fact>,
    pub(super) unread: Vec<(String, String)>,
    pub(super) size: Size,
    pub(super) surfaces: BTreeMap<&'static str, Vec<String>>,
    pub(super) entries: Vec<String>,
    pub(super) starts: Vec<String>,
    pub(super) metadata_files: Vec<(u8, String, Metadata)>,
    pub(super) pyproject: Option<String>,
    /// Modules that `setup.cfg` makes the build import.
    pub(super) build_modules: Vec<String>,
    pub(super) record: Option<(String, String)>,
    pub(super) module_paths: Vec<String>,
    pub(super) other_code: u64,
    pub(super) bytecode: Vec<(String, String, Vec<u8>)>,
    pub(super) bytecode_bytes: usize,
    /// Of members read to their end, a digest nobody can forge: what looks the same as before is not analysed again.
    pub(super) digests: rustc_hash::FxHashMap<String, Option<blake3::Hash>>,
    pub(super) nested: std::collections::BTreeSet<String>,
    /// Members that stand in the archive twice with the same bytes: untidy, but nobody is deceived.
    pub(super) same_twice: std::collections::BTreeSet<String>,
    pub(super) buffer: Vec<u8>,
    /// Rules of the user that look at the bytes of members.
    pub(super) matching: Option<Matching>,
}

impl Collector {
    /// For an artifact of this file name.
    pub fn new(name: &str) -> Self {
        Self {
            kind: Kind::of_file(name),
            name: name.to_owned(),
            root: None,
            sources: Vec::new(),
            source_bytes: 0,
            source_memory: 0,
            packer: None,
            facts: Vec::new(),
            unread: Vec::new(),
            size: Size::default(),
            surfaces: BTreeMap::new(),
            entries: Vec::new(),
            starts: Vec::new(),
            metadata_files: Vec::new(),
            pyproject: None,
            build_modules: Vec::new(),
            record: None,
            module_paths: Vec::new(),
            other_code: 0,
            bytecode: Vec::new(),
            bytecode_bytes: 0,
            digests: rustc_hash::FxHashMap::default(),
            nested: std::collections::BTreeSet::new(),
            same_twice: std::collections::BTreeSet::new(),
            buffer: Vec::new(),
            matching: None,
        }
    }

    /// Also matches every file and decoded text by rules from outside.
    #[must_use]
    pub fn matched_by(mut self, matcher: Option<Arc<dyn Matcher>>) -> Self {
        self.matching = matcher.map(Matching::new);
        self
    }

    /// Takes in one member of an archive.
    pub fn visit(&mut self, entry: &Entry<'_>, content: &mut Content<'_>) {
        if entry.kind != EntryKind::File {
            return;
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let max = if is_python(entry.path) {
            MAX_PYTHON
        } else {
            other::worth(entry.path)
        };
        if let Some((outer, _)) = entry.path.split_once("!/")
            && self.nested.insert(outer.to_owned())
        {
            let aside = layout::is_aside_path(outer);
            let trigger = if aside { Trigger::Test } else { Trigger::Call };
            let place = Place::file(outer);
            self.facts
                .push(Fact::new(FactKind::NestedArchive, trigger, place, outer));
        }
        // Rules from outside see more of a file than the analyser needs, so that none escapes by its ending.
        let most = match &self.matching {
            Some(_) => max.max(matcher::MAX_FILE),
            None => max,
        };
        let ended = content.read_up_to(most, &mut buffer);
        let digest = (ended == Ended::Whole).then(|| blake3::hash(&buffer));
        let before = self.digests.insert(entry.path.to_owned(), digest);
        if digest.is_some() && before == Some(digest) {
            self.same_twice.insert(entry.path.to_owned());
            buffer.clear();
            self.buffer = buffer;
            return;
        }
        self.matched(entry.path, &buffer, ended);
        match buffer.get(..max) {
            Some(front) if front.len() < buffer.len() => self.sort(entry.path, front, Ended::Cut),
            _ => self.sort(entry.path, &buffer, ended),
        }
        buffer.clear();
        self.buffer = buffer;
    }

    /// Takes in one file, by its path in the artifact.
    pub fn file(&mut self, path: &str, bytes: &[u8], ended: Ended) {
        self.matched(path, bytes, ended);
        self.sort(path, bytes, ended);
    }

    fn matched(&mut self, path: &str, bytes: &[u8], ended: Ended) {
        let Some(mut matching) = self.matching.take() else {
            return;
        };
        let inner = self.inside(path).to_owned();
        let file = inner.rsplit('/').next().unwrap_or(&inner);
        let trigger = if is_python(file) || is_python_script(file, bytes) {
            layout::place(&inner, self.kind).role.trigger()
        } else if file.ends_with(".pth") {
            Trigger::Startup
        } else if layout::is_aside_path(&inner) {
            Trigger::Test
        } else {
            Trigger::Call
        };
        let cut = ended == Ended::Cut;
        matching.file(path, bytes, cut, trigger, &mut self.facts);
        self.matching = Some(matching);
    }

    fn sort(&mut self, path: &str, bytes: &[u8], ended: Ended) {
        if ended == Ended::Cut && is_python(path) {
            self.unread.push((
                path.to_owned(),
                format!(
                    "larger than {} MiB: the rest was not analysed",
                    MAX_PYTHON >> 20
                ),
            ));
        }
        let inner = self.inside(path).to_owned();
        let file = inner.rsplit('/').next().unwrap_or(&inner);
        if is_python(file) || is_python_script(file, bytes) {
            self.python(path, &inner, bytes);
        } else if file.ends_with(".pth") {
            self.pth(path, &inner, bytes);
        } else if file.ends_with(".start") {
            let text = String::from_utf8_lossy(bytes);
            let starts = startup::start_file(path, &text, &mut self.facts);
            self.surface("start-up hooks", path);
            self.starts.extend(starts);
        } else if file == "entry_points.txt" {
            self.entry_points(path, bytes);
        } else if file == "RECORD"
            && inner.ends_with(".dist-info/RECORD")
            && self.kind == Kind::Wheel
        {
            self.record = Some((path.to_owned(), String::from_utf8_lossy(bytes).into_owned()));
        } else if file == "PKG-INFO" || file == "METADATA" {
            self.metadata_file(path, &inner, bytes);
        } else if inner == "pyproject.toml" || inner == "setup.cfg" {
            self.project_file(path, &inner, bytes);
        } else {
            self.other(path, &inner, bytes);
        }
    }

    /// The path below the artifact's one root folder.
    fn inside<'p>(&mut self, path: &'p str) -> &'p str {
        if self.kind != Kind::Sdist {
            return path;
        }
        let Some((first, rest)) = path.split_once('/') else {
            return path;
        };
        let root = self.root.get_or_insert_with(|| first.to_owned());
        if root == first { rest } else { path }
    }

    fn python(&mut self, path: &str, inner: &str, bytes: &[u8]) {
        let decoded = source::decode(bytes);
        let mut placed = layout::place(inner, self.kind);
        // Nobody imports what lies in an archive inside: it takes code that unpacks it, and that code is seen.
        if let Some((outer, inside)) = inner.rsplit_once("!/") {
            placed = layout::place(inside, Kind::Wheel);
            placed.role = if layout::is_aside_path(outer) {
                Role::Test
            } else {
                Role::Nested
            };
            // Every archive is a root of its own.
            placed.name = format!("{}!.{}", outer.replace('.', ","), placed.name);
        }
        let trigger = placed.role.trigger();
        if let Some(encoding) = &decoded.unusual {
            self.facts.push(Fact::new(
                FactKind::UnusualEncoding,
                trigger,
                Place::line(path, 1),
                encoding,
            ));
        }
        hidden::facts(path, &decoded.text, trigger, &mut self.facts);
        if !matches!(placed.role, Role::Test | Role::Nested) {
            self.size.python_files += 1;
            self.size.python_bytes += bytes.len() as u64;
        }
        self.module_paths
            .push(layout::installed(inner, self.kind).to_owned());
        if inner.contains("/site-packages/") || inner.starts_with("site-packages/") {
            self.surface("start-up hooks", path);
        }
        self.keep(Source {
            path: path.to_owned(),
            name: placed.name,
            is_package: placed.is_package,
            role: placed.role,
            text: Text::Plain(decoded.text.into_owned()),
            first_line: 0,
        });
    }

    fn keep(&mut self, mut source: Source) {
        if self.source_bytes > MAX_PLAIN
            && let Text::Plain(text) = std::mem::take(&mut source.text)
        {
            source.text = self.packer.get_or_insert_default().pack(text);
        }
        let (length, kept) = (source.text.len(), source.text.kept());
        let full = self.source_bytes + length > MAX_SOURCES || self.source_memory + kept > MAX_KEPT;
        if full && !matches!(source.role, Role::Setup | Role::Startup | Role::Backend) {
            // The budget is spent on what comes first; the rest is said to be missing.
            self.unread.push((
                source.path,
                format!(
                    "more than {} MiB of Python in one artifact, or {} MiB compressed",
                    MAX_SOURCES >> 20,
                    MAX_KEPT >> 20
                ),
            ));
            return;
        }
        self.source_bytes += length;
        self.source_memory += kept;
        self.sources.push(source);
    }

    fn pth(&mut self, path: &str, inner: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let before = self.facts.len();
        let read = startup::pth(path, &text, &mut self.facts);
        // Only what lands in the folder of installed packages itself is a hook; deeper it is data, unless something
        // copies it.
        let lands = !layout::installed(inner, self.kind).contains('/');
        if !lands || read.known_shape {
            let lowest = if layout::is_aside_path(inner) {
                Trigger::Test
            } else {
                Trigger::Call
            };
            for fact in self.facts.iter_mut().skip(before) {
                fact.trigger = fact.trigger.max(lowest);
            }
        } else if !read.code.is_empty() {
            self.surface("start-up hooks", path);
        }
        for (line, code) in read.code {
            if read.known_shape {
                continue;
            }
            self.keep(Source {
                path: path.to_owned(),
                name: format!("{path}:{line}"),
                is_package: false,
                role: if lands { Role::Startup } else { Role::Test },
                text: Text::Plain(code),
                first_line: line.saturating_sub(1),
            });
        }
    }

    fn entry_points(&mut self, path: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let read = startup::entry_points(path, &text, &mut self.facts);
        for (name, target) in read.scripts {
            self.surface("commands", &format!("{name} = {target}"));
            self.entries.push(target);
        }
        for (group, name, target) in read.plugins {
            self.surface("plugins", &format!("{group}: {name} = {target}"));
            // A test runner calls these of every plugin that is installed, asked for or not.
            if group == "pytest11" && !target.contains(':') {
                let hooks = PYTEST_HOOKS.iter();
                self.entries
                    .extend(hooks.map(|hook| format!("{target}:{hook}")));
            }
        }
    }

    fn metadata_file(&mut self, path: &str, inner: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let depth = inner.matches('/').count() as u8;
        let read = Metadata::read(&text);
        hidden::injection(path, &text, Trigger::Call, &mut self.facts);
        self.metadata_files.push((depth, path.to_owned(), read));
    }

    fn project_file(&mut self, path: &str, inner: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let read = if inner == "pyproject.toml" {
            self.pyproject = Some(text.clone());
            Metadata::from_pyproject(&text)
        } else {
            Metadata::from_setup_cfg(&text)
        };
        if inner == "setup.cfg" {
            self.build_modules
                .extend(super::build::setup_cfg_modules(&text));
        }
        if self.kind == Kind::Sdist {
            let requires = super::build::requirements(inner, &text);
            metadata::build_references(path, &requires, &mut self.facts);
        }
        if let Some(read) = read {
            self.metadata_files.push((100, path.to_owned(), read));
        }
    }

    fn other(&mut self, path: &str, inner: &str, bytes: &[u8]) {
        if inner.ends_with(".pyc") || inner.ends_with(".pyo") || is_bytecode(bytes) {
            self.bytecode_bytes += bytes.len();
            if self.bytecode_bytes <= MAX_BYTECODE {
                self.bytecode
                    .push((path.to_owned(), inner.to_owned(), bytes.to_vec()));
            }
            return;
        }
        let aside = layout::is_aside_path(inner);
        let trigger = if aside {
            Trigger::Test
        } else if self.kind == Kind::Wheel && inner.contains(".data/scripts/") {
            Trigger::EntryPoint
        } else {
            Trigger::Call
        };
        let file = inner.rsplit('/').next().unwrap_or(inner);
        if file
            .get(..6)
            .is_some_and(|f| f.eq_ignore_ascii_case("readme"))
        {
            let text = String::from_utf8_lossy(bytes);
            hidden::injection(path, &text, trigger, &mut self.facts);
        }
        let before = self.facts.len();
        let programs = other::facts(path, bytes, trigger, &mut self.facts);
        for (line, text) in programs.into_iter().take(16) {
            self.keep(Source {
                path: path.to_owned(),
                name: format!("{path}:{line}"),
                is_package: false,
                role: if aside { Role::Test } else { Role::Script },
                text: Text::Plain(text),
                first_line: line.saturating_sub(1),
            });
        }
        let mut found: Vec<&'static str> = Vec::new();
        for fact in self.facts.get(before..).unwrap_or_default() {
            if fact.kind.group() == crate::Group::Binary {
                found.push(if is_binary(fact.kind) {
                    "binaries"
                } else {
                    "scripts"
                });
            }
        }
        found.sort_unstable();
        found.dedup();
        for group in found {
            self.size.binaries += u64::from(group == "binaries");
            self.other_code += 1;
            self.surface(group, path);
        }
    }

    /// Gives back what only taking in members needs: evaluation takes the most memory.
    pub(super) fn forget(&mut self) {
        self.buffer = Vec::new();
        self.packer = None;
        self.digests = rustc_hash::FxHashMap::default();
        self.bytecode = Vec::new();
    }

    pub(super) fn surface(&mut self, group: &'static str, name: &str) {
        let names = self.surfaces.entry(group).or_default();
        if names.len() < 2_000 {
            names.push(name.to_owned());
        }
    }
}

fn is_binary(kind: FactKind) -> bool {
    matches!(
        kind,
        FactKind::BinaryElf
            | FactKind::BinaryPe
            | FactKind::BinaryMacho
            | FactKind::BinaryExecutable
            | FactKind::BinaryPacked
            | FactKind::BytecodeOnly
    )
}

/// A file that is compiled Python whatever its name: the header of 3.7 and later, then a code object.
fn is_bytecode(bytes: &[u8]) -> bool {
    matches!(bytes, [_, 0x0d, 0x0d, 0x0a, 0..=3, 0, 0, 0, ..])
        && matches!(bytes.get(16), Some(0x63 | 0xe3))
}

fn is_python(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    lower.ends_with(".py") || lower.ends_with(".pyw")
}

/// A file without a Python name that a Python is told to run.
fn is_python_script(file: &str, bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(80)).unwrap_or_default();
    head.starts_with(b"#!")
        && !file.ends_with(".pyc")
        && memchr::memmem::find(
            head.split(|b| *b == b'\n').next().unwrap_or_default(),
            b"python",
        )
        .is_some()
}
