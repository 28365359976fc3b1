//! Questions, as SQL.

use tokio_postgres::types::ToSql;

use super::chain::{COLUMNS, audit_row};
use super::session::{Session, column};
use super::text;
use crate::{Cursor, Exposure, Order, Page, Query, SERVED, StoreError, Subject};

const READING: &str = "read the audit log";

/// A page ends after so many bytes, however few rows they are.
const PAGE_BYTES: i64 = 16 << 20;

/// Characters of a text that are in an index.
const INDEXED: usize = 200;

/// Conditions and their values.
#[derive(Default)]
struct Conditions {
    sql: Vec<String>,
    values: Vec<Box<dyn ToSql + Sync>>,
}

impl Conditions {
    /// The name of a value in the statement.
    fn name<T: ToSql + Sync + 'static>(&mut self, value: T) -> String {
        self.values.push(Box::new(value));
        format!("${}", self.values.len())
    }

    /// A column has a text. The index knows its beginning; where that is all of it nothing else is asked: the server would
    /// take two conditions for two coincidences, and the rows for few.
    fn is(&mut self, column: &str, text: Option<&str>) {
        if let Some(text) = text {
            let text = text::put(text).into_owned();
            let short = text.chars().count() < INDEXED;
            let value = self.name(text);
            self.sql.push(if short {
                format!("left({column}, {INDEXED}) = {value}")
            } else {
                format!(
                    "left({column}, {INDEXED}) = left({value}, {INDEXED}) AND {column} = {value}"
                )
            });
        }
    }

    /// A column has a text, and no index knows it.
    fn also(&mut self, column: &str, text: Option<&str>) {
        if let Some(text) = text {
            let value = self.name(text::put(text).into_owned());
            self.sql.push(format!("{column} = {value}"));
        }
    }

    fn time(&mut self, comparison: &str, time: Option<i64>) {
        if let Some(time) = time {
            let value = self.name(time);
            self.sql.push(format!("time {comparison} {value}"));
        }
    }

    fn sql(&self) -> String {
        if self.sql.is_empty() {
            "true".to_owned()
        } else {
            self.sql.join(" AND ")
        }
    }

    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(AsRef::as_ref).collect()
    }
}

/// Rows of the log.
pub(super) fn audit(session: &mut Session, query: &Query) -> Result<Page, StoreError> {
    let limit = match query.limit {
        0 => Query::MOST,
        limit => limit.min(Query::MOST),
    };
    let mut wanted = conditions(query);
    let (comparison, direction) = match query.order {
        Order::Newest => ("<", "DESC"),
        Order::Oldest => (">", "ASC"),
    };
    if let Some(cursor) = query.after {
        let (time, seq) = (
            wanted.name(cursor.time),
            wanted.name(cursor.seq.cast_signed()),
        );
        let sql = format!("(time, seq) {comparison} ({time}, {seq})");
        wanted.sql.push(sql);
    }
    let order = format!("ORDER BY time {direction}, seq {direction}");
    // One more than wanted says whether there are more. The lengths of bodies are known without reading them.
    let sql = format!(
        "SELECT {COLUMNS}, count FROM (SELECT *, count(*) OVER () AS count, \
         sum(octet_length(body)) OVER ({order}) - octet_length(body) AS before \
         FROM (SELECT * FROM hognose_audit WHERE {} {order} LIMIT {}) AS part) AS page \
         WHERE before < {PAGE_BYTES} {order}",
        wanted.sql(),
        limit + 1
    );
    let rows = session.rows(&sql, &wanted.values(), READING)?;
    let found: i64 = rows.first().map_or(Ok(0), |row| column(row, 10))?;
    let mut page = Page::default();
    for row in rows.iter().take(limit) {
        page.rows.push(audit_row(row)?);
    }
    if usize::try_from(found).unwrap_or(usize::MAX) > page.rows.len() {
        page.next = page.rows.last().map(|row| Cursor {
            time: row.entry.time,
            seq: row.seq,
        });
    }
    Ok(page)
}

fn conditions(query: &Query) -> Conditions {
    let mut wanted = Conditions::default();
    // The index that leaves the fewest rows, and no other to choose from.
    let columns = [
        ("sha256", &query.sha256),
        ("project", &query.project),
        ("client", &query.client),
        ("kind", &query.kind),
    ];
    let index = columns.iter().position(|(_, text)| text.is_some());
    for (at, (column, text)) in columns.into_iter().enumerate() {
        if index == Some(at) {
            wanted.is(column, text.as_deref());
        } else {
            wanted.also(column, text.as_deref());
        }
    }
    wanted.also("version", query.version.as_deref());
    wanted.time(">=", query.since);
    wanted.time("<", query.until);
    wanted
}

/// Who was sent what.
pub(super) fn exposure(
    session: &mut Session,
    subject: &Subject,
    most: usize,
) -> Result<Vec<Exposure>, StoreError> {
    let mut wanted = Conditions::default();
    match subject {
        Subject::Sha256(sha256) => wanted.is("sha256", Some(sha256)),
        Subject::Project(project) => wanted.is("project", Some(project)),
        Subject::Release { project, version } => {
            wanted.is("project", Some(project));
            wanted.also("version", Some(version));
        }
    }
    wanted.also("kind", Some(SERVED));
    let most = wanted.name(i64::try_from(most).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT client, min(time), max(time), count(*), version, filename, sha256 FROM hognose_audit WHERE {} \
         GROUP BY client, version, filename, sha256 \
         ORDER BY min(time), client NULLS FIRST, filename NULLS FIRST, sha256 NULLS FIRST LIMIT {most}",
        wanted.sql()
    );
    let rows = session.rows(&sql, &wanted.values(), READING)?;
    let told = |row: &tokio_postgres::Row| {
        let some =
            |index| Ok::<_, StoreError>(column::<Option<String>>(row, index)?.map(text::take));
        Ok(Exposure {
            client: some(0)?,
            first: column(row, 1)?,
            last: column(row, 2)?,
            times: column::<i64>(row, 3)?.unsigned_abs(),
            version: some(4)?,
            filename: some(5)?,
            sha256: some(6)?,
        })
    };
    rows.iter().map(told).collect()
}
