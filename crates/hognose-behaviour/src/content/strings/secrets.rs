//! Addresses of chat webhooks and bots that carry their secret: whoever holds the text can send to them.
//!
//! Libraries for these services name the address with gaps to fill; only an author who means one channel of his own
//! writes the secret beside it.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{Found, floor};
use crate::fact::FactKind;

/// No secret is shorter, and most constants are.
const SHORTEST: usize = 40;

static WEBHOOKS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("/webhooks/"));
static SLACK: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new("hooks.slack.com/services/T"));
static TELEGRAM: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(":AA"));

/// Finds `…/webhooks/<17-20 digits>/<60 or more characters>`, `hooks.slack.com/services/T…/B…/…` and
/// `<8-10 digits>:<35 characters>` of Telegram.
pub(super) fn classify(text: &str, found: &mut Found) {
    let bytes = text.as_bytes();
    if bytes.len() < SHORTEST {
        return;
    }
    for at in WEBHOOKS.find_iter(bytes) {
        let rest = bytes.get(at + 10..).unwrap_or_default();
        let id = run(rest, |b| b.is_ascii_digit());
        let token = rest.get(id + 1..).map_or(0, |t| run(t, is_token));
        if (17..=20).contains(&id)
            && rest.get(id) == Some(&b'/')
            && token >= 60
            && is_random(rest.get(id + 1..id + 1 + token))
        {
            add(text, at, at + 11 + id + token, found);
        }
    }
    for at in SLACK.find_iter(bytes) {
        let rest = bytes.get(at + 25..).unwrap_or_default();
        let length = run(rest, |b| b.is_ascii_alphanumeric() || b == b'/');
        let parts = rest.get(..length).unwrap_or_default().split(|b| *b == b'/');
        if length >= 40 && parts.count() == 3 && is_random(rest.get(18..length)) {
            add(text, at, at + 25 + length, found);
        }
    }
    for at in TELEGRAM.find_iter(bytes) {
        let digits = bytes
            .get(at.saturating_sub(11)..at)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_digit())
            .count();
        let token = bytes.get(at + 1..).map_or(0, |t| run(t, is_token));
        if (8..=10).contains(&digits) && token == 35 {
            add(text, at - digits, at + 36, found);
        }
    }
}

/// Whether a secret uses many characters: documentation repeats one letter instead.
fn is_random(text: Option<&[u8]>) -> bool {
    let mut seen = [false; 256];
    for byte in text.unwrap_or_default() {
        if let Some(slot) = seen.get_mut(usize::from(*byte)) {
            *slot = true;
        }
    }
    seen.iter().filter(|seen| **seen).count() >= 8
}

fn run(bytes: &[u8], is: impl Fn(u8) -> bool) -> usize {
    // No secret is longer; the bound keeps overlapping candidates linear.
    bytes.iter().take(200).take_while(|b| is(**b)).count()
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn add(text: &str, start: usize, end: usize, found: &mut Found) {
    let shown = text.get(floor(text, start)..floor(text, end));
    found.add(FactKind::WebhookSecret, shown.unwrap_or_default());
}
