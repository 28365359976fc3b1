//! Where functions of a Rust file begin and end, told by brackets outside strings and comments.

/// One function.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    /// Lines from `fn` to the closing bracket.
    pub(super) lines: usize,
}

/// All functions of a file, in order of their end.
pub(super) fn functions(source: &str) -> Vec<Function> {
    let code = blank(source);
    let mut out = Vec::new();
    let mut open: Vec<(usize, String, usize)> = Vec::new();
    let (mut depth, mut line) = (0_usize, 1_usize);
    let mut pending: Option<(String, usize)> = None;
    let mut word = String::new();
    let mut previous = String::new();
    for c in code.chars() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            if previous == "fn" {
                pending = Some((word.clone(), line));
            }
            previous = std::mem::take(&mut word);
        }
        match c {
            '\n' => line += 1,
            // A declaration without body.
            ';' if open.last().is_none_or(|(at, ..)| *at <= depth) => {
                pending = None;
            }
            '{' => {
                if let Some((name, start)) = pending.take() {
                    open.push((depth, name, start));
                }
                depth += 1;
            }
            '}' => {
                depth = depth.saturating_sub(1);
                if let Some((_, name, start)) = open.pop_if(|(at, ..)| *at == depth) {
                    out.push(Function {
                        name,
                        lines: line - start + 1,
                    });
                }
            }
            _ => {}
        }
    }
    out
}

/// Strings, characters and comments as spaces; line breaks stay.
fn blank(source: &str) -> String {
    let bytes: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = match (bytes[at], bytes.get(at + 1)) {
            ('/', Some('/')) => find(&bytes, at, |i| bytes[i] == '\n'),
            ('/', Some('*')) => {
                find(&bytes, at + 2, |i| bytes[i] == '/' && bytes[i - 1] == '*') + 1
            }
            ('r', Some('"' | '#'))
                if at == 0 || !(bytes[at - 1].is_alphanumeric() || bytes[at - 1] == '_') =>
            {
                raw_string(&bytes, at)
            }
            ('"', _) => quoted(&bytes, at),
            ('\'', _) => character(&bytes, at),
            _ => at,
        };
        if end == at {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        let end = end.min(bytes.len());
        out.extend(
            bytes[at..end]
                .iter()
                .map(|c| if *c == '\n' { '\n' } else { ' ' }),
        );
        at = end;
    }
    out
}

fn find(bytes: &[char], from: usize, is: impl Fn(usize) -> bool) -> usize {
    (from..bytes.len()).find(|i| is(*i)).unwrap_or(bytes.len())
}

fn quoted(bytes: &[char], at: usize) -> usize {
    let mut i = at + 1;
    while i < bytes.len() {
        match bytes[i] {
            '\\' => i += 1,
            '"' => return i + 1,
            _ => {}
        }
        i += 1;
    }
    i
}

fn raw_string(bytes: &[char], at: usize) -> usize {
    let hashes = bytes[at + 1..].iter().take_while(|c| **c == '#').count();
    if bytes.get(at + 1 + hashes) != Some(&'"') {
        return at;
    }
    let close = |i: usize| {
        bytes[i] == '"'
            && bytes[i + 1..]
                .iter()
                .take(hashes)
                .filter(|c| **c == '#')
                .count()
                == hashes
    };
    find(bytes, at + 2 + hashes, close) + 1 + hashes
}

/// A character literal; a lifetime is left alone.
fn character(bytes: &[char], at: usize) -> usize {
    match (bytes.get(at + 1), bytes.get(at + 2)) {
        (Some('\\'), Some(_)) => find(bytes, at + 3, |i| bytes[i] == '\'') + 1,
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found() {
        let source = "trait T { fn a(&self) -> [u8; 4]; fn b() { } }\nfn c<'a>(x: &'a str) {\n  let s = \"}\"; // }\n  let r = r#\"}\"#; let q = '}'; let n = '\\'';\n  fn d() {\n  }\n}\n";
        let found: Vec<(String, usize)> = functions(source)
            .into_iter()
            .map(|f| (f.name, f.lines))
            .collect();
        assert_eq!(
            found,
            [
                ("b".to_owned(), 1),
                ("d".to_owned(), 2),
                ("c".to_owned(), 6)
            ]
        );
    }
}
