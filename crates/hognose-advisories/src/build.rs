//! Records → database file.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Write as _;

use hognose_types::{Epss, PackageName, Reference, Score, Severity, Version, VersionKey};

use crate::codec::{
    DetailsBlock, FlawBlock, PackageAffected, PackageBlock, PackageFlaw, PopularBlock, StoredKev,
    StoredRecord,
};
use crate::format::{BlockRef, HEADER_LEN, Header, Section, block_check, key_hash};
use crate::intervals::{Compiled, compile};
use crate::malice;
use crate::osv::{Affected, Rating, Record};
use crate::status::{FeedStatus, MAX_IGNORED, MAX_PROBLEMS, RecordProblem, Status};
use crate::union::Union;
use crate::{cvss_score, severity};

/// Most aliases of one record that are read; real records have fewer than ten.
const MAX_ALIASES: usize = 100;

/// Collects records and writes the database.
#[derive(Debug, Default)]
pub struct Builder {
    status: Status,
    records: Vec<Prepared>,
    by_id: HashMap<String, usize>,
    epss: HashMap<String, Epss>,
    kev: HashMap<String, StoredKev>,
    popular: Vec<(String, u64)>,
    broken: BTreeMap<String, Vec<(String, String)>>,
    problems: Vec<RecordProblem>,
}

/// A record with its ranges compiled and everything else reduced to what is stored.
#[derive(Debug)]
struct Prepared {
    feed: usize,
    id: String,
    aliases: Vec<String>,
    modified: Option<String>,
    published: Option<String>,
    withdrawn: Option<String>,
    summary: String,
    details: String,
    scores: Vec<Score>,
    word: Option<Severity>,
    cwes: Vec<String>,
    references: Vec<Reference>,
    malicious: bool,
    affected: Vec<(PackageName, PackageAffected, Vec<Version>)>,
}

/// A feed being read; names the feed that records belong to.
#[derive(Clone, Copy, Debug)]
pub struct FeedHandle(usize);

impl Builder {
    /// An empty builder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Marks the database as the small built-in set.
    pub fn mark_starter(&mut self) {
        self.status.starter = true;
    }

    /// Starts a feed. `location` is shown to people: pass it without secrets.
    pub fn feed(&mut self, kind: &str, location: &str) -> FeedHandle {
        self.status.feeds.push(FeedStatus {
            kind: kind.to_owned(),
            location: location.to_owned(),
            ..FeedStatus::default()
        });
        FeedHandle(self.status.feeds.len() - 1)
    }

    /// The status line of a feed.
    pub fn feed_status(&mut self, feed: FeedHandle) -> Option<&mut FeedStatus> {
        self.status.feeds.get_mut(feed.0)
    }

    /// Records that a feed could not be read at all.
    pub fn failed_feed(&mut self, kind: &str, location: &str, reason: &str) {
        let feed = self.feed(kind, location);
        if let Some(status) = self.feed_status(feed) {
            status.failed = Some(reason.to_owned());
        }
    }

    /// Counts and names a file of a feed that holds no record.
    pub fn ignored(&mut self, feed: FeedHandle, name: &str) {
        if let Some(status) = self.status.feeds.get_mut(feed.0) {
            status.ignored += 1;
            if status.ignored_names.len() < MAX_IGNORED {
                status
                    .ignored_names
                    .push(hognose_types::text::short(name, 200));
            }
        }
    }

    /// Records kept so far, withdrawn ones included.
    pub fn record_count(&self) -> usize {
        self.records.len()
    }

    /// Remembers the state of a local feed.
    pub fn fingerprint(&mut self, path: String, state: u64) {
        self.status.fingerprints.push((path, state));
    }

    /// Parses and adds one record in JSON. `label` says where it stands (`all.zip/PYSEC-1.json`, `line 7`).
    pub fn add_json(&mut self, feed: FeedHandle, label: &str, json: &[u8]) {
        match serde_json::from_slice::<Record>(json) {
            Ok(record) => self.add(feed, record),
            Err(error) => {
                let value = serde_json::from_slice(json).ok();
                self.malformed(feed, label, &error.to_string(), value.as_ref());
            }
        }
    }

