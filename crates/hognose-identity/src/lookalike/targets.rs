//! The names that are worth imitating, arranged so that candidates are found without comparing with each of them.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};

use super::edit::LONGEST;

/// Names worth imitating: popular ones, most popular first, and the user's own.
#[derive(Debug, Default)]
pub struct Targets {
    /// All names in one text: one allocation instead of fifteen thousand.
    text: String,
    ends: Vec<u32>,
    /// How many of them are popular; the others are the user's own.
    popular: u32,
    by_name: FxHashMap<u64, u32>,
    /// For every length, which letters a name has.
    by_length: Vec<Vec<(u64, u32)>>,
    pub(super) by_skeleton: FxHashMap<u64, u32>,
    pub(super) by_words: FxHashMap<u64, u32>,
    /// Names of several words by the words without one of them, chained through `gap_next`.
    pub(super) by_gap: FxHashMap<u64, u32>,
    pub(super) gaps: Vec<Gap>,
    /// How often three letters stand together in all names.
    threes: Vec<u16>,
    /// In how many names a word stands, and in how many it stands first.
    words: FxHashMap<u64, Users>,
}

/// A name of several words seen without one of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    pub(super) target: u32,
    /// The next with the same other words; itself at the end.
    pub(super) next: u32,
}

/// Names that use a word.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Users {
    pub(super) anywhere: u32,
    pub(super) first: u32,
}

/// Most names taken; popularity lists have some ten thousands.
const MOST: usize = 200_000;
/// No name is longer on any index; longer ones are no targets.
const LONGEST_NAME: usize = 128;

impl Targets {
    /// Takes popular names, most popular first, and the user's own. Names are in the normal form of PEP 503.
    pub fn new<'p, 'o>(
        popular: impl IntoIterator<Item = &'p str>,
        own: impl IntoIterator<Item = &'o str>,
    ) -> Self {
        let popular = popular.into_iter();
        let expected = popular.size_hint().0.min(MOST);
        let mut targets = Self {
            text: String::with_capacity(12 * expected),
            ends: Vec::with_capacity(expected),
            by_name: with_capacity(expected),
            by_skeleton: with_capacity(expected),
            by_words: with_capacity(expected),
            by_gap: with_capacity(2 * expected),
            words: with_capacity(expected),
            gaps: Vec::with_capacity(2 * expected),
            ..Self::default()
        };
        for name in popular {
            targets.add(name);
        }
        targets.popular = u32::try_from(targets.ends.len()).unwrap_or(u32::MAX);
        for name in own {
            targets.add(name);
        }
        targets
    }

    fn add(&mut self, name: &str) {
        if name.is_empty() || name.len() > LONGEST_NAME || self.ends.len() >= MOST {
            return;
        }
        let at = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        if *self.by_name.entry(hash(name)).or_insert(at) != at {
            return;
        }
        self.text.push_str(name);
        self.ends
            .push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        if self.by_length.len() <= name.len() {
            self.by_length.resize_with(name.len() + 1, Vec::new);
        }
        if let Some(same) = self.by_length.get_mut(name.len()) {
            same.push((letters(name), at));
        }
        // The more popular of two with the same skeleton comes first and stays.
        self.by_skeleton.entry(skeleton(name)).or_insert(at);
        self.add_words(name, at);
    }

    fn add_words(&mut self, name: &str, at: u32) {
        if self.threes.is_empty() {
            self.threes.resize(LETTERS * LETTERS * LETTERS, 0);
        }
        for three in threes(name) {
            if let Some(count) = self.threes.get_mut(three) {
                *count = count.saturating_add(1);
            }
        }
        let words = Words::of(name);
        for (place, word) in words.hashes().iter().enumerate() {
            let users = self.words.entry(*word).or_default();
            users.anywhere += 1;
            users.first += u32::from(place == 0);
        }
        if words.len() < 2 {
            return;
        }
        self.by_words.entry(words.unordered()).or_insert(at);
        for gap in 0..words.len() {
            let here = u32::try_from(self.gaps.len()).unwrap_or(u32::MAX);
            let before = self.by_gap.insert(words.without(gap), here);
            self.gaps.push(Gap {
                target: at,
                next: before.unwrap_or(here),
            });
        }
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True when there is none, and nothing can be said.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether a name is one of them.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The place of a name.
    pub(super) fn find(&self, name: &str) -> Option<u32> {
        let at = *self.by_name.get(&hash(name))?;
        (self.name(at) == name).then_some(at)
    }

    pub(super) fn name(&self, at: u32) -> &str {
        let at = at as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let start = start.copied().unwrap_or(0) as usize;
        let end = self.ends.get(at).copied().unwrap_or(0) as usize;
        self.text.get(start..end).unwrap_or_default()
    }

    /// The rank of a popular name, from 1.
    pub(super) fn rank(&self, at: u32) -> Option<u32> {
        (at < self.popular).then_some(at + 1)
    }

    /// Names whose length differs by `distance` at most and whose letters may be that many edits away.
    pub(super) fn near<'t>(
        &'t self,
        name: &str,
        distance: usize,
    ) -> impl Iterator<Item = u32> + use<'t> {
        let own = letters(name);
        // An edit takes one letter and brings one: each changes at most one bit of the two it has.
        let most = u32::try_from(2 * distance).unwrap_or(0);
        let least = name.len().saturating_sub(distance);
        let reach = if name.len() <= LONGEST {
            least..name.len() + distance + 1
        } else {
            0..0
        };
        reach
            .filter_map(|length| self.by_length.get(length))
            .flatten()
            .filter(move |(bits, _)| (bits ^ own).count_ones() <= most)
            .map(|(_, at)| *at)
    }

    /// How many threes of letters of a word hardly any name has, of which the word's own name may be one.
    pub(super) fn rare_threes(&self, word: &str, itself: u32) -> usize {
        let rare = |three: &usize| {
            let count = self.threes.get(*three).copied().unwrap_or(0);
            u32::from(count) < RARE + itself
        };
        threes(word).filter(rare).count()
    }

    /// Who uses a word.
    pub(super) fn users(&self, word: &str) -> Users {
        self.words.get(&hash(word)).copied().unwrap_or_default()
    }
}

