//! Code objects in the order they stand, with their names and texts.

use std::rc::Rc;

use super::Version;
use super::reader::{Object, RawCode, Reader};

/// Most code objects, names and texts kept of a file. References make small files name the same object without end,
/// so visits are counted, not objects.
const VISITS: u32 = 1_000_000;
/// Most bytes of texts kept, for the same reason.
const BYTES: usize = 64 << 20;
/// Shortest run of characters that counts as text in data nobody can read.
const RUN: usize = 5;
/// Most such runs.
const RUNS: usize = 50_000;

/// One code object: a module, class, function, lambda or comprehension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// Its name: `<module>`, a function's.
    pub name: String,
    /// The file it says it was compiled from.
    pub filename: String,
    /// Line in that file.
    pub first_line: u32,
    /// Names of globals, attributes and imports.
    pub names: Vec<String>,
    /// Names of parameters and local variables.
    pub variables: Vec<String>,
    /// Names of variables that inner or outer functions share, where they are not among these (before 3.11).
    pub cells: Vec<String>,
    /// Constants that are text, those in tuples and sets included.
    pub strings: Vec<String>,
    /// Constants that are bytes but no text.
    pub bytes: Vec<Vec<u8>>,
    /// Length of its instructions in bytes.
    pub instructions: usize,
}

/// What marshalled data holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// Code objects, outer before inner.
    pub codes: Vec<Code>,
    /// Texts outside code objects; when the data is not complete, everything that looks like text.
    pub strings: Vec<String>,
    /// Whether all of it could be read.
    pub complete: bool,
}

/// Reads data of one version.
pub(super) fn module(bytes: &[u8], version: Version) -> Module {
    let mut reader = Reader::new(bytes, version);
    let object = reader.object();
    let mut collector = Collector {
        module: Module {
            complete: object.is_some(),
            ..Module::default()
        },
        left: VISITS,
        bytes: BYTES,
        waiting: Vec::new(),
    };
    // A few bytes behind the object are harmless, much is data somebody put there.
    collector.module.complete &= reader.left() < 64;
    if let Some(object) = object {
        let mut outside = Code::default();
        collector.constants(&object, &mut outside, 0);
        collector.module.strings = outside.strings;
    }
    collector.run();
    collector.module
}

struct Collector {
    module: Module,
    left: u32,
    bytes: usize,
    waiting: Vec<Rc<RawCode>>,
}

impl Collector {
    fn run(&mut self) {
        while let Some(raw) = self.waiting.pop() {
            let mut code = Code {
                name: text(&raw.name),
                filename: text(&raw.filename),
                first_line: raw.first_line,
                instructions: raw.instructions,
                ..Code::default()
            };
            let mut inner = Vec::new();
            std::mem::swap(&mut inner, &mut self.waiting);
            self.constants(&raw.constants, &mut code, 0);
            // Inner code in the order it stands: the newest is taken first.
            self.waiting.reverse();
            inner.append(&mut self.waiting);
            self.waiting = inner;
            code.names = self.texts(&raw.names);
            code.variables = self.texts(&raw.variables);
            code.cells = raw.cells.iter().flat_map(|c| self.texts(c)).collect();
            self.module.codes.push(code);
        }
    }

    /// Whether another object of a size may be kept.
    fn visit(&mut self, size: usize) -> bool {
        self.left = self.left.saturating_sub(1);
        let fits = size <= self.bytes;
        self.bytes -= if fits { size } else { 0 };
        let more = self.left > 0 && fits;
        self.module.complete &= more;
        more
    }

    /// Sorts constants into texts, bytes and code. The depth is the reader's: references add none.
    fn constants(&mut self, object: &Object, code: &mut Code, depth: u32) {
        let size = match object {
            Object::Text(text) => text.len(),
            Object::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        if !self.visit(size) || depth > 200 {
            return;
        }
        match object {
            Object::Text(text) => code.strings.push(text.to_string()),
            Object::Bytes(bytes) => code.bytes.push(bytes.to_vec()),
            Object::Many(objects) => {
                for object in objects.iter() {
                    self.constants(object, code, depth + 1);
                }
            }
            Object::Code(inner) => self.waiting.push(Rc::clone(inner)),
            Object::Other | Object::End => {}
        }
    }

    fn texts(&mut self, object: &Object) -> Vec<String> {
        let Object::Many(objects) = object else {
            return Vec::new();
        };
        let mut texts = Vec::new();
        for object in objects.iter() {
            if let Object::Text(text) = object {
                if !self.visit(text.len()) {
                    break;
                }
                texts.push(text.to_string());
            }
        }
        texts
    }
}

fn text(object: &Object) -> String {
    match object {
        Object::Text(text) => text.to_string(),
        _ => String::new(),
    }
}

/// Runs of printable characters in data nobody can read.
pub(super) fn runs(bytes: &[u8]) -> Vec<String> {
    bytes
        .split(|b| !(0x20..0x7f).contains(b))
        .filter(|run| run.len() >= RUN)
        .take(RUNS)
        .map(|run| String::from_utf8_lossy(run).into_owned())
        .collect()
}
