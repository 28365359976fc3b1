//! Marshalled code objects as they lie in a file: nothing of it is copied, and nothing that is not compared is looked at.
//!
//! `hognose_python::marshal` makes values that outlive the file; an environment has as many files of bytecode as modules, and
//! there copying is most of the work.

use std::ops::Range;

use hognose_python::marshal::Version;

/// Deepest nesting; CPython refuses 2000, compilers write less than 100.
const DEPTH: u32 = 150;
/// Most objects of one file.
const OBJECTS: u32 = 1_000_000;
/// Most visits of objects: references make small files name the same object without end.
const VISITS: u32 = 1_000_000;
/// Bytes behind the object that are harmless; more is data that somebody put there.
const BEHIND: usize = 64;

/// An object, as far as it matters.
#[derive(Clone, Copy, Debug)]
enum Object<'a> {
    /// Text, or bytes that are text.
    Text(&'a str),
    Bytes(&'a [u8]),
    /// A tuple, list, set, dictionary (keys and values in turn) or slice: a part of [`Module::items`].
    Many(u32, u32),
    /// A part of [`Module::codes`].
    Code(u32),
    /// A number, `None` and the like.
    Other,
    /// The end of a dictionary.
    End,
}

/// One code object.
#[derive(Debug)]
pub(super) struct Code<'a> {
    pub(super) name: &'a str,
    pub(super) first_line: u32,
    /// Names of globals and attributes, of parameters and variables, of those that are shared.
    names: [Object<'a>; 4],
    constants: Object<'a>,
}

/// What a constant is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Constant<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Module<'a> {
    items: Vec<Object<'a>>,
    /// In the order in which they end: inner before outer.
    codes: Vec<Code<'a>>,
    /// Positions of them in the order in which they begin.
    order: Vec<u32>,
    constants: Vec<Constant<'a>>,
    /// The constants of each code object.
    of_code: Vec<Range<usize>>,
    /// Texts outside code objects.
    outside: Range<usize>,
}

/// Reads a file of bytecode behind its header; none where it is not of this version, cut off, or larger than any compiler
/// writes.
pub(super) fn read(bytes: &[u8], version: Version) -> Option<Module<'_>> {
    let mut reader = Reader {
        rest: bytes,
        version,
        references: Vec::new(),
        stack: Vec::new(),
        module: Module::default(),
        objects: 0,
    };
    let object = reader.object(0)?;
    if reader.rest.len() >= BEHIND {
        return None;
    }
    let mut module = reader.module;
    module.arrange(object)?;
    (!module.order.is_empty()).then_some(module)
}

impl<'a> Module<'a> {
    /// All code objects, outer before inner, with their places.
    pub(super) fn codes(&self) -> impl Iterator<Item = (usize, &Code<'a>)> {
        self.order
            .iter()
            .filter_map(|at| Some((*at as usize, self.codes.get(*at as usize)?)))
    }

    /// How many places there are.
    pub(super) fn places(&self) -> usize {
        self.codes.len()
    }

