//! When files of the project were changed last, as its repository says.

use std::collections::{BTreeMap, BTreeSet};

use hognose_identity::Asked;
use hognose_inventory::{Disk, Tree as _};
use hognose_types::Inventory;

use super::online::Request;
use crate::revision::Revision;

/// Most files that are looked up: each takes a process.
const MAX_FILES: usize = 50;
/// Largest file.
const MAX_FILE: u64 = 16 << 20;

/// The last change of each file that names a package, where the file is as it was committed. Only the date of a commit
/// is certain: a checkout makes every file as young as itself. Without a repository nothing is known.
pub(super) fn dates(
    inventory: &Inventory,
    asked: &[Asked],
    request: &Request<'_>,
) -> BTreeMap<String, i64> {
    let components = asked.iter().flat_map(|a| &a.members);
    let declared = components
        .filter_map(|id| inventory.component(*id))
        .flat_map(|c| &c.declarations)
        .map(|d| d.location.file.as_str());
    let led = request.sought.iter().flat_map(|s| &s.locations);
    let mut files: Vec<&str> = declared.collect::<BTreeSet<_>>().into_iter().collect();
    let further: BTreeSet<&str> = led.map(|at| at.file.as_str()).collect();
    files.extend(further);
    if files.is_empty() {
        return BTreeMap::new();
    }
    let Ok(head) = Revision::open("HEAD", request.start, request.surroundings) else {
        return BTreeMap::new();
    };
    let date = |file: &str| {
        let committed = head.read(file, MAX_FILE).ok()?;
        let here = Disk.read(file, MAX_FILE).ok()?;
        let same = committed == here;
        same.then(|| head.last_change(file, request.surroundings))?
    };
    let all = files.into_iter().take(MAX_FILES);
    all.filter_map(|file| Some((file.to_owned(), date(file)?)))
        .collect()
}
