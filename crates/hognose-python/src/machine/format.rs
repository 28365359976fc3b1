//! `%`, `.format` and f-strings. A text with unknown parts shows them as `{}`: what is known around them (a host, a
//! command) is worth as much as the whole.

use super::call::Named;
use super::{Frame, Machine};
use crate::tree::{Expr, Exprs};
use crate::value::{Cell, Taint, Value};

/// What stands for a part nothing is known of.
pub(super) const HOLE: &str = "{}";

impl Machine<'_> {
    pub(super) fn formatted(&mut self, frame: &mut Frame<'_>, parts: Exprs) -> Cell {
        let tree = frame.tree;
        let mut out = String::new();
        let mut taint = Taint::NONE;
        for part in tree.list(parts) {
            match tree.expr(*part) {
                Expr::Str(text) => out.push_str(text),
                Expr::Format {
                    value,
                    conversion,
                    spec,
                } => {
                    let cell = self.eval(frame, *value);
                    if let Some(spec) = spec {
                        self.eval(frame, *spec);
                    }
                    taint = taint.and(cell.deep_taint());
                    match shown(&cell.value, *conversion == b'r') {
                        Some(text) => out.push_str(&text),
                        None if self.is_interpreter(&cell.value) => out.push_str("python"),
                        None => out.push_str(HOLE),
                    }
                }
                _ => {
                    let cell = self.eval(frame, *part);
                    taint = taint.and(cell.deep_taint());
                    out.push_str(HOLE);
                }
            }
            if out.len() > self.bounds.value_bytes {
                return Cell::tainted(taint);
            }
        }
        self.folded_text(out).with(taint)
    }

    /// The interpreter's own path, whatever is replaced in it.
    pub(super) fn is_interpreter(&self, value: &Value) -> bool {
        matches!(value, Value::Path(path) if self.names.path(*path).starts_with("sys.executable"))
    }

    /// `"…%s…" % values`.
    pub(super) fn percent(&mut self, text: &str, values: &Cell) -> Cell {
        let mut taint = values.deep_taint();
        let mut items = match &values.value {
            Value::Tuple(items) => items.to_vec(),
            _ => vec![values.clone()],
        }
        .into_iter();
        let mut out = String::with_capacity(text.len());
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            let mut key = None;
            if chars.peek() == Some(&'(') {
                chars.next();
                key = Some(chars.by_ref().take_while(|c| *c != ')').collect::<String>());
            }
            while chars
                .peek()
                .is_some_and(|c| matches!(c, '0'..='9' | '.' | '-' | '+' | ' ' | '#' | '*'))
            {
                chars.next();
            }
            let Some(kind) = chars.next() else { break };
            if kind == '%' {
                out.push('%');
                continue;
            }
            let cell = match key {
                Some(key) => self.item(values, &Cell::text(&key)),
                None => items.next().unwrap_or(Cell::UNKNOWN),
            };
            taint = taint.and(cell.taint);
            match percent_field(kind, &cell.value) {
                Some(text) => out.push_str(&text),
                None if self.is_interpreter(&cell.value) => out.push_str("python"),
                None => out.push_str(HOLE),
            }
            if out.len() > self.bounds.value_bytes {
                return Cell::tainted(taint);
            }
        }
        self.folded_text(out).with(taint)
    }

    /// `"…{}…".format(values)`.
    pub(super) fn brace_format(
        &mut self,
        text: &str,
        args: &[Cell],
        named: &Named,
    ) -> Option<Cell> {
        let mut taint = args
            .iter()
            .chain(named.iter().map(|(_, c)| c))
            .fold(Taint::NONE, |t, c| t.and(c.deep_taint()));
        let mut out = String::with_capacity(text.len());
        let mut chars = text.chars().peekable();
        let mut next = 0;
        while let Some(c) = chars.next() {
            match c {
                '{' if chars.peek() == Some(&'{') => {
                    chars.next();
                    out.push('{');
                }
                '}' => {
                    if chars.peek() == Some(&'}') {
                        chars.next();
                    }
                    out.push('}');
                }
                '{' => {
                    let field: String = chars.by_ref().take_while(|c| *c != '}').collect();
                    let cell = self.field(&field, args, named, &mut next);
                    taint = taint.and(cell.taint);
                    match shown(&cell.value, field.contains("!r")) {
                        Some(text) => out.push_str(&text),
                        None if self.is_interpreter(&cell.value) => out.push_str("python"),
                        None => out.push_str(HOLE),
                    }
                }
                other => out.push(other),
            }
            if out.len() > self.bounds.value_bytes {
                return None;
            }
        }
        // Numbered fields out of order are how payloads are shuffled.
        if args.len() > 5 && text.len() < args.len() * 5 {
            taint = taint.and(Taint::ASSEMBLED);
        }
        Some(self.folded_text(out).with(taint))
    }

    fn field(&mut self, field: &str, args: &[Cell], named: &Named, next: &mut usize) -> Cell {
        let name = field.split(['!', ':']).next().unwrap_or_default();
        let head = name.split(['.', '[']).next().unwrap_or_default();
        let cell = if head.is_empty() {
            *next += 1;
            args.get(*next - 1).cloned()
        } else if let Ok(at) = head.parse::<usize>() {
            args.get(at).cloned()
        } else {
            named
                .iter()
                .find(|(known, _)| known.as_deref() == Some(head))
                .map(|(_, cell)| cell.clone())
        };
        let cell = cell.unwrap_or(Cell::UNKNOWN);
        match name.get(head.len()..) {
            None | Some("") => cell,
            Some(_) => Cell::tainted(cell.deep_taint()),
        }
    }
}

