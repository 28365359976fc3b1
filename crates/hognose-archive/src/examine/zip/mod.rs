//! ZIP: the directory as `zipfile` reads it, every local header against it, and the bytes between.

mod content;
mod directory;
mod end;
mod gaps;
mod local;

use super::entry::EntryKind;
use super::kinds::ConfusionKind as Kind;
use super::names::{self, Names};
use super::run::{Meta, Place, Run};
use super::source::Source;
use super::walk;
use directory::Listed;
use local::Local;

pub(super) use end::has_end;

const ENCRYPTED: u16 = 1;
/// Sizes and checksum follow the data instead of standing in the local header.
const DESCRIPTOR: u16 = 1 << 3;
const UTF8: u16 = 1 << 11;

/// A walk through one archive.
struct Walk<'w, 's, 'p> {
    source: &'w mut Source<'s>,
    place: Place<'p>,
    names: Names,
    /// Bytes of the file that are accounted for so far.
    reached: u64,
    /// Ranges of stored data: an archive in there is a member, not a second reading of this file.
    stored: Vec<(u64, u64)>,
    /// The whole archive is a second reading of a file of another format.
    second: bool,
}

/// Reads an archive; `second` marks its members as hidden, because the file is already read as another format.
pub(super) fn walk(run: &mut Run<'_, '_>, place: Place<'_>, source: &mut Source<'_>, second: bool) {
    let before = run.budget.spent();
    let mut walk = Walk {
        source,
        place,
        names: Names::default(),
        reached: 0,
        stored: Vec::new(),
        second,
    };
    if let Err(e) = walk.all(run) {
        run.fault(place, None, &e);
    }
    let (unpacked, packed) = (run.budget.spent() - before, walk.source.len());
    walk::ratio(run, place, unpacked, packed);
}