    /// Adds one record given as a value (from YAML).
    pub fn add_value(&mut self, feed: FeedHandle, label: &str, value: &serde_json::Value) {
        match <Record as serde::Deserialize>::deserialize(value) {
            Ok(record) => self.add(feed, record),
            Err(error) => self.malformed(feed, label, &error.to_string(), Some(value)),
        }
    }

    /// Counts a record that cannot be read. Its package is looked for, so that only scans that contain it
    /// become incomplete.
    pub fn malformed(
        &mut self,
        feed: FeedHandle,
        label: &str,
        reason: &str,
        value: Option<&serde_json::Value>,
    ) {
        let id = value
            .and_then(|v| v.get("id"))
            .and_then(|v| v.as_str())
            .unwrap_or(label)
            .to_owned();
        let names: BTreeSet<PackageName> = value
            .and_then(|v| v.get("affected"))
            .and_then(|v| v.as_array())
            .into_iter()
            .flatten()
            .filter_map(|a| a.get("package")?.get("name")?.as_str())
            .filter_map(|n| PackageName::new(n).ok())
            .collect();
        if let Some(status) = self.status.feeds.get_mut(feed.0) {
            status.malformed += 1;
        }
        self.problem(
            &id,
            "malformed",
            reason,
            names.first().map(ToString::to_string),
        );
        for name in names {
            self.broken
                .entry(name.to_string())
                .or_default()
                .push((id.clone(), reason.to_owned()));
        }
    }

