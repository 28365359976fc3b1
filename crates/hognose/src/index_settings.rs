//! Which package index the user's own tools would ask. This program has none of its own: the address comes from flags,
//! from the environment or the configuration of pip and uv, else from the text of the pip that the user's Python
//! carries, which is read and never run.

mod files;
mod stock;

use std::path::Path;

use hognose_index::{Client, Config, IndexUrl, ProxyFor};

use crate::cli::IndexArgs;
use crate::error::Failure;
use crate::surroundings::Surroundings;

/// The indexes to ask.
#[derive(Clone, Debug)]
pub(crate) struct Indexes {
    /// The main one.
    pub(crate) index: IndexUrl,
    /// Further ones.
    pub(crate) extra: Vec<IndexUrl>,
    /// Those of the user that are not asked here; their credentials still count for their hosts.
    known: Vec<IndexUrl>,
    /// The default of the user's pip, where it was found: locks name it even where a mirror stands in for it.
    pub(crate) stock: Option<IndexUrl>,
}

/// What one place says.
#[derive(Debug, Default)]
struct Layer {
    index: Option<String>,
    extra: Vec<String>,
    /// Indexes may not be used at all.
    none: bool,
    /// The place, for errors.
    origin: String,
}

/// Finds the indexes. Nearer places win: flags, environment, the project's uv configuration (where the project is
/// `trusted`), pip's files, uv's files.
pub(crate) fn find(
    args: &IndexArgs,
    python: Option<&Path>,
    trusted: bool,
    surroundings: &Surroundings,
) -> Result<Indexes, Failure> {
    let stock = || stock::index(python, surroundings);
    if args.index_url.is_some() {
        // An index named by hand is the only one, with the companions named by hand.
        return settle(&[flags(args)], stock);
    }
    let mut layers = vec![
        flags(args),
        pip_variables(surroundings),
        uv_variables(surroundings),
    ];
    layers.extend(files::layers(python, trusted, surroundings)?);
    settle(&layers, stock)
}

fn settle(layers: &[Layer], stock: impl Fn() -> Option<IndexUrl>) -> Result<Indexes, Failure> {
    if let Some(layer) = layers.iter().find(|l| l.none || l.index.is_some())
        && layer.none
    {
        return Err(Failure::incomplete(format!(
            "{} forbids the use of package indexes",
            layer.origin
        ))
        .hint("name one with `--index-url`"));
    }
    let stock = stock();
    let index = match layers.iter().find_map(|l| l.index.as_ref().map(|i| (l, i))) {
        Some((layer, text)) => parse(text, &layer.origin)?,
        None => stock.clone().ok_or_else(|| {
            Failure::incomplete(
                "no package index is configured, and no pip was found that names a default",
            )
            .hint("name one with `--index-url URL`, or set PIP_INDEX_URL")
        })?,
    };
    let extra = layers.iter().find(|l| !l.extra.is_empty());
    let extra = extra.into_iter().flat_map(|layer| {
        let one = |text: &String| parse(text, &layer.origin);
        layer.extra.iter().map(one)
    });
    Ok(Indexes {
        index,
        extra: extra.collect::<Result<_, _>>()?,
        known: Vec::new(),
        stock,
    })
}

fn parse(text: &str, origin: &str) -> Result<IndexUrl, Failure> {
    IndexUrl::parse(text).map_err(|error| {
        // The text may hold a password: it is not shown.
        Failure::usage(format!("the index in {origin} cannot be used")).because(&error)
    })
}

fn flags(args: &IndexArgs) -> Layer {
    Layer {
        index: args.index_url.clone(),
        extra: args.extra_index_url.clone(),
        none: false,
        origin: "the arguments".to_owned(),
    }
}

