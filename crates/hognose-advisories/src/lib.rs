//! Advisory feeds → one memory-mapped database → matching.
//!
//! The way of a record: a *feed* ([`feed`]) is read from a URL, file, directory or archive into [`osv::Record`]s;
//! [`build::Builder`] drops what does not count, merges aliases into flaws, compiles version ranges into
//! byte-comparable intervals ([`intervals`]) and writes the file described in [`format`]; [`Database`] opens it;
//! [`judge`] compares an inventory with it.
//!
//! The match path reads memory only: no network, no clock, no parsing of advisory versions.

mod aside;
pub mod build;
mod codec;
mod collect;
mod cvss_score;
mod database;
mod download;
pub mod feed;
mod fingerprint;
pub mod format;
pub mod fuzzing;
mod interrupt;
pub mod intervals;
mod judge;
mod malice;
mod matching;
pub mod osv;
mod proxy;
mod read;
pub mod readings;
pub mod reference;
mod severity;
mod sniff;
mod squeeze;
mod starter;
mod status;
mod store;
mod union;
mod update;
pub mod yaml;

pub use database::{Database, OpenError};
pub use download::{DownloadError, HttpOptions};
pub use interrupt::{Interrupt, ProgressSink, Silent};
pub use judge::{JudgeOptions, Judgement, judge};
pub use proxy::Proxies;
pub use read::{ReadError, ReadLimits};
pub use starter::starter;
pub use status::{FeedStatus, RecordProblem, Status};
pub use store::{DatabaseFile, StoreError};
pub use update::{
    FeedFailure, FeedFault, UpdateError, UpdateOptions, UpdateSummary, is_outdated, update,
};
