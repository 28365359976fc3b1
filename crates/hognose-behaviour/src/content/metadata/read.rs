//! Tolerant readers of metadata: headers of RFC 822 as they are really written, TOML, INI.

use super::Metadata;

/// Most headers read.
const HEADERS: usize = 20_000;
/// Longest value kept of one header.
const VALUE: usize = 16 * 1024;
/// How much of the description is kept.
const DESCRIPTION: usize = 16 * 1024;

fn kept(text: &str, limit: usize) -> &str {
    let end = crate::content::strings::floor(text, limit);
    text.get(..end).unwrap_or_default()
}

fn known(value: &str) -> &str {
    let value = value.trim();
    if value == "UNKNOWN" || value == "None" {
        ""
    } else {
        value
    }
}

fn append(field: &mut String, value: &str) {
    let value = kept(known(value), VALUE);
    if value.is_empty() || field.len() > VALUE {
        return;
    }
    if !field.is_empty() {
        field.push_str(", ");
    }
    field.push_str(value);
}

/// Reads headers up to the first empty line, and the description after it.
pub(super) fn headers(text: &str) -> Metadata {
    let text = text.trim_start_matches('\u{feff}');
    let mut metadata = Metadata::default();
    let mut header: Option<(String, String)> = None;
    let mut rest = text;
    for _ in 0..HEADERS {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let line = line.trim_end_matches('\r');
        if line.is_empty() {
            rest = after;
            break;
        }
        rest = after;
        if line.starts_with([' ', '\t']) {
            // The eight blanks of a folded description carry a bar in newer writers.
            if let Some((_, value)) = &mut header
                && value.len() < VALUE
            {
                value.push('\n');
                value.push_str(line.trim_start().trim_start_matches('|'));
            }
            continue;
        }
        if let Some((name, value)) = header.take() {
            set(&mut metadata, &name, &value);
        }
        header = line.split_once(':').map(|(name, value)| {
            (
                name.trim().to_ascii_lowercase(),
                kept(value, VALUE).to_owned(),
            )
        });
    }
    if let Some((name, value)) = header {
        set(&mut metadata, &name, &value);
    }
    describe(&mut metadata, rest);
    metadata
}

fn describe(metadata: &mut Metadata, text: &str) {
    let text = known(text);
    if !text.is_empty() {
        metadata.description_len = text.chars().count();
        kept(text, DESCRIPTION).clone_into(&mut metadata.description);
    }
}

fn set(metadata: &mut Metadata, name: &str, value: &str) {
    let many = |list: &mut Vec<String>| {
        if !known(value).is_empty() {
            list.push(known(value).to_owned());
        }
    };
    match name {
        "name" => known(value).clone_into(&mut metadata.name),
        "version" => known(value).clone_into(&mut metadata.version),
        "summary" => known(value).clone_into(&mut metadata.summary),
        "description" => describe(metadata, value),
        "requires-dist" | "requires" => many(&mut metadata.requires_dist),
        "classifier" => many(&mut metadata.classifiers),
        "home-page" | "download-url" => url(
            metadata,
            if name == "home-page" {
                "Home-page"
            } else {
                "Download-URL"
            },
            value,
        ),
        "project-url" => {
            if let Some((label, address)) = value.split_once(',') {
                url(metadata, label, address);
            }
        }
        "author" | "maintainer" => append(&mut metadata.author, value),
        "author-email" | "maintainer-email" => append(&mut metadata.author_email, value),
        "license" | "license-expression" => append(&mut metadata.license, value),
        "requires-python" => known(value).clone_into(&mut metadata.requires_python),
        _ => {}
    }
}

fn url(metadata: &mut Metadata, label: &str, address: &str) {
    if !known(address).is_empty() {
        metadata
            .urls
            .push((label.trim().to_owned(), known(address).to_owned()));
    }
}

