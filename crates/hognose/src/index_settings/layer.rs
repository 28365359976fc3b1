//! What one place of configuration says.

use std::collections::BTreeSet;

use hognose_index::IndexUrl;
use hognose_types::{
    ConfiguredIndex, IndexPlace, IndexRole, IndexScope, IndexStrategy, IndexTool, RedactedUrl,
};

use super::secrets::Secret;
use crate::cli::IndexArgs;
use crate::error::Failure;
use crate::surroundings::Surroundings;

/// What one place says. Nearer places come first.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) tool: IndexTool,
    pub(super) scope: IndexScope,
    pub(super) indexes: Vec<ConfiguredIndex>,
    /// Indexes may not be used at all.
    pub(super) none: Option<IndexPlace>,
    pub(super) strategy: Option<IndexStrategy>,
    /// Whether passwords are asked of the `keyring` program.
    pub(super) keyring: Option<bool>,
    /// A file of certificates to trust.
    pub(super) certificates: Option<String>,
    /// Users and passwords for named indexes of the tool.
    pub(super) logins: Vec<Login>,
}

/// User and password for an index that is known by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) tool: IndexTool,
    pub(super) name: String,
    pub(super) user: String,
    pub(super) password: Secret,
    /// The name under which the tool keeps the password in the keyring, where the user's own files have none.
    pub(super) service: Option<String>,
}

impl Login {
    /// Whether it is for an index: the same tool calls it by this name.
    pub(super) fn is_of(&self, index: &ConfiguredIndex) -> bool {
        let name = index.name.as_deref();
        self.tool == index.tool && name.is_some_and(|name| self.name.eq_ignore_ascii_case(name))
    }
}

impl Layer {
    pub(super) fn new(tool: IndexTool, scope: IndexScope) -> Self {
        Self {
            tool,
            scope,
            indexes: Vec::new(),
            none: None,
            strategy: None,
            keyring: None,
            certificates: None,
            logins: Vec::new(),
        }
    }

    pub(super) fn add(
        &mut self,
        role: IndexRole,
        url: &str,
        place: IndexPlace,
        name: Option<String>,
    ) {
        self.indexes.push(ConfiguredIndex {
            tool: self.tool,
            role,
            name,
            url: RedactedUrl::new(url.trim()),
            place,
            scope: self.scope,
            packages: BTreeSet::new(),
            excluded: BTreeSet::new(),
        });
    }

    /// The index that stands in the place of the default.
    pub(super) fn main(&self) -> Option<&ConfiguredIndex> {
        let of = |role| self.indexes.iter().find(move |i| i.role == role);
        of(IndexRole::Default).or_else(|| of(IndexRole::Primary))
    }

    /// The indexes that are asked beside it for every name.
    pub(super) fn beside(&self) -> impl Iterator<Item = &ConfiguredIndex> {
        let main = self.main();
        let asked = |i: &&ConfiguredIndex| {
            matches!(
                i.role,
                IndexRole::Extra | IndexRole::Primary | IndexRole::Supplemental
            )
        };
        let others = self.indexes.iter().filter(asked);
        others.filter(move |i| main.is_none_or(|main| !std::ptr::eq(*i, main)))
    }

    pub(super) fn says_something(self) -> Option<Self> {
        let said = !self.indexes.is_empty()
            || self.none.is_some()
            || self.keyring.is_some()
            || self.certificates.is_some()
            || !self.logins.is_empty();
        said.then_some(self)
    }
}

/// The address of an index as it can be asked.
pub(super) fn address(index: &ConfiguredIndex) -> Result<IndexUrl, Failure> {
    let text = index.url.expose();
    let text = match (index.scope, text.contains("${")) {
        (IndexScope::Project, true) => without_variables(text).ok_or_else(|| {
            let message = format!("the index in {} holds a variable", index.place);
            Failure::usage(message).hint(
                "variables of yours are not put into addresses that a project writes: name the index with \
                 `--index-url`, its password in netrc",
            )
        })?,
        _ => text.to_owned(),
    };
    IndexUrl::parse(&text).map_err(|error| {
        // The text may hold a password: it is not shown.
        Failure::usage(format!("the index in {} cannot be used", index.place)).because(&error)
    })
}

