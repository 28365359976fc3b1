//! Labels that the interpreter gives itself, and those the observer asks for.

use crate::value::Taint;

/// Labels of which the observer wants to hear more.
#[derive(Clone, Copy, Debug, Default)]
pub struct Interest {
    /// Comparisons of data of these labels whose result is not known.
    pub compared: Taint,
    /// Branches whose condition carries these labels.
    pub conditions: Taint,
    /// What is kept under a condition with these labels carries them: the condition tells as much as the data.
    pub implicit: Taint,
}

/// Labels the interpreter itself gives.
impl Taint {
    /// Came out of a decoder (base64, hex, zlib, …).
    pub const DECODED: Self = Self(1 << 63);
    /// Was put together from pieces so that the source does not show it.
    pub const ASSEMBLED: Self = Self(1 << 62);
    /// Came out of a cipher.
    pub const DECRYPTED: Self = Self(1 << 61);
    /// A parameter of a function nobody in the artifact calls.
    pub const PARAMETER: Self = Self(1 << 60);

    /// Was joined from pieces, as texts often are.
    pub const JOINED: Self = Self(1 << 46);
    /// The program's own file: `__file__`.
    pub const OWN_FILE: Self = Self(1 << 47);

    /// Decoders, by name, whose results carry a label each.
    pub const STEPS: [(&'static str, Self); 12] = [
        ("base64", Self(1 << 48)),
        ("base32", Self(1 << 49)),
        ("base85", Self(1 << 50)),
        ("hex", Self(1 << 51)),
        ("zlib", Self(1 << 52)),
        ("bz2", Self(1 << 53)),
        ("lzma", Self(1 << 54)),
        ("marshal", Self(1 << 55)),
        ("rot13", Self(1 << 56)),
        ("url", Self(1 << 57)),
        ("cipher", Self(1 << 58)),
        ("arithmetic", Self(1 << 59)),
    ];

    /// The label of a decoder, with [`Taint::DECODED`].
    pub fn step(name: &str) -> Self {
        Self::STEPS
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(Self::DECODED, |(_, label)| label.and(Self::DECODED))
    }

    /// Names of the decoders the data came through.
    pub fn steps(self) -> impl Iterator<Item = &'static str> {
        Self::STEPS
            .into_iter()
            .filter(move |(_, label)| self.has(*label))
            .map(|(name, _)| name)
    }
}
