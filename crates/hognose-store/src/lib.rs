//! State of the gateway: an append-only audit log, rulings about bytes, first downloads, owners of names, settings.
//!
//! [`Store`] is what others know: operations of the domain, no SQL. [`SqliteStore`] is one file that several processes
//! of a machine may share, [`PostgresStore`] a database for any number of them anywhere. The audit log is a chain
//! ([`entry`]): every row holds a digest over itself and the row before.
//!
//! Nothing here knows what an event means, or HTTP. Times come from the caller.

pub mod entry;
mod error;
mod files;
mod portable;
mod postgres;
mod query;
mod queue;
mod recent;
mod sqlite;
mod store;
mod turns;

pub use entry::{AuditEntry, AuditRow, Chain, Digest, Head, MAX_BODY, MAX_FIELD};
pub use error::{Cause, StoreError};
pub use postgres::{AddressError, PostgresAddress, PostgresStore};
pub use query::{Cursor, Order, Page, Query, each};
pub use sqlite::{Opening, Options, Restored, SqliteStore};
pub use store::{Exposure, KeptRuling, SERVED, Seen, Setting, Store, Subject};
pub use turns::Turn;

use portable::Source;

/// Opens a backup of either format.
fn source(backup: &std::path::Path) -> Result<Box<dyn Source>, StoreError> {
    Ok(match portable::Backup::open(backup)? {
        Some(lines) => Box::new(lines),
        None => Box::new(sqlite::source(backup)?),
    })
}
