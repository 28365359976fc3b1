//! Names that only code and texts lead to, asked about like those that are declared.

use std::collections::{BTreeMap, BTreeSet};

use hognose_advisories::Judgement;
use hognose_identity::facts::{Presence, ProjectFacts};
use hognose_identity::{Circumstances, Sought, judge_sought};
use hognose_types::{Gap, Inventory, Notice, PackageName, rules, text};

use super::online::{Wanted, count, notice};

/// Most names beside those of the inventory: texts of strangers do not decide how much is asked.
const MAX_NAMES: usize = 200;

/// The projects to ask about. Commands come first: they are the last to be cut.
pub(super) fn wanted(sought: &[Sought], notices: &mut Vec<Notice>) -> Vec<Wanted> {
    let rest = sought.len().saturating_sub(MAX_NAMES);
    if rest > 0 {
        notices.push(notice(format!(
            "no index was asked about {} that code and texts lead to: the limit is {MAX_NAMES}",
            count(rest)
        )));
    }
    let one = |sought: &Sought| Wanted {
        name: sought.name.clone(),
        source: String::new(),
        place: 0,
        members: Vec::new(),
        pinned: BTreeSet::new(),
    };
    sought.iter().take(MAX_NAMES).map(one).collect()
}

/// Adds what was answered about them.
pub(super) fn judge(
    evidence: &mut Judgement,
    inventory: &Inventory,
    mut told: BTreeMap<PackageName, ProjectFacts>,
    circumstances: &Circumstances<'_>,
    sought: &[Sought],
) {
    let mut asked = Vec::new();
    for name in sought {
        let Some(facts) = told.remove(&name.name) else {
            continue;
        };
        evidence.gaps.extend(gap(name, &facts));
        asked.push((name.clone(), facts));
    }
    let found = judge_sought(inventory, &asked, circumstances);
    evidence.findings.extend(found);
}

fn gap(sought: &Sought, facts: &ProjectFacts) -> Option<Gap> {
    let Presence::Unknown(reason) = &facts.presence else {
        return None;
    };
    let reason = text::short(reason, 300);
    Some(Gap {
        rule: rules::gap_index::ID,
        subject: sought.name.to_string(),
        location: sought.locations.first().cloned(),
        message: format!("the index could not be asked: {reason}"),
        hint: None,
        groups: Vec::new(),
    })
}
