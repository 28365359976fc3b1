//! Texts that wait for their turn.

use std::borrow::Cow;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

/// The text of a source; compressed where an artifact has many, because only a few are evaluated at a time.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    /// As it is.
    Plain(String),
    /// Deflated, and its length.
    Packed(Box<[u8]>, usize),
}

impl Default for Text {
    fn default() -> Self {
        Self::Plain(String::new())
    }
}

impl Text {
    /// Its length in bytes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Plain(text) => text.len(),
            Self::Packed(_, length) => *length,
        }
    }

    /// How many bytes of memory it takes.
    pub(crate) fn kept(&self) -> usize {
        match self {
            Self::Plain(text) => text.len(),
            Self::Packed(bytes, _) => bytes.len(),
        }
    }

    /// Makes it small.
    pub(crate) fn pack(&mut self) {
        let Self::Plain(text) = self else {
            return;
        };
        let mut encoder =
            DeflateEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
        if encoder.write_all(text.as_bytes()).is_ok()
            && let Ok(bytes) = encoder.finish()
        {
            *self = Self::Packed(bytes.into_boxed_slice(), text.len());
        }
    }

    /// The text itself.
    pub(crate) fn get(&self) -> Cow<'_, str> {
        match self {
            Self::Plain(text) => Cow::Borrowed(text),
            Self::Packed(bytes, length) => {
                let mut text = String::with_capacity(*length);
                // What was packed here is whole; nothing else is ever unpacked.
                let _ = DeflateDecoder::new(&**bytes).read_to_string(&mut text);
                Cow::Owned(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_texts_come_back() {
        let plain = "import os\n# grüße\n".repeat(500);
        let mut text = Text::Plain(plain.clone());
        text.pack();
        assert!(text.kept() < plain.len() / 10);
        assert_eq!(
            (text.len(), text.get().as_ref()),
            (plain.len(), plain.as_str())
        );
    }
}
