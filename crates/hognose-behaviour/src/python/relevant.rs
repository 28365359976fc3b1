//! Which modules are worth walking by themselves.

use aho_corasick::AhoCorasick;

/// Words without one of which a module does nothing that is a fact. Names can be hidden, but not the means of hiding:
/// whoever assembles `exec` needs `getattr`, `globals`, a subscript of `__builtins__`, or an import.
const WORDS: &[&str] = &[
    "exec",
    "eval",
    "compile",
    "__import__",
    "importlib",
    "getattr",
    "globals",
    "locals",
    "vars(",
    "__builtins__",
    "builtins",
    "__dict__",
    "subprocess",
    "popen",
    "system",
    "socket",
    "urllib",
    "requests",
    "httpx",
    "aiohttp",
    "http",
    "ctypes",
    "marshal",
    "pickle",
    "base64",
    "b64",
    "codecs",
    "binascii",
    "fromhex",
    "zlib",
    "lzma",
    "bz2",
    "winreg",
    "environ",
    "getenv",
    "getpass",
    "pynput",
    "keyboard",
    "ImageGrab",
    "screenshot",
    "pyperclip",
    "clipboard",
    "crypt",
    "Fernet",
    "rmtree",
    "unlink",
    "remove(",
    "expanduser",
    "Path.home",
    "tempfile",
    "open(",
    "pip",
    "webbrowser",
    "startfile",
    "spawn",
    "execv",
    "dns",
    "smtp",
    "ftp",
    "paramiko",
    "telegram",
    "discord",
    "webhook",
    "sqlite3",
    "wallet",
    "atexit",
    "runpy",
    "pty",
    "ssl",
    "platform",
    "psutil",
    "os.walk",
    "sys.modules",
    "sys.path",
    "meta_path",
    "__subclasses__",
    "win32com",
    "mmap",
    "fork(",
    // Parameters whose name says what they are worth.
    "secret",
    "passw",
    "access_key",
    "private_key",
    "mnemonic",
    "setup(",
];

/// Finds the words.
pub(super) fn relevant() -> Option<AhoCorasick> {
    AhoCorasick::builder()
        .kind(Some(aho_corasick::AhoCorasickKind::DFA))
        .build(WORDS)
        .ok()
}

/// Whether a module may do something that is a fact.
pub(super) fn is_relevant(filter: &AhoCorasick, text: &str) -> bool {
    // Letters that only look like letters may spell any of the words.
    !text.is_ascii() || filter.is_match(text)
}
