//! Which client asks about which package. A package that is bound to an index is told to no other.

use std::collections::BTreeMap;

use hognose_index::{Client, IndexUrl};
use hognose_types::PackageName;

use crate::error::Failure;
use crate::index_settings::Indexes;
use crate::surroundings::Surroundings;

/// Clients for everything that is asked about.
#[derive(Debug)]
pub(in crate::commands) struct Clients<'i> {
    indexes: &'i Indexes,
    by_place: BTreeMap<String, Result<Client, String>>,
}

impl<'i> Clients<'i> {
    /// A client for every place that these packages come from. A source is the index that a lock names, or empty.
    pub(in crate::commands) fn new<'w>(
        wanted: impl Iterator<Item = (&'w PackageName, &'w str)>,
        indexes: &'i Indexes,
        surroundings: &Surroundings,
    ) -> Self {
        let mut by_place = BTreeMap::new();
        for (name, source) in wanted {
            by_place
                .entry(place(indexes, name, source))
                .or_insert_with(|| client(indexes, name, source, surroundings));
        }
        Self { indexes, by_place }
    }

    /// The client for a package, or why there is none.
    pub(in crate::commands) fn of(
        &self,
        name: &PackageName,
        source: &str,
    ) -> Result<&Client, String> {
        match self.by_place.get(&place(self.indexes, name, source)) {
            Some(found) => found.as_ref().map_err(Clone::clone),
            None => Err("it has no index".to_owned()),
        }
    }

    /// What has the same client has the same place.
    pub(in crate::commands) fn place(&self, name: &PackageName, source: &str) -> String {
        place(self.indexes, name, source)
    }
}

fn place(indexes: &Indexes, name: &PackageName, source: &str) -> String {
    if !source.is_empty() {
        return source.to_owned();
    }
    match indexes.settings.bound(name) {
        Some(index) => index.url.expose().to_owned(),
        None => indexes
            .refusing(name)
            .iter()
            .fold(String::new(), |place, url| {
                // No address: of a client that asks all others.
                place + "not " + &url.plain() + " "
            }),
    }
}

fn client(
    indexes: &Indexes,
    name: &PackageName,
    source: &str,
    surroundings: &Surroundings,
) -> Result<Client, String> {
    let own = if source.is_empty() {
        indexes.for_package(name, surroundings)
    } else {
        let url = IndexUrl::parse(source)
            .map_err(|e| format!("the index of the lock cannot be asked: {e}"))?;
        Ok(indexes.for_source(&url))
    };
    own.and_then(|own| own.client(surroundings))
        .map_err(|e| Failure::line(&e))
}
