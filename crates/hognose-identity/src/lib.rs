//! Attacks on a package's *name* and on who stands behind it.
//!
//! Everything here is evidence. A name alone condemns nothing: half of what looks like a typo is an honest project
//! with a plain name, so a look-alike asks for a second look and lowers what other evidence needs.

mod absent;
mod age;
mod code;
mod confusion;
mod domains;
mod evidence;
pub mod facts;
pub mod history;
mod judge;
pub mod lookalike;
mod mentions;
pub mod names;
mod online;
mod pythons;
mod repojack;
mod sought;
mod starjack;
mod status;
mod written;

pub use code::{Code, CodeReader, Imported, judge_code, misnamed};
pub use confusion::{Configured, confusion};
pub use domains::{Registered, domains, expired, reregistered};
pub use evidence::{Asked, Circumstances, Evidence, Unmended};
pub use judge::{Knowledge, judge};
pub use lookalike::acquit;
pub use mentions::{Mention, judge_mentions, mentions};
pub use online::judge_online;
pub use pythons::ended;
pub use repojack::{Repository, repojack, repositories};
pub use sought::{Lead, Sought, judge_sought, sought};
