//! Which package index the user's own tools would ask. This program has none of its own: the address comes from flags,
//! from the environment or the configuration of pip, uv, Poetry, PDM and Pipenv, else from the text of the pip that the
//! user's Python carries, which is read and never run.

mod around;
mod files;
mod ini;
mod layer;
mod netrc;
mod pdm;
mod requirements;
mod secrets;
mod stock;
mod tables;

use std::path::{Path, PathBuf};

use hognose_index::{Cache, Client, Config, IndexUrl, ProxyFor, Running};
use hognose_types::{
    ConfiguredIndex, IndexPlace, IndexRole, IndexScope, IndexSettings, IndexStrategy, IndexTool,
    PackageName, RedactedUrl,
};

use crate::cli::IndexArgs;
use crate::error::Failure;
use crate::surroundings::Surroundings;
pub(crate) use around::Around;
use layer::{Layer, Login, address};

/// The indexes to ask.
#[derive(Clone, Debug)]
pub(crate) struct Indexes {
    /// The main one.
    pub(crate) index: IndexUrl,
    /// Further ones.
    pub(crate) extra: Vec<IndexUrl>,
    /// The first that has a name is the only one that counts for it.
    first_only: bool,
    /// Those of the user that are not asked here; their credentials still count for their hosts.
    known: Vec<IndexUrl>,
    /// The default of the user's pip, where it was found: locks name it even where a mirror stands in for it.
    pub(crate) stock: Option<IndexUrl>,
    /// Everything that is configured.
    pub(crate) settings: IndexSettings,
    /// Whether the user lets passwords be asked of the `keyring` program.
    keyring: bool,
    /// A file of certificates to trust.
    certificates: Option<String>,
    /// Users and passwords for indexes that are known by name.
    logins: Vec<Login>,
    /// How they are asked.
    pub(crate) asking: Asking,
}

/// How answers are kept, and whether anything is asked at all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asking {
    /// The directory of ours that answers are kept below.
    pub(crate) cache: Option<PathBuf>,
    /// Nothing is asked; what is kept counts.
    pub(crate) offline: bool,
    /// Everything is asked for again, on condition that it has changed.
    pub(crate) revalidate: bool,
}

/// Finds the indexes. Nearer places win: flags, environment, the project's configuration (where the project is
/// `trusted`), pip's files, uv's files.
pub(crate) fn find(
    args: &IndexArgs,
    python: Option<&Path>,
    trusted: bool,
    surroundings: &Surroundings,
) -> Result<Indexes, Failure> {
    find_for(args, python, trusted, &[], surroundings)
}

/// As [`find`], with requirements files and scripts whose options count as the project's.
pub(crate) fn find_for(
    args: &IndexArgs,
    python: Option<&Path>,
    trusted: bool,
    requirements: &[PathBuf],
    surroundings: &Surroundings,
) -> Result<Indexes, Failure> {
    let wanting = Wanting {
        args,
        python,
        trusted,
        directory: Path::new("."),
        files: requirements,
        named: true,
    };
    find_at(&wanting, surroundings)
}

/// Who wants to know the indexes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanting<'a> {
    pub(crate) args: &'a IndexArgs,
    pub(crate) python: Option<&'a Path>,
    /// Whether the project's configuration counts.
    pub(crate) trusted: bool,
    /// Where the project lies.
    pub(crate) directory: &'a Path,
    /// Requirements files and scripts whose options count as the project's.
    pub(crate) files: &'a [PathBuf],
    /// Whether passwords that the user keeps under a name are for indexes that the project calls so: it chooses the address.
    pub(crate) named: bool,
}

