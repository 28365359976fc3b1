//! Files that are not what their name says, and data behind the end of images and sounds.

/// Beginnings of pictures, fonts, sounds and documents.
const PRESENTATION: [&[u8]; 17] = [
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"RIFF",
    b"wOFF",
    b"wOF2",
    b"OTTO",
    b"\0\x01\0\0",
    b"\0\0\x01\0",
    b"<svg",
    b"<?xml",
    b"%PDF",
    b"II*\0",
    b"MM\0*",
    b"OggS",
    b"ID3",
];

/// Whether bytes begin like something to be shown or heard.
pub(crate) fn is_presentation(bytes: &[u8]) -> bool {
    PRESENTATION.iter().any(|magic| bytes.starts_with(magic))
}
