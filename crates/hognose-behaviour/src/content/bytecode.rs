//! Bytecode in an artifact: what its names and constants say, and whether its source stands beside it.

use std::collections::HashSet;

use hognose_python::marshal::{self, Code, Module};

use super::strings;
use crate::fact::{Fact, FactKind, Place, Trigger};

/// Most facts of one kind from one file.
const PER_KIND: usize = 12;
/// Names in bytecode that its source lacks, from which they differ.
const MISSING: usize = 1;

/// What is known of the source of a bytecode file.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// The artifact does not hold it.
    Absent,
    /// The artifact holds it; nothing is known of what it says.
    Present,
    /// Every identifier of the source.
    Identifiers(&'a HashSet<String>),
}

/// Notes what a `.pyc` file does and whether it is what its source says.
pub fn facts(path: &str, bytes: &[u8], source: Source<'_>, trigger: Trigger, out: &mut Vec<Fact>) {
    let Some(header) = marshal::header(bytes) else {
        return;
    };
    let module = marshal::read(header.body, header.version);
    let mut found = Found::new(path, trigger);
    match source {
        Source::Absent => {
            found.add(FactKind::BytecodeOnly, 0, version(&header));
            found.module(&module);
        }
        Source::Identifiers(known) => {
            let missing = missing(&module, known);
            if missing.len() >= MISSING {
                found.add(FactKind::BytecodeDiffers, 0, missing.join(", "));
            }
            found.module(&module);
            // The source was judged: what both say is said once.
            if missing.len() < MISSING {
                found.facts.retain(|fact| !says(known, &fact.detail));
            }
        }
        Source::Present => {}
    }
    out.append(&mut found.facts);
}

/// Notes what marshalled code without a header does, as `marshal.loads` takes it.
pub fn marshalled(path: &str, bytes: &[u8], trigger: Trigger, out: &mut Vec<Fact>) {
    let module = marshal::read(bytes, None);
    let mut found = Found::new(path, trigger);
    found.module(&module);
    out.append(&mut found.facts);
}

fn version(header: &marshal::Header<'_>) -> String {
    match header.version {
        Some(marshal::Version(major, minor)) => format!("CPython {major}.{minor}"),
        None => "of an unknown version".to_owned(),
    }
}

/// Names the compiler writes itself.
fn is_made(name: &str) -> bool {
    name.starts_with("__") && name.ends_with("__")
        || name.starts_with(['.', '<'])
        || matches!(
            name,
            "AssertionError" | "NotImplementedError" | "StopIteration" | "annotationlib"
        )
}

/// Names of the bytecode that the source does not contain.
fn missing(module: &Module, known: &HashSet<String>) -> Vec<String> {
    let mut missing: Vec<String> = Vec::new();
    for code in &module.codes {
        // The compiler calls what a comprehension runs over `.0`.
        let names = code.names.iter().chain(&code.variables);
        for name in names.filter(|name| !name.starts_with('.')) {
            // Imports carry dots; private names carry their class.
            for part in name
                .split('.')
                .filter(|part| !part.is_empty() && !is_made(part))
            {
                let plain = part
                    .strip_prefix('_')
                    .and_then(|p| p.split_once("__"))
                    .map_or(part, |(_, rest)| rest);
                let is_known = known.contains(part)
                    || known.contains(plain)
                    || known.contains(&format!("__{plain}"));
                if !is_known && !missing.iter().any(|m| m == part) && missing.len() < PER_KIND {
                    missing.push(part.to_owned());
                }
            }
        }
    }
    missing
}

/// True when every word of a text stands in the source.
fn says(known: &HashSet<String>, text: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .all(|word| word.is_empty() || known.contains(word))
}

