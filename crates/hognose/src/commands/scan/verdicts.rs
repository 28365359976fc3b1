//! What an inspection said of one artifact, remembered by sha256, analyser and model.

use std::borrow::Cow;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use hognose_behaviour::across::{Handed, Sender, Ties};
use hognose_behaviour::model::ANALYSER;
use hognose_behaviour::{Band, FactKind, Model, Place, Trigger, assess};
use hognose_inventory::{Disk, Entry, EntryKind, ReadError, ReadSeek, Tree};
use hognose_types::{RedactedUrl, Source};
use serde::{Deserialize, Serialize};

/// Version of the stored form. Another one is not read: the artifact is inspected again.
const SCHEMA: u32 = 4;
/// Larger than any remembered verdict.
const MAX_FILE: u64 = 1 << 20;

/// The verdict on one artifact.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::commands) struct Remembered {
    schema: u32,
    analyser: String,
    model: String,
    /// Of the artifact.
    pub(super) sha256: String,
    /// Its file name.
    pub(super) file: String,
    /// 0 to 100.
    pub(super) score: f64,
    /// Rules that fired, heaviest first, with their titles.
    pub(super) rules: Vec<(String, String)>,
    /// `file:line` of the fact that decided.
    pub(super) place: Option<String>,
    /// What could not be analysed.
    pub(in crate::commands) unread: Vec<String>,
    /// The licence that its metadata states.
    pub(in crate::commands) license: Option<String>,
    /// What it requires from an address of its own.
    pub(in crate::commands) elsewhere: Vec<String>,
    /// It is a valid archive of two formats: what is read of one is not what is installed of the other.
    pub(in crate::commands) two_formats: bool,
    /// What other artifacts may complete.
    ties: RememberedTies,
}

/// Halves of what may cross from one artifact into another: function, file, line.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct RememberedTies {
    provides: Vec<String>,
    handed: Vec<(String, String, u32)>,
    senders: Vec<(String, String, u32)>,
    is_tiny: bool,
}

impl RememberedTies {
    fn of(ties: &Ties) -> Self {
        let place = |place: &Place| (place.file.clone(), place.line);
        let half = |function: &String, at: &Place| {
            let (file, line) = place(at);
            (function.clone(), file, line)
        };
        Self {
            provides: ties.provides.clone(),
            handed: ties
                .handed
                .iter()
                .map(|h| half(&h.function, &h.place))
                .collect(),
            senders: ties
                .senders
                .iter()
                .map(|s| half(&s.function, &s.place))
                .collect(),
            is_tiny: ties.is_tiny,
        }
    }
}

