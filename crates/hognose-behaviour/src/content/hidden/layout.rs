//! Code out of sight: far to the right, or in one enormous line.

use super::View;
use super::plain::Plain;
use super::scan::{Kind, Token};
use crate::fact::FactKind;

/// Columns of blanks that push code out of every editor's window.
const FAR: usize = 80;
/// Indentation that no editor's window shows, when the lines around have less.
const DEEP: usize = 150;
/// Longest line of code people write.
const LONG: usize = 20_000;
/// Columns a tab is worth.
const TAB: usize = 4;

/// What was seen of the current line.
#[derive(Debug, Default)]
pub(super) struct Layout {
    start: usize,
    depth: u32,
    indent: usize,
    last_indent: usize,
    previous: Option<char>,
    gap: Option<usize>,
    names: usize,
    calls: usize,
    statements: usize,
    runs_code: bool,
    after_name: bool,
}

impl Layout {
    /// Open brackets.
    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    /// Takes a whole line in which nothing is out of sight, and after which the next begins at `start`.
    pub(super) fn plain(&mut self, line: &Plain, start: usize) {
        if self.depth == 0 {
            self.last_indent = line.indent.unwrap_or(self.last_indent);
        }
        self.depth = line.depth;
        self.start = start;
    }

    /// Takes a line that is empty.
    pub(super) fn empty(&mut self, start: usize) {
        self.start = start;
    }

    /// Takes the next token.
    pub(super) fn token(&mut self, view: &mut View<'_>, token: Token) {
        match token.kind {
            Kind::Blanks => {
                let width = width(view.text.get(token.start..token.end).unwrap_or_default());
                if token.start == self.start {
                    self.indent = width;
                } else if width >= FAR {
                    self.gap = Some(token.end);
                }
                return;
            }
            Kind::Newline => {
                self.end_line(view, token.start);
                self.start = token.end;
                return;
            }
            Kind::Comment => {
                self.gap = None;
                return;
            }
            _ => {}
        }
        let first = self.previous.is_none();
        if first && self.depth == 0 {
            if self.indent >= DEEP && self.indent > self.last_indent + FAR {
                view.add(
                    FactKind::FarRightCode,
                    token.start,
                    view.line_from(token.start),
                );
            }
            self.last_indent = self.indent;
        }
        self.visible(view, token);
    }

    fn visible(&mut self, view: &mut View<'_>, token: Token) {
        let character = match token.kind {
            Kind::Other(c) => c,
            Kind::String => '"',
            _ => 'a',
        };
        // A second statement on a line needs `;`, on either side of the blanks, or a `:` before.
        if let Some(gap) = self.gap.take()
            && (matches!(self.previous, Some(';' | ':')) || character == ';')
            && (self.depth == 0 || self.previous == Some(';'))
        {
            view.add(FactKind::FarRightCode, gap, view.line_from(gap));
        }
        match token.kind {
            Kind::Name => {
                self.names += 1;
                let name = view.text.get(token.start..token.end);
                self.runs_code |= matches!(name, Some("exec" | "eval" | "compile" | "__import__"));
            }
            Kind::Other('(') => {
                self.calls += usize::from(self.after_name);
                self.depth += 1;
            }
            Kind::Other('[' | '{') => self.depth += 1,
            Kind::Other(')' | ']' | '}') => self.depth = self.depth.saturating_sub(1),
            Kind::Other(';') => self.statements += 1,
            // The position after a string of several lines is on its last line.
            Kind::String => {
                if let Some(at) = view
                    .text
                    .get(token.start..token.end)
                    .and_then(|s| s.rfind('\n'))
                {
                    self.start = token.start + at + 1;
                }
            }
            _ => {}
        }
        self.after_name = token.kind == Kind::Name;
        self.previous = Some(character);
    }

    /// Judges the line that ends here.
    pub(super) fn end_line(&mut self, view: &mut View<'_>, end: usize) {
        let length = end.saturating_sub(self.start);
        // A table has many values and hardly a call; a line of code has both.
        let code = self.runs_code
            || self.statements >= 20
            || (self.calls >= 20 && self.names * 200 >= length);
        if length > LONG && code {
            let start = self.start;
            view.add(FactKind::LongLine, start, format!("{length} characters"));
        }
        *self = Self {
            depth: self.depth,
            last_indent: self.last_indent,
            ..Self::default()
        };
    }
}

fn width(blanks: &str) -> usize {
    blanks
        .chars()
        .map(|c| if c == '\t' { TAB } else { 1 })
        .sum()
}
