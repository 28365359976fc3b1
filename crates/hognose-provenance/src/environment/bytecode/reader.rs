//! Reading the words of a source: tokens, texts with fields in them, and where statements begin.

use unicode_normalization::UnicodeNormalization as _;

use super::words::{Line, Start, Token, Words};

/// Deepest nesting of texts inside replacement fields of texts; Python allows fewer.
const NESTED: u32 = 40;

/// Reads a source whose line ends are `\n`.
pub(super) fn read(text: &str) -> Words<'_> {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line: 1,
        depth: 0,
        expects: Expects::Nothing,
        annotation: Annotation::Never,
        statement: 0,
        leaves: None,
        words: Words::for_source(text.len()),
    };
    reader.file();
    reader.statement_start();
    reader.words
}

/// What the next identifier of a logical line means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expects {
    Nothing,
    /// The first word.
    Start,
    /// The name of what is defined.
    Name,
    /// What `if` or `while` asks.
    Test,
}

/// Whether a logical line annotates a variable: `name: annotation = value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Annotation {
    /// A colon would begin one.
    Possible,
    Inside,
    Never,
}

struct Reader<'s> {
    text: &'s str,
    bytes: &'s [u8],
    at: usize,
    line: u32,
    depth: u32,
    expects: Expects,
    annotation: Annotation,
    /// How many identifiers there were before the statement.
    statement: usize,
    /// The indentation of the last line, if it leaves its block.
    leaves: Option<u32>,
    words: Words<'s>,
}

/// The kind of a text, by its prefix.
#[derive(Clone, Copy)]
struct Kind {
    is_raw: bool,
    is_bytes: bool,
    has_fields: bool,
}

/// What ends a text.
#[derive(Clone, Copy)]
struct Quote {
    mark: u8,
    is_triple: bool,
}

