//! Code objects beside the source that they should come from.

use hognose_python::marshal::{Code, Module, Version};
use rustc_hash::FxHashSet;

use super::Difference;
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
pub(super) fn compare(words: &Words<'_>, module: &Module, how: Compiled) -> Option<Difference> {
    let mut comparison = Comparison {
        words,
        how,
        whole: words.literals.whole(),
        stamps: vec![0; words.count()],
        turn: 0,
    };
    let added = module
        .codes
        .iter()
        .find_map(|code| comparison.code(code))
        .or_else(|| comparison.texts(&module.strings, "<module>"));
    added.or_else(|| comparison.missing(module))
}

/// Lines of the source, both ends included.
type Range = (u32, u32);

const WHOLE: Range = (0, u32::MAX);

struct Comparison<'w, 's> {
    words: &'w Words<'s>,
    how: Compiled,
    /// Texts as they stand.
    whole: FxHashSet<&'w [u8]>,
    /// For each identifier, the last turn that met it.
    stamps: Vec<u32>,
    turn: u32,
}

impl Comparison<'_, '_> {
    fn code(&mut self, code: &Code) -> Option<Difference> {
        let Some(range) = self.range(code) else {
            return Some(Difference::Code {
                name: code.name.clone(),
                line: code.first_line,
            });
        };
        self.turn += 1;
        for id in self.words.between(range.0, range.1) {
            if let Some(stamp) = self.stamps.get_mut(id as usize) {
                *stamp = self.turn;
            }
        }
        let names = code.names.iter().chain(&code.variables).chain(&code.cells);
        let mut strange = names.filter(|name| !self.is_known(name));
        if let Some(name) = strange.next() {
            return Some(Difference::Name {
                code: code.name.clone(),
                name: name.clone(),
            });
        }
        self.texts(&code.strings, &code.name)
            .or_else(|| self.bytes(code))
    }

    /// The lines that a code object comes from; none when nothing there can have become it.
    fn range(&self, code: &Code) -> Option<Range> {
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
            _ if ADDED.contains(&code.name.as_str()) => return Some(WHOLE),
            _ => {}
        }
        let id = self.words.id(&code.name);
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
        let id = self.words.id(name);
        id.and_then(|id| self.stamps.get(id as usize)) == Some(&self.turn)
    }

    fn is_known(&self, name: &str) -> bool {
        if self.is_here(name)
            || name.is_empty()
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

    fn texts(&self, texts: &[String], code: &str) -> Option<Difference> {
        let strange = texts.iter().find(|text| !self.has_text(text))?;
        Some(Difference::Text {
            code: code.to_owned(),
            text: strange.clone(),
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

    fn bytes(&self, code: &Code) -> Option<Difference> {
        let literals = &self.words.literals;
        let strange = code.bytes.iter().find(|bytes| {
            !literals.has(bytes)
                && !literals.has_repeated(bytes)
                && !bytes
                    .split(|b| !(b.is_ascii_alphanumeric() || *b == b'_'))
                    .filter(|word| word.len() >= 2 * SHORT)
                    .all(|word| {
                        literals.has_parts(word, SHORT)
                            || std::str::from_utf8(word).is_ok_and(|word| self.has_word(word))
                    })
        })?;
        Some(Difference::Text {
            code: code.name.clone(),
            text: String::from_utf8_lossy(strange).into_owned(),
        })
    }

    /// A definition of the source that has no code, or whose code does not do what it says.
    fn missing(&mut self, module: &Module) -> Option<Difference> {
        let lines = &self.words.lines;
        // What follows is never run, and new compilers leave it out.
        let ends = |line: &Line| line.indent == 0 && line.start == Start::Raise;
        if self.how.is_optimised || lines.iter().any(ends) {
            return None;
        }
        let mut by_line: Vec<&Code> = module.codes.iter().collect();
        by_line.sort_by_key(|code| code.first_line);
        let mut position = 0;
        while let Some(first) = lines.get(position) {
            let from = first.number;
            while lines.get(position)?.start == Start::Decorator {
                position += 1;
            }
            let line = *lines.get(position)?;
            if let Start::Definition(id) = line.start
                && self.lacks(&by_line, from, position, id)
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
    fn lacks(&mut self, by_line: &[&Code], from: u32, position: usize, id: u32) -> bool {
        let words = self.words;
        let (Some(line), Some(next)) = (words.lines.get(position), words.lines.get(position + 1))
        else {
            return false;
        };
        let end = words.end(position);
        let first = by_line.partition_point(|code| code.first_line < from);
        let last = by_line.partition_point(|code| code.first_line <= end);
        let codes = by_line.get(first..last.max(first)).unwrap_or_default();
        let name = words.name(id);
        let is_there = codes
            .iter()
            .any(|code| code.first_line == from && (code.name == name || !name.is_ascii()));
        if !is_there {
            // Deeper down it may stand where nothing is ever run.
            return line.indent == 0;
        }
        if words.has_known_test(from, end) {
            return false;
        }
        self.turn += 1;
        for code in codes {
            self.stamp_all(code);
        }
        let mut ids: Vec<u32> = words.used(next.number, end).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|id| words.name(*id).is_ascii() && !is_keyword(words.name(*id)));
        let gone = ids
            .iter()
            .filter(|id| self.stamps.get(**id as usize) != Some(&self.turn))
            .count();
        gone >= MANY || gone * 5 > ids.len()
    }

    fn stamp_all(&mut self, code: &Code) {
        let names = code.names.iter().chain(&code.variables).chain(&code.cells);
        for name in names.chain(&code.strings).chain([&code.name]) {
            for word in name.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
                self.stamp(word);
                for tail in private_tails(word) {
                    self.stamp(tail);
                }
            }
        }
    }

    fn stamp(&mut self, word: &str) {
        if let Some(id) = self.words.id(word)
            && let Some(stamp) = self.stamps.get_mut(id as usize)
        {
            *stamp = self.turn;
        }
    }
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

fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "_" | "__debug__"
            | "type"
            | "False"
            | "None"
            | "True"
            | "and"
            | "as"
            | "assert"
            | "async"
            | "await"
            | "break"
            | "case"
            | "class"
            | "continue"
            | "def"
            | "del"
            | "elif"
            | "else"
            | "except"
            | "finally"
            | "for"
            | "from"
            | "global"
            | "if"
            | "import"
            | "in"
            | "is"
            | "lambda"
            | "match"
            | "nonlocal"
            | "not"
            | "or"
            | "pass"
            | "raise"
            | "return"
            | "try"
            | "while"
            | "with"
            | "yield"
    )
}
