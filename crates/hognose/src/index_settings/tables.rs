//! The tables of uv, Poetry and Pipenv that name indexes and bind packages to them.

use std::path::Path;

use hognose_types::{
    IndexPlace, IndexRole, IndexScope, IndexStrategy, IndexTool, Location, PackageName,
};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::layer::{Layer, uv_strategy};
use crate::error::Failure;

/// A file in this form.
pub(super) struct Document<'t> {
    text: &'t str,
    file: String,
    pub(super) root: Spanned<DeValue<'t>>,
}

pub(super) type Value<'t> = Spanned<DeValue<'t>>;

pub(super) fn get<'v, 't>(value: &'v Value<'t>, key: &str) -> Option<&'v Value<'t>> {
    value.get_ref().get(key)
}

pub(super) fn below<'v, 't>(value: &'v Value<'t>, keys: &[&str]) -> Option<&'v Value<'t>> {
    keys.iter().try_fold(value, |value, key| get(value, key))
}

pub(super) fn list<'v, 't>(value: &'v Value<'t>, key: &str) -> &'v [Value<'t>] {
    let array = get(value, key).and_then(|v| v.get_ref().as_array());
    array.map(|a| &a[..]).unwrap_or_default()
}

pub(super) fn word<'v>(value: &'v Value<'_>, key: &str) -> Option<&'v str> {
    get(value, key)?.get_ref().as_str()
}

pub(super) fn is(value: &Value<'_>, key: &str) -> bool {
    get(value, key).and_then(|v| v.get_ref().as_bool()) == Some(true)
}

/// Keys and values of a table.
pub(super) fn entries<'v, 't>(
    value: Option<&'v Value<'t>>,
) -> impl Iterator<Item = (&'v str, &'v Value<'t>)> {
    let table = value.and_then(|v| v.get_ref().as_table());
    let pairs = table.into_iter().flat_map(DeTable::iter);
    pairs.map(|(key, value)| (key.get_ref().as_ref(), value))
}

impl<'t> Document<'t> {
    pub(super) fn parse(text: &'t str, path: &Path) -> Result<Self, Failure> {
        let table = DeTable::parse(text)
            .map_err(|e| Failure::usage(format!("cannot read {}", path.display())).because(&e))?;
        let span = table.span();
        Ok(Self {
            text,
            file: path.display().to_string(),
            root: Spanned::new(span, DeValue::Table(table.into_inner())),
        })
    }

    fn place(&self, value: &Value<'_>) -> IndexPlace {
        let start = value.span().start;
        let before = self.text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        IndexPlace::File(Location::line(self.file.as_str(), line))
    }

    /// The place of a key's value in a table, else of the table.
    pub(super) fn place_of(&self, table: &Value<'_>, key: &str) -> IndexPlace {
        self.place(get(table, key).unwrap_or(table))
    }

    /// uv, whose settings stand below `keys`.
    pub(super) fn uv(&self, keys: &[&str], scope: IndexScope) -> Option<Layer> {
        let table = below(&self.root, keys)?;
        let mut layer = Layer::new(IndexTool::Uv, scope);
        for index in list(table, "index") {
            let Some(url) = word(index, "url") else {
                continue;
            };
            let role = match (is(index, "explicit"), is(index, "default")) {
                (true, _) => IndexRole::Explicit,
                (_, true) => IndexRole::Default,
                _ => IndexRole::Extra,
            };
            let name = word(index, "name").map(str::to_owned);
            layer.add(role, url, self.place_of(index, "url"), name);
        }
        if let Some(url) = word(table, "index-url") {
            layer.add(
                IndexRole::Default,
                url,
                self.place_of(table, "index-url"),
                None,
            );
        }
        for (key, role) in [
            ("extra-index-url", IndexRole::Extra),
            ("find-links", IndexRole::FindLinks),
        ] {
            for url in list(table, key) {
                if let Some(text) = url.get_ref().as_str() {
                    layer.add(role, text, self.place(url), None);
                }
            }
        }
        if is(table, "no-index") {
            layer.none = Some(self.place_of(table, "no-index"));
        }
        layer.strategy = word(table, "index-strategy").map(uv_strategy);
        // A project does not decide that the user's keyring is opened.
        if scope == IndexScope::User {
            layer.keyring = word(table, "keyring-provider").map(|p| p == "subprocess");
        }
        for (package, source) in entries(get(table, "sources")) {
            let several = source.get_ref().as_array().map(|a| &a[..]);
            for source in several.unwrap_or(std::slice::from_ref(source)) {
                bind(&mut layer, package, word(source, "index"));
            }
        }
        layer.says_something()
    }

