//! What single programs do with their arguments: which program it is, shells and interpreters.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::split::{Joint, Simple};
use super::{Reader, decode, network, powershell, strings, system};
use crate::fact::FactKind::{
    self, DownloadCommand, DownloadPipeShell, EnvAll, ExecConstant, ExecDecoded, FlowDownloadRun,
    HiddenCommand, NativeLoad, PipInstall, PrivilegeRise, ProcessBuild, ProcessDetached,
    ProcessPython, ProcessSilent, SocketListen,
};

/// Words before the program that say something of their own or nothing.
const BEFORE: &[(&str, Option<FactKind>)] = &[
    ("sudo", Some(PrivilegeRise)),
    ("doas", Some(PrivilegeRise)),
    ("pkexec", Some(PrivilegeRise)),
    ("gksudo", Some(PrivilegeRise)),
    ("runas", Some(PrivilegeRise)),
    ("nohup", Some(ProcessDetached)),
    ("setsid", Some(ProcessDetached)),
    ("time", None),
    ("exec", None),
    ("nice", None),
    ("ionice", None),
    ("stdbuf", None),
    ("xargs", None),
    ("call", None),
    ("then", None),
    ("do", None),
    ("else", None),
    ("if", None),
    ("while", None),
    ("!", None),
    ("eval", None),
    ("builtin", None),
    ("env", None),
    ("command", None),
    ("timeout", None),
    ("busybox", None),
];

/// Reads one command; whether it is only a build tool.
pub(super) fn read(reader: &mut Reader, command: &Simple, depth: u32) -> bool {
    let shown = shown(&command.words);
    let (words, prefixed) = strip(reader, &command.words, &shown);
    let Some((first, rest)) = words.split_first() else {
        // Only prefixes and assignments; `env` alone prints everything.
        if command.words.iter().any(|w| w == "env") {
            reader.add(EnvAll, &shown);
            reader.line.environment = true;
        }
        return !prefixed && command.inner.is_empty();
    };
    let program = name(first);
    if reader.reading.program.is_none() {
        reader.reading.program = Some(program.clone());
    }
    if command.background
        && command.joint == Joint::Sequence
        && known(&program) != Some(ProcessBuild)
    {
        reader.add(ProcessDetached, &shown);
    }
    let call = Call {
        program: &program,
        first,
        words: rest,
        shown: &shown,
        piped: command.joint == Joint::Pipe,
        inner: !command.inner.is_empty(),
    };
    if reader.fetched_file(first) {
        reader.add(FlowDownloadRun, &shown);
    }
    let understood = shells(reader, &call, depth)
        || interpreters(reader, &call)
        || network::read(reader, &call)
        || system::persistence(reader, &call)
        || system::files(reader, &call)
        || system::others(reader, &call, depth)
        || system::mines(reader, &call);
    match known(&program) {
        Some(ProcessBuild) if !understood => {
            reader.add(ProcessBuild, &shown);
            printed(reader, &call);
            !prefixed && command.inner.is_empty() && !redirects(reader, &call)
        }
        Some(kind) if kind != ProcessBuild => {
            reader.add(kind, &shown);
            reader.line.environment |= kind == EnvAll;
            false
        }
        _ => false,
    }
}

/// One program with its arguments.
pub(super) struct Call<'a> {
    pub(super) program: &'a str,
    pub(super) first: &'a str,
    pub(super) words: &'a [String],
    pub(super) shown: &'a str,
    pub(super) piped: bool,
    pub(super) inner: bool,
}

impl Call<'_> {
    /// Whether one of the words is among these, in any case.
    pub(super) fn has(&self, words: &[&str]) -> bool {
        self.words
            .iter()
            .any(|w| words.iter().any(|o| w.eq_ignore_ascii_case(o)))
    }

    /// Whether the first word is among these.
    pub(super) fn verb(&self, verbs: &[&str]) -> bool {
        self.words
            .first()
            .is_some_and(|w| verbs.iter().any(|v| w.eq_ignore_ascii_case(v)))
    }

    /// The words after the first of these.
    pub(super) fn after(&self, words: &[&str]) -> Option<&[String]> {
        let at = self
            .words
            .iter()
            .position(|w| words.iter().any(|o| w.eq_ignore_ascii_case(o)))?;
        self.words.get(at + 1..)
    }

    /// The first word that is neither an option nor says where input or output goes.
    fn script(&self) -> Option<&String> {
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            let target = word.trim_start_matches(['1', '2', '&']);
            if matches!(target, ">" | ">>" | "<") {
                words.next();
            } else if !target.starts_with(['>', '<']) && !word.starts_with('-') {
                return Some(word);
            }
        }
        None
    }

    /// Words that are no options.
    pub(super) fn operands(&self) -> impl Iterator<Item = &String> {
        self.words.iter().filter(|w| !w.starts_with('-'))
    }
}

