//! The keyed hash of a source in the header of bytecode (PEP 552): SipHash, whose key is the magic number.

use hognose_python::marshal::Version;

/// The hash that a version of Python writes.
pub(super) fn of_source(magic: u16, version: Option<Version>, source: &[u8]) -> [u8; 8] {
    // The whole word: the magic number and `\r\n`.
    let key = u64::from(magic) | 0x0a0d << 16;
    let rounds = if version >= Some(Version(3, 11)) {
        (1, 3)
    } else {
        (2, 4)
    };
    sip(key, rounds, source).to_le_bytes()
}

fn sip(key: u64, (for_words, at_end): (u32, u32), bytes: &[u8]) -> u64 {
    let mut state = [
        0x736f_6d65_7073_6575 ^ key,
        0x646f_7261_6e64_6f6d,
        0x6c79_6765_6e65_7261 ^ key,
        0x7465_6462_7974_6573,
    ];
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let word = word.iter().rev().fold(0, |w, b| w << 8 | u64::from(*b));
        absorb(&mut state, word, for_words);
    }
    let rest = words.remainder().iter().rev();
    let rest = rest.fold(0, |w, b| w << 8 | u64::from(*b));
    // The length is the highest byte.
    absorb(&mut state, rest | (bytes.len() as u64) << 56, for_words);
    state[2] ^= 0xff;
    for _ in 0..at_end {
        round(&mut state);
    }
    state[0] ^ state[1] ^ state[2] ^ state[3]
}

fn absorb(state: &mut [u64; 4], word: u64, rounds: u32) {
    state[3] ^= word;
    for _ in 0..rounds {
        round(state);
    }
    state[0] ^= word;
}

fn round(state: &mut [u64; 4]) {
    let [mut a, mut b, mut c, mut d] = *state;
    a = a.wrapping_add(b);
    b = b.rotate_left(13) ^ a;
    a = a.rotate_left(32);
    c = c.wrapping_add(d);
    d = d.rotate_left(16) ^ c;
    a = a.wrapping_add(d);
    d = d.rotate_left(21) ^ a;
    c = c.wrapping_add(b);
    b = b.rotate_left(17) ^ c;
    c = c.rotate_left(32);
    *state = [a, b, c, d];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_python() {
        // What `importlib.util.source_hash` answers in these versions.
        let known: [(u16, u8, [&str; 3]); 4] = [
            (
                3394,
                7,
                ["85ee0caabd83b6a7", "20329d810db227ea", "3af19f64447f61ac"],
            ),
            (
                3439,
                10,
                ["8cc0cd2525e7fd27", "d94aade28c8cbebf", "b849ee5673b9ef96"],
            ),
            (
                3495,
                11,
                ["738d9cd5d5e87f73", "4c0372aa93f75252", "34289d744291b0e4"],
            ),
            (
                3571,
                13,
                ["27ec6d312f93b814", "e786e2893651120e", "e0c23e34a5a68379"],
            ),
        ];
        for (magic, minor, hashes) in known {
            for (source, hash) in ["", "x = 1\n", "12345678"].iter().zip(hashes) {
                let found = of_source(magic, Some(Version(3, minor)), source.as_bytes());
                let hash = u64::from_str_radix(hash, 16).unwrap();
                assert_eq!(found, hash.to_be_bytes(), "3.{minor} {source:?}");
            }
        }
    }
}
