//! What the files of a command say of indexes: installers heed them more than variables.

use std::collections::BTreeSet;

use hognose_types::rules::gap_unreadable;
use hognose_types::{Declaration, Inventory, PackageName, Source};

use super::child::Variable;
use super::grammar::Grammar;
use super::installer::Listed;
use crate::error::Failure;
use crate::index_settings::Indexes;
use crate::surroundings::Surroundings;

/// Variables of pip and uv that name files of requirements.
const NAMED: [&str; 10] = [
    "PIP_REQUIREMENT",
    "PIP_CONSTRAINT",
    "PIP_BUILD_CONSTRAINT",
    "PIP_REQUIREMENTS_FROM_SCRIPT",
    "PIP_EDITABLE",
    "PIP_GROUP",
    "UV_CONSTRAINT",
    "UV_BUILD_CONSTRAINT",
    "UV_OVERRIDE",
    "UV_WITH_REQUIREMENTS",
];

/// What files bind to an index of their own.
#[derive(Debug, Default)]
pub(super) struct Bound {
    packages: BTreeSet<PackageName>,
    /// Something else that is said in the same place: it would be given up with the bindings.
    beside: Option<PackageName>,
}

/// Refuses files that name indexes, or addresses to fetch something from: nothing can stand before those.
pub(super) fn check(files: &[Listed], surroundings: &Surroundings) -> Result<Bound, Failure> {
    let mut bound = Bound::default();
    let variables = NAMED.iter().filter_map(|name| surroundings.variable(name));
    let named = variables.flat_map(str::split_whitespace).map(str::to_owned);
    let of = |optional: bool| {
        let all = files.iter().filter(move |f| f.optional == optional);
        all.map(|f| f.path.clone())
    };
    let mut waiting = vec![
        (of(true).chain(named).collect::<Vec<_>>(), true),
        (of(false).collect(), false),
    ];
    let mut seen = BTreeSet::new();
    while let Some((paths, optional)) = waiting.pop() {
        let paths: Vec<String> = paths
            .into_iter()
            .filter(|p| seen.insert(p.clone()))
            .collect();
        if paths.is_empty() {
            continue;
        }
        if seen.len() > MAX_FILES {
            return Err(Failure::usage(format!(
                "more than {MAX_FILES} files say what to install"
            )));
        }
        let read = read(&paths)?;
        indexes(&read)?;
        addresses(&read, optional)?;
        for component in &read.components {
            match &component.source {
                Source::Index { .. } => {
                    bound.packages.insert(component.name.clone());
                }
                Source::Path { path, .. } if !paths.contains(path) => {
                    bound.beside = Some(component.name.clone());
                    // What lies there has requirements and sources of its own.
                    waiting.push((project(path, component.declarations.first()), false));
                }
                _ => {}
            }
        }
    }
    Ok(bound)
}

/// Most files that are looked at.
const MAX_FILES: usize = 500;

fn read(paths: &[String]) -> Result<Inventory, Failure> {
    let read = hognose_inventory::scan_paths(
        &hognose_inventory::Disk,
        paths,
        &hognose_inventory::Options::default(),
    );
    if let Some(gap) = read.gaps.iter().find(|g| g.rule == gap_unreadable::ID) {
        // What cannot be read may say anything.
        return Err(Failure::usage(format!(
            "{} cannot be read to its end: {}",
            gap.subject, gap.message
        )));
    }
    for path in paths.iter().chain(read.inputs.iter().map(|i| &i.path)) {
        plain(path)?;
    }
    Ok(read)
}

/// The files of a project that another names by its path, as seen from where it is named or from here.
fn project(path: &str, named: Option<&Declaration>) -> Vec<String> {
    let from = named.map_or("", |d| d.location.file.as_str());
    let folder = std::path::Path::new(from).parent();
    let places = [
        folder.unwrap_or(std::path::Path::new("")).join(path),
        path.into(),
    ];
    let names = ["pyproject.toml", "setup.cfg", "setup.py"];
    let all = places
        .iter()
        .flat_map(|place| names.map(|name| place.join(name)));
    let artifacts = places.iter().filter(|place| {
        let ending = place.extension().and_then(|e| e.to_str());
        matches!(ending, Some("whl" | "gz" | "zip"))
    });
    let found = all.chain(artifacts.cloned()).filter(|file| file.is_file());
    found
        .map(|file| file.to_string_lossy().into_owned())
        .collect()
}

