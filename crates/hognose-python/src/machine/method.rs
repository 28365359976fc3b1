//! Methods of built-in values.

use std::rc::Rc;

use super::call::Named;
use super::{Frame, Machine};
use crate::names::last_step;
use crate::value::{Cell, Taint, Value};

impl Machine<'_> {
    /// Calls `str.join`, `list.append` and so on. `None` when the result is not known.
    pub(super) fn builtin_method(
        &mut self,
        frame: &mut Frame<'_>,
        receiver: &Cell,
        path: &str,
        args: &[Cell],
        named: &Named,
    ) -> Option<Cell> {
        let method = last_step(path);
        let taint = args.iter().fold(receiver.taint, |t, c| t.and(c.taint));
        let cell = match &receiver.value {
            Value::Str(text) => self.str_method(&Rc::clone(text), method, args, named),
            Value::Bytes(bytes) => self.bytes_method(&Rc::clone(bytes), method, args),
            Value::List(list) => return self.list_method(&Rc::clone(list), receiver, method, args),
            Value::Dict(dict) => return self.dict_method(&Rc::clone(dict), receiver, method, args),
            Value::Tuple(items) => match method {
                "index" | "count" => self.position(items, args.first()?).map(Cell::of),
                _ => None,
            },
            Value::Int(_) | Value::Big(_) => self.int_method(&receiver.value, method, args, named),
            _ => None,
        };
        let _ = frame;
        cell.map(|cell| cell.with(taint))
    }

    fn str_method(
        &mut self,
        text: &str,
        method: &str,
        args: &[Cell],
        named: &Named,
    ) -> Option<Cell> {
        let first = args.first();
        let arg = |at: usize| args.get(at).and_then(Cell::as_text);
        Some(match method {
            "join" => return self.join_texts(text, first?),
            "format" => return self.brace_format(text, args, named),
            "replace" => {
                let (from, to) = (arg(0)?, arg(1)?);
                if from.is_empty() || !self.pay(text.len()) {
                    return None;
                }
                let found = text.matches(&**from).count();
                let grown = found.saturating_mul(to.len());
                if !self.pay(grown) {
                    return None;
                }
                let out = match args.get(2).and_then(|c| c.value.int()) {
                    Some(n) if n >= 0 => text.replacen(&**from, to, n as usize),
                    _ => text.replace(&**from, to),
                };
                let cell = self.folded_text(out);
                // `"eJxXX".replace("X", "")`: noise was put in to be taken out.
                return Some(if to.is_empty() && found > 2 && text.len() > 16 {
                    cell.with(Taint::ASSEMBLED)
                } else {
                    cell.with(Taint::JOINED)
                });
            }
            "encode" => {
                if first.and_then(Cell::as_text).is_some_and(|e| is_rot13(e)) {
                    let out = crate::text::rot13(text);
                    return Some(self.folded_text(out).with(Taint::step("rot13")));
                }
                let bytes = super::bytes::encode(text, first)?;
                self.folded_bytes(bytes)
            }
            // Of Python 2.
            "decode" => {
                let mut all = vec![Cell::text(text)];
                all.extend(first.cloned());
                return self.decode_call("codecs.decode", &all, named);
            }
            "upper" => self.folded_text(text.to_uppercase()),
            "lower" | "casefold" => self.folded_text(text.to_lowercase()),
            "swapcase" => self.folded_text(swapcase(text)),
            "title" | "capitalize" => self.folded_text(capitalize(text)),
            "strip" | "lstrip" | "rstrip" => {
                let out = strip(text, method, arg(0).map(|t| &**t));
                self.folded_text(out)
            }
            _ => return self.str_parts(text, method, args),
        })
    }

    /// Methods that take a text apart or ask about it.
    fn str_parts(&mut self, text: &str, method: &str, args: &[Cell]) -> Option<Cell> {
        let first = args.first();
        let arg = |at: usize| args.get(at).and_then(Cell::as_text);
        Some(match method {
            "removeprefix" => {
                let prefix = arg(0)?;
                self.folded_text(text.strip_prefix(&**prefix).unwrap_or(text).into())
            }
            "removesuffix" => {
                let suffix = arg(0)?;
                self.folded_text(text.strip_suffix(&**suffix).unwrap_or(text).into())
            }
            "split" | "rsplit" => self.split(text, args),
            "splitlines" => texts(text.lines()),
            "partition" => {
                let (a, b) = text.split_once(&**arg(0)?)?;
                let middle = arg(0)?;
                Cell::of(Value::Tuple(
                    [Cell::text(a), Cell::text(middle), Cell::text(b)].into(),
                ))
            }
            "startswith" => Cell::of(Value::Bool(text.starts_with(&**arg(0)?))),
            "endswith" => Cell::of(Value::Bool(text.ends_with(&**arg(0)?))),
            "find" | "index" => Cell::of(Value::Int(match text.find(&**arg(0)?) {
                Some(at) => text.get(..at)?.chars().count() as i64,
                None => -1,
            })),
            "count" => Cell::of(Value::Int(text.matches(&**arg(0)?).count() as i64)),
            "isdigit" => Cell::of(Value::Bool(
                !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()),
            )),
            "isalpha" => Cell::of(Value::Bool(
                !text.is_empty() && text.chars().all(char::is_alphabetic),
            )),
            "isupper" => Cell::of(Value::Bool(
                text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase),
            )),
            "islower" => Cell::of(Value::Bool(
                text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase),
            )),
            "isspace" => Cell::of(Value::Bool(
                !text.is_empty() && text.chars().all(char::is_whitespace),
            )),
            "translate" => return self.translate(text, first?),
            "maketrans" => return self.make_table(args),
            "zfill" | "ljust" | "rjust" | "center" => self.pad(text, method, args)?,
            "__add__" => {
                return Some(self.binary(&Cell::text(text), crate::tree::BinaryOp::Add, first?));
            }
            "__str__" => Cell::text(text),
            _ => return None,
        })
    }

    fn join_texts(&mut self, separator: &str, list: &Cell) -> Option<Cell> {
        let items = self.items(list)?;
        let mut taint = list.taint;
        let mut out = String::new();
        let (mut short, mut cuts) = (0, 0);
        for (at, item) in items.iter().enumerate() {
            taint = taint.and(item.taint);
            if at > 0 {
                out.push_str(separator);
            }
            let hole: Rc<str> = super::format::HOLE.into();
            let text = item.as_text().unwrap_or_else(|| {
                taint = taint.and(item.deep_taint());
                &hole
            });
            cuts += usize::from(at > 0 && cuts_word(&out, text));
            out.push_str(text);
            short += usize::from(text.len() <= 2);
            if out.len() > self.bounds.value_bytes {
                return None;
            }
        }
        // Letters joined to words: hidden on purpose. Longer pieces are how honest code builds messages.
        let letters = short > 3 && short * 2 > items.len();
        // Words cut in two, again and again: the same with longer pieces.
        let enough = cuts >= 2 || (cuts == 1 && items.len() > 4);
        let pieces = items.len() > 3 && enough && out.len() <= items.len() * 16;
        if separator.is_empty() && (letters || pieces) {
            taint = taint.and(Taint::ASSEMBLED);
        }
        Some(self.folded_text(out).with(taint).with(Taint::JOINED))
    }

    fn split(&mut self, text: &str, args: &[Cell]) -> Cell {
        let most = args.get(1).and_then(|c| c.value.int()).unwrap_or(-1);
        if !self.pay(text.len() * 4) {
            return Cell::UNKNOWN;
        }
        match args.first().map(|c| &c.value) {
            Some(Value::Str(separator)) if !separator.is_empty() => {
                if most >= 0 {
                    texts(text.splitn(most as usize + 1, &**separator))
                } else {
                    texts(text.split(&**separator))
                }
            }
            None | Some(Value::None) => texts(text.split_whitespace()),
            _ => Cell::UNKNOWN,
        }
    }

    fn pad(&mut self, text: &str, method: &str, args: &[Cell]) -> Option<Cell> {
        let width = usize::try_from(args.first()?.value.int()?).ok()?;
        let missing = width.saturating_sub(text.chars().count());
        if !self.pay(width) {
            return None;
        }
        let fill = match args.get(1) {
            Some(fill) => fill.as_text()?.to_string(),
            None if method == "zfill" => "0".into(),
            None => " ".into(),
        };
        let fill = fill.repeat(missing);
        Some(self.folded_text(match method {
            "ljust" => format!("{text}{fill}"),
            _ => format!("{fill}{text}"),
        }))
    }

    /// `str.maketrans(a, b)` or `str.maketrans({…})`: a dict by code point.
    pub(super) fn make_table(&mut self, args: &[Cell]) -> Option<Cell> {
        let mut dict = crate::value::Dict::default();
        let code = |c: char| Cell::of(Value::Int(i64::from(u32::from(c))));
        match (&args.first()?.value, args.get(1).map(|c| &c.value)) {
            (Value::Str(from), Some(Value::Str(to))) => {
                for (a, b) in from.chars().zip(to.chars()) {
                    dict.set(code(a), Cell::text(b.encode_utf8(&mut [0; 4])));
                }
                for c in args
                    .get(2)
                    .and_then(Cell::as_text)
                    .map_or("", |t| &**t)
                    .chars()
                {
                    dict.set(code(c), Cell::of(Value::None));
                }
            }
            (Value::Dict(table), None) => {
                for (key, value) in &table.try_borrow().ok()?.entries {
                    let key = match &key.value {
                        Value::Str(text) => code(text.chars().next()?),
                        _ => key.clone(),
                    };
                    dict.set(key, value.clone());
                }
            }
            _ => return None,
        }
        Some(Cell::of(Value::Dict(Rc::new(std::cell::RefCell::new(
            dict,
        )))))
    }

    fn translate(&mut self, text: &str, table: &Cell) -> Option<Cell> {
        let Value::Dict(table) = &table.value else {
            return None;
        };
        let table = table.try_borrow().ok()?;
        let mut map = rustc_hash::FxHashMap::default();
        for (key, value) in &table.entries {
            let key = u32::try_from(key.value.int()?)
                .ok()
                .and_then(char::from_u32)?;
            let value = match &value.value {
                Value::Str(text) => text.to_string(),
                Value::None => String::new(),
                other => char::from_u32(u32::try_from(other.int()?).ok()?)?.to_string(),
            };
            map.insert(key, value);
        }
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match map.get(&c) {
                Some(other) => out.push_str(other),
                None => out.push(c),
            }
        }
        drop(table);
        Some(self.folded_text(out).with(Taint::step("arithmetic")))
    }

    /// A list that takes in itself doubles; copies of long lists multiply.
    fn pay_copy(
        &mut self,
        method: &str,
        list: &std::cell::RefCell<Vec<Cell>>,
        more: usize,
    ) -> Option<()> {
        let copied = if method == "copy" {
            list.try_borrow().ok()?.len()
        } else {
            more
        };
        (copied <= 64 || self.pay(copied * size_of::<Cell>())).then_some(())
    }

    fn list_method(
        &mut self,
        list: &Rc<std::cell::RefCell<Vec<Cell>>>,
        receiver: &Cell,
        method: &str,
        args: &[Cell],
    ) -> Option<Cell> {
        let more = match method {
            "extend" | "update" => self.items(args.first()?),
            _ => None,
        };
        let copied = more.as_ref().map_or(0, Vec::len);
        self.pay_copy(method, list, copied)?;
        let mut items = list.try_borrow_mut().ok()?;
        if items.len() > 200_000 {
            return None;
        }
        match method {
            "append" | "add" => items.push(args.first()?.clone().with(self.implicit)),
            "insert" => {
                let at = usize::try_from(args.first()?.value.int()?).unwrap_or(0);
                let at = at.min(items.len());
                items.insert(at, args.get(1)?.clone());
            }
            "extend" | "update" => match more {
                Some(more) => items.extend(more),
                None => items.push(Cell::tainted(args.first()?.deep_taint())),
            },
            "reverse" => items.reverse(),
            "clear" => items.clear(),
            "pop" => {
                let at = match args.first() {
                    None => items.len().checked_sub(1)?,
                    Some(at) => usize::try_from(at.value.int()?).ok()?,
                };
                return (at < items.len()).then(|| items.remove(at).with(receiver.taint));
            }
            "copy" => return Some(Cell::of(Value::list(items.clone())).with(receiver.taint)),
            // Of a bytearray.
            "decode" | "hex" => {
                let bytes: Option<Vec<u8>> = items
                    .iter()
                    .map(|c| c.value.int().and_then(|v| u8::try_from(v).ok()))
                    .collect();
                let taint = items.iter().fold(receiver.taint, |t, c| t.and(c.taint));
                drop(items);
                return self
                    .bytes_method(&bytes?.into(), method, args)
                    .map(|c| c.with(taint));
            }
            "index" | "count" => {
                let copy = items.clone();
                return self.position(&copy, args.first()?).map(Cell::of);
            }
            _ => return None,
        }
        Some(Cell::of(Value::None))
    }

    fn position(&self, items: &[Cell], item: &Cell) -> Option<Value> {
        let at = items
            .iter()
            .position(|c| c.value.equals(&item.value) == Some(true))?;
        Some(Value::Int(at as i64))
    }

    fn dict_method(
        &mut self,
        dict: &Rc<std::cell::RefCell<crate::value::Dict>>,
        receiver: &Cell,
        method: &str,
        args: &[Cell],
    ) -> Option<Cell> {
        let first = args.first();
        match method {
            "get" | "pop" | "__getitem__" => {
                let found = dict.try_borrow().ok()?.get(&first?.value).cloned();
                match found {
                    Some(cell) => Some(cell.with(receiver.taint)),
                    None => args.get(1).cloned(),
                }
            }
            "setdefault" | "__setitem__" => {
                let mut dict = dict.try_borrow_mut().ok()?;
                dict.set(first?.clone(), args.get(1)?.clone());
                args.get(1).cloned()
            }
            "update" => {
                let Value::Dict(other) = &first?.value else {
                    return None;
                };
                if Rc::ptr_eq(dict, other) || !self.pay(other.try_borrow().ok()?.entries.len() * 8)
                {
                    return Some(Cell::of(Value::None));
                }
                let entries = other.try_borrow().ok()?.entries.clone();
                let mut dict = dict.try_borrow_mut().ok()?;
                for (key, value) in entries {
                    dict.set(key, value);
                }
                Some(Cell::of(Value::None))
            }
            "keys" | "values" | "items" => {
                let dict = dict.try_borrow().ok()?;
                self.copied
                    .set(self.copied.get() + dict.entries.len() as u64);
                let cells = dict
                    .entries
                    .iter()
                    .map(|(key, value)| match method {
                        "keys" => key.clone(),
                        "values" => value.clone(),
                        _ => Cell::of(Value::Tuple([key.clone(), value.clone()].into())),
                    })
                    .collect();
                Some(Cell::of(Value::list(cells)).with(receiver.taint))
            }
            "copy" => Some(receiver.clone()),
            _ => None,
        }
    }
}

/// Whether two pieces meet inside a word.
pub(super) fn cuts_word(before: &str, after: &str) -> bool {
    before.ends_with(|c: char| c.is_ascii_alphabetic())
        && after.starts_with(|c: char| c.is_ascii_lowercase())
}

pub(super) fn is_rot13(encoding: &str) -> bool {
    matches!(
        encoding
            .to_ascii_lowercase()
            .replace(['-', '_'], "")
            .as_str(),
        "rot13"
    )
}

fn texts<'t>(parts: impl Iterator<Item = &'t str>) -> Cell {
    Cell::of(Value::list(parts.map(Cell::text).collect()))
}

fn swapcase(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_lowercase() {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect()
}

fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first
            .to_uppercase()
            .chain(chars.flat_map(char::to_lowercase))
            .collect()
    })
}

fn strip(text: &str, method: &str, chars: Option<&str>) -> String {
    let is_cut = |c: char| chars.map_or(c.is_whitespace(), |chars| chars.contains(c));
    match method {
        "lstrip" => text.trim_start_matches(is_cut),
        "rstrip" => text.trim_end_matches(is_cut),
        _ => text.trim_matches(is_cut),
    }
    .to_owned()
}