/// As [`find`], for a project that lies anywhere.
pub(crate) fn find_at(
    wanting: &Wanting<'_>,
    surroundings: &Surroundings,
) -> Result<Indexes, Failure> {
    let Wanting {
        args,
        python,
        trusted,
        directory,
        files: requirements,
        named,
    } = *wanting;
    let stock = || stock::index(python, surroundings);
    let mut layers = vec![layer::flags(args)];
    // An index named by hand is the only one, with the companions named by hand.
    if args.index_url.is_none() {
        let is_script = |path: &&PathBuf| path.extension().is_some_and(|e| e == "py");
        let (scripts, lists): (Vec<&PathBuf>, Vec<&PathBuf>) =
            requirements.iter().filter(|_| trusted).partition(is_script);
        // What stands in a requirements file wins over variables of pip, and its index over all others.
        for path in lists {
            let text = files::text(path)?.unwrap_or_default();
            layers.extend(requirements::read(&text, path));
        }
        let is_replaced = layers.iter().any(|l| l.main().is_some());
        let written = layers.len();
        layers.push(layer::pip_variables(surroundings));
        layers.push(layer::uv_variables(surroundings));
        for path in scripts {
            layers.extend(files::script(path)?);
        }
        layers.extend(files::layers(
            python,
            trusted.then_some(directory),
            surroundings,
        )?);
        let others = layers.iter_mut().skip(written);
        for layer in others.filter(|l| is_replaced && l.tool == IndexTool::Pip) {
            layer.indexes.retain(|i| i.role == IndexRole::FindLinks);
        }
    } else {
        // It still speaks TLS as the user's tools do.
        let mut own = layer::pip_variables(surroundings);
        own.indexes.clear();
        own.none = None;
        layers.push(own);
    }
    let all = layers.iter_mut().flat_map(|layer| &mut layer.indexes);
    for index in all.filter(|i| !named && i.scope == IndexScope::Project) {
        index.name = None;
    }
    settle(layers, stock, surroundings)
}

fn settle(
    layers: Vec<Layer>,
    stock: impl Fn() -> Option<IndexUrl>,
    surroundings: &Surroundings,
) -> Result<Indexes, Failure> {
    let first = layers
        .iter()
        .find(|l| l.none.is_some() || l.main().is_some());
    if let Some(place) = first.and_then(|l| l.none.as_ref()) {
        return Err(
            Failure::incomplete(format!("{place} forbids the use of package indexes"))
                .hint("name one with `--index-url`"),
        );
    }
    let mut logins: Vec<Login> = layers.iter().flat_map(|l| l.logins.clone()).collect();
    if layers.iter().any(|l| l.tool == IndexTool::Poetry) {
        logins.extend(files::poetry_logins(surroundings)?);
    }
    let complete = |index: &ConfiguredIndex| {
        let url = address(index)?;
        Ok::<IndexUrl, Failure>(secrets::named(index, url, &logins, surroundings))
    };
    let stock = stock();
    let index = match first.and_then(Layer::main) {
        Some(main) => complete(main)?,
        None => stock.clone().ok_or_else(|| {
            Failure::incomplete(
                "no package index is configured, and no pip was found that names a default",
            )
            .hint("name one with `--index-url URL`, or set PIP_INDEX_URL")
        })?,
    };
    let beside = layers.iter().find(|l| l.beside().next().is_some());
    let extra = beside.into_iter().flat_map(Layer::beside).map(complete);
    let extra: Vec<IndexUrl> = extra.collect::<Result<_, _>>()?;
    let first_only = beside.is_some_and(|l| in_order(l, first));
    let (index, extra) = if first_only && beside.is_some_and(|l| l.tool == IndexTool::Uv) {
        default_last(index, extra)
    } else {
        (index, extra)
    };
    // Those that are not asked for every name may be wrong without harm until they are.
    let all = layers.iter().flat_map(|l| &l.indexes);
    let indexes = all.filter(|i| i.role != IndexRole::FindLinks);
    let known = indexes.filter_map(|i| complete(i).ok()).collect();
    let keyring = layers.iter().find_map(|l| l.keyring) == Some(true);
    let certificates = layers.iter().find_map(|l| l.certificates.clone());
    Ok(Indexes {
        settings: describe(layers, stock.as_ref()),
        index,
        extra,
        first_only,
        known,
        stock,
        keyring,
        certificates,
        logins,
        asking: Asking::default(),
    })
}

