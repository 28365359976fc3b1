//! One name and version against the database.

use hognose_types::{
    AdvisoryEvidence, KnownExploited, Match, MatchBasis, PackageName, RecordSource,
    SeverityEstimate, Version, VersionKey,
};

use crate::codec::{FlawBlock, PackageAffected, PackageBlock, PackageFlaw};
use crate::database::Database;
use crate::format::FormatError;
use crate::intervals::{Interval, Upper};
use crate::readings::Decided;
use crate::squeeze::Unpacker;

/// What is known of the version to match.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Query<'a> {
    /// A PEP 440 version.
    Version(&'a Version),
    /// A version without order: equality only.
    Opaque(&'a str),
    /// No exact version: only advisories about every version apply.
    Unknown,
}

/// What the database says.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) hits: Vec<AdvisoryEvidence>,
    /// Advisories that may apply but cannot be decided: id and reason.
    pub(crate) undecided: Vec<(String, String)>,
    /// Records about the name that could not be read: id and reason.
    pub(crate) problems: Vec<(String, String)>,
}

impl Database {
    /// Every advisory that applies to an exact version, worst first. An unknown name is an empty answer.
    pub fn advisories_for(
        &self,
        name: &PackageName,
        version: &Version,
    ) -> Result<Vec<AdvisoryEvidence>, FormatError> {
        Ok(self
            .answer(
                name,
                Query::Version(version),
                Some(&mut Unpacker::default()),
            )?
            .hits)
    }

    /// Every advisory about a name with its affected ranges, for `db show`.
    pub fn advisories_about(
        &self,
        name: &PackageName,
    ) -> Result<Vec<AdvisoryEvidence>, FormatError> {
        let Some(block) = self.package(name)? else {
            return Ok(Vec::new());
        };
        let mut out = Vec::new();
        for entry in &block.flaws {
            let flaw = self.flaw(entry.flaw)?;
            let matches = entry
                .affected
                .iter()
                .flat_map(|a| {
                    a.intervals
                        .iter()
                        .map(|i| to_match(&flaw, a, Basis::Range(i), false))
                })
                .collect();
            out.push(self.evidence(flaw, entry, matches, None, Some(&mut Unpacker::default()))?);
        }
        sort(&mut out);
        Ok(out)
    }

    /// The advisory with an id or alias, with its full text.
    pub fn advisory(
        &self,
        id: &str,
    ) -> Result<Option<(AdvisoryEvidence, Vec<String>)>, FormatError> {
        let Some(flaw) = self.flaw_by_id(id)? else {
            return Ok(None);
        };
        let packages = flaw.packages.clone();
        let malicious = flaw.records.iter().any(|r| r.id.starts_with("MAL-"));
        let entry = PackageFlaw {
            flaw: crate::format::BlockRef::default(),
            affected: vec![PackageAffected {
                malicious,
                ..PackageAffected::default()
            }],
            fixes: Vec::new(),
        };
        Ok(Some((
            self.evidence(
                flaw,
                &entry,
                Vec::new(),
                None,
                Some(&mut Unpacker::default()),
            )?,
            packages,
        )))
    }

    pub(crate) fn answer(
        &self,
        name: &PackageName,
        query: Query<'_>,
        mut details: Option<&mut Unpacker>,
    ) -> Result<Answer, FormatError> {
        let mut answer = Answer::default();
        let Some(PackageBlock {
            flaws, problems, ..
        }) = self.package(name)?
        else {
            return Ok(answer);
        };
        answer.problems = problems;
        let stripped = if let Query::Version(version) = query {
            version.without_local()
        } else {
            None
        };
        for entry in &flaws {
            let mut hits: Vec<(&PackageAffected, Basis<'_>, bool)> = Vec::new();
            let mut open: Option<String> = None;
            for affected in &entry.affected {
                match test(affected, query, stripped.as_ref()) {
                    Outcome::Hit(interval, local_ignored) => {
                        hits.push((affected, interval, local_ignored));
                    }
                    Outcome::Undecided(reason) => open = Some(reason),
                    Outcome::Miss => {}
                }
            }
            if !hits.is_empty() {
                let flaw = self.flaw(entry.flaw)?;
                let matches = hits
                    .iter()
                    .map(|(a, i, l)| to_match(&flaw, a, *i, *l))
                    .collect();
                let installed = if let Query::Version(version) = query {
                    Some(version)
                } else {
                    None
                };
                answer.hits.push(self.evidence(
                    flaw,
                    entry,
                    matches,
                    installed,
                    details.as_deref_mut(),
                )?);
            } else if let Some(reason) = open {
                answer.undecided.push((self.flaw(entry.flaw)?.id, reason));
            }
        }
        sort(&mut answer.hits);
        answer.undecided.sort();
        Ok(answer)
    }

    fn evidence(
        &self,
        flaw: FlawBlock,
        entry: &PackageFlaw,
        matches: Vec<Match>,
        installed: Option<&Version>,
        details: Option<&mut Unpacker>,
    ) -> Result<AdvisoryEvidence, FormatError> {
        let (details, references) = match details {
            Some(unpacker) => self.details(flaw.details, unpacker)?,
            None => Default::default(),
        };
        let hit = |a: &&PackageAffected| {
            matches.is_empty()
                || flaw
                    .records
                    .get(usize::from(a.record))
                    .is_some_and(|r| matches.iter().any(|m| m.record == r.id))
        };
        let malicious = entry.affected.iter().filter(hit).any(|a| a.malicious);
        let fixed_in = installed.and_then(|version| smallest_fix(entry, version));
        Ok(AdvisoryEvidence {
            id: flaw.id,
            aliases: flaw.aliases,
            summary: flaw.summary,
            details,
            malicious,
            severity: if malicious {
                SeverityEstimate::malicious()
            } else {
                flaw.severity
            },
            cwes: flaw.cwes,
            epss: flaw.epss,
            kev: flaw.kev.map(|k| KnownExploited {
                cve: k.cve,
                date_added: k.date_added,
                due_date: k.due_date,
                ransomware: k.ransomware,
            }),
            records: flaw
                .records
                .into_iter()
                .map(|r| RecordSource {
                    id: r.id,
                    feed: r.feed,
                    published: r.published,
                    modified: r.modified,
                })
                .collect(),
            matches,
            references,
            fixed_in,
        })
    }
}

/// What of an `affected` entry covers a version.
#[derive(Clone, Copy)]
enum Basis<'a> {
    Range(&'a Interval),
    Listed,
}

enum Outcome<'a> {
    Hit(Basis<'a>, bool),
    Undecided(String),
    Miss,
}

fn test<'a>(
    affected: &'a PackageAffected,
    query: Query<'_>,
    stripped: Option<&Version>,
) -> Outcome<'a> {
    match query {
        Query::Version(version) => {
            if let Some(basis) = covers(affected, version.key()) {
                return Outcome::Hit(basis, false);
            }
            if let Some(basis) = stripped.and_then(|v| covers(affected, v.key())) {
                return Outcome::Hit(basis, true);
            }
            unordered(affected, version, stripped)
        }
        Query::Opaque(text) => {
            if let Some(interval) = affected.intervals.iter().find(|i| i.is_everything()) {
                return Outcome::Hit(Basis::Range(interval), false);
            }
            if affected
                .legacy
                .iter()
                .any(|l| l.trim().eq_ignore_ascii_case(text.trim()))
            {
                return Outcome::Hit(Basis::Listed, false);
            }
            if affected.intervals.is_empty() && affected.undecided.is_empty() {
                return Outcome::Miss;
            }
            Outcome::Undecided(
                "its range cannot be compared with a version that does not follow PEP 440"
                    .to_owned(),
            )
        }
        Query::Unknown => match affected.intervals.iter().find(|i| i.is_everything()) {
            Some(interval) => Outcome::Hit(Basis::Range(interval), false),
            None => Outcome::Undecided("it concerns some versions only".to_owned()),
        },
    }
}