fn with_capacity<V>(entries: usize) -> FxHashMap<u64, V> {
    FxHashMap::with_capacity_and_hasher(entries, rustc_hash::FxBuildHasher)
}

/// Characters of names, separators included.
const LETTERS: usize = 37;
/// Fewer names than this have three letters that are rare.
const RARE: u32 = 8;

/// The places of a text's threes of letters in a table of all of them.
fn threes(text: &str) -> impl Iterator<Item = usize> {
    text.as_bytes().windows(3).map(|three| {
        three
            .iter()
            .fold(0, |sum, byte| sum * LETTERS + usize::from(number(*byte)))
    })
}

/// A character of a name as a number below [`LETTERS`].
fn number(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => byte - b'a',
        b'0'..=b'9' => byte - b'0' + 26,
        _ => 36,
    }
}

/// The words of a name. Digits and letters stay together: `base64` is one word.
pub(super) struct Words<'n> {
    words: Vec<&'n str>,
    hashes: Vec<u64>,
}

impl<'n> Words<'n> {
    pub(super) fn of(name: &'n str) -> Self {
        let words: Vec<&str> = name.split('-').filter(|w| !w.is_empty()).collect();
        let hashes = words.iter().map(|w| hash(w)).collect();
        Self { words, hashes }
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    pub(super) fn get(&self, at: usize) -> &'n str {
        self.words.get(at).copied().unwrap_or_default()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'n str> {
        self.words.iter().copied()
    }

    fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// The same for the same words in any order.
    pub(super) fn unordered(&self) -> u64 {
        let sum = self
            .hashes
            .iter()
            .fold(0_u64, |sum, h| sum.wrapping_add(*h));
        combine(sum, self.hashes.len() as u64)
    }

    /// The words in order, without one, and which one.
    pub(super) fn without(&self, gap: usize) -> u64 {
        let others = self.hashes.iter().enumerate().filter(|(at, _)| *at != gap);
        let others = others.fold(self.hashes.len() as u64, |sum, (_, h)| combine(sum, *h));
        combine(others, gap as u64)
    }
}

fn combine(a: u64, b: u64) -> u64 {
    let mut hasher = FxHasher::default();
    a.hash(&mut hasher);
    b.hash(&mut hasher);
    hasher.finish()
}

pub(super) fn hash(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Which letters a text has: a bit for each of 37 characters that stands in it, one more for letters that stand twice.
fn letters(text: &str) -> u64 {
    let mut once = 0_u64;
    let mut twice = 0_u64;
    for byte in text.bytes() {
        let bit = 1_u64 << number(byte);
        twice |= once & bit;
        once |= bit;
    }
    once | (twice & ((1 << 26) - 1)) << 37
}

/// A name without separators, with characters that look alike made one. What is equal here cannot be told apart by a
/// hasty reader.
pub(super) fn skeleton(name: &str) -> u64 {
    let mut out = Vec::with_capacity(name.len());
    for byte in name.bytes() {
        let byte = match byte {
            b'-' => continue,
            b'0' => b'o',
            b'1' | b'i' => b'l',
            b'3' => b'e',
            b'4' => b'a',
            b'5' => b's',
            b'7' => b't',
            byte => byte,
        };
        match (out.last().copied(), byte) {
            (Some(b'r'), b'n') => {
                out.pop();
                out.push(b'm');
            }
            (Some(b'v'), b'v') => {
                out.pop();
                out.push(b'w');
            }
            _ => out.push(byte),
        }
    }
    let mut hasher = FxHasher::default();
    out.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skeletons() {
        let same = |a: &str, b: &str| skeleton(a) == skeleton(b);
        assert!(same("python-dateutil", "pythondateutil"));
        assert!(same("d1scord", "discord"));
        assert!(same("nurnpy", "numpy"));
        assert!(!same("numpy", "numpi"));
    }

    #[test]
    fn names_and_ranks() {
        let targets = Targets::new(["requests", "numpy", "requests"], ["acme-billing"]);
        assert_eq!(targets.len(), 3);
        assert!(targets.contains("numpy") && !targets.contains("nump"));
        assert_eq!(
            targets.find("acme-billing").map(|at| targets.rank(at)),
            Some(None)
        );
        assert_eq!(
            targets.find("numpy").map(|at| targets.rank(at)),
            Some(Some(2))
        );
        assert_eq!(targets.near("nunpy", 1).count(), 1);
    }
}
