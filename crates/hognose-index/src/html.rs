//! The tags of an index page, as a browser would find them.
//!
//! The tokenizer is the WHATWG's; no tree is built and nothing nests, so hostile markup costs one pass. Comments and
//! the text of `<script>`, `<style>` and `<title>` hold no tags.

use html5gum::{DefaultEmitter, Token, Tokenizer};

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
    let mut emitter = DefaultEmitter::default();
    // `<script>` and its like hold text: without a tree, their names decide.
    emitter.naively_switch_states(true);
    Tokenizer::new_with_emitter(page, emitter).filter_map(|token| match token {
        Ok(Token::StartTag(tag)) => Some(Tag {
            name: text(&tag.name),
            attributes: tag
                .attributes
                .iter()
                .take(MAX_ATTRIBUTES)
                .map(|(name, value)| (text(name), text(value)))
                .collect(),
        }),
        _ => None,
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_in_every_spelling() {
        let page = "<!-- <a href=no> --><A HREF = 'a&amp;b' data-yanked data-requires-python=\"&gt;=3.8\"/>x</a>\
                    <script>'<a href=no>'</script><title><a href=no></title><a href=c#d href=no>";
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
        let page = "<a href=\"&#62;&#x3d;3 &unknown; & &eacute;\">";
        let found = tags(page).next().unwrap();
        assert_eq!(found.attribute("href"), Some(">=3 &unknown; & é"));
    }

    proptest::proptest! {
        #[test]
        fn any_markup_is_survived(page in "(<|>|a|/|=|'|\"|!--|-->| |&|;|#|script|é){0,80}") {
            proptest::prop_assert!(tags(&page).count() <= page.len());
        }

        #[test]
        fn values_come_back(value in "[^\"&\\x00\r]{0,40}") {
            let page = format!("<a href=\"{value}\" x>");
            let found = tags(&page).next().unwrap();
            proptest::prop_assert_eq!(found.attribute("href"), Some(value.as_str()));
        }
    }
}
