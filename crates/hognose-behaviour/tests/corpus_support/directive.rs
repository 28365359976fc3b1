//! Directives inside the text of a case, so that the files stay readable and hold no encoded matter.
//!
//! `{b64-zlib:print('hello')}` becomes the base64 of the zlib of the text: steps are applied from right to left, a
//! step may have an argument (`{xor(23):…}`), directives nest. Constants stand alone: `{PUBLIC_IP}`, `{blanks(120)}`.

use super::encode::step;

/// Replaces all directives of a text. `at` names the case in messages.
pub(crate) fn expand(at: &str, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        if let Some((made, after)) = directive(at, from) {
            out.push_str(&made);
            rest = after;
        } else {
            out.push('{');
            rest = &from[1..];
        }
    }
    out.push_str(rest);
    out
}

/// The directive at the start of a text, and what follows it.
fn directive<'a>(at: &str, text: &'a str) -> Option<(String, &'a str)> {
    let end = text.char_indices().skip(1).find(|(_, c)| {
        !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '(' | ')' | '.' | ',' | '='))
    })?;
    let head = &text[1..end.0];
    match end.1 {
        '}' => constant(head).map(|made| (made, &text[end.0 + 1..])),
        ':' => {
            let steps: Vec<(&str, &str)> = head.split('-').map(argument).collect();
            if !steps
                .iter()
                .all(|(name, _)| super::encode::STEPS.contains(name))
            {
                return None;
            }
            let body = &text[end.0 + 1..];
            let close = closing(body).unwrap_or_else(|| panic!("{at}: {{{head}: is not closed"));
            let mut bytes = expand(at, &body[..close]).into_bytes();
            for (name, argument) in steps.iter().rev() {
                bytes = step(at, name, argument, &bytes);
            }
            let made = String::from_utf8(bytes)
                .unwrap_or_else(|_| panic!("{at}: {{{head}: makes no text"));
            Some((made, &body[close + 1..]))
        }
        _ => None,
    }
}

/// `xor(23)` is the step `xor` with `23`.
fn argument(text: &str) -> (&str, &str) {
    text.split_once('(').map_or((text, ""), |(name, rest)| {
        (name, rest.trim_end_matches(')'))
    })
}

/// Where the bracket that was open closes.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn constant(head: &str) -> Option<String> {
    let (name, argument) = argument(head);
    let count = argument.parse().unwrap_or(1_usize);
    Some(match name {
        // Reserved for the future and routed nowhere, yet public by every rule.
        "PUBLIC_IP" => [240, 113, 57, 91].map(|n: u8| n.to_string()).join("."),
        "PUBLIC_IP_NUMBER" => u32::from_be_bytes([240, 113, 57, 91]).to_string(),
        // The shape of a secret address, of nothing but naughts.
        "WEBHOOK" => format!(
            "https://discord.com/api/webhooks/{}/{}",
            "0".repeat(18),
            "v0IdVoiD-".repeat(8)
        ),
        "BOT_TOKEN" => format!("{}:AA{}", "0".repeat(9), "v0IdVoiD-".repeat(3) + "v0IdVo"),
        "OBFUSCATED_JS" => (0..40)
            .map(|n| {
                format!(
                    "var _0x{:06x}=_0x{:06x}({n});",
                    0x1a_2b00 + n,
                    0x5f_3c00 + n
                )
            })
            .collect::<Vec<_>>()
            .concat(),
        "quote3" => "'".repeat(3),
        "blanks" => " ".repeat(count),
        "padlines" => "# nothing to see here, only room\n".repeat(count),
        "padnumbers" => (0..count)
            .map(|n| format!("_{n:06x} = {n}\n"))
            .collect::<Vec<_>>()
            .concat(),
        "key" => super::cipher::fernet_key(argument),
        _ => return None,
    })
}
