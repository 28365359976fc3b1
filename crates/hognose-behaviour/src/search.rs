//! Many words found in one pass, by automata that were made when the program was built (`build/automaton.rs`).

/// The mark of a state in which a word ends, in every reference to it.
const ENDS: u16 = 1 << 15;

/// The automaton of Aho and Corasick for a list of words. Numbers are little-endian.
#[derive(Debug)]
pub(crate) struct Automaton {
    /// Bytes that no word tells apart are one class.
    classes: [u8; 256],
    /// The length of a row is two to this power.
    shift: u32,
    /// States below this have a row, the others one way on.
    dense: u16,
    /// For each state and class the next state.
    rows: &'static [[u8; 2]],
    /// For each other state the class of its way on, the state it leads to, and the state to go on from otherwise.
    ways: &'static [[u8; 6]],
    /// For each state where its part of `ends` begins.
    firsts: &'static [[u8; 2]],
    /// The words that end in a state, the longest first.
    ends: &'static [[u8; 2]],
    /// For each word its length.
    lengths: &'static [[u8; 2]],
}

include!(concat!(env!("OUT_DIR"), "/automata.rs"));

/// A word in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Its place in the list.
    pub(crate) which: usize,
    /// Where it begins.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
}

impl Automaton {
    /// The state after a byte; references that cannot be lead to the beginning.
    fn step(&self, state: u16, byte: u8) -> u16 {
        let class = self.classes.get(usize::from(byte)).copied().unwrap_or(0);
        let mut state = state & !ENDS;
        loop {
            if state < self.dense {
                let at = usize::from(state) << self.shift | usize::from(class);
                return self
                    .rows
                    .get(at)
                    .map_or(0, |next| u16::from_le_bytes(*next));
            }
            match self.ways.get(usize::from(state - self.dense)) {
                Some([way, _, low, high, ..]) if *way == class && class != 0 => {
                    return u16::from_le_bytes([*low, *high]);
                }
                // A suffix is shorter than its state: this ends at the beginning, which has a row.
                Some([.., low, high]) => state = u16::from_le_bytes([*low, *high]) & !ENDS,
                None => return 0,
            }
        }
    }

    /// From `at` on, the position after the next byte with which a word ends.
    fn next_end(&self, text: &[u8], at: usize, state: &mut u16) -> Option<usize> {
        let mut now = *state;
        for (offset, byte) in text.get(at..)?.iter().enumerate() {
            now = self.step(now, *byte);
            if now & ENDS != 0 {
                *state = now;
                return Some(at + offset + 1);
            }
        }
        None
    }

    /// The words that end in a state.
    fn words(&self, state: u16) -> &'static [[u8; 2]] {
        let state = usize::from(state & !ENDS);
        let bound = |at: usize| {
            let first = self.firsts.get(at).copied().unwrap_or_default();
            usize::from(u16::from_le_bytes(first))
        };
        let words = self.ends.get(bound(state)..bound(state + 1));
        words.unwrap_or_default()
    }

    fn hit(&self, word: [u8; 2], end: usize) -> Hit {
        let which = usize::from(u16::from_le_bytes(word));
        let length = self.lengths.get(which).copied().unwrap_or_default();
        let start = end.saturating_sub(usize::from(u16::from_le_bytes(length)));
        Hit { which, start, end }
    }

    /// Whether a text holds one of the words.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.next_end(text.as_bytes(), 0, &mut 0).is_some()
    }

    /// Every word in a text, also those that overlap, by their ends.
    pub(crate) fn all<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Hit> + 't {
        let (mut at, mut state) = (0, 0);
        let mut waiting: &[[u8; 2]] = &[];
        std::iter::from_fn(move || {
            while waiting.is_empty() {
                at = self.next_end(text.as_bytes(), at, &mut state)?;
                waiting = self.words(state);
            }
            let (word, rest) = waiting.split_first()?;
            waiting = rest;
            Some(self.hit(*word, at))
        })
    }

    /// The words in a text that do not overlap: of two that do, the one that ends first. `skips` was made of the same
    /// words.
    pub(crate) fn apart<'t>(
        &'t self,
        skips: &'t Skips,
        text: &'t str,
    ) -> impl Iterator<Item = Hit> + 't {
        let mut at = 0;
        std::iter::from_fn(move || {
            let text = text.as_bytes();
            loop {
                at = skips.next(text, at)?;
                let word = self.word_from(text, &mut at);
                if word.is_some() {
                    return word;
                }
            }
        })
    }

    /// The first word that begins at `at` or after it, before no word is begun any more; where it ended.
    fn word_from(&self, text: &[u8], at: &mut usize) -> Option<Hit> {
        let mut state = 0;
        for byte in text.get(*at..)? {
            *at += 1;
            state = self.step(state, *byte);
            if state & ENDS != 0 {
                return Some(self.hit(*self.words(state).first()?, *at));
            }
            if state == 0 {
                break;
            }
        }
        None
    }

    /// How many words there are.
    pub(crate) fn len(&self) -> usize {
        self.lengths.len()
    }
}

/// Where in a text words may begin: by three bytes at a time it is known how far no word begins (Wu and Manber, 1994).
#[derive(Debug)]
pub(crate) struct Skips {
    /// For each three bytes how far the window may move on at least.
    table: Vec<u8>,
    /// The length of the shortest word.
    window: usize,
}

/// Bytes that are looked at together.
const BLOCK: usize = 3;

impl Skips {
    /// For words of any case, of three bytes or more each.
    pub(crate) fn new<'w>(words: impl Iterator<Item = &'w str> + Clone) -> Self {
        let shortest = words.clone().map(str::len).min().unwrap_or(BLOCK);
        let window = shortest.clamp(BLOCK, 200);
        let most = u8::try_from(window - BLOCK + 1).unwrap_or(u8::MAX);
        let mut table = vec![most; 1 << 15];
        for word in words {
            for (at, block) in word.as_bytes().windows(BLOCK).enumerate() {
                let Some(left) = (window - BLOCK).checked_sub(at) else {
                    break;
                };
                if let ([a, b, c], Ok(left)) = (block, u8::try_from(left))
                    && let Some(shift) = table.get_mut(block_of(*a, *b, *c))
                {
                    *shift = left.min(*shift);
                }
            }
        }
        Self { table, window }
    }

    /// The next place, from `at` on, where a word may begin.
    fn next(&self, text: &[u8], at: usize) -> Option<usize> {
        let mut at = at + self.window - BLOCK;
        while let Some([a, b, c]) = text.get(at..at + BLOCK) {
            let shift = self.table.get(block_of(*a, *b, *c)).copied().unwrap_or(0);
            if shift == 0 {
                return Some(at + BLOCK - self.window);
            }
            at += usize::from(shift);
        }
        None
    }
}

/// A number for three bytes: letters count the same in either case.
fn block_of(a: u8, b: u8, c: u8) -> usize {
    let low = |byte: u8| usize::from(byte & 31);
    low(a) << 10 | low(b) << 5 | low(c)
}