/// Names that mean something wherever they stand.
const NAMES: [(&str, FactKind); 62] = [
    ("__import__", FactKind::DynamicImport),
    ("import_module", FactKind::DynamicImport),
    ("subprocess", FactKind::ProcessStart),
    ("Popen", FactKind::ProcessStart),
    ("check_output", FactKind::ProcessStart),
    ("popen", FactKind::ProcessStart),
    ("startfile", FactKind::ProcessStart),
    ("ShellExecuteW", FactKind::ProcessStart),
    ("WinExec", FactKind::ProcessStart),
    ("CREATE_NO_WINDOW", FactKind::ProcessSilent),
    ("urllib.request", FactKind::NetworkCall),
    ("urllib2", FactKind::NetworkCall),
    ("urlopen", FactKind::NetworkCall),
    ("requests", FactKind::NetworkCall),
    ("httpx", FactKind::NetworkCall),
    ("aiohttp", FactKind::NetworkCall),
    ("http.client", FactKind::NetworkCall),
    ("websocket", FactKind::NetworkCall),
    ("urlretrieve", FactKind::DownloadFile),
    ("socket", FactKind::NetworkCall),
    ("smtplib", FactKind::SendMail),
    ("ftplib", FactKind::FtpTransfer),
    ("paramiko", FactKind::FtpTransfer),
    ("gethostbyname", FactKind::DnsLookup),
    ("b64decode", FactKind::DecodeCall),
    ("b85decode", FactKind::DecodeCall),
    ("a85decode", FactKind::DecodeCall),
    ("b32decode", FactKind::DecodeCall),
    ("unhexlify", FactKind::DecodeCall),
    ("fromhex", FactKind::DecodeCall),
    ("decompress", FactKind::Decompress),
    ("Fernet", FactKind::Decrypt),
    ("AES", FactKind::Decrypt),
    ("ChaCha20", FactKind::Decrypt),
    ("ctypes", FactKind::NativeLoad),
    ("windll", FactKind::NativeLoad),
    ("VirtualAlloc", FactKind::NativeMemory),
    ("VirtualProtect", FactKind::NativeMemory),
    ("RtlMoveMemory", FactKind::NativeMemory),
    ("CreateThread", FactKind::NativeMemory),
    ("WriteProcessMemory", FactKind::NativeMemory),
    ("gethostname", FactKind::HostInfo),
    ("getnode", FactKind::HostInfo),
    ("getuser", FactKind::HostInfo),
    ("getlogin", FactKind::HostInfo),
    ("uname", FactKind::HostInfo),
    ("environ", FactKind::EnvRead),
    ("getenv", FactKind::EnvRead),
    ("winreg", FactKind::RegistryWrite),
    ("_winreg", FactKind::RegistryWrite),
    ("ImageGrab", FactKind::Screenshot),
    ("pyautogui", FactKind::Screenshot),
    ("pynput", FactKind::KeyboardHook),
    ("GetAsyncKeyState", FactKind::KeyboardHook),
    ("pyperclip", FactKind::ClipboardRead),
    ("win32crypt", FactKind::BrowserDecrypt),
    ("CryptUnprotectData", FactKind::BrowserDecrypt),
    ("psutil", FactKind::ProcessList),
    ("sounddevice", FactKind::Microphone),
    ("pyaudio", FactKind::Microphone),
    ("cv2.VideoCapture", FactKind::Camera),
    ("VideoCapture", FactKind::Camera),
];

struct Found<'a> {
    path: &'a str,
    trigger: Trigger,
    facts: Vec<Fact>,
}

impl<'a> Found<'a> {
    fn new(path: &'a str, trigger: Trigger) -> Self {
        Self {
            path,
            trigger,
            facts: Vec::new(),
        }
    }

    fn add(&mut self, kind: FactKind, line: u32, detail: impl AsRef<str>) {
        if self.facts.iter().filter(|fact| fact.kind == kind).count() < PER_KIND {
            let fact = Fact::new(
                kind,
                self.trigger,
                Place::line(self.path, line),
                detail.as_ref(),
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

    fn module(&mut self, module: &Module) {
        for code in &module.codes {
            self.code(code);
        }
        for text in &module.strings {
            self.text(text, 0);
        }
        // Layers: marshalled code kept as a constant of marshalled code.
        for bytes in module
            .codes
            .iter()
            .flat_map(|code| &code.bytes)
            .filter(|bytes| bytes.len() > 64)
        {
            if matches!(bytes.as_slice(), [0xe3 | b'c', ..]) && marshal::read(bytes, None).complete
            {
                self.add(
                    FactKind::HiddenCode,
                    0,
                    format!("{} bytes of marshalled code in a constant", bytes.len()),
                );
            }
        }
    }

    fn code(&mut self, code: &Code) {
        let line = code.first_line;
        let has = |name: &str| code.names.iter().any(|n| n == name);
        for (name, kind) in NAMES {
            if has(name) {
                self.add(kind, line, name);
            }
        }
        // `compile` alone may be that of `re`, `eval` that of a data frame; only the built-in pair says more.
        let runs = has("exec") || (has("eval") && has("compile"));
        if runs {
            self.add(FactKind::ExecDynamic, line, "exec");
        }
        if has("system") && has("os") {
            self.add(FactKind::ProcessShell, line, "os.system");
        }
        if has("loads") && has("marshal") {
            self.add(FactKind::MarshalLoad, line, "marshal.loads");
        }
        if has("loads") && (has("pickle") || has("cPickle")) {
            self.add(FactKind::PickleLoad, line, "pickle.loads");
        }
        for text in &code.strings {
            self.text(text, line);
        }
    }

    fn text(&mut self, text: &str, line: u32) {
        for (kind, detail) in strings::classify(text) {
            self.add(kind, line, &detail);
        }
    }
}
