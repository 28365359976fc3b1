//! JavaScript inside Python packages: programs for Node and Bun, pages, bundles.
//!
//! Honest bundles are minified, name addresses and use the network, so none of this is evidence. What counts: starting
//! processes, running decoded text, the marks of obfuscators, addresses and files that only thieves name.

use std::collections::HashSet;

use super::{command, script, strings};
use crate::fact::{Fact, FactKind, Place, Trigger};

/// Most bytes read of one file.
const BYTES: usize = 32 << 20;
/// Most facts of one kind.
const PER_KIND: usize = 12;
/// Names that obfuscators number (`_0x1a2b`), from which a file is theirs.
const NUMBERED: usize = 20;
/// Longest string looked at as a command.
const COMMAND: usize = 8 * 1024;

/// Notes what a JavaScript file does.
pub fn facts(path: &str, bytes: &[u8], trigger: Trigger, out: &mut Vec<Fact>) {
    let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(BYTES)).unwrap_or_default());
    let mut reader = Reader {
        path,
        trigger,
        facts: Vec::new(),
        numbered: HashSet::new(),
        numbered_at: 0,
        requests: false,
        processes: false,
        window: [Token::End; 6],
        line: 1,
    };
    Scanner::new(&text).for_each(|(token, line)| reader.token(token, line));
    reader.finish();
    out.append(&mut reader.facts);
}

/// A piece of source that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Name(&'a str),
    Text(&'a str),
    Mark(u8),
    End,
}

struct Reader<'a> {
    path: &'a str,
    trigger: Trigger,
    facts: Vec<Fact>,
    numbered: HashSet<&'a str>,
    numbered_at: u32,
    /// The file makes requests.
    requests: bool,
    /// The file loads Node's module for processes.
    processes: bool,
    /// The last tokens, newest last.
    window: [Token<'a>; 6],
    line: u32,
}

impl<'a> Reader<'a> {
    fn add(&mut self, kind: FactKind, detail: &str) {
        if self.facts.iter().filter(|fact| fact.kind == kind).count() < PER_KIND {
            let fact = Fact::new(
                kind,
                self.trigger,
                Place::line(self.path, self.line),
                detail,
            );
            if !self
                .facts
                .iter()
                .any(|f| f.kind == kind && f.detail == fact.detail)
            {
                self.facts.push(fact);
            }
        }
    }

    fn token(&mut self, token: Token<'a>, line: u32) {
        self.line = line;
        self.window.rotate_left(1);
        let [.., last] = &mut self.window;
        *last = token;
        match token {
            Token::Name(name) => self.name(name),
            Token::Text(text) => self.text(text),
            // What ends otherwise is nothing that is looked for.
            Token::Mark(b'(' | b')' | b',') => self.mark(),
            Token::Mark(_) | Token::End => {}
        }
    }

