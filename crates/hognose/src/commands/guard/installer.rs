//! What an installer's arguments say of indexes: they count more than variables, so they are taken out and become
//! upstreams.

use std::ffi::{OsStr, OsString};

use super::command::{Call, Tool, call};
use super::grammar::{Grammar, Role};
use super::shell::assigned;
use super::wrapped::foreign;
use crate::cli::ServeArgs;
use crate::error::Failure;

/// A command without the indexes that its arguments name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lifted {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    /// The index that was named.
    pub(super) index: Option<String>,
    /// Further ones.
    pub(super) extra: Vec<String>,
    /// Files that say what to install.
    pub(super) files: Vec<Listed>,
    /// Commands that the command runs.
    pub(super) within: Vec<(Tool, Vec<String>)>,
    /// What the guard does not see of it.
    pub(super) notices: Vec<String>,
    /// What runs, and how many of the arguments are not its own.
    pub(super) tool: Tool,
    pub(super) lead: usize,
    /// The search path without shims, where a shim started this.
    pub(super) search: Option<OsString>,
}

/// A file that says what to install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) path: String,
    /// What it has under extras and groups is installed too.
    pub(super) optional: bool,
}

impl Lifted {
    /// The program is a shim: the one behind it is meant.
    pub(super) fn stands_for(&mut self, path: &OsStr) -> Result<(), Failure> {
        let behind = super::shims::program(&self.program, path).ok_or_else(|| {
            let name = self.program.to_string_lossy();
            Failure::usage(format!("there is no {name} behind its shim"))
        })?;
        self.program = behind.into_os_string();
        self.search = Some(path.to_owned());
        Ok(())
    }

    /// Whether it, or a command within it, cannot do its work without asking an index.
    pub(super) fn resolves(&self) -> bool {
        let mut within = self.within.iter();
        super::locks::resolves(self.tool, &self.own())
            || within.any(|(tool, words)| super::locks::resolves(*tool, words))
    }

    /// The words of the tool itself.
    pub(super) fn own(&self) -> Vec<String> {
        let own = self.arguments.iter().skip(self.lead);
        own.map(|w| w.to_string_lossy().into_owned()).collect()
    }
}

/// Takes indexes out of a command's arguments, and refuses what would lead past the guard.
pub(super) fn lift(command: &[OsString]) -> Result<Lifted, Failure> {
    let (Call { tool, lead }, skipped) = behind_wrappers(command);
    let mut out = Lifted {
        tool,
        lead: skipped + lead.saturating_sub(1),
        ..Lifted::default()
    };
    out.command(command)?;
    let mut words = std::mem::take(&mut out.arguments).into_iter();
    out.program = words.next().unwrap_or_default();
    out.arguments = words.collect();
    Ok(out)
}

/// What runs behind `env`, `nice` and their like, and how many words they have.
fn behind_wrappers(command: &[OsString]) -> (Call, usize) {
    let mut skipped = 0;
    loop {
        let rest = command.get(skipped..).unwrap_or_default();
        let found = call(rest);
        let behind = rest.get(1..).and_then(super::command::wrapped);
        match behind.filter(|_| found.tool == Tool::Wrapper) {
            Some(at) => skipped += at + 1,
            None => return (found, skipped),
        }
    }
}

impl Lifted {
    /// How the gateway is to serve it: the indexes of its arguments are upstreams.
    pub(super) fn watched(&self, args: &ServeArgs) -> ServeArgs {
        let mut serve = args.clone();
        if let Some(index) = &self.index {
            serve.index.index_url = Some(index.clone());
        }
        let extra = self.extra.iter().cloned();
        serve.index.extra_index_url.extend(extra);
        serve
    }

    fn command(&mut self, command: &[OsString]) -> Result<(), Failure> {
        let Call { tool, lead } = call(command);
        if tool == Tool::Sudo {
            let program = command.first().map(|w| w.to_string_lossy().into_owned());
            return Err(Failure::usage(format!(
                "{} takes the variables away that lead the command to the guard",
                program.unwrap_or_default()
            ))
            .hint("put it in front: `sudo hognose guard -- …`"));
        }
        if tool == Tool::Wrapper {
            return self.wrapped(command);
        }
        let (lead, own) = command.split_at(lead.min(command.len()));
        self.arguments.extend(lead.iter().cloned());
        let texts: Vec<String> = own
            .iter()
            .map(|w| w.to_string_lossy().into_owned())
            .collect();
        let program = super::command::name(command.first());
        if let Some(text) = super::shell::text(&program, &texts) {
            self.shell(text, false)?;
            self.arguments.extend(own.iter().cloned());
            return Ok(());
        }
        if tool == Tool::Uv && super::locks::verb(tool, &texts) == "build" {
            self.named("./");
        }
        if let Some(grammar) = Grammar::of(tool, &texts) {
            return self.words(grammar, own, &texts);
        }
        // `poetry run pip install …` is a command of its own.
        let runs = super::locks::verb(tool, &texts) == "run" && tool != Tool::Other;
        if let Some(at) = texts.iter().position(|w| w == "run").filter(|_| runs) {
            let (before, rest) = own.split_at(at + 1);
            self.arguments.extend(before.iter().cloned());
            return self.inner(rest);
        }
        super::wrapped::fed(&program, &texts)?;
        foreign(&texts)?;
        self.unseen(&program, &texts);
        self.arguments.extend(own.iter().cloned());
        Ok(())
    }

