//! Objects out of marshalled bytes, within limits.

use std::rc::Rc;

use super::Version;

/// Deepest nesting; CPython refuses 2000, compilers write less than 100.
const DEPTH: u32 = 150;
/// Most objects of one file.
const OBJECTS: u32 = 1_000_000;

/// An object, as far as it matters.
#[derive(Clone, Debug)]
pub(super) enum Object {
    /// Text, or bytes that are text.
    Text(Rc<str>),
    /// Other bytes.
    Bytes(Rc<[u8]>),
    /// A tuple, list, set, dictionary (keys and values in turn) or slice.
    Many(Rc<[Object]>),
    Code(Rc<RawCode>),
    /// A number, `None` and the like.
    Other,
    /// The end of a dictionary.
    End,
}

/// A code object with its parts as they stand.
#[derive(Debug)]
pub(super) struct RawCode {
    pub(super) first_line: u32,
    pub(super) constants: Object,
    pub(super) names: Object,
    pub(super) variables: Object,
    /// Variables shared with inner and outer functions, where they stand apart.
    pub(super) cells: [Object; 2],
    pub(super) filename: Object,
    pub(super) name: Object,
    pub(super) instructions: usize,
}

#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    version: Version,
    references: Vec<Object>,
    /// Python 2 numbers its interned strings apart.
    interned: Vec<Object>,
    objects: u32,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], version: Version) -> Self {
        Self {
            rest: bytes,
            version,
            references: Vec::new(),
            interned: Vec::new(),
            objects: 0,
        }
    }

    /// Bytes not read yet.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(head)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn int(&mut self) -> Option<i32> {
        self.take(4)?.try_into().ok().map(i32::from_le_bytes)
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.int()?).ok()
    }

    /// The next object. Nothing when the data is cut off, too deep, too much or of an unknown kind.
    pub(super) fn object(&mut self) -> Option<Object> {
        self.at_depth(0)
    }

    fn at_depth(&mut self, depth: u32) -> Option<Object> {
        self.objects += 1;
        if depth > DEPTH || self.objects > OBJECTS {
            return None;
        }
        let code = self.byte()?;
        let kind = code & 0x7f;
        // The number is taken before the parts are read: they may refer to each other by it.
        let reserved = (code & 0x80 != 0 && self.version >= Version(3, 4)).then(|| {
            self.references.push(Object::Other);
            self.references.len() - 1
        });
        let object = match kind {
            b'0' => Object::End,
            b'N' | b'T' | b'F' | b'S' | b'.' => Object::Other,
            b'i' => self.skip(4)?,
            b'I' | b'g' => self.skip(8)?,
            b'y' => self.skip(16)?,
            b'f' => self.short_number(1)?,
            b'x' => self.short_number(2)?,
            b'l' => {
                let digits = usize::try_from(self.int()?.unsigned_abs()).ok()?;
                self.skip(digits.checked_mul(2)?)?
            }
            b's' | b't' | b'u' | b'a' | b'A' | b'z' | b'Z' => self.string(kind)?,
            b'R' => {
                let at = self.length()?;
                self.interned.get(at)?.clone()
            }
            b'r' => {
                let at = self.length()?;
                self.references.get(at)?.clone()
            }
            b'(' | b'[' | b'<' | b'>' => {
                let length = self.length()?;
                self.many(length, depth)?
            }
            b')' => {
                let length = usize::from(self.byte()?);
                self.many(length, depth)?
            }
            b':' => self.many(3, depth)?,
            b'{' => self.dictionary(depth)?,
            b'c' => self.code(depth)?,
            _ => return None,
        };
        if let Some(slot) = reserved.and_then(|at| self.references.get_mut(at)) {
            *slot = object.clone();
        }
        Some(object)
    }

    fn skip(&mut self, length: usize) -> Option<Object> {
        self.take(length).map(|_| Object::Other)
    }

    /// Numbers written as text, with their length before each.
    fn short_number(&mut self, count: usize) -> Option<Object> {
        for _ in 0..count {
            let length = usize::from(self.byte()?);
            self.take(length)?;
        }
        Some(Object::Other)
    }

    fn string(&mut self, kind: u8) -> Option<Object> {
        let length = match kind {
            b'z' | b'Z' => usize::from(self.byte()?),
            _ => self.length()?,
        };
        let bytes = self.take(length)?;
        let object = match std::str::from_utf8(bytes) {
            Ok(text) => Object::Text(text.into()),
            Err(_) => Object::Bytes(bytes.into()),
        };
        if kind == b't' && self.version < Version(3, 0) {
            self.interned.push(object.clone());
        }
        Some(object)
    }

    fn many(&mut self, length: usize, depth: u32) -> Option<Object> {
        // Every object has a byte at least: a longer length lies.
        if length > self.rest.len() {
            return None;
        }
        let mut objects = Vec::with_capacity(length.min(4_096));
        for _ in 0..length {
            objects.push(self.at_depth(depth + 1)?);
        }
        Some(Object::Many(objects.into()))
    }

    fn dictionary(&mut self, depth: u32) -> Option<Object> {
        let mut objects = Vec::new();
        loop {
            match self.at_depth(depth + 1)? {
                Object::End => return Some(Object::Many(objects.into())),
                key => objects.push(key),
            }
            objects.push(self.at_depth(depth + 1)?);
        }
    }

    fn code(&mut self, depth: u32) -> Option<Object> {
        let Version(major, minor) = self.version;
        let new = major == 3 && minor >= 11;
        // Counts of arguments and locals, stack size, flags.
        let numbers = match (major, minor) {
            (2, _) => 4,
            (_, 8..=10) => 6,
            _ => 5,
        };
        self.take(numbers * 4)?;
        let mut next = || self.at_depth(depth + 1);
        let instructions = match next()? {
            Object::Text(text) => text.len(),
            Object::Bytes(bytes) => bytes.len(),
            _ => return None,
        };
        let constants = next()?;
        let names = next()?;
        let variables = next()?;
        let cells = if new {
            next()?; // Kinds of the variables.
            [Object::Other, Object::Other]
        } else {
            [next()?, next()?]
        };
        let filename = next()?;
        let name = next()?;
        if new {
            next()?; // Qualified name.
        }
        let first_line = u32::try_from(self.int()?).unwrap_or(0);
        self.at_depth(depth + 1)?; // Line numbers.
        if new {
            self.at_depth(depth + 1)?; // Exceptions.
        }
        Some(Object::Code(Rc::new(RawCode {
            first_line,
            constants,
            names,
            variables,
            cells,
            filename,
            name,
            instructions,
        })))
    }
}
