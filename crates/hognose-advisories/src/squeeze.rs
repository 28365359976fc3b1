//! Small zlib texts, one after another: setting a new coder up for each would cost more than the text.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Packs texts.
pub(crate) struct Packer(Compress);

impl Default for Packer {
    fn default() -> Self {
        Self(Compress::new(Compression::new(3), true))
    }
}

impl Packer {
    /// The zlib stream of a text.
    pub(crate) fn pack(&mut self, text: &[u8]) -> Vec<u8> {
        self.0.reset();
        let mut out = Vec::with_capacity(text.len() / 2 + 64);
        loop {
            let done = usize::try_from(self.0.total_in()).unwrap_or(usize::MAX);
            let rest = text.get(done..).unwrap_or_default();
            match self.0.compress_vec(rest, &mut out, FlushCompress::Finish) {
                Ok(Status::StreamEnd) | Err(_) => return out,
                Ok(_) => out.reserve(out.capacity().max(64)),
            }
        }
    }
}

/// Unpacks texts.
pub(crate) struct Unpacker(Decompress);

impl Default for Unpacker {
    fn default() -> Self {
        Self(Decompress::new(true))
    }
}

impl Unpacker {
    /// The text of a zlib stream; `None` when it is damaged or longer than the limit.
    pub(crate) fn unpack(&mut self, packed: &[u8], limit: usize) -> Option<String> {
        self.0.reset(true);
        let mut out = Vec::with_capacity((packed.len() * 3).clamp(64, limit));
        loop {
            let (read, written) = (self.0.total_in(), out.len());
            let rest = packed.get(usize::try_from(read).ok()?..)?;
            let status = self
                .0
                .decompress_vec(rest, &mut out, FlushDecompress::None)
                .ok()?;
            if out.len() > limit {
                return None;
            }
            match status {
                Status::StreamEnd => return String::from_utf8(out).ok(),
                _ if out.len() == out.capacity() => out.reserve(out.capacity()),
                _ if self.0.total_in() == read && out.len() == written => return None,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_survive() {
        let (mut packer, mut unpacker) = (Packer::default(), Unpacker::default());
        for text in ["", "a", &"some text, ".repeat(10_000), "after a long one"] {
            let packed = packer.pack(text.as_bytes());
            assert_eq!(unpacker.unpack(&packed, 1 << 20).as_deref(), Some(text));
        }
        let packed = packer.pack("x".repeat(1000).as_bytes());
        assert_eq!(unpacker.unpack(&packed, 100), None);
        assert_eq!(
            unpacker.unpack(packed.get(..5).unwrap_or_default(), 10_000),
            None
        );
        assert_eq!(unpacker.unpack(b"no zlib at all", 10_000), None);
    }
}