/// Reads a `pyproject.toml`.
pub(super) fn pyproject(text: &str) -> Option<Metadata> {
    let document: toml::Table = text.parse().ok()?;
    let poetry = document.get("tool").and_then(|tool| tool.get("poetry"));
    let table = document.get("project").or(poetry)?.as_table()?;
    let mut metadata = Metadata::default();
    for (key, header) in [
        ("name", "name"),
        ("version", "version"),
        ("description", "summary"),
        ("requires-python", "requires-python"),
    ] {
        if let Some(value) = table.get(key).and_then(toml::Value::as_str) {
            set(&mut metadata, header, value);
        }
    }
    // A readme is another file; that it is named says that there is one.
    if let Some(readme) = table.get("readme") {
        let text = readme
            .get("text")
            .or(Some(readme))
            .and_then(toml::Value::as_str);
        describe(&mut metadata, text.unwrap_or("readme"));
    }
    dependencies(&mut metadata, table);
    people(&mut metadata, table);
    for (label, address) in table
        .get("urls")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flatten()
    {
        url(&mut metadata, label, address.as_str().unwrap_or_default());
    }
    for key in ["homepage", "repository", "documentation"] {
        url(
            &mut metadata,
            key,
            table
                .get(key)
                .and_then(toml::Value::as_str)
                .unwrap_or_default(),
        );
    }
    Some(metadata)
}

fn dependencies(metadata: &mut Metadata, table: &toml::Table) {
    for value in table
        .get("dependencies")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
    {
        metadata
            .requires_dist
            .extend(value.as_str().map(|v| kept(v, VALUE).to_owned()));
    }
    if let Some(dependencies) = table.get("dependencies").and_then(toml::Value::as_table) {
        metadata.requires_dist.extend(
            dependencies
                .iter()
                .filter(|(name, _)| *name != "python")
                .map(|(name, value)| poetry_requirement(name, value)),
        );
    }
}

fn poetry_requirement(name: &str, value: &toml::Value) -> String {
    let place = ["url", "git", "path"]
        .iter()
        .find_map(|key| value.get(key))
        .and_then(toml::Value::as_str);
    match place {
        Some(place) => format!("{name} @ {}", kept(place, VALUE)),
        None => name.to_owned(),
    }
}

fn people(metadata: &mut Metadata, table: &toml::Table) {
    for key in ["authors", "maintainers"] {
        for person in table
            .get(key)
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten()
        {
            let field = |key| {
                person
                    .get(key)
                    .and_then(toml::Value::as_str)
                    .unwrap_or_default()
            };
            append(&mut metadata.author, field("name"));
            append(&mut metadata.author_email, field("email"));
            // Poetry writes both as one text.
            let text = person.as_str().unwrap_or_default();
            append(
                if text.contains('@') {
                    &mut metadata.author_email
                } else {
                    &mut metadata.author
                },
                text,
            );
        }
    }
}

/// Reads a `setup.cfg`.
pub(super) fn setup_cfg(text: &str) -> Option<Metadata> {
    let mut metadata = Metadata::default();
    let mut section = "";
    let mut key = String::new();
    let mut found = false;
    for line in text.lines().take(HEADERS) {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = bare.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name.trim();
            found |= section == "metadata";
            key.clear();
        } else if line.starts_with([' ', '\t']) {
            setting(&mut metadata, section, &key, bare);
        } else if let Some((name, value)) = bare.split_once(['=', ':']) {
            key = name.trim().to_ascii_lowercase().replace('_', "-");
            setting(&mut metadata, section, &key, value);
        }
    }
    found.then_some(metadata)
}

fn setting(metadata: &mut Metadata, section: &str, key: &str, value: &str) {
    match (section, key) {
        ("options", "install-requires") => set(metadata, "requires-dist", value),
        ("options", "python-requires") => set(metadata, "requires-python", value),
        ("metadata", "description") => set(metadata, "summary", value),
        ("metadata", "long-description") => describe(metadata, value),
        ("metadata", "url") => set(metadata, "home-page", value),
        ("metadata", "project-urls") => {
            if let Some((label, address)) = value.split_once('=') {
                url(metadata, label, address);
            }
        }
        ("metadata", "classifiers") => set(metadata, "classifier", value),
        ("metadata", _) => set(metadata, key, value),
        _ => {}
    }
}
