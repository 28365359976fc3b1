//! Python source, read without running it.
//!
//! Source becomes text ([`source`]), text a compact tree ([`tree`], through the one adapter to the parser), and a
//! [`machine`] walks the tree the way Python would: names are resolved, constants folded, encoded code decoded and
//! walked again, data followed from where it comes from to where it goes. What it meets outside the artifact it tells
//! an [`Observer`]. This crate knows nothing of findings.

mod cipher;
mod imports;
mod lower;
mod machine;
pub mod marshal;
pub mod names;
pub mod nesting;
mod number;
mod serial;
pub mod source;
pub mod text;
pub mod tree;
mod value;

pub use imports::{Import, imports};
pub use machine::{
    Bounds, Call, Context, Effect, Interest, Machine, ModuleId, ModuleText, Observer, Site,
};
pub use names::{Names, PathId, Symbol};
pub use tree::Tree;
pub use value::{Cell, Dict, Taint, Value};