impl Bound {
    /// uv asks the index that a project binds a package to, whatever variables say; told to heed no sources, it asks the
    /// gateway, and that knows the binding too.
    pub(super) fn variables(&self, indexes: Option<&Indexes>) -> Result<Vec<Variable>, Failure> {
        let known = |name: &PackageName| {
            let configured = indexes.iter().flat_map(|i| &i.settings.indexes);
            configured
                .into_iter()
                .any(|i| i.packages.contains(name.as_str()))
        };
        let Some(first) = self.packages.first() else {
            return Ok(Vec::new());
        };
        let unknown = self.packages.iter().find(|name| !known(name));
        if let Some(name) = unknown.or(self.beside.as_ref().map(|_| first)) {
            return Err(Failure::usage(format!(
                "{} is bound to an index that nothing can stand before",
                name.as_str()
            ))
            .hint("make uv.lock and install from it: `hognose guard -- uv sync`"));
        }
        Ok(vec![("UV_NO_SOURCES", Some("1".to_owned()))])
    }
}

/// Endings by which a file is read as what installers take it for.
const KNOWN: [&str; 5] = ["txt", "in", "toml", "cfg", "py"];

/// Refuses a file that installers read otherwise than it is read here: by another encoding, under another name, with
/// options that are abbreviated.
fn plain(path: &str) -> Result<(), Failure> {
    let refuse = |why: &str| {
        let shown = hognose_types::text::short(path, 100);
        Err(Failure::usage(format!(
            "{shown} {why}, so the guard does not know what it says"
        )))
    };
    let name = std::path::Path::new(path).file_name().unwrap_or_default();
    let name = name.to_string_lossy();
    let extension = std::path::Path::new(path)
        .extension()
        .and_then(|e| e.to_str());
    if matches!(extension, Some("whl" | "gz" | "zip")) {
        // An artifact: what it requires has been read.
        return Ok(());
    }
    if name.starts_with("pylock") && extension == Some("toml") {
        return refuse("is a lock whose files come from where it says");
    }
    if !extension.is_some_and(|e| KNOWN.contains(&e)) {
        return refuse("has not the name of a requirements file (.txt or .in)");
    }
    let Ok(text) = std::fs::read_to_string(path) else {
        return refuse("is no text in UTF-8");
    };
    let coded = text.lines().take(2).any(|line| {
        let line = line.trim_start().to_ascii_lowercase();
        line.starts_with('#') && line.contains("coding") && !line.contains("utf-8")
    });
    let odd = |c: char| {
        matches!(
            c,
            '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let lone = text.replace("\r\n", "\n").contains('\r');
    if matches!(extension, Some("txt" | "in")) && (lone || text.contains(odd)) {
        return refuse("has characters that end a line for pip and for hardly anything else");
    }
    if coded || text.contains('\0') {
        return refuse("is in another encoding than UTF-8");
    }
    if !matches!(extension, Some("txt" | "in")) {
        return Ok(());
    }
    match unlike_pip(&text) {
        Some(why) => refuse(why),
        None => Ok(()),
    }
}

/// What pip reads otherwise in a requirements file than it is read here.
fn unlike_pip(text: &str) -> Option<&'static str> {
    for line in text
        .lines()
        .map(str::trim_start)
        .filter(|l| l.starts_with('-'))
    {
        let end = line.find(|c: char| c == '=' || c.is_whitespace());
        let (option, value) = line.split_at(end.unwrap_or(line.len()));
        let value = value.trim_start_matches('=').trim();
        if Grammar::shortened(option) {
            return Some("abbreviates an option");
        }
        let included = ["-r", "-c", "--requirement", "--constraint"].contains(&option)
            || line.starts_with("-rhttp")
            || line.starts_with("-chttp");
        if included && line.contains("://") && !value.starts_with("file:") {
            return Some("takes in a file of another machine");
        }
    }
    None
}

fn indexes(read: &Inventory) -> Result<(), Failure> {
    let mut named = read.options.iter().flat_map(|o| &o.indexes);
    match named.next() {
        None => Ok(()),
        Some(index) => Err(Failure::usage(format!(
            "{} names the index {}, which goes before anything the guard can say",
            index.place, index.url
        ))
        .hint("move it to pip.conf or a variable, or give it as an argument: both are watched")),
    }
}

fn addresses(read: &Inventory, optional: bool) -> Result<(), Failure> {
    for component in &read.components {
        let address = match &component.source {
            Source::Url { url } | Source::Vcs { url, .. } => url,
            Source::Default | Source::Index { .. } | Source::Path { .. } => continue,
        };
        let wanted = |d: &Declaration| optional || (d.extras.is_empty() && d.groups.is_empty());
        if !component.declarations.iter().any(wanted) {
            continue;
        }
        let place = component.declarations.first().map(|d| &d.location);
        let place = place.map_or_else(String::new, |place| format!(" ({place})"));
        return Err(Failure::usage(format!(
            "{} is fetched from {address}{place}, which the guard cannot stand before",
            component.name.as_str(),
        ))
        .hint("download it, look at it with `hognose inspect`, and install the file"));
    }
    Ok(())
}
