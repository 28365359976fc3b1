//! The options of installers that say where packages come from.

use super::command::Tool;

/// What an option means to the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It names the index.
    Index,
    /// It names a further index.
    Extra,
    /// It names a page of links.
    Links,
    /// It names a file of requirements.
    File,
    /// It names a group of a project's dependencies.
    Group,
    /// It names something to install.
    Requirement,
    /// It holds options for pip.
    ForPip,
    /// It sets a variable.
    Variable,
    /// It takes a word that says nothing of indexes.
    Word,
    /// It takes none.
    Flag,
    /// It leads past the guard, and why.
    Past(&'static str),
}

/// How a tool reads its words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grammar {
    long: &'static [(&'static str, Role)],
    short: &'static [(char, Role)],
    /// The beginning of an option is enough where no other begins so.
    abbreviated: bool,
    /// After so many words that are no options the rest is a command of its own.
    own: Option<usize>,
    /// That command is pip's, without its name.
    pips: bool,
}

const ISOLATED: &str = "makes pip heed no variables, and the guard speaks to it by variables";
const PROXY: &str = "stands between pip and the guard, and could answer in its place";
const CONFIG: &str = "names a configuration that may name indexes";
const ENV_FILE: &str = "names a file of variables, which may name indexes";
const TORCH: &str = "makes uv ask an index of its own choice";

const PIP: Grammar = Grammar {
    long: &[
        ("--index-url", Role::Index),
        ("--pypi-url", Role::Index),
        ("--extra-index-url", Role::Extra),
        ("--find-links", Role::Links),
        ("--requirement", Role::File),
        ("--constraint", Role::File),
        ("--build-constraint", Role::File),
        ("--requirements-from-script", Role::File),
        ("--group", Role::Group),
        ("--editable", Role::Requirement),
        ("--isolated", Role::Past(ISOLATED)),
        ("--proxy", Role::Past(PROXY)),
        ("--log", Role::Word),
        ("--log-file", Role::Word),
        ("--timeout", Role::Word),
        ("--retries", Role::Word),
        ("--cert", Role::Word),
        ("--client-cert", Role::Word),
        ("--cache-dir", Role::Word),
        ("--exists-action", Role::Word),
        ("--trusted-host", Role::Word),
        ("--progress-bar", Role::Word),
        ("--python", Role::Word),
        ("--python-version", Role::Word),
        ("--platform", Role::Word),
        ("--implementation", Role::Word),
        ("--abi", Role::Word),
        ("--target", Role::Word),
        ("--root", Role::Word),
        ("--prefix", Role::Word),
        ("--src", Role::Word),
        ("--dest", Role::Word),
        ("--wheel-dir", Role::Word),
        ("--upgrade-strategy", Role::Word),
        ("--config-settings", Role::Word),
        ("--global-option", Role::Word),
        ("--build-option", Role::Word),
        ("--install-option", Role::Word),
        ("--no-binary", Role::Word),
        ("--only-binary", Role::Word),
        ("--report", Role::Word),
        ("--use-feature", Role::Word),
        ("--use-deprecated", Role::Word),
        ("--keyring-provider", Role::Word),
        ("--root-user-action", Role::Word),
        // `uv pip` is what some tools start instead.
        ("--default-index", Role::Index),
        ("--config-file", Role::Past(CONFIG)),
        ("--torch-backend", Role::Past(TORCH)),
    ],
    short: &[
        ('i', Role::Index),
        ('f', Role::Links),
        ('r', Role::File),
        ('c', Role::File),
        ('e', Role::Requirement),
        ('t', Role::Word),
        ('d', Role::Word),
        ('w', Role::Word),
        ('b', Role::Word),
        ('C', Role::Word),
    ],
    abbreviated: true,
    own: None,
    pips: false,
};

const PIP_TOOLS: Grammar = Grammar {
    long: &[
        ("--index-url", Role::Index),
        ("--extra-index-url", Role::Extra),
        ("--find-links", Role::Links),
        ("--constraint", Role::File),
        ("--pip-args", Role::ForPip),
        ("--config", Role::Past(CONFIG)),
    ],
    short: &[
        ('i', Role::Index),
        ('f', Role::Links),
        ('c', Role::File),
        ('o', Role::Word),
        ('P', Role::Word),
    ],
    abbreviated: false,
    own: None,
    pips: false,
};

const PIPX_LOCK: &str = "names a lock whose files come from where it says";

