//! Operators over known values.

use std::rc::Rc;

use super::Machine;
use crate::tree::{BinaryOp, CompareOp, UnaryOp};
use crate::value::{Cell, Taint, Value};

impl Machine<'_> {
    /// Labels of texts the observer wants to see although no constant shows them.
    pub(super) const WORTH_SHOWING: Taint =
        Taint(Taint::DECODED.0 | Taint::ASSEMBLED.0 | Taint::DECRYPTED.0);

    /// Pays for bytes made by folding; unknown when the account is empty.
    pub(super) fn folded_text(&mut self, text: String) -> Cell {
        if self.pay(text.len()) {
            Cell::of(Value::Str(text.into()))
        } else {
            Cell::UNKNOWN
        }
    }

    pub(super) fn folded_bytes(&mut self, bytes: Vec<u8>) -> Cell {
        if self.pay(bytes.len()) {
            Cell::of(Value::Bytes(bytes.into()))
        } else {
            Cell::UNKNOWN
        }
    }

    pub(super) fn pay(&mut self, bytes: usize) -> bool {
        self.folded = self.folded.saturating_add(bytes as u64);
        bytes <= self.bounds.value_bytes && self.folded <= self.bounds.folded_bytes
    }

    pub(super) fn unary(op: UnaryOp, value: &Cell) -> Cell {
        let known = match (op, &value.value) {
            (UnaryOp::Not, v) => v.truth().map(|t| Value::Bool(!t)),
            (UnaryOp::Minus, Value::Float(v)) => Some(Value::Float(-v)),
            (UnaryOp::Minus, v) => v.int().and_then(i64::checked_neg).map(Value::Int),
            (UnaryOp::Plus, v) => v.int().map(Value::Int),
            (UnaryOp::Invert, v) => v.int().map(|v| Value::Int(!v)),
        };
        Cell {
            value: known.unwrap_or(Value::Unknown),
            taint: value.taint,
        }
    }

    pub(super) fn binary(&mut self, left: &Cell, op: BinaryOp, right: &Cell) -> Cell {
        let taint = left.taint.and(right.taint);
        let cell = match (&left.value, op, &right.value) {
            (Value::Str(a), BinaryOp::Add, Value::Str(b)) => {
                if self.pay(a.len() + b.len()) {
                    Cell::of(Value::Str(format!("{a}{b}").into())).with(Taint::JOINED)
                } else {
                    Cell::UNKNOWN
                }
            }
            // What is known of a text is kept around what is not: a host or a command says enough.
            (Value::Str(a), BinaryOp::Add, Value::Unknown | Value::Path(_)) if a.len() < 65_536 => {
                self.folded_text([&**a, super::format::HOLE].concat())
                    .with(Taint::JOINED)
            }
            (Value::Unknown | Value::Path(_), BinaryOp::Add, Value::Str(b)) if b.len() < 65_536 => {
                let before = if self.is_interpreter(&left.value) {
                    "python"
                } else {
                    super::format::HOLE
                };
                self.folded_text([before, &**b].concat())
                    .with(Taint::JOINED)
            }
            (Value::Bytes(a), BinaryOp::Add, Value::Bytes(b)) => {
                if self.pay(a.len() + b.len()) {
                    Cell::of(Value::Bytes([&**a, &**b].concat().into()))
                } else {
                    Cell::UNKNOWN
                }
            }
            (Value::Str(text), BinaryOp::Mod, _) => self.percent(&Rc::clone(text), right),
            (
                Value::Str(_) | Value::Bytes(_) | Value::List(_) | Value::Tuple(_),
                BinaryOp::Mul,
                times,
            ) if times.int().is_some() => self.repeat(left, times.int().unwrap_or(0)),
            (times, BinaryOp::Mul, Value::Str(_) | Value::Bytes(_) | Value::List(_))
                if times.int().is_some() =>
            {
                self.repeat(right, times.int().unwrap_or(0))
            }
            (Value::List(_) | Value::Tuple(_), BinaryOp::Add, Value::List(_) | Value::Tuple(_)) => {
                self.concat_lists(left, right)
            }
            (Value::Partial(_) | Value::Path(_), BinaryOp::Div, _) => {
                self.path_joined(left, right, taint)
            }
            (Value::Big(a), op, b) => self.big(&Rc::clone(a), op, b.int()),
            (a, op, b) => match (a.int(), b.int()) {
                (Some(a), Some(b)) => {
                    self.folded += 1;
                    Cell::of(integer(a, op, b))
                }
                _ => Cell::of(float(a, op, b)),
            },
        };
        // A text with one unknown part keeps what is known of it in its origin only.
        cell.with(taint)
    }

    /// What loops over one large number do: they take bytes off its end.
    fn big(&mut self, number: &[u8], op: BinaryOp, by: Option<i64>) -> Cell {
        let Some(by) = by.filter(|_| self.pay(number.len())) else {
            return Cell::UNKNOWN;
        };
        let low = crate::number::low(number);
        Cell::of(match op {
            BinaryOp::And if (0..1 << 62).contains(&by) => Value::Int(low & by),
            BinaryOp::Mod if by > 0 && by.count_ones() == 1 && by <= 1 << 61 => {
                Value::Int(low & (by - 1))
            }
            BinaryOp::RightShift | BinaryOp::FloorDiv => {
                let places = match op {
                    BinaryOp::RightShift => usize::try_from(by).ok(),
                    _ if by > 0 && by.count_ones() == 1 => Some(by.trailing_zeros() as usize),
                    _ => None,
                };
                let Some(places) = places else {
                    return Cell::UNKNOWN;
                };
                let rest = crate::number::shifted(number, places);
                if crate::number::bits(&rest) < 62 {
                    Value::Int(crate::number::low(&rest))
                } else {
                    Value::Big(rest.into())
                }
            }
            _ => Value::Unknown,
        })
    }

    /// `pathlib`: the parts are joined like a path.
    fn path_joined(&mut self, left: &Cell, right: &Cell, taint: Taint) -> Cell {
        if let (Value::Path(path), Value::Str(_)) = (&left.value, &right.value) {
            return Cell::of(Value::Path(*path));
        }
        let Some(text) = self.path_text_of(left) else {
            return Cell::UNKNOWN;
        };
        let more = self.path_text_of(right);
        let more = more.as_deref().unwrap_or(super::format::HOLE);
        self.made_path(&format!("{text}/{more}"), taint)
    }

    fn concat_lists(&mut self, left: &Cell, right: &Cell) -> Cell {
        let (Some(mut a), Some(b)) = (self.items(left), self.items(right)) else {
            return Cell::UNKNOWN;
        };
        if !self.pay((a.len() + b.len()) * 16) {
            return Cell::UNKNOWN;
        }
        a.extend(b);
        match left.value {
            Value::Tuple(_) => Cell::of(Value::Tuple(a.into())),
            _ => Cell::of(Value::list(a)),
        }
    }

    fn repeat(&mut self, cell: &Cell, times: i64) -> Cell {
        let times = usize::try_from(times).unwrap_or(0);
        let len = match &cell.value {
            Value::Str(v) => v.len(),
            Value::Bytes(v) => v.len(),
            Value::Tuple(v) => v.len() * 16,
            Value::List(v) => v.try_borrow().map_or(0, |v| v.len() * 16),
            _ => 0,
        };
        if !self.pay(len.saturating_mul(times)) {
            return Cell::UNKNOWN;
        }
        match &cell.value {
            Value::Str(v) => Cell::of(Value::Str(v.repeat(times).into())),
            Value::Bytes(v) => Cell::of(Value::Bytes(v.repeat(times).into())),
            _ => {
                let items = self.items(cell).unwrap_or_default();
                let mut all = Vec::with_capacity(items.len() * times);
                for _ in 0..times {
                    all.extend(items.iter().cloned());
                }
                Cell::of(Value::list(all))
            }
        }
    }

    pub(super) fn compare(&self, left: &Cell, op: CompareOp, right: &Cell) -> Value {
        // A text with a hole equals nothing for sure.
        let has_hole = |cell: &Cell| {
            let text = cell.as_text();
            text.is_some_and(|t| t.contains('{') && t.contains(super::format::HOLE))
        };
        if has_hole(left) || has_hole(right) {
            return Value::Unknown;
        }
        let known = match op {
            CompareOp::Equal | CompareOp::Is => left.value.equals(&right.value),
            CompareOp::NotEqual | CompareOp::IsNot => {
                left.value.equals(&right.value).map(|equal| !equal)
            }
            CompareOp::In => self.contains(right, left),
            CompareOp::NotIn => self.contains(right, left).map(|found| !found),
            CompareOp::Less => order(&left.value, &right.value).map(std::cmp::Ordering::is_lt),
            CompareOp::LessEqual => order(&left.value, &right.value).map(std::cmp::Ordering::is_le),
            CompareOp::Greater => order(&left.value, &right.value).map(std::cmp::Ordering::is_gt),
            CompareOp::GreaterEqual => {
                order(&left.value, &right.value).map(std::cmp::Ordering::is_ge)
            }
        };
        known.map_or(Value::Unknown, Value::Bool)
    }

    fn contains(&self, whole: &Cell, part: &Cell) -> Option<bool> {
        if let (Value::Str(whole), Value::Str(part)) = (&whole.value, &part.value) {
            return Some(whole.contains(&**part));
        }
        if let Value::Dict(dict) = &whole.value {
            let dict = dict.try_borrow().ok()?;
            let exact =
                part.value.is_scalar() && dict.entries.iter().all(|(k, _)| k.value.is_scalar());
            return exact.then(|| dict.get(&part.value).is_some());
        }
        let items = self.items(whole)?;
        let mut sure = true;
        for item in &items {
            match item.value.equals(&part.value) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => sure = false,
            }
        }
        sure.then_some(false)
    }
}

