//! Names that nobody has, and young ones that a language model would invent.

use std::collections::BTreeSet;

use hognose_types::{Confidence, Severity, rules::online as rule};

use crate::evidence::{Circumstances, Pin, Said, count, span};
use crate::facts::{DAY, ProjectFacts};
use crate::names;

/// Older than this, a project has a history.
const YOUNG: i64 = 180 * DAY;
/// From this many releases on, too.
const FEW: usize = 5;
/// Words of a name that may belong to neither of the two it joins.
const SPARE: usize = 1;

/// The name is on no index that was asked.
pub(crate) fn absent(pin: &Pin<'_>) -> Said {
    let name = pin.name();
    Said::new(
        rule::ABSENT,
        Severity::High,
        format!(
            "the index does not have {name}{}: anybody may register the name, and is then installed",
            elsewhere(name.as_str())
        ),
        format!(
            "correct the name if it is wrong; if {name} is your own, bind it to your own index"
        ),
    )
}

/// Where the name does exist: assistants and people take packages of one language for those of another.
pub(crate) fn elsewhere(name: &str) -> String {
    let language = names::language(name);
    language
        .map(|language| format!(", which is a well-known {language} package"))
        .unwrap_or_default()
}

/// A young project whose name joins two popular ones.
pub(crate) fn invented(facts: &ProjectFacts, circumstances: &Circumstances<'_>) -> Option<Said> {
    let name = facts.name.as_str();
    if circumstances.popular.contains(name) {
        return None;
    }
    let (first, second) = joins(name, &circumstances.popular)?;
    let age = circumstances.now.saturating_sub(facts.first_upload()?);
    let releases = facts.releases().len();
    if age > YOUNG || releases >= FEW {
        return None;
    }
    let repositories = facts.details.as_ref().map(|d| &d.repositories);
    let own = |target: &str| {
        let owner = repository_owner(target)?;
        let mut all = repositories?.iter();
        all.find(|r| r.owner() == owner)
    };
    if own(first).or_else(|| own(second)).is_some() {
        return None;
    }
    Some(
        Said::new(
            rule::INVENTED,
            Severity::Low,
            format!(
                "joins the names of {first} and {second}, and has {} in {}: such names are what language models invent",
                count(releases, "release"),
                span(age)
            ),
            format!("find out who recommended {name}, and what it does: `hognose inspect {name}`"),
        )
        .sure(Confidence::Low),
    )
}

fn repository_owner(name: &str) -> Option<&'static str> {
    names::repository(name).and_then(|r| r.rsplit_once('/').map(|(owner, _)| owner))
}

/// Two popular names that a name consists of, with at most one word besides. A popular name of one letter or two is
/// a word like any other.
fn joins<'a>(name: &'a str, popular: &BTreeSet<&str>) -> Option<(&'a str, &'a str)> {
    let is_target = |text: &str| text.len() > 2 && popular.contains(text);
    let cuts: Vec<usize> = name.match_indices('-').map(|(at, _)| at).collect();
    // Names have few words; more of them than this join nothing.
    if cuts.is_empty() || cuts.len() > 4 {
        return None;
    }
    let starts = std::iter::once(0).chain(cuts.iter().map(|c| c + 1));
    let words: Vec<usize> = starts.collect();
    let end = |word: usize| cuts.get(word).copied().unwrap_or(name.len());
    let part = |from: usize, to: usize| name.get(*words.get(from)?..end(to));
    let all = words.len();
    for first in 0..all {
        for first_end in first..all {
            let Some(a) = part(first, first_end).filter(|p| is_target(p)) else {
                continue;
            };
            for second in first_end + 1..all {
                for second_end in second..all {
                    let used = (first_end - first + 1) + (second_end - second + 1);
                    let b = part(second, second_end).filter(|p| is_target(p) && *p != a);
                    if let Some(b) = b.filter(|_| all - used <= SPARE) {
                        return Some((a, b));
                    }
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_join_others() {
        let popular = BTreeSet::from(["requests", "flask", "scikit-learn", "py", "torch"]);
        let of = |name| joins(name, &popular);
        assert_eq!(of("requests-flask"), Some(("requests", "flask")));
        assert_eq!(of("requests-flask-auth"), Some(("requests", "flask")));
        assert_eq!(of("torch-scikit-learn"), Some(("torch", "scikit-learn")));
        assert_eq!(of("my-torch-flask-x"), None);
        for none in [
            "requests",
            "flask-login",
            "py-flask",
            "flask-flask",
            "a-b-c-d-e-f-g",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
