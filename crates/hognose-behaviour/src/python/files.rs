//! Files and folders: what is read, written, copied and deleted, and what it held.

use hognose_python::{Call, Cell, Effect, Site, Taint, Value};

use super::labels as l;
use super::witness::{HIDING, Witness, argument, is_own_path, tainted};
use crate::content::strings;
use crate::fact::FactKind as F;

/// Labels that a file on disk keeps.
const KEPT: Taint = Taint(
    l::CREDENTIAL.0
        | l::SCREEN.0
        | l::KEYS.0
        | l::COMMAND.0
        | l::CLIPBOARD.0
        | l::HOST.0
        | l::ENV_ALL.0
        | l::ENV_SECRET.0,
);

impl Witness {
    pub(super) fn open(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        let mode = call
            .arg(1, "mode")
            .and_then(Cell::as_text)
            .map_or("r", |m| &**m);
        if call.path.contains("TemporaryFile") {
            self.add(site, F::FileWriteTemp, call.path);
            self.ledger(site).opened.push(String::new());
            return tainted(l::WRITTEN);
        }
        let path = call.args.first();
        let path_taint = path.map_or(Taint::NONE, |c| c.taint);
        let text = path.and_then(Cell::as_text).map(ToString::to_string);
        if mode.contains(['w', 'a', 'x', '+']) {
            let ledger = self.ledger(site);
            if ledger.opened.len() < 64 {
                ledger.opened.push(text.clone().unwrap_or_default());
            }
            match &text {
                Some(text) => self.write_place(site, text, path_taint),
                None if path_taint.has(l::OTHERS_FILE) => {
                    self.add(site, F::PatchPackage, call.path);
                }
                None => {}
            }
            return Effect {
                taint: l::WRITTEN,
                washes: l::FILE.and(l::HOME),
                ..Effect::default()
            };
        }
        let mut taint = l::FILE.and(self.kept(site, text.as_deref()));
        if let Some(text) = &text {
            taint = taint.and(credential_label(text));
            let dropped = self.ledger(site).dropped();
            if dropped
                .iter()
                .any(|(path, t)| path == text && t.has(l::NETWORK))
            {
                taint = taint.and(l::NETWORK);
            }
            self.used(site, text);
        }
        // What lies beside the program came with it.
        if path_taint.has(l::ITSELF) {
            taint = taint.and(l::PACKAGE_DATA);
        }
        // Whether the content is a secret hangs on the path; the folders on the way are none.
        Effect {
            taint,
            washes: l::HOME.and(l::HOST).and(l::ENV).and(l::SEARCHED),
            ..Effect::default()
        }
    }

    /// Where a file is written says what for.
    pub(super) fn write_place(&mut self, site: &Site<'_>, path: &str, taint: Taint) {
        let lower = path.to_ascii_lowercase();
        if lower.ends_with(".pth")
            || lower.ends_with("sitecustomize.py")
            || lower.ends_with("usercustomize.py")
        {
            self.add(site, F::PersistSite, path);
        }
        if lower.starts_with("/dev/sd")
            || lower.starts_with("/dev/nvme")
            || lower.contains("physicaldrive")
        {
            self.add(site, F::DiskWipe, path);
        }
        if lower.ends_with("/etc/hosts") || lower.ends_with("\\etc\\hosts") {
            self.add(site, F::SecurityTamper, path);
        }
        let is_code = [".py", ".pyw", ".js", ".so", ".pyd", ".dll"]
            .iter()
            .any(|ending| lower.ends_with(ending));
        if (taint.has(l::OTHERS_FILE) && is_code) || is_others_file(&lower) {
            self.add(site, F::PatchPackage, path);
        }
        if lower.contains(".github/workflows/") && lower.ends_with(".yml")
            || lower.ends_with(".gitlab-ci.yml")
        {
            self.add(site, F::FileWrite, path);
            self.add(site, F::PersistWorkflow, path);
        }
        if is_runnable(&lower) {
            self.add(site, F::FileWriteExecutable, path);
        }
        if taint.has(l::TEMPORARY) || is_temporary(&lower) {
            self.add(site, F::FileWriteTemp, path);
        }
        for (kind, detail) in strings::classify(path) {
            if matches!(
                kind,
                F::PersistCron
                    | F::PersistSystemd
                    | F::PersistLaunchd
                    | F::PersistStartup
                    | F::PersistProfile
                    | F::PersistSshKey
            ) {
                self.add(site, kind, &detail);
            }
        }
    }

