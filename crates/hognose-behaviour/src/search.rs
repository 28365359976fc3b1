//! Automata over many words that suit small artifacts and large ones.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// From so much text on, the faster automaton is worth making.
const WORTH: usize = 1 << 20;

/// Words to look for: first by an automaton that is made quickly, after a megabyte of text by one that runs quickly.
/// Most artifacts are small, and making the second takes longer than inspecting them.
pub(crate) struct Search {
    make: fn(AhoCorasickKind) -> Option<AhoCorasick>,
    quick: OnceLock<Option<AhoCorasick>>,
    fast: OnceLock<Option<AhoCorasick>>,
    seen: AtomicUsize,
}

impl Search {
    /// Of words; `make` makes an automaton of a kind.
    pub(crate) const fn new(make: fn(AhoCorasickKind) -> Option<AhoCorasick>) -> Self {
        Self {
            make,
            quick: OnceLock::new(),
            fast: OnceLock::new(),
            seen: AtomicUsize::new(0),
        }
    }

    /// The automaton for a text of a length; both find the same.
    pub(crate) fn of(&self, length: usize) -> Option<&AhoCorasick> {
        let seen = self.seen.fetch_add(length, Ordering::Relaxed);
        let (slot, kind) = if seen < WORTH {
            (&self.quick, AhoCorasickKind::ContiguousNFA)
        } else {
            (&self.fast, AhoCorasickKind::DFA)
        };
        slot.get_or_init(|| (self.make)(kind)).as_ref()
    }
}
