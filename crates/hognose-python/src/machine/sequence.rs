//! Sequences: items, slices, indices.

use std::rc::Rc;

use super::Machine;
use crate::value::{Cell, Taint, Value};

/// Items copied over the whole artifact; beyond them sequences are no longer taken apart.
const MAX_COPIED: u64 = 2_000_000;

/// Items of sequences that parts are taken of, over the whole artifact; beyond them only short ones are cut.
const MAX_SLICED: u64 = 20_000_000;
/// Items of a short one.
const SHORT: usize = 64;

/// Most items a sequence is taken apart into.
const MAX_ITEMS: usize = 1_000_000;

impl Machine<'_> {
    /// The items of a value, when they are known.
    pub(super) fn items(&self, cell: &Cell) -> Option<Vec<Cell>> {
        let taint = cell.taint;
        if self.copied.get() > MAX_COPIED {
            return None;
        }
        let items: Vec<Cell> = match &cell.value {
            Value::List(items) => items.try_borrow().ok()?.clone(),
            Value::Tuple(items) => items.to_vec(),
            Value::Str(text) if text.len() <= MAX_ITEMS => text
                .chars()
                .map(|c| Cell::of(Value::Str(c.encode_utf8(&mut [0; 4]).into())))
                .collect(),
            Value::Bytes(bytes) if bytes.len() <= MAX_ITEMS => bytes
                .iter()
                .map(|b| Cell::of(Value::Int(i64::from(*b))))
                .collect(),
            Value::Dict(dict) => dict
                .try_borrow()
                .ok()?
                .entries
                .iter()
                .map(|(key, _)| key.clone())
                .collect(),
            _ => return None,
        };
        self.copied.set(self.copied.get() + items.len() as u64);
        if taint == Taint::NONE {
            return Some(items);
        }
        Some(items.into_iter().map(|item| item.with(taint)).collect())
    }

    /// Any one item of a value whose items are not known.
    pub(super) fn unknown_item(&mut self, cell: &Cell) -> Cell {
        match &cell.value {
            Value::Path(path) => Cell {
                value: Value::Path(self.names.item(*path)),
                taint: cell.taint,
            },
            _ => Cell::tainted(cell.deep_taint()),
        }
    }

    pub(super) fn item(&mut self, object: &Cell, index: &Cell) -> Cell {
        let taint = object.taint.and(index.taint);
        let at = |len: usize| {
            let at = index.value.int()?;
            let at = if at < 0 { at + len as i64 } else { at };
            usize::try_from(at).ok()
        };
        let found = match &object.value {
            Value::List(items) => items
                .try_borrow()
                .ok()
                .and_then(|items| items.get(at(items.len())?).cloned()),
            Value::Tuple(items) => at(items.len()).and_then(|at| items.get(at).cloned()),
            Value::Bytes(bytes) => at(bytes.len())
                .and_then(|at| bytes.get(at))
                .map(|b| Cell::of(Value::Int(i64::from(*b)))),
            Value::Str(text) => character(text, index).map(|c| Cell::of(Value::Str(c))),
            Value::Dict(dict) => dict
                .try_borrow()
                .ok()
                .and_then(|dict| dict.get(&index.value).cloned()),
            _ => None,
        };
        match found {
            Some(cell) => cell.with(taint),
            None => Cell::tainted(object.deep_taint().and(index.taint)),
        }
    }

    pub(super) fn slice(&mut self, object: &Cell, bounds: &[Option<Value>; 3]) -> Cell {
        let taint = object.taint;
        // One bound nothing is known of, and the result is not known.
        let mut known = [None; 3];
        for (slot, bound) in known.iter_mut().zip(bounds) {
            match bound {
                None | Some(Value::None) => {}
                Some(value) => match value.int() {
                    Some(int) => *slot = Some(int),
                    None => return Cell::tainted(object.deep_taint()),
                },
            }
        }
        let [from, to, step] = known;
        let sliced = match &object.value {
            Value::Str(text) => {
                let out = if text.is_ascii() {
                    let bytes = cut(text.as_bytes(), from, to, step);
                    String::from_utf8(bytes).unwrap_or_default()
                } else {
                    let chars: Vec<char> = text.chars().collect();
                    cut(&chars, from, to, step).into_iter().collect()
                };
                self.folded_text(out)
            }
            Value::Bytes(bytes) => {
                let out = cut(bytes, from, to, step);
                self.folded_bytes(out)
            }
            Value::List(items) => match items.try_borrow() {
                Ok(items) if self.may_cut(items.len()) => {
                    Cell::of(Value::list(cut(&items, from, to, step)))
                }
                Ok(_) => Cell::tainted(object.deep_taint()),
                Err(_) => Cell::UNKNOWN,
            },
            Value::Tuple(items) if self.may_cut(items.len()) => {
                Cell::of(Value::Tuple(cut(items, from, to, step).into()))
            }
            Value::Tuple(_) => Cell::tainted(object.deep_taint()),
            Value::Path(path) => Cell::of(Value::Path(*path)),
            _ => Cell::UNKNOWN,
        };
        // Backwards or with steps: the source does not show what comes out.
        let hides = step.is_some_and(|step| step != 1)
            && matches!(object.value, Value::Str(_) | Value::Bytes(_));
        let sliced = sliced.with(taint);
        if hides {
            sliced.with(Taint::ASSEMBLED)
        } else {
            sliced
        }
    }

    /// Whether parts are still taken of a sequence so long. Programs that take one item after the other off the front of a long
    /// list copy it as often as it is long: that ends some time.
    fn may_cut(&mut self, length: usize) -> bool {
        self.sliced = self.sliced.saturating_add(length as u64);
        length <= SHORT || self.sliced <= MAX_SLICED
    }
}

