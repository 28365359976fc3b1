//! Installed conda environments: one record per package in `conda-meta/`.
//!
//! A record lists the package's files. A `.dist-info` among them is the truth about which
//! distribution it is, whatever the channel calls it.

use std::collections::BTreeMap;

use hognose_types::{
    Component, ComponentId, ComponentKind, ComponentVersion, CondaIdentity, Declaration, Digest,
    DigestAlgorithm, InputFormat, InputId, Location, PackageName,
};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use crate::context::{Context, short_error};
use crate::path;
use crate::readers::{environment, json};
use crate::tree::EntryKind;

/// The parts of a record that are read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Record {
    name: String,
    version: String,
    build: Option<String>,
    channel: Option<String>,
    subdir: Option<String>,
    license: Option<String>,
    sha256: Option<String>,
    depends: Vec<String>,
    requested_spec: Option<String>,
    files: Metadata,
}

/// The files that say which distributions a package holds. A package may list a hundred thousand
/// files; only these are kept.
#[derive(Debug, Default)]
struct Metadata(Vec<String>);

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Files;
        impl<'de> Visitor<'de> for Files {
            type Value = Metadata;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of file names")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Metadata, A::Error> {
                let mut out = Vec::new();
                while let Some(file) = seq.next_element::<std::borrow::Cow<'de, str>>()? {
                    if file.ends_with(".dist-info/METADATA") || file.ends_with(".egg-info/PKG-INFO")
                    {
                        out.push(file.into_owned());
                    }
                }
                Ok(Metadata(out))
            }
        }
        deserializer.deserialize_seq(Files)
    }
}

/// Reads an environment: its prefix, or the `conda-meta` directory itself.
pub(crate) fn read(context: &mut Context<'_>, path: &str) {
    let (prefix, directory) = if path::name(path) == "conda-meta" {
        (path::parent(path).to_owned(), path.to_owned())
    } else {
        (path.to_owned(), path::join(path, "conda-meta"))
    };
    if !context.first_visit(&directory) {
        return;
    }
    let input = context.input(&directory, InputFormat::CondaMeta);
    let entries = match context
        .tree
        .list(&directory, context.options.limits.entries)
    {
        Ok(entries) => entries,
        Err(error) => {
            context.unreadable(
                Location::file(directory),
                format!("cannot list the directory: {error}"),
                "check the permissions of the directory",
            );
            return;
        }
    };
    let mut found = Found::default();
    for entry in entries {
        if entry.kind != EntryKind::Directory && entry.name.ends_with(".json") {
            let file = path::join(&directory, &entry.name);
            if entry.kind != EntryKind::File {
                context.unreadable(
                    Location::file(file),
                    "not a regular file: not opened",
                    "reinstall the package",
                );
                continue;
            }
            if let Some(record) = record(context, &file) {
                package(context, input, &prefix, &file, &record, &mut found);
            }
        }
    }
    found.connect(context);
    // Distributions that are there are read from their own metadata, those that pip added included.
    if found.on_disk {
        environment::read(context, &prefix);
    }
}

/// What the records of one environment hold.
#[derive(Debug, Default)]
struct Found {
    by_name: BTreeMap<String, ComponentId>,
    needs: Vec<(ComponentId, Vec<String>)>,
    /// Some `.dist-info` is really there.
    on_disk: bool,
}

impl Found {
    fn connect(&self, context: &mut Context<'_>) {
        for (from, needs) in &self.needs {
            for need in needs {
                let name = need.split(' ').next().unwrap_or(need);
                if let Some(to) = self.by_name.get(name) {
                    context.edge(*from, *to, None);
                }
            }
        }
    }
}

fn record(context: &mut Context<'_>, file: &str) -> Option<Record> {
    let bytes = context.read(file)?;
    let text = context.decode(file, &bytes)?;
    let depth = context.options.limits.depth;
    let fault = if json::too_deep(&text, depth).is_some() {
        format!("nested deeper than {depth} levels")
    } else {
        match serde_json::from_str::<Record>(&text) {
            Ok(record) if record.name.is_empty() || record.version.is_empty() => {
                "a record without name or version".to_owned()
            }
            Ok(record) => return Some(record),
            Err(error) => format!("not a conda record: {}", short_error(&error)),
        }
    };
    context.unreadable(
        Location::file(file),
        fault,
        "reinstall the package; the others were read",
    );
    None
}

