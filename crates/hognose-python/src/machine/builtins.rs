//! Built-in functions, as far as their result can be known.

use std::rc::Rc;

use super::call::Named;
use super::{Frame, Machine};
use crate::tree::BinaryOp;
use crate::value::{Cell, Taint, Value};

/// Longest `range` made into a list.
const MAX_RANGE: i64 = 200_000;

impl Machine<'_> {
    /// What a call of something outside gives, when it can be known. Labels of the arguments are carried over here.
    pub(super) fn fold(
        &mut self,
        frame: &mut Frame<'_>,
        path: &str,
        args: &[Cell],
        named: &Named,
        offset: u32,
    ) -> Option<Cell> {
        let taint = args.iter().fold(Taint::NONE, |t, c| t.and(c.taint));
        if let Some(cell) = self.reflect(frame, path, args, offset) {
            return Some(cell);
        }
        if let Some(cell) = self.collection(frame, path, (args, named), offset) {
            return Some(cell);
        }
        if let Some(cell) = self.number(path, args) {
            return Some(cell.with(taint));
        }
        if let Some(cell) = self.decode_call(path, args, named) {
            // How the encoded text was put together no longer matters.
            return Some(cell.with(taint.without(Taint::JOINED)));
        }
        let (kind, method) = path.split_once('.')?;
        if matches!(
            kind,
            "str" | "bytes" | "bytearray" | "list" | "dict" | "tuple" | "int"
        ) {
            if let Some(cell) = self.static_method(path, args, named) {
                return Some(cell.with(taint));
            }
            let (receiver, rest) = args.split_first()?;
            let _ = method;
            return self.builtin_method(frame, receiver, path, rest, named);
        }
        None
    }

    /// Functions over sequences.
    fn collection(
        &mut self,
        frame: &mut Frame<'_>,
        path: &str,
        (args, named): (&[Cell], &Named),
        offset: u32,
    ) -> Option<Cell> {
        let first = args.first();
        match path {
            "list"
            | "tuple"
            | "set"
            | "frozenset"
            | "iter"
            | "enumerate"
            | "reversed"
            | "sorted"
            | "zip"
            | "itertools.chain"
            | "itertools.cycle"
            | "next"
            | "dict"
            | "itertools.repeat"
            | "itertools.islice"
            | "zip_longest"
            | "itertools.chain.from_iterable" => self.sequence_call(path, args, named),
            "range" | "xrange" => {
                let cells = range(args)?;
                // Small ones are the loops of every program, and gone at once; others may be kept, one for each turn of a loop.
                let paid = cells.len() <= 64 || self.pay(cells.len() * size_of::<Cell>());
                paid.then(|| Cell::of(Value::list(cells)))
            }
            "map" | "itertools.starmap" => {
                let (function, lists) = args.split_first()?;
                self.map(frame, function, lists, offset)
            }
            "filter" => {
                let items = self.items(args.get(1)?)?;
                let mut kept = Vec::new();
                for item in items.into_iter().take(10_000) {
                    let keep = match &first?.value {
                        Value::None => item.value.truth(),
                        Value::Function(closure) => self
                            .invoke(&Rc::clone(closure), vec![item.clone()], Named::new())
                            .value
                            .truth(),
                        _ => None,
                    };
                    if keep != Some(false) {
                        kept.push(item);
                    }
                }
                Some(Cell::of(Value::list(kept)))
            }
            "functools.reduce" | "reduce" => self.reduce(frame, args, offset),
            _ => None,
        }
    }

    fn reduce(&mut self, frame: &mut Frame<'_>, args: &[Cell], offset: u32) -> Option<Cell> {
        let function = args.first()?.clone();
        let items = self.items(args.get(1)?)?;
        let mut items = items.into_iter();
        let mut sum = match args.get(2) {
            Some(start) => start.clone(),
            None => items.next()?,
        };
        for item in items {
            if !self.spend_loop() {
                return None;
            }
            sum = self.apply(frame, &function, vec![sum, item], Named::new(), offset);
        }
        Some(sum)
    }

    fn sequence_call(&mut self, path: &str, args: &[Cell], named: &Named) -> Option<Cell> {
        let first = args.first();
        if path == "dict" {
            return self.make_dict(first, named);
        }
        let mut items = match first {
            Some(first) => self.items(first)?,
            None => Vec::new(),
        };
        Some(Cell::of(match path {
            "tuple" => Value::Tuple(items.into()),
            "itertools.cycle" => Value::Cycle(items.into()),
            "next" => return items.into_iter().next(),
            "reversed" => {
                items.reverse();
                let cell = Cell::of(Value::list(items));
                return Some(cell.with(Taint::ASSEMBLED));
            }
            "enumerate" => Value::list(
                items
                    .into_iter()
                    .enumerate()
                    .map(|(at, item)| {
                        Cell::of(Value::Tuple([Cell::of(Value::Int(at as i64)), item].into()))
                    })
                    .collect(),
            ),
            "sorted" | "itertools.repeat" | "itertools.islice" => return None,
            "zip" | "zip_longest" => {
                let lists: Option<Vec<Vec<Cell>>> = {
                    let len = args
                        .iter()
                        .filter(|a| !matches!(a.value, Value::Cycle(_)))
                        .map(|a| self.items(a).map(|i| i.len()))
                        .min()??;
                    args.iter().map(|a| self.cycled(a, len)).collect()
                };
                Value::list(transpose(&lists?))
            }
            "itertools.chain" => {
                let mut all = Vec::new();
                for arg in args {
                    all.extend(self.items(arg)?);
                }
                Value::list(all)
            }
            "itertools.chain.from_iterable" => {
                let mut all = Vec::new();
                for item in items {
                    all.extend(self.items(&item)?);
                }
                Value::list(all)
            }
            _ => Value::list(items),
        }))
    }

    fn cycled(&self, cell: &Cell, len: usize) -> Option<Vec<Cell>> {
        match &cell.value {
            Value::Cycle(items) if !items.is_empty() => {
                Some(items.iter().cycle().take(len).cloned().collect())
            }
            _ => self.items(cell),
        }
    }

    fn make_dict(&mut self, first: Option<&Cell>, named: &Named) -> Option<Cell> {
        let mut dict = crate::value::Dict::default();
        if let Some(first) = first {
            if let Value::Dict(other) = &first.value {
                for (key, value) in &other.try_borrow().ok()?.entries {
                    dict.set(key.clone(), value.clone());
                }
            } else {
                if first.value.is_opaque() {
                    return None;
                }
                for pair in self.items(first)? {
                    let mut pair = self.items(&pair)?.into_iter();
                    dict.set(pair.next()?, pair.next()?);
                }
            }
        }
        for (name, value) in named {
            dict.set(Cell::text(name.as_deref()?), value.clone());
        }
        Some(Cell::of(Value::Dict(Rc::new(std::cell::RefCell::new(
            dict,
        )))))
    }

    fn map(
        &mut self,
        frame: &mut Frame<'_>,
        function: &Cell,
        lists: &[Cell],
        offset: u32,
    ) -> Option<Cell> {
        let Some(lists) = lists
            .iter()
            .map(|l| self.items(l))
            .collect::<Option<Vec<_>>>()
        else {
            // Over unknown items a function of the artifact still runs.
            let args: Vec<Cell> = lists
                .iter()
                .map(|l| Cell::tainted(l.deep_taint()))
                .collect();
            let cell = self.apply(frame, function, args, Named::new(), offset);
            return Some(Cell::tainted(cell.deep_taint()));
        };
        let len = lists.iter().map(Vec::len).min()?;
        let mut out = Vec::with_capacity(len.min(10_000));
        for at in 0..len {
            if at > 2 && !self.spend_loop() {
                return None;
            }
            let args = lists.iter().filter_map(|l| l.get(at).cloned()).collect();
            out.push(self.apply(frame, function, args, Named::new(), offset));
        }
        Some(Cell::of(Value::list(out)))
    }

    fn number(&mut self, path: &str, args: &[Cell]) -> Option<Cell> {
        if args.is_empty() {
            return match path {
                "bytearray" | "list" => Some(Cell::of(Value::list(Vec::new()))),
                "bytes" => Some(Cell::of(Value::Bytes(Rc::default()))),
                "str" => Some(Cell::text("")),
                _ => None,
            };
        }
        let first = args.first()?;
        Some(Cell::of(match path {
            "chr" | "unichr" => {
                let c = u32::try_from(first.value.int()?)
                    .ok()
                    .and_then(char::from_u32)?;
                let cell = Cell::of(Value::Str(c.encode_utf8(&mut [0; 4]).into()));
                return Some(cell.with(Taint::ASSEMBLED));
            }
            "ord" => match &first.value {
                Value::Str(text) => Value::Int(i64::from(u32::from(text.chars().next()?))),
                Value::Bytes(bytes) => Value::Int(i64::from(*bytes.first()?)),
                _ => return None,
            },
            "len" => Value::Int(match &first.value {
                Value::Str(text) => text.chars().count() as i64,
                Value::Bytes(bytes) => bytes.len() as i64,
                Value::Path(_) | Value::Unknown => return None,
                // What is collected while the program runs is not all here.
                Value::List(items) if collects(items) => return None,
                _ => self.items(first)?.len() as i64,
            }),
            "int" | "long" => match integer(first, args.get(1)) {
                Some(value) => value,
                None => self.big_integer(first, args.get(1))?,
            },
            "float" => match &first.value {
                Value::Str(text) => Value::Float(text.trim().parse().ok()?),
                other => Value::Float(other.int()? as f64),
            },
            "bool" => Value::Bool(first.value.truth()?),
            _ => return self.arithmetic(path, first, args),
        }))
    }

    /// A text of digits beyond 64 bits.
    fn big_integer(&mut self, first: &Cell, base: Option<&Cell>) -> Option<Value> {
        let base = match base {
            Some(base) => u32::try_from(base.value.int()?).ok()?,
            None => 10,
        };
        if let Value::Big(_) = first.value {
            return Some(first.value.clone());
        }
        let text = first.as_text()?.trim().to_ascii_lowercase();
        let digits = match base {
            16 => text.trim_start_matches("0x"),
            2 => text.trim_start_matches("0b"),
            _ => &text,
        };
        if !self.pay(crate::number::cost(digits.len(), base)) {
            return None;
        }
        crate::number::parse(digits, base).map(|bytes| Value::Big(bytes.into()))
    }

    fn arithmetic(&mut self, path: &str, first: &Cell, args: &[Cell]) -> Option<Cell> {
        Some(Cell::of(match path {
            "abs" => Value::Int(first.value.int()?.checked_abs()?),
            "hex" => match &first.value {
                Value::Big(bytes) => Value::Str(format!("0x{}", hexadecimal(bytes)).into()),
                other => Value::Str(format!("{:#x}", other.int()?).into()),
            },
            "oct" => Value::Str(format!("{:#o}", first.value.int()?).into()),
            "bin" => Value::Str(format!("{:#b}", first.value.int()?).into()),
            "round" => match &first.value {
                Value::Float(v) if args.len() == 1 => Value::Int(v.round() as i64),
                other => Value::Int(other.int()?),
            },
            "pow" | "operator.pow" => {
                return Some(self.binary(first, BinaryOp::Pow, args.get(1)?));
            }
            "operator.xor" => return Some(self.binary(first, BinaryOp::Xor, args.get(1)?)),
            "operator.add" | "operator.concat" => {
                return Some(self.binary(first, BinaryOp::Add, args.get(1)?));
            }
            "operator.sub" => return Some(self.binary(first, BinaryOp::Sub, args.get(1)?)),
            "operator.mul" => return Some(self.binary(first, BinaryOp::Mul, args.get(1)?)),
            "sum" | "min" | "max" => return self.aggregate(path, args),
            "str" | "unicode" | "repr" | "ascii" | "format" | "os.fspath" => {
                return self.text_of(path, args);
            }
            "bytes" | "memoryview" => return self.bytes_of(args),
            // A bytearray is changed in place: a list of numbers.
            "bytearray" => {
                let bytes = self.bytes_of(args)?;
                return self.items(&bytes).map(|items| Cell::of(Value::list(items)));
            }
            _ => return None,
        }))
    }

    fn aggregate(&mut self, path: &str, args: &[Cell]) -> Option<Cell> {
        let items = if args.len() > 1 && path != "sum" {
            args.to_vec()
        } else {
            self.items(args.first()?)?
        };
        let ints: Option<Vec<i64>> = items.iter().map(|c| c.value.int()).collect();
        let ints = ints?;
        Some(Cell::of(Value::Int(match path {
            "sum" => ints.iter().try_fold(0i64, |a, b| a.checked_add(*b))?,
            "min" => *ints.iter().min()?,
            _ => *ints.iter().max()?,
        })))
    }

    fn text_of(&mut self, path: &str, args: &[Cell]) -> Option<Cell> {
        let first = args.first()?;
        if let (Value::Bytes(bytes), Some(_)) = (&first.value, args.get(1)) {
            let text = String::from_utf8_lossy(bytes).into_owned();
            return Some(self.folded_text(text));
        }
        if path == "format" && args.len() > 1 {
            let text = super::format::number(first.value.int()?, args.get(1)?.as_text()?)?;
            return Some(self.folded_text(text));
        }
        let quoted = path == "repr" || path == "ascii";
        if let (Value::Partial(_), Some(text)) = (&first.value, self.path_text_of(first)) {
            return Some(Cell::of(Value::Str(text)));
        }
        let text = super::format::shown(&first.value, quoted)?;
        Some(self.folded_text(text))
    }

    fn bytes_of(&mut self, args: &[Cell]) -> Option<Cell> {
        let first = args.first()?;
        let bytes = match &first.value {
            Value::Str(text) => super::bytes::encode(text, args.get(1))?,
            Value::Bytes(bytes) => return Some(Cell::of(Value::Bytes(Rc::clone(bytes)))),
            Value::Int(len) => {
                let len = usize::try_from(*len).ok().filter(|len| *len <= 1 << 16)?;
                vec![0; len]
            }
            Value::List(_) | Value::Tuple(_) => {
                let items = self.items(first)?;
                let bytes: Option<Vec<u8>> = items
                    .iter()
                    .map(|c| c.value.int().and_then(|v| u8::try_from(v).ok()))
                    .collect();
                let taint = items.iter().fold(Taint::ASSEMBLED, |t, c| t.and(c.taint));
                return Some(self.folded_bytes(bytes?).with(taint));
            }
            _ => return None,
        };
        Some(self.folded_bytes(bytes))
    }
}

