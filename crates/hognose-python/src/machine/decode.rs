//! Decoders whose result the source determines: what hides code from a reader is undone here.

use hognose_archive::codec::{Codec, DecodeEnd, decompress};

use super::Machine;
use super::call::Named;
use crate::value::{Cell, Taint, Value};
use crate::{cipher, text};

impl Machine<'_> {
    /// Decodes constants. `None` when the argument is not known or the call is no decoder.
    pub(super) fn decode_call(&mut self, path: &str, args: &[Cell], named: &Named) -> Option<Cell> {
        if let Some(cell) = self.cipher_call(path, args, named) {
            return Some(cell);
        }
        if path == "zlib.decompressobj().flush" {
            return Some(Cell::of(Value::Bytes(std::rc::Rc::default())));
        }
        let first = args.first()?;
        if path == "struct.pack" {
            let numbers: Option<Vec<i64>> = args.iter().skip(1).map(|c| c.value.int()).collect();
            let bytes = crate::number::pack(first.as_text()?, &numbers?)?;
            return Some(self.folded_bytes(bytes).with(Taint::step("arithmetic")));
        }
        if path.starts_with("codecs.") {
            return self.codecs(path, args);
        }
        if path == "urllib.parse.unquote"
            || path == "urllib.unquote"
            || path == "urllib.parse.unquote_plus"
        {
            let out = text::unquote(first.as_text()?);
            return Some(self.folded_text(out).with(Taint::step("url")));
        }
        if path == "html.unescape" {
            let out = text::entities(first.as_text()?);
            return Some(self.folded_text(out).with(Taint::step("url")));
        }
        // Padding went with the decryption.
        if path.ends_with("Padding.unpad") {
            return bytes_of(first).map(|bytes| self.folded_bytes(bytes));
        }
        if path == "json.loads" || path == "ast.literal_eval" {
            return self.literal(first);
        }
        if matches!(path, "io.BytesIO" | "BytesIO" | "io.StringIO") {
            return first.value.is_scalar().then(|| first.clone());
        }
        if path == "textwrap.dedent" || path == "inspect.cleandoc" {
            return self.dedent(first);
        }
        let bytes = bytes_of(first)?;
        let (step, out) = self.binary_decoder(path, &bytes, args)?;
        Some(self.folded_bytes(out).with(Taint::step(step)))
    }

    fn binary_decoder(
        &self,
        path: &str,
        bytes: &[u8],
        args: &[Cell],
    ) -> Option<(&'static str, Vec<u8>)> {
        let max = self.bounds.value_bytes;
        Some(match path {
            "base64.b64decode"
            | "base64.standard_b64decode"
            | "base64.decodebytes"
            | "base64.decodestring"
            | "binascii.a2b_base64" => {
                let last_two = match args.get(1).map(|c| &c.value) {
                    Some(Value::Bytes(pair)) if pair.len() == 2 => [*pair.first()?, *pair.get(1)?],
                    _ => *b"+/",
                };
                ("base64", text::base64(bytes, &last_two)?)
            }
            "base64.urlsafe_b64decode" => ("base64", text::base64(bytes, b"-_")?),
            "base64.b32decode" => ("base32", text::base32(bytes)?),
            "base64.b16decode" | "binascii.unhexlify" | "binascii.a2b_hex" => {
                ("hex", text::hex(bytes)?)
            }
            "base64.b85decode" => ("base85", text::base85(bytes, false)?),
            "base64.a85decode" => ("base85", text::base85(bytes, true)?),
            "zlib.decompress" | "gzip.decompress" | "zlib.decompressobj().decompress" => {
                ("zlib", inflate(bytes, max)?)
            }
            "bz2.decompress" | "bz2.BZ2Decompressor().decompress" => {
                ("bz2", decoded(Codec::Bzip2, bytes, max)?)
            }
            "lzma.decompress" | "lzma.LZMADecompressor().decompress" => ("lzma", unxz(bytes, max)?),
            _ => return None,
        })
    }

    /// `codecs.decode(x, "rot13")`.
    fn codecs(&mut self, path: &str, args: &[Cell]) -> Option<Cell> {
        if !matches!(path, "codecs.decode" | "codecs.encode") {
            return None;
        }
        let first = args.first()?;
        let codec = args
            .get(1)
            .and_then(Cell::as_text)
            .map_or("utf-8", |t| &**t);
        let normal = codec.to_ascii_lowercase().replace(['-', '_'], "");
        let max = self.bounds.value_bytes;
        if normal == "rot13" {
            let out = text::rot13(first.as_text()?);
            return Some(self.folded_text(out).with(Taint::step("rot13")));
        }
        let bytes = bytes_of(first)?;
        let (step, out) = match normal.as_str() {
            "base64" | "base64codec" => ("base64", text::base64(&bytes, b"+/")?),
            "hex" | "hexcodec" => ("hex", text::hex(&bytes)?),
            "zlib" | "zip" | "zlibcodec" => ("zlib", inflate(&bytes, max)?),
            "bz2" | "bz2codec" => ("bz2", decoded(Codec::Bzip2, &bytes, max)?),
            _ if path == "codecs.decode" => {
                let out = super::bytes::decode(&bytes, Some(codec))?;
                return Some(self.folded_text(out));
            }
            _ => return None,
        };
        Some(self.folded_bytes(out).with(Taint::step(step)))
    }

    /// `json.loads` and `ast.literal_eval` of a constant: parsed as the expression both also are.
    fn literal(&mut self, first: &Cell) -> Option<Cell> {
        let source = match &first.value {
            Value::Str(text) => text.to_string(),
            Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => return None,
        };
        if source.len() > 1 << 18 || crate::nesting::check(&source).is_err() {
            return None;
        }
        let (tree, root) = crate::lower::parse_expression(source.trim(), &mut self.names)?;
        let tree = std::rc::Rc::new(tree);
        let scope = super::Scope::new(super::ScopeKind::Module, None);
        let mut frame = super::Frame::new(&tree, super::ModuleId(u32::MAX), scope);
        let has_calls = tree
            .exprs
            .iter()
            .any(|e| matches!(e, crate::tree::Expr::Call { .. }));
        (!has_calls).then(|| self.eval(&mut frame, root))
    }

    fn dedent(&mut self, first: &Cell) -> Option<Cell> {
        let text = first.as_text()?;
        let margin = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| line.len() - line.trim_start().len())
            .min()
            .unwrap_or(0);
        let lines: Vec<&str> = text
            .split('\n')
            .map(|line| line.get(margin..).unwrap_or_else(|| line.trim_start()))
            .collect();
        Some(self.folded_text(lines.join("\n")))
    }

    /// Ciphers with a key in the source: `Fernet(key).decrypt(token)`, `AES.new(key, mode, iv).decrypt(data)`.
    fn cipher_call(&mut self, path: &str, args: &[Cell], named: &Named) -> Option<Cell> {
        if !path.ends_with(".decrypt") && !path.ends_with(".decrypt_and_verify") {
            return None;
        }
        let key = bytes_of(args.first()?)?;
        if path.ends_with("Fernet().decrypt") {
            let token = bytes_of(args.get(1)?)?;
            let out = cipher::fernet(&key, &token)?;
            return Some(self.folded_bytes(out).with(decrypted()));
        }
        let iv = named
            .iter()
            .find(|(n, _)| matches!(n.as_deref(), Some("iv" | "IV" | "nonce")))
            .map(|(_, c)| c)
            .or_else(|| (args.len() > 3).then(|| args.get(2)).flatten())
            .and_then(bytes_of);
        let data = bytes_of(args.last()?)?;
        let mode = args.get(1)?.value.path_text(&self.names)?;
        let out = match mode.rsplit('.').next()? {
            "MODE_CBC" => cipher::aes_cbc(&key, &iv?, &data),
            "MODE_ECB" => cipher::aes_ecb(&key, &data),
            _ => None,
        }?;
        Some(self.folded_bytes(out).with(decrypted()))
    }
}

