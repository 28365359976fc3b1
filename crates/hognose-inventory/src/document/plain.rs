//! The part of TOML that lock tools write: tables, arrays of tables, bare and quoted keys, one-line
//! strings without escapes, integers, booleans, arrays, inline tables, comments.
//!
//! Everything else (escapes, multi-line strings, dotted keys, floats, dates, any fault) makes [`parse`]
//! answer `None`. That is never an error: the general parser decides then.

use std::borrow::Cow;

use super::{Entry, Node, Table, Value};

/// Most keys of one table: finding duplicates is quadratic, which is right for the dozen keys of a
/// lock entry and wrong for a hostile million.
const MAX_PLAIN_KEYS: usize = 4096;

/// Most values of one file. The largest real locks have some 200,000.
const MAX_NODES: usize = 2_000_000;

/// Reads the whole text, or refuses.
pub(super) fn parse<'a>(text: &'a str, depth: usize, ignored: &[&str]) -> Option<Table<'a>> {
    let mut parser = Parser {
        text,
        bytes: text.as_bytes(),
        at: 0,
        nodes: 0,
        ignored,
    };
    u32::try_from(text.len()).ok()?;
    has_only_plain_bytes(parser.bytes).then_some(())?;
    let mut root = Root::default();
    loop {
        parser.space_and_lines()?;
        match parser.peek() {
            None => return Some(root.table),
            Some(b'[') => parser.header(&mut root, depth)?,
            Some(_) => {
                let entry = parser.key_value(depth)?;
                parser.line_end()?;
                push(root.current(parser.bytes)?, entry)?;
            }
        }
    }
}

/// True when no control character stands anywhere but tabs and line ends: TOML allows no other, and to
/// know it once for the whole file is cheaper than to look at every string.
fn has_only_plain_bytes(bytes: &[u8]) -> bool {
    let bad = |b: u8| (b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')) || b == 0x7F;
    // Without an early exit inside a block the compiler uses vector instructions.
    let clean = bytes
        .chunks(4096)
        .all(|block| !block.iter().fold(false, |found, b| found | bad(*b)));
    clean && memchr::memchr_iter(b'\r', bytes).all(|at| bytes.get(at + 1) == Some(&b'\n'))
}

/// The document's root and the path to the table that lines now belong to.
#[derive(Default)]
struct Root<'a> {
    table: Table<'a>,
    path: Vec<usize>,
}

impl<'a> Root<'a> {
    /// The table of the last header. Each step is an index into the entries of the table above.
    fn current(&mut self, bytes: &[u8]) -> Option<&mut Table<'a>> {
        let mut table = &mut self.table;
        for index in &self.path {
            table = last_table(&mut table.entries.get_mut(*index)?.node)?;
            // An inline table is closed: no header may add to it.
            (bytes.get(table.offset()) == Some(&b'[')).then_some(())?;
        }
        Some(table)
    }
}

/// The table a header path goes through: the table itself, or the last of an array of tables.
fn last_table<'t, 'a>(node: &'t mut Node<'a>) -> Option<&'t mut Table<'a>> {
    match &mut node.value {
        Value::Table(table) => Some(table),
        Value::Array(items) => match &mut items.last_mut()?.value {
            Value::Table(table) => Some(table),
            _ => None,
        },
        _ => None,
    }
}

fn push<'a>(table: &mut Table<'a>, entry: Entry<'a>) -> Option<()> {
    let taken = table.entries.iter().any(|e| e.key == entry.key);
    if taken || table.entries.len() >= MAX_PLAIN_KEYS {
        return None;
    }
    table.entries.push(entry);
    Some(())
}

struct Parser<'a, 'k> {
    /// Keys left out of inline tables that are items of an array.
    ignored: &'k [&'k str],
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    nodes: usize,
}

