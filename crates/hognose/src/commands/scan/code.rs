//! `scan --imports`: the code of the projects is walked and read, never run, and compared with what is declared.

use std::collections::BTreeSet;
use std::fs::DirEntry;
use std::path::Path;

use hognose_advisories::{Database, Judgement};
use hognose_identity::lookalike::Model;
use hognose_identity::{CodeReader, Knowledge, Sought, judge_code, judge_mentions, sought};
use hognose_inventory::is_excluded;
use hognose_types::{Gap, InputFormat, Inventory, Location, PackageName, rules};

use super::identity;
use super::{installed, notebook};
use crate::error::Failure;

/// Deepest nesting that the parser meets within the limits of Python.
const STACK: usize = 256 << 20;
/// Most files that are read.
const MAX_FILES: usize = 50_000;
/// Most directory entries that are looked at.
const MAX_ENTRIES: usize = 1_000_000;
/// Most bytes of all files.
const MAX_BYTES: u64 = 1 << 30;
/// Largest file.
const MAX_FILE: u64 = 16 << 20;
/// Deepest directory.
const MAX_DEPTH: usize = 40;

/// Directories with other people's code, or with what is made from the project's.
const LEFT_OUT: [&str; 15] = [
    "__pycache__",
    "node_modules",
    "site-packages",
    "build",
    "dist",
    "_build",
    "venv",
    "env",
    "vendor",
    "_vendor",
    "vendored",
    "_vendored",
    "third_party",
    "bower_components",
    "__pypackages__",
];
/// Hidden directories with texts for programs and agents.
const HIDDEN: [&str; 7] = [
    ".github",
    ".gitlab",
    ".circleci",
    ".devcontainer",
    ".cursor",
    ".claude",
    ".binder",
];

/// What reading the code takes.
#[derive(Clone, Debug)]
pub(super) struct Request<'a> {
    /// Code is only read on demand.
    pub(super) is_asked: bool,
    pub(super) paths: Vec<String>,
    pub(super) exclude: &'a [String],
    pub(super) database: &'a Database,
    pub(super) owned: &'a hognose_types::OwnedNames,
}

/// Adds what the code shows, and answers the names that it and the texts beside it lead to.
pub(super) fn add(
    evidence: &mut Judgement,
    inventory: &Inventory,
    request: &Request<'_>,
) -> Result<Vec<Sought>, Failure> {
    if !request.is_asked {
        return Ok(Vec::new());
    }
    let mut walk = Walk::new(inventory, request.exclude);
    let paths = &request.paths;
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(STACK);
        let handle = builder.spawn_scoped(scope, || walk.all(paths));
        let done = handle.ok().and_then(|thread| thread.join().ok());
        done.ok_or_else(|| Failure::incomplete("the code of the project could not be read"))
    })?;
    evidence.gaps.extend(walk.gaps());
    let mut reader = walk.reader;
    for input in inventory
        .inputs
        .iter()
        .filter(|i| i.format == InputFormat::Environment)
    {
        installed::add(&mut reader.code.installed, Path::new(&input.path));
    }
    let listed = identity::listed(request.database)?;
    let popular = identity::first(&listed);
    let taken: BTreeSet<&str> = popular.iter().map(String::as_str).collect();
    let found = judge_code(inventory, &reader.code, &taken);
    evidence.findings.extend(found);
    let own: Vec<&str> = request.owned.names().map(PackageName::as_str).collect();
    let knowledge = Knowledge {
        popular: popular.iter().map(String::as_str).collect(),
        downloads: &listed,
        own,
        model: Model::builtin()
            .map_err(|e| Failure::incomplete("the look-alike model is broken").because(&e))?,
    };
    reader.mentions.retain(|m| !request.owned.owns(&m.name));
    let found = judge_mentions(&reader.mentions, inventory, &knowledge);
    evidence.findings.extend(found);
    let mut names = sought(inventory, &reader.code, &reader.mentions, &taken);
    // Names of one's own are told to nobody.
    names.retain(|s| !request.owned.owns(&s.name));
    Ok(names)
}

#[derive(Debug)]
struct Walk<'a> {
    exclude: &'a [String],
    reader: CodeReader,
    local: BTreeSet<String>,
    files: usize,
    entries: usize,
    bytes: u64,
    /// What was left out because of a limit or a fault, and why.
    missing: Vec<(String, String)>,
}

impl<'a> Walk<'a> {
    fn new(inventory: &Inventory, exclude: &'a [String]) -> Self {
        Self {
            exclude,
            reader: CodeReader::new(inventory),
            local: BTreeSet::new(),
            files: 0,
            entries: 0,
            bytes: 0,
            missing: Vec::new(),
        }
    }

    fn all(&mut self, paths: &[String]) {
        let here = [".".to_owned()];
        let paths = if paths.is_empty() { &here } else { paths };
        let mut seen = BTreeSet::new();
        for path in paths {
            // A lock that is named stands for the project that it lies in.
            let directory = if Path::new(path).is_dir() {
                path.as_str()
            } else {
                path.rsplit_once('/')
                    .map_or(".", |(directory, _)| directory)
            };
            if seen.insert(directory) {
                self.below(directory);
            }
        }
        let local = std::mem::take(&mut self.local);
        self.reader.local(local);
    }

