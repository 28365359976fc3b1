//! `HOG-PROV-…`: who published a file and whether it is the one that is pinned: one row each, and for each a page, a test
//! and a fixture of its own.

use crate::rule::{RuleId, RuleMeta};

finding_rules! {
    BAD "HOG-PROV-bad" "an attestation of the file does not hold",
    CHANGED "HOG-PROV-changed" "somebody else published it than before",
    DIGEST "HOG-PROV-digest" "the file is not the one that is pinned",
    INCONSISTENT "HOG-PROV-inconsistent" "files of one release come from several publishers",
    LATE_FILE "HOG-PROV-late-file" "a file was added to a release that was known without it",
    LOST "HOG-PROV-lost" "what was attested is not any more",
    PARTIAL "HOG-PROV-partial" "some files of a release are attested and others are not",
    UNATTESTED "HOG-PROV-unattested" "nobody attests who published it",
    UNCOMMITTED "HOG-PROV-uncommitted" "code of the artifact is not in the commit it was built from",
}