    /// Poetry.
    pub(super) fn poetry(&self) -> Option<Layer> {
        let table = below(&self.root, &["tool", "poetry"])?;
        let mut layer = Layer::new(IndexTool::Poetry, IndexScope::Project);
        layer.strategy = Some(IndexStrategy::ByRole);
        let sources = list(table, "source");
        // The public index may be named among the sources, without an address: the others then stand beside it.
        let public = |s: &Value<'_>| {
            get(s, "url").is_none()
                && matches!(word(s, "priority"), None | Some("primary" | "default"))
        };
        let beside = sources.iter().any(public);
        for source in sources {
            let Some(url) = word(source, "url") else {
                continue;
            };
            let role = match word(source, "priority") {
                Some("default") => IndexRole::Default,
                Some("supplemental" | "secondary") => IndexRole::Supplemental,
                Some("explicit") => IndexRole::Explicit,
                _ if is(source, "secondary") => IndexRole::Supplemental,
                _ if is(source, "default") => IndexRole::Default,
                _ if beside => IndexRole::Extra,
                _ => IndexRole::Primary,
            };
            let name = word(source, "name").map(str::to_owned);
            layer.add(role, url, self.place_of(source, "url"), name);
        }
        let groups = entries(get(table, "group")).filter_map(|(_, g)| get(g, "dependencies"));
        let own = ["dependencies", "dev-dependencies"].map(|key| get(table, key));
        for dependencies in own.into_iter().flatten().chain(groups) {
            for (package, wanted) in entries(Some(dependencies)) {
                let several = wanted.get_ref().as_array().map(|a| &a[..]);
                for wanted in several.unwrap_or(std::slice::from_ref(wanted)) {
                    bind(&mut layer, package, word(wanted, "source"));
                }
            }
        }
        layer.says_something()
    }

    /// Pipenv: packages come from the first source unless they name another, or all are searched.
    pub(super) fn pipfile(&self) -> Option<Layer> {
        let mut layer = Layer::new(IndexTool::Pipenv, IndexScope::Project);
        let settings = get(&self.root, "pipenv");
        let all = settings.is_some_and(|s| is(s, "install_search_all_sources"));
        let (strategy, others) = if all {
            (IndexStrategy::Best, IndexRole::Extra)
        } else {
            (IndexStrategy::First, IndexRole::Explicit)
        };
        layer.strategy = Some(strategy);
        for source in list(&self.root, "source") {
            let Some(url) = word(source, "url") else {
                continue;
            };
            let role = if layer.indexes.is_empty() {
                IndexRole::Default
            } else {
                others
            };
            let name = word(source, "name").map(str::to_owned);
            layer.add(role, url, self.place_of(source, "url"), name);
        }
        // Any table but the settings is a category of packages.
        let known = ["source", "requires", "scripts", "pipenv"];
        for (_, category) in entries(Some(&self.root)).filter(|(key, _)| !known.contains(key)) {
            for (package, wanted) in entries(Some(category)) {
                bind(&mut layer, package, word(wanted, "index"));
            }
        }
        layer.says_something()
    }
}

/// Binds a package to an index of the same configuration.
fn bind(layer: &mut Layer, package: &str, index: Option<&str>) {
    let (Some(index), Ok(package)) = (index, PackageName::new(package)) else {
        return;
    };
    let same = |name: &str| name.eq_ignore_ascii_case(index);
    let named = |i: &&mut hognose_types::ConfiguredIndex| i.name.as_deref().is_some_and(same);
    if let Some(found) = layer.indexes.iter_mut().find(named) {
        found.packages.insert(package.as_str().to_owned());
    }
}

