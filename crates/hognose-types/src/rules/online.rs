//! `HOG-STATUS-…` and the `HOG-ID-…` that rest on what an index says: one row each, and for each a page, a test and a
//! fixture of its own.

use crate::rule::{RuleId, RuleMeta};

finding_rules! {
    ABSENT "HOG-ID-absent" "no index has the name: whoever registers it decides what is installed",
    BURST "HOG-ID-burst" "a quiet project suddenly releases",
    INVENTED "HOG-ID-invented" "a young project whose name joins two well-known ones",
    EXPIRED_DOMAIN "HOG-ID-expired-domain" "the domain of a maintainer's address is nobody's",
    REREGISTERED_DOMAIN "HOG-ID-reregistered-domain" "the domain of a maintainer's address was registered after it was named",
    REPOJACK "HOG-ID-repojack" "a repository has moved to another owner, or is gone",
    REPLACED "HOG-ID-replaced" "files of a release were replaced by others",
    REVIVED "HOG-ID-revived" "the project is another one than it was",
    STARJACK "HOG-ID-starjack" "claims the repository of another project",
    TAKEOVER "HOG-ID-takeover" "the project changed hands, or how it is published",
    ABANDONED "HOG-STATUS-abandoned" "no release for years",
    ARCHIVED "HOG-STATUS-archived" "the index calls the project archived",
    DEPRECATED "HOG-STATUS-deprecated" "the project is deprecated or inactive",
    GONE "HOG-STATUS-gone" "the index no longer has the release or the files that are pinned",
    NEW "HOG-STATUS-new" "the release is younger than the minimum age",
    OUTDATED "HOG-STATUS-outdated" "there are newer releases",
    PYTHON "HOG-STATUS-python" "the release is not for this Python, or only for Pythons that have ended",
    QUARANTINED "HOG-STATUS-quarantined" "the index withholds the project as unsafe",
    UNFIXED "HOG-STATUS-unfixed" "no release since a flaw was disclosed",
    YANKED "HOG-STATUS-yanked" "the release was withdrawn",
}

/// Rules that are there to be looked at. They are true of honest projects every day, so they fail no run.
pub const ONLY_WARN: &[RuleId] = &[
    ABANDONED, ARCHIVED, BURST, DEPRECATED, INVENTED, NEW, OUTDATED, PYTHON, UNFIXED,
];
