//! Code objects beside the source that they should come from.

use hognose_python::marshal::Version;
use rustc_hash::FxHashSet;

use super::Difference;
use super::marshal::{Code, Constant, Module};
use super::words::{Line, Start, Words};

/// Names that the compiler adds on its own.
const ADDED: [&str; 27] = [
    "__annotate__",
    "__annotate_func__",
    "__annotations__",
    "__builtins__",
    "__class__",
    "__classcell__",
    "__classdict__",
    "__classdictcell__",
    "__conditional_annotations__",
    "__debug__",
    "__doc__",
    "__firstlineno__",
    "__locals__",
    "__module__",
    "__name__",
    "__qualname__",
    "__static_attributes__",
    "__type_params__",
    "AssertionError",
    "Generic",
    "__metaclass__",
    "__loader__",
    "format",
    "NotImplementedError",
    // Texts with many fields are lists that are joined, from 3.12 on.
    "join",
    // `async for` before 3.8.
    "StopAsyncIteration",
    "StopIteration",
];
/// Names that pytest adds where it rewrites assertions, in files that it alone loads.
const PYTEST: [&str; 14] = [
    "_call_assertion_pass",
    "_call_reprcompare",
    "_format_assertmsg",
    "_format_boolop",
    "_format_explanation",
    "_pytest.assertion.rewrite",
    "_saferepr",
    "_should_repr_global_name",
    "_pytest",
    "assertion",
    "rewrite",
    "builtins",
    "locals",
    "assert",
];
/// Shortest word of a text that has to be in the source: shorter ones are put together by folding.
const SHORT: usize = 3;
/// So many names of a body that its code does not have say that it is not its code. In 64,000 files that Python compiled
/// not one was missing, but what compilers leave out is not all known.
const MANY: usize = 2;

/// What compiling may have changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compiled {
    pub(super) version: Version,
    /// `-O` drops assertions.
    pub(super) is_optimised: bool,
    /// Written by pytest, which rewrites assertions.
    pub(super) by_pytest: bool,
}

/// The first thing in which code differs from its source.
pub(super) fn compare(words: &Words<'_>, module: &Module<'_>, how: Compiled) -> Option<Difference> {
    let mut comparison = Comparison {
        words,
        how,
        whole: words.literals.whole(),
        stamps: vec![0; words.count()],
        turn: 0,
        is_whole: true,
        met: Met {
            codes: Vec::with_capacity(module.places()),
            ids: Vec::new(),
        },
    };
    let mut codes = module.codes();
    let added = codes.find_map(|(place, code)| comparison.code(module, place, code));
    added
        .or_else(|| comparison.texts(module.outside(), "<module>"))
        .or_else(|| comparison.missing())
}

/// Lines of the source, both ends included.
type Range = (u32, u32);

const WHOLE: Range = (0, u32::MAX);

struct Comparison<'w, 's, 'm> {
    words: &'w Words<'s>,
    how: Compiled,
    /// Texts as they stand.
    whole: FxHashSet<&'w [u8]>,
    /// For each identifier, the last turn that met it.
    stamps: Vec<u32>,
    turn: u32,
    /// Whether every identifier of the source counts.
    is_whole: bool,
    met: Met<'m>,
}

impl<'m> Comparison<'_, '_, 'm> {
    fn code(&mut self, module: &Module<'m>, place: usize, code: &Code<'m>) -> Option<Difference> {
        let Some(range) = self.range(code) else {
            return Some(Difference::Code {
                name: code.name.to_owned(),
                line: code.first_line,
            });
        };
        self.is_whole = range == WHOLE;
        if !self.is_whole {
            self.turn += 1;
            for id in self.words.between(range.0, range.1) {
                if let Some(stamp) = self.stamps.get_mut(id as usize) {
                    *stamp = self.turn;
                }
            }
        }
        let start = self.met.ids.len();
        for name in module.names(code) {
            let id = self.words.id(name);
            if !self.stands_here(id) && !self.is_explained(name) {
                return Some(Difference::Name {
                    code: code.name.to_owned(),
                    name: name.to_owned(),
                });
            }
            self.meet(id, name);
        }
        self.meet(self.words.id(code.name), code.name);
        for constant in module.constants(place) {
            if let Constant::Text(text) = constant
                // Texts of several lines are written by people: names do not become such.
                && memchr::memchr(b'\n', text.as_bytes()).is_none()
            {
                self.meet(self.words.id(text), text);
            }
        }
        let ids = start..self.met.ids.len();
        self.met.codes.push((code.first_line, code.name, ids));
        self.texts(module.constants(place), code.name)
    }