    fn problem(&mut self, record: &str, kind: &str, reason: &str, package: Option<String>) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(RecordProblem {
                record: hognose_types::text::short(record, 200),
                kind: kind.to_owned(),
                reason: hognose_types::text::short(reason, 300),
                package,
            });
        }
    }

    /// Adds one parsed record.
    pub fn add(&mut self, feed: FeedHandle, record: Record) {
        if record.id.trim().is_empty() {
            return self.malformed(feed, "a record", "the id is empty", None);
        }
        let Some(status) = self.status.feeds.get_mut(feed.0) else {
            return;
        };
        if !record.schema_known() {
            status.unknown_schema += 1;
            let version = record.schema_version.clone().unwrap_or_default();
            let reason = format!("schema version {version} is newer than this program");
            let names: Vec<PackageName> = record
                .affected
                .iter()
                .filter_map(|a| PackageName::new(a.python_name()?).ok())
                .collect();
            self.problem(
                &record.id,
                "unknown schema",
                &reason,
                names.first().map(ToString::to_string),
            );
            for name in names {
                self.broken
                    .entry(name.to_string())
                    .or_default()
                    .push((record.id.clone(), reason.clone()));
            }
            return;
        }
        let prepared = prepare(feed.0, record, &mut status.legacy_versions);
        if prepared.affected.is_empty() {
            status.foreign += 1;
            return;
        }
        self.keep(prepared);
    }

    /// Keeps the newest of several records with one id.
    fn keep(&mut self, new: Prepared) {
        let Some(&at) = self.by_id.get(&new.id) else {
            self.by_id.insert(new.id.clone(), self.records.len());
            self.records.push(new);
            return;
        };
        let Some(old) = self.records.get_mut(at) else {
            return;
        };
        let newer = timestamp(new.modified.as_deref()) > timestamp(old.modified.as_deref());
        let loser = if newer {
            std::mem::replace(old, new)
        } else {
            new
        };
        if let Some(status) = self.status.feeds.get_mut(loser.feed) {
            status.duplicates += 1;
        }
        let package = loser.affected.first().map(|a| a.0.to_string());
        self.problem(
            &loser.id,
            "duplicate",
            "a record of the same id and the same or a newer date was kept",
            package,
        );
    }

    /// The CVE ids that scores and exploitation entries are wanted for.
    pub fn wanted_cves(&self) -> HashSet<&str> {
        let ids = self
            .records
            .iter()
            .flat_map(|r| std::iter::once(&r.id).chain(&r.aliases));
        ids.map(String::as_str)
            .filter(|id| id.starts_with("CVE-"))
            .collect()
    }

    /// Adds an EPSS score.
    pub fn add_epss(&mut self, cve: &str, probability: f64, percentile: f64) {
        self.epss.insert(
            cve.to_owned(),
            Epss {
                cve: cve.to_owned(),
                probability,
                percentile,
            },
        );
    }

    /// Adds an entry of the catalogue of known exploited vulnerabilities.
    pub fn add_kev(
        &mut self,
        cve: &str,
        date_added: &str,
        due_date: Option<&str>,
        ransomware: bool,
    ) {
        let entry = StoredKev {
            cve: cve.to_owned(),
            date_added: date_added.to_owned(),
            due_date: due_date.map(str::to_owned),
            ransomware,
        };
        self.kev.insert(cve.to_owned(), entry);
    }

    /// Adds a popular project.
    pub fn add_popular(&mut self, name: &PackageName, downloads: u64) {
        self.popular.push((name.to_string(), downloads));
    }

    /// Writes the database. `built` is Unix seconds and does not enter the revision.
    pub fn finish(mut self, built: u64) -> Vec<u8> {
        self.drop_withdrawn();
        self.records.sort_by(|a, b| a.id.cmp(&b.id));
        let groups = self.groups();
        let mut heap = Heap::default();
        let mut packages: BTreeMap<String, Vec<PackageFlaw>> = BTreeMap::new();
        let mut ids: Vec<(u64, BlockRef)> = Vec::new();
        for group in &groups {
            let (at, names) = self.write_flaw(group, &mut heap, &mut packages);
            ids.extend(
                names
                    .iter()
                    .map(|id| (key_hash(&id.to_ascii_uppercase()), at)),
            );
            self.status.flaws += 1;
            self.status.malicious += u64::from(
                group
                    .members
                    .iter()
                    .any(|&m| self.records.get(m).is_some_and(|r| r.malicious)),
            );
        }
        for name in self.broken.keys() {
            packages.entry(name.clone()).or_default();
        }
        self.status.packages = packages.len() as u64;
        let mut index: Vec<(u64, BlockRef)> = Vec::with_capacity(packages.len());
        for (name, flaws) in packages {
            let problems = self.broken.remove(&name).unwrap_or_default();
            let hash = key_hash(&name);
            index.push((
                hash,
                heap.push(&PackageBlock {
                    name,
                    flaws,
                    problems,
                }),
            ));
        }
        self.popular
            .sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        self.status.popular = heap.push(&PopularBlock {
            names: std::mem::take(&mut self.popular),
        });
        self.status.problems = heap.push(&std::mem::take(&mut self.problems));
        self.count_live(built);
        assemble(index, ids, &self.status, &heap, built)
    }

    fn drop_withdrawn(&mut self) {
        let (withdrawn, live): (Vec<_>, Vec<_>) = std::mem::take(&mut self.records)
            .into_iter()
            .partition(|r| r.withdrawn.is_some());
        self.records = live;
        for record in withdrawn {
            if let Some(status) = self.status.feeds.get_mut(record.feed) {
                status.withdrawn += 1;
            }
            let reason = format!("withdrawn {}", record.withdrawn.as_deref().unwrap_or(""));
            let package = record.affected.first().map(|a| a.0.to_string());
            self.problem(&record.id, "withdrawn", &reason, package);
        }
        self.problems
            .sort_by(|a, b| (&a.kind, &a.record).cmp(&(&b.kind, &b.record)));
    }

    /// Counts live records and finds the newest date of each feed of advisories. Dates after the build are mistakes, and
    /// one of them would hide for years that a feed has gone stale.
    fn count_live(&mut self, built: u64) {
        let now = i64::try_from(built)
            .ok()
            .and_then(|s| jiff::Timestamp::from_second(s).ok());
        for record in &self.records {
            let Some(status) = self.status.feeds.get_mut(record.feed) else {
                continue;
            };
            status.live += 1;
            let date = record.modified.as_ref().or(record.published.as_ref());
            let plausible = date.filter(|d| {
                now.is_none_or(|now| built == 0 || timestamp(Some(d)).is_some_and(|t| t <= now))
            });
            if plausible > status.date.as_ref() {
                status.date = plausible.cloned();
            }
        }
    }

    /// Merges aliases. Records are sorted by id, so the result does not depend on the order of feeds.
    fn groups(&self) -> Vec<Group> {
        let mut union = Union::default();
        for record in &self.records {
            let node = union.node(&record.id);
            for alias in &record.aliases {
                let other = union.node(alias);
                union.join(node, other);
            }
        }
        let mut sets = union.sets();
        let mut by_root: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, record) in self.records.iter().enumerate() {
            let node = union.node(&record.id);
            by_root.entry(union.find(node)).or_default().push(index);
        }
        let mut groups: Vec<Group> = by_root
            .into_iter()
            .map(|(root, members)| Group {
                members,
                ids: sets.remove(&root).unwrap_or_default(),
            })
            .collect();
        for group in &mut groups {
            group.ids.sort_by_key(|id| (id_rank(id), id.clone()));
        }
        groups.sort_by(|a, b| a.ids.cmp(&b.ids));
        groups
    }

    /// Writes one flaw and adds it to its packages. Returns its block and all its ids.
    fn write_flaw(
        &self,
        group: &Group,
        heap: &mut Heap,
        packages: &mut BTreeMap<String, Vec<PackageFlaw>>,
    ) -> (BlockRef, Vec<String>) {
        let members: Vec<&Prepared> = group
            .members
            .iter()
            .filter_map(|&m| self.records.get(m))
            .collect();
        let mut about: BTreeMap<&PackageName, (Vec<PackageAffected>, Vec<Version>)> =
            BTreeMap::new();
        for (position, member) in members.iter().enumerate() {
            for (name, affected, fixes) in &member.affected {
                let entry = about.entry(name).or_default();
                entry.0.push(PackageAffected {
                    record: position as u16,
                    malicious: member.malicious,
                    ..clone_affected(affected)
                });
                entry.1.extend(fixes.iter().cloned());
            }
        }
        let details = heap.push(&details_block(&members));
        let names: Vec<String> = about.keys().map(ToString::to_string).collect();
        let flaw = self.flaw_block(group, &members, names, details);
        let at = heap.push(&flaw);
        for (name, (affected, mut fixes)) in about {
            fixes.sort();
            fixes.dedup();
            let fixes = fixes
                .into_iter()
                .map(|v| (v.key().clone(), v.as_str().to_owned()))
                .collect();
            packages
                .entry(name.to_string())
                .or_default()
                .push(PackageFlaw {
                    flaw: at,
                    affected,
                    fixes,
                });
        }
        (at, group.ids.clone())
    }

    fn flaw_block(
        &self,
        group: &Group,
        members: &[&Prepared],
        packages: Vec<String>,
        details: BlockRef,
    ) -> FlawBlock {
        let scores = members
            .iter()
            .flat_map(|m| m.scores.iter().cloned())
            .collect();
        let words: Vec<Severity> = members.iter().filter_map(|m| m.word).collect();
        let cwes: BTreeSet<&String> = members.iter().flat_map(|m| &m.cwes).collect();
        let mut ids = group
            .ids
            .iter()
            .filter(|id| members.iter().any(|m| m.id == **id))
            .chain(&group.ids);
        let id = ids.next().cloned().unwrap_or_default();
        let best = members
            .iter()
            .min_by_key(|m| (m.summary.is_empty(), id_rank(&m.id), &m.id));
        let epss = group
            .ids
            .iter()
            .filter_map(|i| self.epss.get(i))
            .max_by(|a, b| a.probability.total_cmp(&b.probability));
        FlawBlock {
            aliases: group.ids.iter().filter(|i| **i != id).cloned().collect(),
            id,
            summary: best.map(|m| m.summary.clone()).unwrap_or_default(),
            severity: severity::estimate(scores, &words),
            cwes: cwes.into_iter().cloned().collect(),
            epss: epss.cloned(),
            kev: group.ids.iter().find_map(|i| self.kev.get(i)).cloned(),
            records: members.iter().map(|m| self.stored_record(m)).collect(),
            packages,
            details,
        }
    }

    fn stored_record(&self, record: &Prepared) -> StoredRecord {
        StoredRecord {
            id: record.id.clone(),
            feed: self
                .status
                .feeds
                .get(record.feed)
                .map(|f| f.location.clone())
                .unwrap_or_default(),
            published: record.published.clone(),
            modified: record.modified.clone(),
        }
    }
}