/// Whether a list holds things nothing is known of, with an origin.
fn collects(items: &std::cell::RefCell<Vec<Cell>>) -> bool {
    items.try_borrow().is_ok_and(|items| {
        items
            .first()
            .is_some_and(|c| c.value.is_opaque() && c.taint != Taint::NONE)
    })
}

/// Digits without zeros before them.
fn hexadecimal(bytes: &[u8]) -> String {
    let digits = super::bytes::hexadecimal(bytes);
    digits.trim_start_matches('0').to_owned()
}

fn transpose(lists: &[Vec<Cell>]) -> Vec<Cell> {
    let len = lists.iter().map(Vec::len).min().unwrap_or(0);
    (0..len)
        .map(|at| {
            let row: Vec<Cell> = lists.iter().filter_map(|l| l.get(at).cloned()).collect();
            Cell::of(Value::Tuple(row.into()))
        })
        .collect()
}

fn range(args: &[Cell]) -> Option<Vec<Cell>> {
    let ints: Option<Vec<i64>> = args.iter().map(|c| c.value.int()).collect();
    let (start, stop, step) = match *ints? {
        [stop] => (0, stop, 1),
        [start, stop] => (start, stop, 1),
        [start, stop, step] if step != 0 => (start, stop, step),
        _ => return None,
    };
    let span = if step > 0 {
        stop.checked_sub(start)?
    } else {
        start.checked_sub(stop)?
    };
    if span / step.checked_abs()? > MAX_RANGE {
        return None;
    }
    let mut cells = Vec::new();
    let mut at = start;
    while if step > 0 { at < stop } else { at > stop } {
        cells.push(Cell::of(Value::Int(at)));
        at = at.checked_add(step)?;
    }
    Some(cells)
}

fn integer(first: &Cell, base: Option<&Cell>) -> Option<Value> {
    match &first.value {
        Value::Float(v) => Some(Value::Int(*v as i64)),
        Value::Str(text) => {
            let base = match base {
                Some(base) => u32::try_from(base.value.int()?).ok()?,
                None => 10,
            };
            let text = text.trim().replace('_', "").to_ascii_lowercase();
            let digits = match base {
                16 => text.trim_start_matches("0x"),
                2 => text.trim_start_matches("0b"),
                8 => text.trim_start_matches("0o"),
                3..=36 => &text,
                _ => return None,
            };
            i64::from_str_radix(digits, base).ok().map(Value::Int)
        }
        other => other.int().map(Value::Int),
    }
}