impl<'a> Parser<'a, '_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Skips blank lines and comments.
    fn space_and_lines(&mut self) -> Option<()> {
        loop {
            self.space();
            match self.peek() {
                Some(b'\n') => self.at += 1,
                Some(b'\r') if self.bytes.get(self.at + 1) == Some(&b'\n') => self.at += 2,
                Some(b'#') => self.comment(),
                _ => return Some(()),
            }
        }
    }

    fn comment(&mut self) {
        let rest = &self.bytes[self.at..];
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.at += length;
    }

    /// Only space and a comment may stand before the line ends.
    fn line_end(&mut self) -> Option<()> {
        self.space();
        match self.peek() {
            None | Some(b'\n') => Some(()),
            Some(b'\r') => (self.bytes.get(self.at + 1) == Some(&b'\n')).then_some(()),
            Some(b'#') => {
                self.comment();
                Some(())
            }
            Some(_) => None,
        }
    }

    /// `[a.b]` or `[[a.b]]`.
    fn header(&mut self, root: &mut Root<'a>, depth: usize) -> Option<()> {
        let at = self.at as u32;
        self.take(b'[')?;
        let array = self.take(b'[').is_some();
        let keys = self.path(depth)?;
        self.take(b']')?;
        if array {
            self.take(b']')?;
        }
        self.line_end()?;
        self.count()?;
        let (last, above) = keys.split_last()?;
        root.path.clear();
        for (key, key_at) in above {
            let index = root
                .current(self.bytes)?
                .entries
                .iter()
                .position(|e| e.key == *key);
            // A table that only exists because a longer header names it may be opened later, which the
            // general parser keeps track of; lock tools never write one, except as a plain namespace.
            let table = root.current(self.bytes)?;
            let index = match index {
                Some(index) => index,
                None => add(table, key.clone(), *key_at, table_node(at))?,
            };
            root.path.push(index);
            root.current(self.bytes)?;
        }
        let (key, key_at) = last;
        let table = root.current(self.bytes)?;
        let existing = table.entries.iter().position(|e| e.key == *key);
        let index = match (existing, array) {
            (Some(index), true) => {
                let Value::Array(items) = &mut table.entries.get_mut(index)?.node.value else {
                    return None;
                };
                // Written `key = [...]` before: not an array of tables.
                match items.last().map(|n| &n.value) {
                    Some(Value::Table(t)) if self.bytes.get(t.offset()) == Some(&b'[') => {}
                    _ => return None,
                }
                items.push(table_node(at));
                index
            }
            (None, true) => {
                let node = Node {
                    at,
                    value: Value::Array(vec![table_node(at)]),
                };
                add(table, key.clone(), *key_at, node)?
            }
            (None, false) => add(table, key.clone(), *key_at, table_node(at))?,
            (Some(_), false) => return None,
        };
        root.path.push(index);
        Some(())
    }

    /// The keys of a header, with where each starts.
    fn path(&mut self, depth: usize) -> Option<Vec<(Cow<'a, str>, u32)>> {
        let mut keys = Vec::new();
        while keys.len() < depth {
            self.space();
            let at = self.at as u32;
            keys.push((self.key()?, at));
            self.space();
            if self.take(b'.').is_none() {
                return Some(keys);
            }
        }
        None
    }

    fn count(&mut self) -> Option<()> {
        self.nodes += 1;
        (self.nodes <= MAX_NODES).then_some(())
    }

    fn key(&mut self) -> Option<Cow<'a, str>> {
        if self.peek() == Some(b'"') {
            return self.string();
        }
        let start = self.at;
        while self
            .peek()
            .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        {
            self.at += 1;
        }
        (self.at > start).then(|| Cow::Borrowed(&self.text[start..self.at]))
    }

    fn key_value(&mut self, depth: usize) -> Option<Entry<'a>> {
        let at = self.at as u32;
        let key = self.key()?;
        self.space();
        self.take(b'=')?;
        self.space();
        let node = self.value(depth.checked_sub(1)?)?;
        Some(Entry { key, at, node })
    }

    fn value(&mut self, depth: usize) -> Option<Node<'a>> {
        self.count()?;
        let at = self.at as u32;
        let value = match self.peek()? {
            b'"' => Value::String(self.string()?),
            b'[' => Value::Array(self.array(depth.checked_sub(1)?)?),
            b'{' => Value::Table(self.inline_table(depth.checked_sub(1)?, &[])?),
            b't' => self.word("true", Value::Boolean(true))?,
            b'f' => self.word("false", Value::Boolean(false))?,
            b'0'..=b'9' => self.instant().map_or_else(|| self.integer(), Some)?,
            _ => return None,
        };
        Some(Node { at, value })
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Option<Value<'a>> {
        self.bytes[self.at..].starts_with(word.as_bytes()).then(|| {
            self.at += word.len();
            value
        })
    }

    /// `2026-11-01T10:00:00Z`, with or without a fraction: how uv writes upload times. No value is kept.
    fn instant(&mut self) -> Option<Value<'a>> {
        let rest = &self.bytes[self.at..];
        let head = rest.get(..19)?;
        let fits = head
            .iter()
            .zip(b"dddd-dd-ddTdd:dd:dd")
            .all(|(byte, shape)| match shape {
                b'd' => byte.is_ascii_digit(),
                shape => byte == shape,
            });
        let two = |at: usize| (head[at] - b'0') * 10 + (head[at + 1] - b'0');
        // Whatever is odd (a day 31, a leap second) is left to the general parser.
        let valid = fits
            && (1..=12).contains(&two(5))
            && (1..=31).contains(&two(8))
            && (two(8) <= 28
                || (two(5) != 2
                    && (two(8) <= 30 || matches!(two(5), 1 | 3 | 5 | 7 | 8 | 10 | 12))))
            && two(11) < 24
            && two(14) < 60
            && two(17) < 60;
        let fraction = match rest.get(19) {
            Some(b'.') => 1 + rest[20..].iter().take_while(|b| b.is_ascii_digit()).count(),
            _ => 0,
        };
        (valid && fraction != 1 && rest.get(19 + fraction) == Some(&b'Z')).then(|| {
            self.at += 20 + fraction;
            Value::Other
        })
    }

    /// Decimal, without sign, separator or leading zero.
    fn integer(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        let digits = &self.text[start..self.at];
        let plain = digits == "0" || !digits.starts_with('0');
        let ends = !matches!(
            self.peek(),
            Some(b'.' | b'_' | b'-' | b':' | b'e' | b'E' | b'x' | b'o' | b'b')
        );
        (plain && ends).then_some(())?;
        digits.parse().ok().map(Value::Integer)
    }

    /// A one-line string without escapes.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.take(b'"')?;
        let rest = &self.bytes[self.at..];
        let length = memchr::memchr3(b'"', b'\\', b'\n', rest)?;
        // An escape, or a line break; and `""` followed by a third quote opens a multi-line string.
        if rest[length] != b'"' || (length == 0 && rest.get(1) == Some(&b'"')) {
            return None;
        }
        let text = &self.text[self.at..self.at + length];
        self.at += length + 1;
        Some(Cow::Borrowed(text))
    }

    fn array(&mut self, depth: usize) -> Option<Vec<Node<'a>>> {
        self.take(b'[')?;
        let mut items = Vec::new();
        loop {
            self.space_and_lines()?;
            if self.take(b']').is_some() {
                return Some(items);
            }
            if self.peek() == Some(b'{') {
                self.count()?;
                let at = self.at as u32;
                let table = self.inline_table(depth.checked_sub(1)?, self.ignored)?;
                items.push(Node {
                    at,
                    value: Value::Table(table),
                });
            } else {
                items.push(self.value(depth)?);
            }
            self.space_and_lines()?;
            if self.take(b',').is_none() {
                self.take(b']')?;
                return Some(items);
            }
        }
    }

    fn inline_table(&mut self, depth: usize, ignored: &[&str]) -> Option<Table<'a>> {
        let at = self.at as u32;
        self.take(b'{')?;
        let mut table = Table {
            at,
            entries: Vec::with_capacity(if ignored.is_empty() { 4 } else { 1 }),
        };
        self.space();
        if self.take(b'}').is_some() {
            return Some(table);
        }
        loop {
            self.space();
            let entry = self.key_value(depth)?;
            if !ignored.contains(&&*entry.key) {
                push(&mut table, entry)?;
            }
            self.space();
            if self.take(b',').is_none() {
                self.take(b'}')?;
                return Some(table);
            }
        }
    }
}

fn table_node<'a>(at: u32) -> Node<'a> {
    Node {
        at,
        value: Value::Table(Table {
            at,
            entries: Vec::new(),
        }),
    }
}

fn add<'a>(table: &mut Table<'a>, key: Cow<'a, str>, at: u32, node: Node<'a>) -> Option<usize> {
    push(table, Entry { key, at, node })?;
    Some(table.entries.len() - 1)
}
