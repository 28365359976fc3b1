//! Integers beyond 64 bits, and numbers as bytes: payloads are kept as one large number, or as a list of small ones.

/// Most decimal digits that are read: reading them costs their square.
const MAX_DECIMAL: usize = 10_000;
/// Most bytes of one number.
const MAX_BYTES: usize = 1 << 20;

/// The bytes of a positive number, highest first, without zeros before them. Underscores are skipped.
pub(crate) fn parse(digits: &str, base: u32) -> Option<Vec<u8>> {
    // `to_digit` panics above base 36, and the base comes from hostile code.
    if !matches!(base, 2 | 10 | 16) {
        return None;
    }
    let digits: Vec<u8> = digits
        .chars()
        .filter(|c| *c != '_')
        .map(|c| c.to_digit(base).map(|d| d as u8))
        .collect::<Option<_>>()?;
    let bytes = match base {
        16 => {
            let mut chunks = digits.rchunks(2);
            let mut out: Vec<u8> = chunks
                .by_ref()
                .map(|pair| pair.iter().fold(0, |value, digit| value << 4 | digit))
                .collect();
            out.reverse();
            out
        }
        2 => {
            let mut out: Vec<u8> = digits
                .rchunks(8)
                .map(|bits| bits.iter().fold(0, |value, bit| value << 1 | bit))
                .collect();
            out.reverse();
            out
        }
        10 if digits.len() <= MAX_DECIMAL => decimal(&digits),
        _ => return None,
    };
    (bytes.len() <= MAX_BYTES).then(|| trimmed(&bytes))
}

/// What reading so many digits costs, in bytes of folding.
pub(crate) fn cost(digits: usize, base: u32) -> usize {
    if base == 10 {
        digits.saturating_mul(digits) / 1_024
    } else {
        digits
    }
}

/// An integer of a source as it is written, with its prefix.
pub(crate) fn literal(text: &str) -> Option<Vec<u8>> {
    let lower = text.to_ascii_lowercase();
    match lower.get(..2) {
        Some("0x") => parse(lower.get(2..)?, 16),
        Some("0b") => parse(lower.get(2..)?, 2),
        Some("0o") => None,
        _ => parse(&lower, 10),
    }
}

fn decimal(digits: &[u8]) -> Vec<u8> {
    // Limbs of 32 bits, lowest first.
    let mut limbs: Vec<u32> = Vec::new();
    for chunk in digits.chunks(9) {
        let factor = 10_u64.pow(chunk.len() as u32);
        let mut carry = chunk
            .iter()
            .fold(0_u64, |value, digit| value * 10 + u64::from(*digit));
        for limb in &mut limbs {
            let value = u64::from(*limb) * factor + carry;
            *limb = value as u32;
            carry = value >> 32;
        }
        if carry > 0 {
            limbs.push(carry as u32);
        }
    }
    limbs
        .iter()
        .rev()
        .flat_map(|limb| limb.to_be_bytes())
        .collect()
}

fn trimmed(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default().to_vec()
}

/// How many bits a number has.
pub(crate) fn bits(bytes: &[u8]) -> i64 {
    bytes.first().map_or(0, |first| {
        i64::try_from(bytes.len()).map_or(i64::MAX, |len| {
            len.saturating_mul(8) - i64::from(first.leading_zeros())
        })
    })
}

/// `n.to_bytes(len, order)`.
pub(crate) fn to_bytes(bytes: &[u8], len: usize, little: bool) -> Option<Vec<u8>> {
    if len > MAX_BYTES {
        return None;
    }
    let mut out = vec![0; len.checked_sub(bytes.len())?];
    out.extend_from_slice(bytes);
    if little {
        out.reverse();
    }
    Some(out)
}

/// `n >> places`.
pub(crate) fn shifted(bytes: &[u8], places: usize) -> Vec<u8> {
    let kept = bytes.len().saturating_sub(places / 8);
    let kept = bytes.get(..kept).unwrap_or_default();
    let rest = places % 8;
    if rest == 0 {
        return kept.to_vec();
    }
    let mut above = 0_u8;
    let out: Vec<u8> = kept
        .iter()
        .map(|byte| {
            let value = byte >> rest | above << (8 - rest);
            above = *byte;
            value
        })
        .collect();
    trimmed(&out)
}

/// The lowest 62 bits.
pub(crate) fn low(bytes: &[u8]) -> i64 {
    let tail = bytes
        .get(bytes.len().saturating_sub(8)..)
        .unwrap_or_default();
    let value = tail
        .iter()
        .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    (value & (u64::MAX >> 2)).cast_signed()
}

/// `struct.pack` of integers. Padding that only some machines add is left out.
pub(crate) fn pack(format: &str, numbers: &[i64]) -> Option<Vec<u8>> {
    let big = format.starts_with(['>', '!']);
    let mut numbers = numbers.iter();
    let mut out = Vec::new();
    let mut count: Option<usize> = None;
    for c in format.trim_start_matches(['<', '>', '!', '=', '@']).chars() {
        if let Some(digit) = c.to_digit(10) {
            count = Some(
                count
                    .unwrap_or(0)
                    .saturating_mul(10)
                    .saturating_add(digit as usize),
            );
            continue;
        }
        let width = match c {
            'x' | 'b' | 'B' | '?' => 1,
            'h' | 'H' => 2,
            'i' | 'I' | 'l' | 'L' => 4,
            'q' | 'Q' => 8,
            ' ' => continue,
            _ => return None,
        };
        let times = count.take().unwrap_or(1);
        if out.len().saturating_add(times.saturating_mul(width)) > MAX_BYTES {
            return None;
        }
        for _ in 0..times {
            let value = if c == 'x' { 0 } else { *numbers.next()? };
            let bytes = value.to_be_bytes();
            let mut bytes = bytes.get(8 - width..)?.to_vec();
            if !big {
                bytes.reverse();
            }
            out.extend(bytes);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{bits, low, pack, parse, shifted, to_bytes};

    #[test]
    fn large_numbers() {
        let hexadecimal = parse("1_0203040506070809", 16);
        assert_eq!(
            hexadecimal.as_deref(),
            Some(&[1, 2, 3, 4, 5, 6, 7, 8, 9][..])
        );
        let decimal = parse("18591708106338011145", 10);
        assert_eq!(decimal, hexadecimal);
        let number = decimal.unwrap_or_default();
        assert_eq!(bits(&number), 65);
        assert_eq!(
            shifted(&number, 12),
            [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70]
        );
        assert_eq!(low(&number) & 0xff, 9);
        assert_eq!(
            to_bytes(&number, 10, true).as_deref(),
            Some(&[9, 8, 7, 6, 5, 4, 3, 2, 1, 0][..])
        );
        assert_eq!(to_bytes(&number, 8, false), None);
    }

    #[test]
    fn packing() {
        assert_eq!(pack("3B", &[1, 2, 3]).as_deref(), Some(&[1, 2, 3][..]));
        assert_eq!(
            pack(">HI", &[1, 2]).as_deref(),
            Some(&[0, 1, 0, 0, 0, 2][..])
        );
        assert_eq!(pack("<H", &[]), None);
        assert_eq!(pack("99999999999999999999B", &[1]), None);
    }
}
