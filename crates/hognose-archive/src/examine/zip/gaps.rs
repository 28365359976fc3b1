//! Bytes that no listed member owns: members that only front-to-back readers see hide there.

use std::io;

use super::super::kinds::ConfusionKind as Kind;
use super::super::names;
use super::super::run::Run;
use super::content;
use super::directory::Listed;
use super::local::{LOCAL_LEN, Local};
use super::{DESCRIPTOR, Walk};

const LOCAL: &[u8; 4] = b"PK\x03\x04";

/// Shows hidden members between two places; returns how many bytes belong to none.
pub(super) fn walk(
    walk: &mut Walk<'_, '_, '_>,
    run: &mut Run<'_, '_>,
    from: u64,
    to: u64,
) -> io::Result<u64> {
    let (mut at, mut left_over) = (from, 0);
    while let Some(found) = next_mark(walk, run, at, to)? {
        left_over += found - at;
        let Some(local) = Local::read(walk.source, found)?.filter(|l| is_plausible(l, to)) else {
            left_over += 4;
            at = found + 4;
            continue;
        };
        if !run.admits(walk.place) {
            return Ok(0);
        }
        at = hidden(walk, run, &local, to)?.max(found + LOCAL_LEN);
        if run.stopped {
            return Ok(0);
        }
    }
    Ok(left_over + to.saturating_sub(at))
}

/// The next mark of a local header.
fn next_mark(
    walk: &mut Walk<'_, '_, '_>,
    run: &mut Run<'_, '_>,
    from: u64,
    to: u64,
) -> io::Result<Option<u64>> {
    let mut at = from;
    while at.saturating_add(LOCAL_LEN) <= to {
        let chunk = walk.source.chunk(at)?;
        let within = usize::try_from(to - at).unwrap_or(usize::MAX);
        let chunk = chunk.get(..within).unwrap_or(chunk);
        if let Some(index) = chunk.windows(4).position(|w| w == LOCAL) {
            return Ok(Some(at + index as u64));
        }
        let length = chunk.len();
        if length <= 3 {
            // The end of the window; a mark may stand across it.
            match walk.source.array::<4>(at)? {
                Some(bytes) if &bytes == LOCAL => return Ok(Some(at)),
                Some(_) => at += 1,
                None => return Ok(None),
            }
        } else {
            at += length as u64 - 3;
        }
        run.budget.in_time()?;
    }
    Ok(None)
}

/// A mark may stand in any data by chance; a header does not.
fn is_plausible(local: &Local, to: u64) -> bool {
    !local.name.is_empty()
        && !local.name.contains(&0)
        && content::is_known(local.method)
        && local.data <= to
        && (local.flags & DESCRIPTOR != 0 || local.data.saturating_add(local.packed) <= to)
}

/// Shows one hidden member; returns where its data ends.
fn hidden(
    walk: &mut Walk<'_, '_, '_>,
    run: &mut Run<'_, '_>,
    local: &Local,
    to: u64,
) -> io::Result<u64> {
    let open = local.flags & DESCRIPTOR != 0 && local.packed == 0;
    let packed = match (open, local.method) {
        (false, _) => local.packed,
        // Nothing says where stored data ends: at the next header, or at the end of the gap.
        (true, content::STORED) => next_mark(walk, run, local.data, to)?.unwrap_or(to) - local.data,
        (true, _) => to - local.data,
    };
    let name = names::text(run, walk.place, &local.name);
    run.confuse(walk.place, Kind::HiddenMember, Some(&name), String::new);
    let listed = Listed::hidden(local, packed);
    let mut meta = walk.meta(name, &listed, local);
    meta.hidden = true;
    walk.names.add(run, walk.place, &meta);
    let used = content::deliver(walk, run, &meta, &listed, local.data, open)?;
    if local.method == content::STORED && packed > 0 {
        walk.stored.push((local.data, local.data + packed));
    }
    if local.flags & DESCRIPTOR == 0 {
        return Ok(used.max(local.data.saturating_add(packed)));
    }
    // The mark, the checksum and two sizes.
    let mark = walk.source.array::<4>(used)?;
    Ok(if mark.as_ref() == Some(b"PK\x07\x08") {
        (used + 16).min(to)
    } else {
        used
    })
}