    fn name(&mut self, name: &'a str) {
        let digits = name.strip_prefix("_0x").unwrap_or_default();
        if (4..=8).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_hexdigit())
            && self.numbered.len() < NUMBERED
        {
            self.numbered.insert(name);
            self.numbered_at = self.line;
        }
        self.requests |= matches!(name, "fetch" | "request" | "axios");
        // `Bun.spawn`, `Deno.run`: `Bun`, `.`, `spawn`.
        if let [
            ..,
            Token::Name(owner @ ("Bun" | "Deno")),
            Token::Mark(b'.'),
            Token::Name("spawn" | "spawnSync" | "run" | "Command"),
        ] = self.window
        {
            self.add(FactKind::JavascriptActive, &format!("{owner}.{name}"));
        }
    }

    fn mark(&mut self) {
        match self.window {
            // `eval(atob(`, `Function(atob(`.
            [
                ..,
                Token::Name(run @ ("eval" | "Function")),
                Token::Mark(b'('),
                Token::Name(decode @ ("atob" | "unescape" | "decodeURIComponent")),
                Token::Mark(b'('),
            ] => {
                self.decoded(&format!("{run}({decode}("));
            }
            // `eval(Buffer.from(`.
            [
                Token::Name(run @ ("eval" | "Function")),
                Token::Mark(b'('),
                Token::Name("Buffer"),
                Token::Mark(b'.'),
                Token::Name("from"),
                Token::Mark(b'('),
            ] => {
                self.decoded(&format!("{run}(Buffer.from("));
            }
            // All of the environment, as text.
            [
                Token::Name("stringify"),
                Token::Mark(b'('),
                Token::Name("process"),
                Token::Mark(b'.'),
                Token::Name("env"),
                Token::Mark(b')' | b','),
            ] => {
                self.add(FactKind::EnvAll, "JSON.stringify(process.env)");
            }
            _ => {}
        }
    }

    fn decoded(&mut self, detail: &str) {
        self.add(FactKind::ExecDecoded, detail);
        self.add(FactKind::JavascriptObfuscated, detail);
    }

    fn text(&mut self, text: &'a str) {
        let module = text.strip_prefix("node:").unwrap_or(text);
        let loads = matches!(
            self.window,
            [.., Token::Name("require" | "import"), Token::Mark(b'('), _]
                | [.., Token::Name("from" | "import"), _]
        );
        if loads && module == "child_process" {
            self.processes = true;
            self.add(FactKind::JavascriptActive, "child_process");
        }
        // Old browsers have their requests and parsers there, too.
        let host = ["WScript.", "Scripting.", "Shell.", "ADODB."]
            .iter()
            .any(|name| text.starts_with(name));
        if host && let [.., Token::Name("ActiveXObject"), Token::Mark(b'('), _] = self.window {
            self.add(FactKind::JavascriptActive, text);
        }
        if let [
            ..,
            Token::Name("exec" | "execSync" | "spawn" | "spawnSync" | "execFile" | "execFileSync"),
            Token::Mark(b'('),
            _,
        ] = self.window
            && self.processes
            && text.len() <= COMMAND
        {
            self.command(text);
        } else if text.len() <= COMMAND && text.contains(' ') && script::names_program(text) {
            self.command(text);
        }
        for (kind, detail) in strings::classify(text) {
            if is_thieves(kind) {
                self.add(kind, &detail);
            }
        }
    }

    fn command(&mut self, text: &str) {
        for (kind, detail) in command::read(text).facts {
            if !matches!(kind, FactKind::ProcessBuild | FactKind::EndpointOther) {
                self.add(kind, &detail);
            }
        }
    }

    fn finish(&mut self) {
        // A program that starts others, takes the whole environment and makes requests has one use for it.
        let takes = self.facts.iter().find(|f| f.kind == FactKind::EnvAll);
        let active = self
            .facts
            .iter()
            .any(|f| f.kind == FactKind::JavascriptActive);
        if let Some((line, detail)) = takes
            .filter(|_| self.requests && active)
            .map(|f| (f.place.line, f.detail.clone()))
        {
            self.line = line;
            self.add(FactKind::FlowEnvNetwork, &detail);
        }
        if self.numbered.len() >= NUMBERED {
            self.line = self.numbered_at;
            self.add(FactKind::JavascriptObfuscated, "names such as _0x1a2b3c");
        }
        let reaches = self.facts.iter().find(|fact| is_destination(fact.kind));
        if let Some((line, detail)) = reaches.map(|fact| (fact.place.line, fact.detail.clone())) {
            self.line = line;
            self.add(FactKind::JavascriptActive, &detail);
        }
    }
}

/// Kinds of places that a bundle has no reason to name.
fn is_destination(kind: FactKind) -> bool {
    use FactKind::{
        CloudMetadata, EndpointIp, EndpointOast, EndpointOnion, EndpointTelegram, EndpointTunnel,
        EndpointWebhook, WebhookSecret,
    };
    matches!(
        kind,
        CloudMetadata
            | EndpointIp
            | EndpointOast
            | EndpointOnion
            | EndpointTelegram
            | EndpointTunnel
            | EndpointWebhook
            | WebhookSecret
    )
}

/// Kinds that mean something in JavaScript. Bundles of editors and consoles are full of addresses and of the names of
/// files, so only what none of them needs counts.
fn is_thieves(kind: FactKind) -> bool {
    use FactKind::{
        BrowserDecrypt, BrowserStore, CloudCredentials, CredentialRead, DiscordToken, Keychain,
        Miner, PersistRegistry, PersistStartup, PromptInjection, ReverseShell, SecurityTamper,
        ShellHistory, SshRead, SystemAccounts, TokenFile, Wallet,
    };
    is_destination(kind)
        || matches!(
            kind,
            BrowserDecrypt
                | BrowserStore
                | CloudCredentials
                | CredentialRead
                | DiscordToken
                | Keychain
                | Miner
                | PersistRegistry
                | PersistStartup
                | PromptInjection
                | ReverseShell
                | SecurityTamper
                | ShellHistory
                | SshRead
                | SystemAccounts
                | TokenFile
                | Wallet
        )
}

