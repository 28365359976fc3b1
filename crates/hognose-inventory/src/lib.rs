//! Readers: from manifests, locks, environments, scripts and artifacts to one [`Inventory`].
//!
//! One reader per format under `readers/`; each turns one file (or one environment) into components,
//! edges, declarations with lines, and gaps. Nothing here runs project code, touches the network, or
//! knows what an advisory is. A fault is never fatal to the rest: a bad file becomes one gap, a bad
//! entry becomes a gap for its line, and reading goes on.
//!
//! All file access passes through [`Tree`], so the same readers serve the disk ([`Disk`]) and a git
//! tree held in memory ([`Memory`]).

mod context;
mod direct;
mod discover;
mod document;
pub mod fuzzing;
mod options;
mod path;
mod readers;
mod scan;
mod sniff;
mod source_text;
mod tree;

pub use options::{Limits, Options};
pub use path::is_excluded;
pub use scan::{read_environment, scan_paths};
pub use sniff::sniff;
pub use tree::{Disk, Entry, EntryKind, Memory, ReadError, ReadSeek, Tree};

pub use hognose_types::{InputFormat, Inventory, Target};
