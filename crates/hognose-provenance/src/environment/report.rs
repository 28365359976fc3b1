//! What a check finds, as values: nothing here decides what it means.

use super::bytecode::Difference;

/// What came of checking an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The distributions, in the order of their folders.
    pub distributions: Vec<Distribution>,
    /// What is not as it was installed, by file.
    pub problems: Vec<Problem>,
    /// What starts with Python, listed or not.
    pub hooks: Vec<Hook>,
    /// What could not be checked.
    pub unchecked: Vec<Unchecked>,
    /// How much was checked.
    pub counts: Counts,
    /// Whether Python sees packages of the system, and of the user, from the environment.
    pub sees_system: bool,
}

/// How much was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files whose bytes were compared with RECORD.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytecode that was compared with its source.
    pub bytecode: u64,
    /// Bytecode that Python would not use.
    pub stale: u64,
    /// Files that no distribution lists and that are no code.
    pub data: u64,
}

/// An installed distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// Its name, as its folder writes it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its `.dist-info` or `.egg-info`.
    pub folder: String,
    /// Who says to have installed it.
    pub installer: Option<String>,
    /// The sources that it is installed from in place.
    pub editable: Option<String>,
    /// Rows of its RECORD.
    pub rows: usize,
    /// Whether it has one.
    pub has_record: bool,
}

/// One thing that is not as it was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The distribution it belongs to, as a position in [`Report::distributions`].
    pub distribution: Option<usize>,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// Its bytes are not those that RECORD states.
    Altered {
        /// The digest that RECORD states; empty where only the size is wrong.
        stated: String,
        /// The digest it has, or its size.
        found: String,
        /// Under how many names the same file is known on this machine, if more than one: caches of installers are linked
        /// to, and every environment that shares it has the same bytes.
        links: Option<u64>,
    },
    /// It is not there.
    Missing,
    /// A row of RECORD.
    Row {
        /// Its line.
        line: u32,
        /// What is wrong with it.
        fault: RowFault,
    },
    /// Code that no distribution lists.
    Unlisted {
        /// What it is.
        what: Unlisted,
        /// How many files of code it holds.
        files: usize,
        /// The listed module that Python no longer finds because of it.
        shadows: Option<String>,
    },
    /// Something no distribution lists that starts with Python.
    Hook(Hook),
    /// Bytecode that its source does not explain.
    Bytecode {
        /// The source.
        source: String,
        /// What it says that the source does not.
        difference: Difference,
    },
    /// Two distributions installed different files in the same place.
    Claimed {
        /// The other distribution.
        other: usize,
    },
    /// It is not what the wheel of its index holds.
    Index(Apart),
    /// Another distribution of the same name is installed in the same place.
    Twice {
        /// The other distribution.
        other: usize,
    },
    /// Something that the environment was made with is not what it was.
    Own(Own),
    /// A program that does more than call what its distribution says.
    Script {
        /// What it should call.
        entry: String,
        /// What it does beside.
        word: String,
    },
}

/// How what an environment was made with is not what tools that make environments leave: its interpreter, `pyvenv.cfg`, and
/// the scripts that are read to enter it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// The interpreter is a text that something else runs.
    Script,
    /// The interpreter is not the one of `home`.
    Elsewhere {
        /// Where it leads.
        leads: String,
        /// What `pyvenv.cfg` says; empty where it says nothing.
        home: String,
    },
    /// The interpreter is a file of its own and not a copy of the one in `home`.
    NoCopy {
        /// The one in `home`.
        of: String,
    },
    /// `pyvenv.cfg` has a key twice, and Python takes the first in one place and the last in another.
    Key(String),
    /// `pyvenv.cfg` names an interpreter that is not the one of `home`.
    Home {
        /// What it says.
        home: String,
        /// The interpreter that it names beside.
        made_by: String,
    },
    /// `pyvenv.cfg` lets packages of the system in, and the command in it did not ask for that.
    System,
    /// A script to enter the environment uses a word that no known tool writes.
    Word(String),
    /// A script to enter the environment enters another one.
    Enters(String),
}

/// How an installed file and the wheel of its index are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apart {
    /// They have other bytes.
    Other,
    /// The wheel holds it, and it is not installed.
    Gone,
    /// RECORD lists it, and the wheel does not hold it.
    Added,
}

/// What is wrong with a row of RECORD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowFault {
    /// It is no row of path, hash and size.
    Unreadable,
    /// Its hash is no digest of the algorithm it names.
    Damaged(String),
    /// Its hash is of an algorithm that nobody should rely on.
    Weak(String),
    /// It names a file outside the environment.
    Outside(String),
    /// It states no hash of a file that should have one.
    Unhashed(String),
}

/// What sort of code nobody lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlisted {
    /// A Python file.
    Module,
    /// A library that is loaded as machine code.
    Native,
    /// A whole directory.
    Directory,
    /// A link to a directory.
    Link,
    /// A program.
    Script,
    /// Declarations that make tools load code.
    EntryPoints,
}

/// Something that starts with every Python of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The file.
    pub file: String,
    /// Its kind.
    pub kind: HookKind,
    /// The distribution that lists it.
    pub distribution: Option<usize>,
    /// What it runs, one piece each.
    pub runs: Vec<String>,
    /// The directories it adds to the path.
    pub adds: Vec<String>,
}

/// The kinds of files that start with Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookKind {
    /// A path configuration file.
    Pth,
    /// A file of entry points (PEP 829).
    Start,
    /// `sitecustomize`.
    SiteCustomize,
    /// `usercustomize`.
    UserCustomize,
}

/// Something that could not be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unchecked {
    /// The file or directory.
    pub path: String,
    /// The distribution, where it is one.
    pub distribution: Option<usize>,
    /// Why.
    pub why: Without,
}

impl Unchecked {
    pub(super) fn new(path: String, why: Without) -> Self {
        Self {
            path,
            distribution: None,
            why,
        }
    }
}

/// Why something could not be checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Without {
    /// A `.dist-info` without RECORD.
    #[error("there is no RECORD of its files")]
    Record,
    /// A form of distribution that has no hashes.
    #[error("this form of distribution has no hashes of its files")]
    Hashes,
    /// RECORD is too large.
    #[error("its RECORD is over the limit of {limit} bytes")]
    Size {
        /// The limit.
        limit: u64,
    },
    /// There are too many rows.
    #[error("there are more than {limit} rows in all RECORD files together")]
    Rows {
        /// The limit.
        limit: usize,
    },
    /// There are too many files.
    #[error("there are more than {limit} files and directories")]
    Files {
        /// The limit.
        limit: usize,
    },
    /// The system refused.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// Bytecode of a version of Python that is not known, or larger than any compiler writes.
    #[error("its bytecode cannot be read")]
    Bytecode,
}