    /// A command that the command runs.
    fn inner(&mut self, command: &[OsString]) -> Result<(), Failure> {
        // Pipenv takes variables in front.
        let named = |word: &OsString| assigned(&word.to_string_lossy()).map(str::to_owned);
        let set = command.iter().take_while(|w| named(w).is_some()).count();
        let (set, command) = command.split_at(set);
        if let Some(name) = set
            .iter()
            .filter_map(named)
            .find(|n| super::wrapped::matters(n))
        {
            return Err(super::wrapped::changes(&name));
        }
        self.arguments.extend(set.iter().cloned());
        let (Call { tool, lead }, skipped) = behind_wrappers(command);
        let own = command.iter().skip(skipped + lead);
        let own = own.map(|w| w.to_string_lossy().into_owned());
        self.within.push((tool, own.collect()));
        self.command(command)
    }

    /// What another program starts. Its own words must leave the variables as they are.
    fn wrapped(&mut self, command: &[OsString]) -> Result<(), Failure> {
        let rest = command.get(1..).unwrap_or_default();
        let Some(at) = super::command::wrapped(rest) else {
            let texts = rest.iter().map(|w| w.to_string_lossy().into_owned());
            let texts: Vec<String> = texts.collect();
            foreign(&texts)?;
            super::wrapped::texts_of_env(&super::command::name(command.first()), &texts)?;
            self.arguments.extend(command.iter().cloned());
            return Ok(());
        };
        let (before, rest) = command.split_at(at + 1);
        let program = super::command::name(command.first());
        let shell = super::command::name(rest.first());
        let texts: Vec<String> = rest
            .iter()
            .map(|w| w.to_string_lossy().into_owned())
            .collect();
        let is_shell = super::command::SHELLS.contains(&shell.as_str());
        // What a shell does that starts no installer is its own affair.
        if !is_shell || super::wrapped::names_installer(&texts) {
            super::wrapped::check(&program, before.get(1..).unwrap_or_default())?;
        }
        self.arguments.extend(before.iter().cloned());
        self.command(rest)
    }

    pub(super) fn words(
        &mut self,
        grammar: Grammar,
        words: &[OsString],
        texts: &[String],
    ) -> Result<(), Failure> {
        let (mut at, mut plain) = (0, 0);
        while let (Some(word), Some(text)) = (words.get(at), texts.get(at)) {
            at += 1;
            let next = texts.get(at).map(String::as_str);
            if text == "-" && grammar.own().is_some() {
                return Err(Failure::usage(
                    "a script that comes by a pipe may say itself what it needs, and from where",
                )
                .hint("write it to a file, and run that"));
            }
            let is_own = |own| plain >= own && (grammar.pips() || !text.starts_with('-'));
            if grammar.own().is_some_and(is_own) {
                if grammar.pips() {
                    return self.pips(words.get(at - 1..).unwrap_or_default());
                }
                is_named(text)?;
                self.script(text);
                return self.inner(words.get(at - 1..).unwrap_or_default());
            }
            if text == "--" {
                return self.behind_dashes(grammar, words.get(at - 1..).unwrap_or_default());
            }
            if text.starts_with("--") {
                let (option, joined) = match text.split_once('=') {
                    Some((option, value)) => (option, Some(value)),
                    None => (text.as_str(), None),
                };
                match grammar.long(option) {
                    Some(role) => at += self.option(role, option, joined, next, word)?,
                    None => self.arguments.push(word.clone()),
                }
            } else if text.len() > 1 && text.starts_with('-') {
                at += self.letters(grammar, text, next, word)?;
            } else {
                plain += 1;
                is_named(text)?;
                self.named(text);
                if self.tool == Tool::Pipx {
                    self.script(text);
                }
                self.arguments.push(word.clone());
            }
        }
        Ok(())
    }

