//! Functions that implants import together. One alone is in every honest library.

use std::collections::HashSet;

use object::{BinaryFormat, Object, ObjectSymbol};

/// Size above which a binary is a framework that imports everything.
const SMALL: usize = 4 << 20;
/// Size below which a library that connects and starts shells is made for that.
const TINY: usize = 200 * 1024;

/// What combinations of imports mean.
pub(super) fn judge(file: &object::File<'_>, size: usize) -> Vec<&'static str> {
    let names = names(file);
    let has = |name: &str| names.contains(name);
    // Windows has two spellings of functions that take text.
    let either = |name: &str| {
        has(name) || names.contains(&format!("{name}A")) || names.contains(&format!("{name}W"))
    };
    let mut reasons = Vec::new();
    if file.format() == BinaryFormat::Pe {
        let remote = has("CreateRemoteThread")
            || has("SetThreadContext")
            || has("QueueUserAPC")
            || has("NtCreateThreadEx")
            || has("RtlCreateUserThread");
        if has("WriteProcessMemory") && remote {
            reasons.push("writes into other processes and runs code there");
        }
        let internet = either("InternetOpen") || has("WinHttpOpen") || either("InternetOpenUrl");
        let starts = either("CreateProcess")
            || either("ShellExecute")
            || has("WinExec")
            || either("ShellExecuteEx");
        if either("URLDownloadToFile") || (internet && starts && size < SMALL) {
            reasons.push("downloads and starts programs");
        }
        if either("SetWindowsHookEx") && has("GetKeyState") && internet && size < SMALL {
            reasons.push("listens to the keyboard and reaches the network");
        }
        if has("CryptUnprotectData") && internet && size < SMALL {
            reasons.push("decrypts what the system keeps for its user and reaches the network");
        }
    } else {
        if has("memfd_create") && (has("fexecve") || has("execveat")) {
            reasons.push("runs programs from memory");
        }
        if has("ptrace") && (has("process_vm_writev") || has("mprotect")) && size < SMALL {
            reasons.push("writes into other processes");
        }
        let shell = has("execve") || has("execl") || has("system") || has("execvp") || has("popen");
        if has("connect") && has("dup2") && shell && size < TINY {
            reasons.push("connects and starts programs on the connection");
        }
    }
    reasons
}

fn names(file: &object::File<'_>) -> HashSet<String> {
    let mut names = HashSet::new();
    let mut take = |name: &[u8]| {
        if let Ok(name) = std::str::from_utf8(name) {
            // Symbols of macOS begin with an underscore.
            let name = if file.format() == BinaryFormat::MachO {
                name.strip_prefix('_').unwrap_or(name)
            } else {
                name
            };
            names.insert(name.to_owned());
        }
    };
    if file.format() == BinaryFormat::Pe {
        for import in file.imports().unwrap_or_default().iter().take(super::MANY) {
            take(import.name());
        }
    } else {
        for symbol in file
            .dynamic_symbols()
            .chain(file.symbols())
            .take(super::MANY)
        {
            if symbol.is_undefined() {
                take(symbol.name_bytes().unwrap_or_default());
            }
        }
    }
    names
}