fn shown(words: &[String]) -> String {
    let mut text = String::new();
    for word in words {
        if text.len() > 400 {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word.get(..strings::floor(word, 400)).unwrap_or_default());
    }
    text
}

/// The program's name: lower case, without folder and ending.
fn name(word: &str) -> String {
    let name = word
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or(word)
        .trim_start_matches('@');
    let lower = name
        .get(..strings::floor(name, 100))
        .unwrap_or_default()
        .to_ascii_lowercase();
    match lower.rsplit_once('.') {
        Some((stem, "exe" | "com")) => stem.to_owned(),
        _ => lower,
    }
}

/// What the start of a program alone is evidence of.
fn known(program: &str) -> Option<FactKind> {
    PROGRAMS.get(program).copied().or_else(|| {
        let compiler = ["gcc-", "g++-", "clang-"]
            .iter()
            .any(|c| program.starts_with(c));
        (compiler || program.ends_with("-config")).then_some(ProcessBuild)
    })
}

static PROGRAMS: LazyLock<HashMap<&str, FactKind>> = LazyLock::new(|| {
    let mut kind = None;
    let mut programs = HashMap::new();
    for line in include_str!("programs.txt")
        .lines()
        .filter(|line| !line.starts_with("# "))
    {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            kind = FactKind::parse(name);
        } else if let Some(kind) = kind {
            programs.extend(line.split_whitespace().map(|program| (program, kind)));
        }
    }
    programs
});

/// The words from the program on, and whether a word before it said something.
fn strip<'a>(reader: &mut Reader, words: &'a [String], shown: &str) -> (&'a [String], bool) {
    let mut words = words;
    let mut said = false;
    while let Some((first, rest)) = words.split_first() {
        let lower = name(first);
        if let Some((_, kind)) = BEFORE.iter().find(|(name, _)| *name == lower) {
            if let Some(kind) = kind {
                reader.add(*kind, shown);
                said = true;
            }
            words = rest;
            while words.len() > 1
                && words
                    .first()
                    .is_some_and(|w| w.starts_with('-') || w.bytes().all(|b| b.is_ascii_digit()))
            {
                words = words.get(1..).unwrap_or_default();
            }
        } else if lower == "start" {
            said = true;
            if rest
                .iter()
                .any(|w| w.eq_ignore_ascii_case("/b") || w.eq_ignore_ascii_case("/min"))
            {
                reader.add(ProcessSilent, shown);
            }
            let skip = rest
                .iter()
                .take_while(|w| w.is_empty() || w.starts_with('/'))
                .count();
            words = rest.get(skip..).unwrap_or_default();
        } else if is_assignment(first) {
            if first.starts_with("LD_PRELOAD=") || first.starts_with("DYLD_INSERT_LIBRARIES=") {
                reader.add(NativeLoad, first);
                said = true;
            }
            words = rest;
        } else {
            break;
        }
    }
    (words, said)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !name.starts_with(|c: char| c.is_ascii_digit())
    })
}

fn shells(reader: &mut Reader, call: &Call<'_>, depth: u32) -> bool {
    match call.program {
        "sh" | "bash" | "zsh" | "dash" | "ksh" | "ash" | "fish" | "csh" | "tcsh" => {
            into_interpreter(reader, call);
            if let Some(text) = unix_command(call) {
                if call.inner
                    && reader.line.files.is_empty()
                    && reader
                        .reading
                        .facts
                        .iter()
                        .any(|(k, _)| *k == DownloadCommand)
                {
                    reader.add(DownloadPipeShell, call.shown);
                }
                reader.line(&text, depth + 1);
            } else if let Some(file) = call.operands().next() {
                reader.runs_file(&file.clone());
                if call.inner
                    && reader
                        .reading
                        .facts
                        .iter()
                        .any(|(k, _)| *k == DownloadCommand)
                {
                    reader.add(DownloadPipeShell, call.shown);
                }
            }
        }
        "cmd" => {
            if let Some(rest) = call.after(&["/c", "/k", "/r", "-c"]) {
                reader.line(&rest.join(" "), depth + 1);
            }
        }
        "powershell" | "pwsh" | "powershell_ise" => {
            powershell::arguments(reader, call.words, depth);
        }
        _ if powershell::looks_like(call.shown) => powershell::language(reader, call.shown, depth),
        _ => return false,
    }
    true
}

