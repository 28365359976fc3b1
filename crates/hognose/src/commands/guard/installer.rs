//! What an installer's arguments say of indexes: they count more than variables, so they are taken out and become
//! upstreams.

use std::ffi::OsString;

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
    /// Requirements files.
    pub(super) files: Vec<String>,
}

/// Options that name the index, in pip and uv.
const INDEX: [&str; 4] = ["--index-url", "-i", "--pypi-url", "--default-index"];
/// Options that name a further one.
const EXTRA: [&str; 2] = ["--extra-index-url", "--index"];
/// Options that lead past every index.
const PAST: [&str; 2] = ["--find-links", "-f"];

/// Options that name files of requirements.
const FILES: [&str; 4] = ["--requirement", "-r", "--constraint", "-c"];

/// Takes indexes out of a command's arguments, and refuses what would lead past the guard.
pub(super) fn lift(command: &[OsString]) -> Result<Lifted, Failure> {
    let mut words = command.iter().cloned();
    let mut out = Lifted {
        program: words.next().unwrap_or_default(),
        ..Lifted::default()
    };
    if !is_installer(&out.program) {
        // Whatever it is, its arguments are its own; the variables are all that it is told.
        out.arguments = words.collect();
        return Ok(out);
    }
    while let Some(word) = words.next() {
        let text = word.to_string_lossy().into_owned();
        if text == "--" {
            out.arguments.push(word);
            out.arguments.extend(words);
            break;
        }
        let (option, joined) = match text.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value.to_owned())),
            _ => (text.as_str(), None),
        };
        let known = [&INDEX[..], &EXTRA, &PAST, &FILES];
        if !known.iter().any(|list| list.contains(&option)) {
            is_named(&text)?;
            out.arguments.push(word);
            continue;
        }
        let value = joined
            .or_else(|| words.next().map(|w| w.to_string_lossy().into_owned()))
            .unwrap_or_default();
        out.option(option, &value)?;
    }
    Ok(out)
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

    /// Takes an option that says where packages come from.
    fn option(&mut self, option: &str, value: &str) -> Result<(), Failure> {
        if INDEX.contains(&option) || EXTRA.contains(&option) {
            // uv's `name=address`.
            let address = value
                .split_once('=')
                .filter(|(name, _)| !name.contains(':'))
                .map_or(value, |(_, address)| address)
                .to_owned();
            if INDEX.contains(&option) {
                self.index = Some(address);
            } else {
                self.extra.push(address);
            }
            return Ok(());
        }
        if PAST.contains(&option) && value.contains("://") && !value.starts_with("file:") {
            return Err(Failure::usage(format!(
                "{option} names a page that the guard cannot stand before"
            ))
            .hint("leave it out, or put the page behind an index"));
        }
        if FILES.contains(&option) {
            self.files.push(value.into());
        }
        self.arguments.push(OsString::from(option));
        self.arguments.push(OsString::from(value));
        Ok(())
    }
}

/// Refuses what is fetched from an address of its own and not from an index.
fn is_named(word: &str) -> Result<(), Failure> {
    let address = word.rsplit('@').next().unwrap_or(word).trim();
    let remote = [
        "http://", "https://", "git+", "hg+", "svn+", "bzr+", "ftp://",
    ];
    let direct = remote.iter().any(|scheme| {
        word.starts_with(scheme) || (word.contains('@') && address.starts_with(scheme))
    });
    if !direct || word.starts_with('-') {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{} is fetched from its own address, which the guard cannot stand before",
        hognose_types::text::short(word, 100)
    ))
    .hint("download it, look at it with `hognose inspect`, and install the file"))
}

/// Refuses requirements files that name indexes: installers heed them more than variables.
pub(super) fn requirements(files: &[String]) -> Result<(), Failure> {
    if files.is_empty() {
        return Ok(());
    }
    let inventory = hognose_inventory::scan_paths(
        &hognose_inventory::Disk,
        files,
        &hognose_inventory::Options::default(),
    );
    let mut named = inventory.options.iter().flat_map(|o| &o.indexes);
    match named.next() {
        None => Ok(()),
        Some(index) => Err(Failure::usage(format!(
            "{} names the index {}, which goes before anything the guard can say",
            index.place, index.url
        ))
        .hint("move it to pip.conf or a variable, or give it as an argument: both are watched")),
    }
}

/// Whether a program is one whose options are known; `python -m pip` is.
fn is_installer(program: &OsString) -> bool {
    let name = std::path::Path::new(program)
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    matches!(
        name,
        "pip"
            | "uv"
            | "uvx"
            | "python"
            | "pypy"
            | "pipx"
            | "pip-compile"
            | "pip-sync"
            | "tox"
            | "nox"
    )
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

    #[test]
    fn indexes_are_taken_out() {
        let a = || Some("https://a.example/simple".to_owned());
        for command in [
            "pip install -i https://a.example/simple flask",
            "pip3.12 install --index-url=https://a.example/simple flask",
            "/usr/bin/python3 install --index-url https://a.example/simple flask",
            "uv install --default-index main=https://a.example/simple flask",
        ] {
            assert_eq!(
                lifted(command),
                ("install flask".to_owned(), a(), Vec::new()),
                "{command}"
            );
        }
        let extra = lifted("pip install --extra-index-url https://a.example/simple x");
        assert_eq!(extra, ("install x".to_owned(), None, vec![a().unwrap()]));
        let kept = "install -f ./wheels --no-index x";
        assert_eq!(lifted(&format!("pip {kept}")).0, kept);
        assert_eq!(lifted("make -i https://a.example").1, None);
        assert_eq!(lifted("uv run -- x -i https://a.example").1, None);
    }

    #[test]
    fn pages_past_every_index_are_refused() {
        for last in [
            "--find-links=https://a.example/",
            "https://a.example/x-1.0.tar.gz",
            "git+https://a.example/x",
            "x @ git+https://a.example/x",
            "x@https://a.example/x-1.0.tar.gz",
        ] {
            let words = ["pip", "install", last];
            assert!(lift(&words.map(OsString::from)).is_err(), "{last}");
        }
        for last in [
            "./x",
            "x==1.0",
            ".",
            "x[a]",
            "--proxy=http://a.example",
            "-e.",
        ] {
            let words = ["pip", "install", last];
            assert!(lift(&words.map(OsString::from)).is_ok(), "{last}");
        }
    }
}
