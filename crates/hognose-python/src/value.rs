//! What the interpreter knows of a value, and where it came from.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use crate::machine::{ClassObject, Closure, Instance, ModuleId};
use crate::names::{Names, PathId};

/// Where data came from: a set of labels whose meaning the observer defines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Taint(pub u64);

impl Taint {
    /// From nowhere in particular.
    pub const NONE: Self = Self(0);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True when any label of the other is in it.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Only the labels of the other.
    #[must_use]
    pub const fn within(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Without the labels of the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// A value with its origin.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What is known of it.
    pub value: Value,
    /// Where it came from.
    pub taint: Taint,
}

impl Cell {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self {
        value: Value::Unknown,
        taint: Taint::NONE,
    };

    /// A value from nowhere in particular.
    pub fn of(value: Value) -> Self {
        Self {
            value,
            taint: Taint::NONE,
        }
    }

    /// An unknown value with an origin.
    pub fn tainted(taint: Taint) -> Self {
        Self {
            value: Value::Unknown,
            taint,
        }
    }

    /// The same with more labels.
    #[must_use]
    pub fn with(mut self, taint: Taint) -> Self {
        self.taint = self.taint.and(taint);
        self
    }

    /// A text.
    pub fn text(text: &str) -> Self {
        Self::of(Value::Str(text.into()))
    }

    /// The text, when it is one and known.
    pub fn as_text(&self) -> Option<&Rc<str>> {
        match &self.value {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Labels of the value and of what it holds (two levels deep).
    pub fn deep_taint(&self) -> Taint {
        self.taint_to(3)
    }

    fn taint_to(&self, levels: u8) -> Taint {
        if levels == 0 {
            return self.taint;
        }
        let all = |cells: &[Self]| {
            cells
                .iter()
                .take(256)
                .fold(self.taint, |t, c| t.and(c.taint_to(levels - 1)))
        };
        match &self.value {
            Value::Tuple(cells) | Value::Cycle(cells) => all(cells),
            Value::List(cells) => cells.try_borrow().map_or(self.taint, |c| all(&c)),
            Value::Dict(dict) => dict.try_borrow().map_or(self.taint, |dict| {
                dict.entries.iter().take(256).fold(self.taint, |t, (k, v)| {
                    t.and(k.taint_to(levels - 1)).and(v.taint_to(levels - 1))
                })
            }),
            _ => self.taint,
        }
    }
}

/// What is known of a value.
#[derive(Clone)]
pub enum Value {
    /// Nothing.
    Unknown,
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// A positive integer beyond 64 bits: its bytes, highest first, without zeros before them.
    Big(Rc<[u8]>),
    /// A float.
    Float(f64),
    /// A text.
    Str(Rc<str>),
    /// Bytes (or a bytearray).
    Bytes(Rc<[u8]>),
    /// A tuple.
    Tuple(Rc<[Cell]>),
    /// A list, set, iterator or generator: shared and changeable.
    List(Rc<RefCell<Vec<Cell>>>),
    /// `itertools.cycle` of the items.
    Cycle(Rc<[Cell]>),
    /// A dict.
    Dict(Rc<RefCell<Dict>>),
    /// Something outside the artifact, by its dotted path.
    Path(PathId),
    /// A function of the artifact, maybe bound.
    Function(Rc<Closure>),
    /// A class of the artifact.
    Class(Rc<ClassObject>),
    /// An object of a class of the artifact.
    Instance(Rc<Instance>),
    /// A module of the artifact.
    Module(ModuleId),
    /// `functools.partial` and bound methods of built-in values: callee and first arguments.
    Partial(Rc<(Cell, Vec<Cell>)>),
    /// The text of compiled code.
    Code(Rc<str>),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("?"),
            Self::None => f.write_str("None"),
            Self::Bool(v) => write!(f, "{v}"),
            Self::Int(v) => write!(f, "{v}"),
            Self::Big(v) => write!(f, "integer of {} bytes", v.len()),
            Self::Float(v) => write!(f, "{v}"),
            Self::Str(v) => write!(f, "{v:?}"),
            Self::Bytes(v) => write!(f, "b{:?}", String::from_utf8_lossy(v)),
            Self::Tuple(v) => write!(f, "tuple of {}", v.len()),
            Self::List(_) => f.write_str("list"),
            Self::Cycle(_) => f.write_str("cycle"),
            Self::Dict(_) => f.write_str("dict"),
            Self::Path(_) => f.write_str("path"),
            Self::Function(_) => f.write_str("function"),
            Self::Class(_) => f.write_str("class"),
            Self::Instance(_) => f.write_str("instance"),
            Self::Module(_) => f.write_str("module"),
            Self::Partial(_) => f.write_str("partial"),
            Self::Code(_) => f.write_str("code"),
        }
    }
}

impl Value {
    /// A list of the cells.
    pub fn list(cells: Vec<Cell>) -> Self {
        Self::List(Rc::new(RefCell::new(cells)))
    }

