//! What was uploaded after the file that asks for it was written: whoever wrote it meant something else, or nothing.

use hognose_types::{Confidence, Inventory, Severity, rules::online as rule};

use crate::evidence::{Circumstances, Pin, Said, span};
use crate::facts::{DAY, Release};

/// Clocks differ, and people commit what they publish a little later.
const TOLERANCE: i64 = DAY;

/// A project or a pinned release that is younger than the last change of a file that names it.
pub(crate) fn check(
    pin: &Pin<'_>,
    releases: &[Release<'_>],
    inventory: &Inventory,
    circumstances: &Circumstances<'_>,
) -> Option<Said> {
    let (file, written) = oldest(pin, inventory, circumstances)?;
    let name = pin.name();
    let file = hognose_types::text::short(file, 100);
    let late = |at: i64| Some(at.saturating_sub(written)).filter(|late| *late > TOLERANCE);
    let advice = format!(
        "find out which project was meant: `hognose show {name}`, `hognose inspect {name}`"
    );
    let said = |message| {
        Some(Said::new(rule::REVIVED, Severity::Medium, message, advice).sure(Confidence::Medium))
    };
    if let Some(late) = pin.facts().first_upload().and_then(late) {
        return said(format!(
            "its first file was uploaded {} after the last change of {file}, which asks for it: the name meant another project then, or none",
            span(late)
        ));
    }
    let release = releases.iter().find(|r| Some(r.version) == pin.version)?;
    // A release is as old as its first file, which is only known when all are.
    let known = release.files.iter().all(|f| f.uploaded.is_some());
    let late = release.first.filter(|_| known).and_then(late)?;
    said(format!(
        "{} was uploaded {} after the last change of {file}, which pins it: it was another release then, or none",
        release.version,
        span(late)
    ))
}

/// The file that has named it unchanged for longest.
fn oldest<'i>(
    pin: &Pin<'_>,
    inventory: &'i Inventory,
    circumstances: &Circumstances<'_>,
) -> Option<(&'i str, i64)> {
    let components = pin.members.iter().filter_map(|id| inventory.component(*id));
    let files = components.flat_map(|c| &c.declarations);
    let files = files.map(|d| d.location.file.as_str());
    files
        .filter_map(|file| Some((file, *circumstances.written.get(file)?)))
        .min_by_key(|(_, written)| *written)
}