fn character(text: &str, index: &Cell) -> Option<Rc<str>> {
    let at = index.value.int()?;
    if text.is_ascii() {
        let at = if at < 0 { at + text.len() as i64 } else { at };
        let at = usize::try_from(at).ok()?;
        return text.get(at..=at).map(Into::into);
    }
    let mut chars = text.chars();
    let c = if at < 0 {
        chars.nth_back(usize::try_from(-(at + 1)).ok()?)?
    } else {
        chars.nth(usize::try_from(at).ok()?)?
    };
    Some(c.encode_utf8(&mut [0; 4]).into())
}

/// `items[from:to:step]`, with Python's rules for what is negative or out of range.
fn cut<T: Clone>(items: &[T], from: Option<i64>, to: Option<i64>, step: Option<i64>) -> Vec<T> {
    let len = items.len() as i64;
    let step = step.unwrap_or(1);
    if step == 0 {
        return Vec::new();
    }
    let clamp = |at: i64, low: i64, high: i64| {
        let at = if at < 0 { at.saturating_add(len) } else { at };
        at.clamp(low, high)
    };
    let place = |at: i64| usize::try_from(at).unwrap_or_default();
    if step == 1 {
        let start = from.map_or(0, |at| clamp(at, 0, len));
        let stop = to.map_or(len, |at| clamp(at, 0, len));
        let part = items.get(place(start)..place(stop));
        return part.unwrap_or_default().to_vec();
    }
    let mut out = Vec::new();
    if step > 0 {
        let start = from.map_or(0, |at| clamp(at, 0, len));
        let stop = to.map_or(len, |at| clamp(at, 0, len));
        let mut at = start;
        while at < stop {
            out.extend(items.get(place(at)).cloned());
            at = at.saturating_add(step);
        }
    } else {
        let start = from.map_or(len - 1, |at| clamp(at, -1, len - 1));
        let stop = to.map_or(-1, |at| clamp(at, -1, len - 1));
        let mut at = start;
        while at > stop {
            out.extend(items.get(place(at)).cloned());
            at = at.saturating_add(step);
        }
    }
    out
}