    /// Every name that a code object uses.
    pub(super) fn names(&self, code: &Code<'a>) -> impl Iterator<Item = &'a str> {
        let objects = code.names.into_iter().flat_map(|many| self.parts(many));
        objects.filter_map(|object| match object {
            Object::Text(text) => Some(*text),
            _ => None,
        })
    }

    /// The constants of the code object at a place that are text or bytes, those in tuples and sets included.
    pub(super) fn constants(&self, place: usize) -> &[Constant<'a>] {
        let range = self.of_code.get(place).cloned().unwrap_or_default();
        self.constants.get(range).unwrap_or_default()
    }

    /// Texts outside code objects.
    pub(super) fn outside(&self) -> &[Constant<'a>] {
        self.constants.get(self.outside.clone()).unwrap_or_default()
    }

    fn parts(&self, object: Object<'a>) -> &[Object<'a>] {
        match object {
            Object::Many(start, length) => {
                let start = start as usize;
                let parts = self.items.get(start..start + length as usize);
                parts.unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// Puts code objects in order and constants to their code; none where that takes too long.
    fn arrange(&mut self, root: Object<'a>) -> Option<()> {
        self.of_code = vec![0..0; self.codes.len()];
        let mut is_met = vec![false; self.codes.len()];
        let mut left = VISITS;
        let mut inner = Vec::new();
        self.sort(root, 0, &mut left, &mut inner)?;
        self.outside = 0..self.constants.len();
        let mut waiting = inner;
        while let Some(at) = waiting.pop() {
            let place = at as usize;
            let met = is_met.get_mut(place)?;
            if std::mem::replace(met, true) {
                continue;
            }
            self.order.push(at);
            let start = self.constants.len();
            let constants = self.codes.get(place)?.constants;
            let mut inner = Vec::new();
            self.sort(constants, 0, &mut left, &mut inner)?;
            *self.of_code.get_mut(place)? = start..self.constants.len();
            // The first is taken first.
            waiting.extend(inner.into_iter().rev());
        }
        Some(())
    }

    /// Sorts an object into constants and code.
    fn sort(
        &mut self,
        object: Object<'a>,
        depth: u32,
        left: &mut u32,
        inner: &mut Vec<u32>,
    ) -> Option<()> {
        *left = left.checked_sub(1)?;
        match object {
            Object::Text(text) => self.constants.push(Constant::Text(text)),
            Object::Bytes(bytes) => self.constants.push(Constant::Bytes(bytes)),
            Object::Code(at) => inner.push(at),
            Object::Many(start, length) => {
                // References can nest deeper than what was read.
                let depth = Some(depth + 1).filter(|depth| *depth <= DEPTH)?;
                for at in start..start + length {
                    let part = *self.items.get(at as usize)?;
                    self.sort(part, depth, left, inner)?;
                }
            }
            Object::Other | Object::End => {}
        }
        Some(())
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    version: Version,
    references: Vec<Object<'a>>,
    /// Parts of what is not complete yet.
    stack: Vec<Object<'a>>,
    module: Module<'a>,
    objects: u32,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(head)
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn int(&mut self) -> Option<i32> {
        let (head, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(i32::from_le_bytes(*head))
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.int()?).ok()
    }

    /// The next object. None when the data is cut off, too deep, too much or of an unknown kind.
    fn object(&mut self, depth: u32) -> Option<Object<'a>> {
        self.next(depth, false)
    }

    /// The next object; `is_raw` for bytes that are never text: instructions and tables.
    fn next(&mut self, depth: u32, is_raw: bool) -> Option<Object<'a>> {
        self.objects += 1;
        if depth > DEPTH || self.objects > OBJECTS {
            return None;
        }
        let code = self.byte()?;
        // The number is taken before the parts are read: they may refer to each other by it.
        let reserved = (code & 0x80 != 0 && self.version >= Version(3, 4)).then(|| {
            self.references.push(Object::Other);
            self.references.len() - 1
        });
        let object = match code & 0x7f {
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
            kind @ (b's' | b't' | b'u' | b'a' | b'A' | b'z' | b'Z') => self.string(kind, is_raw)?,
            b'r' => {
                let at = self.length()?;
                *self.references.get(at)?
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
            *slot = object;
        }
        Some(object)
    }

    fn skip(&mut self, length: usize) -> Option<Object<'a>> {
        self.take(length).map(|_| Object::Other)
    }

    /// Numbers written as text, with their length before each.
    fn short_number(&mut self, count: usize) -> Option<Object<'a>> {
        for _ in 0..count {
            let length = usize::from(self.byte()?);
            self.take(length)?;
        }
        Some(Object::Other)
    }

    fn string(&mut self, kind: u8, is_raw: bool) -> Option<Object<'a>> {
        let length = match kind {
            b'z' | b'Z' => usize::from(self.byte()?),
            _ => self.length()?,
        };
        let bytes = self.take(length)?;
        if is_raw {
            return Some(Object::Bytes(bytes));
        }
        Some(std::str::from_utf8(bytes).map_or(Object::Bytes(bytes), Object::Text))
    }

    fn many(&mut self, length: usize, depth: u32) -> Option<Object<'a>> {
        // Every object has a byte at least: a longer length lies.
        if length > self.rest.len() {
            return None;
        }
        let mark = self.stack.len();
        for _ in 0..length {
            let object = self.object(depth + 1)?;
            self.stack.push(object);
        }
        self.gathered(mark)
    }

    fn dictionary(&mut self, depth: u32) -> Option<Object<'a>> {
        let mark = self.stack.len();
        loop {
            match self.object(depth + 1)? {
                Object::End => return self.gathered(mark),
                key => self.stack.push(key),
            }
            let value = self.object(depth + 1)?;
            self.stack.push(value);
        }
    }

    /// What was put on the stack since a mark, side by side.
    fn gathered(&mut self, mark: usize) -> Option<Object<'a>> {
        let start = u32::try_from(self.module.items.len()).ok()?;
        let length = u32::try_from(self.stack.len() - mark).ok()?;
        self.module.items.extend(self.stack.drain(mark..));
        Some(Object::Many(start, length))
    }

    fn code(&mut self, depth: u32) -> Option<Object<'a>> {
        let Version(major, minor) = self.version;
        if major < 3 {
            return None;
        }
        let is_new = minor >= 11;
        // Counts of arguments and locals, stack size, flags.
        let numbers = if (8..=10).contains(&minor) { 6 } else { 5 };
        self.take(numbers * 4)?;
        let depth = depth + 1;
        // Instructions.
        self.next(depth, true)?;
        let constants = self.object(depth)?;
        let mut names = [Object::Other; 4];
        for slot in names.iter_mut().take(2) {
            *slot = self.object(depth)?;
        }
        if is_new {
            // Kinds of the variables.
            self.next(depth, true)?;
        } else {
            for slot in names.iter_mut().skip(2) {
                *slot = self.object(depth)?;
            }
        }
        // The file it was compiled from.
        self.object(depth)?;
        let name = match self.object(depth)? {
            Object::Text(text) => text,
            _ => "",
        };
        if is_new {
            // Qualified name.
            self.object(depth)?;
        }
        let first_line = u32::try_from(self.int()?).unwrap_or(0);
        // Line numbers and exceptions.
        for _ in 0..=usize::from(is_new) {
            self.next(depth, true)?;
        }
        let at = u32::try_from(self.module.codes.len()).ok()?;
        self.module.codes.push(Code {
            name,
            first_line,
            names,
            constants,
        });
        Some(Object::Code(at))
    }
}