/// The records of one flaw and every id it is known by, best id first.
struct Group {
    members: Vec<usize>,
    ids: Vec<String>,
}

/// Which id is shown: the malicious-package record, then the databases nearest to Python, then the CVE.
fn id_rank(id: &str) -> u8 {
    match id.split('-').next().unwrap_or("") {
        "MAL" => 0,
        "PYSEC" => 1,
        "GHSA" => 2,
        "OSV" => 3,
        "CVE" => 4,
        _ => 5,
    }
}

fn timestamp(text: Option<&str>) -> Option<jiff::Timestamp> {
    text?.parse().ok()
}

fn prepare(feed: usize, record: Record, legacy: &mut u64) -> Prepared {
    let malicious = malice::is_malicious(&record);
    let ratings = record
        .severity
        .iter()
        .chain(record.affected.iter().flat_map(|a| &a.severity));
    let scores = ratings
        .filter_map(|Rating { score, .. }| cvss_score::score(score, &record.id))
        .collect();
    let word = record
        .database_specific
        .as_ref()
        .and_then(|d| d.get("severity")?.as_str())
        .and_then(Severity::from_word);
    let specific = std::iter::once(record.database_specific.as_ref())
        .chain(record.affected.iter().map(|a| a.database_specific.as_ref()));
    let cwes: BTreeSet<String> = specific
        .flat_map(malice::cwe_ids)
        .map(str::to_owned)
        .collect();
    let details = record.details.unwrap_or_default();
    let summary = record
        .summary
        .filter(|s| !s.trim().is_empty())
        .unwrap_or_else(|| first_sentence(&details));
    let references = record
        .references
        .into_iter()
        .map(|l| Reference {
            kind: l.kind,
            url: l.url,
        })
        .collect();
    Prepared {
        feed,
        affected: record
            .affected
            .iter()
            .filter_map(|a| prepare_affected(a, legacy))
            .collect(),
        aliases: record
            .aliases
            .into_iter()
            .filter(|a| !a.trim().is_empty())
            .take(MAX_ALIASES)
            .collect(),
        id: record.id,
        modified: record.modified,
        published: record.published,
        withdrawn: record.withdrawn,
        summary,
        details,
        scores,
        word,
        cwes: cwes.into_iter().collect(),
        references,
        malicious,
    }
}

