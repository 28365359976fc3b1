//! `environment.yml`.

use hognose_types::{
    Component, ComponentVersion, Declaration, InputFormat, InputId, Location, Requirement,
    RequirementSource, Source, text,
};

use super::spec;
use super::yaml::{self, Node};
use crate::context::{Context, short_error};
use crate::direct;
use crate::path;
use crate::readers::requirements;

/// Reads an environment file.
pub(crate) fn read(context: &mut Context<'_>, path: &str, bytes: &[u8]) {
    let input = context.input(path, InputFormat::CondaEnvironment);
    let Some(text) = context.decode(path, bytes) else {
        return;
    };
    let document = yaml::parse(&text, context.options.limits.depth);
    if let Some(fault) = &document.fault {
        context.unreadable(
            Location::line(path, fault.line),
            format!("not valid YAML: {}", short_error(&fault.message)),
            "correct the file; what stands before the fault was read",
        );
    }
    let Some(root) = document
        .root
        .filter(|root| root.get("dependencies").is_some())
    else {
        let message = "no list of dependencies: nothing read";
        context.notice(Some(Location::file(path)), message);
        return;
    };
    let dependencies = root
        .entries()
        .iter()
        .filter(|(key, _)| key == "dependencies");
    for node in dependencies.flat_map(|(_, node)| node.items()) {
        match node.text() {
            Some(raw) => conda(context, input, path, raw, node.line),
            None => pip_list(context, input, path, node),
        }
    }
}

/// Names an environment file asks for, with their lines: what is direct in a lock made from it.
pub(super) fn names(text: &str, depth: usize) -> Vec<(String, u32)> {
    let Some(root) = yaml::parse(text, depth).root else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for node in root.get("dependencies").map_or(&[][..], Node::items) {
        if let Some(spec) = node.text().and_then(spec::parse) {
            out.push((spec.identity.name, node.line));
        }
        for pip in node.get("pip").map_or(&[][..], Node::items) {
            if let Some(Ok(requirement)) = pip.text().map(Requirement::parse) {
                out.push((requirement.name.to_string(), pip.line));
            }
        }
    }
    out
}

fn conda(context: &mut Context<'_>, input: InputId, path: &str, raw: &str, line: u32) {
    let location = Location::line(path, line);
    let Some(spec) = spec::parse(raw) else {
        context.unreadable(
            location,
            format!(
                "not a conda package specification: {:?}",
                text::short(raw, 80)
            ),
            "correct the line; the rest of the file was read",
        );
        return;
    };
    // `__glibc` and the like describe the machine.
    if spec.identity.name.starts_with("__") {
        return;
    }
    let declaration = Declaration::new(location, true);
    let component = super::component(context, input, spec.identity, spec.version, declaration);
    if let Some(component) = component {
        context.add(component);
    }
}

/// The list under `pip:`; other mappings are for other tools.
fn pip_list(context: &mut Context<'_>, input: InputId, path: &str, node: &Node) {
    for (key, list) in node.entries() {
        if key != "pip" {
            context.notice(
                Some(Location::line(path, list.line)),
                format!("dependencies of {} are not read", text::short(key, 40)),
            );
            continue;
        }
        for entry in list.items() {
            match entry.text() {
                Some(raw) => pip(context, input, path, raw.trim(), entry.line),
                None => context.unreadable(
                    Location::line(path, entry.line),
                    "an entry of the pip list that is no text",
                    "write it as `name==version`",
                ),
            }
        }
    }
}

fn pip(context: &mut Context<'_>, input: InputId, path: &str, raw: &str, line: u32) {
    let location = Location::line(path, line);
    if let Some((option, value)) = option(raw) {
        match option {
            "-r" | "--requirement" | "-c" | "--constraint" => {
                include(context, path, value, location);
            }
            "-e" | "--editable" if direct::is_url(value) => {
                reference(context, input, value, location);
            }
            "-e" | "--editable" => local(context, path, value, location),
            _ => {}
        }
        return;
    }
    if direct::is_url(raw) {
        reference(context, input, raw, location);
        return;
    }
    if raw.starts_with(['.', '/']) {
        local(context, path, raw, location);
        return;
    }
    match requirements::parse(raw.split(" #").next().unwrap_or(raw)) {
        Ok(requirement) => requirement_component(context, input, requirement, location),
        Err(error) => context.unreadable(
            location,
            short_error(&error),
            "correct the line; the rest of the file was read",
        ),
    }
}

/// `--requirement=file`, `-r file`, `-e ./here`.
fn option(raw: &str) -> Option<(&str, &str)> {
    if !raw.starts_with('-') {
        return None;
    }
    let (option, value) = raw.split_once(['=', ' ']).unwrap_or((raw, ""));
    Some((option, value.trim()))
}

fn include(context: &mut Context<'_>, path: &str, file: &str, location: Location) {
    let target = path::normalise(&path::join(path::parent(path), file));
    if direct::is_url(file) || !context.is_allowed(&target) {
        context.unreadable(
            location,
            format!(
                "{:?} is not read: only files of the scanned directories are",
                text::short(file, 120)
            ),
            "name that file on the command line to scan it",
        );
        return;
    }
    crate::readers::read_file(context, &target, InputFormat::Requirements);
}

fn requirement_component(
    context: &mut Context<'_>,
    input: InputId,
    requirement: Requirement,
    location: Location,
) {
    if !context.applies(requirement.marker.as_ref()) {
        return;
    }
    let mut declaration = Declaration::new(location, true);
    declaration.marker = requirement.marker;
    let (version, source, hash) = match requirement.source {
        RequirementSource::Specifiers(specifiers) => {
            let version = match specifiers.pinned() {
                Some(pin) => ComponentVersion::exact(pin),
                None => ComponentVersion::Range(specifiers.to_string()),
            };
            (version, Source::Default, None)
        }
        RequirementSource::Url(url) => {
            let direct = direct::parse_url(url.expose());
            (direct.component_version(), direct.source, direct.hash)
        }
    };
    let mut component = Component::distribution(input, requirement.name, version, declaration);
    component.source = source;
    component.hashes.extend(hash);
    context.add(component);
}

/// A project on disk: its own manifest says what it needs.
fn local(context: &mut Context<'_>, path: &str, raw: &str, location: Location) {
    let raw = raw.split('[').next().unwrap_or(raw);
    let directory = path::normalise(&path::join(path::parent(path), raw));
    let read = context.is_allowed(&directory)
        && crate::readers::local_project(context, &directory).is_some();
    if !read {
        context.unreadable(
            location,
            format!("{:?} is no project that can be read", text::short(raw, 120)),
            "check the path, or scan that directory by name",
        );
    }
}

/// A link or checkout without a name in front.
fn reference(context: &mut Context<'_>, input: InputId, raw: &str, location: Location) {
    let direct = direct::parse_url(raw);
    let version = direct.component_version();
    let Some(name) = direct.name else {
        context.unreadable(
            location,
            format!(
                "{:?} does not say which package it is",
                text::short(raw, 120)
            ),
            "write `name @ reference`, or scan the installed environment",
        );
        return;
    };
    let declaration = Declaration::new(location, true);
    let mut component = Component::distribution(input, name, version, declaration);
    component.source = direct.source;
    component.hashes.extend(direct.hash);
    context.add(component);
}
