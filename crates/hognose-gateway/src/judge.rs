//! Who decides: one interface between what is served and the engine that knows why not.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::OnUnknown;
use hognose_index::{IndexFile, Project};
use hognose_types::{Decision, PackageName};
use serde::{Deserialize, Serialize};

/// Why a file is warned about or withheld.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The rule.
    pub rule: String,
    /// What it found, as one line.
    pub message: String,
    /// What to do about it; may be empty.
    pub remedy: String,
}

/// What was decided about a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// Allow, warn or block.
    pub decision: Decision,
    /// Why, the deciding reasons first; empty where nothing was found.
    pub reasons: Vec<Reason>,
}

impl Ruling {
    /// Nothing was found.
    pub const ALLOW: Self = Self {
        decision: Decision::Allow,
        reasons: Vec::new(),
    };

    /// Whether the file is withheld.
    pub fn blocks(&self) -> bool {
        self.decision == Decision::Block
    }

    /// Adds what somebody else decided: the stricter decision counts, its reasons come first.
    pub fn join(&mut self, other: Self) {
        if other.decision > self.decision {
            let mine = std::mem::replace(&mut self.reasons, other.reasons);
            self.reasons.extend(mine);
            self.decision = other.decision;
        } else {
            self.reasons.extend(other.reasons);
        }
    }

    /// The deciding reason in one line.
    pub fn summary(&self) -> Option<String> {
        let first = self.reasons.first()?;
        Some(format!("{}: {}", first.rule, first.message))
    }
}

/// What an upstream offers of a project.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    /// The project.
    pub name: &'a PackageName,
    /// Whether its names belong to the user (`[identity] owned`, or an upstream's).
    pub owned: bool,
    /// The status word of PEP 792 and its reason.
    pub status: Option<(&'a str, Option<&'a str>)>,
    /// Its files, upload times and sizes filled in from wherever they could be had.
    pub files: &'a [IndexFile],
    /// What the upstream's project page says, where it has one.
    pub project: Option<&'a Project>,
    /// Who published files, as their attestations say (PEP 740), by file name; only of those that were asked for.
    pub publishers: &'a BTreeMap<String, String>,
    /// Unix seconds.
    pub now: i64,
}

/// The rulings of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRulings {
    /// One for each file of the offer, in its order.
    pub files: Vec<Ruling>,
    /// When time alone may change one of them, Unix seconds.
    pub until: Option<i64>,
    /// Files whose publisher would change a ruling.
    pub wanted: Vec<String>,
}

/// What the bytes of an artifact showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inspected {
    /// They were read to the end.
    Read(Ruling),
    /// They were not, or not all of them, and why: time, size, damage.
    Unknown(String),
}

/// An artifact: a file of a project with a digest that was verified or announced.
#[derive(Clone, Copy, Debug)]
pub struct Artifact<'a> {
    /// The project.
    pub name: &'a PackageName,
    /// The file as it is offered.
    pub file: &'a IndexFile,
    /// Its digest.
    pub sha256: &'a str,
}

/// The attestations of an artifact, as its upstream has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document<'a> {
    /// It announces none.
    None,
    /// What it serves, whatever that is.
    Bytes(&'a [u8]),
    /// It serves more bytes than so many.
    TooLarge(u64),
    /// Why it could not be had.
    Missed(&'a str),
}

/// What attestations showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// What is decided about the file.
    pub ruling: Ruling,
    /// Whether something was learnt by which pages of the project are decided otherwise.
    pub news: bool,
}

/// Decides about projects and artifacts. No method may block on the network.
pub trait Judge: Send + Sync + 'static {
    /// Decides what can be decided without the bytes.
    fn page(&self, offer: &Offer<'_>) -> PageRulings;

    /// Whether decisions rest on who may upload to a project: its project page is asked for then.
    fn wants_people(&self) -> bool;

    /// Whether artifacts are to be read before they are served.
    fn inspects(&self) -> bool;

    /// What the bytes of a digest showed when they were read before, under this revision. `anywhere` asks other nodes
    /// too, which is for single files: a page may have thousands.
    fn recall(&self, artifact: &Artifact<'_>, anywhere: bool) -> Option<Inspected>;

    /// The upstream that first delivered a project, with this one recorded where there is none; `None` where nothing is
    /// recorded. Fails where it cannot be known now. May wait for a disk.
    fn owner(&self, name: &PackageName, upstream: &str) -> Result<Option<String>, String>;

    /// Reads an artifact from a path, and remembers what it showed.
    fn artifact(&self, artifact: &Artifact<'_>, path: &Path) -> Inspected;

    /// What the attestations of an artifact show.
    fn attested(&self, artifact: &Artifact<'_>, document: Document<'_>) -> Attested;

    /// Who published an artifact, as an attestation says that holds.
    fn publisher(&self, artifact: &Artifact<'_>, document: &[u8]) -> Option<String>;

    /// What happens to artifacts that could not be judged.
    fn on_unknown(&self) -> OnUnknown;

    /// Whether the bytes were read before, by whatever analyser, and found harmless. May wait for a disk.
    fn known_good(&self, artifact: &Artifact<'_>) -> bool;

    /// Notes that a file is about to be sent. Where its name had other bytes before: their sha256, and what is decided
    /// about that. Fails where it cannot be known now. May wait for a disk.
    fn first(&self, artifact: &Artifact<'_>) -> Result<Option<(String, Ruling)>, String>;

    /// Whether decisions can be made and kept now; why not, where they cannot. May wait for a disk.
    fn ready(&self) -> Result<(), String>;

    /// Changes whenever policy, feeds or analyser do: what was decided under another revision is decided again.
    fn revision(&self) -> Arc<str>;
}