impl Walk<'_, '_, '_> {
    fn all(&mut self, run: &mut Run<'_, '_>) -> std::io::Result<()> {
        let place = self.place;
        let Some(found) = end::find(run, place, self.source)? else {
            run.confuse(place, Kind::NoEndRecord, None, String::new);
            let len = self.source.len();
            return self.gap(run, len);
        };
        let mut listed = directory::read(run, place, self.source, &found)?;
        listed.sort_by_key(|l| l.header);
        let starts: Vec<u64> = listed
            .iter()
            .map(|l| l.header)
            .chain([found.start])
            .collect();
        for (index, member) in listed.iter().enumerate() {
            if !run.admits(place) {
                return Ok(());
            }
            let next = starts.get(index + 1).copied().unwrap_or(found.start);
            self.member(run, member, next, found.start)?;
        }
        self.gap(run, found.start)?;
        if run.stopped {
            return Ok(());
        }
        self.ends(run, &found)
    }

    /// One member of the directory. `next` is where the following one begins, `end` where the directory does.
    fn member(
        &mut self,
        run: &mut Run<'_, '_>,
        listed: &Listed,
        next: u64,
        end: u64,
    ) -> std::io::Result<()> {
        if listed.header > self.reached {
            self.gap(run, listed.header)?;
            if run.stopped {
                return Ok(());
            }
        }
        let name = names::text(run, self.place, &listed.name);
        if listed.header < self.reached {
            run.confuse(self.place, Kind::Overlap, Some(&name), String::new);
        }
        let Some(local) = Local::read(self.source, listed.header)? else {
            run.confuse(self.place, Kind::LocalHeaderMissing, Some(&name), || {
                format!("at byte {}", listed.header)
            });
            return Ok(());
        };
        self.compare(run, &name, listed, &local);
        self.say_member(run, &name, listed, &local);
        let to = local.data.saturating_add(listed.packed);
        if to > end {
            run.confuse(
                self.place,
                Kind::Overlap,
                Some(&name),
                || "it reaches into the directory",
            );
        }
        let mut meta = self.meta(name, listed, &local);
        if meta.kind == EntryKind::Symlink {
            meta.link = content::target(self, listed, local.data);
        }
        self.names.add(run, self.place, &meta);
        content::deliver(self, run, &meta, listed, local.data, false)?;
        if listed.method == content::STORED && listed.packed > 0 {
            self.stored.push((local.data, to));
        }
        let mut reached = to.min(self.source.len());
        if local.flags & DESCRIPTOR != 0 && reached <= next {
            reached += self.descriptor(run, &meta.name, listed, reached, next)?;
        }
        self.reached = self.reached.max(reached);
        Ok(())
    }

    fn compare(&self, run: &mut Run<'_, '_>, name: &str, listed: &Listed, local: &Local) {
        let place = self.place;
        if local.name != listed.name {
            run.confuse(place, Kind::LocalName, Some(name), || {
                format!("the member says {}", String::from_utf8_lossy(&local.name))
            });
        }
        if local.method != listed.method {
            run.confuse(place, Kind::LocalMethod, Some(name), || {
                format!("{} and {}", listed.method, local.method)
            });
        }
        if (local.flags ^ listed.flags) & (ENCRYPTED | DESCRIPTOR | UTF8) != 0 {
            run.confuse(place, Kind::LocalFlags, Some(name), || {
                format!("{:#06x} and {:#06x}", listed.flags, local.flags)
            });
        }
        // With a descriptor the local fields are zero, or repeat the directory.
        let lax = local.flags & DESCRIPTOR != 0;
        let same = |local: u64, listed: u64| local == listed || (lax && local == 0);
        if !same(local.packed, listed.packed) || !same(local.size, listed.size) {
            run.confuse(place, Kind::LocalSize, Some(name), || {
                format!("{} and {} bytes", listed.size, local.size)
            });
        }
        if !same(local.crc.into(), listed.crc.into()) {
            run.confuse(place, Kind::LocalChecksum, Some(name), String::new);
        }
    }

    fn say_member(&self, run: &mut Run<'_, '_>, name: &str, listed: &Listed, local: &Local) {
        let place = self.place;
        if listed.zip64_disagrees || local.extra.zip64_disagrees {
            run.confuse(place, Kind::Zip64Disagreement, Some(name), String::new);
        }
        if listed.zip64_missing || local.extra.zip64_missing {
            run.confuse(place, Kind::Zip64Missing, Some(name), String::new);
        }
        if listed.extra_damaged || local.extra.damaged {
            run.confuse(place, Kind::ExtraDamaged, Some(name), String::new);
        }
        if listed.unicode_path || local.extra.unicode_path {
            run.confuse(place, Kind::UnicodePath, Some(name), String::new);
        }
        if !listed.name.is_ascii()
            && listed.flags & UTF8 == 0
            && std::str::from_utf8(&listed.name).is_ok()
        {
            run.confuse(place, Kind::NameUnflagged, Some(name), String::new);
        }
        if name.ends_with('/') && listed.size > 0 {
            run.confuse(place, Kind::DirectoryWithData, Some(name), String::new);
        }
        if local.flags & DESCRIPTOR != 0 && local.method == content::STORED && listed.size > 0 {
            run.confuse(place, Kind::StoredWithDescriptor, Some(name), String::new);
        }
        if listed.is_device() {
            run.confuse(place, Kind::DeviceMember, Some(name), String::new);
        }
        if listed.mode() & 0o6000 != 0 && !name.ends_with('/') {
            run.confuse(place, Kind::Setuid, Some(name), String::new);
        }
    }

    fn meta(&self, name: String, listed: &Listed, local: &Local) -> Meta {
        let kind = match () {
            () if name.ends_with('/') => EntryKind::Directory,
            () if listed.is_symlink() => EntryKind::Symlink,
            () => EntryKind::File,
        };
        let other =
            (local.name != listed.name).then(|| String::from_utf8_lossy(&local.name).into_owned());
        Meta {
            name,
            other_name: other,
            kind,
            link: None,
            size: listed.size,
            executable: kind == EntryKind::File && listed.mode() & 0o111 != 0,
            hidden: self.second,
        }
    }

    /// Checks the data descriptor behind a member, and returns its length.
    fn descriptor(
        &mut self,
        run: &mut Run<'_, '_>,
        name: &str,
        listed: &Listed,
        at: u64,
        next: u64,
    ) -> std::io::Result<u64> {
        let mut bytes = [0; 24];
        let room = usize::try_from(next - at).unwrap_or(24).min(24);
        let window = bytes.get_mut(..room).unwrap_or_default();
        let filled = self.source.fill(at, window)?;
        let (length, holds) = local::descriptor(bytes.get(..filled).unwrap_or_default(), listed);
        if length == 0 {
            run.confuse(self.place, Kind::DescriptorMissing, Some(name), String::new);
        } else if !holds {
            run.confuse(
                self.place,
                Kind::DescriptorMismatch,
                Some(name),
                String::new,
            );
        }
        Ok(length)
    }

    /// What stands around the end records.
    fn ends(&mut self, run: &mut Run<'_, '_>, found: &end::End) -> std::io::Result<()> {
        let place = self.place;
        for &other in &found.others {
            let inside = |(from, to): &(u64, u64)| *from <= other && other < *to;
            if !self.stored.iter().any(inside) {
                run.confuse(place, Kind::SeveralEndRecords, None, || {
                    format!("at byte {other} too")
                });
            }
        }
        if found.after > 0 {
            let from = self.source.len() - found.after;
            let mut head = vec![0; super::sniff::HEAD];
            let filled = self.source.fill(from, &mut head)?;
            head.truncate(filled);
            walk::trailing_bytes(run, place, found.after, &head);
        }
        Ok(())
    }

    /// Looks at bytes that belong to no listed member, up to `to`.
    fn gap(&mut self, run: &mut Run<'_, '_>, to: u64) -> std::io::Result<()> {
        let from = self.reached;
        if from >= to {
            return Ok(());
        }
        let left_over = gaps::walk(self, run, from, to)?;
        self.reached = to;
        if left_over > 0 && !run.stopped {
            let kind = if from == 0 {
                Kind::PrefixedData
            } else {
                Kind::Gap
            };
            run.confuse(self.place, kind, None, || {
                format!("{left_over} bytes at byte {from}")
            });
        }
        Ok(())
    }
}