const PIPX_LONG: &[(&str, Role)] = &[
    ("--index-url", Role::Index),
    ("--pip-args", Role::ForPip),
    ("--spec", Role::Requirement),
    ("--requirement", Role::File),
    ("--preinstall", Role::Requirement),
    ("--with", Role::Requirement),
    ("--lock", Role::Past(PIPX_LOCK)),
    ("--python", Role::Word),
    ("--python-args", Role::Word),
    ("--fetch-python", Role::Word),
    ("--suffix", Role::Word),
    ("--with-suffix", Role::Flag),
    ("--backend", Role::Word),
    ("--cooldown", Role::Word),
    ("--app", Role::Word),
    ("--upgrade-strategy", Role::Word),
    ("--output", Role::Word),
];

const fn pipx(own: Option<usize>, pips: bool) -> Grammar {
    Grammar {
        long: PIPX_LONG,
        short: &[('i', Role::Index), ('r', Role::File)],
        abbreviated: true,
        own,
        pips,
    }
}

const ROOT: &str = "leads to another directory, where the guard does not look";

/// PDM's options; those of `pdm run` stand before the command.
const fn pdm(own: Option<usize>) -> Grammar {
    Grammar {
        long: &[
            ("--pip-args", Role::ForPip),
            ("--env", Role::Variable),
            ("--env-file", Role::Past(ENV_FILE)),
            ("--config", Role::Past(CONFIG)),
            ("--config-setting", Role::Word),
            ("--working-dir", Role::Past(ROOT)),
            ("--project", Role::Past(ROOT)),
            ("--lockfile", Role::Past(ROOT)),
            ("--editable", Role::Requirement),
            ("--override", Role::File),
            ("--group", Role::Word),
            ("--with", Role::Word),
            ("--without", Role::Word),
            ("--skip", Role::Word),
            ("--venv", Role::Word),
            ("--output", Role::Word),
            ("--python", Role::Word),
            ("--dest", Role::Word),
            ("--repository", Role::Word),
        ],
        short: &[
            ('c', Role::Past(CONFIG)),
            ('p', Role::Past(ROOT)),
            ('L', Role::Past(ROOT)),
            ('e', Role::Requirement),
            ('G', Role::Word),
            ('k', Role::Word),
            ('o', Role::Word),
            ('r', Role::Word),
            ('C', Role::Word),
        ],
        abbreviated: true,
        own,
        pips: false,
    }
}

/// uv's options that take a word; what it does not know of `uv run` would end its own words too early.
const UV_LONG: &[(&str, Role)] = &[
    ("--index-url", Role::Index),
    ("--default-index", Role::Index),
    ("--extra-index-url", Role::Extra),
    ("--index", Role::Extra),
    ("--find-links", Role::Links),
    ("--requirement", Role::File),
    ("--requirements", Role::File),
    ("--constraint", Role::File),
    ("--constraints", Role::File),
    ("--override", Role::File),
    ("--overrides", Role::File),
    ("--excludes", Role::File),
    ("--build-constraint", Role::File),
    ("--build-constraints", Role::File),
    ("--with-requirements", Role::File),
    ("--script", Role::File),
    ("--gui-script", Role::File),
    ("--with", Role::Requirement),
    ("--with-editable", Role::Requirement),
    ("--from", Role::Requirement),
    ("--editable", Role::Requirement),
    ("--config-file", Role::Past(CONFIG)),
    ("--torch-backend", Role::Past(TORCH)),
    ("--extra", Role::Word),
    ("--no-extra", Role::Word),
    ("--group", Role::Group),
    ("--no-group", Role::Word),
    ("--only-group", Role::Word),
    ("--env-file", Role::Past(ENV_FILE)),
    ("--package", Role::Word),
    ("--python", Role::Word),
    ("--python-version", Role::Word),
    ("--python-platform", Role::Word),
    ("--python-preference", Role::Word),
    ("--target", Role::Word),
    ("--prefix", Role::Word),
    ("--project", Role::Word),
    ("--directory", Role::Word),
    ("--cache-dir", Role::Word),
    ("--color", Role::Word),
    ("--index-strategy", Role::Word),
    ("--keyring-provider", Role::Word),
    ("--resolution", Role::Word),
    ("--prerelease", Role::Word),
    ("--fork-strategy", Role::Word),
    ("--exclude-newer", Role::Word),
    ("--exclude-newer-package", Role::Word),
    ("--link-mode", Role::Word),
    ("--config-setting", Role::Word),
    ("--config-settings", Role::Word),
    ("--config-settings-package", Role::Word),
    ("--no-build-isolation-package", Role::Word),
    ("--no-build-package", Role::Word),
    ("--no-binary-package", Role::Word),
    ("--no-binary", Role::Word),
    ("--only-binary", Role::Word),
    ("--no-install-package", Role::Word),
    ("--no-sources-package", Role::Word),
    ("--upgrade-package", Role::Word),
    ("--reinstall-package", Role::Word),
    ("--refresh-package", Role::Word),
    ("--allow-insecure-host", Role::Word),
    ("--trusted-host", Role::Word),
    ("--preview-features", Role::Word),
];