    pub(super) fn write(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        // `Path(x).write_bytes(data)` names its file first.
        let is_path = is_own_path(call.path);
        if is_path && let Some(path) = call.args.first().and_then(Cell::as_text) {
            let path = path.to_string();
            self.write_place(
                site,
                &path,
                call.args.first().map_or(Taint::NONE, |c| c.taint),
            );
            self.ledger(site).opened.push(path);
        }
        let data = call.args.get(usize::from(is_path));
        let taint = data.map_or(Taint::NONE, Cell::deep_taint);
        let to_file = call.receiver.has(l::WRITTEN) || call.path.contains("write_");
        if !to_file && !call.path.starts_with("os.write") {
            return Effect::default();
        }
        if taint.has(l::NETWORK) {
            self.add(site, F::DownloadFile, call.path);
        }
        let searched = self.ledger(site).searched || taint.has(l::SEARCHED);
        if taint.has(l::CIPHERED) && searched {
            self.add(site, F::FilesEncrypt, call.path);
        }
        if taint.has(l::NETWORK.and(Taint::DECODED).and(Taint::DECRYPTED)) {
            let ledger = self.ledger(site);
            let paths = ledger.opened.clone();
            if paths.is_empty() {
                ledger.dropped.push((String::new(), taint));
            }
            for path in paths {
                if ledger.dropped.len() < 64 {
                    ledger.dropped.push((path, taint));
                }
            }
        }
        self.written(site, data, taint)
    }

    /// What the written data is: kept for whoever reads the file, text that names things, a program.
    fn written(&mut self, site: &Site<'_>, data: Option<&Cell>, taint: Taint) -> Effect {
        let opened = self.ledger(site).opened.clone();
        for path in opened
            .iter()
            .map(Some)
            .chain(opened.is_empty().then_some(None))
        {
            self.keep_file(site, path.map(String::as_str), taint);
        }
        let text = data.and_then(|c| match &c.value {
            Value::Str(text) => Some(text.to_string()),
            Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        });
        if let Some(text) = &text
            && text.len() < 4_000
        {
            for (kind, detail) in strings::classify(text) {
                if kind.group() != crate::Group::Network {
                    self.add(site, kind, &detail);
                }
            }
        }
        if let Some(text) = text
            && looks_like_python(&text)
        {
            self.add(site, F::FileWrite, "Python source");
            let taint = data.map_or(Taint::NONE, |c| c.taint);
            let path = opened.last().cloned().unwrap_or_default();
            if path.is_empty() || is_temporary(&path.to_ascii_lowercase()) {
                let ledger = self.ledger(site);
                if ledger.scripts.len() < 16 {
                    ledger.scripts.push((path.clone(), text.clone()));
                }
            }
            // A template that is written is no program in hiding.
            if taint.has(HIDING.and(l::NETWORK)) {
                self.drop_file(site, path, taint);
            }
            return Effect {
                programs: vec![("written", text)],
                ..Effect::default()
            };
        }
        Effect::default()
    }

    pub(super) fn delete(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        let Some(path) = call.args.first() else {
            return Effect::default();
        };
        // The interpreter gives `__file__` a path of its own; a path made from it is longer.
        if path.taint.has(l::ITSELF) && path.as_text().is_some_and(|t| self.is_own_file(site, t)) {
            self.add(site, F::SelfDelete, &argument(call, 0));
        }
        let is_tree = call.path.ends_with("rmtree");
        // `/`, the home folder, system folders.
        let whole = path.as_text().is_some_and(|t| {
            matches!(
                &**t,
                "/" | "~" | "C:\\" | "C:/" | "/home" | "/etc" | "/usr" | "/var"
            )
        });
        if whole && is_tree {
            self.add(site, F::FilesDelete, &argument(call, 0));
        } else if path.taint.has(l::SEARCHED) && path.taint.has(l::HOME) {
            self.add(site, F::FilesDelete, call.path);
        }
        Effect::default()
    }

    /// The interpreter gives `__file__` the module's own path.
    pub(super) fn is_own_file(&self, site: &Site<'_>, text: &str) -> bool {
        let inside = |path: &str| {
            path.rsplit_once("!/")
                .map_or(path, |(_, inner)| inner)
                .to_owned()
        };
        text.starts_with('/')
            && self
                .files
                .get(site.module.0 as usize)
                .is_some_and(|file| format!("/{}", inside(file)).ends_with(&inside(text)))
    }

    pub(super) fn copy(&mut self, site: &Site<'_>, call: &Call<'_>) -> Effect {
        let to = call
            .args
            .get(1)
            .and_then(Cell::as_text)
            .map(ToString::to_string);
        if let Some(to) = &to {
            self.write_place(site, to, Taint::NONE);
        }
        let own = call.args.first().filter(|c| c.taint.has(l::ITSELF));
        if let (Some(from), Some(to)) = (own.and_then(Cell::as_text), &to) {
            let ledger = self.ledger(site);
            if ledger.copies.len() < 64 {
                ledger.copies.push((from.to_string(), to.clone()));
            }
        }
        if let Some(from) = call.args.first().and_then(Cell::as_text) {
            let label = credential_label(from);
            self.keep_file(site, to.as_deref(), label);
        }
        if let Some(from) = call.args.first()
            && (from.as_text().is_some_and(|t| {
                let text = t.to_string();
                self.used(site, &text);
                false
            }) || from.taint.has(l::CREDENTIAL)
                || from
                    .as_text()
                    .is_some_and(|t| credential_label(t) != Taint::NONE))
        {
            return tainted(l::CREDENTIAL);
        }
        Effect::default()
    }

