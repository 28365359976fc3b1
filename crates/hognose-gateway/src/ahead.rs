//! The release that an unpinned requirement gets, judged before its page is shown. Installers look at a page once: when
//! the file they chose from it is refused they end, though an older release would have done.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use hognose_index::{FileKind, IndexFile};
use hognose_types::{PackageName, Specifiers, Version, text};
use hyper::header;
use tokio::time::Instant;

use crate::gateway::{Asked, Gateway};
use crate::judge::{Artifact, Inspected};
use crate::offer::{OfferedFile, Page};
use crate::problem::Problem;
use crate::unready::Note;

/// Larger files are judged when they are asked for: they may be for another machine, and are not fetched in vain.
const LARGEST: u64 = 32 << 20;
/// Seconds for which a page shows a file as not to be chosen that is still being read.
const SOON: i64 = 30;
/// The same for one that cannot be read.
const LATER: i64 = 600;
/// Longest `User-Agent` that is looked at.
const MAX_AGENT: usize = 4_096;

/// What became of a file.
enum Foreseen {
    /// It would be sent, or that cannot be known now and has nothing to do with what it is.
    Settled,
    /// It would be refused, and pages say so.
    Withheld,
    /// It could not be judged, and is refused for that.
    Unknown(String),
}

impl Gateway {
    /// The page of a project, on which the release that an unpinned requirement gets is one that would be sent, as far as
    /// that can be known in time.
    pub(crate) async fn foreseen(
        self: &Arc<Self>,
        name: &PackageName,
        asked: &Asked<'_>,
    ) -> Result<Arc<Page>, Problem> {
        let page = self.known(name).await?;
        let options = &self.gear.options;
        if page.foreseen.get().is_some() || options.ahead.is_zero() || options.observe {
            return Ok(page);
        }
        let agent = asked.header(header::USER_AGENT).unwrap_or_default();
        let page = self.look_ahead(page, &Client::of(agent), asked).await?;
        // Whoever comes next finds the same.
        let _ = page.foreseen.set(());
        Ok(page)
    }

    async fn look_ahead(
        self: &Arc<Self>,
        mut page: Arc<Page>,
        client: &Client,
        asked: &Asked<'_>,
    ) -> Result<Arc<Page>, Problem> {
        let name = page.parts.name.clone();
        let until = Instant::now() + self.gear.options.ahead;
        let mut tried = BTreeSet::new();
        while let Some(offered) = client.choice(&page.parts.files).cloned() {
            if !tried.insert(offered.file.filename.clone()) {
                break;
            }
            let judged = self.foresee(&page, &offered, asked.client);
            match tokio::time::timeout_at(until, judged).await {
                Ok(Foreseen::Settled) => break,
                Ok(Foreseen::Withheld) => {}
                Ok(Foreseen::Unknown(reason)) => {
                    self.set_aside(&name, [&offered], &reason, LATER).await;
                }
                Err(_) => {
                    self.too_late(&page, &offered).await;
                    return self.known(&name).await;
                }
            }
            page = self.known(&name).await?;
        }
        Ok(page)
    }

    /// What a client would be told of a file that it chooses.
    async fn foresee(
        self: &Arc<Self>,
        page: &Arc<Page>,
        offered: &OfferedFile,
        client: &str,
    ) -> Foreseen {
        let name = &page.parts.name;
        let filename = &offered.file.filename;
        match self.judged(page, offered, client).await {
            Ok(ruling) if ruling.blocks() => {
                let shown = self.known(name).await.ok();
                let told = shown.and_then(|page| Some(page.file(filename)?.ruling.blocks()));
                if told == Some(false) {
                    self.gear.catalog.decide_again(name).await;
                }
                Foreseen::Withheld
            }
            Ok(_) => Foreseen::Settled,
            Err(reason) => {
                let digest = offered.file.sha256.as_deref();
                let blob = digest.and_then(|digest| self.gear.blobs.find(digest));
                // What cannot be fetched may be there a moment later: nothing is said about what it is.
                let Some(blob) = blob else {
                    return Foreseen::Settled;
                };
                let ruling = self.not_judged(page, offered, &blob, &reason).await;
                if ruling.blocks() {
                    Foreseen::Unknown(reason)
                } else {
                    Foreseen::Settled
                }
            }
        }
    }

    /// Time is over: what is being read is not for now, and nothing either that is newer than what is known to be good.
    async fn too_late(self: &Arc<Self>, page: &Arc<Page>, offered: &OfferedFile) {
        let digest = offered.file.sha256.as_deref();
        let Some(blob) = digest.and_then(|digest| self.gear.blobs.find(digest)) else {
            // The upstream is slow, and not the reading.
            return;
        };
        let reason = "reading it takes long, and goes on";
        let ruling = self.not_judged(page, offered, &blob, reason).await;
        if !ruling.blocks() {
            return;
        }
        let judge = &self.gear.judge;
        let good = |file: &&OfferedFile| {
            let Some(sha256) = file.file.sha256.as_deref() else {
                return false;
            };
            let artifact = Artifact {
                name: &page.parts.name,
                file: &file.file,
                sha256,
            };
            let known = judge.recall(&artifact, false);
            matches!(known, Some(Inspected::Read(ruling)) if !ruling.blocks())
        };
        let takable = page.parts.files.iter().filter(|f| f.is_takable());
        let newest = takable.clone().filter(good).map(|f| &f.file.version).max();
        let newer = takable.filter(|file| newest.is_some_and(|newest| file.file.version > *newest));
        let all = newer.chain([offered]);
        self.set_aside(&page.parts.name, all, reason, SOON).await;
    }

