//! One examination: what is shared by all readers of it.

use std::collections::HashMap;
use std::io::{self, Cursor, Read};
use std::ops::ControlFlow;

use super::budget::{Budget, Measured, Metered, is_final, kind_of};
use super::entry::{Content, Entry, EntryKind};
use super::kinds::{Confusion, ConfusionKind, Severity, shown};
use super::sniff::{self, Sniffed};
use super::walk;

/// What the examination calls for every member: read what is wanted, then go on or stop.
pub type Visit<'v> = dyn FnMut(&Entry<'_>, &mut Content<'_>) -> ControlFlow<()> + 'v;

/// Where an archive stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'p> {
    /// Path of the archive with `!/`; empty for the outermost.
    pub(super) prefix: &'p str,
    pub(super) depth: u8,
}

/// What is known of a member before its content is read.
#[derive(Debug)]
pub(super) struct Meta {
    pub(super) name: String,
    pub(super) other_name: Option<String>,
    pub(super) kind: EntryKind,
    pub(super) link: Option<String>,
    pub(super) size: u64,
    pub(super) executable: bool,
    pub(super) hidden: bool,
}

impl Meta {
    pub(super) fn file(name: String, size: u64) -> Self {
        Self {
            name,
            other_name: None,
            kind: EntryKind::File,
            link: None,
            size,
            executable: false,
            hidden: false,
        }
    }
}

pub(super) struct Run<'r, 'v> {
    pub(super) budget: &'r Budget<'r>,
    visit: &'r mut Visit<'v>,
    pub(super) confusions: Vec<Confusion>,
    counts: HashMap<ConfusionKind, usize>,
    pub(super) suppressed: u64,
    pub(super) members: u64,
    pub(super) incomplete: bool,
    /// Set by the visitor, or by a limit on the whole examination.
    pub(super) stopped: bool,
    pub(super) roots: Vec<String>,
    /// Reused from member to member: their windows would otherwise be scattered all over the heap.
    pub(super) inflate: Option<flate2::Decompress>,
    head: Vec<u8>,
    scratch: Vec<u8>,
}

const SCRATCH: usize = 64 << 10;
const ROOTS: usize = 16;

impl<'r, 'v> Run<'r, 'v> {
    pub(super) fn new(budget: &'r Budget<'r>, visit: &'r mut Visit<'v>) -> Self {
        Self {
            budget,
            visit,
            confusions: Vec::new(),
            counts: HashMap::new(),
            suppressed: 0,
            members: 0,
            incomplete: false,
            stopped: false,
            roots: Vec::new(),
            inflate: None,
            head: Vec::new(),
            scratch: vec![0; SCRATCH],
        }
    }

    /// Records a confusion. The detail is only made when it is kept.
    pub(super) fn confuse<D: Into<String>>(
        &mut self,
        place: Place<'_>,
        kind: ConfusionKind,
        member: Option<&str>,
        detail: impl FnOnce() -> D,
    ) {
        self.incomplete |= kind.severity() == Severity::Unreadable;
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count > self.budget.limits.confusions {
            self.suppressed += 1;
            return;
        }
        let member = match member {
            Some(name) => Some(shown(&format!("{}{name}", place.prefix))),
            // An archive inside an archive is named by its own path.
            None => place.prefix.strip_suffix("!/").map(shown),
        };
        self.confusions.push(Confusion {
            kind,
            member,
            detail: shown(&detail().into()),
            depth: place.depth,
        });
    }

    /// Records what stopped a reader, and stops the examination where that was a limit on all of it.
    pub(super) fn fault(&mut self, place: Place<'_>, member: Option<&str>, error: &io::Error) {
        let kind = kind_of(error);
        let plain = error.get_ref().is_none()
            || kind == ConfusionKind::LimitMemory
            || kind != ConfusionKind::CorruptData;
        self.confuse(place, kind, member, || {
            if plain {
                String::new()
            } else {
                error.to_string()
            }
        });
        self.stopped |= is_final(kind);
    }

    /// False when no further member may be read.
    pub(super) fn admits(&mut self, place: Place<'_>) -> bool {
        if self.stopped {
            return false;
        }
        if self.members >= self.budget.limits.members as u64 {
            self.confuse(place, ConfusionKind::LimitMembers, None, String::new);
            self.stopped = true;
            return false;
        }
        if let Err(e) = self.budget.in_time() {
            self.fault(place, None, &e);
            return false;
        }
        true
    }

