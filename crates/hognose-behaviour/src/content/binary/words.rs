//! Text inside binaries: addresses and commands that no library needs.

use std::collections::HashSet;

use crate::content::{command, strings};
use crate::fact::FactKind;

/// How much of a binary is read, half from each end.
const BYTES: usize = 16 << 20;
/// Shortest run of text.
const RUN: usize = 6;
/// Most texts reported.
const REPORTED: usize = 12;
/// Most commands read.
const COMMANDS: usize = 200;

/// What the text of a binary names, as `kind: text`.
pub(super) fn judge(bytes: &[u8]) -> Vec<String> {
    let half = BYTES / 2;
    let (head, tail) = if bytes.len() <= BYTES {
        (bytes, &[][..])
    } else {
        (
            bytes.get(..half).unwrap_or_default(),
            bytes.get(bytes.len() - half..).unwrap_or_default(),
        )
    };
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for part in [head, tail] {
        for text in [narrow(part), wide(part)] {
            texts(&text, &mut found, &mut seen);
        }
    }
    found.truncate(REPORTED);
    found
}

/// Whether what a binary names is of different kinds: an address, and a command or somebody's secrets.
pub(super) fn is_implant(texts: &[String]) -> bool {
    let groups: HashSet<crate::Group> = texts
        .iter()
        .filter_map(|text| FactKind::parse(text.split(':').next()?))
        .map(FactKind::group)
        .collect();
    groups.len() >= 2
}

fn texts(text: &str, found: &mut Vec<String>, seen: &mut HashSet<FactKind>) {
    for (kind, detail) in strings::classify(text) {
        if is_telling(kind) && seen.insert(kind) {
            found.push(format!("{}: {detail}", kind.as_str()));
        }
    }
    let lines = memchr::memmem::find_iter(text.as_bytes(), b"powershell ")
        .chain(memchr::memmem::find_iter(text.as_bytes(), b"curl "))
        .chain(memchr::memmem::find_iter(text.as_bytes(), b"cmd.exe /c"));
    for at in lines.take(COMMANDS) {
        let line = text
            .get(at..)
            .unwrap_or_default()
            .split('\n')
            .next()
            .unwrap_or_default();
        let line = line.get(..strings::floor(line, 2_000)).unwrap_or_default();
        for (kind, _) in command::read(line).facts {
            let telling = matches!(
                kind,
                FactKind::PowershellHidden | FactKind::DownloadPipeShell | FactKind::SecurityTamper
            );
            if telling && seen.insert(kind) {
                found.push(format!("{}: {line}", kind.as_str()));
            }
        }
    }
}

/// Kinds that honest libraries do not hold. Clients of clouds name metadata services, libraries of SSH name key files,
/// the C runtime of Windows asks for debuggers.
fn is_telling(kind: FactKind) -> bool {
    use FactKind::{
        BrowserStore, DiscordToken, EndpointIp, EndpointOast, EndpointOnion, EndpointPaste,
        EndpointTelegram, EndpointTunnel, EndpointWebhook, GameSession, MessengerSession, Miner,
        PersistRegistry, PersistStartup, RansomNote, ReverseShell, SecurityTamper, Wallet,
        WebhookSecret,
    };
    matches!(
        kind,
        BrowserStore
            | DiscordToken
            | EndpointIp
            | EndpointOast
            | EndpointOnion
            | EndpointPaste
            | EndpointTelegram
            | EndpointTunnel
            | EndpointWebhook
            | GameSession
            | MessengerSession
            | Miner
            | PersistRegistry
            | PersistStartup
            | RansomNote
            | ReverseShell
            | SecurityTamper
            | Wallet
            | WebhookSecret
    )
}

/// All of them.
pub(super) fn lines(bytes: &[u8]) -> String {
    narrow(bytes) + &wide(bytes)
}

/// Runs of printable ASCII, one a line.
fn narrow(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() / 4);
    for run in bytes
        .split(|b| !(0x20..0x7f).contains(b))
        .filter(|run| run.len() >= RUN)
    {
        text.push_str(std::str::from_utf8(run).unwrap_or_default());
        text.push('\n');
    }
    text
}

/// Runs of printable ASCII in UTF-16, one a line; at either parity.
fn wide(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut run = String::new();
    let mut at = 0;
    while let Some([low, high]) = bytes.get(at..at + 2) {
        if *high == 0 && (0x20..0x7f).contains(low) {
            run.push(char::from(*low));
            at += 2;
            continue;
        }
        if run.len() >= RUN {
            text.push_str(&run);
            text.push('\n');
        }
        run.clear();
        at += 1;
    }
    if run.len() >= RUN {
        text.push_str(&run);
    }
    text
}
