//! What an inspection said of one artifact, remembered by sha256, analyser and model.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use hognose_behaviour::across::{Handed, Sender, Ties};
use hognose_behaviour::model::ANALYSER;
use hognose_behaviour::{Band, Model, Place, Trigger, assess};
use serde::{Deserialize, Serialize};

/// Version of the stored form. Another one is not read: the artifact is inspected again.
const SCHEMA: u32 = 2;
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
        let place = fact.map(|fact| match fact.place.line {
            0 => fact.place.file.clone(),
            line => format!("{}:{line}", fact.place.file),
        });
        let fired = assessment.fired.iter();
        let unread = inspection.unread.iter();
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

    /// What the score means.
    pub(in crate::commands) fn band(&self) -> Band {
        Model::builtin().band(self.score)
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
        let known: Remembered = serde_json::from_str(&text).ok()?;
        let fits = known.schema == SCHEMA
            && known.analyser == ANALYSER
            && known.model == Model::builtin().version
            && known.sha256 == sha256;
        fits.then_some(known)
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
