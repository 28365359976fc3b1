//! One requirement of a requirements file.

use hognose_types::{
    Component, ComponentId, ComponentKind, ComponentVersion, Declaration, Digest, Location, Marker,
    PackageName, RedactedUrl, Requirement, Source, text,
};

use super::words::Word;
use super::{File, Reader, variables};
use crate::context::{Constraint, add_declaration, short_error};
use crate::direct::{self, Direct};
use crate::path;
use crate::readers::manifest::Wanted;

impl Reader<'_, '_> {
    /// A line that starts with a requirement, a link or a path.
    pub(super) fn requirement(
        &mut self,
        file: &mut File<'_>,
        text: &str,
        words: &[Word<'_>],
        location: Location,
        comment: Option<&str>,
    ) {
        let hashes = self.hashes(words, &location);
        if direct::is_url(text) || looks_like_path(text) {
            return self.direct(file, text, false, location, comment);
        }
        match super::parse(text) {
            Ok(requirement) => self.named(file, requirement, hashes, location, comment),
            Err(_) if let Some(name) = variables::first(text) => self.unset(name, location),
            Err(error) => self.context.unreadable(
                location,
                short_error(&error),
                "write it as `name==1.0 ; marker`; the rest of the file was read",
            ),
        }
    }

    fn hashes(&mut self, words: &[Word<'_>], location: &Location) -> Vec<Digest> {
        let mut hashes = Vec::new();
        for word in words {
            match word {
                Word::Option {
                    name: "--hash",
                    value,
                } => match value.parse::<Digest>() {
                    Ok(digest) => hashes.push(digest),
                    Err(error) => self.context.unreadable(
                        location.clone(),
                        short_error(&error),
                        "lock the file again; the requirement was read without this hash",
                    ),
                },
                Word::Unknown(option) => self.context.unreadable(
                    location.clone(),
                    format!(
                        "pip has no option \"{}\" for a requirement",
                        text::short(option, 60)
                    ),
                    "remove the option; the requirement was read without it",
                ),
                Word::Option { .. } | Word::Flag(_) | Word::Stray(_) => {}
            }
        }
        hashes
    }

    fn named(
        &mut self,
        file: &mut File<'_>,
        requirement: Requirement,
        hashes: Vec<Digest>,
        location: Location,
        comment: Option<&str>,
    ) {
        if !self.context.applies(requirement.marker.as_ref()) {
            return;
        }
        if file.constraints {
            if let Some(version) = requirement.pinned() {
                self.scope.pins.push(Constraint {
                    name: requirement.name.clone(),
                    version: version.to_owned(),
                    hashes,
                    marker: requirement.marker,
                    location,
                });
            }
            return;
        }
        let wanted = Wanted::of(&requirement);
        let source = match &wanted {
            Wanted::Direct(direct) => direct.source.clone(),
            Wanted::Versions { .. } => index_source(file),
        };
        let version = wanted.version();
        let mut hashes = hashes;
        if let Wanted::Direct(Direct {
            hash: Some(hash), ..
        }) = wanted
        {
            hashes.push(hash);
        }
        self.add(
            file,
            Entry {
                name: requirement.name,
                version,
                source,
                hashes,
                marker: requirement.marker,
            },
            location,
            comment,
        );
    }

    /// `-e …`, a link or a path.
    pub(super) fn direct(
        &mut self,
        file: &mut File<'_>,
        text: &str,
        editable: bool,
        location: Location,
        comment: Option<&str>,
    ) {
        if file.constraints {
            return;
        }
        // A marker after a link needs white space before its `;`.
        let (target, marker) = text
            .split_once(" ;")
            .map_or((text, ""), |(t, m)| (t.trim(), m));
        let marker = self.context.marker(marker, &location);
        if !self.context.applies(marker.as_ref()) {
            return;
        }
        let is_url = direct::is_url(target);
        if !is_url && let Some((name, url)) = named_reference(target) {
            let mut found = direct::parse_url(url);
            found.name = Some(name);
            return self.add_direct(file, found, marker, target, location, comment);
        }
        let mut found = direct::parse_url(target);
        if !is_url {
            let bare = target.split_once('[').map_or(target, |(bare, _)| bare);
            let bare = bare.split('#').next().unwrap_or(bare);
            found.source = Source::Path {
                path: bare.to_owned(),
                editable,
            };
        }
        if let Source::Path {
            path: at,
            editable: e,
        } = &mut found.source
        {
            *e = editable;
            let looked_up = variables::path(at, &self.context.options.env);
            let directory = path::join(path::parent(file.path), looked_up.as_ref().unwrap_or(at));
            if found.version.is_none()
                && let Some(local) = crate::readers::local_project(self.context, &directory)
            {
                if let Some(id) = local.component {
                    return self.known(file, &local.name, id, location, comment);
                }
                found.name.get_or_insert(local.name);
            }
        }
        self.add_direct(file, found, marker, target, location, comment);
    }

    /// A local project whose manifest was read: one component, declared in both places.
    fn known(
        &mut self,
        file: &mut File<'_>,
        name: &PackageName,
        id: ComponentId,
        location: Location,
        comment: Option<&str>,
    ) {
        if let Some(component) = self.context.component_mut(id) {
            add_declaration(
                &mut component.declarations,
                Declaration::new(location, true),
            );
        }
        file.by_name.entry(name.clone()).or_default().push(id);
        file.annotations.open(id, comment);
    }

    fn add_direct(
        &mut self,
        file: &mut File<'_>,
        found: Direct,
        marker: Option<Marker>,
        shown: &str,
        location: Location,
        comment: Option<&str>,
    ) {
        let version = found.component_version();
        let Some(name) = found.name else {
            let shown = RedactedUrl::new(shown).to_string();
            return self.context.unreadable(
                location,
                format!(
                    "\"{}\" does not tell which distribution it is",
                    text::short(&shown, 100)
                ),
                "write it as `name @ URL`",
            );
        };
        let entry = Entry {
            name,
            version,
            source: found.source,
            hashes: found.hash.into_iter().collect(),
            marker,
        };
        self.add(file, entry, location, comment);
    }

    fn add(
        &mut self,
        file: &mut File<'_>,
        entry: Entry,
        location: Location,
        comment: Option<&str>,
    ) {
        let mut declaration = Declaration::new(location, true);
        declaration.marker = entry.marker;
        let mut component =
            Component::distribution(file.input, entry.name.clone(), entry.version, declaration);
        if matches!(entry.source, Source::Path { .. })
            && component.version == ComponentVersion::Unknown
        {
            component.kind = ComponentKind::Project;
        }
        component.source = entry.source;
        component.hashes = entry.hashes;
        let id = self.context.add(component);
        file.by_name.entry(entry.name).or_default().push(id);
        file.annotations.open(id, comment);
    }
}

/// What is known of one requirement.
struct Entry {
    name: PackageName,
    version: ComponentVersion,
    source: Source,
    hashes: Vec<Digest>,
    marker: Option<Marker>,
}

fn index_source(file: &File<'_>) -> Source {
    file.index
        .as_ref()
        .map_or(Source::Default, |url| Source::Index {
            url: RedactedUrl::new(url.clone()),
        })
}

/// `name @ URL`, with extras.
fn named_reference(text: &str) -> Option<(PackageName, &str)> {
    let (name, url) = text.split_once('@')?;
    let bare = name.split('[').next().unwrap_or(name);
    Some((PackageName::new(bare).ok()?, url.trim()))
}

/// pip's rule: a path has a separator or starts with a dot, or is an archive; `name @ url` is none.
fn looks_like_path(text: &str) -> bool {
    let head = text.split(" ;").next().unwrap_or(text).trim();
    if named_reference(head).is_some() && head.contains(" @") {
        return false;
    }
    let before_marker = head.split(';').next().unwrap_or(head);
    let bare = before_marker.split('[').next().unwrap_or(before_marker);
    (bare.contains('/') && !before_marker.contains('@'))
        || bare.contains('\\')
        || bare.starts_with('.')
        || (direct::artifact_name(path::name(before_marker.trim())).is_some())
}