fn order(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
        _ => match (left.int(), right.int()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => number(left)?.partial_cmp(&number(right)?),
        },
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(v) => Some(*v),
        other => other.int().map(|v| v as f64),
    }
}

fn integer(a: i64, op: BinaryOp, b: i64) -> Value {
    let shift = u32::try_from(b).ok().filter(|b| *b < 63);
    let known = match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => a.checked_mul(b),
        BinaryOp::FloorDiv if b != 0 => a.checked_div_euclid(b).map(|q| {
            // Python rounds down, Euclid away from zero for negative divisors.
            if b < 0 && a % b != 0 { q - 1 } else { q }
        }),
        BinaryOp::Mod if b != 0 => a.checked_rem(b).map(|r| {
            if r != 0 && (r < 0) != (b < 0) {
                r + b
            } else {
                r
            }
        }),
        BinaryOp::Pow => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
        BinaryOp::LeftShift => shift.and_then(|s| a.checked_mul(1 << s)),
        BinaryOp::RightShift => shift.map(|s| a >> s),
        BinaryOp::Or => Some(a | b),
        BinaryOp::Xor => Some(a ^ b),
        BinaryOp::And => Some(a & b),
        BinaryOp::Div if b != 0 => return Value::Float(a as f64 / b as f64),
        _ => None,
    };
    known.map_or(Value::Unknown, Value::Int)
}

fn float(a: &Value, op: BinaryOp, b: &Value) -> Value {
    let (Some(a), Some(b)) = (number(a), number(b)) else {
        return Value::Unknown;
    };
    match op {
        BinaryOp::Add => Value::Float(a + b),
        BinaryOp::Sub => Value::Float(a - b),
        BinaryOp::Mul => Value::Float(a * b),
        BinaryOp::Div if b != 0.0 => Value::Float(a / b),
        BinaryOp::FloorDiv if b != 0.0 => Value::Float((a / b).floor()),
        _ => Value::Unknown,
    }
}