const UV_SHORT: &[(char, Role)] = &[
    ('i', Role::Index),
    ('f', Role::Links),
    ('r', Role::File),
    ('c', Role::File),
    ('b', Role::File),
    ('e', Role::Requirement),
    ('s', Role::File),
    ('w', Role::Requirement),
    ('p', Role::Word),
    ('P', Role::Word),
    ('C', Role::Word),
    ('o', Role::Word),
];

const fn uv(own: Option<usize>) -> Grammar {
    Grammar {
        long: UV_LONG,
        short: UV_SHORT,
        abbreviated: false,
        own,
        pips: false,
    }
}

const TOX_INDEX: &str = "puts an index before the guard's";

const TOX_OVERRIDE: &str = "changes the configuration that the guard has read";

const TOX: Grammar = Grammar {
    long: &[
        ("--index-url", Role::Past(TOX_INDEX)),
        ("--index-server", Role::Past(TOX_INDEX)),
        ("--override", Role::Past(TOX_OVERRIDE)),
        ("--conf", Role::Word),
        ("--workdir", Role::Word),
        ("--root", Role::Past(ROOT)),
    ],
    short: &[
        ('i', Role::Past(TOX_INDEX)),
        ('x', Role::Past(TOX_OVERRIDE)),
        ('c', Role::Word),
        ('e', Role::Word),
    ],
    abbreviated: true,
    own: None,
    pips: false,
};

impl Grammar {
    /// The grammar of a tool for these words; none where the words are nobody's but its own.
    pub(super) fn of(tool: Tool, words: &[String]) -> Option<Self> {
        let verb = super::locks::verb(tool, words);
        let behind = words.iter().skip_while(|w| *w != verb).skip(1);
        let next = behind.map(String::as_str).find(|w| !w.starts_with('-'));
        Some(match tool {
            Tool::Pip => PIP,
            Tool::PipCompile | Tool::PipTools => PIP_TOOLS,
            Tool::Pipx => match verb {
                "run" => pipx(Some(1), false),
                "exec" => pipx(Some(2), false),
                "runpip" => pipx(Some(2), true),
                _ => pipx(None, false),
            },
            Tool::Pdm => pdm((verb == "run").then_some(1)),
            Tool::Tox => TOX,
            Tool::Uvx => uv(Some(0)),
            Tool::Uv => match (verb, next) {
                ("run", _) => uv(Some(1)),
                ("tool", Some("run")) => uv(Some(2)),
                _ => uv(None),
            },
            Tool::Poetry | Tool::Pipenv | Tool::Sudo | Tool::Wrapper | Tool::Other => return None,
        })
    }

    /// After how many words that are no options the rest is a command of its own.
    pub(super) fn own(&self) -> Option<usize> {
        self.own
    }

    /// Whether that command is pip's, without its name.
    pub(super) fn pips(&self) -> bool {
        self.pips
    }

    /// Whether a long option of pip, or its beginning, says where packages come from.
    pub(super) fn leads_pip_elsewhere(option: &str) -> bool {
        let role = PIP.long(option);
        // `--` alone ends the options.
        option.len() > 3
            && matches!(
                role,
                Some(Role::Index | Role::Extra | Role::Links | Role::Past(_))
            )
    }

    /// Whether a long option of pip is an abbreviation of one that matters here.
    pub(super) fn shortened(option: &str) -> bool {
        let exact = PIP.long.iter().any(|(name, _)| *name == option);
        option.starts_with("--")
            && !exact
            && !matches!(
                PIP.long(option),
                None | Some(Role::Word | Role::Flag | Role::Requirement)
            )
    }

    /// What a long option means.
    pub(super) fn long(&self, option: &str) -> Option<Role> {
        let exact = self.long.iter().find(|(name, _)| *name == option);
        let begun = || {
            self.long
                .iter()
                .find(|(name, _)| option.len() > 2 && name.starts_with(option))
        };
        let found = exact.or_else(|| self.abbreviated.then(begun).flatten());
        found.map(|(_, role)| *role)
    }

    /// What a letter means.
    pub(super) fn short(&self, letter: char) -> Option<Role> {
        let found = self.short.iter().find(|(name, _)| *name == letter);
        found.map(|(_, role)| *role)
    }
}