    /// True when nothing is known, or only a path.
    pub fn is_opaque(&self) -> bool {
        matches!(self, Self::Unknown | Self::Path(_))
    }

    /// True for texts, bytes, numbers, `None` and booleans.
    pub fn is_scalar(&self) -> bool {
        matches!(
            self,
            Self::None
                | Self::Bool(_)
                | Self::Int(_)
                | Self::Float(_)
                | Self::Str(_)
                | Self::Bytes(_)
        )
    }

    /// Whether it is true in a condition, when known.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Self::None => Some(false),
            Self::Bool(v) => Some(*v),
            Self::Int(v) => Some(*v != 0),
            Self::Float(v) => Some(*v != 0.0),
            Self::Str(v) => Some(!v.is_empty()),
            Self::Bytes(v) => Some(!v.is_empty()),
            Self::Tuple(v) => Some(!v.is_empty()),
            Self::Function(_) | Self::Class(_) | Self::Module(_) | Self::Code(_) | Self::Big(_) => {
                Some(true)
            }
            _ => None,
        }
    }

    /// The integer, also of a boolean.
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(v) => Some(*v),
            Self::Bool(v) => Some(i64::from(*v)),
            _ => None,
        }
    }

    /// Equality of scalars; `None` when not known.
    pub fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Str(a), Self::Str(b)) => Some(a == b),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a == b),
            (Self::None, Self::None) => Some(true),
            (a, b) if a.int().is_some() && b.int().is_some() => Some(a.int() == b.int()),
            (a, b) if a.is_scalar() && b.is_scalar() => Some(false),
            _ => None,
        }
    }

    /// The path as text, when it is one.
    pub fn path_text(&self, names: &Names) -> Option<Rc<str>> {
        match self {
            Self::Path(path) => Some(names.path(*path)),
            _ => None,
        }
    }
}

/// Entries of one dict that are kept.
const MAX_ENTRIES: usize = 50_000;
/// Entries from which on unknown keys are no longer told apart.
const MAX_UNKNOWN: usize = 256;

/// A dict, in order of insertion. Look-up is by a map for texts and linear for the rest.
#[derive(Debug, Default)]
pub struct Dict {
    /// Keys and values.
    pub entries: Vec<(Cell, Cell)>,
    by_text: rustc_hash::FxHashMap<Rc<str>, usize>,
}

impl Dict {
    /// The value of a key.
    pub fn get(&self, key: &Value) -> Option<&Cell> {
        self.position(key)
            .and_then(|at| self.entries.get(at))
            .map(|(_, value)| value)
    }

    fn position(&self, key: &Value) -> Option<usize> {
        if let Value::Str(text) = key {
            return self.by_text.get(text).copied();
        }
        self.entries
            .iter()
            .take(1_024)
            .position(|(known, _)| known.value.equals(key) == Some(true))
    }

    /// Sets the value of a key; unknown keys are appended, up to a limit: `d.update(d)` must not double for ever.
    pub fn set(&mut self, key: Cell, value: Cell) {
        let most = if key.value.is_scalar() {
            MAX_ENTRIES
        } else {
            MAX_UNKNOWN
        };
        if self.entries.len() >= most && self.position(&key.value).is_none() {
            if let Some((_, last)) = self.entries.last_mut() {
                last.taint = last.taint.and(key.taint).and(value.taint);
            }
            return;
        }
        if let Some(at) = self.position(&key.value) {
            if let Some(entry) = self.entries.get_mut(at) {
                entry.1 = value;
            }
            return;
        }
        if let Value::Str(text) = &key.value {
            self.by_text.insert(Rc::clone(text), self.entries.len());
        }
        self.entries.push((key, value));
    }
}
