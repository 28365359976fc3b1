//! Programs that stay, that change files and that ask the system.

use super::Reader;
use super::programs::Call;
use crate::fact::FactKind::{
    ArchiveCollect, DecodeCall, DiskWipe, EnvAll, FileRead, FileSearch, FilesDelete, HideFile,
    HostInfo, LivingOffLand, MarkExecutable, Miner, OpenBrowser, PasswordPrompt, PersistCron,
    PersistLaunchd, PersistSystemd, PersistTask, PrivilegeRise, ProcessKill, ProcessList,
    RegistryWrite, SecurityTamper, SystemShutdown, WifiPasswords,
};

/// Programs that make something start again.
pub(super) fn persistence(reader: &mut Reader, call: &Call<'_>) -> bool {
    let kind = match call.program {
        "schtasks" => call
            .has(&["/create", "-create", "/change"])
            .then_some(PersistTask),
        "reg" => match call
            .words
            .first()
            .map(|w| w.to_ascii_lowercase())
            .as_deref()
        {
            Some("add" | "import" | "delete") => Some(RegistryWrite),
            Some("save" | "query" | "export") => Some(HostInfo),
            _ => None,
        },
        "sc" => call.has(&["create"]).then_some(PersistTask),
        "crontab" => (!call.has(&["-l"])).then_some(PersistCron),
        "systemctl" => call
            .has(&["enable", "link", "reenable"])
            .then_some(PersistSystemd),
        "update-rc.d" | "chkconfig" | "rc-update" => Some(PersistSystemd),
        "launchctl" => call
            .verb(&["load", "bootstrap", "submit", "enable", "start"])
            .then_some(PersistLaunchd),
        "at" => (!call.words.is_empty()).then_some(PersistTask),
        _ => return false,
    };
    if let Some(kind) = kind {
        reader.add(kind, call.shown);
    }
    true
}

/// Programs that read, change and delete files.
pub(super) fn files(reader: &mut Reader, call: &Call<'_>) -> bool {
    if destruction(reader, call) {
        return true;
    }
    match call.program {
        "chmod" => chmod(reader, call),
        "attrib" => {
            if call
                .words
                .iter()
                .any(|w| w.to_ascii_lowercase().starts_with("+h"))
            {
                reader.add(HideFile, call.shown);
            }
        }
        "chflags" => reader.add(HideFile, call.shown),
        "cat" | "type" | "more" | "less" | "head" | "tail" | "strings" | "xxd" | "od" => {
            reader.add(FileRead, call.shown);
        }
        "base64" | "openssl" | "base32" | "gunzip" | "xxd.exe" => {
            if call.has(&["-d", "-D", "--decode", "-di"]) || call.program == "gunzip" {
                reader.add(DecodeCall, call.shown);
                reader.line.decoded = true;
            }
        }
        "tar" | "zip" | "7z" | "7za" | "rar" => {
            if call.program == "zip"
                || call.words.first().is_some_and(|w| {
                    w.trim_start_matches('-').starts_with(['c', 'a']) && !w.contains('x')
                })
            {
                reader.add(ArchiveCollect, call.shown);
            }
        }
        "find" | "locate" | "mdfind" => reader.add(FileSearch, call.shown),
        _ => return false,
    }
    true
}

/// Programs that delete and overwrite.
fn destruction(reader: &mut Reader, call: &Call<'_>) -> bool {
    match call.program {
        "rm" => {
            if call
                .words
                .iter()
                .any(|w| w.starts_with('-') && w.contains(['r', 'R']))
                && (call.operands().any(|w| is_everything(w)) || call.has(&["--no-preserve-root"]))
            {
                reader.add(FilesDelete, call.shown);
            }
        }
        "del" | "erase" | "rd" | "rmdir" | "deltree" => {
            if call.has(&["/s"]) && call.operands().any(|w| is_everything(w)) {
                reader.add(FilesDelete, call.shown);
            }
        }
        "format" => reader.add(DiskWipe, call.shown),
        "dd" => {
            if call
                .words
                .iter()
                .any(|w| w.starts_with("of=/dev/") && !w.contains("null"))
            {
                reader.add(DiskWipe, call.shown);
            }
        }
        "vssadmin" | "wbadmin" => {
            if call.has(&["delete", "resize"]) {
                reader.add(DiskWipe, call.shown);
            }
        }
        _ => return false,
    }
    true
}