/// Whether a tool takes a name from the first index that has it. Where another tool names the default, nobody knows what
/// comes first: then all count.
fn in_order(beside: &Layer, main: Option<&Layer>) -> bool {
    let usual = match beside.tool {
        IndexTool::Uv => IndexStrategy::First,
        _ => IndexStrategy::Best,
    };
    main.is_none_or(|main| main.tool == beside.tool)
        && beside.strategy.unwrap_or(usual) == IndexStrategy::First
}

/// uv asks its default after all others.
fn default_last(default: IndexUrl, extra: Vec<IndexUrl>) -> (IndexUrl, Vec<IndexUrl>) {
    let mut all = extra.into_iter();
    match all.next() {
        Some(first) => (first, all.chain([default]).collect()),
        None => (default, Vec::new()),
    }
}

/// One value for what all places say.
fn describe(layers: Vec<Layer>, stock: Option<&IndexUrl>) -> IndexSettings {
    let mut settings = IndexSettings::default();
    for layer in layers {
        if !layer.indexes.is_empty() {
            let usual = match layer.tool {
                IndexTool::Uv | IndexTool::Pipenv => IndexStrategy::First,
                IndexTool::Poetry => IndexStrategy::ByRole,
                _ => IndexStrategy::Best,
            };
            let strategy = layer.strategy.unwrap_or(usual);
            settings.strategies.entry(layer.tool).or_insert(strategy);
        }
        settings.forbidden.extend(layer.none);
        settings.indexes.extend(layer.indexes);
    }
    settings.indexes.extend(stock.map(|url| ConfiguredIndex {
        tool: IndexTool::Pip,
        role: IndexRole::Default,
        name: None,
        url: RedactedUrl::new(url.plain()),
        place: IndexPlace::Stock,
        scope: IndexScope::User,
        packages: std::collections::BTreeSet::new(),
        excluded: std::collections::BTreeSet::new(),
    }));
    settings
}

/// Largest file of certificates.
const MAX_CERTIFICATES: u64 = 16 << 20;
/// What is kept of answers of indexes.
pub(crate) const MAX_KEPT: u64 = 500 << 20;

impl Indexes {
    /// True when both ask the same indexes about the same packages, wherever that is written.
    pub(crate) fn asks_as(&self, other: &Self) -> bool {
        let settings = |indexes: &Self| {
            let mut settings = indexes.settings.clone();
            for index in &mut settings.indexes {
                index.place = IndexPlace::Stock;
            }
            settings
        };
        let order = |indexes: &Self| (indexes.first_only, indexes.keyring);
        self.index == other.index
            && self.extra == other.extra
            && order(self) == order(other)
            && self.known == other.known
            && self.certificates == other.certificates
            && settings(self) == settings(other)
    }

    /// The indexes for a component whose lock names `url`. The default of pip stands for whatever the user has put in
    /// its place; any other index is asked itself, with the user's credentials for its host.
    pub(crate) fn for_source(&self, url: &IndexUrl) -> Self {
        let mut all = std::iter::once(&self.index).chain(&self.stock);
        // One that stands beside others is named for what comes from it and from no other.
        if let Some(own) = self.extra.iter().find(|own| own.same_place(url)) {
            return self.only(own.clone());
        }
        if all.any(|own| own.same_place(url)) {
            return self.clone();
        }
        self.only(url.clone())
    }

    /// The indexes for a package: the one it is bound to, and no other learns its name.
    pub(crate) fn for_package(
        &self,
        name: &PackageName,
        surroundings: &Surroundings,
    ) -> Result<Self, Failure> {
        let Some(bound) = self.settings.bound(name) else {
            return self.without(&self.refusing(name), name);
        };
        let url = secrets::named(bound, address(bound)?, &self.logins, surroundings);
        Ok(self.only(url))
    }