    /// Everything below a directory, in the order of names.
    fn below(&mut self, root: &str) {
        let mut waiting = vec![(root.trim_end_matches('/').to_owned(), 0)];
        while let Some((directory, depth)) = waiting.pop() {
            let Ok(entries) = std::fs::read_dir(if directory.is_empty() {
                "/"
            } else {
                &directory
            }) else {
                self.missed(&directory, "the directory cannot be listed");
                continue;
            };
            let mut entries: Vec<DirEntry> = entries.flatten().collect();
            entries.sort_by_key(DirEntry::file_name);
            for entry in entries {
                self.entries += 1;
                if self.entries > MAX_ENTRIES {
                    self.missed(root, "more directory entries than the limit of 1000000");
                    return;
                }
                let name = entry.file_name();
                let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else {
                    continue;
                };
                let path = match directory.as_str() {
                    "." => name.to_owned(),
                    directory => format!("{directory}/{name}"),
                };
                if is_excluded(self.exclude, root, &path) {
                    continue;
                }
                if kind.is_dir() && self.enters(&path, name) {
                    if depth < MAX_DEPTH {
                        waiting.push((path, depth + 1));
                    } else {
                        self.missed(&path, "it lies too deep");
                    }
                } else if kind.is_file() && !self.file(root, &path, name) {
                    return;
                }
            }
        }
    }

    fn enters(&mut self, path: &str, name: &str) -> bool {
        let at = Path::new(path);
        let is_environment = at.join("pyvenv.cfg").is_file() || at.join("conda-meta").is_dir();
        if LEFT_OUT.contains(&name) && !is_environment {
            // Code beside it may import what it holds by its bare name.
            let inside = std::fs::read_dir(at).into_iter().flatten().flatten();
            for entry in inside.take(1_000) {
                let name = entry.file_name();
                self.add_local(&name.to_string_lossy());
            }
        }
        if name.starts_with('.') {
            return HIDDEN.contains(&name);
        }
        !is_environment
            && !LEFT_OUT.contains(&name)
            && !name.ends_with(".egg-info")
            && !name.ends_with(".dist-info")
    }

    fn add_local(&mut self, file: &str) {
        let stem = file.split('.').next().unwrap_or(file);
        if !stem.is_empty() {
            self.local.insert(stem.to_owned());
        }
    }

    /// Reads a file where it says something; false when the limits are met.
    fn file(&mut self, root: &str, path: &str, name: &str) -> bool {
        let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
        let is_module = matches!(extension, "py" | "pyw" | "pyi" | "pyx" | "so" | "pyd");
        if is_module {
            let below = path.strip_prefix(root).unwrap_or(path);
            for part in below.split('/').filter(|p| !p.is_empty()) {
                self.add_local(part);
            }
        }
        let starts = matches!(extension, "sh" | "bash" | "yml" | "yaml" | "ini" | "mk")
            || [
                "Dockerfile",
                "Containerfile",
                "Makefile",
                "Procfile",
                "justfile",
            ]
            .iter()
            .any(|n| name.starts_with(n))
            || extension == "dockerfile";
        let tells = matches!(extension, "md" | "mdc" | "rst" | "markdown")
            || matches!(name, ".cursorrules" | ".windsurfrules" | "README");
        let is_code = matches!(extension, "py" | "pyw");
        if !(is_code || extension == "ipynb" || starts || tells) {
            return true;
        }
        self.files += 1;
        if self.files > MAX_FILES || self.bytes > MAX_BYTES {
            self.missed(
                root,
                "more files or bytes than the limits of 50000 files and 1073741824 bytes",
            );
            return false;
        }
        let bytes = match limited(path) {
            Ok(bytes) => bytes,
            Err(reason) => {
                self.missed(path, &reason);
                return true;
            }
        };
        self.bytes += bytes.len() as u64;
        match extension {
            "ipynb" => self.notebook(path, &bytes),
            _ if is_code => self.reader.python(path, &bytes),
            _ => self.reader.text(path, &bytes, starts),
        }
        true
    }

    fn notebook(&mut self, path: &str, bytes: &[u8]) {
        match notebook::cells(bytes) {
            Some(cells) => cells.iter().for_each(|cell| self.reader.cell(path, cell)),
            None => self.missed(path, "it is no notebook"),
        }
    }

    fn missed(&mut self, what: &str, why: &str) {
        self.reader.code.is_whole = false;
        self.missing.push((what.to_owned(), why.to_owned()));
    }

    fn gaps(&mut self) -> Vec<Gap> {
        for file in std::mem::take(&mut self.reader.unread) {
            self.missed(&file, "it is no Python that Python reads");
        }
        let gap = |(what, why): &(String, String)| {
            let message = format!("its imports were not read: {why}");
            let hint = "leave it out with `--exclude`, or scan without `--imports`";
            Gap::file(
                rules::gap_unreadable::ID,
                Location::file(what.as_str()),
                message,
            )
            .with_hint(hint)
        };
        self.missing.iter().take(100).map(gap).collect()
    }
}

fn limited(path: &str) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    let read = file.take(MAX_FILE + 1).read_to_end(&mut bytes);
    read.map_err(|e| e.to_string())?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!("it is over the limit of {MAX_FILE} bytes"));
    }
    Ok(bytes)
}
