//! Texts that wait for their turn.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::DeflateDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};

/// The text of a source; compressed where an artifact has many, because only a few are evaluated at a time.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    /// As it is.
    Plain(String),
    /// Deflated, and its length.
    Packed(Box<[u8]>, usize),
}

/// Makes texts small. One for all of them: a compressor's state made anew between the texts it leaves behind would tear
/// the memory into pieces too small for the next.
#[derive(Debug)]
pub(crate) struct Packer {
    compress: Compress,
    scratch: Vec<u8>,
}

impl Default for Packer {
    fn default() -> Self {
        Self {
            compress: Compress::new(Compression::new(1), false),
            scratch: Vec::new(),
        }
    }
}

impl Packer {
    /// The text, small where it can be.
    pub(crate) fn pack(&mut self, text: String) -> Text {
        self.compress.reset();
        // Larger than anything that deflate makes of the text, so that one call is enough.
        self.scratch.clear();
        self.scratch.reserve(text.len() + text.len() / 1_000 + 128);
        let done =
            self.compress
                .compress_vec(text.as_bytes(), &mut self.scratch, FlushCompress::Finish);
        match done {
            Ok(Status::StreamEnd) => Text::Packed(self.scratch.as_slice().into(), text.len()),
            _ => Text::Plain(text),
        }
    }
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
        let code = "import os\n# grüße\n".repeat(500);
        let mut packer = Packer::default();
        for plain in [code, String::new(), "x".to_owned()] {
            let text = packer.pack(plain.clone());
            assert!(text.kept() < plain.len() / 10 + 16);
            assert_eq!((text.len(), &*text.get()), (plain.len(), plain.as_str()));
        }
    }
}
