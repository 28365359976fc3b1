//! Decryption with keys that stand in the source beside the text: it hides code from readers, not from us.

use aes::cipher::{Array, BlockCipherDecrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};

/// A Fernet token (version, time, IV, AES-128-CBC, HMAC). The HMAC is not checked: a broken one would only make the
/// program fail where we go on.
pub(crate) fn fernet(key: &[u8], token: &[u8]) -> Option<Vec<u8>> {
    let key = crate::text::base64(key, b"-_")?;
    let token = crate::text::base64(token, b"-_")?;
    let body = token.get(9..token.len().checked_sub(32)?)?;
    let (iv, data) = body.split_at_checked(16)?;
    aes_cbc(key.get(16..32)?, iv, data)
}

/// AES in CBC mode; PKCS#7 padding is removed where it is.
pub(crate) fn aes_cbc(key: &[u8], iv: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let mut out = aes_blocks(key, data)?;
    let before = iv.iter().chain(data);
    for (byte, mask) in out.iter_mut().zip(before) {
        *byte ^= mask;
    }
    unpad(&mut out);
    Some(out)
}

/// AES in ECB mode.
pub(crate) fn aes_ecb(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let mut out = aes_blocks(key, data)?;
    unpad(&mut out);
    Some(out)
}

fn aes_blocks(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    match key.len() {
        16 => Some(blocks(&Aes128::new_from_slice(key).ok()?, data)),
        24 => Some(blocks(&Aes192::new_from_slice(key).ok()?, data)),
        32 => Some(blocks(&Aes256::new_from_slice(key).ok()?, data)),
        _ => None,
    }
}

fn blocks<C: BlockCipherDecrypt<BlockSize = aes::cipher::consts::U16>>(
    cipher: &C,
    data: &[u8],
) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    for chunk in data.chunks_exact(16) {
        let mut block = Array::default();
        block.copy_from_slice(chunk);
        cipher.decrypt_block(&mut block);
        out.extend_from_slice(&block);
    }
    out
}

fn unpad(out: &mut Vec<u8>) {
    if let Some(pad) = out.last().copied()
        && (1..=16).contains(&pad)
        && usize::from(pad) <= out.len()
    {
        out.truncate(out.len() - usize::from(pad));
    }
}