    /// Shows one member to the visitor, reads the rest of it, and opens it when it is an archive itself.
    ///
    /// `packed` is the packed size where this reader unpacks (its bytes are then charged to the budget); `crc` asks
    /// for the checksum.
    pub(super) fn deliver(
        &mut self,
        place: Place<'_>,
        meta: &Meta,
        raw: &mut dyn Read,
        packed: Option<u64>,
        crc: bool,
    ) -> Measured {
        self.members += 1;
        self.root(place, meta);
        let budget = self.budget;
        let mut metered = Metered::new(raw, budget, packed, crc);
        let mut head = std::mem::take(&mut self.head);
        head.clear();
        // A fault here comes again when the visitor reads on.
        let _ = metered
            .by_ref()
            .take(sniff::HEAD as u64)
            .read_to_end(&mut head);
        let nested = match meta.kind {
            EntryKind::File => sniff::sniff(&head),
            _ => Sniffed::Unknown,
        };
        let opens = nested != Sniffed::Unknown && self.holds(place, meta, &mut metered, &mut head);
        let path = format!("{}{}", place.prefix, meta.name);
        self.show(place, meta, &path, &head, &mut metered);
        let measured = metered.finish(&mut self.scratch);
        if opens && !self.stopped {
            let held = head.len() as u64;
            budget.hold(held);
            let prefix = format!("{path}!/");
            let inner = Place {
                prefix: &prefix,
                depth: place.depth.saturating_add(1),
            };
            self.open_nested(inner, nested, &head);
            budget.release(held);
        } else {
            // Kept for the next member, unless it grew.
            head.truncate(0);
            self.head = head;
        }
        measured
    }

    fn show(
        &mut self,
        place: Place<'_>,
        meta: &Meta,
        path: &str,
        head: &[u8],
        rest: &mut Metered<'_>,
    ) {
        let entry = Entry {
            path,
            name: &meta.name,
            other_name: meta.other_name.as_deref(),
            kind: meta.kind,
            link: meta.link.as_deref(),
            depth: place.depth,
            size: meta.size,
            executable: meta.executable,
            hidden: meta.hidden,
        };
        if (self.visit)(&entry, &mut Content::new(head, rest)).is_break() {
            self.stopped = true;
            self.incomplete = true;
        }
    }

    /// Reads a nested archive into memory; false when it may not be opened.
    fn holds(
        &mut self,
        place: Place<'_>,
        meta: &Meta,
        metered: &mut Metered<'_>,
        head: &mut Vec<u8>,
    ) -> bool {
        let limits = &self.budget.limits;
        if place.depth >= limits.depth {
            self.confuse(
                place,
                ConfusionKind::LimitDepth,
                Some(&meta.name),
                String::new,
            );
            return false;
        }
        let room = self.budget.room();
        let _ = metered
            .by_ref()
            .take(room.saturating_sub(head.len() as u64))
            .read_to_end(head);
        let mut more = [0];
        if head.len() as u64 >= room && matches!(metered.read(&mut more), Ok(1..)) {
            head.extend_from_slice(&more);
            self.confuse(
                place,
                ConfusionKind::LimitMemory,
                Some(&meta.name),
                || "an archive inside the archive",
            );
            return false;
        }
        true
    }

    fn open_nested(&mut self, place: Place<'_>, sniffed: Sniffed, bytes: &[u8]) {
        let (members, confusions) = (self.members, self.confusions.len());
        let was_incomplete = self.incomplete;
        walk::archive(self, place, sniffed, &mut Cursor::new(bytes));
        // Test data that only begins like an archive: nobody can open it, and its bytes were shown.
        let damaged = |c: &Confusion| {
            c.severity() == Severity::Unreadable && !c.kind.as_str().starts_with("limit-")
        };
        let added = self.confusions.get(confusions..).unwrap_or_default();
        if members == self.members && added.iter().any(damaged) && !self.stopped {
            self.confusions.truncate(confusions);
            self.incomplete = was_incomplete;
            self.confuse(place, ConfusionKind::NestedUnreadable, None, String::new);
        }
    }

    fn root(&mut self, place: Place<'_>, meta: &Meta) {
        if place.depth > 0 || self.roots.len() >= ROOTS {
            return;
        }
        let root = meta.name.split('/').next().unwrap_or_default();
        if !root.is_empty() && !self.roots.iter().any(|r| r == root) {
            self.roots.push(root.to_owned());
        }
    }
}