    /// What stands behind `--`: a command of its own, or things to install.
    fn behind_dashes(&mut self, grammar: Grammar, words: &[OsString]) -> Result<(), Failure> {
        let Some((dashes, rest)) = words.split_first() else {
            return Ok(());
        };
        self.arguments.push(dashes.clone());
        let before = self.arguments.iter().map(|w| w.to_string_lossy());
        let runs = self.tool == Tool::Tox && before.clone().any(|w| w == "exec" || w == "e");
        if grammar.own().is_some() || runs {
            let known = self.within.len();
            self.inner(rest)?;
            let within = self.within.get(known..).unwrap_or_default().to_vec();
            let inner = Self {
                within,
                ..Self::default()
            };
            if runs && super::tox::beside_pip(&inner) {
                let program = rest.first().map(|w| w.to_string_lossy().into_owned());
                return Err(super::tox::unled(&program.unwrap_or_default()));
            }
            return Ok(());
        }
        if self.tool == Tool::Tox {
            // What its commands are given.
            self.arguments.extend(rest.iter().cloned());
            return Ok(());
        }
        for word in rest {
            let text = word.to_string_lossy();
            is_named(&text)?;
            self.named(&text);
            self.arguments.push(word.clone());
        }
        Ok(())
    }

    /// One-letter options in a word of their own: `-U`, `-Ur file`, `-ihttps://…`. Answers how many of the next words
    /// are theirs.
    fn letters(
        &mut self,
        grammar: Grammar,
        text: &str,
        next: Option<&str>,
        word: &OsString,
    ) -> Result<usize, Failure> {
        let letters = text.get(1..).unwrap_or_default();
        for (at, letter) in letters.char_indices() {
            let Some(role) = grammar.short(letter) else {
                continue;
            };
            let rest = letters.get(at + letter.len_utf8()..).unwrap_or_default();
            // uv and click take `-i=address` too.
            let rest = rest.strip_prefix('=').unwrap_or(rest);
            let joined = (!rest.is_empty()).then_some(rest);
            let takes = self.option(role, &format!("-{letter}"), joined, next, word)?;
            let before = letters.get(..at).unwrap_or_default();
            if matches!(role, Role::Index | Role::Extra) && !before.is_empty() {
                self.arguments.push(OsString::from(format!("-{before}")));
            }
            return Ok(takes);
        }
        self.arguments.push(word.clone());
        Ok(0)
    }

    /// Takes an option. Answers how many of the next words are its own.
    fn option(
        &mut self,
        role: Role,
        option: &str,
        joined: Option<&str>,
        next: Option<&str>,
        word: &OsString,
    ) -> Result<usize, Failure> {
        if let Role::Past(why) = role {
            return Err(Failure::usage(format!("{option} {why}")).hint("leave it out"));
        }
        let value = joined.or(next).unwrap_or_default();
        let takes = usize::from(joined.is_none() && next.is_some() && role != Role::Flag);
        match role {
            Role::Index => self.index = Some(address(value)),
            Role::Extra => self.extra.push(address(value)),
            Role::Links if is_remote(value) => {
                return Err(Failure::usage(format!(
                    "{option} names a page that the guard cannot stand before"
                ))
                .hint("leave it out, or put the page behind an index"));
            }
            Role::File if is_remote(value) => {
                return Err(Failure::usage(format!(
                    "{option} names a file on another machine, which may say anything by the time it is read"
                ))
                .hint("download it first"));
            }
            Role::File => self.list(value.strip_prefix("file://").unwrap_or(value)),
            // pip's `path:group`.
            Role::Group => self.list(value.rsplit_once(':').map_or("pyproject.toml", |(p, _)| p)),
            Role::Requirement => {
                is_named(value)?;
                self.named(value);
            }
            Role::ForPip => self.for_pip(option, value)?,
            Role::Variable if super::wrapped::matters(value.split('=').next().unwrap_or(value)) => {
                return Err(super::wrapped::changes(value));
            }
            Role::Links | Role::Word | Role::Variable | Role::Flag | Role::Past(_) => {}
        }
        if !matches!(role, Role::Index | Role::Extra) {
            self.arguments.push(word.clone());
            if takes == 1 {
                self.arguments.push(OsString::from(value));
            }
        }
        Ok(takes)
    }

