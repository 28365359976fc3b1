//! Literal addresses of cryptocurrencies, verified by their checksum where they have one.

use sha2::{Digest, Sha256};

use super::Found;
use crate::fact::FactKind;

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Notes a text that is an address as a whole.
pub(super) fn classify(text: &str, found: &mut Found) {
    if !(25..=120).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return;
    }
    if is_base58check(text) || is_segwit(text) || is_ethereum(text) || is_monero(text) {
        found.add(FactKind::CryptoAddress, text);
    }
}

/// Bitcoin, Litecoin, Dogecoin, Dash, Tron, Zcash: version byte(s), 20 bytes, four bytes of double SHA-256.
fn is_base58check(text: &str) -> bool {
    if !(26..=36).contains(&text.len()) || text.starts_with("11111") {
        return false;
    }
    let Some(bytes) = base58(text) else {
        return false;
    };
    let Some((body, sum)) = bytes.split_last_chunk::<4>() else {
        return false;
    };
    matches!(body.len(), 21 | 22) && Sha256::digest(Sha256::digest(body)).starts_with(sum)
}

fn base58(text: &str) -> Option<Vec<u8>> {
    // At most 36 digits: the quadratic conversion is a few hundred steps.
    let mut bytes: Vec<u8> = Vec::with_capacity(32);
    for digit in text.bytes() {
        let mut carry = u32::try_from(BASE58.iter().position(|b| *b == digit)?).ok()?;
        for byte in &mut bytes {
            carry += u32::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push((carry & 0xff) as u8);
            carry >>= 8;
        }
    }
    bytes.extend(text.bytes().take_while(|b| *b == b'1').map(|_| 0));
    bytes.reverse();
    Some(bytes)
}

/// `bc1…` and `ltc1…` with their polynomial checksum.
fn is_segwit(text: &str) -> bool {
    let Some((prefix, data)) = text.rsplit_once('1') else {
        return false;
    };
    if !matches!(prefix, "bc" | "ltc") || data.len() < 38 {
        return false;
    }
    let mut values: Vec<u8> = prefix.bytes().map(|b| b >> 5).collect();
    values.push(0);
    values.extend(prefix.bytes().map(|b| b & 31));
    for byte in data.bytes() {
        let Some(value) = BECH32.iter().position(|b| *b == byte) else {
            return false;
        };
        values.push(value as u8);
    }
    matches!(polymod(&values), 1 | 0x2bc8_30a3)
}

fn polymod(values: &[u8]) -> u32 {
    const GENERATOR: [u32; 5] = [
        0x3b6a_57b2,
        0x2650_8e6d,
        0x1ea1_19fa,
        0x3d42_33dd,
        0x2a14_62b3,
    ];
    let mut sum: u32 = 1;
    for value in values {
        let top = sum >> 25;
        sum = ((sum & 0x01ff_ffff) << 5) ^ u32::from(*value);
        for (bit, generator) in GENERATOR.iter().enumerate() {
            if (top >> bit) & 1 == 1 {
                sum ^= generator;
            }
        }
    }
    sum
}

/// `0x` and forty digits; few different digits are a filler such as the zero address.
fn is_ethereum(text: &str) -> bool {
    let Some(digits) = text.strip_prefix("0x").filter(|d| d.len() == 40) else {
        return false;
    };
    let mut seen = 0_u32;
    for byte in digits.bytes() {
        let Some(value) = char::from(byte).to_digit(16) else {
            return false;
        };
        seen |= 1 << value;
    }
    seen.count_ones() >= 10
}

fn is_monero(text: &str) -> bool {
    matches!(text.len(), 95 | 106)
        && matches!(text.as_bytes(), [b'4', b'0'..=b'9' | b'A' | b'B', ..])
        && text.bytes().all(|b| BASE58.contains(&b))
        && text.bytes().any(|b| b.is_ascii_lowercase())
        && text.bytes().any(|b| b.is_ascii_uppercase())
}
