//! One tar header block.

/// A header, its fields by their places.
#[derive(Debug)]
pub(crate) struct Header<'b>(pub(crate) &'b [u8; 512]);

/// A number of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    /// As every writer writes it.
    Plain(u64),
    /// Readers may differ in what it is.
    Odd(u64),
    /// Below zero, or more than 63 bits.
    Impossible,
}

impl Number {
    pub(crate) fn value(self) -> u64 {
        match self {
            Self::Plain(n) | Self::Odd(n) => n,
            Self::Impossible => 0,
        }
    }
}

/// True when the sum of the bytes is what the header states; both signs of old writers count.
pub(crate) fn checksum_holds(block: &[u8; 512]) -> bool {
    let field = block.get(148..156).unwrap_or_default();
    let stated = match number(field) {
        Number::Plain(n) | Number::Odd(n) => n,
        Number::Impossible => return false,
    };
    let (mut unsigned, mut signed) = (256_u64, 256_i64);
    for (i, byte) in block.iter().enumerate() {
        if !(148..156).contains(&i) {
            unsigned += u64::from(*byte);
            signed += i64::from(byte.cast_signed());
        }
    }
    // Both sums stay below 131,072, so an empty field never fits: at least the eight spaces count.
    stated == unsigned || i64::try_from(stated) == Ok(signed)
}

impl<'b> Header<'b> {
    fn field(&self, from: usize, to: usize) -> &'b [u8] {
        self.0.get(from..to).unwrap_or_default()
    }

    fn text(&self, from: usize, to: usize) -> &'b [u8] {
        let field = self.field(from, to);
        let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
        field.get(..end).unwrap_or_default()
    }

    pub(crate) fn name(&self) -> &'b [u8] {
        self.text(0, 100)
    }

    pub(crate) fn link(&self) -> &'b [u8] {
        self.text(157, 257)
    }

    pub(crate) fn prefix(&self) -> &'b [u8] {
        self.text(345, 500)
    }

    pub(crate) fn kind(&self) -> u8 {
        self.0[156]
    }

    /// `ustar` with NUL and version: only then the prefix is a prefix for every reader.
    pub(crate) fn is_posix(&self) -> bool {
        self.field(257, 263) == b"ustar\0"
    }

    pub(crate) fn mode(&self) -> Number {
        number(self.field(100, 108))
    }

    pub(crate) fn size(&self) -> Number {
        number(self.field(124, 136))
    }

    /// GNU sparse: more maps follow this block.
    pub(crate) fn sparse_goes_on(&self) -> bool {
        self.0[482] != 0
    }
}

/// Octal digits with spaces around them, or base 256 where octal has no room.
fn number(field: &[u8]) -> Number {
    match field {
        [0x80, rest @ ..] => base_256(rest),
        [0x81..=0xff, ..] => Number::Impossible,
        _ => octal(field),
    }
}

fn base_256(rest: &[u8]) -> Number {
    let mut value = 0_u64;
    for byte in rest {
        if value >> 55 != 0 {
            return Number::Impossible;
        }
        value = value << 8 | u64::from(*byte);
    }
    // Eleven octal digits hold 33 bits: what fits them needs no base 256.
    if value >> 33 == 0 {
        Number::Odd(value)
    } else {
        Number::Plain(value)
    }
}

fn octal(field: &[u8]) -> Number {
    let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
    let text = field.get(..end).unwrap_or_default().trim_ascii();
    let digits = text.iter().take_while(|b| matches!(b, b'0'..=b'7')).count();
    let mut value = 0_u64;
    for byte in text.get(..digits).unwrap_or_default() {
        if value >> 60 != 0 {
            return Number::Impossible;
        }
        value = value << 3 | u64::from(byte - b'0');
    }
    if text.first() == Some(&b'-') {
        Number::Impossible
    } else if digits == text.len() {
        Number::Plain(value)
    } else {
        Number::Odd(value)
    }
}
