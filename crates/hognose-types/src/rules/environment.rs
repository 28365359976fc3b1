//! `HOG-ENV-…`: whether what is installed is what was installed: one row each, and for each a page, a test and a fixture of
//! its own.

use crate::rule::{RuleId, RuleMeta};

finding_rules! {
    ALTERED "HOG-ENV-altered" "an installed file is not the one that was installed",
    BYTECODE "HOG-ENV-bytecode" "bytecode does something else than its source",
    CLAIMED "HOG-ENV-claimed" "two distributions installed different files in one place",
    HOOK "HOG-ENV-hook" "something no distribution lists starts with Python",
    INDEX "HOG-ENV-index" "an installed file is not the one in the wheel of its index",
    INTERPRETER "HOG-ENV-interpreter" "an environment runs, or is entered, otherwise than it was made",
    MISSING "HOG-ENV-missing" "an installed file is gone",
    RECORD "HOG-ENV-record" "the record of installed files is damaged or leads out of the environment",
    SCRIPT "HOG-ENV-script" "a program does more than call what its distribution says",
    UNLISTED "HOG-ENV-unlisted" "code in the environment belongs to no distribution",
}