/// Tokens with their line; comments, numbers and regular expressions are passed over.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    /// Whether a `/` here would divide rather than begin a regular expression.
    value: bool,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            value: false,
        }
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes().get(self.at + ahead).copied()
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn count_lines(&mut self, start: usize, end: usize) {
        let lines =
            memchr::memchr_iter(b'\n', self.bytes().get(start..end).unwrap_or_default()).count();
        self.line = self
            .line
            .saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
    }

    /// Moves behind a comment.
    fn comment(&mut self, end: &[u8]) {
        let rest = self.bytes().get(self.at + 2..).unwrap_or_default();
        // A search that is prepared anew for every comment would take longer than the search.
        let found = match end {
            [last] => memchr::memchr(*last, rest),
            _ => memchr::memchr_iter(b'/', rest)
                .find(|at| at.checked_sub(1).and_then(|at| rest.get(at)) == Some(&b'*'))
                .map(|at| at - 1),
        };
        let length = found.map_or(rest.len(), |at| at + end.len());
        let start = self.at;
        self.at += 2 + length;
        if end == b"\n" {
            self.at = self.at.saturating_sub(1).max(start + 2);
        }
        self.count_lines(start, self.at);
    }

    fn quoted(&mut self, quote: u8) -> Token<'a> {
        let start = self.at + 1;
        let bytes = self.bytes();
        // A template goes over lines.
        let stop = if quote == b'`' { quote } else { b'\n' };
        let mut end = start;
        while let Some(rest) = bytes.get(end..) {
            let Some(found) = memchr::memchr3(quote, b'\\', stop, rest) else {
                end = bytes.len();
                break;
            };
            end += found;
            if bytes.get(end) != Some(&b'\\') {
                break;
            }
            end += 2;
        }
        let end = end.min(bytes.len());
        self.count_lines(self.at, end);
        self.at = if bytes.get(end) == Some(&quote) {
            end + 1
        } else {
            end
        };
        self.value = true;
        Token::Text(self.slice(start, end))
    }

    /// Moves behind a regular expression.
    fn expression(&mut self) {
        let bytes = self.bytes();
        let mut end = self.at + 1;
        let mut class = false;
        while let Some(byte) = bytes.get(end) {
            match byte {
                b'\\' => end += 1,
                b'\n' => break,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => {
                    end += 1;
                    break;
                }
                _ => {}
            }
            end += 1;
        }
        self.at = end;
        self.value = true;
    }
}

/// Bytes that names are made of: bundles are names for the most part.
const NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80;
        byte += 1;
    }
    table
};

fn is_name(byte: u8) -> bool {
    NAME.get(usize::from(byte)).copied().unwrap_or(false)
}

impl<'a> Iterator for Scanner<'a> {
    type Item = (Token<'a>, u32);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = self.line;
            let byte = self.peek(0)?;
            match byte {
                b'\n' => {
                    self.line = self.line.saturating_add(1);
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'/' if self.peek(1) == Some(b'/') => self.comment(b"\n"),
                b'/' if self.peek(1) == Some(b'*') => self.comment(b"*/"),
                b'/' if !self.value => self.expression(),
                b'"' | b'\'' | b'`' => return Some((self.quoted(byte), line)),
                byte if is_name(byte) => {
                    let start = self.at;
                    let rest = self.bytes().get(start..).unwrap_or_default();
                    self.at += rest.iter().take_while(|b| is_name(**b)).count();
                    let name = self.slice(start, self.at);
                    self.value = !matches!(
                        name,
                        "return" | "typeof" | "case" | "in" | "of" | "void" | "delete"
                    );
                    return Some((Token::Name(name), line));
                }
                byte => {
                    self.at += 1;
                    self.value = matches!(byte, b')' | b']' | b'}');
                    return Some((Token::Mark(byte), line));
                }
            }
        }
    }
}