    /// Keeps the identifiers of the source that something in the code is, or holds.
    fn meet(&mut self, id: Option<u32>, name: &str) {
        if let Some(id) = id {
            self.met.ids.push(id);
            // A private name may be another one, too.
            if !name.starts_with('_') {
                return;
            }
        }
        for word in name.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
            self.met.ids.extend(self.words.id(word));
            let tails = private_tails(word);
            self.met
                .ids
                .extend(tails.filter_map(|tail| self.words.id(tail)));
        }
    }

    /// The lines that a code object comes from; none when nothing there can have become it.
    fn range(&self, code: &Code<'_>) -> Option<Range> {
        let lines = &self.words.lines;
        let at = lines.partition_point(|line| line.number <= code.first_line);
        let inner = code.name.strip_prefix('<');
        match inner {
            Some("module>") => return Some(WHOLE),
            // Lines of what stands in texts with fields are not kept well by old versions.
            Some("lambda>" | "listcomp>" | "setcomp>" | "dictcomp>" | "genexpr>") => {
                return Some(self.around(at));
            }
            Some(rest) if rest.starts_with("generic parameters of ") => return Some(WHOLE),
            _ if ADDED.contains(&code.name) => return Some(WHOLE),
            _ => {}
        }
        let id = self.words.id(code.name);
        let wanted = id.map(Start::Definition);
        let first = at.checked_sub(1)?;
        let mut position = first;
        while lines.get(position)?.start == Start::Decorator {
            position += 1;
        }
        let line = lines.get(position)?;
        let starts_there = lines.get(first)?.number == code.first_line;
        if starts_there && Some(line.start) == wanted {
            return Some((code.first_line, self.words.end(position)));
        }
        // Names beyond ASCII are normalised by the compiler.
        if !code.name.is_ascii() {
            return Some(WHOLE);
        }
        // Type aliases and bounds of type parameters are code of their own.
        let is_lazy = self.how.version >= Version(3, 12)
            && id.is_some_and(|id| {
                self.words
                    .between(code.first_line, code.first_line)
                    .any(|other| other == id)
            });
        is_lazy.then_some(WHOLE)
    }

    /// The block at the left margin that a logical line belongs to.
    fn around(&self, at: usize) -> Range {
        let before = self.words.lines.get(..at).unwrap_or_default();
        let top = before.iter().rposition(|line| line.indent == 0);
        match top {
            Some(top) => {
                let number = self.words.lines.get(top).map_or(0, |line| line.number);
                (number, self.words.end(top))
            }
            None => WHOLE,
        }
    }

    fn is_here(&self, name: &str) -> bool {
        self.stands_here(self.words.id(name))
    }

    fn stands_here(&self, id: Option<u32>) -> bool {
        id.is_some_and(|id| self.is_whole || self.stamps.get(id as usize) == Some(&self.turn))
    }

    fn is_known(&self, name: &str) -> bool {
        self.is_here(name) || self.is_explained(name)
    }

    /// Whether a name that is not there may have been made by compiling what is there.
    fn is_explained(&self, name: &str) -> bool {
        if name.is_empty()
            || !name.is_ascii()
            || name.starts_with('.')
            || self.words.is_normalised(name)
        {
            return true;
        }
        if ADDED.contains(&name) {
            return true;
        }
        if name.contains('.') {
            return name
                .split('.')
                .all(|part| part.is_empty() || self.is_known(part));
        }
        if self.how.by_pytest && (name.starts_with("@py") || PYTEST.contains(&name)) {
            return true;
        }
        private_tails(name).any(|tail| self.is_here(tail))
    }

    fn texts(&self, constants: &[Constant<'_>], code: &str) -> Option<Difference> {
        let strange = constants.iter().find(|constant| match constant {
            Constant::Text(text) => !self.has_text(text),
            Constant::Bytes(bytes) => !self.has_bytes(bytes),
        })?;
        Some(Difference::Text {
            code: code.to_owned(),
            text: match strange {
                Constant::Text(text) => (*text).to_owned(),
                Constant::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            },
        })
    }

    /// Whether a text is one of the source, or may have been made of what the source says.
    fn has_text(&self, text: &str) -> bool {
        self.whole.contains(text.as_bytes())
            || self.words.id(text).is_some()
            || self.words.literals.has(text.as_bytes())
            || is_monotonous(text)
            || text
                .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .all(|word| self.has_word(word))
    }

    fn has_word(&self, word: &str) -> bool {
        let literals = &self.words.literals;
        word.len() < SHORT
            // Numbers in annotations are written anew.
            || word.starts_with(|c: char| c.is_ascii_digit())
            || self.words.id(word).is_some()
            || literals.has(word.as_bytes())
            || self.is_known(word)
            || matches!(word, "return" | "locals" | "lambda" | "listcomp" | "genexpr" | "dictcomp" | "setcomp" | "inf" | "nan")
            || (self.how.by_pytest && is_of_pytest(word))
            || literals.has_repeated(word.as_bytes())
            || literals.has_parts(word.as_bytes(), SHORT)
    }

    fn has_bytes(&self, bytes: &[u8]) -> bool {
        let literals = &self.words.literals;
        literals.has(bytes)
            || literals.has_repeated(bytes)
            || bytes
                .split(|b| !(b.is_ascii_alphanumeric() || *b == b'_'))
                .filter(|word| word.len() >= 2 * SHORT)
                .all(|word| {
                    literals.has_parts(word, SHORT)
                        || std::str::from_utf8(word).is_ok_and(|word| self.has_word(word))
                })
    }

    /// A definition of the source that has no code, or whose code does not do what it says.
    fn missing(&mut self) -> Option<Difference> {
        let lines = &self.words.lines;
        // What follows is never run, and new compilers leave it out.
        let ends = |line: &Line| line.indent == 0 && line.start == Start::Raise;
        if self.how.is_optimised || lines.iter().any(ends) {
            return None;
        }
        self.met.codes.sort_by_key(|(line, _, _)| *line);
        let mut position = 0;
        while let Some(first) = lines.get(position) {
            let from = first.number;
            while lines.get(position)?.start == Start::Decorator {
                position += 1;
            }
            let line = *lines.get(position)?;
            if let Start::Definition(id) = line.start
                && self.lacks(from, position, id)
            {
                return Some(Difference::Missing {
                    name: self.words.name(id).to_owned(),
                    line: from,
                });
            }
            position += 1;
        }
        None
    }

    /// Whether a definition has no code, or code without some of the names in its body.
    fn lacks(&mut self, from: u32, position: usize, id: u32) -> bool {
        let words = self.words;
        let (Some(line), Some(next)) = (words.lines.get(position), words.lines.get(position + 1))
        else {
            return false;
        };
        let end = words.end(position);
        let met = &self.met;
        let first = met.codes.partition_point(|(line, _, _)| *line < from);
        let last = met.codes.partition_point(|(line, _, _)| *line <= end);
        let codes = met.codes.get(first..last.max(first)).unwrap_or_default();
        let name = words.name(id);
        let is_there = codes
            .iter()
            .any(|(line, own, _)| *line == from && (*own == name || !name.is_ascii()));
        if !is_there {
            // Deeper down it may stand where nothing is ever run.
            return line.indent == 0;
        }
        if words.has_known_test(from, end) {
            return false;
        }
        self.turn += 1;
        let here = self.turn;
        for (_, _, ids) in codes {
            for id in met.ids.get(ids.clone()).unwrap_or_default() {
                if let Some(stamp) = self.stamps.get_mut(*id as usize) {
                    *stamp = here;
                }
            }
        }
        // A second stamp for what was counted.
        self.turn += 1;
        let (mut all, mut gone) = (0, 0);
        for id in words.used(next.number, end) {
            let Some(stamp) = self.stamps.get_mut(id as usize) else {
                continue;
            };
            if *stamp == self.turn || !words.is_plain(id) {
                continue;
            }
            all += 1;
            gone += usize::from(*stamp != here);
            *stamp = self.turn;
        }
        gone >= MANY || gone * 5 > all
    }
}