fn percent_field(kind: char, value: &Value) -> Option<String> {
    match (kind, value) {
        ('c', Value::Int(v)) => char::from_u32(u32::try_from(*v).ok()?).map(String::from),
        ('x', Value::Int(v)) => Some(format!("{v:x}")),
        ('X', Value::Int(v)) => Some(format!("{v:X}")),
        ('x', Value::Big(bytes)) => {
            let digits = super::bytes::hexadecimal(bytes);
            Some(digits.trim_start_matches('0').to_owned())
        }
        ('r', value) => shown(value, true),
        (_, value) => shown(value, false),
    }
}

/// `format(number, "08b")`: a width, maybe with zeros, and a base.
pub(super) fn number(value: i64, spec: &str) -> Option<String> {
    let (width, kind) = match spec.char_indices().last() {
        Some((at, kind)) if kind.is_ascii_alphabetic() => (spec.get(..at)?, kind),
        _ => (spec, 'd'),
    };
    let zeros = width.starts_with('0');
    let width: usize = if width.is_empty() {
        0
    } else {
        width.parse().ok().filter(|w| *w <= 256)?
    };
    let digits = match kind {
        'b' if value >= 0 => format!("{value:b}"),
        'o' if value >= 0 => format!("{value:o}"),
        'x' if value >= 0 => format!("{value:x}"),
        'X' if value >= 0 => format!("{value:X}"),
        'c' => char::from_u32(u32::try_from(value).ok()?)?.to_string(),
        'd' => value.to_string(),
        _ => return None,
    };
    Some(if zeros {
        format!("{digits:0>width$}")
    } else {
        format!("{digits:>width$}")
    })
}

/// `str(value)` or `repr(value)`, when known.
pub(super) fn shown(value: &Value, quoted: bool) -> Option<String> {
    Some(match value {
        Value::Str(text) if quoted => {
            format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
        }
        Value::Str(text) => text.to_string(),
        Value::Bytes(bytes) => format!("b'{}'", bytes.escape_ascii()),
        Value::Int(v) => v.to_string(),
        Value::Float(v) => v.to_string(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::None => "None".into(),
        Value::List(items) => {
            let items: Option<Vec<String>> = items
                .try_borrow()
                .ok()?
                .iter()
                .take(256)
                .map(|c| {
                    if c.value.is_scalar() {
                        shown(&c.value, true)
                    } else {
                        None
                    }
                })
                .collect();
            format!("[{}]", items?.join(", "))
        }
        _ => return None,
    })
}