impl Remembered {
    /// Inspects an artifact.
    pub(super) fn of(path: &Path, sha256: &str) -> Result<Self, String> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self::named(path, &name, sha256)
    }

    /// Inspects an artifact that lies under another name than its own.
    pub(in crate::commands) fn named(
        path: &Path,
        name: &str,
        sha256: &str,
    ) -> Result<Self, String> {
        let inspection = crate::commands::inspect::archive(path, name)?;
        let model = Model::builtin();
        let assessment = assess(&inspection.facts, model, &[]);
        let decisive = assessment.fired.first();
        let fact = decisive
            .and_then(|fired| fired.firing.facts.first())
            .and_then(|at| inspection.facts.get(*at));
        // What is true of the artifact as a whole stands in no file.
        let fact = fact.filter(|fact| !fact.place.file.is_empty());
        let place = fact.map(|fact| match fact.place.line {
            0 => fact.place.file.clone(),
            line => format!("{}:{line}", fact.place.file),
        });
        let fired = assessment.fired.iter();
        let unread = inspection.unread.iter();
        let mut stated = stated(path, name);
        let facts = inspection.facts.iter();
        for fact in facts.filter(|f| f.kind == FactKind::BuildReference) {
            let from = from_elsewhere(&fact.detail);
            if !stated.elsewhere.contains(&from) {
                stated.elsewhere.push(from);
            }
        }
        Ok(Self {
            schema: SCHEMA,
            analyser: ANALYSER.to_owned(),
            model: model.version.clone(),
            sha256: sha256.to_owned(),
            file: name.to_owned(),
            score: assessment.score,
            rules: fired
                .map(|f| (f.rule.id.clone(), f.rule.title.clone()))
                .collect(),
            place,
            unread: unread
                .map(|(path, reason)| format!("{path}: {reason}"))
                .collect(),
            license: stated.license,
            elsewhere: stated.elsewhere,
            two_formats: inspection.facts.iter().any(|fact| {
                fact.kind == FactKind::ArchiveHostile && fact.detail.starts_with("polyglot")
            }),
            ties: RememberedTies::of(&inspection.ties),
        })
    }

    /// What other artifacts of the same run may complete.
    pub(super) fn ties(&self) -> Ties {
        let place = |(_, file, line): &(String, String, u32)| Place::line(file.clone(), *line);
        let handed = self.ties.handed.iter().map(|half| Handed {
            function: half.0.clone(),
            place: place(half),
            trigger: Trigger::Call,
        });
        let senders = self.ties.senders.iter().map(|half| Sender {
            function: half.0.clone(),
            place: place(half),
        });
        Ties {
            provides: self.ties.provides.clone(),
            handed: handed.collect(),
            senders: senders.collect(),
            is_tiny: self.ties.is_tiny,
        }
    }

    /// 0 to 100.
    pub(in crate::commands) fn score(&self) -> f64 {
        self.score
    }

    /// Of the artifact.
    pub(in crate::commands) fn sha256(&self) -> &str {
        &self.sha256
    }

    /// As it is kept.
    pub(in crate::commands) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Back from what was kept elsewhere; nothing when it is damaged, of another version or about other bytes.
    pub(in crate::commands) fn of_json(text: &str, sha256: &str) -> Option<Self> {
        let known: Self = serde_json::from_str(text).ok()?;
        known.fits(sha256).then_some(known)
    }

    fn fits(&self, sha256: &str) -> bool {
        self.schema == SCHEMA
            && self.analyser == ANALYSER
            && self.model == Model::builtin().version
            && self.sha256 == sha256
    }

    /// The analyser and model that a verdict rests on.
    pub(in crate::commands) fn basis() -> String {
        format!("{SCHEMA}-{ANALYSER}-{}", Model::builtin().version)
    }

    /// Whether what any analyser kept of some bytes says that they are harmless and were read to the end.
    pub(in crate::commands) fn was_harmless(text: &str) -> bool {
        #[derive(Deserialize)]
        struct Kept {
            score: f64,
            unread: Vec<String>,
        }
        serde_json::from_str::<Kept>(text).is_ok_and(|kept| {
            kept.unread.is_empty() && Model::builtin().band(kept.score) < Band::Suspicious
        })
    }

    /// What the score means.
    pub(in crate::commands) fn band(&self) -> Band {
        Model::builtin().band(self.score)
    }
}

/// A requirement with an address, as the metadata of the same requirement is told.
fn from_elsewhere(requirement: &str) -> String {
    match requirement.split_once('@') {
        Some((name, address)) if !name.contains(':') => {
            let address = address.split(';').next().unwrap_or(address).trim();
            format!("{} from {}", name.trim(), RedactedUrl::new(address))
        }
        _ => RedactedUrl::new(requirement).to_string(),
    }
}

/// What the metadata of an artifact states.
#[derive(Default)]
struct Stated {
    license: Option<String>,
    elsewhere: Vec<String>,
}

/// Reads the metadata of an artifact that lies under another name than its own.
fn stated(path: &Path, name: &str) -> Stated {
    let tree = Renamed {
        name: name.to_owned(),
        path: path.to_string_lossy().into_owned(),
    };
    let names = [name.to_owned()];
    let read = hognose_inventory::scan_paths(&tree, &names, &hognose_inventory::Options::default());
    let mut out = Stated::default();
    for component in read.components {
        match component.source {
            Source::Url { url } | Source::Vcs { url, .. } => {
                out.elsewhere.push(format!("{} from {url}", component.name));
            }
            _ => out.license = out.license.or(component.license),
        }
    }
    out
}