/// The identifiers of the source that code has.
struct Met<'m> {
    /// First lines, names, and the parts of `ids`; by line.
    codes: Vec<(u32, &'m str, std::ops::Range<usize>)>,
    ids: Vec<u32>,
}

/// What a private name may be in the source: the compiler puts `_` and the name of the class before it, and that name may
/// hold and end with underscores itself.
fn private_tails(name: &str) -> impl Iterator<Item = &str> {
    let rest = name.strip_prefix('_').unwrap_or_default();
    let starts = rest.char_indices().map(|(at, _)| at);
    starts
        .filter_map(|at| rest.get(at..))
        .filter(|tail| tail.starts_with("__"))
}

/// `py12`, and words of the explanations that pytest writes.
fn is_of_pytest(word: &str) -> bool {
    word.strip_prefix("py")
        .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
        || PYTEST.contains(&word)
        || matches!(
            word,
            "assert"
                | "AssertionError"
                | "and"
                | "not"
                | "warning"
                | "asserting"
                | "the"
                | "value"
                | "please"
                | "use"
                | "none"
                | "None"
        )
}

/// Long and of a few letters only: multiplied by the compiler, and nothing that anybody could read or run.
fn is_monotonous(text: &str) -> bool {
    let mut letters: Vec<u8> = text.bytes().take(4_096).collect();
    letters.sort_unstable();
    letters.dedup();
    text.len() >= 64 && letters.len() <= 6
}
