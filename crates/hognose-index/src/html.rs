//! The little of HTML that an index page needs: tags, their attributes, `<base>`.
//!
//! Not a parser of documents: no tree is built and nothing nests, so hostile markup costs one pass. Comments and
//! the text of `<script>` and `<style>` are passed over, as a browser and pip do.

/// One opening tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tag {
    /// Lower case.
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    /// The value of an attribute; empty for one without value. The first one counts, as the standard says.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }
}

/// Most attributes of one tag; the rest is not looked at.
const MAX_ATTRIBUTES: usize = 64;

/// Every opening tag of a page, in order.
pub(crate) fn tags(page: &str) -> impl Iterator<Item = Tag> + '_ {
    let mut rest = page;
    std::iter::from_fn(move || {
        loop {
            let at = rest.find('<')?;
            rest = rest.get(at + 1..)?;
            if let Some(comment) = rest.strip_prefix("!--") {
                // A comment that does not end hides everything after it.
                rest = comment.find("-->").and_then(|end| comment.get(end + 3..))?;
                continue;
            }
            if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
                continue;
            }
            let (tag, after) = tag(rest);
            rest = after;
            if matches!(tag.name.as_str(), "script" | "style" | "textarea" | "title") {
                rest = raw_text_end(rest, &tag.name);
            }
            return Some(tag);
        }
    })
}

/// What follows the closing tag of an element whose content is text.
fn raw_text_end<'a>(mut rest: &'a str, name: &str) -> &'a str {
    while let Some(at) = rest.find("</") {
        rest = rest.get(at + 2..).unwrap_or_default();
        let closes = rest
            .get(..name.len())
            .is_some_and(|word| word.eq_ignore_ascii_case(name));
        if closes {
            return rest;
        }
    }
    ""
}

/// Reads a tag from its name on.
fn tag(text: &str) -> (Tag, &str) {
    let ends = |c: char| c.is_ascii_whitespace() || c == '/' || c == '>';
    let end = text.find(ends).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let mut out = Tag {
        name: name.to_ascii_lowercase(),
        attributes: Vec::new(),
    };
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return (out, rest);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (out, after);
        }
        let (name, value, after) = attribute(rest);
        rest = after;
        if out.attributes.len() < MAX_ATTRIBUTES {
            out.attributes.push((name, value));
        }
    }
}

/// Reads `name`, `name=value`, `name='value'` or `name="value"`; always takes at least one character.
fn attribute(text: &str) -> (String, String, &str) {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=');
    let end = text
        .get(first..)
        .and_then(|tail| tail.find(ends))
        .map_or(text.len(), |at| at + first);
    let (name, rest) = text.split_at(end);
    let name = name.to_ascii_lowercase();
    let Some(value) = rest
        .trim_start_matches(|c: char| c.is_ascii_whitespace())
        .strip_prefix('=')
    else {
        return (name, String::new(), rest);
    };
    let value = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote) {
            let (value, rest) = inner.split_once(quote).unwrap_or((inner, ""));
            return (name, unescape(value), rest);
        }
    }
    let end = value
        .find(|c: char| c.is_ascii_whitespace() || c == '>')
        .unwrap_or(value.len());
    let (value, rest) = value.split_at(end);
    (name, unescape(value), rest)
}

/// Longest character reference: `&#x10FFFF;`.
const MAX_REFERENCE: usize = 10;

/// Decodes the character references that addresses and specifiers need; others stay as they are.
fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let known = from
            .bytes()
            .take(MAX_REFERENCE)
            .position(|b| b == b';')
            .and_then(|end| Some((reference(from.get(1..end)?)?, from.get(end + 1..)?)));
        let (c, after) = known.unwrap_or(('&', from.get(1..).unwrap_or_default()));
        out.push(c);
        rest = after;
    }
    out.push_str(rest);
    out
}

fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => {}
    }
    let number = name.strip_prefix('#')?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_in_every_spelling() {
        let page = "<!-- <a href=no> --><A HREF = 'a&amp;b' data-yanked data-requires-python=\"&gt;=3.8\"/>x</a>\
                    <script>'<a href=no>'</script><a href=c#d>";
        let found: Vec<Tag> = tags(page).collect();
        let links: Vec<_> = found.iter().filter(|t| t.name == "a").collect();
        let [first, second] = links.as_slice() else {
            unreachable!("two links: {found:?}")
        };
        assert_eq!(first.attribute("href"), Some("a&b"));
        assert_eq!(first.attribute("data-yanked"), Some(""));
        assert_eq!(first.attribute("data-requires-python"), Some(">=3.8"));
        assert_eq!(second.attribute("href"), Some("c#d"));
    }

    #[test]
    fn references() {
        assert_eq!(
            unescape("&#62;&#x3d;3 &unknown; & &#x110000;"),
            ">=3 &unknown; & &#x110000;"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_markup_is_survived(page in "(<|>|a|/|=|'|\"|!--|-->| |&|;|#|script|é){0,80}") {
            proptest::prop_assert!(tags(&page).count() <= page.len());
        }

        #[test]
        fn values_come_back(value in "[^\"&\\x00]{0,40}") {
            let page = format!("<a href=\"{value}\" x>");
            let found = tags(&page).next().unwrap();
            proptest::prop_assert_eq!(found.attribute("href"), Some(value.as_str()));
        }
    }
}
