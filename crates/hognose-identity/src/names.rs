//! Names that come with the program.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

/// How many names of a popularity list count as popular: lists of all projects end with names that nobody uses.
pub const POPULAR: usize = 20_000;

/// Names that are imitated though no popular project bears them: modules of the standard library, programs, brands. In
/// the normal form of PEP 503.
pub fn imitated() -> impl Iterator<Item = &'static str> {
    lines(include_str!("../names/imitated.txt"))
}

/// Some hundred well-known projects, roughly the most used first: the list to use when no feed gave a longer one.
pub fn popular() -> impl Iterator<Item = &'static str> {
    lines(include_str!("../names/popular.txt"))
}

/// The language of a well-known package that bears the name elsewhere: JavaScript, Rust or Ruby.
pub fn language(name: &str) -> Option<&'static str> {
    static NAMES: LazyLock<FxHashMap<&str, &str>> = LazyLock::new(|| {
        let all = OTHERS.iter().rev();
        all.flat_map(|(language, names)| lines(names).map(|name| (name, *language)))
            .collect()
    });
    NAMES.get(name).copied()
}

/// Names of other registries by language; of those that two have, the first counts.
const OTHERS: [(&str, &str); 3] = [
    ("JavaScript", include_str!("../names/javascript.txt")),
    ("Rust", include_str!("../names/rust.txt")),
    ("Ruby", include_str!("../names/ruby.txt")),
];

/// Whether a top-level module belongs to the standard library of any Python from 2.7 on.
pub fn is_standard(module: &str) -> bool {
    static NAMES: LazyLock<FxHashSet<&str>> =
        LazyLock::new(|| lines(include_str!("../names/stdlib.txt")).collect());
    NAMES.contains(module)
}

/// The distributions that provide a module under another name than their own, the usual one first.
pub fn providers(module: &str) -> &'static [&'static str] {
    static NAMES: LazyLock<FxHashMap<&str, Vec<&str>>> = LazyLock::new(|| {
        lines(include_str!("../names/imports.txt"))
            .filter_map(|line| {
                let mut words = line.split(' ');
                Some((words.next()?, words.collect()))
            })
            .collect()
    });
    NAMES.get(module).map_or(&[], Vec::as_slice)
}

/// The repository that is well known to be a project's, as `host/owner/name`.
pub fn repository(name: &str) -> Option<&'static str> {
    static NAMES: LazyLock<FxHashMap<&str, &str>> = LazyLock::new(|| repositories().collect());
    NAMES.get(name).copied()
}

/// The well-known projects that a repository holds.
pub fn holders(repository: &str) -> &'static [&'static str] {
    static NAMES: LazyLock<FxHashMap<&str, Vec<&str>>> = LazyLock::new(|| {
        let mut out: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
        for (name, repository) in repositories() {
            out.entry(repository).or_default().push(name);
        }
        out
    });
    NAMES.get(repository).map_or(&[], Vec::as_slice)
}

fn repositories() -> impl Iterator<Item = (&'static str, &'static str)> {
    lines(include_str!("../names/repositories.txt")).filter_map(|line| line.split_once(' '))
}

/// The modules that [`providers`] knows.
pub(crate) fn modules() -> impl Iterator<Item = &'static str> {
    let lines = lines(include_str!("../names/imports.txt"));
    lines.filter_map(|line| line.split(' ').next())
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    #[test]
    fn modules() {
        assert!(super::is_standard("urllib2") && !super::is_standard("requests"));
        assert_eq!(super::providers("yaml"), ["pyyaml"]);
        assert!(super::providers("requests").is_empty());
    }

    #[test]
    fn repositories_are_as_links_give_them() {
        let mut count = 0;
        for (name, repository) in super::repositories() {
            let link = format!("https://{repository}");
            let found = crate::facts::Repository::of_link(&link).unwrap();
            assert_eq!(found.as_str(), repository);
            let normal = hognose_types::PackageName::new(name).unwrap();
            assert_eq!(normal.as_str(), name);
            assert!(super::holders(repository).contains(&name));
            count += 1;
        }
        assert!(count > 150);
        assert_eq!(
            super::repository("requests"),
            Some("github.com/psf/requests")
        );
        assert!(super::holders("github.com/nobody/nothing").is_empty());
    }

    #[test]
    fn names_of_another_language_are_of_no_popular_project() {
        let popular: std::collections::BTreeSet<&str> = super::popular().collect();
        for (language, text) in super::OTHERS {
            let names: Vec<&str> = super::lines(text).collect();
            assert!(names.is_sorted() && names.len() > 100, "{language}");
            for name in names {
                let normal = hognose_types::PackageName::new(name).unwrap();
                assert_eq!(normal.as_str(), name);
                assert!(!popular.contains(name), "{name}");
                assert!(super::language(name).is_some());
            }
        }
        assert_eq!(super::language("lodash"), Some("JavaScript"));
        assert_eq!(super::language("serde-json"), Some("Rust"));
        assert_eq!(super::language("nokogiri"), Some("Ruby"));
    }

    #[test]
    fn names_are_normal_and_sorted() {
        let names: Vec<&str> = super::imitated().collect();
        assert!(names.is_sorted() && names.len() > 200);
        let popular: Vec<&str> = super::popular().collect();
        let distinct: std::collections::BTreeSet<&str> = popular.iter().copied().collect();
        assert!(distinct.len() == popular.len() && popular.len() > 400);
        for name in names.into_iter().chain(popular) {
            let normal = hognose_types::PackageName::new(name).unwrap();
            assert_eq!(normal.as_str(), name);
        }
    }
}
