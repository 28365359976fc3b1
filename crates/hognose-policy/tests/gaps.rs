//! Which gaps a waiver covers.

use hognose_policy::{Waiver, WaiverOrigin};
use hognose_types::rules::{gap_unmapped, gap_unpinned};
use hognose_types::{Gap, Location, PackageName, RuleId};

fn gap(rule: RuleId, subject: &str) -> Gap {
    Gap {
        rule,
        subject: subject.to_owned(),
        location: Some(Location::line("environment.yml", 4)),
        message: "not judged".to_owned(),
        hint: None,
        groups: Vec::new(),
    }
}

#[test]
fn a_package_is_told_by_the_subject() {
    let waiver = Waiver {
        rule: Some(gap_unmapped::ID),
        advisory: None,
        package: PackageName::new("libpng").ok(),
        versions: None,
        reason: "another scanner judges it".to_owned(),
        owner: None,
        expires: None,
        location: Location::line("hognose.toml", 1),
        origin: WaiverOrigin::Policy,
    };
    for (rule, subject, covered) in [
        (gap_unmapped::ID, "libpng 1.6", true),
        (gap_unmapped::ID, "libpng", true),
        (gap_unmapped::ID, "libpng-tools 1.6", false),
        (gap_unmapped::ID, "environment.yml", false),
        (gap_unpinned::ID, "libpng 1.6", false),
    ] {
        assert_eq!(
            waiver.covers_gap(&gap(rule, subject)),
            covered,
            "{rule} {subject}"
        );
    }
}