/// The text after `-c`, `-lc`, `-ic`.
fn unix_command(call: &Call<'_>) -> Option<String> {
    let at = call.words.iter().position(|w| {
        w.len() <= 5 && w.starts_with('-') && !w.starts_with("--") && w.ends_with('c')
    })?;
    call.words.get(at + 1).cloned()
}

/// Notes what is piped into an interpreter.
fn into_interpreter(reader: &mut Reader, call: &Call<'_>) {
    // With a script or code of its own, what comes through the pipe is data.
    let own = unix_command(call).is_some()
        || call.has(&["-m", "-e"])
        || call.script().is_some_and(|first| !first.starts_with('#'))
            && !call.has(&["-s", "-", "--"]);
    if !call.piped || own {
        return;
    }
    if reader.line.fetched {
        reader.add(DownloadPipeShell, call.shown);
    }
    if reader.line.decoded {
        reader.add(ExecDecoded, call.shown);
    }
    if let Some(text) = reader.line.printed.take() {
        let text = if reader.line.decoded {
            decode::base64(text.as_bytes()).and_then(|b| decode::text(&b))
        } else {
            Some(text)
        };
        let Some(text) = text else { return };
        if reader.line.decoded {
            reader.add(HiddenCommand, &text);
        }
        if call.program.starts_with("python") {
            reader.reading.python.push(text);
        } else {
            reader.line(&text, super::DEPTH);
        }
    }
}

fn interpreters(reader: &mut Reader, call: &Call<'_>) -> bool {
    let program = call.program;
    if program.starts_with("python") || program == "py" || program == "pypy" || program == "pypy3" {
        python(reader, call);
        return true;
    }
    match program {
        "perl" | "ruby" | "php" | "lua" | "node"
            if call.has(&["-e", "-r", "-ne"]) || call.piped =>
        {
            into_interpreter(reader, call);
            reader.add(ExecConstant, call.shown);
        }
        "pip" | "pip3" | "pipx" | "conda" | "mamba" | "uv" => {
            if call.has(&["install", "add"]) {
                reader.add(PipInstall, call.shown);
            }
        }
        _ if program.starts_with("pip3.") || program.starts_with("pip2") => {
            reader.add(PipInstall, call.shown);
        }
        _ => return false,
    }
    true
}

fn python(reader: &mut Reader, call: &Call<'_>) {
    reader.add(ProcessPython, call.shown);
    if call.program.starts_with("pythonw") {
        reader.add(ProcessSilent, call.shown);
    }
    into_interpreter(reader, call);
    // `-Ic`, `-Sc`: options may stand together, the last takes the code.
    let code = call.words.iter().position(|w| {
        w.len() <= 8 && w.starts_with('-') && !w.starts_with("--") && w.ends_with('c')
    });
    if let Some(code) = code.and_then(|at| call.words.get(at + 1)) {
        reader.reading.python.push(code.clone());
        return;
    }
    match call.after(&["-m"]) {
        Some([module, rest @ ..]) => match module.as_str() {
            "pip" | "pip3" if rest.iter().any(|w| w == "install") => {
                reader.add(PipInstall, call.shown);
            }
            "ensurepip" | "easy_install" => reader.add(PipInstall, call.shown),
            "http.server" | "SimpleHTTPServer" => reader.add(SocketListen, call.shown),
            _ => {}
        },
        _ => {
            if let Some(file) = call.operands().next() {
                reader.runs_file(&file.clone());
            }
        }
    }
}

/// What `echo` and `printf` hand to the next command of the pipe.
fn printed(reader: &mut Reader, call: &Call<'_>) {
    if call.program == "echo" {
        let text: Vec<_> = call.operands().map(String::as_str).collect();
        reader.line.printed = Some(text.join(" "));
    }
}

/// Whether what a command prints is added to a file that makes something start again.
fn redirects(reader: &mut Reader, call: &Call<'_>) -> bool {
    let mut words = call.words.iter();
    let mut found = false;
    while let Some(word) = words.next() {
        let Some(target) = word.strip_prefix(">>").or_else(|| word.strip_prefix('>')) else {
            continue;
        };
        let target = if target.is_empty() {
            words.next().map_or("", |w| w.as_str())
        } else {
            target
        };
        for (kind, _) in strings::classify(target) {
            if kind.group() == crate::Group::Persistence {
                reader.add(kind, call.shown);
                found = true;
            }
        }
    }
    found
}

impl Reader {
    /// Notes that a file is run, when this line fetched it.
    pub(super) fn runs_file(&mut self, file: &str) {
        if self.fetched_file(file) {
            self.add(FlowDownloadRun, file);
        }
    }

    fn fetched_file(&self, file: &str) -> bool {
        let file = network::base(file);
        !file.is_empty() && self.line.files.iter().any(|f| f == file)
    }
}