    /// Options for pip in one word: they are looked at, and none may name an index, for the word is handed on whole.
    pub(super) fn for_pip(&mut self, option: &str, value: &str) -> Result<(), Failure> {
        let words = super::shell::words(value);
        let own: Vec<OsString> = words.iter().map(OsString::from).collect();
        let mut inner = Self::default();
        inner.words(
            Grammar::of(Tool::Pip, &words).ok_or_else(|| Failure::usage("pip is not known"))?,
            &own,
            &words,
        )?;
        if inner.index.is_some() || !inner.extra.is_empty() {
            return Err(Failure::usage(format!(
                "{option} names an index, which goes before anything the guard can say"
            ))
            .hint("give the index to the guard: `hognose guard --index-url … -- …`"));
        }
        self.files.append(&mut inner.files);
        Ok(())
    }

    fn list(&mut self, path: &str) {
        self.files.push(Listed {
            path: path.to_owned(),
            optional: true,
        });
    }

    /// A directory to install, or a file that tools read requirements from.
    fn named(&mut self, word: &str) {
        let (bare, extras) = word.split_once('[').unwrap_or((word, ""));
        let bare = bare.strip_prefix("file://").unwrap_or(bare);
        let path = std::path::Path::new(bare);
        let extension = path.extension().and_then(|e| e.to_str());
        if matches!(
            extension,
            Some("in" | "txt" | "toml" | "whl" | "gz" | "zip")
        ) && path.is_file()
        {
            self.list(bare);
        }
        if !bare.contains(['/', '.', '\\']) {
            return;
        }
        for name in ["pyproject.toml", "setup.cfg", "setup.py"] {
            let file = path.join(name);
            if file.is_file() {
                self.files.push(Listed {
                    path: file.to_string_lossy().into_owned(),
                    optional: !extras.is_empty(),
                });
            }
        }
    }

    /// A script may say itself what it needs, and from where (PEP 723).
    fn script(&mut self, word: &str) {
        let path = std::path::Path::new(word);
        if path.is_file() && super::locks::is_script(path) {
            self.list(word);
        }
    }
}

/// uv's `name=address` is an address.
fn address(value: &str) -> String {
    value
        .split_once('=')
        .filter(|(name, _)| !name.contains(':'))
        .map_or(value, |(_, address)| address)
        .to_owned()
}

fn is_remote(value: &str) -> bool {
    value.contains("://") && !value.starts_with("file:")
}