fn prepare_affected(
    affected: &Affected,
    legacy: &mut u64,
) -> Option<(PackageName, PackageAffected, Vec<Version>)> {
    let name = PackageName::new(affected.python_name()?).ok()?;
    let mut out = PackageAffected::default();
    let mut fixes = Vec::new();
    for range in affected.ranges.iter().filter(|r| r.is_ordered()) {
        match compile(range) {
            Compiled::Intervals(intervals, fixed) => {
                out.intervals.extend(intervals);
                fixes.extend(fixed);
            }
            Compiled::Undecided(undecided) => {
                *legacy += 1;
                out.undecided.push(undecided);
            }
        }
    }
    let mut listed: BTreeSet<VersionKey> = BTreeSet::new();
    for text in &affected.versions {
        match Version::new(text) {
            Ok(version) if out.intervals.iter().any(|i| i.contains(version.key())) => {}
            Ok(version) => {
                listed.insert(version.key().clone());
            }
            Err(_) => {
                *legacy += 1;
                out.legacy.push(text.clone());
            }
        }
    }
    // A range without order is answered by the explicit list where the record has one.
    if !affected.versions.is_empty() {
        out.undecided.clear();
    }
    out.listed = listed.into_iter().collect();
    Some((name, out, fixes))
}

fn clone_affected(a: &PackageAffected) -> PackageAffected {
    PackageAffected {
        record: a.record,
        malicious: a.malicious,
        intervals: a.intervals.clone(),
        listed: a.listed.clone(),
        legacy: a.legacy.clone(),
        undecided: a.undecided.clone(),
    }
}

