//! Marks that obfuscators leave, and words meant for language models that review code.

use std::ops::Range;
use std::sync::LazyLock;

use super::View;
use super::scan::{Kind, Scanner};
use super::texts::{ADDRESS, MARKS, WISHES};
use crate::fact::FactKind;
use crate::search::{Skips, TEXTS};

/// Most texts hold none of them, and most of a text need not be looked at to know.
static SKIPS: LazyLock<Skips> = LazyLock::new(|| {
    let marks = MARKS.iter().map(|(mark, _)| *mark);
    Skips::new(marks.chain(ADDRESS).chain(WISHES))
});

/// How far around an address a wish may stand.
const NEAR: usize = 400;

/// Looks for all of them in one pass over the lines that may hold one.
pub(super) fn search(view: &mut View<'_>, lines: &[Range<usize>]) {
    let text = view.text;
    let mut near = Near::default();
    for range in lines {
        let part = text.get(range.clone()).unwrap_or_default();
        for hit in TEXTS.apart(&SKIPS, part) {
            let at = range.start + hit.start;
            let which = hit.which;
            if let Some((mark, tool)) = MARKS.get(which) {
                if is_signed(text, at, mark, tool) {
                    view.add(FactKind::ObfuscatorMark, at, format!("{tool}: {mark}"));
                }
            } else if let Some(address) = near.take(which, at) {
                view.add(FactKind::PromptInjection, address, view.line_from(address));
            }
            if view.is_full() {
                return;
            }
        }
    }
}

/// The first words of all marks that need no string and no comment around them.
pub(super) const BARE: [&[u8; 7]; 8] = [
    b"__pyarm", b"pyarmor", b"pytrans", b"blankob", b"pyobfus", b"pyfusca", b"sourced", b"marshal",
];

/// Whether the tool itself wrote a mark, and not somebody who writes about it.
fn is_signed(text: &str, at: usize, mark: &str, tool: &str) -> bool {
    match tool {
        "comment" => begins_comment(text, at),
        "pyarmor" => mark.starts_with('#') || begins_statement(text, at) && is_protected(text),
        "marshal" => !is_template(text.get(at + mark.len()..).unwrap_or_default()),
        _ => true,
    }
}

/// The last words to a model, and the last wish.
#[derive(Default)]
struct Near {
    address: Option<usize>,
    wish: Option<usize>,
}

impl Near {
    /// Takes a pattern that is no mark; gives the address when a wish stands near it.
    fn take(&mut self, which: usize, at: usize) -> Option<usize> {
        if which < MARKS.len() + ADDRESS.len() {
            self.address = Some(at);
        } else if which < MARKS.len() + ADDRESS.len() + WISHES.len() {
            self.wish = Some(at);
        }
        let address = self.address?;
        (usize::abs_diff(address, self.wish?) <= NEAR).then_some(address)
    }
}

/// Whether a hole stands where the code would: the packer holds what it writes, too.
fn is_template(rest: &str) -> bool {
    let inner = rest
        .lines()
        .next()
        .and_then(|line| line.rsplit_once('('))
        .map_or(rest, |(_, inner)| inner);
    let inner = inner.trim_start_matches(['b', 'r', '"', '\'', '\\']);
    inner.starts_with(['{', '%'])
}

/// Whether the protected code itself is here, not in a text: the protector holds what it writes, too.
fn is_protected(text: &str) -> bool {
    text.match_indices("(__name__, __file__, b")
        .take(8)
        .any(|(at, _)| {
            !Scanner::new(text)
                .take_while(|token| token.start <= at)
                .any(|token| token.kind == Kind::String && at < token.end)
        })
}

/// Words for language models in a text that is no source.
pub(super) fn injection(text: &str) -> Option<String> {
    let mut near = Near::default();
    for hit in TEXTS.apart(&SKIPS, text) {
        let which = hit.which;
        if which < MARKS.len() {
            continue;
        }
        if let Some(address) = near.take(which, hit.start) {
            return text
                .get(address..)
                .and_then(|rest| rest.lines().next())
                .map(|line| line.chars().take(160).collect());
        }
    }
    None
}

/// Whether the line begins here, or with the import the tool writes: a tool that looks for the mark holds it in a text.
fn begins_statement(text: &str, at: usize) -> bool {
    let head = text.get(crate::content::strings::floor(text, at.saturating_sub(160))..at);
    let line = head
        .unwrap_or_default()
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .trim_start();
    line.is_empty() || (line.starts_with("from ") && !line.contains(['"', '\'']))
}

/// Whether nothing but `#` and blanks stand before: the tool signs, nobody writes about something.
fn begins_comment(text: &str, at: usize) -> bool {
    let head = text.get(crate::content::strings::floor(text, at.saturating_sub(120))..at);
    let line = head
        .unwrap_or_default()
        .rsplit('\n')
        .next()
        .unwrap_or_default();
    line.contains('#') && line.chars().all(|c| matches!(c, '#' | ' ' | '\t'))
}
