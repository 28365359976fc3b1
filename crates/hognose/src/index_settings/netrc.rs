//! `netrc`: user and password per host, as ftp, curl, pip and uv read it.

use std::path::PathBuf;

use hognose_index::IndexUrl;

use super::files::limited;
use super::secrets::Secret;
use crate::surroundings::Surroundings;

/// Larger than any a person writes.
const MAX_FILE: u64 = 1 << 20;

/// The entries of a file, in order.
#[derive(Debug, Default)]
pub(super) struct Netrc {
    entries: Vec<Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    /// None for `default`.
    host: Option<String>,
    login: String,
    password: Option<Secret>,
}

impl Netrc {
    /// The file that `NETRC` names, else the one in the user's directory. One that cannot be read is none, as with pip:
    /// an index that wants a password says so. Who may read it is not looked at, as with pip.
    pub(super) fn find(surroundings: &Surroundings) -> Self {
        let home = surroundings
            .variable("HOME")
            .or_else(|| surroundings.variable("USERPROFILE"));
        let paths: Vec<PathBuf> = match (surroundings.variable("NETRC"), home) {
            (Some(named), _) => vec![PathBuf::from(named)],
            (None, Some(home)) => [".netrc", "_netrc"]
                .map(|n| PathBuf::from(home).join(n))
                .into(),
            (None, None) => Vec::new(),
        };
        let file = paths.into_iter().find(|path| path.is_file());
        let read = file.and_then(|path| limited(&path, MAX_FILE).ok());
        let text = read.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        text.map(|text| Self::parse(&text)).unwrap_or_default()
    }

    /// User and password for exactly this host, and for this user where one is known; what stands last counts, as with
    /// Python's reader. `default` counts where nothing else does and it is let.
    pub(super) fn of(
        &self,
        host: &str,
        user: Option<&str>,
        default: bool,
    ) -> Option<(&str, &Secret)> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let fits = |entry: &&Entry| user.is_none_or(|user| entry.login == user);
        let of = |wanted: Option<&str>| {
            let mut all = self.entries.iter().rev().filter(fits);
            all.find(|entry| entry.host.as_deref() == wanted)
        };
        let found = of(Some(bare)).or_else(|| of(None).filter(|_| default))?;
        Some((&found.login, found.password.as_ref()?))
    }

    /// Every host, as an address on the usual port of `https`: an index may keep its files on another host.
    pub(super) fn hosts(&self) -> impl Iterator<Item = IndexUrl> {
        self.entries.iter().rev().filter_map(|entry| {
            let host = entry.host.as_deref()?;
            let url = IndexUrl::parse(&format!("https://{host}/")).ok()?;
            (url.host() == host).then_some(())?;
            Some(url.with_credentials(&entry.login, &entry.password.as_ref()?.0))
        })
    }

    /// Reads what can be read; what is no entry is passed over.
    fn parse(text: &str) -> Self {
        let mut words = Words {
            rest: text,
            fresh: true,
        };
        let mut out: Vec<Entry> = Vec::new();
        while let Some(word) = words.next() {
            match word.as_str() {
                "machine" => out.push(Entry {
                    host: Some(words.next().unwrap_or_default().to_lowercase()),
                    ..Entry::default()
                }),
                "default" => out.push(Entry::default()),
                // A macro goes on to the next empty line.
                "macdef" => words.skip_macro(),
                "login" | "user" => {
                    let login = words.next().unwrap_or_default();
                    if let Some(entry) = out.last_mut() {
                        entry.login = login;
                    }
                }
                "password" => {
                    let password = words.next().map(Secret);
                    if let Some(entry) = out.last_mut() {
                        entry.password = password;
                    }
                }
                "account" => drop(words.next()),
                comment if comment.starts_with('#') => words.skip_line(),
                _ => {}
            }
        }
        Self { entries: out }
    }
}

/// Words between blanks; quotes hold blanks together, `\` takes the next character as it is.
struct Words<'t> {
    rest: &'t str,
    /// No line ended within the last word.
    fresh: bool,
}

impl Words<'_> {
    fn skip_line(&mut self) {
        // A comment that was one word ended with its line.
        if self.fresh {
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            self.rest = self.rest.get(end..).unwrap_or_default();
        }
    }

    fn skip_macro(&mut self) {
        let end = self.rest.find("\n\n").unwrap_or(self.rest.len());
        self.rest = self.rest.get(end..).unwrap_or_default();
    }
}

impl Iterator for Words<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let start = self.rest.trim_start();
        let mut chars = start.char_indices().peekable();
        let quoted = start.starts_with('"');
        if quoted {
            chars.next();
        }
        let mut out = String::new();
        let mut end = start.len();
        self.fresh = true;
        while let Some((at, c)) = chars.next() {
            match c {
                '"' if quoted => {
                    end = at + 1;
                    break;
                }
                c if !quoted && c.is_whitespace() => {
                    end = at;
                    self.fresh = c != '\n';
                    break;
                }
                '\\' => out.extend(chars.next().map(|(_, c)| c)),
                c => out.push(c),
            }
        }
        self.rest = start.get(end..).unwrap_or_default();
        (!start.is_empty()).then_some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, host: &str, user: Option<&str>) -> Option<String> {
        let netrc = Netrc::parse(text);
        let (login, password) = netrc.of(host, user, true)?;
        Some(format!("{login}:{}", password.0))
    }

    #[test]
    fn hosts_are_bound_exactly() {
        let text = "# machine no.example login a password b\n#\nmachine index.example login me password \"p a\\\"ss\"\n\
                    machine Two.example\n\tlogin one password 1\nmachine two.example login two account x password #2\n\
                    macdef init\nmachine evil.example login a password b\n\nmachine last.example login l password p";
        let found = |host| of(text, host, None);
        assert_eq!(found("index.example").as_deref(), Some("me:p a\"ss"));
        assert_eq!(found("two.example").as_deref(), Some("two:#2"));
        assert_eq!(
            of(text, "two.example", Some("one")).as_deref(),
            Some("one:1")
        );
        assert_eq!(found("last.example").as_deref(), Some("l:p"));
        for no in [
            "no.example",
            "evil.example",
            "sub.index.example",
            "example",
            "",
        ] {
            assert_eq!(found(no), None, "{no}");
        }
        let default = "machine a.example login x password y\ndefault login d password e";
        assert_eq!(of(default, "b.example", None).as_deref(), Some("d:e"));
        assert_eq!(of(default, "a.example", None).as_deref(), Some("x:y"));
        assert_eq!(of("machine a.example login x", "a.example", None), None);
    }

    #[test]
    fn secrets_do_not_show() {
        let netrc = Netrc::parse("machine a.example login me password hidden");
        assert!(!format!("{netrc:?}").contains("hidden"));
        let hosts: Vec<IndexUrl> = netrc.hosts().collect();
        assert!(hosts.len() == 1 && !format!("{hosts:?}").contains("hidden"));
        let odd =
            Netrc::parse("machine a.example/x login me password p machine a:1 login me password p");
        assert_eq!(odd.hosts().count(), 0);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in "(machine|login|password|default|macdef|#|\"|\\\\|\n| |[a-z\u{e9}]){0,60}") {
            let netrc = Netrc::parse(&text);
            let _ = (netrc.of("a", None, true), netrc.hosts().count());
        }
    }
}
