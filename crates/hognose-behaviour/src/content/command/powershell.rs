//! PowerShell: its command line and its language, as far as words show what it does.

use super::{Reader, decode, strings};
use crate::fact::FactKind;

/// Options whose every unambiguous beginning PowerShell accepts, longest beginning that another option shares aside.
const ENCODED: &str = "encodedcommand";
const COMMAND: &str = "command";
const WINDOW: &str = "windowstyle";
const POLICY: &str = "executionpolicy";

/// Reads the words after `powershell`.
pub(super) fn arguments(reader: &mut Reader, words: &[String], depth: u32) {
    let shown = words.join(" ");
    if !is_own_script(words) {
        reader.add(FactKind::Powershell, &shown);
    }
    let mut at = 0;
    // Past the policy to run a script of the project is what batch files of honest projects do; with a command it is
    // a way to run what no policy would let in.
    let mut past_policy = false;
    while let Some(word) = words.get(at) {
        at += 1;
        let Some(option) = option(word) else {
            // The rest is the command.
            if past_policy {
                reader.add(FactKind::PowershellHidden, &shown);
            }
            language(
                reader,
                &words.get(at - 1..).unwrap_or_default().join(" "),
                depth,
            );
            return;
        };
        let value = words.get(at).map(String::as_str).unwrap_or_default();
        if begins(&option, ENCODED, 1) || option == "ec" {
            at += 1;
            encoded(reader, value, depth);
        } else if begins(&option, WINDOW, 1) {
            at += 1;
            if value.to_ascii_lowercase().starts_with('h') || value == "1" {
                reader.add(FactKind::PowershellHidden, &shown);
                reader.add(FactKind::ProcessSilent, &shown);
            }
        } else if begins(&option, POLICY, 2) || option == "ep" {
            at += 1;
            past_policy = ["bypass", "unrestricted"]
                .iter()
                .any(|v| value.eq_ignore_ascii_case(v));
        } else if begins(&option, COMMAND, 1) {
            if past_policy {
                reader.add(FactKind::PowershellHidden, &shown);
            }
            language(
                reader,
                &words.get(at..).unwrap_or_default().join(" "),
                depth,
            );
            return;
        } else if option == "file" || option == "f" {
            let file = value.to_owned();
            reader.runs_file(&file);
            // The rest are the script's own arguments.
            return;
        }
    }
    if past_policy {
        reader.add(FactKind::PowershellHidden, &shown);
    }
}

/// A script beside the program is read by itself.
fn is_own_script(words: &[String]) -> bool {
    matches!(words, [file] if file.to_ascii_lowercase().ends_with(".ps1") && !file.contains(':'))
}

fn option(word: &str) -> Option<String> {
    let name = word.strip_prefix(['-', '/', '\u{2013}', '\u{2014}'])?;
    Some(name.trim_end_matches(':').to_ascii_lowercase())
}

/// Whether an option is a beginning of a name, of a certain length at least.
fn begins(option: &str, name: &str, least: usize) -> bool {
    option.len() >= least && name.starts_with(option)
}

fn encoded(reader: &mut Reader, value: &str, depth: u32) {
    reader.add(FactKind::PowershellHidden, "-EncodedCommand");
    let Some(bytes) = decode::base64(value.as_bytes()) else {
        return;
    };
    let text = decode::utf16(&bytes);
    reader.add(FactKind::HiddenCommand, &text);
    language(reader, &text, depth + 1);
}

/// Words that fetch text or files.
const FETCHES: [&str; 12] = [
    "downloadstring",
    "downloadfile",
    "downloaddata",
    "invoke-webrequest",
    "invoke-restmethod",
    "start-bitstransfer",
    "iwr ",
    "irm ",
    "net.webclient",
    "httpwebrequest",
    "msxml2.xmlhttp",
    "net.http.httpclient",
];

