//! Methods of bytes, and functions of the types themselves.

use std::rc::Rc;

use super::Machine;
use super::call::Named;
use crate::value::{Cell, Taint, Value};

impl Machine<'_> {
    pub(super) fn bytes_method(
        &mut self,
        bytes: &Rc<[u8]>,
        method: &str,
        args: &[Cell],
    ) -> Option<Cell> {
        let arg = |at: usize| match args.get(at).map(|c| &c.value) {
            Some(Value::Bytes(bytes)) => Some(Rc::clone(bytes)),
            _ => None,
        };
        Some(match method {
            "decode" => {
                let encoding = args.first().and_then(Cell::as_text).cloned();
                let text = decode(bytes, encoding.as_deref())?;
                let escapes =
                    encoding.is_some_and(|e| e.contains("escape")) && text.len() * 2 < bytes.len();
                let cell = self.folded_text(text);
                if escapes {
                    cell.with(Taint::step("hex"))
                } else {
                    cell
                }
            }
            "hex" => self.folded_text(hexadecimal(bytes)),
            "replace" => {
                let (from, to) = (arg(0)?, arg(1)?);
                if from.is_empty()
                    || !self.pay(bytes.len().saturating_mul(1 + to.len() / from.len()))
                {
                    return None;
                }
                let mut out = Vec::with_capacity(bytes.len());
                let mut rest: &[u8] = bytes;
                while let Some(at) = memchr::memmem::find(rest, &from) {
                    out.extend_from_slice(rest.get(..at)?);
                    out.extend_from_slice(&to);
                    rest = rest.get(at + from.len()..)?;
                }
                out.extend_from_slice(rest);
                self.folded_bytes(out)
            }
            "join" => {
                let mut out = Vec::new();
                for (at, item) in self.items(args.first()?)?.iter().enumerate() {
                    let Value::Bytes(part) = &item.value else {
                        return None;
                    };
                    if at > 0 {
                        out.extend_from_slice(bytes);
                    }
                    out.extend_from_slice(part);
                    if out.len() > self.bounds.value_bytes {
                        return None;
                    }
                }
                self.folded_bytes(out)
            }
            _ => return self.bytes_rest(bytes, method, args),
        })
    }

    fn bytes_rest(&mut self, bytes: &Rc<[u8]>, method: &str, args: &[Cell]) -> Option<Cell> {
        let arg = |at: usize| match args.get(at).map(|c| &c.value) {
            Some(Value::Bytes(bytes)) => Some(Rc::clone(bytes)),
            _ => None,
        };
        Some(match method {
            "strip" | "rstrip" | "lstrip" => {
                let trimmed = match method {
                    "lstrip" => bytes.trim_ascii_start(),
                    "rstrip" => bytes.trim_ascii_end(),
                    _ => bytes.trim_ascii(),
                };
                self.folded_bytes(trimmed.to_vec())
            }
            "translate" => {
                let table = arg(0)?;
                let out = bytes
                    .iter()
                    .map(|b| table.get(usize::from(*b)).copied().unwrap_or(*b))
                    .collect();
                self.folded_bytes(out).with(Taint::step("arithmetic"))
            }
            "split" => {
                let separator = arg(0)?;
                let first = *separator.first()?;
                if separator.len() != 1 || !self.pay(bytes.len()) {
                    return None;
                }
                Cell::of(Value::list(
                    bytes
                        .split(|b| *b == first)
                        .map(|part| Cell::of(Value::Bytes(part.into())))
                        .collect(),
                ))
            }
            "startswith" => Cell::of(Value::Bool(bytes.starts_with(&arg(0)?))),
            "endswith" => Cell::of(Value::Bool(bytes.ends_with(&arg(0)?))),
            "tobytes" | "__bytes__" | "getvalue" | "read" => {
                Cell::of(Value::Bytes(Rc::clone(bytes)))
            }
            "upper" => self.folded_bytes(bytes.to_ascii_uppercase()),
            "lower" => self.folded_bytes(bytes.to_ascii_lowercase()),
            _ => return None,
        })
    }

    /// `bytes.fromhex`, `str.maketrans`, `int.from_bytes`.
    pub(super) fn static_method(
        &mut self,
        path: &str,
        args: &[Cell],
        named: &Named,
    ) -> Option<Cell> {
        let first = args.first()?;
        match path {
            "bytes.fromhex" | "bytearray.fromhex" => {
                let text = first.as_text()?;
                let bytes = crate::text::hex(text.as_bytes())?;
                Some(self.folded_bytes(bytes).with(Taint::step("hex")))
            }
            "str.maketrans" => self.make_table(args),
            "bytes.maketrans" => {
                let (Value::Bytes(from), Value::Bytes(to)) = (&first.value, &args.get(1)?.value)
                else {
                    return None;
                };
                let mut table: Vec<u8> = (0..=255).collect();
                for (a, b) in from.iter().zip(to.iter()) {
                    if let Some(slot) = table.get_mut(usize::from(*a)) {
                        *slot = *b;
                    }
                }
                Some(self.folded_bytes(table))
            }
            "int.from_bytes" => {
                let Value::Bytes(bytes) = &first.value else {
                    return None;
                };
                let order = args
                    .get(1)
                    .or_else(|| named.first().map(|(_, c)| c))
                    .and_then(Cell::as_text)
                    .map_or("big", |t| &**t);
                if bytes.len() > 7 {
                    return None;
                }
                let fold = |value: i64, byte: &u8| value << 8 | i64::from(*byte);
                Some(Cell::of(Value::Int(if order == "little" {
                    bytes.iter().rev().fold(0, fold)
                } else {
                    bytes.iter().fold(0, fold)
                })))
            }
            _ => None,
        }
    }
}