/// Refuses what is fetched from an address of its own and not from an index.
fn is_named(word: &str) -> Result<(), Failure> {
    let lower = word.to_ascii_lowercase();
    let address = lower.rsplit('@').next().unwrap_or(&lower).trim();
    let behind = lower.split_once('@').map_or("", |(_, rest)| rest.trim());
    let remote = [
        "http://", "https://", "git+", "hg+", "svn+", "bzr+", "ftp://", "git@", "ssh://", "git://",
    ];
    let starts = |text: &str| remote.iter().any(|scheme| text.starts_with(scheme));
    if !starts(&lower) && !starts(address) && !starts(behind) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{} is fetched from its own address, which the guard cannot stand before",
        hognose_types::text::short(word, 100)
    ))
    .hint("download it, look at it with `hognose inspect`, and install the file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifted(command: &str) -> (String, Option<String>, Vec<String>) {
        let words: Vec<OsString> = command.split(' ').map(OsString::from).collect();
        let lifted = lift(&words).unwrap();
        let rest: Vec<_> = lifted
            .arguments
            .iter()
            .map(|w| w.to_string_lossy())
            .collect();
        (rest.join(" "), lifted.index, lifted.extra)
    }

    fn refused(command: &str) -> bool {
        let words: Vec<OsString> = command.split(' ').map(OsString::from).collect();
        lift(&words).is_err()
    }

    #[test]
    fn indexes_are_taken_out() {
        let a = || Some("https://a.example/simple".to_owned());
        for (command, rest) in [
            (
                "pip install -i https://a.example/simple flask",
                "install flask",
            ),
            (
                "pip3.12 install --index-url=https://a.example/simple flask",
                "install flask",
            ),
            (
                "pip install -ihttps://a.example/simple flask",
                "install flask",
            ),
            (
                "pip install -Ui https://a.example/simple flask",
                "install -U flask",
            ),
            (
                "pip install --index-u https://a.example/simple flask",
                "install flask",
            ),
            (
                "pip install --ind=https://a.example/simple flask",
                "install flask",
            ),
            (
                "python3 -m pip install --index-url https://a.example/simple flask",
                "-m pip install flask",
            ),
            (
                "uv pip install --default-index main=https://a.example/simple flask",
                "pip install flask",
            ),
            (
                "uv run --python 3.12 -i https://a.example/simple flask",
                "run --python 3.12 flask",
            ),
            (
                "uv run --python 3.12 pip install -i https://a.example/simple x",
                "run --python 3.12 pip install x",
            ),
            ("uvx --index-url https://a.example/simple flask", "flask"),
            (
                "env LANG=C pip install -i https://a.example/simple flask",
                "LANG=C pip install flask",
            ),
            (
                "timeout -s KILL 60 python -m pip install -i https://a.example/simple flask",
                "-s KILL 60 python -m pip install flask",
            ),
            (
                "pipx install --index https://a.example/simple flask",
                "install flask",
            ),
        ] {
            assert_eq!(
                lifted(command),
                (rest.to_owned(), a(), Vec::new()),
                "{command}"
            );
        }
        for command in [
            "pip install --extra-index-url https://a.example/simple x",
            "pip install --extra-i https://a.example/simple x",
            "uv pip install --index https://a.example/simple x",
        ] {
            let (_, index, extra) = lifted(command);
            assert_eq!((index, extra), (None, vec![a().unwrap()]), "{command}");
        }
        let kept = "install -f ./wheels --no-index x";
        assert_eq!(lifted(&format!("pip {kept}")).0, kept);
        for others in [
            "make -i x",
            "python setup.py --root /x",
            "uv run -- x -i here",
            "nox -s x -- -v",
        ] {
            let (rest, index, _) = lifted(others);
            assert_eq!(index, None, "{others}");
            assert!(others.ends_with(&rest), "{others}: {rest}");
        }
    }

    #[test]
    fn ways_past_the_guard_are_refused() {
        for last in [
            "--find-links=https://a.example/",
            "--find=https://a.example/",
            "-fhttps://a.example/",
            "-qf https://a.example/",
            "--isolated",
            "--iso",
            "-r https://a.example/requirements.txt",
            "https://a.example/x-1.0.tar.gz",
            "HTTPS://a.example/x-1.0.tar.gz",
            "git+https://a.example/x",
            "git+ssh://git@a.example/x",
            "x @ git+https://a.example/x",
            "x@https://a.example/x-1.0.tar.gz",
            "-e git+https://a.example/x",
            "-egit+https://a.example/x",
            "-- https://a.example/x-1.0.tar.gz",
        ] {
            assert!(refused(&format!("pip install {last}")), "{last}");
        }
        for command in [
            "sudo pip install x",
            "make pip -i https://a.example",
            "python -c pass --index-url=https://a.example",
            "poetry run pip install --isolated x",
            "pip install --proxy=http://a.example x",
            "uv run https://a.example/x.py",
            "pipx install x --pip-args=--index-url=https://a.example",
            "uv --config-file x.toml pip install x",
            "uv pip install torch --torch-backend=auto",
            "uv run --with git+https://a.example/x y",
            "tox -i https://a.example",
            "env -i pip install x",
            "env - pip install x",
            "env -u PIP_INDEX_URL pip install x",
            "env --unset=PIP_INDEX_URL pip install x",
            "env PIP_INDEX_URL=https://a.example pip install x",
            "nice env -i uv pip install x",
            "timeout 5 pip install --isolated x",
            "nohup python -m pip install git+https://a.example/x",
            "xargs pip install --find-links https://a.example/",
            "uv run -",
            "pipx inject x -r https://a.example/r.txt",
        ] {
            assert!(refused(command), "{command}");
        }
        for command in [
            "env -i sh -c ls",
            "env -C docs bash build.sh",
            "xargs sh -c ls",
            "pdm publish -r https://a.example",
            "pdm run -s pytest -i x",
        ] {
            assert!(!refused(command), "{command}");
        }
        for command in [
            "env -i sh -c pip",
            "xargs bash -c pip",
            "env -C docs sh -c uv",
        ] {
            assert!(refused(command), "{command}");
        }
        for last in ["./x", "x==1.0", ".", "x[a]", "-e.", "-U -t there x"] {
            assert!(!refused(&format!("pip install {last}")), "{last}");
        }
    }

    #[test]
    fn files_are_found() {
        for (command, file) in [
            ("pip install -r a.txt", "a.txt"),
            ("pip install -ra.txt", "a.txt"),
            ("pip install -Ur a.txt", "a.txt"),
            ("pip install --requirem a.txt", "a.txt"),
            ("pip install -c a.txt x", "a.txt"),
            ("uv pip install --overrides a.txt x", "a.txt"),
            ("uv run --with-requirements a.txt x", "a.txt"),
        ] {
            let words: Vec<OsString> = command.split(' ').map(OsString::from).collect();
            let lifted = lift(&words).unwrap();
            assert_eq!(
                lifted.files.first().map(|f| f.path.as_str()),
                Some(file),
                "{command}"
            );
            let own: Vec<OsString> = words.iter().skip(1).cloned().collect();
            assert_eq!(lifted.arguments, own, "{command}");
        }
    }
}
