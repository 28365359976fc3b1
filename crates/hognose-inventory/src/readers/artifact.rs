//! Wheels and source distributions: the metadata inside, and the digest of the file.

use std::io::{self, Read as _};
use std::ops::ControlFlow;

use hognose_archive::tarball::{TarKind, walk_tar_gz};
use hognose_archive::zip::ZipArchive;
use hognose_archive::{ArchiveError, Limits};
use hognose_types::{
    Component, ComponentVersion, Declaration, Digest, DigestAlgorithm, InputFormat, InputId,
    Location, PackageName, Source, text,
};
use sha2::{Digest as _, Sha256};

use super::metadata::{self, Headers};
use crate::context::{Context, short_error};
use crate::direct;
use crate::path;
use crate::tree::{ReadError, ReadSeek};

/// Why no metadata was found.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("holds no {0}")]
    Missing(&'static str),
    #[error("holds {0} .dist-info directories: which one counts depends on the installer")]
    Several(usize),
}

/// Reads one artifact.
pub(crate) fn read(context: &mut Context<'_>, path: &str, format: InputFormat) {
    let input = context.input(path, format);
    let headers = match headers(context, path, format) {
        Ok(headers) => headers,
        Err(fault) => {
            context.unreadable(
                Location::file(path),
                short_error(&fault),
                "name and version were taken from the file's name; build or download the file again",
            );
            Headers::default()
        }
    };
    let named = direct::artifact_name(path::name(path));
    let (file_name, file_version) = named.map_or((None, None), |(n, v)| (Some(n), Some(v)));
    let location = Location::file(path);
    let name = match (headers.name.as_deref(), file_name.as_ref()) {
        (Some(raw), _) => context.name(raw, &location),
        (None, Some(name)) => Some(name.clone()),
        (None, None) => {
            context.unreadable(
                location.clone(),
                "neither the metadata nor the file's name tells which distribution it is",
                "name the file as its build tool did",
            );
            None
        }
    };
    let Some(name) = name else { return };
    let version = headers
        .version
        .as_deref()
        .or(file_version.as_deref())
        .unwrap_or("");
    let version = ComponentVersion::exact(version);
    let says = file_version.as_deref().map(ComponentVersion::exact);
    if file_name.as_ref().is_some_and(|n| *n != name) || says.is_some_and(|says| says != version) {
        context.unreadable(
            location.clone(),
            format!(
                "the file's name does not match its metadata, which says {} {}",
                name,
                text::short(version.as_str().unwrap_or("without version"), 60)
            ),
            "do not install it: installers and indexes disagree about what it is",
        );
    }
    add_elsewhere(context, &headers, input, &location);
    let mut component =
        Component::distribution(input, name, version, Declaration::new(location, true));
    component.source = Source::Path {
        path: path.to_owned(),
        editable: false,
    };
    component.license = headers.license;
    component.hashes.extend(digest(context, path));
    let id = context.add(component);
    context.add_artifact(id, headers.requires);
}

fn add_elsewhere(
    context: &mut Context<'_>,
    headers: &Headers,
    input: InputId,
    location: &Location,
) {
    for raw in &headers.requires {
        if let Some(component) = elsewhere(raw, input, location) {
            context.add(component);
        }
    }
}

/// What an artifact requires from an address of its own: no index knows it, and installers fetch it all the same.
fn elsewhere(raw: &str, input: InputId, location: &Location) -> Option<Component> {
    let (name, address) = raw.split(';').next()?.split_once('@')?;
    let address = address.trim();
    if !direct::is_url(address) {
        return None;
    }
    let name = PackageName::new(name.split('[').next()?.trim()).ok()?;
    let found = direct::parse_url(address);
    let declaration = Declaration::new(location.clone(), false);
    let mut component =
        Component::distribution(input, name, found.component_version(), declaration);
    component.source = found.source;
    Some(component)
}

fn headers(context: &Context<'_>, path: &str, format: InputFormat) -> Result<Headers, Fault> {
    let source = context.tree.open(path)?;
    let max = context.options.limits.metadata_bytes;
    let limits = Limits {
        member_bytes: max,
        ..Limits::default()
    };
    if format == InputFormat::Wheel {
        return wheel(source, limits);
    }
    if path.to_ascii_lowercase().ends_with(".zip") {
        return zip_member(source, limits, "PKG-INFO", |name| {
            is_top_level(name, "/PKG-INFO")
        });
    }
    let mut found: Option<Vec<u8>> = None;
    // Size limits of other members do not matter: they are skipped, not held.
    walk_tar_gz(source, &Limits::default(), &mut |member, reader| {
        if member.kind == TarKind::File && is_top_level(&member.path, "/PKG-INFO") {
            let mut head = Vec::new();
            reader
                .take(max)
                .read_to_end(&mut head)
                .map_err(ArchiveError::Io)?;
            found = Some(head);
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    found
        .map(|head| metadata::parse(&head))
        .ok_or(Fault::Missing("PKG-INFO"))
}

/// `directory/FILE`, not deeper: vendored packages carry metadata of their own further down.
fn is_top_level(path: &str, ending: &str) -> bool {
    path.strip_suffix(ending)
        .is_some_and(|directory| !directory.is_empty() && !directory.contains('/'))
}

fn wheel(source: Box<dyn ReadSeek + '_>, limits: Limits) -> Result<Headers, Fault> {
    const ENDING: &str = ".dist-info/METADATA";
    let mut archive = ZipArchive::new(source, limits)?;
    let names: Vec<String> = archive
        .members()
        .iter()
        .filter(|member| is_top_level(&member.name, "/METADATA") && member.name.ends_with(ENDING))
        .map(|member| member.name.clone())
        .collect();
    let chosen = match names.as_slice() {
        [] => return Err(Fault::Missing("METADATA")),
        [one] => one,
        several => return Err(Fault::Several(several.len())),
    };
    let bytes = archive
        .read_named(chosen)
        .ok_or(Fault::Missing("METADATA"))??;
    Ok(metadata::parse(&bytes))
}

fn zip_member(
    source: Box<dyn ReadSeek + '_>,
    limits: Limits,
    what: &'static str,
    wanted: impl Fn(&str) -> bool,
) -> Result<Headers, Fault> {
    let mut archive = ZipArchive::new(source, limits)?;
    let index = archive
        .members()
        .iter()
        .position(|member| wanted(&member.name));
    let bytes = archive.read(index.ok_or(Fault::Missing(what))?)?;
    Ok(metadata::parse(&bytes))
}

/// The sha256 of the file; none when it cannot be read to the end, which was reported before.
fn digest(context: &Context<'_>, path: &str) -> Option<Digest> {
    let mut source = context.tree.open(path).ok()?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 64 << 10];
    loop {
        match source.read(&mut block) {
            Ok(0) => break,
            Ok(length) => hasher.update(&block[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    let hex = hasher
        .finalize()
        .iter()
        .fold(String::new(), |mut hex, byte| {
            use std::fmt::Write as _;
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    Digest::new(DigestAlgorithm::Sha256, &hex).ok()
}
