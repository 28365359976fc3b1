//! Look-alikes that what an index says acquits: a project of many releases over years is hardly a slip of the finger away
//! from another by intent, and one in the hands of those who own the other is no imitation.

use hognose_types::{Finding, rules};

use crate::evidence::Asked;
use crate::facts::{DAY, ProjectFacts};
use crate::names;

/// From this age on a project has a history of its own.
const AGE: i64 = 2 * 365 * DAY;
/// From this many releases on, too.
const RELEASES: usize = 10;

/// From this part of the target's downloads on, people mean the name when they write it: one in so many.
const SHARE: u64 = 100;
/// Fewer downloads than this say nothing: mirrors and scanners fetch every project.
const NOISE: u64 = 10_000;

/// True when a name is downloaded so often beside the one it resembles that it is no slip: a squat is a young name that hardly
/// anybody installs. `downloads` is a popularity list with counts of some weeks; names that it lacks are not known to be used.
pub fn is_used_too(downloads: &[(String, u64)], name: &str, target: &str) -> bool {
    let of = |name: &str| downloads.iter().find(|(n, _)| n == name).map(|(_, d)| *d);
    of(name)
        .zip(of(target))
        .is_some_and(|(own, others)| own >= NOISE && own >= others / SHARE)
}

/// Takes back the findings about such projects; answers how many.
pub fn acquit(findings: &mut Vec<Finding>, asked: &[Asked], now: i64) -> usize {
    let all = findings.len();
    findings.retain(|finding| {
        if finding.rule != rules::id_lookalike::ID {
            return true;
        }
        let of_name = asked
            .iter()
            .map(|one| &one.facts)
            .filter(|facts| facts.name.as_str() == finding.subject.name);
        // Where several indexes have the name, each must be the honest one.
        let mut any = false;
        for facts in of_name {
            if !is_honest(facts, finding, asked, now) {
                return true;
            }
            any = true;
        }
        !any
    });
    all - findings.len()
}

fn is_honest(facts: &ProjectFacts, finding: &Finding, asked: &[Asked], now: i64) -> bool {
    let releases = facts.releases();
    let dates = || releases.iter().filter_map(|release| release.first);
    let since = facts.first_upload();
    let span = dates()
        .max()
        .zip(since)
        .map_or(0, |(last, first)| last - first);
    let is_old = since.is_some_and(|first| now.saturating_sub(first) >= AGE);
    if is_old && span >= AGE / 2 && releases.len() >= RELEASES {
        return true;
    }
    let is_target = |name: &str| finding.message.starts_with(&format!("looks like {name}, "));
    let mut others = asked.iter().map(|one| &one.facts);
    if others.any(|other| is_target(other.name.as_str()) && other.shares_owner(facts)) {
        return true;
    }
    // An attestation names who published it; what a project writes about itself proves nothing.
    let publisher = facts.publisher.as_ref();
    publisher.is_some_and(|repository| {
        names::holders(repository.as_str())
            .iter()
            .any(|name| is_target(name))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use hognose_types::{
        Component, ComponentVersion, Declaration, InputId, Location, PackageName, Subject, Version,
    };

    use super::*;
    use crate::facts::{Attested, Details, FileFacts, Origin, Presence, Repository};
    use crate::lookalike::{Model, Targets};

    const NOW: i64 = 1_795_000_000;

    fn facts(name: &str, releases: i64, days_between: i64) -> ProjectFacts {
        let name = PackageName::new(name).unwrap();
        let mut facts = ProjectFacts::only(name, Presence::Present, "i".to_owned());
        facts.files = (0..releases)
            .map(|at| FileFacts {
                filename: format!("x-1.{at}.tar.gz"),
                version: Version::new(&format!("1.{at}")).unwrap(),
                uploaded: Some((NOW - (releases - at) * days_between * DAY, Origin::Page)),
                yanked: false,
                reason: None,
                sha256: None,
                requires_python: None,
                attested: Attested::Unknown,
            })
            .collect();
        facts
    }

    fn asked(facts: ProjectFacts) -> Asked {
        Asked {
            members: Vec::new(),
            facts,
            past: None,
        }
    }

    fn finding() -> Finding {
        let model = Model::builtin().unwrap();
        let targets = Targets::new(["requests"], []);
        let found = targets.check("reqeusts", &model).unwrap();
        let component = Component::distribution(
            InputId(0),
            PackageName::new("reqeusts").unwrap(),
            ComponentVersion::exact("1.0"),
            Declaration::new(Location::file("x"), true),
        );
        crate::judge::lookalike(Subject::of(&component), &found, model.high)
    }

    fn taken_back(all: Vec<ProjectFacts>) -> usize {
        let all: Vec<Asked> = all.into_iter().map(asked).collect();
        acquit(&mut vec![finding()], &all, NOW)
    }

    fn owned(mut facts: ProjectFacts, owner: &str) -> ProjectFacts {
        facts.details = Some(Details {
            owners: Some(BTreeSet::from([owner.to_owned()])),
            ..Details::default()
        });
        facts
    }

    #[test]
    fn downloads_acquit() {
        let list = [
            ("requests", 900_000_000),
            ("reqests", 9_000_000),
            ("request", 8_999_999),
            ("requets", 500),
        ];
        let list = list.map(|(name, count)| (name.to_owned(), count));
        for (name, used) in [
            ("reqests", true),
            ("request", false),
            ("requets", false),
            ("rrequests", false),
        ] {
            assert_eq!(is_used_too(&list, name, "requests"), used, "{name}");
        }
        // Seldom used targets are imitated too.
        let few = [("acme".to_owned(), 600), ("acne".to_owned(), 500)];
        assert!(!is_used_too(&few, "acne", "acme"));
        assert!(!is_used_too(&[], "reqests", "requests"));
    }

    #[test]
    fn history_owners_and_publishers_acquit() {
        assert_eq!(taken_back(vec![]), 0);
        assert_eq!(taken_back(vec![facts("other", 20, 100)]), 0);
        assert_eq!(taken_back(vec![facts("reqeusts", 20, 100)]), 1);
        // Many releases within days are made to look like that, and one old release is none.
        assert_eq!(taken_back(vec![facts("reqeusts", 20, 1)]), 0);
        assert_eq!(taken_back(vec![facts("reqeusts", 2, 900)]), 0);
        let target = owned(facts("requests", 50, 100), "ada");
        let same = owned(facts("reqeusts", 1, 1), "ada");
        let other = owned(facts("reqeusts", 1, 1), "mallory");
        assert_eq!(taken_back(vec![target.clone(), same]), 1);
        assert_eq!(taken_back(vec![target, other]), 0);
        let mut published = facts("reqeusts", 1, 1);
        published.publisher = Repository::of_link("https://github.com/psf/requests");
        assert_eq!(taken_back(vec![published]), 1);
        // On another index it is another project.
        let both = vec![facts("reqeusts", 20, 100), facts("reqeusts", 1, 1)];
        assert_eq!(taken_back(both), 0);
    }
}