/// One file on disk, seen under another name.
#[derive(Debug)]
struct Renamed {
    name: String,
    path: String,
}

impl Renamed {
    fn at(&self, path: &str) -> Result<&str, ReadError> {
        (path == self.name)
            .then_some(self.path.as_str())
            .ok_or(ReadError::NotAFile)
    }
}

impl Tree for Renamed {
    fn read(&self, path: &str, limit: u64) -> Result<Cow<'_, [u8]>, ReadError> {
        Disk.read(self.at(path)?, limit)
            .map(|b| Cow::Owned(b.into_owned()))
    }

    fn read_head(&self, path: &str, length: u64) -> Result<Cow<'_, [u8]>, ReadError> {
        Disk.read_head(self.at(path)?, length)
            .map(|b| Cow::Owned(b.into_owned()))
    }

    fn open(&self, path: &str) -> Result<Box<dyn ReadSeek + '_>, ReadError> {
        let file = std::fs::File::open(self.at(path)?)?;
        Ok(Box::new(std::io::BufReader::with_capacity(64 << 10, file)))
    }

    fn kind(&self, path: &str) -> Option<EntryKind> {
        (path == self.name).then_some(EntryKind::File)
    }

    fn list(&self, _: &str, _: usize) -> Result<Vec<Entry>, ReadError> {
        Ok(Vec::new())
    }

    fn canonical(&self, path: &str) -> Option<String> {
        (path == self.name).then(|| path.to_owned())
    }
}

/// Remembered verdicts below the cache directory.
#[derive(Debug)]
pub(in crate::commands) struct Memory {
    directory: PathBuf,
}

impl Memory {
    pub(in crate::commands) fn new(cache: &Path) -> Self {
        Self {
            directory: cache.join("inspections"),
        }
    }

    fn path(&self, sha256: &str) -> PathBuf {
        let model = &Model::builtin().version;
        self.directory
            .join(format!("{sha256}-{ANALYSER}-{model}.json"))
    }

    /// What is remembered of an artifact; nothing when it is damaged or of another version.
    pub(in crate::commands) fn recall(&self, sha256: &str) -> Option<Remembered> {
        let path = self.path(sha256);
        if std::fs::metadata(&path).ok()?.len() > MAX_FILE {
            return None;
        }
        let text = std::fs::read_to_string(path).ok()?;
        Remembered::of_json(&text, sha256)
    }

    /// Remembers a verdict. Where that fails the artifact is inspected again next time: nothing is lost but time.
    pub(in crate::commands) fn keep(&self, verdict: &Remembered) {
        let _ = self.write(verdict);
    }

    fn write(&self, verdict: &Remembered) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.directory)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        file.write_all(&serde_json::to_vec(verdict)?)?;
        file.persist(self.path(&verdict.sha256))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_fits_is_recalled() {
        let directory = tempfile::tempdir().unwrap();
        let memory = Memory::new(directory.path());
        let sha256 = "ab".repeat(32);
        assert!(memory.recall(&sha256).is_none());
        let mut verdict = Remembered {
            schema: SCHEMA,
            analyser: ANALYSER.to_owned(),
            model: Model::builtin().version.clone(),
            sha256: sha256.clone(),
            file: "six-1.0.tar.gz".to_owned(),
            score: 1.5,
            rules: Vec::new(),
            place: None,
            unread: Vec::new(),
            license: None,
            elsewhere: Vec::new(),
            two_formats: false,
            ties: RememberedTies::default(),
        };
        memory.keep(&verdict);
        assert_eq!(memory.recall(&sha256).unwrap().file, "six-1.0.tar.gz");
        // A newer program's form, another analyser's words, a damaged file.
        verdict.schema = SCHEMA + 1;
        memory.keep(&verdict);
        assert!(memory.recall(&sha256).is_none());
        verdict.schema = SCHEMA;
        verdict.analyser = "0".to_owned();
        memory.keep(&verdict);
        assert!(memory.recall(&sha256).is_none());
        std::fs::write(memory.path(&sha256), "{").unwrap();
        assert!(memory.recall(&sha256).is_none());
    }
}