impl Reader<'_> {
    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn file(&mut self) {
        self.line_start();
        while self.at < self.bytes.len() {
            self.token(0);
        }
    }

    /// The indentation of a line, if it holds more than a comment.
    fn line_start(&mut self) {
        loop {
            let mut indent = 0_u32;
            loop {
                match self.byte(0) {
                    b' ' => indent += 1,
                    b'\t' => indent = (indent / 8 + 1) * 8,
                    0x0c => indent = 0,
                    _ => break,
                }
                self.at += 1;
            }
            match self.byte(0) {
                b'#' => self.comment(),
                b'\n' => {}
                0 if self.at >= self.bytes.len() => return,
                _ => {
                    // Nothing gets to what follows a `return` in the same block.
                    if self.leaves.take() == Some(indent) {
                        self.words.known_tests.push(self.line);
                    }
                    self.words.lines.push(Line {
                        number: self.line,
                        indent,
                        start: if self.byte(0) == b'@' {
                            Start::Decorator
                        } else {
                            Start::Other
                        },
                    });
                    self.expects = Expects::Start;
                    self.statement_start();
                    return;
                }
            }
            if self.byte(0) == b'\n' {
                self.at += 1;
                self.line += 1;
            }
        }
    }

    fn statement_start(&mut self) {
        // An annotation without a value: nothing of the statement is run.
        if self.annotation == Annotation::Inside {
            let statement = self.words.tokens.get_mut(self.statement..);
            for token in statement.unwrap_or_default() {
                token.annotates = true;
            }
        }
        self.statement = self.words.tokens.len();
        self.annotation = Annotation::Possible;
    }

    fn comment(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    /// One token, comment, blank or line end.
    fn token(&mut self, nested: u32) {
        match self.byte(0) {
            b'\n' => {
                self.at += 1;
                self.line += 1;
                if self.depth == 0 && nested == 0 {
                    self.line_start();
                }
            }
            b'\\' if self.byte(1) == b'\n' => {
                self.at += 2;
                self.line += 1;
            }
            b' ' | b'\t' | 0x0c => self.blanks(),
            b'#' => self.comment(),
            b'"' | b'\'' => self.string(
                Kind {
                    is_raw: false,
                    is_bytes: false,
                    has_fields: false,
                },
                nested,
            ),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.word(nested),
            b'0'..=b'9' => self.number(),
            mark @ (b'(' | b'[' | b'{') => {
                self.depth += 1;
                self.operator(mark);
            }
            mark @ (b')' | b']' | b'}') => {
                self.depth = self.depth.saturating_sub(1);
                self.operator(mark);
            }
            mark => self.operator(mark),
        }
    }

    fn blanks(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let blank = |b: &u8| matches!(b, b' ' | b'\t' | 0x0c);
        self.at += rest.iter().position(|b| !blank(b)).unwrap_or(rest.len());
    }

    fn operator(&mut self, mark: u8) {
        self.at += 1;
        match (mark, self.annotation) {
            (b':', Annotation::Possible) if self.depth == 0 => {
                self.annotation = Annotation::Inside;
            }
            (b'=', Annotation::Possible | Annotation::Inside) if self.depth == 0 => {
                self.annotation = Annotation::Never;
            }
            (b';', _) => self.statement_start(),
            _ => {}
        }
        // Texts that are added up are one text for the compiler.
        if !matches!(mark, b'+' | b'(' | b')') {
            self.words.literals.part();
        }
    }

    fn number(&mut self) {
        self.words.literals.part();
        self.known_test();
        let is_hex = self.byte(0) == b'0' && matches!(self.byte(1) | 0x20, b'x' | b'o' | b'b');
        let mut dots = u8::from(is_hex);
        loop {
            match self.byte(0) {
                b'.' if dots == 0 => dots = 1,
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' => {}
                _ => return,
            }
            self.at += 1;
        }
    }

    fn known_test(&mut self) {
        if self.expects == Expects::Test {
            self.words.known_tests.push(self.line);
            self.expects = Expects::Nothing;
        }
    }

    fn word(&mut self, nested: u32) {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let is_part = |b: &u8| matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | 0x80..);
        self.at += rest.iter().position(|b| !is_part(b)).unwrap_or(rest.len());
        let word = self.text.get(start..self.at).unwrap_or_default();
        if matches!(self.byte(0), b'"' | b'\'')
            && let Some(kind) = kind(word)
        {
            return self.string(kind, nested);
        }
        self.words.literals.part();
        let names = &mut self.words.names;
        let id = *self.words.known.entry(word).or_insert_with(|| {
            names.push(word);
            names.len() as u32 - 1
        });
        if !word.is_ascii() {
            self.words.normalised.insert(word.nfkc().collect());
        }
        self.words.tokens.push(Token {
            line: self.line,
            id,
            annotates: self.annotation == Annotation::Inside,
        });
        if nested == 0 {
            self.meaning(word, id);
        }
    }

    /// Whether a word begins a definition, or names it.
    fn meaning(&mut self, word: &str, id: u32) {
        if self.expects == Expects::Start && opens_block(word) {
            self.annotation = Annotation::Never;
        }
        let start = match (self.expects, word) {
            (Expects::Nothing, _) | (Expects::Start, "async") | (Expects::Test, "not") => return,
            (Expects::Start, "def" | "class") => {
                self.expects = Expects::Name;
                return;
            }
            (Expects::Start, "if" | "elif" | "while") => {
                self.expects = Expects::Test;
                return;
            }
            (Expects::Start, "global" | "nonlocal") => {
                self.annotation = Annotation::Inside;
                Start::Other
            }
            (Expects::Test, "False" | "True" | "None" | "__debug__") => {
                self.known_test();
                return;
            }
            (Expects::Start, "raise" | "return" | "break" | "continue") => {
                self.leaves = self.words.lines.last().map(|line| line.indent);
                if word == "raise" {
                    Start::Raise
                } else {
                    Start::Other
                }
            }
            (Expects::Start | Expects::Test, _) => Start::Other,
            (Expects::Name, _) => Start::Definition(id),
        };
        self.expects = Expects::Nothing;
        if start != Start::Other
            && let Some(line) = self.words.lines.last_mut()
            && line.start != Start::Decorator
        {
            line.start = start;
        }
    }

    fn string(&mut self, kind: Kind, nested: u32) {
        self.known_test();
        self.expects = Expects::Nothing;
        let mark = self.byte(0);
        let is_triple = self.byte(1) == mark && self.byte(2) == mark;
        self.at += if is_triple { 3 } else { 1 };
        self.string_body(kind, Quote { mark, is_triple }, nested);
    }

    /// True, and past it, at the end of a text.
    fn closes(&mut self, quote: Quote) -> bool {
        let length = if quote.is_triple { 3 } else { 1 };
        let closes = (0..length).all(|ahead| self.byte(ahead) == quote.mark);
        self.at += if closes { length } else { 0 };
        closes
    }

    fn string_body(&mut self, kind: Kind, quote: Quote, nested: u32) {
        while self.at < self.bytes.len() {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let plain = if kind.has_fields {
                let stops = |b: &u8| *b == quote.mark || matches!(b, b'\\' | b'\n' | b'{' | b'}');
                rest.iter().position(stops)
            } else {
                memchr::memchr3(quote.mark, b'\\', b'\n', rest)
            };
            let plain = plain.unwrap_or(rest.len());
            self.words
                .literals
                .push(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.byte(0) {
                b'\n' if !quote.is_triple => return,
                b'\\' => self.backslash(kind),
                mark if mark == quote.mark => {
                    if self.closes(quote) {
                        return;
                    }
                    self.literal();
                }
                b'{' if kind.has_fields && self.byte(1) != b'{' => {
                    if !self.field(kind, quote, nested) {
                        return;
                    }
                }
                b'{' | b'}' if kind.has_fields => {
                    // Doubled: one of them is text.
                    self.literal();
                    self.at += usize::from(matches!(self.byte(0), b'{' | b'}'));
                }
                _ => self.literal(),
            }
        }
    }

    /// One byte of text as it stands.
    fn literal(&mut self) {
        let byte = self.byte(0);
        self.line += u32::from(byte == b'\n');
        self.words.literals.push(&[byte]);
        self.at += 1;
    }

    fn backslash(&mut self, kind: Kind) {
        if kind.is_raw {
            self.literal();
            // Whatever follows does not end the text.
            if self.at < self.bytes.len() && !(kind.has_fields && self.byte(0) == b'{') {
                self.literal();
            }
            return;
        }
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        self.line += u32::from(rest.first() == Some(&b'\n'));
        self.at += 1 + self.words.literals.escape(rest, kind.is_bytes);
    }

    /// A replacement field, from its bracket on. False where the text is left for good.
    fn field(&mut self, kind: Kind, quote: Quote, nested: u32) -> bool {
        if nested >= NESTED {
            self.at = self.bytes.len();
            return false;
        }
        self.words.literals.part();
        self.at += 1;
        let outer = std::mem::take(&mut self.depth);
        let is_open = self.expression(quote, nested);
        self.depth = outer;
        if is_open && self.byte(0) == b':' {
            self.at += 1;
            self.spec(kind, quote, nested);
        }
        self.at += usize::from(self.byte(0) == b'}');
        self.words.literals.part();
        is_open
    }

    /// The expression of a field, up to its `:` or bracket. False at the end of the text.
    fn expression(&mut self, quote: Quote, nested: u32) -> bool {
        while self.at < self.bytes.len() {
            match self.byte(0) {
                b'}' | b':' if self.depth == 0 => return true,
                // `!r` names a conversion.
                b'!' if self.depth == 0 && self.byte(1) != b'=' => {
                    self.at += 1 + usize::from(self.byte(1).is_ascii_alphabetic());
                }
                b'\n' if !quote.is_triple && self.depth == 0 => return true,
                _ => self.token(nested + 1),
            }
        }
        false
    }

    /// The format specification of a field.
    fn spec(&mut self, kind: Kind, quote: Quote, nested: u32) {
        while self.at < self.bytes.len() {
            match self.byte(0) {
                b'}' => return,
                b'\n' if !quote.is_triple => return,
                mark if mark == quote.mark && !quote.is_triple => return,
                b'{' => {
                    if !self.field(kind, quote, nested + 1) {
                        return;
                    }
                }
                b'\\' => self.backslash(kind),
                _ => self.literal(),
            }
        }
    }
}

/// Words after which a colon opens a block.
fn opens_block(word: &str) -> bool {
    matches!(
        word,
        "async"
            | "class"
            | "def"
            | "elif"
            | "else"
            | "except"
            | "finally"
            | "for"
            | "if"
            | "lambda"
            | "try"
            | "while"
            | "with"
    )
}

/// What a prefix says; none for a word that is no prefix.
fn kind(prefix: &str) -> Option<Kind> {
    let mut kind = Kind {
        is_raw: false,
        is_bytes: false,
        has_fields: false,
    };
    if prefix.len() > 2 {
        return None;
    }
    for letter in prefix.bytes() {
        match letter | 0x20 {
            b'r' => kind.is_raw = true,
            b'b' => kind.is_bytes = true,
            b'f' | b't' => kind.has_fields = true,
            b'u' => {}
            _ => return None,
        }
    }
    Some(kind)
}
