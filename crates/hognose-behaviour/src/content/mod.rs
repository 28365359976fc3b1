//! Content that is not Python to be evaluated: strings, commands, hidden text, metadata, start-up files, scripts,
//! binaries, bytecode and media. Each analyser turns bytes into facts and knows nothing of the others' files.

pub mod binary;
pub mod bytecode;
pub mod command;
pub(crate) mod decode;
pub mod hidden;
pub(crate) mod installer;
pub mod javascript;
pub mod media;
pub mod metadata;
pub mod script;
pub mod startup;
pub(crate) mod stdlib;
pub mod strings;

pub use strings::classify;
