//! Questions, as SQL.

use rusqlite::types::{ToSql, ValueRef};
use rusqlite::{Connection, Row};

use super::failed;
use crate::{
    AuditEntry, AuditRow, Cursor, Digest, Exposure, Order, Page, Query, SERVED, StoreError, Subject,
};

const READING: &str = "read the audit log";

/// A page ends after so many bytes, however few rows they are.
const PAGE_BYTES: usize = 16 << 20;

/// Conditions and their values.
#[derive(Default)]
struct Conditions {
    sql: Vec<&'static str>,
    values: Vec<(&'static str, Box<dyn ToSql>)>,
}

impl Conditions {
    fn and<T: ToSql + Clone + 'static>(
        &mut self,
        sql: &'static str,
        name: &'static str,
        value: Option<&T>,
    ) {
        if let Some(value) = value {
            self.sql.push(sql);
            self.values.push((name, Box::new(value.clone())));
        }
    }
}

/// Rows of the log.
pub(super) fn audit(connection: &Connection, query: &Query) -> Result<Page, StoreError> {
    let limit = match query.limit {
        0 => Query::MOST,
        limit => limit.min(Query::MOST),
    };
    let (sql, conditions) = sql(query, limit);
    let values: Vec<(&str, &dyn ToSql)> = conditions
        .values
        .iter()
        .map(|(name, value)| (*name, value.as_ref()))
        .collect();
    let mut statement = connection.prepare_cached(&sql).map_err(failed(READING))?;
    let mut rows = statement
        .query(values.as_slice())
        .map_err(failed(READING))?;
    let mut page = Page::default();
    let mut bytes = 0;
    while let Some(row) = rows.next().map_err(failed(READING))? {
        if page.rows.len() == limit || bytes > PAGE_BYTES {
            page.next = page.rows.last().map(|row| Cursor {
                time: row.entry.time,
                seq: row.seq,
            });
            break;
        }
        let row = audit_row(row).map_err(failed(READING))?;
        bytes += row.entry.body.len();
        page.rows.push(row);
    }
    Ok(page)
}

fn sql(query: &Query, limit: usize) -> (String, Conditions) {
    let mut wanted = Conditions::default();
    wanted.and("sha256 = :sha256", ":sha256", query.sha256.as_ref());
    wanted.and("project = :project", ":project", query.project.as_ref());
    wanted.and("client = :client", ":client", query.client.as_ref());
    wanted.and("kind = :kind", ":kind", query.kind.as_ref());
    wanted.and("version = :version", ":version", query.version.as_ref());
    wanted.and("time >= :since", ":since", query.since.as_ref());
    wanted.and("time < :until", ":until", query.until.as_ref());
    let (before, direction) = match query.order {
        Order::Newest => ("(time, seq) < (:time, :seq)", "DESC"),
        Order::Oldest => ("(time, seq) > (:time, :seq)", "ASC"),
    };
    if let Some(cursor) = query.after {
        wanted.and(before, ":time", Some(&cursor.time));
        let seq = cursor.seq.cast_signed();
        wanted.values.push((":seq", Box::new(seq)));
    }
    let conditions = if wanted.sql.is_empty() {
        "1".to_owned()
    } else {
        wanted.sql.join(" AND ")
    };
    let index = index(query);
    // One more than wanted says whether there are more.
    let most = limit + 1;
    let sql = format!(
        "SELECT seq, time, kind, project, version, filename, sha256, client, body, hash FROM audit INDEXED BY {index} \
         WHERE {conditions} ORDER BY time {direction}, seq {direction} LIMIT {most}"
    );
    (sql, wanted)
}

/// The index that leaves the fewest rows. Named, because SQLite knows nothing about how rare a value is unless it counts
/// them all from time to time, and without knowing it picks the kind that nearly every row has.
fn index(query: &Query) -> &'static str {
    if query.sha256.is_some() {
        "audit_sha256"
    } else if query.project.is_some() {
        "audit_project"
    } else if query.client.is_some() {
        "audit_client"
    } else if query.kind.is_some() {
        "audit_kind"
    } else {
        "audit_time"
    }
}

/// A row of the log.
pub(super) fn audit_row(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        seq: row.get::<_, i64>(0)?.unsigned_abs(),
        entry: AuditEntry {
            time: row.get(1)?,
            kind: text(row, 2)?.unwrap_or_default(),
            project: text(row, 3)?,
            version: text(row, 4)?,
            filename: text(row, 5)?,
            sha256: text(row, 6)?,
            client: text(row, 7)?,
            body: text(row, 8)?.unwrap_or_default(),
        },
        hash: Digest(row.get(9)?),
    })
}

/// A text as far as it is one: a row that a foreign hand changed is to be seen too.
fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        _ => None,
    })
}

/// Who was sent what.
pub(super) fn exposure(
    connection: &Connection,
    subject: &Subject,
    most: usize,
) -> Result<Vec<Exposure>, StoreError> {
    let (index, condition, values): (_, _, Vec<&str>) = match subject {
        Subject::Sha256(sha256) => ("audit_sha256", "sha256 = ?3", vec![sha256]),
        Subject::Project(project) => ("audit_project", "project = ?3", vec![project]),
        Subject::Release { project, version } => (
            "audit_project",
            "project = ?3 AND version = ?4",
            vec![project, version],
        ),
    };
    let sql = format!(
        "SELECT client, min(time), max(time), count(*), version, filename, sha256 FROM audit INDEXED BY {index} \
         WHERE kind = ?1 AND {condition} GROUP BY client, version, filename, sha256 \
         ORDER BY min(time), client, filename, sha256 LIMIT ?2"
    );
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut parameters: Vec<&dyn ToSql> = vec![&SERVED, &most];
    parameters.extend(values.iter().map(|value| value as &dyn ToSql));
    let mut statement = connection.prepare_cached(&sql).map_err(failed(READING))?;
    let rows = statement.query_map(parameters.as_slice(), |row| {
        Ok(Exposure {
            client: text(row, 0)?,
            first: row.get(1)?,
            last: row.get(2)?,
            times: row.get::<_, i64>(3)?.unsigned_abs(),
            version: text(row, 4)?,
            filename: text(row, 5)?,
            sha256: text(row, 6)?,
        })
    });
    let rows = rows.map_err(failed(READING))?;
    rows.collect::<rusqlite::Result<_>>()
        .map_err(failed(READING))
}
