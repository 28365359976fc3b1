//! The client of Python package indexes: project pages (PEP 503 HTML, PEP 691 JSON) and files.
//!
//! An index is hostile: pages and files are bounded, links keep to `http` and `https` and never lead from the second
//! to the first, credentials stay with the host they were given for, and a file counts only once its sha256 is the
//! one announced. A project that the index answers 404 for is absent; anything else that goes wrong is an
//! [`IndexError`], never absence. Nothing is built or run, and this crate knows no index: the caller names it.

mod cache;
mod choose;
mod client;
mod config;
pub mod dns;
mod download;
mod error;
mod file;
pub mod fuzzing;
mod html;
mod http;
mod json;
mod look;
mod metadata;
mod pack;
mod page;
mod parallel;
mod project;
mod provenance;
mod rdap;
mod resolve;
mod running;
mod url;

pub use cache::Cache;
pub use choose::{Choice, Release, choose, previous};
pub use client::{Client, Listing};
pub use config::{Config, Limits, ProxyFor, Retry, Timeouts};
pub use download::{Downloaded, Pieces, Progress, Streamed};
pub use error::IndexError;
pub use file::{CoreMetadata, FileKind, IndexFile, Yanked};
pub use look::Look;
pub use metadata::{Metadata, MetadataSource};
pub use page::{ProjectPage, ProjectStatus};
pub use project::{Maintainers, Project, Upload};
pub use rdap::Registration;
pub use running::{Aged, Elsewhere, Now, Running};
pub use url::{IndexUrl, UrlError};

/// Entry for fuzzing: reads any bytes as a project page.
pub fn fuzz_page(bytes: &[u8]) {
    if let (Ok(url), Ok(name)) = (
        IndexUrl::parse("https://index.example/simple/x/"),
        hognose_types::PackageName::new("x"),
    ) {
        let _ = page::read(bytes, &url, &name, Limits::default().files);
    }
}
