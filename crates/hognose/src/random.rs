//! Random numbers of the machine.

use std::fmt::Write as _;
use std::io::Read as _;

use crate::error::Failure;

/// So many random bytes, in hexadecimal digits.
pub(crate) fn hex<const BYTES: usize>() -> Result<String, Failure> {
    let mut bytes = [0_u8; BYTES];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(|e| Failure::incomplete("this machine gives no random numbers").because(&e))?;
    let mut out = String::new();
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    Ok(out)
}
