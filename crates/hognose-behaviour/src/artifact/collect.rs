//! Members become sources, facts and surfaces.

use std::collections::BTreeMap;

use hognose_archive::examine::{Content, Ended, Entry, EntryKind};
use hognose_python::source;

use super::layout::{self, Kind};
use super::{Size, other};
use crate::content::metadata::{self, Metadata};
use crate::content::{bytecode, hidden, startup};
use crate::fact::{Fact, FactKind, Place, Trigger};
use crate::python::{Role, Source};

/// Most bytes of one Python file that are read.
const MAX_PYTHON: usize = 8 << 20;
/// Bytecode kept until it is known which sources stand beside it, over the whole artifact.
const MAX_BYTECODE: usize = 8 << 20;
/// Python kept for evaluation, over the whole artifact; beyond it, what is named first is evaluated.
const MAX_SOURCES: usize = 40 << 20;

/// Takes in the members of an artifact.
#[derive(Debug)]
pub struct Collector {
    pub(super) kind: Kind,
    name: String,
    /// The one folder everything is in, for sdists.
    root: Option<String>,
    sources: Vec<Source>,
    source_bytes: usize,
    pub(super) facts: Vec<Fact>,
    pub(super) unread: Vec<(String, String)>,
    pub(super) size: Size,
    pub(super) surfaces: BTreeMap<&'static str, Vec<String>>,
    pub(super) entries: Vec<String>,
    pub(super) starts: Vec<String>,
    metadata_files: Vec<(u8, String, Metadata)>,
    pyproject: Option<String>,
    /// Modules that `setup.cfg` makes the build import.
    build_modules: Vec<String>,
    record: Option<(String, String)>,
    module_paths: Vec<String>,
    other_code: u64,
    bytecode: Vec<(String, String, Vec<u8>)>,
    bytecode_bytes: usize,
    digests: rustc_hash::FxHashMap<String, u64>,
    nested: std::collections::BTreeSet<String>,
    /// Members that stand in the archive twice with the same bytes: untidy, but nobody is deceived.
    pub(super) same_twice: std::collections::BTreeSet<String>,
    buffer: Vec<u8>,
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
        }
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
        let ended = content.read_up_to(max, &mut buffer);
        let digest = {
            use std::hash::{Hash, Hasher};
            let mut hasher = rustc_hash::FxHasher::default();
            buffer.hash(&mut hasher);
            hasher.finish()
        };
        if let Some(before) = self.digests.insert(entry.path.to_owned(), digest)
            && before == digest
        {
            self.same_twice.insert(entry.path.to_owned());
            buffer.clear();
            self.buffer = buffer;
            return;
        }
        self.file(entry.path, &buffer, ended);
        buffer.clear();
        self.buffer = buffer;
    }

    /// Takes in one file, by its path in the artifact.
    pub fn file(&mut self, path: &str, bytes: &[u8], ended: Ended) {
        if ended == Ended::Cut && is_python(path) {
            self.unread.push((
                path.to_owned(),
                format!("larger than {} MiB: the rest was not analysed", MAX_PYTHON >> 20),
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
        } else if file == "RECORD" && inner.ends_with(".dist-info/RECORD") && self.kind == Kind::Wheel {
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
        if let Some((outer, _)) = inner.split_once("!/") {
            placed.role = if layout::is_aside_path(outer) { Role::Test } else { Role::Nested };
            placed.name = inner.to_owned();
        }
        let trigger = match placed.role {
            Role::Setup | Role::Backend => Trigger::Install,
            Role::Startup => Trigger::Startup,
            Role::Module => Trigger::Import,
            Role::Script => Trigger::EntryPoint,
            Role::Nested => Trigger::Call,
            Role::Test => Trigger::Test,
        };
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
            text: decoded.text.into_owned(),
            first_line: 0,
        });
    }

    fn keep(&mut self, source: Source) {
        self.source_bytes += source.text.len();
        if self.source_bytes > MAX_SOURCES && !matches!(source.role, Role::Setup | Role::Startup | Role::Backend) {
            // The budget is spent on what runs by itself first; the rest is said to be missing.
            if source.role == Role::Test {
                return;
            }
            self.source_bytes -= source.text.len();
            self.unread.push((
                source.path,
                format!("more than {} MiB of Python in one artifact", MAX_SOURCES >> 20),
            ));
            return;
        }
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
            let lowest = if layout::is_aside_path(inner) { Trigger::Test } else { Trigger::Call };
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
                text: code,
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
        }
    }

    fn metadata_file(&mut self, path: &str, inner: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let depth = inner.matches('/').count() as u8;
        let read = Metadata::read(&text);
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
            self.build_modules.extend(setup_cfg_modules(&text));
        }
        if let Some(read) = read {
            self.metadata_files.push((100, path.to_owned(), read));
        }
    }

    fn other(&mut self, path: &str, inner: &str, bytes: &[u8]) {
        if inner.ends_with(".pyc") || inner.ends_with(".pyo") {
            self.bytecode_bytes += bytes.len();
            if self.bytecode_bytes <= MAX_BYTECODE {
                self.bytecode
                    .push((path.to_owned(), inner.to_owned(), bytes.to_vec()));
            }
            return;
        }
        let aside = layout::is_aside_path(inner);
        let trigger = if aside { Trigger::Test } else { Trigger::Call };
        let before = self.facts.len();
        let programs = other::facts(path, bytes, trigger, &mut self.facts);
        for (line, text) in programs.into_iter().take(16) {
            self.keep(Source {
                path: path.to_owned(),
                name: format!("{path}:{line}"),
                is_package: false,
                role: if aside { Role::Test } else { Role::Script },
                text,
                first_line: line.saturating_sub(1),
            });
        }
        let mut found: Vec<&'static str> = Vec::new();
        for fact in self.facts.get(before..).unwrap_or_default() {
            if fact.kind.group() == crate::Group::Binary {
                found.push(if is_binary(fact.kind) { "binaries" } else { "scripts" });
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

    /// Files that `RECORD` does not list: no installer's check will ever look at them.
    pub(super) fn judge_record(&mut self) {
        let Some((path, text)) = self.record.take() else {
            return;
        };
        let listed: std::collections::BTreeSet<String> = hognose_archive::record::rows(&text)
            .flatten()
            .map(|row| row.path.to_string())
            .collect();
        for member in self.digests.keys() {
            let is_own = member.ends_with("/RECORD") || member.ends_with("/RECORD.jws") || member.ends_with("/RECORD.p7s");
            if !is_own && !member.contains("!/") && !listed.contains(member.as_str()) {
                let place = Place::file(path.clone());
                self.facts
                    .push(Fact::new(FactKind::RecordMismatch, Trigger::Install, place, member));
            }
        }
    }

    /// Bytecode is judged once it is known whether its source stands beside it.
    pub(super) fn judge_bytecode(&mut self) {
        let sources: std::collections::HashMap<&str, &str> = self
            .sources
            .iter()
            .map(|s| (s.path.as_str(), s.text.as_str()))
            .collect();
        for (path, inner, bytes) in std::mem::take(&mut self.bytecode) {
            let words = sources.get(source_of(&path).as_str()).map(|text| {
                text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .filter(|word| !word.is_empty())
                    .map(str::to_owned)
                    .collect::<std::collections::HashSet<String>>()
            });
            let state = match &words {
                Some(words) => bytecode::Source::Identifiers(words),
                None => bytecode::Source::Absent,
            };
            let trigger = if layout::is_aside_path(&inner) {
                Trigger::Test
            } else {
                Trigger::Import
            };
            bytecode::facts(&path, &bytes, state, trigger, &mut self.facts);
        }
    }

    pub(super) fn surface(&mut self, group: &'static str, name: &str) {
        let names = self.surfaces.entry(group).or_default();
        if names.len() < 2_000 {
            names.push(name.to_owned());
        }
    }

    /// The sources, with roles that only the whole shows.
    pub(super) fn sources(&mut self) -> Vec<Source> {
        let mut sources = std::mem::take(&mut self.sources);
        if self.kind == Kind::Sdist {
            let mut backends = self.pyproject.as_deref().map(backend_modules).unwrap_or_default();
            backends.append(&mut self.build_modules);
            for backend in &backends {
                self.surface("build hooks", backend);
            }
            for source in &mut sources {
                if backends.contains(&source.name) || backends.contains(&source.path) {
                    source.role = Role::Backend;
                    self.facts.push(Fact::new(
                        FactKind::HookBackend,
                        Trigger::Install,
                        Place::file(source.path.clone()),
                        &source.name,
                    ));
                }
            }
        } else {
            for source in &mut sources {
                if matches!(source.name.as_str(), "sitecustomize" | "usercustomize") {
                    source.role = Role::Startup;
                }
            }
            let paths = std::mem::take(&mut self.module_paths);
            startup::modules(paths.iter().map(String::as_str), &mut self.facts);
        }
        // The order decides which module a name means and what is evaluated first.
        sources.sort_by(|a, b| (a.path.matches('/').count(), &a.path).cmp(&(b.path.matches('/').count(), &b.path)));
        sources
    }

    /// The metadata that counts: `METADATA`, the outermost `PKG-INFO`, else what the build files say.
    pub(super) fn metadata(&mut self, setup: &[(String, String)]) -> Metadata {
        self.metadata_files.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let mut files = self.metadata_files.drain(..);
        let outside = self.name.split(['-']).next().unwrap_or_default();
        if let Some((depth, path, read)) = files.next() {
            // Build files need not say everything: only real metadata is judged for what it lacks.
            if depth < 100 {
                metadata::facts(&path, &read, Some(outside), Trigger::Install, &mut self.facts);
            }
            return read;
        }
        drop(files);
        let get = |name: &str| {
            setup
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
                .unwrap_or_default()
        };
        let mut read = Metadata {
            name: get("name"),
            version: get("version"),
            summary: get("description"),
            description: get("long_description"),
            author: get("author"),
            author_email: get("author_email"),
            ..Metadata::default()
        };
        read.description_len = read.description.chars().count();
        let url = get("url");
        if !url.is_empty() {
            read.urls.push(("Home-page".into(), url));
        }
        if !setup.is_empty() {
            metadata::facts("setup.py", &read, None, Trigger::Install, &mut self.facts);
        }
        read
    }

    /// Facts about the artifact as a whole.
    pub(super) fn judge_whole(&mut self, metadata: &Metadata, facts: &mut Vec<Fact>) {
        facts.append(&mut self.facts);
        let mut add = |kind, detail: &str| {
            facts.push(Fact::new(kind, Trigger::Install, Place::file(""), detail));
        };
        let bytes = self.size.python_bytes;
        let files = self.size.python_files;
        if files <= 6 && bytes < 20_000 && self.size.binaries == 0 {
            add(FactKind::TinyPackage, &format!("{files} Python files, {bytes} bytes"));
        }
        if files > 150 {
            add(FactKind::HugePackage, &format!("{files} Python files"));
        } else if files > 30 {
            add(FactKind::LargePackage, &format!("{files} Python files"));
        }
        if bytes < 600 && self.other_code == 0 && self.size.binaries == 0 {
            if metadata.requires_dist.is_empty() {
                add(FactKind::NoCode, &format!("{bytes} bytes of Python"));
            } else {
                add(FactKind::DependencyOnly, &metadata.requires_dist.join(", "));
            }
        }
    }
}

/// The source a bytecode file was compiled from: `pkg/__pycache__/x.cpython-311.pyc` from `pkg/x.py`.
fn source_of(path: &str) -> String {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = file.split('.').next().unwrap_or(file);
    let folder = folder
        .strip_suffix("__pycache__")
        .map_or(folder, |parent| parent.trim_end_matches('/'));
    if folder.is_empty() {
        format!("{stem}.py")
    } else {
        format!("{folder}/{stem}.py")
    }
}

fn is_binary(kind: FactKind) -> bool {
    matches!(
        kind,
        FactKind::BinaryElf | FactKind::BinaryPe | FactKind::BinaryMacho | FactKind::BinaryExecutable
            | FactKind::BinaryPacked | FactKind::BytecodeOnly
    )
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

/// Modules that `setup.cfg` makes the build import: command classes and attributes.
fn setup_cfg_modules(text: &str) -> Vec<String> {
    let mut modules = Vec::new();
    let mut section = "";
    for line in text.lines().take(5_000) {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name;
            continue;
        }
        let Some((_, value)) = line.split_once('=') else {
            continue;
        };
        let value = value.trim();
        let target = match value.strip_prefix("attr:") {
            Some(attribute) => attribute.trim(),
            None if section == "options.cmdclass" => value,
            None => continue,
        };
        if let Some((module, _)) = target.rsplit_once('.') {
            modules.push(module.to_owned());
        }
    }
    modules
}

/// Modules of the artifact that its build runs: `backend-path`, build scripts.
fn backend_modules(pyproject: &str) -> Vec<String> {
    let Ok(table) = pyproject.parse::<toml::Table>() else {
        return Vec::new();
    };
    let mut modules = Vec::new();
    if let Some(build) = table.get("build-system")
        && let Some(backend) = build.get("build-backend").and_then(toml::Value::as_str)
        && let Some(paths) = build.get("backend-path").and_then(toml::Value::as_array)
    {
        let module = backend.split(':').next().unwrap_or(backend);
        modules.push(module.to_owned());
        for path in paths.iter().filter_map(toml::Value::as_str) {
            let prefix = path.trim_matches(['/', '.']).replace('/', ".");
            if !prefix.is_empty() {
                modules.push(format!("{prefix}.{module}"));
            }
        }
    }
    let tool = table.get("tool");
    let scripts = [
        &["poetry", "build", "script"][..],
        &["poetry", "build"],
        &["hatch", "build", "hooks", "custom", "path"],
        &["hatch", "metadata", "hooks", "custom", "path"],
        &["pdm", "build", "custom-hook"],
    ];
    for keys in scripts {
        let mut value = tool;
        for key in keys {
            value = value.and_then(|v| v.get(key));
        }
        if let Some(path) = value.and_then(toml::Value::as_str) {
            let path = path.split(':').next().unwrap_or(path);
            modules.push(path.trim_end_matches(".py").replace('/', "."));
        }
    }
    let has_hatch_hook = ["build", "metadata"].iter().any(|area| {
        tool.and_then(|t| t.get("hatch"))
            .and_then(|h| h.get(area))
            .and_then(|a| a.get("hooks"))
            .and_then(|h| h.get("custom"))
            .is_some()
    });
    let has_pdm_hook = tool
        .and_then(|t| t.get("pdm"))
        .is_some_and(|pdm| pdm.get("build").is_some());
    if has_pdm_hook || pyproject.contains("pdm.backend") {
        modules.push("pdm_build".into());
    }
    if has_hatch_hook {
        modules.push("hatch_build".into());
    }
    modules
}
