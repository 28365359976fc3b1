//! A tolerant tokenizer for Python: enough to read literals, never an error.

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Identifier or keyword.
    Name(String),
    /// A plain string literal (no f-string), escapes undone.
    String(String),
    /// A number, an f-string, bytes, anything whose value is not needed.
    Opaque,
    /// Punctuation; operators of several characters keep together.
    Mark(&'static str),
    /// End of a logical line, outside brackets.
    Newline,
}

/// A token, where it stands, and whether its logical line is indented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: u32,
    pub(super) indented: bool,
}

const MARKS: [&str; 30] = [
    "**=", "//=", ">>=", "<<=", "...", "**", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "|=",
    "&=", "->", ":=", "(", ")", "[", "]", "{", "}", ",", ":", "=", "+", "*", ".",
];

/// Most tokens read: a hand-written `setup.py` has a few thousand.
const MAX_TOKENS: usize = 2_000_000;

/// Splits a file into tokens; `None` when there are more than any hand-written file has.
pub(super) fn tokenize(text: &str) -> Option<Vec<Token>> {
    let mut scanner = Scanner {
        text,
        at: 0,
        line: 1,
        depth: 0,
        indented: false,
        out: Vec::new(),
    };
    scanner.line_start();
    while scanner.at < text.len() {
        scanner.one();
        if scanner.out.len() > MAX_TOKENS {
            return None;
        }
    }
    scanner.push(Kind::Newline, scanner.line);
    Some(scanner.out)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    depth: usize,
    indented: bool,
    out: Vec<Token>,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn push(&mut self, kind: Kind, line: u32) {
        self.out.push(Token {
            kind,
            line,
            indented: self.indented,
        });
    }

    fn line_start(&mut self) {
        self.indented = self.rest().starts_with([' ', '\t']);
    }

    fn one(&mut self) {
        let Some(c) = self.rest().chars().next() else {
            return;
        };
        match c {
            '\n' => {
                self.at += 1;
                if self.depth == 0 {
                    self.push(Kind::Newline, self.line);
                }
                self.line += 1;
                if self.depth == 0 {
                    self.line_start();
                }
            }
            '\\' if self.rest().starts_with("\\\n") || self.rest().starts_with("\\\r\n") => {
                self.at += self.rest().find('\n').unwrap_or(0) + 1;
                self.line += 1;
            }
            '#' => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
            '"' | '\'' => self.string(""),
            c if c.is_alphabetic() || c == '_' => self.word(),
            c if c.is_ascii_digit() => {
                let length = self
                    .rest()
                    .bytes()
                    .take_while(|b| b.is_ascii_alphanumeric() || *b == b'.' || *b == b'_')
                    .count();
                self.at += length;
                self.push(Kind::Opaque, self.line);
            }
            _ => self.mark(c),
        }
    }

    fn word(&mut self) {
        let word: String = self
            .rest()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        self.at += word.len();
        let prefix = word.len() <= 2 && word.chars().all(|c| "rRbBuUfFtT".contains(c));
        if prefix && self.rest().starts_with(['"', '\'']) {
            self.string(&word.to_ascii_lowercase());
        } else {
            self.push(Kind::Name(word), self.line);
        }
    }

    fn string(&mut self, prefix: &str) {
        let first_line = self.line;
        let rest = self.rest();
        let quote = if rest.starts_with("\"\"\"") || rest.starts_with("'''") {
            &rest[..3]
        } else {
            &rest[..1]
        };
        let quote = quote.to_owned();
        self.at += quote.len();
        let raw = prefix.contains('r');
        let mut value = String::new();
        loop {
            if self.rest().starts_with(&quote) {
                self.at += quote.len();
                break;
            }
            let Some(c) = self.rest().chars().next() else {
                break;
            };
            // An unclosed one-line string ends with its line: what follows is read afresh.
            if c == '\n' && quote.len() == 1 {
                break;
            }
            self.at += c.len_utf8();
            self.line += u32::from(c == '\n');
            if c == '\\' {
                let Some(next) = self.rest().chars().next() else {
                    break;
                };
                self.at += next.len_utf8();
                self.line += u32::from(next == '\n');
                match next {
                    _ if raw => value.extend([c, next]),
                    '\n' => {}
                    'n' => value.push('\n'),
                    't' => value.push('\t'),
                    other => value.push(other),
                }
            } else {
                value.push(c);
            }
        }
        let dynamic = prefix.contains(['f', 'b', 't']);
        self.push(
            if dynamic {
                Kind::Opaque
            } else {
                Kind::String(value)
            },
            first_line,
        );
    }

    fn mark(&mut self, c: char) {
        let Some(mark) = MARKS.iter().find(|mark| self.rest().starts_with(**mark)) else {
            self.at += c.len_utf8();
            if !c.is_whitespace() {
                self.push(Kind::Mark("?"), self.line);
            }
            return;
        };
        self.at += mark.len();
        match *mark {
            "(" | "[" | "{" => self.depth += 1,
            ")" | "]" | "}" => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.push(Kind::Mark(mark), self.line);
    }
}