    /// Those of the indexes that are asked which the name never comes from.
    pub(crate) fn refusing(&self, name: &PackageName) -> Vec<IndexUrl> {
        let refusing = self.settings.indexes.iter().filter(|i| i.refuses(name));
        let places: Vec<IndexUrl> = refusing.filter_map(|i| address(i).ok()).collect();
        let asked = std::iter::once(&self.index).chain(&self.extra);
        asked
            .filter(|url| places.iter().any(|place| place.same_place(url)))
            .cloned()
            .collect()
    }

    fn without(&self, refusing: &[IndexUrl], name: &PackageName) -> Result<Self, Failure> {
        if refusing.is_empty() {
            return Ok(self.clone());
        }
        let asked = std::iter::once(&self.index).chain(&self.extra);
        let mut left = asked.filter(|url| !refusing.contains(url)).cloned();
        let Some(first) = left.next() else {
            let message = format!("{name} is excluded from every index that is configured");
            return Err(Failure::usage(message));
        };
        let mut out = self.only(first);
        out.extra = left.collect();
        Ok(out)
    }

    /// True when the user or the run names the index: neither a project nor a lock can make it so.
    fn is_own(&self, url: &IndexUrl) -> bool {
        let indexes = self.settings.indexes.iter();
        let mut own = indexes.filter(|i| i.scope != IndexScope::Project);
        own.any(|i| address(i).is_ok_and(|own| own.same_place(url)))
    }

    /// Where an index is configured, for people.
    pub(crate) fn place(&self, url: &IndexUrl) -> String {
        let same = |i: &&ConfiguredIndex| address(i).is_ok_and(|own| own.same_place(url));
        let found = self.settings.indexes.iter().find(same);
        found.map_or_else(|| "the lock".to_owned(), |i| i.place.to_string())
    }

    fn only(&self, url: IndexUrl) -> Self {
        let mut out = self.clone();
        let known = std::iter::once(&self.index).chain(&self.extra);
        out.known.extend(known.cloned());
        out.index = url;
        out.extra = Vec::new();
        out
    }

    /// The login of an index whose password a tool keeps in the keyring; none where one is known already.
    fn stored(&self, url: &IndexUrl) -> Option<&Login> {
        let same = |i: &&ConfiguredIndex| address(i).is_ok_and(|own| own.same_place(url));
        let mut all = self.settings.indexes.iter().filter(same);
        let mut logins = all.find_map(|index| {
            let fits = |l: &&Login| l.is_of(index) && l.service.is_some();
            self.logins.iter().find(fits)
        });
        logins.take_if(|_| !url.has_password())
    }

    /// A client of these indexes.
    pub(crate) fn client(&self, surroundings: &Surroundings) -> Result<Client, Failure> {
        self.client_running(surroundings, None)
    }

    /// A client of these indexes in a program that runs on.
    pub(crate) fn client_running(
        &self,
        surroundings: &Surroundings,
        running: Option<Running>,
    ) -> Result<Client, Failure> {
        let asking = &self.asking;
        let proxies = surroundings.proxies();
        // Offline nobody is asked for a password either.
        let secrets = secrets::Secrets::new(self.keyring && !asking.offline, surroundings);
        let complete = |index: &IndexUrl| {
            let known = secrets.complete(index, self.is_own(index));
            match self.stored(&known).filter(|_| !asking.offline) {
                Some(login) => match secrets::Secrets::kept(login, surroundings) {
                    Some(password) => known.with_credentials(&login.user, &password.0),
                    None => known,
                },
                None => known,
            }
        };
        let mut config = Config::new(complete(&self.index));
        config.extra = self.extra.iter().map(complete).collect();
        config.known = self.known.iter().cloned().chain(secrets.hosts()).collect();
        config.proxy = ProxyFor::new(move |url| proxies.for_url(url).map(str::to_owned));
        config.first_only = self.first_only;
        config.offline = asking.offline;
        config.revalidate = asking.revalidate;
        config.running = running;
        config.cache = asking
            .cache
            .as_deref()
            .map(|directory| kept(directory, surroundings));
        if let Some(path) = &self.certificates {
            let read = files::limited(Path::new(path), MAX_CERTIFICATES);
            config.ca = Some(read.map_err(|e| {
                Failure::usage(format!("cannot read the certificates {path}")).because(&e)
            })?);
        }
        Client::new(config)
            .map_err(|e| Failure::usage("the package index cannot be asked").because(&e))
    }
}