    /// Joined paths: known parts are kept around what is not known.
    pub(super) fn path_of(call: &Call<'_>) -> Effect {
        if call.path == "os.path.dirname" {
            let parent = call.args.first().and_then(Cell::as_text).map(|text| {
                let parent = text.rsplit_once('/').map_or("", |(parent, _)| parent);
                Value::Str(parent.into())
            });
            return Effect {
                value: parent,
                ..Effect::default()
            };
        }
        let home = if call.path.contains("expand") {
            l::HOME
        } else {
            Taint::NONE
        };
        if call.path == "os.path.join" {
            let parts: Vec<&str> = call
                .args
                .iter()
                .map(|c| c.as_text().map_or("{}", |t| &**t))
                .collect();
            if parts.iter().any(|p| *p != "{}") {
                let joined = parts.join("/");
                return Effect {
                    value: Some(Value::Str(joined.into())),
                    ..Effect::default()
                };
            }
        }
        Effect {
            value: call
                .args
                .first()
                .filter(|c| c.as_text().is_some())
                .map(|c| c.value.clone()),
            taint: home,
            ..Effect::default()
        }
    }

    /// Remembers the origin of what a file on disk holds.
    pub(super) fn keep_file(&mut self, site: &Site<'_>, path: Option<&str>, taint: Taint) {
        let ledger = self.ledger(site);
        if ledger.kept.len() < 64 && taint.has(KEPT) {
            ledger
                .kept
                .push((path.unwrap_or_default().to_owned(), Taint(taint.0 & KEPT.0)));
        }
    }

    pub(super) fn kept(&mut self, site: &Site<'_>, path: Option<&str>) -> Taint {
        let ledger = self.ledger(site);
        ledger
            .kept
            .iter()
            .filter(|(known, _)| known.is_empty() || path.is_none_or(|p| p == known))
            .fold(Taint::NONE, |t, (_, label)| t.and(*label))
    }

    /// A file was written whose bytes came from elsewhere.
    pub(super) fn drop_file(&mut self, site: &Site<'_>, path: String, taint: Taint) {
        let ledger = self.ledger(site);
        if ledger.dropped.len() < 64 {
            ledger.dropped.push((path, taint));
        }
    }
}

/// Files of other programs that are worth changing.
pub(super) fn is_others_file(path: &str) -> bool {
    [
        "discord_desktop_core",
        "/site-packages/",
        "node_modules/",
        "app.asar",
    ]
    .iter()
    .any(|p| path.contains(p))
}

pub(super) fn is_user_folder(cell: &Cell) -> bool {
    cell.as_text().is_some_and(|text| {
        let lower = text.to_ascii_lowercase();
        ["%userprofile%", "%appdata%", "c:\\users", "/home", "~/"]
            .iter()
            .any(|p| lower.contains(p))
            || lower == "/"
            || lower == "c:\\"
    })
}

/// The label of what a file of this path holds.
pub(super) fn credential_label(path: &str) -> Taint {
    let is_secret = strings::classify(path).iter().any(|(kind, _)| {
        matches!(
            kind,
            F::CredentialRead
                | F::SshRead
                | F::CloudCredentials
                | F::SystemAccounts
                | F::ShellHistory
                | F::BrowserStore
                | F::Keychain
                | F::DiscordToken
                | F::MessengerSession
                | F::GameSession
                | F::Wallet
                | F::TokenFile
        )
    });
    if is_secret {
        l::CREDENTIAL
    } else {
        Taint::NONE
    }
}

fn is_runnable(path: &str) -> bool {
    [
        ".exe", ".bat", ".cmd", ".vbs", ".ps1", ".scr", ".dll", ".sh", ".pyw", ".hta", ".lnk",
        ".pyz",
    ]
    .iter()
    .any(|suffix| path.ends_with(suffix))
}

fn is_temporary(path: &str) -> bool {
    [
        "/tmp/",
        "%temp%",
        "%appdata%",
        "%localappdata%",
        "\\temp\\",
        "/var/tmp/",
        "/dev/shm/",
    ]
    .iter()
    .any(|p| path.contains(p))
}

/// A text that another Python will run once it is in a file.
fn looks_like_python(text: &str) -> bool {
    text.len() > 40
        && (text.contains("import ") || text.contains("exec(") || text.contains("__import__"))
        && (text.contains('(') && text.contains('\n') || text.contains("exec("))
}
