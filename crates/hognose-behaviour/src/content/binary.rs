//! Compiled code: ELF, PE and Mach-O files, judged by what they are, import, hold and hide. Never run, never unpacked.

mod imports;
mod words;

use object::read::macho::{FatArch, MachOFatFile32, MachOFatFile64};
use object::{BinaryFormat, FileKind, Object, ObjectKind, ObjectSection, SectionKind};

use crate::fact::{Fact, FactKind, Place, Trigger};

/// Most symbols and sections looked at.
const MANY: usize = 100_000;
/// How much of a section its entropy is measured on.
const SAMPLE: usize = 4 << 20;
/// Bits a byte above which machine code is packed or encrypted; compilers stay below 6.9.
const PACKED: f64 = 7.2;
/// Smallest section worth measuring.
const SECTION: usize = 32 * 1024;
/// Data behind the last section that is worth a word.
const OVERLAY: u64 = 64 * 1024;
/// Architectures of one universal file.
const ARCHITECTURES: usize = 8;

/// What a binary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Linux and kin.
    Elf,
    /// Windows.
    Pe,
    /// macOS.
    Macho,
}

impl Format {
    /// The format of bytes by their beginning. A Java class begins like a universal file of macOS, with a version where
    /// that has a small count.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x7f, b'E', b'L', b'F', ..] => Some(Self::Elf),
            [b'M', b'Z', ..] => {
                let at = bytes
                    .get(0x3c..0x40)?
                    .try_into()
                    .ok()
                    .map(u32::from_le_bytes)?;
                let at = usize::try_from(at).ok()?;
                (bytes.get(at..at.checked_add(4)?)? == b"PE\0\0").then_some(Self::Pe)
            }
            [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => {
                Some(Self::Macho)
            }
            [0xca, 0xfe, 0xba, 0xbe | 0xbf, 0, 0, 0, 1..=30, ..] => Some(Self::Macho),
            _ => None,
        }
    }

    fn kind(self) -> FactKind {
        match self {
            Self::Elf => FactKind::BinaryElf,
            Self::Pe => FactKind::BinaryPe,
            Self::Macho => FactKind::BinaryMacho,
        }
    }
}

/// Notes what a binary is and shows. Nothing for other files.
pub fn facts(path: &str, bytes: &[u8], trigger: Trigger, out: &mut Vec<Fact>) {
    let Some(format) = Format::of(bytes) else {
        return;
    };
    let mut view = View { path, trigger, out };
    let slices = slices(bytes);
    let files: Vec<_> = slices
        .iter()
        .filter_map(|slice| object::File::parse(*slice).ok())
        .collect();
    let role = role(&files, bytes);
    view.add(format.kind(), role.describe());
    if role == Role::Program {
        view.add(FactKind::BinaryExecutable, role.describe());
    }
    if let Some(reason) = files.iter().find_map(packed).or_else(|| marked(bytes)) {
        view.add(FactKind::BinaryPacked, &reason);
    }
    for reason in files
        .first()
        .into_iter()
        .flat_map(|file| imports::judge(file, bytes.len()))
    {
        view.add(FactKind::BinaryImports, reason);
    }
    let texts = words::judge(bytes);
    for text in &texts {
        view.add(FactKind::BinaryStrings, text);
    }
    if words::is_implant(&texts) {
        view.add(FactKind::BinaryImplant, &texts.join("; "));
    }
}

/// Runs of printable text, one a line.
pub(crate) fn text(bytes: &[u8]) -> String {
    words::lines(bytes)
}

struct View<'a> {
    path: &'a str,
    trigger: Trigger,
    out: &'a mut Vec<Fact>,
}

impl View<'_> {
    fn add(&mut self, kind: FactKind, detail: &str) {
        self.out.push(Fact::new(
            kind,
            self.trigger,
            Place::file(self.path),
            detail,
        ));
    }
}

