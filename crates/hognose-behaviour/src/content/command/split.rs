//! A command line taken apart: commands between operators, words between blanks.

/// What joins a command to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    /// It begins a line or follows `;`, `&`, `&&`, `||`.
    Sequence,
    /// It reads the output of the one before.
    Pipe,
}

/// One command of a line.
#[derive(Debug)]
pub(super) struct Simple {
    pub(super) joint: Joint,
    /// Words without quotes.
    pub(super) words: Vec<String>,
    /// Texts of command substitutions, to be read as commands themselves.
    pub(super) inner: Vec<String>,
    /// Followed by a single `&`: it goes on in the background.
    pub(super) background: bool,
}

/// Most commands and most words of one line; what is longer is data.
const MANY: usize = 4_000;

/// The commands of a line or script.
pub(super) fn commands(text: &str) -> Vec<Simple> {
    let mut splitter = Splitter {
        done: Vec::new(),
        current: Simple::new(Joint::Sequence),
        word: String::new(),
        in_word: false,
    };
    splitter.run(text);
    splitter.done
}

impl Simple {
    fn new(joint: Joint) -> Self {
        Self {
            joint,
            words: Vec::new(),
            inner: Vec::new(),
            background: false,
        }
    }
}

struct Splitter {
    done: Vec<Simple>,
    current: Simple,
    word: String,
    in_word: bool,
}

impl Splitter {
    fn run(&mut self, text: &str) {
        let mut chars = text.char_indices().peekable();
        let mut quote = None;
        while let Some((at, c)) = chars.next() {
            if self.done.len() >= MANY {
                break;
            }
            let next = chars.peek().map(|(_, c)| *c);
            match (quote, c) {
                (Some(open), _) if c == open => quote = None,
                (Some('\''), _) => self.word.push(c),
                (_, '\\') if matches!(next, Some('"' | '\'' | ' ' | '$' | '`' | '\n')) => {
                    if let Some((_, escaped)) = chars.next()
                        && escaped != '\n'
                    {
                        self.push(escaped);
                    }
                }
                (_, '$' | '<' | '>') if next == Some('(') => {
                    let inner = enclosed(text.get(at + 2..).unwrap_or_default());
                    self.substitution(inner);
                    self.push(c);
                    skip(&mut chars, at + 2 + inner.len());
                }
                (_, '`') => {
                    let rest = text.get(at + 1..).unwrap_or_default();
                    match rest.find('`') {
                        // A lone one is PowerShell's escape: `i`e`x` means iex.
                        Some(end) if !is_escape(rest) => {
                            let inner = rest.get(..end).unwrap_or_default();
                            self.substitution(inner);
                            self.push('$');
                            skip(&mut chars, at + 1 + end);
                        }
                        _ => {}
                    }
                }
                (Some(_), _) => self.word.push(c),
                (None, '"' | '\'') => {
                    quote = Some(c);
                    self.in_word = true;
                }
                (None, ';' | '\n' | '\r' | '|' | '&') => {
                    if self.operator(c, next) {
                        chars.next();
                    }
                }
                (None, c) if c.is_whitespace() => self.end_word(),
                (None, '(' | ')' | '{' | '}') if !self.in_word => self.end_word(),
                // The end of a subshell.
                (None, ')') if !self.word.contains('(') => self.end_word(),
                (None, c) => self.push(c),
            }
        }
        self.finish(Joint::Sequence);
    }

    /// Ends a command; whether the next character belongs to the operator.
    fn operator(&mut self, c: char, next: Option<char>) -> bool {
        if next == Some(c) {
            self.finish(Joint::Sequence);
            return true;
        }
        if c == '&' && (self.word.ends_with('>') || next == Some('>')) {
            self.push(c);
            return false;
        }
        self.current.background = c == '&';
        self.finish(if c == '|' {
            Joint::Pipe
        } else {
            Joint::Sequence
        });
        false
    }

    fn push(&mut self, c: char) {
        self.word.push(c);
        self.in_word = true;
    }

    fn substitution(&mut self, inner: &str) {
        if self.current.inner.len() < 32 {
            self.current.inner.push(inner.to_owned());
        }
        self.in_word = true;
    }

    fn end_word(&mut self) {
        if std::mem::take(&mut self.in_word) {
            let word = std::mem::take(&mut self.word);
            if self.current.words.len() < MANY {
                self.current.words.push(word);
            }
        }
        self.word.clear();
    }

    fn finish(&mut self, next: Joint) {
        self.end_word();
        let command = std::mem::replace(&mut self.current, Simple::new(next));
        if command.words.is_empty() && command.inner.is_empty() {
            // An empty line between keeps what joins: `a |\n b`.
            if command.joint == Joint::Pipe && next == Joint::Sequence {
                self.current.joint = Joint::Pipe;
            }
            return;
        }
        self.done.push(command);
    }
}

/// Whether a backquote escapes the letter after it, the way PowerShell does, rather than opening a substitution.
fn is_escape(rest: &str) -> bool {
    let end = rest.find('`').unwrap_or(rest.len());
    let inner = rest.get(..end).unwrap_or_default();
    end <= 2 && inner.chars().all(char::is_alphanumeric)
}

fn skip(chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>, to: usize) {
    while chars.next_if(|(at, _)| *at <= to).is_some() {}
}

/// The text up to the parenthesis that closes.
fn enclosed(text: &str) -> &str {
    let mut depth = 1_u32;
    // Substitutions are short; the bound keeps unclosed ones linear.
    for (at, byte) in text.bytes().take(20_000).enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(..at).unwrap_or_default();
        }
    }
    text.get(..super::super::strings::floor(text, 20_000))
        .unwrap_or_default()
}