/// What ranges with unordered bounds say.
fn unordered<'a>(
    affected: &'a PackageAffected,
    version: &Version,
    stripped: Option<&Version>,
) -> Outcome<'a> {
    let mut open = Outcome::Miss;
    for range in &affected.undecided {
        let whole = range.decide(version.key());
        let bare = stripped.map_or(Decided::Clear, |v| range.decide(v.key()));
        match (whole, bare) {
            (Decided::Covered(interval), _) => return Outcome::Hit(Basis::Range(interval), false),
            (_, Decided::Covered(interval)) => return Outcome::Hit(Basis::Range(interval), true),
            (Decided::Clear, Decided::Clear) => {}
            _ if range.listed => {}
            _ => open = Outcome::Undecided(no_order(&range.bound)),
        }
    }
    open
}

fn no_order(bound: &str) -> String {
    format!(
        "its bound {:?} does not follow PEP 440 and has no order",
        hognose_types::text::short(bound, 60)
    )
}

fn covers<'a>(affected: &'a PackageAffected, key: &VersionKey) -> Option<Basis<'a>> {
    if let Some(interval) = affected.intervals.iter().find(|i| i.contains(key)) {
        return Some(Basis::Range(interval));
    }
    affected
        .listed
        .binary_search(key)
        .is_ok()
        .then_some(Basis::Listed)
}

/// The smallest fixing version above the installed one that the flaw itself does not cover; when records
/// contradict each other about every candidate, the smallest one.
fn smallest_fix(entry: &PackageFlaw, installed: &Version) -> Option<Version> {
    let above: Vec<&(VersionKey, String)> = entry
        .fixes
        .iter()
        .filter(|(key, _)| key > installed.key())
        .collect();
    let clean = above
        .iter()
        .find(|(key, _)| entry.affected.iter().all(|a| covers(a, key).is_none()));
    let (_, text) = clean.or(above.first())?;
    Version::new(text).ok()
}

fn to_match(
    flaw: &FlawBlock,
    affected: &PackageAffected,
    basis: Basis<'_>,
    local_ignored: bool,
) -> Match {
    let record = flaw
        .records
        .get(usize::from(affected.record))
        .map(|r| r.id.clone())
        .unwrap_or_default();
    let basis = match basis {
        Basis::Listed => MatchBasis::Listed,
        Basis::Range(interval) => {
            let (fixed, last_affected) = match &interval.high {
                Upper::Open => (None, None),
                Upper::Fixed(_, text) | Upper::Limit(_, text) => (Some(text.clone()), None),
                Upper::Last(_, text) => (None, Some(text.clone())),
            };
            MatchBasis::Range {
                introduced: interval.low_text.clone(),
                fixed,
                last_affected,
            }
        }
    };
    Match {
        record,
        basis,
        local_ignored,
    }
}

/// Malicious first, then by score, then by id.
fn sort(hits: &mut [AdvisoryEvidence]) {
    hits.sort_by(|a, b| {
        b.malicious
            .cmp(&a.malicious)
            .then_with(|| b.severity.score.total_cmp(&a.severity.score))
            .then_with(|| a.id.cmp(&b.id))
    });
}
