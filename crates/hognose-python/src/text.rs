//! Text codecs that Python accepts and no library offers in the shape we need.

/// Rotates letters by thirteen.
pub fn rot13(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            'a'..='z' => char::from((c as u8 - b'a' + 13) % 26 + b'a'),
            'A'..='Z' => char::from((c as u8 - b'A' + 13) % 26 + b'A'),
            other => other,
        })
        .collect()
}

/// UTF-7 (RFC 2152): base64 of UTF-16 between `+` and `-`.
pub fn utf7(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('+') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let after = rest.get(at + 1..).unwrap_or_default();
        let end = after
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '+' || c == '/'))
            .unwrap_or(after.len());
        let run = after.get(..end).unwrap_or_default();
        rest = after.get(end..).unwrap_or_default();
        if let Some(more) = rest.strip_prefix('-') {
            rest = more;
        }
        if run.is_empty() {
            out.push('+');
            continue;
        }
        let bytes = base64(run.as_bytes(), b"+/").unwrap_or_default();
        let units = bytes.chunks_exact(2).map(|pair| {
            u16::from_be_bytes([
                pair.first().copied().unwrap_or(0),
                pair.get(1).copied().unwrap_or(0),
            ])
        });
        out.extend(char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')));
    }
    out.push_str(rest);
    out
}

/// Backslash escapes of a string literal (`\n`, `\x41`, `\u0041`, `\101`).
pub fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let Some(kind) = chars.next() else {
            out.push('\\');
            break;
        };
        let digits = match kind {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if digits > 0 {
            let mut value = 0u32;
            for _ in 0..digits {
                let Some(digit) = chars.peek().and_then(|c| c.to_digit(16)) else {
                    break;
                };
                value = value.wrapping_mul(16).wrapping_add(digit);
                chars.next();
            }
            out.push(char::from_u32(value).unwrap_or('\u{fffd}'));
            continue;
        }
        match kind {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            '\n' => {}
            '0'..='7' => {
                let mut value = kind.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = chars.peek().and_then(|c| c.to_digit(8)) else {
                        break;
                    };
                    value = value * 8 + digit;
                    chars.next();
                }
                out.push(char::from_u32(value).unwrap_or('\u{fffd}'));
            }
            other => out.push(other),
        }
    }
    out
}

/// Base64 as Python's default decoder reads it: characters outside the alphabet are skipped, padding ends it.
pub fn base64(text: &[u8], last_two: &[u8; 2]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0u8);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'=' => break,
            b if *b == last_two[0] => 62,
            b if *b == last_two[1] => 63,
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 1;
        if count == 4 {
            out.extend_from_slice(bits.to_be_bytes().get(1..).unwrap_or_default());
            (bits, count) = (0, 0);
        }
    }
    match count {
        2 => out.push((bits >> 4) as u8),
        3 => out.extend([(bits >> 10) as u8, (bits >> 2) as u8]),
        1 => return None,
        _ => {}
    }
    Some(out)
}

/// Base32 (RFC 4648), case-insensitive.
pub fn base32(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 8 * 5);
    let (mut bits, mut count) = (0u64, 0u32);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a',
            b'2'..=b'7' => byte - b'2' + 26,
            b'=' => break,
            b if b.is_ascii_whitespace() => continue,
            _ => return None,
        };
        bits = (bits << 5) | u64::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(out)
}

/// Base85 with Python's alphabet (`b85decode`), or Ascii85 (`a85decode`).
pub fn base85(text: &[u8], ascii: bool) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 85] =
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
    let text = text
        .strip_prefix(b"<~")
        .and_then(|t| t.strip_suffix(b"~>"))
        .unwrap_or(text);
    let mut out = Vec::with_capacity(text.len() / 5 * 4);
    let (mut value, mut count) = (0u64, 0usize);
    for byte in text {
        let digit = match (ascii, byte) {
            (_, b) if b.is_ascii_whitespace() => continue,
            (true, b'z') if count == 0 => {
                out.extend([0; 4]);
                continue;
            }
            (true, b'!'..=b'u') => u64::from(byte - b'!'),
            (false, b) => ALPHABET.iter().position(|a| a == b)? as u64,
            _ => return None,
        };
        value = value * 85 + digit;
        count += 1;
        if count == 5 {
            out.extend(u32::try_from(value).ok()?.to_be_bytes());
            (value, count) = (0, 0);
        }
    }
    if count > 1 {
        for _ in count..5 {
            value = value * 85 + 84;
        }
        let bytes = (value as u32).to_be_bytes();
        out.extend_from_slice(bytes.get(..count - 1).unwrap_or_default());
    }
    Some(out)
}

/// Hexadecimal digits; blanks between bytes are allowed.
pub fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut high: Option<u8> = None;
    for byte in text {
        if byte.is_ascii_whitespace() && high.is_none() {
            continue;
        }
        let digit = char::from(*byte).to_digit(16)? as u8;
        match high.take() {
            None => high = Some(digit),
            Some(first) => out.push(first << 4 | digit),
        }
    }
    high.is_none().then_some(out)
}

/// `%41` becomes `A`.
pub fn unquote(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let pair = bytes.get(at + 1..at + 3).and_then(hex);
        if let (b'%', Some([value])) = (byte, pair.as_deref()) {
            out.push(*value);
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Entities of HTML for characters of ASCII that have a name.
const PUNCTUATION: [(&str, char); 34] = [
    ("lpar", '('),
    ("rpar", ')'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("rcub", '}'),
    ("rbrace", '}'),
    ("semi", ';'),
    ("colon", ':'),
    ("comma", ','),
    ("period", '.'),
    ("excl", '!'),
    ("quest", '?'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("ast", '*'),
    ("plus", '+'),
    ("equals", '='),
    ("lowbar", '_'),
    ("grave", '`'),
    ("Hat", '^'),
    ("verbar", '|'),
    ("vert", '|'),
    ("sol", '/'),
    ("bsol", '\\'),
    ("commat", '@'),
    ("NewLine", '\n'),
    ("Tab", '\t'),
    ("nbsp", '\u{a0}'),
    ("hyphen", '-'),
];

/// `&#65;`, `&#x41;` and named entities of HTML that stand for ASCII become characters.
pub fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let end = rest.find(';').filter(|end| *end < 12);
        let name = end.and_then(|end| rest.get(1..end)).unwrap_or_default();
        let found = match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            name if PUNCTUATION.iter().any(|(known, _)| *known == name) => PUNCTUATION
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, c)| *c),
            _ => name.strip_prefix('#').and_then(|number| {
                let value = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => number.parse().ok(),
                };
                value.and_then(char::from_u32)
            }),
        };
        if let (Some(c), Some(end)) = (found, end) {
            out.push(c);
            rest = rest.get(end + 1..).unwrap_or_default();
        } else {
            out.push('&');
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}
