//! What things outside the artifact do with data: collect it, keep it, decode it.

use hognose_python::Taint;

use super::api::{Api, is_one};
use super::labels as l;
use crate::FactKind as F;

pub(super) fn collection(plain: &str, root: &str, last: &str) -> Option<Api> {
    Some(match plain {
        _ if root == "winreg" || root == "_winreg" => match last {
            "SetValueEx" | "SetValue" => Api::Fact(F::RegistryWrite, Taint::NONE),
            _ if is_one(last, "OpenKey CreateKey CreateKeyEx OpenKeyEx") => Api::Exists,
            "QueryValueEx" | "QueryValue" | "EnumValue" => Api::Source(l::PLATFORM),
            _ => return None,
        },
        _ if root == "platform" => Api::Source(l::PLATFORM),
        _ if root == "psutil" => Api::Source(l::PLATFORM),
        _ => return None,
    })
}

pub(super) fn files(path: &str, plain: &str, root: &str, last: &str) -> Option<Api> {
    Some(match plain {
        _ if root == "pathlib" => match last {
            "read_text" | "read_bytes" => Api::Read,
            "write_text" | "write_bytes" => Api::Write,
            "open" => Api::Open,
            "unlink" | "rmdir" => Api::Delete,
            _ if is_one(last, "rglob glob iterdir walk") => Api::Search,
            "chmod" => Api::Chmod,
            _ if is_one(last, "exists is_file is_dir mkdir stat") => Api::Exists,
            _ => return None,
        },
        _ if root == "sqlite3" && last == "connect" => Api::Open,
        _ if path.starts_with("open()") && last == "__enter__" => Api::Source(Taint::NONE),
        _ => return None,
    })
}

/// Whether a path holds `rypt`, `Cipher`, `fernet` or `Fernet`: asked of nearly every call.
fn names_cipher(path: &str) -> bool {
    let mut parts = path.as_bytes().windows(4);
    parts.any(|part| matches!(part, b"rypt" | b"Ciph" | b"erne"))
        && ["rypt", "Cipher", "fernet", "Fernet"]
            .iter()
            .any(|word| path.contains(word))
}

pub(super) fn decoders(plain: &str, root: &str, last: &str) -> Option<Api> {
    Some(match root {
        "base64" | "binascii" if last.contains("32") => Api::Decode("base32"),
        "base64" if last.contains("85") && last.contains("decode") => Api::Decode("base85"),
        // `b64encode(x).decode()` decodes nothing.
        "base64" | "binascii"
            if plain.matches('.').count() == 1
                && (last.contains("decode") || last == "a2b_base64") =>
        {
            Api::Decode("base64")
        }
        "binascii" if matches!(last, "unhexlify" | "a2b_hex") => Api::Decode("hex"),
        "zlib" | "gzip" if last == "decompress" => Api::Decode("zlib"),
        "bz2" if last == "decompress" => Api::Decode("bz2"),
        "lzma" if last == "decompress" => Api::Decode("lzma"),
        "bytes" | "bytearray" if last == "fromhex" => Api::Decode("hex"),
        "struct" if last == "pack" => Api::Source(Taint::step("arithmetic")),
        "codecs" if last == "decode" => Api::Decode("base64"),
        _ if names_cipher(plain) || root == "pyaes" || root == "nacl" => match last {
            _ if is_one(last, "decrypt decrypt_and_verify decryptor finalize") => Api::Decrypt,
            "encrypt" | "encryptor" | "encrypt_and_digest" => Api::Encrypt,
            _ => return None,
        },
        _ => return None,
    })
}