/// What single words show.
const WORDS: [(&str, FactKind); 22] = [
    ("frombase64string", FactKind::DecodeCall),
    ("reflection.assembly]::load", FactKind::ExecDynamic),
    ("virtualalloc", FactKind::NativeMemory),
    ("dllimport", FactKind::NativeLoad),
    ("-windowstyle hidden", FactKind::ProcessSilent),
    ("-w hidden", FactKind::ProcessSilent),
    ("createnowindow", FactKind::ProcessSilent),
    ("-verb runas", FactKind::PrivilegeRise),
    ("register-scheduledtask", FactKind::PersistTask),
    ("new-scheduledtask", FactKind::PersistTask),
    ("get-clipboard", FactKind::ClipboardRead),
    ("set-clipboard", FactKind::ClipboardWrite),
    ("copyfromscreen", FactKind::Screenshot),
    ("get-process", FactKind::ProcessList),
    ("stop-process", FactKind::ProcessKill),
    ("get-childitem env:", FactKind::EnvAll),
    ("gci env:", FactKind::EnvAll),
    ("compress-archive", FactKind::ArchiveCollect),
    ("remove-item -recurse", FactKind::FilesDelete),
    ("stop-computer", FactKind::SystemShutdown),
    ("net.sockets.tcpclient", FactKind::SocketConnect),
    ("get-computerinfo", FactKind::HostInfo),
];

/// Reads PowerShell's language.
pub(super) fn language(reader: &mut Reader, text: &str, depth: u32) {
    if depth > super::DEPTH || text.len() > reader.left || text.is_empty() {
        return;
    }
    reader.left -= text.len();
    let lower = text.replace('`', "").to_ascii_lowercase();
    let has = |needle: &str| lower.contains(needle);
    let fetches = FETCHES.iter().any(|word| has(word));
    let runs_text = has("iex") || has("invoke-expression") || has("[scriptblock]::create");
    if fetches {
        reader.add(FactKind::DownloadCommand, text);
    }
    if fetches && runs_text {
        reader.add(FactKind::DownloadPipeShell, text);
    }
    let starts = has("start-process")
        || has("invoke-item")
        || has("saps ")
        || has("start ")
        || has("& $")
        || has(".start(");
    if starts
        && (has("-outfile") || has("downloadfile") || has("start-bitstransfer") || has("-o "))
        && fetches
    {
        reader.add(FactKind::FlowDownloadRun, text);
    }
    if has("uploadstring")
        || has("uploadfile")
        || has("uploaddata")
        || (fetches && (has("-method post") || has("-body")))
    {
        reader.add(FactKind::NetworkSend, text);
    }
    if has("tcpclient") && has("getstream") && (runs_text || has("cmd")) {
        reader.add(FactKind::ReverseShell, text);
    }
    for (word, kind) in WORDS {
        if has(word) {
            reader.add(kind, text);
        }
    }
    embedded(reader, text, depth);
    reader.names(text);
}

/// Base64 inside the text, when it decodes to text.
fn embedded(reader: &mut Reader, text: &str, depth: u32) {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    for run in text
        .as_bytes()
        .split(|b| !word(*b))
        .filter(|run| run.len() >= 40)
        .take(8)
    {
        if let Some(inner) = decode::base64(run).and_then(|bytes| decode::text(&bytes)) {
            reader.add(FactKind::HiddenCommand, &inner);
            language(reader, &inner, depth + 1);
        }
    }
}

/// Whether a line is PowerShell rather than a command of another shell: a cmdlet, a type, a variable set.
pub(super) fn looks_like(text: &str) -> bool {
    let head = text
        .get(..strings::floor(text, 200))
        .unwrap_or_default()
        .trim_start();
    head.starts_with("[System.")
        || head.starts_with("[Net.")
        || head.starts_with("iex ")
        || head.starts_with("IEX")
        || head.starts_with('$') && head.contains(" = ")
        || head.split([' ', '(']).next().is_some_and(|word| {
            word.split_once('-').is_some_and(|(verb, noun)| {
                [
                    "add", "get", "set", "invoke", "start", "stop", "new", "remove", "register",
                    "import", "out", "write",
                ]
                .iter()
                .any(|v| verb.eq_ignore_ascii_case(v))
                    && noun.starts_with(|c: char| c.is_ascii_uppercase())
            })
        })
}
