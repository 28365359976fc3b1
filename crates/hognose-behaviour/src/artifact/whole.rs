//! What only the whole artifact shows.

use super::build::backend_modules;
use super::collect::Collector;
use super::layout::{self, Kind};
use crate::content::metadata::{self, Metadata};
use crate::content::{bytecode, startup};
use crate::fact::{Fact, FactKind, Place, Trigger};
use crate::python::{Role, Source, Text};

impl Collector {
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
            let is_own = member.ends_with("/RECORD")
                || member.ends_with("/RECORD.jws")
                || member.ends_with("/RECORD.p7s");
            if !is_own && !member.contains("!/") && !listed.contains(member.as_str()) {
                let place = Place::file(path.clone());
                self.facts.push(Fact::new(
                    FactKind::RecordMismatch,
                    Trigger::Install,
                    place,
                    member,
                ));
            }
        }
    }

    /// Bytecode is judged once it is known whether its source stands beside it.
    pub(super) fn judge_bytecode(&mut self) {
        let sources: std::collections::HashMap<&str, &Text> = self
            .sources
            .iter()
            .map(|s| (s.path.as_str(), &s.text))
            .collect();
        for (path, inner, bytes) in std::mem::take(&mut self.bytecode) {
            let words = sources.get(source_of(&path).as_str()).map(|text| {
                text.get()
                    .split(|c: char| !(c.is_alphanumeric() || c == '_'))
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

    /// The sources, with roles that only the whole shows.
    pub(super) fn sources(&mut self) -> Vec<Source> {
        let mut sources = std::mem::take(&mut self.sources);
        if self.kind == Kind::Sdist {
            let mut backends = self
                .pyproject
                .as_deref()
                .map(backend_modules)
                .unwrap_or_default();
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
        sources.sort_by(|a, b| {
            (a.path.matches('/').count(), &a.path).cmp(&(b.path.matches('/').count(), &b.path))
        });
        sources
    }

    /// The metadata that counts: `METADATA`, the outermost `PKG-INFO`, else what the build files say.
    pub(super) fn metadata(&mut self, setup: &[(String, String)]) -> Metadata {
        self.metadata_files
            .sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let mut files = std::mem::take(&mut self.metadata_files).into_iter();
        let all = |name: &str| -> Vec<String> {
            setup
                .iter()
                .filter(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
                .collect()
        };
        if self.kind == Kind::Sdist {
            let requires = all("setup_requires");
            metadata::build_references("setup.py", &requires, &mut self.facts);
        }
        for link in all("dependency_links") {
            let place = Place::file("setup.py");
            let fact = Fact::new(FactKind::DirectReference, Trigger::Install, place, &link);
            self.facts.push(fact);
        }
        if let Some((depth, path, mut read)) = files.next() {
            self.judge_metadata(depth, &path, &read);
            for (depth, path, other) in files.filter(|(depth, ..)| *depth >= 100) {
                self.judge_metadata(depth, &path, &other);
            }
            if read.requires_dist.is_empty() {
                read.requires_dist = all("install_requires");
            }
            return read;
        }
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
            requires_dist: all("install_requires"),
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

    /// Build files need not say everything: only real metadata is judged for what it lacks.
    fn judge_metadata(&mut self, depth: u8, path: &str, read: &Metadata) {
        let outside = self.name.split(['-']).next().unwrap_or_default();
        if depth < 100 {
            let outside = Some(outside);
            metadata::facts(path, read, outside, Trigger::Install, &mut self.facts);
        } else {
            metadata::references(path, read, Trigger::Install, &mut self.facts);
        }
    }

    /// The modules at the top, as they are imported.
    pub(super) fn provides(&self) -> Vec<String> {
        let tops = self.module_paths.iter().filter_map(|path| {
            let top = path.split('/').next()?;
            let name = top.strip_suffix(".py").unwrap_or(top);
            let aside = matches!(
                name,
                "setup" | "tests" | "test" | "docs" | "examples" | "conftest"
            );
            (!aside).then(|| name.to_owned())
        });
        let tops: std::collections::BTreeSet<String> = tops.collect();
        tops.into_iter().take(64).collect()
    }

    /// Facts about the artifact as a whole.
    pub(super) fn judge_whole(&mut self, metadata: &Metadata, facts: &mut Vec<Fact>) {
        facts.append(&mut self.facts);
        // A helper that nobody declares is a module of the project that is not in this artifact.
        facts.retain(|f| {
            f.kind != FactKind::FlowCredentialDependency || declares(metadata, &f.detail)
        });
        let acts = facts.iter().any(|f| {
            use crate::Group;
            f.trigger != Trigger::Test
                && !matches!(
                    f.kind.group(),
                    Group::Metadata | Group::Hook | Group::Archive
                )
                && f.kind != FactKind::EndpointOther
        });
        let mut add = |kind, detail: &str| {
            facts.push(Fact::new(kind, Trigger::Install, Place::file(""), detail));
        };
        let bytes = self.size.python_bytes;
        let files = self.size.python_files;
        if files <= 6 && bytes < 20_000 && self.size.binaries == 0 {
            add(
                FactKind::TinyPackage,
                &format!("{files} Python files, {bytes} bytes"),
            );
        }
        if files > 150 {
            add(FactKind::HugePackage, &format!("{files} Python files"));
        } else if files > 30 {
            add(FactKind::LargePackage, &format!("{files} Python files"));
        }
        if bytes < 600 && !acts && self.other_code == 0 && self.size.binaries == 0 {
            if metadata.requires_dist.is_empty() {
                add(FactKind::NoCode, &format!("{bytes} bytes of Python"));
            } else {
                add(FactKind::DependencyOnly, &metadata.requires_dist.join(", "));
            }
        }
    }
}

/// Whether the distribution whose function this is, is a declared dependency.
fn declares(metadata: &Metadata, function: &str) -> bool {
    let root = function.split('.').next().unwrap_or_default();
    let normal = |name: &str| name.to_ascii_lowercase().replace(['-', '.'], "_");
    metadata
        .requires_dist
        .iter()
        .any(|r| normal(metadata::requirement_name(r)) == normal(root))
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
