//! Which modules are worth walking by themselves.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

use crate::search::Search;

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

static SEARCH: Search =
    Search::new(|kind| AhoCorasick::builder().kind(Some(kind)).build(WORDS).ok());

/// Whether a module may do something that is a fact.
pub(super) fn is_relevant(text: &str) -> bool {
    // Letters that only look like letters may spell any of the words.
    !text.is_ascii()
        || SEARCH
            .of(text.len())
            .is_none_or(|search| search.is_match(text))
}

/// Whether a module calls something while it is imported and imports from its own distribution: then it runs what
/// others define, whatever its own words.
pub(super) fn calls_own(text: &str, roots: &BTreeSet<&str>) -> bool {
    let (mut imports, mut calls, mut defines) = (false, false, false);
    for line in text.lines() {
        let bare = line.trim_start();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        if let Some(module) = bare
            .strip_prefix("from ")
            .or_else(|| bare.strip_prefix("import "))
        {
            let root = module.trim_start().split([' ', '.', ',', ';']).next();
            imports |= root.is_some_and(|root| root.is_empty() || roots.contains(root));
        }
        if bare.len() == line.len() {
            defines = bare.starts_with("def ") || bare.starts_with("async def ");
            calls |= bare.starts_with('@');
        }
        calls |= !defines && is_call(bare);
        if imports && calls {
            return true;
        }
    }
    false
}

/// Whether a name stands before a bracket somewhere in a line.
fn is_call(line: &str) -> bool {
    line.match_indices('(').any(|(at, _)| {
        line.get(..at)
            .and_then(|before| before.bytes().last())
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_calls_what_it_imports_is_walked() {
        let roots = BTreeSet::from(["pkg"]);
        let calls = |text: &str| calls_own(text, &roots);
        assert!(calls("from ._update import check\ncheck()\n"));
        assert!(calls(
            "import pkg.a\ntry:\n    pkg.a.go()\nexcept Exception: pass\n"
        ));
        assert!(calls("from pkg import thing\n@thing\ndef f(): pass\n"));
        assert!(!calls("from .core import a, b\n__all__ = ['a', 'b']\n"));
        assert!(!calls("from .core import a\ndef f():\n    return a()\n"));
        assert!(!calls("import math\nX = math.sqrt(2)\n"));
    }
}
