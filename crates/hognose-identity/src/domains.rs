//! Domains of maintainers' addresses that are nobody's: who registers one receives the mail that resets a password.

use std::collections::BTreeSet;

use hognose_types::{Confidence, Finding, Inventory, Places, Severity, rules::online as rule};

use crate::evidence::{Asked, Pin, Said};

/// Most domains that are asked about.
const MOST: usize = 500;

/// The domains to ask about, in order.
pub fn domains(asked: &[Asked]) -> BTreeSet<String> {
    let details = asked.iter().filter_map(|one| one.facts.details.as_ref());
    let all = details.flat_map(|d| d.mail_domains.iter().cloned());
    all.take(MOST).collect()
}

/// Judges which of them have no records at all.
pub fn expired(inventory: &Inventory, asked: &[Asked], nobodys: &BTreeSet<String>) -> Vec<Finding> {
    let mut places = Places::new(inventory);
    let mut out = Vec::new();
    for one in asked {
        let Some(details) = &one.facts.details else {
            continue;
        };
        let free: Vec<&str> = details
            .mail_domains
            .intersection(nobodys)
            .map(String::as_str)
            .collect();
        let Some(first) = free.first() else {
            continue;
        };
        let message = format!(
            "the project names addresses at {}, which has no records: whoever registers it receives the mail of an account",
            free.join(" and ")
        );
        let advice = format!(
            "ask the owners of the project to change the address, and look at releases from now on: {first} may be bought by anybody"
        );
        let said = Said::new(rule::EXPIRED_DOMAIN, Severity::Medium, message, advice);
        for pin in Pin::all(one, inventory) {
            let said = said.clone().sure(Confidence::Medium);
            out.extend(said.finding(&pin, inventory, &mut places));
        }
    }
    out
}