/// A root, a home or all files in one.
fn is_everything(word: &str) -> bool {
    let word = word
        .trim_end_matches("*.*")
        .trim_end_matches('*')
        .to_ascii_lowercase();
    let bare = word.trim_end_matches(['/', '\\']);
    // A drive.
    if let [letter, b':'] = bare.as_bytes()
        && letter.is_ascii_alphabetic()
    {
        return true;
    }
    matches!(
        bare,
        "" | "~"
            | "$home"
            | "${home}"
            | "%userprofile%"
            | "c:"
            | "/home"
            | "/root"
            | "/etc"
            | "/usr"
            | "/var"
            | "/users"
            | "c:\\users"
            | "c:\\windows"
            | "%systemroot%"
            | "%appdata%"
            | "/boot"
    ) && (!word.is_empty() || bare.is_empty())
}

fn chmod(reader: &mut Reader, call: &Call<'_>) {
    let Some(mode) = call.operands().next() else {
        return;
    };
    let digits = mode.len() <= 4 && mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
    if mode.contains("+s") || (digits && mode.len() == 4 && mode.starts_with(['4', '6', '2'])) {
        reader.add(PrivilegeRise, call.shown);
    } else if mode.contains("+x")
        || mode.contains("+rx")
        || mode.contains("=rwx")
        || (digits && mode.ends_with(['1', '3', '5', '7']))
    {
        reader.add(MarkExecutable, call.shown);
    }
}

/// A pool and an account: what every miner is told, whatever it is called.
pub(super) fn mines(reader: &mut Reader, call: &Call<'_>) -> bool {
    let pool = |word: &String| {
        word.rsplit_once(':').is_some_and(|(host, port)| {
            host.contains('.')
                && (2..=5).contains(&port.len())
                && port.bytes().all(|b| b.is_ascii_digit())
        })
    };
    let mines = call
        .after(&["-o", "--pool"])
        .and_then(<[String]>::first)
        .is_some_and(pool)
        && call.has(&["-u", "--user", "--wallet"]);
    if mines {
        reader.add(Miner, call.shown);
    }
    mines
}

/// Programs that ask the system, and the rest.
pub(super) fn others(reader: &mut Reader, call: &Call<'_>, depth: u32) -> bool {
    match call.program {
        "uname" if call.has(&["-a", "-n"]) => reader.add(HostInfo, call.shown),
        "ip" => reader.add(HostInfo, call.shown),
        "net" if call.verb(&["user", "localgroup", "group", "view", "config", "share"]) => {
            reader.add(
                if call.has(&["/add"]) {
                    PrivilegeRise
                } else {
                    HostInfo
                },
                call.shown,
            );
        }
        "net" | "sc.exe" if call.verb(&["stop"]) => reader.add(ProcessKill, call.shown),
        "netsh" if call.has(&["wlan"]) => reader.add(WifiPasswords, call.shown),
        "wmic" => {
            if call.has(&["process"]) {
                reader.add(
                    if call.has(&["create"]) {
                        LivingOffLand
                    } else {
                        ProcessList
                    },
                    call.shown,
                );
            } else {
                reader.add(HostInfo, call.shown);
            }
        }
        "set" | "export" | "declare" if call.words.is_empty() || call.verb(&["-p", "-x"]) => {
            reader.add(EnvAll, call.shown);
        }
        "kill" => reader.add(ProcessKill, call.shown),
        "init" if call.verb(&["0", "6"]) => reader.add(SystemShutdown, call.shown),
        "su" => {
            reader.add(PrivilegeRise, call.shown);
            if let Some([text, ..]) = call.after(&["-c"]) {
                let text = text.clone();
                reader.line(&text, depth + 1);
            }
        }
        "osascript" if call.shown.contains("hidden answer") => {
            reader.add(PasswordPrompt, call.shown);
        }
        "history" if call.has(&["-c"]) => reader.add(SecurityTamper, call.shown),
        "open" | "xdg-open" | "explorer" | "gnome-open" | "sensible-browser" | "chrome"
        | "firefox" | "msedge" => {
            if call.words.iter().any(|w| w.contains("://")) {
                reader.add(OpenBrowser, call.shown);
            }
        }
        // Opened with `start`, which chose the browser for it.
        _ if call.first.starts_with("http://") || call.first.starts_with("https://") => {
            reader.add(OpenBrowser, call.shown);
        }
        _ => return false,
    }
    true
}
