//! Domains of maintainers' addresses that are nobody's, or somebody else's since: who registers one receives the mail that
//! resets a password.

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{Confidence, Finding, Inventory, Places, Severity, rules::online as rule};

use crate::evidence::{Asked, Pin, Said, span};
use crate::facts::{DAY, ProjectFacts};

/// Most domains that are asked about.
const MOST: usize = 500;
/// How long a registration is news where nothing shows that the domain was named before.
const NEWS: i64 = 365 * DAY;
/// Clocks and time zones of registries.
const SLACK: i64 = 2 * DAY;

/// What a registry says of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The domain that is registered: an address may lie below it.
    pub domain: String,
    /// Since when, Unix seconds.
    pub since: Option<i64>,
    /// Its holder lost it, and nobody else has it yet.
    pub is_lapsing: bool,
}

/// The domains to ask about, in order.
pub fn domains(asked: &[Asked]) -> BTreeSet<String> {
    let details = asked.iter().filter_map(|one| one.facts.details.as_ref());
    let all = details.flat_map(|d| d.mail_domains.iter().cloned());
    all.take(MOST).collect()
}

/// Judges which of them have no records at all.
pub fn expired(inventory: &Inventory, asked: &[Asked], nobodys: &BTreeSet<String>) -> Vec<Finding> {
    judged(inventory, asked, |one| {
        let free: Vec<&str> = mail_domains(one)
            .filter(|domain| nobodys.contains(*domain))
            .collect();
        let first = free.first()?;
        let message = format!(
            "the project names addresses at {}, which has no records: whoever registers it receives the mail of an account",
            free.join(" and ")
        );
        let advice = format!(
            "ask the owners of the project to change the address, and look at releases from now on: {first} may be bought by anybody"
        );
        let said = Said::new(rule::EXPIRED_DOMAIN, Severity::Medium, message, advice);
        Some(said.sure(Confidence::Medium))
    })
}

/// Judges what registries say of the domains: those that were registered after they were named have another holder than
/// the one who was meant, and those that lapse will have.
pub fn reregistered(
    inventory: &Inventory,
    asked: &[Asked],
    known: &BTreeMap<String, Registered>,
    now: i64,
) -> Vec<Finding> {
    judged(inventory, asked, |one| {
        let mut all: Vec<Said> = mail_domains(one)
            .filter_map(|name| holder(one, name, known.get(name)?, now))
            .collect();
        all.sort_by_key(|said| std::cmp::Reverse((said.severity, said.confidence)));
        all.into_iter().next()
    })
}

fn mail_domains(one: &Asked) -> impl Iterator<Item = &str> {
    let details = one.facts.details.iter();
    details.flat_map(|d| d.mail_domains.iter().map(String::as_str))
}

fn judged(
    inventory: &Inventory,
    asked: &[Asked],
    judge: impl Fn(&Asked) -> Option<Said>,
) -> Vec<Finding> {
    let mut places = Places::new(inventory);
    let mut out = Vec::new();
    for one in asked {
        let Some(said) = judge(one) else {
            continue;
        };
        for pin in Pin::all(one, inventory) {
            out.extend(said.clone().finding(&pin, inventory, &mut places));
        }
    }
    out
}

fn holder(one: &Asked, name: &str, known: &Registered, now: i64) -> Option<Said> {
    let domain = &known.domain;
    let advice = format!(
        "compare releases from then on with those before (`hognose inspect {} --diff`), and ask its owners by another way than mail",
        one.facts.name
    );
    if known.is_lapsing {
        let message = format!(
            "the registration of {domain}, where the project names addresses, has lapsed: it will be free for anybody within weeks"
        );
        let advice = format!(
            "tell the owners of {}, and look at its releases from now on",
            one.facts.name
        );
        let said = Said::new(rule::EXPIRED_DOMAIN, Severity::Medium, message, advice);
        return Some(said);
    }
    let since = known.since.filter(|since| *since <= now)?;
    let ago = span(now.saturating_sub(since));
    let say = |severity, how: &str| {
        let message =
            format!("{domain}, where the project names addresses, was registered {ago} ago, {how}");
        Said::new(rule::REREGISTERED_DOMAIN, severity, message, &advice)
    };
    if let Some(named) = named(one, name).filter(|named| named + SLACK < since) {
        let how = format!(
            "{} after it was named: whoever held it then lost it, and the mail of an account may go to somebody else",
            span(since.saturating_sub(named))
        );
        return Some(say(Severity::High, &how).sure(Confidence::Medium));
    }
    let first = one.facts.first_upload()?;
    let is_news = now.saturating_sub(since) < NEWS && first.saturating_add(NEWS) < since;
    let how = "long after the project began: its people changed their address, or somebody took over theirs";
    is_news.then(|| say(Severity::Low, how).sure(Confidence::Low))
}

/// When the domain is known to have been named first: seen so on this machine, or written in the metadata that the index
/// shows, which are those of one release.
fn named(one: &Asked, domain: &str) -> Option<i64> {
    let looks = one.past.iter().flat_map(|past| &past.looks);
    let seen = looks.filter(|look| look.mail_domains.contains(domain));
    seen.map(|look| look.at).chain(shown(&one.facts)).min()
}

fn shown(facts: &ProjectFacts) -> Option<i64> {
    let version = facts.details.as_ref()?.version.as_deref()?;
    let version = hognose_types::Version::new(version).ok()?;
    let releases = facts.releases();
    let release = releases.iter().find(|r| *r.version == version)?;
    release.first
}
