//! Making outside text safe in each output language.
//!
//! Text for people first passes [`plain`] (one visible line, no workflow command), then the escaping
//! of its language. JSON keeps the exact text: [`to_json`] writes every unsafe character as `\u….`.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use hognose_types::text;
use serde::Serialize;

use crate::RenderError;

/// One safe line. CI runners read `::command::` at the start of a line, after any indentation, and
/// `##[command]` or `##vso[command]` anywhere in one, so neither survives: wrapping may move any
/// word to the start of a line.
pub fn plain(raw: &str) -> String {
    defuse(&text::line(raw)).into_owned()
}

/// At most `max` characters of [`plain`].
pub(crate) fn plain_short(raw: &str, max: usize) -> String {
    defuse(&text::short(raw, max)).into_owned()
}

/// Several safe lines.
pub(crate) fn plain_block(raw: &str) -> String {
    defuse(&text::block(raw)).into_owned()
}

fn defuse(safe: &str) -> Cow<'_, str> {
    if !safe.contains("::") && !safe.contains("##") {
        return Cow::Borrowed(safe);
    }
    let mut out = String::with_capacity(safe.len() + 8);
    let mut rest = safe;
    let mut at_word = true;
    while let Some(c) = rest.chars().next() {
        if at_word && rest.starts_with("::") {
            out.push_str("\\u{3a}");
        } else if rest.starts_with("##[") || rest.starts_with("##vso[") {
            out.push_str("\\u{23}");
        } else {
            out.push(c);
        }
        at_word = c.is_whitespace();
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    Cow::Owned(out)
}

/// Text of an XML or HTML element or double-quoted attribute, after [`plain`].
pub(crate) fn markup(raw: &str) -> String {
    markup_only(&plain(raw))
}

/// Escapes `& < > " '` and drops what XML 1.0 forbids; the text is otherwise taken as it is.
pub(crate) fn markup_only(safe: &str) -> String {
    let mut out = String::with_capacity(safe.len() + 16);
    for c in safe.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Markdown text in which nothing is markup. Punctuation with a meaning becomes an entity. Mentions
/// and issue references are found in the rendered text, where an entity is already decoded, so an
/// empty comment cuts them in two.
pub(crate) fn markdown(raw: &str) -> String {
    let safe = plain(raw);
    let mut out = String::with_capacity(safe.len() + 16);
    let mut chars = safe.chars();
    while let Some(c) = chars.next() {
        let rest = chars.as_str();
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("@<!-- -->"),
            '#' => out.push_str("&#35;<!-- -->"),
            // `www.` alone becomes a link.
            '.' if ends_with_www(&out) => out.push_str("&#46;"),
            // A scheme alone becomes a link too.
            ':' if rest.starts_with("//") => out.push_str("&#58;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '|' | '~' | '$' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

fn ends_with_www(text: &str) -> bool {
    let mut last = text.bytes().rev().take(3);
    last.all(|b| b.eq_ignore_ascii_case(&b'w'))
}

/// A web address that may become a link: absolute `http` or `https`, no white space, no controls,
/// nothing that could leave an attribute or a Markdown destination. Everything else is only text.
pub(crate) fn link(raw: &str) -> Option<String> {
    let lower = raw.get(..8).unwrap_or(raw).to_ascii_lowercase();
    if !lower.starts_with("https://") && !lower.starts_with("http://") {
        return None;
    }
    if raw.len() > 2048 || raw.chars().any(|c| text::is_unsafe(c) || c.is_whitespace()) {
        return None;
    }
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '<' | '>' | '"' | '\'' | '(' | ')' | '\\' | '`' | '|' | '{' | '}' | '^' | '[' | ']' => {
                let _ = write!(out, "%{:02X}", u32::from(c));
            }
            c if c.is_ascii() => out.push(c),
            c => percent(&mut out, c),
        }
    }
    Some(out)
}

/// A relative URI reference for a path: percent-encoded, `/` kept, never mistaken for a scheme.
pub(crate) fn path_uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut out = String::with_capacity(path.len() + 8);
    for c in path.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => out.push(c),
            '-' | '.' | '_' | '~' | '/' => out.push(c),
            c => percent(&mut out, c),
        }
    }
    out
}

fn percent(out: &mut String, c: char) {
    let mut buffer = [0; 4];
    for byte in c.encode_utf8(&mut buffer).bytes() {
        let _ = write!(out, "%{byte:02X}");
    }
}

/// Pretty JSON in which every character that a terminal or a log could act on is `\u` escaped: the
/// value is exact, the bytes are inert.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, RenderError> {
    let mut bytes = Vec::new();
    let formatter = SafeFormatter(serde_json::ser::PrettyFormatter::with_indent(b"  "));
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    value
        .serialize(&mut serializer)
        .map_err(RenderError::Json)?;
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(|error| RenderError::Json(serde::ser::Error::custom(error)))
}

/// One line of JSON, as safe as a report: for streams of records.
pub fn json_line<T: Serialize>(value: &T) -> Result<String, RenderError> {
    let mut bytes = Vec::new();
    let formatter = SafeFormatter(serde_json::ser::CompactFormatter);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    value
        .serialize(&mut serializer)
        .map_err(RenderError::Json)?;
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(|error| RenderError::Json(serde::ser::Error::custom(error)))
}

struct SafeFormatter<F>(F);

impl<F: serde_json::ser::Formatter> serde_json::ser::Formatter for SafeFormatter<F> {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Most text is ASCII without "#" and DEL, and other ASCII controls never come here: the writer has already escaped
        // them. Bytes are looked at before characters, many at once.
        if fragment.is_ascii() && memchr::memchr2(b'#', 0x7f, fragment.as_bytes()).is_none() {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some(at) = rest
            .char_indices()
            .find_map(|(i, c)| (text::is_unsafe(c) || is_command(rest.get(i..)?)).then_some(i))
        {
            let (safe, tail) = rest.split_at(at);
            writer.write_all(safe.as_bytes())?;
            let mut chars = tail.chars();
            let mut units = [0; 2];
            for unit in chars.next().unwrap_or_default().encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }
    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }
    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }
    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }
    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }
    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }
    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

fn is_command(text: &str) -> bool {
    text.starts_with("##[") || text.starts_with("##vso[")
}