fn package(
    context: &mut Context<'_>,
    input: InputId,
    prefix: &str,
    file: &str,
    record: &Record,
    found: &mut Found,
) {
    if record.name.starts_with("__") {
        return;
    }
    let requested = record.requested_spec.as_deref();
    let direct = requested.is_some_and(|s| !s.is_empty() && s != "None");
    let declaration = Declaration::new(Location::file(file), direct);
    let identity = CondaIdentity {
        name: record.name.clone(),
        channel: record.channel.as_deref().map(channel),
        build: record.build.clone(),
        subdir: record.subdir.clone(),
        mapped: false,
    };
    let held = distributions(context, prefix, &record.files);
    found.on_disk |= held.on_disk;
    let mut components = Vec::new();
    for (name, version) in held.missing {
        let version = ComponentVersion::exact(&version);
        let mut component = Component::distribution(input, name, version, declaration.clone());
        component.kind = ComponentKind::Conda;
        component.conda = Some(CondaIdentity {
            mapped: true,
            ..identity.clone()
        });
        components.push(component);
    }
    if components.is_empty() && !held.on_disk {
        let version = ComponentVersion::exact(&record.version);
        let component = super::component(context, input, identity, version, declaration);
        components.extend(component);
    }
    let hash = record
        .sha256
        .as_deref()
        .and_then(|hex| Digest::new(DigestAlgorithm::Sha256, hex).ok());
    for mut component in components {
        component.license.clone_from(&record.license);
        component.hashes.extend(hash.clone());
        let id = context.add(component);
        found.by_name.entry(record.name.clone()).or_insert(id);
        found.needs.push((id, record.depends.clone()));
    }
}

/// The distributions a package holds.
struct Held {
    /// Listed by the record, but not there: the record is all that is known of them.
    missing: Vec<(PackageName, String)>,
    /// Some are there, to be read from their own metadata.
    on_disk: bool,
}

fn distributions(context: &Context<'_>, prefix: &str, files: &Metadata) -> Held {
    let mut held = Held {
        missing: Vec::new(),
        on_disk: false,
    };
    for metadata in &files.0 {
        let directory = path::join(prefix, path::parent(metadata));
        if context.tree.kind(&directory).is_some() {
            held.on_disk = true;
        } else {
            held.missing.extend(distribution(metadata));
        }
    }
    held
}

/// Name and version from `…/numpy-1.24.2.dist-info/METADATA` or `…/x-1.0-py3.9.egg-info/PKG-INFO`.
fn distribution(metadata: &str) -> Option<(PackageName, String)> {
    let directory = path::name(path::parent(metadata));
    let stem = match directory.strip_suffix(".dist-info") {
        Some(stem) => stem,
        None => directory.strip_suffix(".egg-info")?,
    };
    let mut parts = stem.splitn(3, '-');
    let name = PackageName::new(parts.next()?).ok()?;
    let version = parts.next().filter(|v| !v.is_empty())?;
    Some((name, version.to_owned()))
}

/// `conda-forge` of `https://…/conda-forge/linux-64`.
fn channel(raw: &str) -> String {
    let raw = raw.trim_end_matches('/');
    let is_subdir =
        |s: &str| s == "noarch" || ["linux-", "osx-", "win-"].iter().any(|p| s.starts_with(p));
    let mut segments = raw.rsplit('/');
    match (segments.next(), segments.next()) {
        (Some(last), Some(before)) if is_subdir(last) => before.to_owned(),
        (Some(last), _) => last.to_owned(),
        (None, _) => raw.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_tell_the_distribution() {
        let of = |file: &str| distribution(file).map(|(n, v)| format!("{n} {v}"));
        for (file, expected) in [
            (
                "lib/python3.10/site-packages/numpy-1.24.2.dist-info/METADATA",
                Some("numpy 1.24.2"),
            ),
            (
                "Lib/site-packages/PyYAML-6.0-py3.9.egg-info/PKG-INFO",
                Some("pyyaml 6.0"),
            ),
            (
                "site-packages/torch-2.0.0+cu118.dist-info/METADATA",
                Some("torch 2.0.0+cu118"),
            ),
            ("site-packages/odd.dist-info/METADATA", None),
            ("METADATA", None),
        ] {
            assert_eq!(of(file).as_deref(), expected, "{file}");
        }
        assert_eq!(
            channel("https://c.example/conda-forge/linux-64"),
            "conda-forge"
        );
        assert_eq!(channel("conda-forge"), "conda-forge");
    }
}