/// A pattern of names in the normal form of names.
pub(super) fn pattern(text: &str) -> String {
    let lower = text.trim().to_lowercase().replace(['_', '.'], "-");
    PackageName::new(text).map_or(lower, |name| name.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(layer: Option<Layer>) -> Vec<String> {
        let indexes = layer.map(|l| l.indexes).unwrap_or_default();
        let one = |i: &hognose_types::ConfiguredIndex| {
            let packages: Vec<&str> = i.packages.iter().map(String::as_str).collect();
            let name = i.name.as_deref().unwrap_or("-");
            format!(
                "{:?} {name} {} {} [{}]",
                i.role,
                i.url,
                i.place,
                packages.join(" ")
            )
        };
        indexes.iter().map(one).collect()
    }

    fn document(text: &str) -> Document<'_> {
        Document::parse(text, Path::new("x.toml")).unwrap()
    }

    #[test]
    fn uv() {
        let text = "[[tool.uv.index]]\nname = 'a'\nurl = 'https://a.example'\n[[tool.uv.index]]\nname = 'e'\nurl = 'https://me:secret@e.example'\n\
                    explicit = true\n[[tool.uv.index]]\nurl = 'https://d.example'\ndefault = true\n\
                    [tool.uv.sources]\nAcme_Core = { index = 'e' }\ntorch = [{ index = 'e', marker = 'x' }, { git = 'y' }]\nz = { workspace = true }\n";
        let found = document(text).uv(&["tool", "uv"], IndexScope::Project);
        assert_eq!(
            shown(found),
            [
                "Extra a https://a.example x.toml:3 []",
                "Explicit e https://****@e.example x.toml:6 [acme-core torch]",
                "Default - https://d.example x.toml:9 []",
            ]
        );
        let none = document("[project]\nname = 'x'").uv(&["tool", "uv"], IndexScope::Project);
        assert!(none.is_none());
        assert!(Document::parse("not toml", Path::new("uv.toml")).is_err());
        let opened =
            "[tool.uv]\nkeyring-provider = 'subprocess'\nindex-url = 'https://a.example'\n";
        let opened = document(opened)
            .uv(&["tool", "uv"], IndexScope::Project)
            .unwrap();
        assert_eq!(opened.keyring, None);
    }

    #[test]
    fn poetry() {
        let text = "[tool.poetry.dependencies]\npython = '^3.12'\nacme = { version = '^1', source = 'Own' }\n[tool.poetry.group.dev.dependencies]\n\
                    tools = [{ version = '1', source = 'own' }]\n[[tool.poetry.source]]\nname = 'own'\nurl = 'https://own.example/simple'\npriority = 'explicit'\n\
                    [[tool.poetry.source]]\nname = 'm'\nurl = 'https://m.example/simple'\n[[tool.poetry.source]]\nname = 's'\nurl = 'https://s.example/simple'\n\
                    priority = 'supplemental'\n";
        assert_eq!(
            shown(document(text).poetry()),
            [
                "Explicit own https://own.example/simple x.toml:8 [acme tools]",
                "Primary m https://m.example/simple x.toml:12 []",
                "Supplemental s https://s.example/simple x.toml:15 []",
            ]
        );
        let beside = format!("{text}[[tool.poetry.source]]\nname = 'public'\n");
        assert!(shown(document(&beside).poetry())[1].starts_with("Extra m"));
    }

    #[test]
    fn pipenv() {
        let text = "[[source]]\nname = 'a'\nurl = 'https://a.example/simple'\n[[source]]\nname = 'b'\nurl = 'https://b.example/simple'\n\
                    [packages]\nx = '*'\nacme = { version = '*', index = 'b' }\n";
        assert_eq!(
            shown(document(text).pipfile()),
            [
                "Default a https://a.example/simple x.toml:3 []",
                "Explicit b https://b.example/simple x.toml:6 [acme]",
            ]
        );
    }

    #[test]
    fn nonsense_says_nothing() {
        for text in [
            "",
            "tool = 3",
            "[tool]\nuv = 'x'\npoetry = []\npdm = 1",
            "[tool.uv]\nindex = 'x'\nsources = 3\n[tool.poetry]\nsource = 1",
            "source = [[]]",
        ] {
            let document = document(text);
            let layers = [
                document.uv(&["tool", "uv"], IndexScope::Project),
                document.poetry(),
                document.pipfile(),
            ];
            assert!(layers.iter().all(Option::is_none), "{text}");
        }
    }
}
