//! Questions to the audit log.

use crate::{AuditRow, Store, StoreError};

/// Which rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Of this kind.
    pub kind: Option<String>,
    /// About this project.
    pub project: Option<String>,
    /// About this version. Quick together with a project only.
    pub version: Option<String>,
    /// About these bytes.
    pub sha256: Option<String>,
    /// Of this client.
    pub client: Option<String>,
    /// Not before this time, Unix milliseconds.
    pub since: Option<i64>,
    /// Before this time, Unix milliseconds.
    pub until: Option<i64>,
    /// In which order.
    pub order: Order,
    /// Where the page before ended.
    pub after: Option<Cursor>,
    /// At most this many rows; a page never has more than [`Query::MOST`].
    pub limit: usize,
}

impl Query {
    /// The most rows of one page.
    pub const MOST: usize = 1_000;
}

/// The order of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first.
    Oldest,
}

/// A place between two rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) time: i64,
    pub(crate) seq: u64,
}

/// Rows, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<AuditRow>,
    /// The end of this page; absent when nothing follows.
    pub next: Option<Cursor>,
}

/// Hands out every row of a query, however many there are, in pages: nothing is held open between them, so a reader that
/// is slow does not keep the log from growing. `query.limit` is the most rows altogether; 0 means all. Ends early when
/// `take` says so, and gives the number of rows that were taken.
pub fn each<E: From<StoreError>>(
    store: &dyn Store,
    query: &Query,
    take: &mut dyn FnMut(AuditRow) -> Result<(), E>,
) -> Result<u64, E> {
    let mut left = if query.limit == 0 {
        usize::MAX
    } else {
        query.limit
    };
    let mut query = query.clone();
    let mut taken = 0;
    loop {
        query.limit = left.min(Query::MOST);
        let page = store.audit(&query)?;
        left -= page.rows.len().min(left);
        for row in page.rows {
            take(row)?;
            taken += 1;
        }
        match page.next {
            Some(next) if left > 0 => query.after = Some(next),
            _ => return Ok(taken),
        }
    }
}
