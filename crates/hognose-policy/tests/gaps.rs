//! Which gaps a waiver covers.

use hognose_policy::{Waiver, WaiverOrigin};
use hognose_types::rules::{gap_unmapped, gap_unpinned};
use hognose_types::{Gap, Location, PackageName, RuleId, Specifiers};

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

fn waiver(versions: Option<&str>) -> Waiver {
    Waiver {
        rule: Some(gap_unmapped::ID),
        advisory: None,
        package: PackageName::new("libpng").ok(),
        versions: versions.and_then(|text| Specifiers::parse(text).ok()),
        reason: "another scanner judges it".to_owned(),
        owner: None,
        expires: None,
        location: Location::line("hognose.toml", 1),
        origin: WaiverOrigin::Policy,
    }
}

#[test]
fn a_package_is_told_by_the_subject() {
    for (rule, subject, covered) in [
        (gap_unmapped::ID, "libpng 1.6", true),
        (gap_unmapped::ID, "libpng", true),
        (gap_unmapped::ID, "libpng-tools 1.6", false),
        (gap_unmapped::ID, "environment.yml", false),
        (gap_unpinned::ID, "libpng 1.6", false),
    ] {
        assert_eq!(
            waiver(None).covers_gap(&gap(rule, subject)),
            covered,
            "{rule} {subject}"
        );
    }
}

#[test]
fn a_waiver_of_some_versions_covers_no_other() {
    for (subject, covered) in [
        ("libpng 1.6", true),
        ("libpng 1.7", false),
        ("libpng", false),
        ("libpng>=1.6", false),
        ("libpng 1.6-odd", false),
    ] {
        let covers = waiver(Some("<1.7")).covers_gap(&gap(gap_unmapped::ID, subject));
        assert_eq!(covers, covered, "{subject}");
    }
}
