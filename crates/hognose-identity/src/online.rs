//! Facts of indexes against an inventory: everything that rests on what an index says.

use std::collections::BTreeMap;

use hognose_types::{Inventory, Notice, Places, rules::online as rule};

use crate::evidence::{Asked, Circumstances, Evidence, Pin, Said, count};
use crate::facts::{FileFacts, Presence};
use crate::starjack::Claims;
use crate::{absent, age, history, pythons, starjack, status, written};

/// Judges the projects of an inventory by what their indexes say. No network, no clock. Projects that could not be
/// asked about have no findings: they are gaps of whoever asked.
pub fn judge_online(
    inventory: &Inventory,
    asked: &[Asked],
    circumstances: &Circumstances<'_>,
) -> Evidence {
    let claims = starjack::claims(asked);
    let mut places = Places::new(inventory);
    let mut out = Evidence::default();
    let mut undated = Undated::default();
    for project in asked {
        for pin in Pin::all(project, inventory) {
            let said = judge(&pin, inventory, &claims, circumstances, &mut undated);
            let findings = said
                .into_iter()
                .filter_map(|said| said.finding(&pin, inventory, &mut places));
            out.findings.extend(findings);
        }
    }
    out.notices = undated.notices(asked);
    out
}

fn judge(
    pin: &Pin<'_>,
    inventory: &Inventory,
    claims: &Claims<'_>,
    circumstances: &Circumstances<'_>,
    undated: &mut Undated,
) -> Vec<Said> {
    match pin.facts().presence {
        Presence::Unknown(_) => return Vec::new(),
        Presence::Absent => return vec![absent::absent(pin)],
        Presence::Present => {}
    }
    let releases = pin.facts().releases();
    if pin.version.is_some() {
        undated.pins += 1;
        undated.unknown += usize::from(age::is_unknown(pin, &releases));
    }
    let mut said = status::check(pin, &releases);
    said.extend(age::check(pin, &releases, circumstances));
    said.extend(history::check(pin, &releases, circumstances.now));
    if !said.iter().any(|s| s.rule == rule::REVIVED) {
        said.extend(written::check(pin, &releases, inventory, circumstances));
    }
    let python = circumstances.python;
    said.extend(pythons::check(pin, &releases, python, circumstances.now));
    said.extend(absent::invented(pin.facts(), circumstances));
    said.extend(starjack::check(pin, claims, circumstances));
    said
}

/// Releases of which nobody says how old they are.
#[derive(Debug, Default)]
struct Undated {
    pins: usize,
    unknown: usize,
}

impl Undated {
    /// One remark for each thing that is not known, not one for each package.
    fn notices(&self, asked: &[Asked]) -> Vec<Notice> {
        let mut out = Vec::new();
        let mut say = |message: String| {
            out.push(Notice {
                location: None,
                message,
            });
        };
        if self.unknown > 0 {
            say(format!(
                "how old {} of {} are is not known: the index does not say when files were uploaded, so nothing tells which are new or abandoned",
                self.unknown,
                count(self.pins, "pinned release")
            ));
        }
        let present = || {
            asked
                .iter()
                .filter(|a| a.facts.presence == Presence::Present)
        };
        let mut unsaid: BTreeMap<&str, usize> = BTreeMap::new();
        for project in present() {
            let facts = &project.facts;
            let unsaid_of_people = match &facts.details {
                None => Some("who owns them and which repositories they name"),
                Some(details) if details.owners.is_none() => Some("who may upload to them"),
                Some(_) => None,
            };
            if let Some(what) = unsaid_of_people {
                *unsaid.entry(what).or_default() += 1;
            }
            if facts.standing.is_none() {
                *unsaid
                    .entry("whether they are archived, deprecated or quarantined")
                    .or_default() += 1;
            }
            let unhashed = |f: &FileFacts| f.sha256.is_none();
            if facts.files.iter().any(unhashed) {
                *unsaid
                    .entry("whether their files are those uploaded")
                    .or_default() += 1;
            }
        }
        let all = present().count();
        for (what, projects) in unsaid {
            let of = if projects == all {
                "any project".to_owned()
            } else {
                format!("{projects} of {}", count(all, "project"))
            };
            say(format!("the index does not say of {of} {what}"));
        }
        out
    }
}
