//! `[tool.uv.sources]`: where uv takes a dependency from instead of the default index.

use std::collections::HashMap;

use hognose_types::{PackageName, RedactedUrl, Source};

use super::{Builder, flag};
use crate::direct::{self, Direct};
use crate::document::{Node, Table, Value};
use crate::readers::manifest::Wanted;

impl Builder<'_> {
    pub(super) fn uv_sources(&mut self, root: &Table<'_>) {
        let Some(uv) = root.at_path(&["tool", "uv"]) else {
            return;
        };
        let Some(sources) = uv.table("sources") else {
            return;
        };
        let indexes: HashMap<&str, &str> = uv
            .tables("index")
            .filter_map(|index| Some((index.str("name")?, index.str("url")?)))
            .collect();
        let mut by_name: HashMap<PackageName, Vec<usize>> = HashMap::new();
        for (at, declared) in self.manifest.declared.iter().enumerate() {
            by_name.entry(declared.name.clone()).or_default().push(at);
        }
        for entry in &sources.entries {
            let Ok(name) = PackageName::new(&entry.key) else {
                continue;
            };
            let Some(found) = source(&indexes, &entry.node) else {
                continue;
            };
            for at in by_name.get(&name).into_iter().flatten() {
                let Some(declared) = self.manifest.declared.get_mut(*at) else {
                    continue;
                };
                match (&found, &mut declared.wanted) {
                    (Found::Index(url), Wanted::Versions { source, .. }) => {
                        *source = Source::Index {
                            url: RedactedUrl::new(url.clone()),
                        };
                    }
                    (Found::Direct(direct), wanted) => *wanted = Wanted::Direct(direct.clone()),
                    (Found::Index(_), Wanted::Direct(_)) => {}
                }
            }
        }
    }
}

enum Found {
    Index(String),
    Direct(Direct),
}

/// Several sources with markers: the first stands for all, since the version comes from the lock.
fn source(indexes: &HashMap<&str, &str>, node: &Node<'_>) -> Option<Found> {
    let table = match &node.value {
        Value::Table(table) => table,
        Value::Array(items) => items.first()?.as_table()?,
        _ => return None,
    };
    let plain = |source| {
        Some(Found::Direct(Direct {
            source,
            name: None,
            version: None,
            hash: None,
        }))
    };
    if let Some(index) = table.str("index") {
        return Some(Found::Index((*indexes.get(index)?).to_owned()));
    }
    if let Some(git) = table.str("git") {
        let reference = ["rev", "tag", "branch"]
            .iter()
            .find_map(|key| table.str(key));
        return plain(Source::Vcs {
            url: RedactedUrl::new(format!("git+{git}")),
            reference: reference.map(str::to_owned),
            commit: None,
        });
    }
    if let Some(url) = table.str("url") {
        return Some(Found::Direct(direct::parse_url(url)));
    }
    if flag(table, "workspace") {
        return plain(Source::Path {
            path: ".".to_owned(),
            editable: true,
        });
    }
    let path = table.str("path")?;
    plain(Source::Path {
        path: path.to_owned(),
        editable: flag(table, "editable"),
    })
}
