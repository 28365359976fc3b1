//! What is written: rows of the log, and rulings, many with one statement.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::session::{Session, column};
use super::text;
use crate::{AuditRow, StoreError};

const ACTION: &str = "write the state";

/// Rulings of this many revisions are kept: an older policy that comes back finds its own.
const REVISIONS: i64 = 8;
/// Rulings that are kept altogether.
const RULINGS: i64 = 500_000;

/// A ruling to be written.
pub(super) struct NewRuling {
    pub(super) sha256: String,
    pub(super) revision: String,
    pub(super) json: Arc<str>,
}

/// The key of texts: a digest over each with its length before it.
pub(super) fn key(texts: &[&str]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().to_vec()
}

/// Adds rows to the log, which follow its end.
pub(super) fn audit(session: &mut Session, rows: &[AuditRow]) -> Result<(), StoreError> {
    let some = |take: fn(&AuditRow) -> Option<&str>| -> Vec<Option<_>> {
        rows.iter().map(|row| take(row).map(text::put)).collect()
    };
    let seqs: Vec<i64> = rows.iter().map(|row| row.seq.cast_signed()).collect();
    let times: Vec<i64> = rows.iter().map(|row| row.entry.time).collect();
    let hashes: Vec<&[u8]> = rows.iter().map(|row| row.hash.0.as_slice()).collect();
    let kinds = some(|row| Some(&row.entry.kind));
    let projects = some(|row| row.entry.project.as_deref());
    let versions = some(|row| row.entry.version.as_deref());
    let filenames = some(|row| row.entry.filename.as_deref());
    let digests = some(|row| row.entry.sha256.as_deref());
    let clients = some(|row| row.entry.client.as_deref());
    let bodies = some(|row| Some(&row.entry.body));
    let sql = "INSERT INTO hognose_audit (seq, time, kind, project, version, filename, sha256, client, body, hash) \
               SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], \
               $7::text[], $8::text[], $9::text[], $10::bytea[])";
    session
        .change(
            sql,
            &[
                &seqs, &times, &kinds, &projects, &versions, &filenames, &digests, &clients,
                &bodies, &hashes,
            ],
            ACTION,
        )
        .map(drop)
}

/// Keeps rulings; of several about the same bytes under the same revision the last.
pub(super) fn rulings(session: &mut Session, rulings: &[NewRuling]) -> Result<(), StoreError> {
    let mut last: HashMap<(&str, &str), &str> = HashMap::new();
    for ruling in rulings {
        last.insert((&ruling.revision, &ruling.sha256), &ruling.json);
    }
    // In one order everywhere, and revisions are numbered as they came.
    let mut ids: HashMap<&str, i64> = HashMap::new();
    for ruling in rulings {
        if !ids.contains_key(ruling.revision.as_str()) {
            ids.insert(&ruling.revision, revision(session, &ruling.revision)?);
        }
    }
    // Those of a revision that has gone meanwhile would never be found.
    let mut newest: Vec<i64> = ids.values().copied().collect();
    newest.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
    newest.truncate(REVISIONS as usize);
    let mut rows: Vec<_> = last
        .iter()
        .filter(|((revision, _), _)| ids.get(revision).is_some_and(|id| newest.contains(id)))
        .map(|((revision, sha256), json)| {
            let id = ids.get(revision).copied().unwrap_or_default();
            (key(&[sha256]), id, text::put(sha256), text::put(json))
        })
        .collect();
    rows.sort();
    let keys: Vec<&[u8]> = rows.iter().map(|row| row.0.as_slice()).collect();
    let revisions: Vec<i64> = rows.iter().map(|row| row.1).collect();
    let digests: Vec<&str> = rows.iter().map(|row| &*row.2).collect();
    let jsons: Vec<&str> = rows.iter().map(|row| &*row.3).collect();
    let sql = "INSERT INTO hognose_rulings (key, revision, sha256, json) \
               SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::text[]) \
               ON CONFLICT (key, revision) DO UPDATE SET json = excluded.json";
    session
        .change(sql, &[&keys, &revisions, &digests, &jsons], ACTION)
        .map(drop)
}

/// The number of a revision; a new one makes the oldest go.
fn revision(session: &mut Session, revision: &str) -> Result<i64, StoreError> {
    let key = key(&[revision]);
    let find = "SELECT id FROM hognose_revisions WHERE key = $1";
    if let Some(row) = session.row(find, &[&key], ACTION)? {
        return column(&row, 0);
    }
    let put = "INSERT INTO hognose_revisions (key, revision) VALUES ($1, $2)";
    session.change(put, &[&key, &text::put(revision)], ACTION)?;
    let forget = "DELETE FROM hognose_revisions WHERE id NOT IN \
                  (SELECT id FROM hognose_revisions ORDER BY id DESC LIMIT $1)";
    if session.change(forget, &[&REVISIONS], ACTION)? > 0 {
        let sql =
            "DELETE FROM hognose_rulings WHERE revision NOT IN (SELECT id FROM hognose_revisions)";
        session.change(sql, &[], ACTION)?;
    }
    let row = session.row(find, &[&key], ACTION)?;
    row.map_or(Err(StoreError::Closed), |row| column(&row, 0))
}

/// Drops rulings above a number, those of the oldest revisions first.
pub(super) fn shrink(session: &mut Session) -> Result<(), StoreError> {
    let row = session.row("SELECT count(*) FROM hognose_rulings", &[], ACTION)?;
    let count: i64 = row.map_or(Ok(0), |row| column(&row, 0))?;
    if count > RULINGS {
        let sql = "DELETE FROM hognose_rulings WHERE ctid IN \
                   (SELECT ctid FROM hognose_rulings ORDER BY revision LIMIT $1)";
        session.change(sql, &[&(count - RULINGS)], ACTION)?;
    }
    Ok(())
}