fn words(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default()
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

fn pip_variables(surroundings: &Surroundings) -> Layer {
    let none = surroundings.variable("PIP_NO_INDEX");
    Layer {
        index: surroundings.variable("PIP_INDEX_URL").map(str::to_owned),
        extra: words(surroundings.variable("PIP_EXTRA_INDEX_URL")),
        none: none.is_some_and(is_true),
        origin: if none.is_some_and(is_true) {
            "PIP_NO_INDEX".to_owned()
        } else {
            "PIP_INDEX_URL or PIP_EXTRA_INDEX_URL".to_owned()
        },
    }
}

/// As pip reads switches.
fn is_true(text: &str) -> bool {
    ["1", "true", "yes", "on", "y", "t"].contains(&text.to_ascii_lowercase().as_str())
}

fn uv_variables(surroundings: &Surroundings) -> Layer {
    let variable = |name: &str| surroundings.variable(name);
    // uv lets an index be named: `mirror=https://…`.
    let plain = |text: &str| unnamed(text).to_owned();
    let index = variable("UV_DEFAULT_INDEX").or_else(|| variable("UV_INDEX_URL"));
    let mut extra = words(variable("UV_INDEX"));
    extra.extend(words(variable("UV_EXTRA_INDEX_URL")));
    Layer {
        index: index.map(plain),
        extra: extra.iter().map(|text| plain(text)).collect(),
        none: variable("UV_NO_INDEX").is_some_and(is_true),
        origin: "the variables of uv".to_owned(),
    }
}

fn unnamed(text: &str) -> &str {
    match text.split_once('=') {
        Some((name, url)) if !name.contains(['/', ':']) => url,
        _ => text,
    }
}

/// Largest file of certificates.
const MAX_CERTIFICATES: u64 = 16 << 20;

impl Indexes {
    /// The indexes for a component whose lock names `url`. The default of pip stands for whatever the user has put in
    /// its place; any other index is asked itself, with the user's credentials for its host.
    pub(crate) fn for_source(&self, url: &IndexUrl) -> Self {
        let known = std::iter::once(&self.index).chain(&self.extra);
        let mut all = known.chain(&self.stock);
        if all.any(|own| own.same_place(url)) {
            return self.clone();
        }
        let known = std::iter::once(&self.index).chain(&self.extra);
        Self {
            known: known.cloned().collect(),
            index: url.clone(),
            extra: Vec::new(),
            stock: self.stock.clone(),
        }
    }

    /// A client of these indexes.
    pub(crate) fn client(&self, surroundings: &Surroundings) -> Result<Client, Failure> {
        let proxies = surroundings.proxies();
        let mut config = Config::new(self.index.clone());
        config.extra.clone_from(&self.extra);
        config.known.clone_from(&self.known);
        config.proxy = ProxyFor::new(move |url| proxies.for_url(url).map(str::to_owned));
        let named = ["PIP_CERT", "REQUESTS_CA_BUNDLE"]
            .into_iter()
            .find_map(|name| surroundings.variable(name));
        if let Some(path) = named {
            let read = files::limited(Path::new(path), MAX_CERTIFICATES);
            config.ca = Some(read.map_err(|e| {
                Failure::usage(format!("cannot read the certificates {path}")).because(&e)
            })?);
        }
        Client::new(config)
            .map_err(|e| Failure::usage("the package index cannot be asked").because(&e))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Surroundings {
            variables: variables.iter().map(own).collect::<BTreeMap<_, _>>(),
            now: 0,
            arguments: Vec::new(),
        }
    }

    fn settled(layers: &[Layer]) -> Result<String, String> {
        let stock = || IndexUrl::parse("https://stock.example/simple").ok();
        match settle(layers, stock) {
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
            settled(&[pip_variables(&s), uv_variables(&s)]).unwrap()
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
        let refused = settled(&[pip_variables(&s), uv_variables(&s)]).unwrap_err();
        assert!(refused.contains("PIP_NO_INDEX forbids"), "{refused}");
        let s = surroundings(&[("PIP_INDEX_URL", "me:secret@pip.example")]);
        let refused = settled(&[pip_variables(&s)]).unwrap_err();
        assert!(
            refused.contains("PIP_INDEX_URL") && !refused.contains("secret"),
            "{refused}"
        );
    }
}
