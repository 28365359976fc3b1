//! Prepared records → flaws → the bytes of the file.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use hognose_types::{PackageName, Reference, Severity, Version};

use super::prepare::Prepared;
use super::{Builder, timestamp};
use crate::codec::{
    DetailsBlock, FlawBlock, PackageAffected, PackageBlock, PackageFlaw, PopularBlock, StoredRecord,
};
use crate::format::{BlockRef, HEADER_LEN, Header, Section, block_check, key_hash};
use crate::severity;
use crate::squeeze::Packer;
use crate::status::Status;
use crate::union::Union;

impl Builder {
    /// Writes the database. `built` is Unix seconds and does not enter the revision.
    pub fn finish(mut self, built: u64) -> Vec<u8> {
        self.drop_withdrawn();
        self.records.sort_by(|a, b| a.id.cmp(&b.id));
        self.popular
            .sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let ranks = Ranks::new(&self.popular);
        let mut groups = self.groups();
        groups.sort_by_cached_key(|group| self.best_rank(group, &ranks));
        let mut heaps = Heaps::default();
        let mut packages: BTreeMap<String, Vec<PackageFlaw>> = BTreeMap::new();
        let mut ids: Vec<(u64, BlockRef)> = Vec::new();
        for group in &groups {
            let (at, names) = self.write_flaw(group, &mut heaps, &mut packages);
            ids.extend(
                names
                    .iter()
                    .map(|id| (key_hash(&id.to_ascii_uppercase()), at)),
            );
            self.status.flaws += 1;
            let malicious = |&m: &usize| self.records.get(m).is_some_and(|r| r.malicious);
            self.status.malicious += u64::from(group.members.iter().any(malicious));
        }
        for name in self.broken.keys() {
            packages.entry(name.clone()).or_default();
        }
        self.status.packages = packages.len() as u64;
        let index = self.write_packages(packages, &ranks, &mut heaps);
        drop(ranks);
        let names = std::mem::take(&mut self.popular);
        self.status.popular = heaps.cold.push(&PopularBlock { names });
        self.status.problems = heaps.cold.push(&std::mem::take(&mut self.problems));
        self.count_live(built);
        assemble(index, ids, &self.status, &heaps, built)
    }

    /// Popular packages stand together: a scan then touches few pages of the file, however large it is.
    fn write_packages(
        &mut self,
        packages: BTreeMap<String, Vec<PackageFlaw>>,
        ranks: &Ranks,
        heaps: &mut Heaps,
    ) -> Vec<(u64, BlockRef)> {
        let mut ordered: Vec<(String, Vec<PackageFlaw>)> = packages.into_iter().collect();
        ordered.sort_by_cached_key(|(name, _)| ranks.of(name));
        let mut index = Vec::with_capacity(ordered.len());
        for (name, flaws) in ordered {
            let problems = self.broken.remove(&name).unwrap_or_default();
            let hash = key_hash(&name);
            index.push((
                hash,
                heaps.hot.push(&PackageBlock {
                    name,
                    flaws,
                    problems,
                }),
            ));
        }
        index
    }

    /// The rank of the most popular package that a flaw is about.
    fn best_rank(&self, group: &Group, ranks: &Ranks) -> usize {
        let members = group.members.iter().filter_map(|&m| self.records.get(m));
        members
            .flat_map(|m| &m.affected)
            .map(|(name, ..)| ranks.of(name.as_str()))
            .min()
            .unwrap_or(usize::MAX)
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
        heaps: &mut Heaps,
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
        let details = heaps.cold.push(&details_block(&members, &mut heaps.packer));
        let names: Vec<String> = about.keys().map(ToString::to_string).collect();
        let flaw = self.flaw_block(group, &members, names, details);
        let at = heaps.hot.push(&flaw);
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

/// Joins the members' texts: the one of the best record, since aliases mostly repeat one another.
fn details_block(members: &[&Prepared], squeeze: &mut Packer) -> DetailsBlock {
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
    let details = best.map_or("", |m| m.details.as_str());
    DetailsBlock {
        details: squeeze.pack(details.as_bytes()),
        references,
    }
}

/// Positions in the list of popular names.
struct Ranks(HashMap<String, usize>);

impl Ranks {
    fn new(popular: &[(String, u64)]) -> Self {
        Self(
            popular
                .iter()
                .enumerate()
                .map(|(rank, (name, _))| (name.clone(), rank))
                .collect(),
        )
    }

    fn of(&self, name: &str) -> usize {
        self.0.get(name).copied().unwrap_or(usize::MAX)
    }
}

/// What matching reads, and what is read only when it is shown.
#[derive(Default)]
struct Heaps {
    hot: Heap,
    cold: Heap,
    packer: Packer,
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
    heaps: &Heaps,
    built: u64,
) -> Vec<u8> {
    for index in [&mut packages, &mut ids] {
        index.sort_by_key(|(hash, at)| (*hash, at.offset));
        index.dedup();
    }
    let information = postcard::to_allocvec(status).unwrap_or_default();
    let parts = [encode_index(&packages), encode_index(&ids), information];
    let mut sections = [Section::default(); crate::format::SECTIONS];
    let mut body: Vec<u8> = Vec::with_capacity(
        heaps.hot.bytes.len() + heaps.cold.bytes.len() + parts.iter().map(Vec::len).sum::<usize>(),
    );
    for (section, part) in sections.iter_mut().zip(
        parts
            .iter()
            .map(Vec::as_slice)
            .chain([heaps.hot.bytes.as_slice(), heaps.cold.bytes.as_slice()]),
    ) {
        *section = Section {
            offset: (HEADER_LEN + body.len()) as u64,
            len: part.len() as u64,
        };
        body.extend_from_slice(part);
    }
    let mut content = blake3::Hasher::new();
    for part in [&parts[0], &parts[1], &heaps.hot.bytes, &heaps.cold.bytes] {
        content.update(part);
    }
    let header = Header {
        file_len: (HEADER_LEN + body.len()) as u64,
        built,
        body_digest: *blake3::hash(&body).as_bytes(),
        content_digest: *content.finalize().as_bytes(),
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