/// The architectures of a universal file, else the file itself.
fn slices(bytes: &[u8]) -> Vec<&[u8]> {
    fn data<'a, A: FatArch>(arches: &[A], bytes: &'a [u8]) -> Vec<&'a [u8]> {
        arches
            .iter()
            .take(ARCHITECTURES)
            .filter_map(|arch| arch.data(bytes).ok())
            .collect()
    }
    match FileKind::parse(bytes) {
        Ok(FileKind::MachOFat32) => {
            MachOFatFile32::parse(bytes).map(|fat| data(fat.arches(), bytes))
        }
        Ok(FileKind::MachOFat64) => {
            MachOFatFile64::parse(bytes).map(|fat| data(fat.arches(), bytes))
        }
        _ => return vec![bytes],
    }
    .unwrap_or_default()
}

/// What a binary is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Extension,
    Library,
    Program,
    Unreadable,
}

impl Role {
    fn describe(self) -> &'static str {
        match self {
            Self::Extension => "extension module",
            Self::Library => "shared library",
            Self::Program => "program",
            Self::Unreadable => "cannot be read",
        }
    }
}

fn role(files: &[object::File<'_>], bytes: &[u8]) -> Role {
    let Some(file) = files.first() else {
        return Role::Unreadable;
    };
    if memchr::memmem::find(bytes, b"PyInit_").is_some() && file.kind() != ObjectKind::Executable {
        return Role::Extension;
    }
    match file.kind() {
        ObjectKind::Executable => Role::Program,
        // A position-independent program has an interpreter, a library has none.
        ObjectKind::Dynamic if file.format() == BinaryFormat::Elf && has_interpreter(file) => {
            Role::Program
        }
        _ => Role::Library,
    }
}

fn has_interpreter(file: &object::File<'_>) -> bool {
    file.section_by_name(".interp").is_some() && file.entry() != 0
}

/// Why a file looks packed: the names of its sections, or machine code as dense as encrypted data, or much dense data
/// behind its end.
fn packed(file: &object::File<'_>) -> Option<String> {
    const NAMES: [&str; 14] = [
        "UPX0", "UPX1", "UPX2", ".vmp0", ".vmp1", ".themida", ".winlice", ".aspack", ".adata",
        "MPRESS1", ".petite", ".enigma1", ".nsp0", "pebundle",
    ];
    let mut end = 0;
    for section in file.sections().take(MANY) {
        let name = section.name().unwrap_or_default();
        if NAMES.contains(&name) {
            return Some(format!("section {name}"));
        }
        if let Some((start, size)) = section.file_range() {
            end = end.max(start.saturating_add(size));
        }
        if section.kind() != SectionKind::Text {
            continue;
        }
        let data = section.data().unwrap_or_default();
        let data = data.get(..data.len().min(SAMPLE)).unwrap_or_default();
        if data.len() >= SECTION {
            let bits = entropy(data);
            if bits > PACKED {
                return Some(format!("{bits:.1} bits a byte in {name}"));
            }
        }
    }
    overlay(file, end)
}

/// Data behind the sections of a Windows program: installers and one-file programs carry theirs there.
fn overlay(file: &object::File<'_>, end: u64) -> Option<String> {
    if file.format() != BinaryFormat::Pe || end == 0 {
        return None;
    }
    let object::File::Pe64(pe) = file else {
        return None;
    };
    let data = pe.data();
    let size = (data.len() as u64).saturating_sub(end);
    let rest = data.get(usize::try_from(end).ok()?..)?;
    let head = rest.get(..rest.len().min(SAMPLE)).unwrap_or_default();
    (size >= OVERLAY && size * 2 >= end && entropy(head) > 7.5)
        .then(|| format!("{size} bytes behind its sections"))
}

/// The mark of UPX, for files whose section table is gone.
fn marked(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(4_096)).unwrap_or_default();
    memchr::memmem::find(head, b"UPX!").map(|_| "UPX".to_owned())
}

/// Bits of information a byte.
pub(crate) fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let total = bytes.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / total;
            -share * share.log2()
        })
        .sum()
}
