//! PDM: sources of a project, and those that are stored with `pdm config`, which count beside them.
//!
//! The default is that of the project if one of its sources is called `pypi`, else `pypi.url` of the nearest
//! configuration. A source and stored settings of one name are one source.

use std::collections::BTreeSet;

use hognose_types::{IndexRole, IndexScope, IndexStrategy, IndexTool};

use super::layer::{Layer, Login, is_true};
use super::secrets::Secret;
use super::tables::{Document, Value, below, entries, get, is, list, pattern, word};
use crate::surroundings::Surroundings;

/// The name of the default.
const DEFAULT: &str = "pypi";

/// What a project says, and what is stored for it, nearest first.
pub(super) fn layer(
    project: Option<&Document<'_>>,
    stored: &[(Document<'_>, IndexScope)],
    surroundings: &Surroundings,
) -> Option<Layer> {
    let mut layer = Layer::new(IndexTool::Pdm, IndexScope::Project);
    let table = project.and_then(|p| Some((p, below(&p.root, &["tool", "pdm"])?)));
    let ordered = table
        .and_then(|(_, table)| get(table, "resolution"))
        .is_some_and(|r| is(r, "respect-source-order"));
    layer.strategy = Some(if ordered {
        IndexStrategy::First
    } else {
        IndexStrategy::Best
    });
    if let Some((document, table)) = table {
        for source in list(table, "source") {
            let name = word(source, "name");
            add(&mut layer, document, source, name, IndexScope::Project);
        }
    }
    if !ignores(stored, surroundings) {
        variables(&mut layer, surroundings);
        for (document, scope) in stored {
            if let Some(own) = get(&document.root, DEFAULT) {
                add(&mut layer, document, own, Some(DEFAULT), *scope);
                for (name, one) in entries(Some(own)) {
                    add(&mut layer, document, one, Some(name), *scope);
                }
                if *scope == IndexScope::User && layer.certificates.is_none() {
                    layer.certificates = word(own, "ca_certs").map(str::to_owned);
                }
            }
        }
    }
    layer.says_something()
}

fn ignores(stored: &[(Document<'_>, IndexScope)], surroundings: &Surroundings) -> bool {
    let said = surroundings.variable("PDM_IGNORE_STORED_INDEX");
    let mut all = stored.iter().filter_map(|(document, _)| {
        let value = below(&document.root, &[DEFAULT, "ignore_stored_index"])?;
        let text = value.get_ref().as_str().map(is_true);
        value.get_ref().as_bool().or(text)
    });
    said.map(is_true).or_else(|| all.next()) == Some(true)
}

/// Adds a source, and what is stored of its password, unless a nearer place has one of that name.
fn add(
    layer: &mut Layer,
    document: &Document<'_>,
    source: &Value<'_>,
    name: Option<&str>,
    scope: IndexScope,
) {
    if let (Some(name), Some(user)) = (name, word(source, "username")) {
        let password = word(source, "password");
        // What a project names is not looked for in the user's keyring.
        let asked = password.is_none() && scope == IndexScope::User;
        layer.logins.push(Login {
            tool: IndexTool::Pdm,
            name: name.to_owned(),
            user: user.to_owned(),
            password: Secret(password.unwrap_or_default().to_owned()),
            service: asked.then(|| format!("pdm-pypi-{name}")),
        });
    }
    let is_known = name.is_some() && layer.indexes.iter().any(|i| i.name.as_deref() == name);
    let Some(url) = word(source, "url").filter(|_| !is_known) else {
        return;
    };
    let role = match (word(source, "type"), name) {
        (Some("find_links"), _) => IndexRole::FindLinks,
        (_, Some(DEFAULT)) => IndexRole::Default,
        _ => IndexRole::Extra,
    };
    let place = document.place_of(source, "url");
    layer.add(role, url, place, name.map(str::to_owned));
    let patterns = |key: &str| -> BTreeSet<String> {
        let written = list(source, key).iter();
        written
            .filter_map(|p| p.get_ref().as_str())
            .map(pattern)
            .collect()
    };
    if let Some(index) = layer.indexes.last_mut() {
        index.packages = patterns("include_packages");
        index.excluded = patterns("exclude_packages");
        index.scope = scope;
    }
}

/// Variables stand for the default's settings.
fn variables(layer: &mut Layer, surroundings: &Surroundings) {
    let of = |name: &str| surroundings.variable(name).map(str::to_owned);
    if let Some(user) = of("PDM_PYPI_USERNAME") {
        layer.logins.push(Login {
            tool: IndexTool::Pdm,
            name: DEFAULT.to_owned(),
            user,
            password: Secret(of("PDM_PYPI_PASSWORD").unwrap_or_default()),
            service: None,
        });
    }
    let is_known = layer
        .indexes
        .iter()
        .any(|i| i.name.as_deref() == Some(DEFAULT));
    if let Some(url) = of("PDM_PYPI_URL").filter(|_| !is_known) {
        let place = hognose_types::IndexPlace::Variable("PDM_PYPI_URL".to_owned());
        layer.add(IndexRole::Default, &url, place, Some(DEFAULT.to_owned()));
        if let Some(index) = layer.indexes.last_mut() {
            index.scope = IndexScope::Run;
        }
    }
    layer.certificates = of("PDM_PYPI_CA_CERTS");
}
