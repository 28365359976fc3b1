//! Lines of a terminal: word wrap by display width, colours by role.

use anstyle::{AnsiColor, Style as Ansi};
use hognose_types::Severity;
use unicode_width::UnicodeWidthStr;

use crate::Style;

/// Narrower terminals get this width and wrap by themselves.
const MIN_WIDTH: usize = 40;

/// What a piece of text is; decides its colour and nothing else, so nothing depends on colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Plain,
    Strong,
    Dim,
    Good,
    Bad,
    Severity(Severity),
}

impl Role {
    fn ansi(self) -> Ansi {
        let colour = |c: AnsiColor| Ansi::new().fg_color(Some(c.into()));
        match self {
            Self::Plain => Ansi::new(),
            Self::Strong => Ansi::new().bold(),
            Self::Dim => Ansi::new().dimmed(),
            Self::Good => colour(AnsiColor::Green).bold(),
            Self::Bad => colour(AnsiColor::Red).bold(),
            Self::Severity(severity) => match severity {
                Severity::Malicious => colour(AnsiColor::Magenta).bold(),
                Severity::Critical => colour(AnsiColor::Red).bold(),
                Severity::High => colour(AnsiColor::Red),
                Severity::Medium => colour(AnsiColor::Yellow),
                Severity::Low => colour(AnsiColor::Cyan),
                Severity::None => Ansi::new().dimmed(),
            },
        }
    }
}

/// Safe text in one role.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    role: Role,
    text: String,
    /// Ids and paths: never broken inside a word, even when longer than the line.
    keep: bool,
}

impl Span {
    /// Prose: wrapped at spaces, and inside words that no line holds.
    pub(crate) fn text(role: Role, text: String) -> Self {
        Self {
            role,
            text,
            keep: false,
        }
    }

    /// Something to copy: wrapped at spaces only.
    pub(crate) fn keep(role: Role, text: String) -> Self {
        Self {
            role,
            text,
            keep: true,
        }
    }
}

/// The text written so far.
#[derive(Debug)]
pub(crate) struct Page {
    out: String,
    colour: bool,
    width: usize,
}

impl Page {
    pub(crate) fn new(style: &Style) -> Self {
        Self {
            out: String::new(),
            colour: style.colour,
            width: style.width.max(MIN_WIDTH),
        }
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    /// One empty line, unless nothing stands above it.
    pub(crate) fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    pub(crate) fn heading(&mut self, text: &str) {
        self.blank();
        self.write(0, 0, &[Span::text(Role::Strong, text.to_owned())]);
    }

    /// One line however long, so that the last line of the output is the whole summary.
    pub(crate) fn line(&mut self, role: Role, text: &str) {
        self.paint(role, text);
        self.out.push('\n');
    }

    /// Writes spans separated by spaces; the first line starts at `indent`, the others at `hang`.
    pub(crate) fn write(&mut self, indent: usize, hang: usize, spans: &[Span]) {
        self.write_after("", Role::Plain, indent, hang, spans);
    }

    /// Like [`Page::write`] with a label padded to fill the columns between `indent` and `hang`.
    pub(crate) fn write_after(
        &mut self,
        label: &str,
        role: Role,
        indent: usize,
        hang: usize,
        spans: &[Span],
    ) {
        let empty = spans.iter().all(|s| s.text.trim().is_empty());
        if label.is_empty() && empty {
            self.out.push('\n');
            return;
        }
        self.pad(indent);
        let mut column = indent;
        if !label.is_empty() {
            self.paint(role, label);
            column += label.width();
            while column < hang {
                self.out.push(' ');
                column += 1;
            }
        }
        let mut first = true;
        for span in spans {
            for word in span.text.split(' ').filter(|w| !w.is_empty()) {
                column = self.word(span, word, column, hang, first);
                first = false;
            }
        }
        self.out.push('\n');
    }

    /// Writes one word, on a new line when this one has no room; answers the new column.
    fn word(&mut self, span: &Span, word: &str, column: usize, hang: usize, first: bool) -> usize {
        let mut column = column;
        let width = word.width();
        if !first {
            if column + 1 + width > self.width && column > hang {
                self.out.push('\n');
                self.pad(hang);
                column = hang;
            } else {
                self.out.push(' ');
                column += 1;
            }
        }
        if span.keep || column + width <= self.width {
            self.paint(span.role, word);
            return column + width;
        }
        self.broken_word(span.role, word, column, hang)
    }

    fn broken_word(&mut self, role: Role, word: &str, column: usize, hang: usize) -> usize {
        let mut column = column;
        let mut piece = String::new();
        let mut piece_width = 0;
        for c in word.chars() {
            let mut buffer = [0; 4];
            let width = c.encode_utf8(&mut buffer).width();
            if column + piece_width + width > self.width && !piece.is_empty() {
                self.paint(role, &piece);
                self.out.push('\n');
                self.pad(hang);
                piece.clear();
                (column, piece_width) = (hang, 0);
                // A cut may move `::` to the start of a line, where CI runners read commands.
                if c == ':' {
                    piece.push('\\');
                    piece_width = 1;
                }
            }
            piece.push(c);
            piece_width += width;
        }
        self.paint(role, &piece);
        column + piece_width
    }

    fn pad(&mut self, columns: usize) {
        for _ in 0..columns {
            self.out.push(' ');
        }
    }

    fn paint(&mut self, role: Role, text: &str) {
        let ansi = role.ansi();
        if self.colour && ansi != Ansi::new() {
            self.out.push_str(&format!("{ansi}{text}{ansi:#}"));
        } else {
            self.out.push_str(text);
        }
    }
}
