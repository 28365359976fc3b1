//! Installers and shortcuts: files that a desktop opens, not Python.

use super::{binary, command};
use crate::fact::{Fact, FactKind, Place, Trigger};

/// The header of a shortcut of Windows.
const SHORTCUT: &[u8] = b"L\0\0\0\x01\x14\x02\0";
/// Most bytes of a shortcut whose text is read.
const TEXT: usize = 256 << 10;

/// Notes an installer or a shortcut, and what the command of a shortcut does. False for other files.
pub(crate) fn facts(path: &str, bytes: &[u8], trigger: Trigger, out: &mut Vec<Fact>) -> bool {
    let ending = path
        .rsplit_once('.')
        .map_or("", |(_, ending)| ending)
        .to_ascii_lowercase();
    let is_shortcut = bytes.starts_with(SHORTCUT);
    let is_installer = matches!(
        ending.as_str(),
        "msi" | "dmg" | "deb" | "rpm" | "apk" | "scr"
    );
    if !(is_shortcut || is_installer && bytes.len() > 1_024) {
        return false;
    }
    let mut add =
        |kind, detail: &str| out.push(Fact::new(kind, trigger, Place::file(path), detail));
    add(
        FactKind::InstallerFile,
        if is_shortcut { "shortcut" } else { &ending },
    );
    if is_shortcut {
        let text = binary::text(bytes.get(..bytes.len().min(TEXT)).unwrap_or_default());
        for line in text.lines().filter(|line| line.contains(' ')).take(100) {
            // What stands before the command is a path of its own.
            let start = ["cmd.exe", "powershell", "mshta", "wscript", "rundll32"]
                .iter()
                .filter_map(|program| line.to_ascii_lowercase().find(program))
                .min();
            let Some(command) = start.and_then(|at| line.get(at..)) else {
                continue;
            };
            for (kind, detail) in command::read(command).facts {
                add(kind, &detail);
            }
        }
    }
    true
}
