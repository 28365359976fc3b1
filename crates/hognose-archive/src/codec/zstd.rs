//! One Zstandard frame as a reader.

use std::io::{self, Read};

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Decodes one frame and checks its checksum; the source stands behind the frame afterwards.
pub(crate) struct ZstdFrame<R> {
    decoder: FrameDecoder,
    source: R,
    checked: bool,
}

impl<R: Read> ZstdFrame<R> {
    pub(crate) fn new(mut source: R, memory: u64) -> io::Result<Self> {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(memory);
        decoder.init(&mut source).map_err(|e| match e {
            FrameDecoderError::WindowSizeTooBig { .. } => io::ErrorKind::OutOfMemory.into(),
            e => io::Error::new(io::ErrorKind::InvalidData, e.to_string()),
        })?;
        Ok(Self {
            decoder,
            source,
            checked: false,
        })
    }

    pub(crate) fn into_inner(self) -> R {
        self.source
    }

    fn check(&mut self) -> io::Result<()> {
        self.checked = true;
        let stated = self.decoder.get_checksum_from_data();
        if stated.is_some() && stated != self.decoder.get_calculated_checksum() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the checksum of the frame is wrong",
            ));
        }
        Ok(())
    }
}

impl<R: Read> Read for ZstdFrame<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
            self.decoder
                .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e.to_string()))?;
        }
        let read = self.decoder.read(out)?;
        if read == 0 && !out.is_empty() && !self.checked {
            self.check()?;
        }
        Ok(read)
    }
}
