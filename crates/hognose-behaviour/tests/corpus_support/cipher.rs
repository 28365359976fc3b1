//! Encryption with keys that stand beside the text, the way packers do it.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use sha2::{Digest as _, Sha256};

use super::encode::base64;

/// The Fernet key of a word.
pub(super) fn fernet_key(word: &str) -> String {
    base64(&Sha256::digest(word.as_bytes()), *b"-_")
}

/// A Fernet token of a fixed time and vector: the corpus is the same on every run.
pub(super) fn fernet(word: &str, bytes: &[u8]) -> String {
    let key = Sha256::digest(word.as_bytes());
    let (sign, encrypt) = key.split_at(16);
    let vector = [7; 16];
    let mut token = vec![0x80];
    token.extend(0x6000_0000_u64.to_be_bytes());
    token.extend(vector);
    token.extend(aes_cbc(encrypt, &vector, bytes));
    token.extend(hmac(sign, &token));
    base64(&token, *b"-_")
}

/// AES-128 in CBC mode with PKCS#7 padding.
pub(super) fn aes_cbc(key: &[u8], vector: &[u8; 16], bytes: &[u8]) -> Vec<u8> {
    let cipher = Aes128::new_from_slice(key).unwrap();
    let pad = 16 - bytes.len() % 16;
    let mut padded = bytes.to_vec();
    padded.extend(std::iter::repeat_n(pad as u8, pad));
    let mut last = *vector;
    let mut out = Vec::with_capacity(padded.len());
    for chunk in padded.chunks_exact(16) {
        let mut block = Array::default();
        for (to, (byte, mask)) in block.iter_mut().zip(chunk.iter().zip(last)) {
            *to = byte ^ mask;
        }
        cipher.encrypt_block(&mut block);
        last.copy_from_slice(&block);
        out.extend(last);
    }
    out
}

fn hmac(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let pad = |with: u8| -> Vec<u8> {
        (0..64)
            .map(|at| key.get(at).copied().unwrap_or(0) ^ with)
            .collect()
    };
    let inner = Sha256::new()
        .chain_update(pad(0x36))
        .chain_update(bytes)
        .finalize();
    Sha256::new()
        .chain_update(pad(0x5c))
        .chain_update(inner)
        .finalize()
        .to_vec()
}
