//! Names that come with the program.

/// Names that are imitated though no popular project bears them: modules of the standard library, programs, brands. In
/// the normal form of PEP 503.
pub fn imitated() -> impl Iterator<Item = &'static str> {
    lines(include_str!("../names/imitated.txt"))
}

/// Some hundred well-known projects, roughly the most used first: the list to use when no feed gave a longer one.
pub fn popular() -> impl Iterator<Item = &'static str> {
    lines(include_str!("../names/popular.txt"))
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
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
