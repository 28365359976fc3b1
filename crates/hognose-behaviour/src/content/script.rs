//! Scripts of other languages: shells, `cmd`, PowerShell, the Windows script host.

use super::{command, strings};
use crate::fact::{Fact, FactKind, Place, Trigger};

/// Most bytes read of a script.
const BYTES: usize = 8 << 20;
/// Most facts of one kind from one script.
const PER_KIND: usize = 12;
/// Longest logical line, joined from continued ones.
const LINE: usize = 256 * 1024;

/// Longest PowerShell script that is also read as a whole.
const WHOLE: usize = 8 * 1024;

/// What interprets a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `sh` and its kin.
    Shell,
    /// `.bat` and `.cmd`.
    Batch,
    /// PowerShell.
    Powershell,
    /// VBScript, and what `mshta` and `wscript` run.
    ScriptHost,
}

impl Language {
    /// The language of a file by its name, else by its first line.
    pub fn of(path: &str, bytes: &[u8]) -> Option<Self> {
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending.to_ascii_lowercase().as_str() {
            "sh" | "bash" | "zsh" | "ksh" | "command" | "csh" => return Some(Self::Shell),
            "bat" | "cmd" => return Some(Self::Batch),
            "ps1" | "psm1" => return Some(Self::Powershell),
            "vbs" | "vbe" | "wsf" | "wsc" | "hta" | "sct" | "jse" => return Some(Self::ScriptHost),
            _ => {}
        }
        let first = bytes.split(|b| *b == b'\n').next()?;
        let first = std::str::from_utf8(first.get(..first.len().min(200))?).ok()?;
        let program = first.strip_prefix("#!")?;
        let shell = program
            .split(['/', ' '])
            .any(|word| matches!(word.trim(), "sh" | "bash" | "zsh" | "dash" | "ksh" | "ash"));
        if shell {
            return Some(Self::Shell);
        }
        program.contains("pwsh").then_some(Self::Powershell)
    }
}

/// Notes what a script does. Returns the Python code it passes to interpreters, with the line.
pub fn facts(
    path: &str,
    bytes: &[u8],
    language: Language,
    trigger: Trigger,
    out: &mut Vec<Fact>,
) -> Vec<(u32, String)> {
    let text = decoded(bytes.get(..bytes.len().min(BYTES)).unwrap_or_default());
    let mut found = Found {
        path,
        trigger,
        facts: Vec::new(),
        python: Vec::new(),
    };
    match language {
        Language::Shell | Language::Batch => commands(&text, language, &mut found),
        Language::Powershell => powershell(&text, &mut found),
        Language::ScriptHost => script_host(&text, &mut found),
    }
    found.summary();
    out.append(&mut found.facts);
    found.python
}

/// PowerShell writes UTF-16 by default.
fn decoded(bytes: &[u8]) -> String {
    match bytes {
        [0xff, 0xfe, rest @ ..] => super::decode::utf16(rest),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

struct Found<'a> {
    path: &'a str,
    trigger: Trigger,
    facts: Vec<Fact>,
    python: Vec<(u32, String)>,
}

impl Found<'_> {
    fn add(&mut self, kind: FactKind, line: u32, detail: &str) {
        // Every script calls build tools; what they do is their own file's business. Every second one starts something in
        // the background.
        let background = kind == FactKind::ProcessDetached
            && !detail.contains("nohup")
            && !detail.contains("setsid");
        if kind == FactKind::ProcessBuild || background || self.count(kind) >= PER_KIND {
            return;
        }
        let fact = Fact::new(kind, self.trigger, Place::line(self.path, line), detail);
        if !self.facts.contains(&fact) {
            self.facts.push(fact);
        }
    }

    fn count(&self, kind: FactKind) -> usize {
        self.facts.iter().filter(|fact| fact.kind == kind).count()
    }

    fn reading(&mut self, line: u32, reading: command::Reading) {
        for (kind, detail) in reading.facts {
            self.add(kind, line, &detail);
        }
        for code in reading.python {
            if self.python.len() < 100 {
                self.python.push((line, code));
            }
        }
    }

    /// Says once that the script acts, when something in it does more than look around.
    fn summary(&mut self) {
        let acts = self.facts.iter().find(|fact| is_active(fact.kind));
        if let Some((line, detail)) = acts.map(|fact| (fact.place.line, fact.detail.clone())) {
            self.add(FactKind::ScriptFile, line, &detail);
        }
    }
}

