//! JSON with the line of every value that is looked at.

use serde_json::value::RawValue;

use crate::source_text;

/// Most members of one object; the largest real locks have some thousands.
const MAX_MEMBERS: usize = 200_000;

/// An error without its position, which the caller states as file and line.
pub(crate) fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let bare = text.split(" at line ").next().unwrap_or(&text);
    bare.replace("struct ", "").to_ascii_lowercase()
}

/// Parses an object into its members in file order, values unparsed; the offset of each value in
/// `text` is known from where it lies in memory.
pub(crate) fn members<'a>(text: &'a str) -> Result<Vec<(String, &'a RawValue)>, serde_json::Error> {
    struct Members<'a>(Vec<(String, &'a RawValue)>);
    struct Visitor;
    impl<'de> serde::de::Visitor<'de> for Visitor {
        type Value = Members<'de>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Self::Value, A::Error> {
            let mut out = Vec::new();
            while let Some(entry) = map.next_entry::<String, &'de RawValue>()? {
                if out.len() >= MAX_MEMBERS {
                    return Err(serde::de::Error::custom(format_args!(
                        "more than {MAX_MEMBERS} entries"
                    )));
                }
                out.push(entry);
            }
            Ok(Members(out))
        }
    }
    impl<'de> serde::Deserialize<'de> for Members<'de> {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(Visitor)
        }
    }
    serde_json::from_str::<Members<'a>>(text).map(|m| m.0)
}

/// Offset of a part that was borrowed from `text`.
pub(crate) fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// True when brackets outside strings nest at most `depth` deep; else the offset of the first that
/// does not. Checked before parsing: an unparsed value is skipped recursively.
pub(crate) fn too_deep(text: &str, depth: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut level) = (0, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'[' | b'{' => {
                level += 1;
                if level > depth {
                    return Some(at);
                }
            }
            b']' | b'}' => level = level.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Line of a syntax error, seen from the whole file.
pub(crate) fn error_line(whole: &str, part: &str, error: &serde_json::Error) -> u32 {
    let before = source_text::line_of(whole.as_bytes(), offset(whole, part));
    before + u32::try_from(error.line()).unwrap_or(1).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth() {
        assert_eq!(too_deep("[[\"[[[\\\"[\"]]", 2), None);
        assert_eq!(too_deep("[[[", 2), Some(2));
        assert_eq!(too_deep("\"\\", 2), None);
    }

    #[test]
    fn offsets() {
        let text = "{\n \"a\": {\n  \"b\": 1\n }\n}";
        let outer = members(text).unwrap();
        let inner = members(outer[0].1.get()).unwrap();
        assert_eq!(offset(text, inner[0].1.get()), 17);
        let broken = "{\n\n \"a\": }";
        assert_eq!(error_line(broken, broken, &members(broken).unwrap_err()), 3);
    }
}