/// `bytes.decode`.
pub(super) fn decode(bytes: &[u8], encoding: Option<&str>) -> Option<String> {
    let normal = encoding
        .unwrap_or("utf-8")
        .to_ascii_lowercase()
        .replace('_', "-");
    Some(match normal.as_str() {
        "utf-8" | "utf8" | "ascii" | "us-ascii" | "utf-8-sig" | "u8" => {
            // Ill-formed text is as good as any other to what follows.
            String::from_utf8_lossy(bytes).into_owned()
        }
        "latin-1" | "latin1" | "iso-8859-1" | "cp437" | "iso8859-1" => {
            crate::source::latin1(bytes).into_owned()
        }
        "utf-16" | "utf-16-le" | "utf-16le" => encoding_rs::UTF_16LE
            .decode_with_bom_removal(bytes)
            .0
            .into_owned(),
        "utf-16-be" | "utf-16be" => encoding_rs::UTF_16BE
            .decode_with_bom_removal(bytes)
            .0
            .into_owned(),
        "unicode-escape" | "unicodeescape" | "string-escape" | "raw-unicode-escape" => {
            crate::text::unescape(&crate::source::latin1(bytes))
        }
        "utf-7" => crate::text::utf7(&crate::source::latin1(bytes)),
        other => encoding_rs::Encoding::for_label(other.as_bytes())?
            .decode_without_bom_handling(bytes)
            .0
            .into_owned(),
    })
}

/// `str.encode`.
pub(super) fn encode(text: &str, encoding: Option<&Cell>) -> Option<Vec<u8>> {
    let encoding = match encoding {
        None => "utf-8".to_owned(),
        Some(cell) => cell.as_text()?.to_ascii_lowercase().replace('_', "-"),
    };
    match encoding.as_str() {
        "utf-8" | "utf8" | "ascii" | "us-ascii" | "u8" => Some(text.as_bytes().to_vec()),
        "latin-1" | "latin1" | "iso-8859-1" | "raw-unicode-escape" => text
            .chars()
            .map(|c| u8::try_from(u32::from(c)).ok())
            .collect(),
        "utf-16-le" | "utf-16le" => Some(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        _ => None,
    }
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    bytes
        .iter()
        .flat_map(|b| [b >> 4, b & 15])
        .filter_map(|digit| DIGITS.get(usize::from(digit)))
        .collect()
}
