//! Python bytecode as data: the header of `.pyc` files and marshalled code objects of CPython 2.7 and 3.0 to 3.15.
//!
//! Nothing is run and no instruction is decoded: names and constants say enough. Hostile data is the rule here, so the
//! reader counts every object, limits its depth, and never trusts a length.

mod collect;
mod reader;

pub use collect::{Code, Module};

/// A version of CPython, as far as marshalled code differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u8, pub u8);

impl Version {
    /// One version of each layout, newest first: what to try on code without a header.
    pub const LAYOUTS: [Self; 4] = [Self(3, 13), Self(3, 8), Self(3, 4), Self(2, 7)];

    /// The version that writes a magic number; pre-releases count as their release.
    pub fn of_magic(magic: u16) -> Option<Self> {
        let minor = match magic {
            62_161..=62_211 => return Some(Self(2, 7)),
            3_000..=3_131 => 0,
            3_132..=3_180 => 2,
            3_181..=3_230 => 3,
            3_231..=3_310 => 4,
            3_311..=3_359 => 5,
            3_360..=3_379 => 6,
            3_380..=3_399 => 7,
            3_400..=3_419 => 8,
            3_420..=3_429 => 9,
            3_430..=3_449 => 10,
            3_450..=3_499 => 11,
            3_500..=3_549 => 12,
            3_550..=3_599 => 13,
            3_600..=3_649 => 14,
            3_650..=3_699 => 15,
            _ => return None,
        };
        Some(Self(3, minor))
    }
}

/// The header of a `.pyc` file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The version that wrote it, when its magic number is known.
    pub version: Option<Version>,
    /// The number that names the version and layout.
    pub magic: u16,
    /// Whether the file names the hash of its source instead of its time (PEP 552).
    pub by_hash: bool,
    /// The hash of its source, and whether Python compares it before it runs the code.
    pub source_hash: Option<([u8; 8], bool)>,
    /// When its source was written, in seconds modulo 2³².
    pub source_time: Option<u32>,
    /// Size of the source in bytes, modulo 2³².
    pub source_size: Option<u32>,
    /// The marshalled code.
    pub body: &'a [u8],
}

/// Takes a `.pyc` file apart. Nothing when it does not begin with a magic number.
pub fn header(bytes: &[u8]) -> Option<Header<'_>> {
    let [low, high, b'\r', b'\n', rest @ ..] = bytes else {
        return None;
    };
    let magic = u16::from_le_bytes([*low, *high]);
    let version = Version::of_magic(magic);
    let word = |at: usize| {
        rest.get(at..at + 4)?
            .try_into()
            .ok()
            .map(u32::from_le_bytes)
    };
    // Older layouts have no word of flags.
    let (time, size, skip) = match version {
        Some(version) if version < Version(3, 3) => (word(0), None, 4),
        Some(version) if version < Version(3, 7) => (word(0), word(4), 8),
        _ => (word(4), word(8), 12),
    };
    let flags = if skip == 12 { word(0)? } else { 0 };
    let by_hash = flags & 1 == 1;
    let hash = rest.get(4..12).and_then(|hash| hash.try_into().ok());
    Some(Header {
        version,
        magic,
        by_hash,
        source_hash: hash.filter(|_| by_hash).map(|hash| (hash, flags & 2 == 2)),
        source_time: time.filter(|_| !by_hash),
        source_size: size.filter(|_| !by_hash),
        body: rest.get(skip..)?,
    })
}

/// Reads marshalled data: every code object in it with its names and constants. Without a version the layouts are
/// tried; when none fits, what looks like text is all that comes back and the module is not complete.
pub fn read(bytes: &[u8], version: Option<Version>) -> Module {
    let tries: &[Version] = match &version {
        Some(version) => std::slice::from_ref(version),
        None => &Version::LAYOUTS,
    };
    let mut best: Option<Module> = None;
    for version in tries {
        let module = collect::module(bytes, *version);
        if module.complete {
            return module;
        }
        if best
            .as_ref()
            .is_none_or(|best| module.codes.len() > best.codes.len())
        {
            best = Some(module);
        }
    }
    let mut module = best.unwrap_or_default();
    module.strings = collect::runs(bytes);
    module
}