/// The first sentence of a Markdown text, without headings.
fn first_sentence(details: &str) -> String {
    let line = details
        .lines()
        .map(str::trim)
        .find(|l| !l.is_empty() && !l.starts_with(['#', '-', '=', '_', '`']));
    let line = line.unwrap_or("");
    let end = line.find(". ").map_or(line.len(), |at| at);
    hognose_types::text::short(line.get(..end).unwrap_or(line), 300)
}

/// Joins the members' texts: the one of the best record, since aliases mostly repeat one another.
fn details_block(members: &[&Prepared]) -> DetailsBlock {
    let best = members
        .iter()
        .filter(|m| !m.details.is_empty())
        .min_by_key(|m| (id_rank(&m.id), &m.id));
    let mut references: Vec<Reference> = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    for reference in members.iter().flat_map(|m| &m.references) {
        if seen.insert(&reference.url) {
            references.push(reference.clone());
        }
    }
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(3));
    // Writing to memory cannot fail.
    let _ = encoder.write_all(best.map(|m| m.details.as_bytes()).unwrap_or_default());
    DetailsBlock {
        details: encoder.finish().unwrap_or_default(),
        references,
    }
}

#[derive(Default)]
struct Heap {
    bytes: Vec<u8>,
}

impl Heap {
    fn push<T: serde::Serialize>(&mut self, value: &T) -> BlockRef {
        // Serialising plain data to memory cannot fail.
        let block = postcard::to_allocvec(value).unwrap_or_default();
        let at = BlockRef {
            offset: self.bytes.len() as u64,
            len: block.len() as u32,
            check: block_check(&block),
        };
        self.bytes.extend_from_slice(&block);
        at
    }
}

fn assemble(
    mut packages: Vec<(u64, BlockRef)>,
    mut ids: Vec<(u64, BlockRef)>,
    status: &Status,
    heap: &Heap,
    built: u64,
) -> Vec<u8> {
    for index in [&mut packages, &mut ids] {
        index.sort_by_key(|(hash, at)| (*hash, at.offset));
        index.dedup();
    }
    let information = postcard::to_allocvec(status).unwrap_or_default();
    let parts = [encode_index(&packages), encode_index(&ids), information];
    let mut sections = [Section::default(); crate::format::SECTIONS];
    let mut body: Vec<u8> =
        Vec::with_capacity(heap.bytes.len() + parts.iter().map(Vec::len).sum::<usize>());
    for (section, part) in sections.iter_mut().zip(
        parts
            .iter()
            .map(Vec::as_slice)
            .chain([heap.bytes.as_slice()]),
    ) {
        *section = Section {
            offset: (HEADER_LEN + body.len()) as u64,
            len: part.len() as u64,
        };
        body.extend_from_slice(part);
    }
    let header = Header {
        file_len: (HEADER_LEN + body.len()) as u64,
        built,
        body_digest: *blake3::hash(&body).as_bytes(),
        sections,
    };
    let mut file = header.encode();
    file.extend_from_slice(&body);
    file
}

fn encode_index(entries: &[(u64, BlockRef)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.len() * crate::format::ENTRY_LEN);
    for (hash, at) in entries {
        out.extend_from_slice(&hash.to_le_bytes());
        out.extend_from_slice(&at.offset.to_le_bytes());
        out.extend_from_slice(&at.len.to_le_bytes());
        out.extend_from_slice(&at.check.to_le_bytes());
    }
    out
}
