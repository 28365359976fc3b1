//! An artifact: its files sorted by what they are, its Python by what makes it run.

mod build;
mod collect;
mod layout;
mod other;
mod started;
mod whole;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hognose_archive::examine::{Confusion, ReadSeek, Severity, examine};
use hognose_archive::{ArchiveError, Limits};
use serde::Serialize;

use crate::across::Ties;
use crate::content::metadata::Metadata;
use crate::fact::{Fact, FactKind, Place, Trigger};
use crate::matcher::Matcher;
use crate::python;

pub use collect::Collector;
pub use layout::Kind;

/// What was seen in an artifact.
#[derive(Debug, Default)]
pub struct Inspection {
    /// What it is.
    pub kind: Kind,
    /// Facts, sorted.
    pub facts: Vec<Fact>,
    /// What its metadata says.
    pub metadata: Metadata,
    /// What could not be analysed: path and reason. Not empty means incomplete.
    pub unread: Vec<(String, String)>,
    /// Counts.
    pub size: Size,
    /// Start-up hooks, entry points, binaries and so on, for comparing releases: group and names.
    pub surfaces: BTreeMap<&'static str, Vec<String>>,
    /// Modules imported from outside.
    pub imports: Vec<String>,
    /// What other artifacts, inspected together with it, may complete.
    pub ties: Ties,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Members.
    pub members: u64,
    /// Bytes unpacked.
    pub unpacked_bytes: u64,
    /// Python files, those of tests and documentation left out.
    pub python_files: u64,
    /// Their bytes.
    pub python_bytes: u64,
    /// Binary files.
    pub binaries: u64,
}

/// Inspects a wheel, sdist or any archive.
///
/// `name` is the file name; `clock` tells the time since any fixed moment. An error means that the source cannot be
/// read at all.
pub fn inspect_archive(
    source: &mut dyn ReadSeek,
    name: &str,
    limits: &Limits,
    clock: &dyn Fn() -> Duration,
) -> Result<Inspection, ArchiveError> {
    inspect_archive_with(source, name, limits, clock, None)
}

/// Inspects an archive, and matches every file and decoded text in it by rules from outside.
pub fn inspect_archive_with(
    source: &mut dyn ReadSeek,
    name: &str,
    limits: &Limits,
    clock: &dyn Fn() -> Duration,
    matcher: Option<Arc<dyn Matcher>>,
) -> Result<Inspection, ArchiveError> {
    let mut collector = Collector::new(name).matched_by(matcher);
    let summary = examine(source, name, limits, clock, &mut |entry, content| {
        collector.visit(entry, content);
        std::ops::ControlFlow::Continue(())
    })?;
    collector.size.members = summary.members;
    collector.size.unpacked_bytes = summary.unpacked_bytes;
    for confusion in &summary.confusions {
        note_confusion(confusion, &mut collector);
    }
    Ok(collector.finish())
}

fn note_confusion(confusion: &Confusion, collector: &mut Collector) {
    let file = confusion.member.clone().unwrap_or_default();
    let detail = format!("{}: {}", confusion.kind.as_str(), confusion.detail);
    let kind = match confusion.severity() {
        Severity::Hostile if collector.same_twice.contains(&file) => FactKind::ArchiveOdd,
        Severity::Hostile => FactKind::ArchiveHostile,
        Severity::Odd => FactKind::ArchiveOdd,
        Severity::Unreadable => {
            collector
                .unread
                .push((file.clone(), confusion.kind.describe().to_owned()));
            FactKind::ArchiveUnreadable
        }
    };
    collector.facts.push(Fact::new(
        kind,
        Trigger::Install,
        Place::file(file),
        &detail,
    ));
}

impl Collector {
    /// Evaluates what was collected.
    pub fn finish(mut self) -> Inspection {
        self.judge_record();
        self.judge_bytecode();
        self.forget();
        let provides = self.provides();
        let sources = self.sources();
        let entries = std::mem::take(&mut self.entries);
        let starts = std::mem::take(&mut self.starts);
        let outcome = python::evaluate(sources, &entries, &starts, self.matching.take());
        let mut facts = std::mem::take(&mut self.facts);
        facts.extend(outcome.facts);
        for (path, limit) in outcome.limited {
            self.unread
                .push((path, format!("the analysis reached its limit of {limit}")));
        }
        self.unread.extend(outcome.unmatched);
        started::take_over(&mut facts, outcome.started);
        let metadata = self.metadata(&outcome.setup);
        self.judge_whole(&metadata, &mut facts);
        facts.sort();
        facts.dedup();
        let mut ties = Ties {
            is_tiny: facts.iter().any(|f| f.kind == FactKind::TinyPackage),
            provides,
            ..outcome.ends
        };
        ties.handed.sort();
        ties.handed.dedup();
        ties.senders.sort();
        ties.senders.dedup();
        self.unread.sort();
        self.unread.dedup();
        Inspection {
            kind: self.kind,
            facts,
            metadata,
            unread: self.unread,
            size: self.size,
            surfaces: self.surfaces,
            imports: outcome.imports,
            ties,
        }
    }
}