/// A project that could put the user's variables into an address could send them anywhere. In the place of user and
/// password they are left out; elsewhere the address cannot be used.
fn without_variables(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit_once('@').map_or(authority, |(_, h)| h);
    let bare = format!("{scheme}://{host}{path}");
    (!bare.contains("${")).then_some(bare)
}

/// What the flags say.
pub(super) fn flags(args: &IndexArgs) -> Layer {
    let mut layer = Layer::new(IndexTool::Hognose, IndexScope::Run);
    if let Some(url) = &args.index_url {
        layer.add(IndexRole::Default, url, IndexPlace::Arguments, None);
    }
    for url in &args.extra_index_url {
        layer.add(IndexRole::Extra, url, IndexPlace::Arguments, None);
    }
    layer
}

/// The variables of pip.
pub(super) fn pip_variables(surroundings: &Surroundings) -> Layer {
    let mut layer = Layer::new(IndexTool::Pip, IndexScope::Run);
    for (name, role) in [
        ("PIP_INDEX_URL", IndexRole::Default),
        ("PIP_EXTRA_INDEX_URL", IndexRole::Extra),
        ("PIP_FIND_LINKS", IndexRole::FindLinks),
    ] {
        for word in surroundings
            .variable(name)
            .unwrap_or_default()
            .split_whitespace()
        {
            layer.add(role, word, variable(name), None);
        }
    }
    let none = surroundings.variable("PIP_NO_INDEX");
    layer.none = none
        .filter(|text| is_true(text))
        .map(|_| variable("PIP_NO_INDEX"));
    let keyring = surroundings.variable("PIP_KEYRING_PROVIDER");
    layer.keyring = keyring.map(|provider| provider == "subprocess");
    let named = ["PIP_CERT", "REQUESTS_CA_BUNDLE"];
    let certificates = named
        .into_iter()
        .find_map(|name| surroundings.variable(name));
    layer.certificates = certificates.map(str::to_owned);
    layer
}

/// The variables of uv, which lets an index be named: `mirror=https://…`.
pub(super) fn uv_variables(surroundings: &Surroundings) -> Layer {
    let mut layer = Layer::new(IndexTool::Uv, IndexScope::Run);
    for (name, role) in [
        ("UV_DEFAULT_INDEX", IndexRole::Default),
        ("UV_INDEX_URL", IndexRole::Default),
        ("UV_INDEX", IndexRole::Extra),
        ("UV_EXTRA_INDEX_URL", IndexRole::Extra),
        ("UV_FIND_LINKS", IndexRole::FindLinks),
    ] {
        for word in surroundings
            .variable(name)
            .unwrap_or_default()
            .split_whitespace()
        {
            let (called, url) = named(word);
            layer.add(role, url, variable(name), called.map(str::to_owned));
        }
    }
    layer.none = surroundings
        .variable("UV_NO_INDEX")
        .filter(|text| is_true(text))
        .map(|_| variable("UV_NO_INDEX"));
    layer.strategy = surroundings.variable("UV_INDEX_STRATEGY").map(uv_strategy);
    let keyring = surroundings.variable("UV_KEYRING_PROVIDER");
    layer.keyring = keyring.map(|provider| provider == "subprocess");
    layer
}

pub(super) fn uv_strategy(text: &str) -> IndexStrategy {
    match text {
        "first-index" => IndexStrategy::First,
        _ => IndexStrategy::Best,
    }
}

fn variable(name: &str) -> IndexPlace {
    IndexPlace::Variable(name.to_owned())
}

fn named(text: &str) -> (Option<&str>, &str) {
    match text.split_once('=') {
        Some((name, url)) if !name.contains(['/', ':']) => (Some(name), url),
        _ => (None, text),
    }
}

/// As pip reads switches.
pub(super) fn is_true(text: &str) -> bool {
    ["1", "true", "yes", "on", "y", "t"].contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_gets_no_variables() {
        for (raw, expected) in [
            (
                "https://${USER}:${TOKEN}@index.example/simple",
                Some("https://index.example/simple"),
            ),
            ("https://${TOKEN}.example/simple", None),
            ("https://index.example/${TOKEN}/simple", None),
            ("https://index.example/simple?t=${TOKEN}", None),
            ("https://a@index.example?@${TOKEN}/", None),
        ] {
            assert_eq!(without_variables(raw).as_deref(), expected, "{raw}");
        }
    }
}
