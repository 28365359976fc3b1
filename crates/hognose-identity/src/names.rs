//! Names that come with the program.

/// Names that are imitated though no popular project bears them: modules of the standard library, programs, brands. In
/// the normal form of PEP 503.
pub fn imitated() -> impl Iterator<Item = &'static str> {
    lines(include_str!("../names/imitated.txt"))
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
        for name in names {
            let normal = hognose_types::PackageName::new(name).unwrap();
            assert_eq!(normal.as_str(), name);
        }
    }
}
