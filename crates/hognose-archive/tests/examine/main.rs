//! Examination: what is shown of honest and hostile archives, and what is said about them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod bombs;
mod catalogue;
mod common;
mod honest;
mod zip;