fn decrypted() -> Taint {
    Taint::step("cipher").and(Taint::DECRYPTED)
}

fn bytes_of(cell: &Cell) -> Option<Vec<u8>> {
    match &cell.value {
        Value::Bytes(bytes) => Some(bytes.to_vec()),
        Value::Str(text) => Some(text.as_bytes().to_vec()),
        Value::List(items) => items
            .try_borrow()
            .ok()?
            .iter()
            .map(|c| c.value.int().and_then(|v| u8::try_from(v).ok()))
            .collect(),
        _ => None,
    }
}

/// Up to the limit. A damaged end keeps what came before it, as a cut payload is still a payload.
fn decoded(codec: Codec, bytes: &[u8], max: usize) -> Option<Vec<u8>> {
    let decoded = decompress(codec, bytes, max).ok()?;
    (decoded.end != DecodeEnd::Limit).then_some(decoded.bytes)
}

/// zlib, gzip or raw deflate, by what the bytes begin with.
fn inflate(bytes: &[u8], max: usize) -> Option<Vec<u8>> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return decoded(Codec::Gzip, bytes, max);
    }
    decoded(Codec::Zlib, bytes, max).or_else(|| decoded(Codec::Deflate, bytes, max))
}

fn unxz(bytes: &[u8], max: usize) -> Option<Vec<u8>> {
    let codec = if bytes.starts_with(b"\xfd7zXZ") {
        Codec::Xz
    } else {
        Codec::Lzma
    };
    decoded(codec, bytes, max)
}