/// A client for one address that is no index of the user's: without credentials, without cache, through the user's proxies.
pub(crate) fn client_at(url: &IndexUrl, surroundings: &Surroundings) -> Result<Client, Failure> {
    let proxies = surroundings.proxies();
    let mut config = Config::new(url.without_credentials());
    config.proxy = ProxyFor::new(move |url| proxies.for_url(url).map(str::to_owned));
    Client::new(config).map_err(|e| Failure::usage("the address cannot be asked").because(&e))
}

fn kept(directory: &Path, surroundings: &Surroundings) -> Cache {
    Cache {
        directory: directory.join("http"),
        now: u64::try_from(surroundings.now).unwrap_or(0),
    }
}

/// Keeps the cache small, at the end of a run that asked something.
pub(crate) fn prune(asking: &Asking, surroundings: &Surroundings) {
    if let Some(directory) = asking.cache.as_deref().filter(|_| !asking.offline) {
        kept(directory, surroundings).prune(MAX_KEPT);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::layer::{pip_variables, uv_variables};
    use super::*;

    fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Surroundings {
            variables: variables.iter().map(own).collect::<BTreeMap<_, _>>(),
            now: 0,
            arguments: Vec::new(),
        }
    }

    fn settled(layers: Vec<Layer>) -> Result<String, String> {
        let stock = || IndexUrl::parse("https://stock.example/simple").ok();
        match settle(layers, stock, &surroundings(&[])) {
            Ok(found) => Ok(format!("{} {:?}", found.index, found.extra)),
            Err(Failure::Error(fault)) => Err(fault.to_string()),
            Err(_) => Err(String::new()),
        }
    }

    #[test]
    fn variables_of_both_tools() {
        let pip = [
            ("PIP_INDEX_URL", "https://me:x@pip.example/simple"),
            ("UV_DEFAULT_INDEX", "mirror=https://uv.example/simple?a=b"),
            ("UV_INDEX", "https://a.example b=https://b.example"),
        ];
        let of = |variables: &[(&str, &str)]| {
            let s = surroundings(variables);
            settled(vec![pip_variables(&s), uv_variables(&s)]).unwrap()
        };
        assert_eq!(
            of(&pip),
            "https://pip.example/simple [https://a.example/, https://b.example/]"
        );
        assert_eq!(of(&pip[1..2]), "https://uv.example/simple?a=**** []");
        assert_eq!(of(&[]), "https://stock.example/simple []");
    }

    #[test]
    fn what_cannot_be_used() {
        let s = surroundings(&[
            ("PIP_NO_INDEX", "1"),
            ("UV_INDEX_URL", "https://uv.example"),
        ]);
        let refused = settled(vec![pip_variables(&s), uv_variables(&s)]).unwrap_err();
        assert!(refused.contains("PIP_NO_INDEX forbids"), "{refused}");
        let s = surroundings(&[("PIP_INDEX_URL", "me:secret@pip.example")]);
        let refused = settled(vec![pip_variables(&s)]).unwrap_err();
        assert!(
            refused.contains("PIP_INDEX_URL") && !refused.contains("secret"),
            "{refused}"
        );
    }
}
