//! `requirements*.txt` and `.in`: pip's format, with everything it can include.
//!
//! `-r` and `-c` are followed, relative to the including file, as long as the file lies in the working
//! directory or a directory the user named; anything else is a gap and is not opened, because a
//! reviewed repository must not pull other files of the machine into a report. URLs are never fetched.

mod entry;
mod lines;
mod variables;
mod via;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{
    ComponentId, ConfiguredIndex, IndexPlace, IndexRole, IndexScope, IndexTool, InputFormat,
    InputId, Location, PackageName, RedactedUrl, Requirement, RequirementError, RequirementOptions,
    Version, text,
};

use self::lines::Logical;
use self::via::Annotations;
use self::words::Word;
use crate::context::{ConstraintScope, Context};
use crate::direct;
use crate::path;
use crate::source_text;

/// Deepest chain of includes; the number of files is bounded by [`crate::Limits::includes`].
const MAX_CHAIN: usize = 64;
/// Most indexes that are kept of one requirements file and all it includes.
const MAX_INDEXES: usize = 1_000;

/// Reads a requirements file and what it includes.
pub(crate) fn read(context: &mut Context<'_>, path: &str, bytes: &[u8]) {
    let mut reader = Reader {
        context,
        scope: ConstraintScope::default(),
        chain: Vec::new(),
        includes: 0,
        options: RequirementOptions::default(),
    };
    reader.file(path, bytes, false);
    let Reader { scope, options, .. } = reader;
    context.add_constraints(scope);
    context.add_options(options);
}

struct Reader<'c, 'a> {
    context: &'c mut Context<'a>,
    scope: ConstraintScope,
    /// Canonical paths of the files being read, outermost first.
    chain: Vec<String>,
    includes: usize,
    /// What all files together say of indexes.
    options: RequirementOptions,
}

/// What is known of one file while its lines are read.
struct File<'f> {
    path: &'f str,
    input: InputId,
    /// `-c`: versions are noted, nothing is asked for.
    constraints: bool,
    annotations: Annotations,
    by_name: BTreeMap<PackageName, Vec<ComponentId>>,
    index: Option<String>,
}

impl Reader<'_, '_> {
    fn file(&mut self, path: &str, bytes: &[u8], constraints: bool) {
        let text = match source_text::decode_lossy(bytes) {
            Ok(decoded) => decoded,
            Err(error) => {
                self.context.input(path, InputFormat::Requirements);
                self.context.decode_error(path, &error);
                return;
            }
        };
        let key = self.key(path);
        self.scope.files.insert(key.clone());
        self.chain.push(key);
        let input = self.context.input(path, InputFormat::Requirements);
        self.options.inputs.push(input);
        let mut file = File {
            path,
            input,
            constraints,
            annotations: Annotations::default(),
            by_name: BTreeMap::new(),
            index: None,
        };
        for line in lines::logical(&text) {
            if !self.context.has_room(path) {
                break;
            }
            self.line(&mut file, &line);
        }
        file.annotations.apply(self.context, path, &file.by_name);
        self.chain.pop();
    }

    fn key(&self, path: &str) -> String {
        self.context
            .tree
            .canonical(path)
            .unwrap_or_else(|| path.to_owned())
    }

    fn line(&mut self, file: &mut File<'_>, line: &Logical<'_>) {
        if line.text.is_empty() {
            if let Some(comment) = line.comment {
                file.annotations.comment(comment);
            }
            return;
        }
        file.annotations.close();
        let location = Location::line(file.path, line.number);
        // Bad UTF-8 was replaced. In a comment it does no harm.
        if line.text.contains('\u{fffd}') {
            self.context
                .unreadable(location, "not valid UTF-8", "save the file as UTF-8");
            return;
        }
        let (requirement, options) = words::split_options(&line.text);
        let words = words::options(options);
        if requirement.is_empty() {
            self.option_line(file, &words, &location, line.comment);
            return;
        }
        let expanded = variables::versions(requirement, &self.context.options.env);
        self.requirement(file, &expanded, &words, location, line.comment);
    }

