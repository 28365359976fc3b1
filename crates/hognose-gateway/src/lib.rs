//! The gateway: a proxy for Python package indexes that decides, artifact by artifact, what may be installed.
//!
//! A request is a [`route::Route`]; a project is a [`offer::Page`] whose every file carries a [`judge::Ruling`]; bytes
//! are served from [`blobs::Blobs`], where they lie under their digest. Who decides is a [`judge::Judge`]: this crate
//! knows how to serve a verdict, not how to reach one. Several nodes have the bytes in common by [`shared::Shared`].

pub mod ahead;
mod answer;
mod artifact;
mod beside;
pub mod blobs;
pub mod catalog;
mod check;
mod crowd;
pub mod event;
pub mod fuzzing;
mod gateway;
pub mod judge;
mod legacy;
mod metrics;
pub mod negotiate;
pub mod offer;
mod patient;
mod peer;
pub mod problem;
mod rate;
mod render;
pub mod route;
pub mod s3;
mod send;
mod server;
pub mod shared;
mod slots;
pub mod tls;
pub mod tokens;
mod unready;
pub mod upstream;
mod verified;
mod vouched;
mod witness;

pub use answer::{Ranged, range};
pub use check::Checked;
pub use gateway::{Counts, Gateway, Gear, OnUnknown, Options};
pub use peer::Trusted;
pub use server::{Access, AccessLog, Server, ServerLimits};