/// Whether a kind means that something is fetched, sent, started, kept or destroyed.
fn is_active(kind: FactKind) -> bool {
    use crate::fact::Group;
    match kind.group() {
        Group::Persistence => !matches!(kind, FactKind::MarkExecutable | FactKind::FileWrite),
        Group::Destruction | Group::Flow | Group::Decode => true,
        Group::Process => !matches!(
            kind,
            FactKind::ProcessPython
                | FactKind::PipInstall
                | FactKind::PrivilegeRise
                | FactKind::NativeLoad
        ),
        Group::Network => !matches!(kind, FactKind::EndpointOther),
        Group::Collection => !matches!(
            kind,
            FactKind::HostInfo | FactKind::FileRead | FactKind::FileSearch | FactKind::ProcessList
        ),
        _ => false,
    }
}

/// Lines of a shell or of `cmd`, continued ones joined.
fn commands(text: &str, language: Language, found: &mut Found<'_>) {
    let continues = if language == Language::Batch {
        '^'
    } else {
        '\\'
    };
    let mut joined = String::new();
    let mut first = 1;
    for (number, line) in (1..).zip(text.lines()) {
        if joined.is_empty() {
            first = number;
        }
        let bare = line.trim();
        let comment = match language {
            Language::Batch => {
                bare.starts_with("::")
                    || bare
                        .get(..4)
                        .is_some_and(|s| s.eq_ignore_ascii_case("rem "))
            }
            _ => bare.starts_with('#'),
        };
        if comment && joined.is_empty() {
            continue;
        }
        match bare.strip_suffix(continues) {
            Some(head) if joined.len() < LINE => {
                joined.push_str(head);
                joined.push(' ');
                continue;
            }
            _ => joined.push_str(bare),
        }
        if !joined.is_empty() {
            found.reading(first, command::read(&joined));
            joined.clear();
        }
    }
    if !joined.is_empty() {
        found.reading(first, command::read(&joined));
    }
}

/// PowerShell line by line for the places, and as a whole for what several lines do together.
fn powershell(text: &str, found: &mut Found<'_>) {
    for (number, line) in (1..).zip(text.lines()) {
        let bare = line.trim();
        if !bare.is_empty() && !bare.starts_with('#') {
            found.reading(number, command::read_powershell(bare));
        }
    }
    // Words that stand far apart in a long script have nothing to do with each other.
    if text.len() > WHOLE {
        return;
    }
    for (kind, detail) in command::read_powershell(text).facts {
        if found.count(kind) == 0 {
            found.add(kind, 0, &detail);
        }
    }
}

/// What names of objects and methods of the script host show.
const HOST: [(&str, FactKind); 14] = [
    ("wscript.shell", FactKind::ProcessStart),
    ("shell.application", FactKind::ProcessStart),
    ("win32_process", FactKind::ProcessStart),
    ("msxml2.xmlhttp", FactKind::NetworkCall),
    ("msxml2.serverxmlhttp", FactKind::NetworkCall),
    ("microsoft.xmlhttp", FactKind::NetworkCall),
    ("winhttp.winhttprequest", FactKind::NetworkCall),
    (".savetofile", FactKind::FileWrite),
    (".regwrite", FactKind::RegistryWrite),
    ("executeglobal", FactKind::ExecDynamic),
    ("execute(", FactKind::ExecDynamic),
    ("msxml2.domdocument", FactKind::DecodeCall),
    ("schedule.service", FactKind::PersistTask),
    ("wscript.sleep", FactKind::LongSleep),
];

fn script_host(text: &str, found: &mut Found<'_>) {
    for (number, line) in (1..).zip(text.lines()) {
        let bare = line.trim();
        if bare.starts_with('\'') || bare.starts_with("//") || bare.is_empty() {
            continue;
        }
        let lower = bare.to_ascii_lowercase();
        for (name, kind) in HOST {
            if lower.contains(name) {
                found.add(kind, number, bare);
            }
        }
        // Quotes inside VBScript's strings are doubled: the pieces between quotes are close enough to its commands.
        for piece in bare
            .split('"')
            .skip(1)
            .step_by(2)
            .filter(|piece| piece.len() > 3)
            .take(200)
        {
            if names_program(piece) {
                found.reading(number, command::read(piece));
            }
        }
        for (kind, detail) in strings::classify(bare) {
            found.add(kind, number, &detail);
        }
    }
}

/// Whether a text begins like a command of Windows.
pub(super) fn names_program(text: &str) -> bool {
    let first = text
        .trim_start()
        .split([' ', '\t'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let stem = first.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = stem.strip_suffix(".exe").unwrap_or(stem);
    matches!(
        stem,
        "cmd"
            | "powershell"
            | "pwsh"
            | "mshta"
            | "wscript"
            | "cscript"
            | "rundll32"
            | "regsvr32"
            | "certutil"
            | "bitsadmin"
            | "curl"
            | "wget"
            | "schtasks"
            | "reg"
            | "sh"
            | "bash"
            | "python"
            | "python3"
            | "pythonw"
            | "nc"
            | "taskkill"
            | "attrib"
            | "netsh"
            | "wmic"
    )
}