    async fn set_aside(
        self: &Arc<Self>,
        name: &PackageName,
        files: impl IntoIterator<Item = &OfferedFile>,
        reason: &str,
        seconds: i64,
    ) {
        let catalog = &self.gear.catalog;
        for file in files {
            let note = Note {
                reason: text::short(reason, 200),
                until: catalog.now().saturating_add(seconds),
            };
            catalog.unready.put(name, &file.file.filename, note);
        }
        catalog.decide_again(name).await;
    }
}

/// For which machine files are wanted, as pip and uv say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Client {
    python: Option<Version>,
    /// As tags of wheels have it: `-cp312-`.
    tag: Option<String>,
    system: Option<&'static str>,
}

impl Client {
    /// From `User-Agent`: a name and a version, and an object that says more.
    fn of(agent: &str) -> Self {
        let told = agent.split_once(" {").filter(|_| agent.len() <= MAX_AGENT);
        let told = told.map(|(_, rest)| format!("{{{rest}"));
        let told: serde_json::Value = told
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let python = told.get("python").and_then(text);
        let system = told.get("system").and_then(|s| s.get("name"));
        let mut parts = python.as_deref().unwrap_or_default().split('.');
        let tag = parts.next().zip(parts.next());
        Self {
            tag: tag.map(|(major, minor)| format!("-cp{major}{minor}-")),
            python: python.and_then(|text| Version::new(&text).ok()),
            system: match system.and_then(serde_json::Value::as_str) {
                Some("Linux") => Some("linux"),
                Some("Darwin") => Some("macosx"),
                Some("Windows") => Some("win"),
                _ => None,
            },
        }
    }

    /// The file that an installer takes for a requirement that names no version; none where it is not to be judged before.
    fn choice<'p>(&self, files: &'p [OfferedFile]) -> Option<&'p OfferedFile> {
        let fitting = files
            .iter()
            .filter(|f| f.is_takable() && self.runs(&f.file));
        let versions = fitting.clone().map(|f| &f.file.version);
        let stable = versions.clone().filter(|v| !v.is_prerelease()).max();
        let newest = stable.or_else(|| versions.max())?;
        fitting
            .filter(|f| f.file.version == *newest)
            .min_by_key(|f| (self.rank(&f.file), f.file.filename.as_str()))
            .filter(|f| f.file.size.is_none_or(|size| size <= LARGEST))
    }

    fn runs(&self, file: &IndexFile) -> bool {
        let Some((python, requires)) = self.python.as_ref().zip(file.requires_python.as_deref())
        else {
            return true;
        };
        // What cannot be read keeps nobody from choosing it.
        Specifiers::parse(requires).is_ok_and(|requires| requires.contains(python))
            || Specifiers::parse(requires).is_err()
    }

    /// Lower is better: wheels for this machine, then the sdist, then whatever else there is.
    fn rank(&self, file: &IndexFile) -> u8 {
        let name = file.filename.as_str();
        if file.kind == FileKind::Sdist {
            return 3;
        }
        if name.ends_with("-none-any.whl") {
            return 0;
        }
        let here = name.contains(self.system.unwrap_or("linux"));
        let exactly = self.tag.as_deref().is_none_or(|tag| name.contains(tag));
        match (here, exactly || name.contains("-abi3-")) {
            (true, true) if exactly => 1,
            (true, true) => 2,
            (true, false) => 4,
            (false, _) => 5,
        }
    }
}

/// How long at most, whatever the configuration allows for one artifact: installers give a page up after a quarter of a
/// minute.
pub const MOST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_installers_say_of_themselves() {
        let pip = r#"pip/26.2 {"cpu":"x86_64","implementation":{"name":"CPython","version":"3.11.7"},"python":"3.11.7","system":{"name":"Linux","release":"6"}}"#;
        let found = Client::of(pip);
        assert_eq!(found.tag.as_deref(), Some("-cp311-"));
        assert_eq!(found.system, Some("linux"));
        assert_eq!(found.python.unwrap().as_str(), "3.11.7");
        for other in [
            "",
            "curl/8",
            "pip/26 {",
            "pip/26 {\"python\": 3}",
            "x {[[[[",
        ] {
            assert_eq!(Client::of(other), Client::default(), "{other}");
        }
        let long = format!(
            "pip {{\"python\":\"3.11\",\"x\":\"{}\"}}",
            "y".repeat(5_000)
        );
        assert_eq!(Client::of(&long), Client::default());
    }
}