    fn unset(&mut self, variable: &str, location: Location) {
        self.context.unreadable(
            location,
            format!("the environment variable {variable} has no usable value in this scan"),
            "set it in the environment of the scan; in a requirement only a plain version is put in",
        );
    }

    /// A line that starts with an option.
    fn option_line(
        &mut self,
        file: &mut File<'_>,
        words: &[Word<'_>],
        location: &Location,
        comment: Option<&str>,
    ) {
        for word in words {
            match word {
                Word::Option {
                    name: "--requirement",
                    value,
                } => {
                    self.include(file, value, location, file.constraints);
                }
                Word::Option {
                    name: "--constraint",
                    value,
                } => {
                    self.include(file, value, location, true);
                }
                Word::Option {
                    name: "--editable",
                    value,
                } => {
                    let value = variables::versions(value, &self.context.options.env);
                    self.direct(file, &value, true, location.clone(), comment);
                }
                Word::Option { name, value } => self.index(file, name, value, location),
                Word::Flag("--no-index") => self.options.none = Some(location.clone()),
                Word::Flag(_) => {}
                Word::Unknown(option) => self.context.unreadable(
                    location.clone(),
                    format!(
                        "pip has no option \"{}\" in a requirements file",
                        text::short(option, 60)
                    ),
                    "remove the option, or write the requirement first and its options after it",
                ),
                Word::Stray(word) => self.context.unreadable(
                    location.clone(),
                    format!("unexpected \"{}\" after an option", text::short(word, 60)),
                    "put each requirement on its own line",
                ),
            }
        }
    }

    /// As pip does: an index named anew takes the place of all that were named before it. Variables stay as written: they
    /// hold the secrets of the address, which is only shown.
    fn index(&mut self, file: &mut File<'_>, name: &str, url: &str, location: &Location) {
        let role = match name {
            "--index-url" => IndexRole::Default,
            "--extra-index-url" => IndexRole::Extra,
            "--find-links" => IndexRole::FindLinks,
            _ => return,
        };
        if role == IndexRole::Default {
            file.index = Some(url.to_owned());
        }
        let indexes = &mut self.options.indexes;
        if role == IndexRole::Default {
            indexes.retain(|index| index.role == IndexRole::FindLinks);
        }
        if indexes.len() < MAX_INDEXES {
            indexes.push(ConfiguredIndex {
                tool: IndexTool::Pip,
                role,
                name: None,
                url: RedactedUrl::new(url),
                place: IndexPlace::File(location.clone()),
                scope: IndexScope::Project,
                packages: BTreeSet::new(),
                excluded: BTreeSet::new(),
            });
        }
    }

    fn include(&mut self, file: &File<'_>, value: &str, location: &Location, constraints: bool) {
        let shown = text::short(value, 100);
        let written = value;
        let value = match variables::path(value, &self.context.options.env) {
            Ok(value) => value,
            Err(variable) => return self.unset(&variable, location.clone()),
        };
        if direct::is_url(&value) && !value.starts_with("file:") {
            let url = RedactedUrl::new(written);
            return self.context.unreadable(
                location.clone(),
                format!("{} is not fetched", text::short(&url.to_string(), 100)),
                "download it and name the copy",
            );
        }
        let relative = match direct::parse_url(&value).source {
            hognose_types::Source::Path { path, .. } if value.starts_with("file:") => path,
            _ => value,
        };
        let target = path::join(path::parent(file.path), &relative);
        if self.context.tree.kind(&target).is_none() {
            return self.context.unreadable(
                location.clone(),
                format!("{shown} does not exist"),
                "correct the path; it is relative to the file that includes it",
            );
        }
        if !self.context.is_allowed(&target) {
            return self.context.unreadable(
                location.clone(),
                format!("{shown} lies outside the scanned directories and was not opened"),
                "name its directory too, or scan from a directory that holds both",
            );
        }
        if self.chain.contains(&self.key(&target)) {
            return self.context.unreadable(
                location.clone(),
                format!("{shown} includes itself"),
                "remove the line that closes the loop",
            );
        }
        self.open(&target, location, constraints);
    }

    fn open(&mut self, target: &str, location: &Location, constraints: bool) {
        self.scope.files.insert(self.key(target));
        self.includes += 1;
        if self.includes > self.context.options.limits.includes || self.chain.len() >= MAX_CHAIN {
            return self.context.unreadable(
                location.clone(),
                format!(
                    "more than {} included files, or more than {MAX_CHAIN} inside each other",
                    self.context.options.limits.includes
                ),
                "merge the files",
            );
        }
        // A file that constrains is read for its versions even if it also was read for itself.
        if !self.context.first_visit(target) && !constraints {
            return;
        }
        if let Some(bytes) = self.context.read(target) {
            self.file(target, &bytes, constraints);
        }
    }
}

/// A requirement, or a pin to a version of the time before PEP 440 (`==0.9-ivysaur`), which allows exactly
/// that spelling, as `===` would.
pub(crate) fn parse(text: &str) -> Result<Requirement, RequirementError> {
    Requirement::parse(text).or_else(|error| {
        let Some(arbitrary) = as_arbitrary(text) else {
            return Err(error);
        };
        Requirement::parse(&arbitrary).map_err(|_| error)
    })
}

/// `name===version` for `name==version`, when that is all the requirement says of versions.
fn as_arbitrary(text: &str) -> Option<String> {
    let (versions, _) = text.split_once(';').unwrap_or((text, ""));
    let (name, version) = versions.split_once("==")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+!".contains(c);
    let version = version.trim();
    // A version that PEP 440 knows is not what is wrong with this line.
    let old = version.starts_with(|c: char| c.is_ascii_alphanumeric())
        && version.chars().all(plain)
        && Version::new(version).is_err();
    (old && !name.contains(['<', '>', '~', '!', ','])).then(|| text.replacen("==", "===", 1))
}

/// True when a text opens like a requirements file: its first lines that say something are requirements
/// or pip options. Prose is not: a word that is followed by another word is no requirement.
pub(crate) fn opens_like_one(text: &str) -> bool {
    let mut lines = lines::logical(text)
        .filter(|line| !line.text.is_empty())
        .take(LINES_JUDGED)
        .peekable();
    lines.peek().is_some() && lines.all(|line| is_option(&line.text) || named(&line.text).is_some())
}

/// True when a text, whatever its file is called, can only be a requirements file: all of it is
/// requirements and options, and some version is pinned.
pub(crate) fn is_plainly_one(text: &str) -> bool {
    let mut pinned = false;
    lines::logical(text)
        .filter(|line| !line.text.is_empty())
        .all(|line| {
            let requirement = named(&line.text);
            pinned |= requirement.as_ref().is_some_and(|r| r.pinned().is_some());
            requirement.is_some() || is_option(&line.text)
        })
        && pinned
}

fn is_option(line: &str) -> bool {
    ["-r", "-c", "-e", "-i", "-f", "--"]
        .iter()
        .any(|option| line.starts_with(option))
}

fn named(line: &str) -> Option<Requirement> {
    let (requirement, _) = words::split_options(line);
    parse(requirement).ok()
}

/// Logical lines that show what a file is.
const LINES_JUDGED: usize = 5;

/// What a requirements file names, line by line: for locks compiled from it.
pub(crate) fn declared_lines(bytes: &[u8]) -> super::manifest::Manifest {
    let mut manifest = super::manifest::Manifest::default();
    let Ok(text) = source_text::decode(bytes) else {
        return manifest;
    };
    for line in lines::logical(&text) {
        let (requirement, _) = words::split_options(&line.text);
        if !requirement.is_empty() && parse(requirement).is_ok() {
            manifest.requirement(requirement, line.number, &super::manifest::Place::default());
        }
    }
    manifest
}
