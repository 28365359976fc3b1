//! YAML advisories → JSON values, within a budget.
//!
//! Built on parser events so that nothing is expanded behind our back: nesting is bounded, and aliases
//! (`*anchor`), which no advisory needs and every YAML bomb does, are refused.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// Deepest nesting accepted.
const MAX_DEPTH: usize = 64;

/// Why a YAML text is not a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// The text is not YAML.
    #[error("line {line}: {message}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// The parser's words.
        message: String,
    },
    /// Nested too deeply.
    #[error("line {0}: nested deeper than {MAX_DEPTH} levels")]
    TooDeep(usize),
    /// An alias.
    #[error("line {0}: YAML aliases are not accepted here")]
    Alias(usize),
    /// No document.
    #[error("the file holds no YAML document")]
    Empty,
}

enum Frame {
    Sequence(Vec<Value>),
    Mapping(Map<String, Value>, Option<String>),
}

/// Parses the first document.
pub fn parse(text: &str) -> Result<Value, YamlError> {
    let mut stack: Vec<Frame> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| YamlError::Syntax {
            line: e.marker().line(),
            message: e.info().to_owned(),
        })?;
        let line = span.start.line();
        let done = match event {
            Event::SequenceStart(..) => push(&mut stack, Frame::Sequence(Vec::new()), line)?,
            Event::MappingStart(..) => push(&mut stack, Frame::Mapping(Map::new(), None), line)?,
            Event::Scalar(text, style, ..) => add(&mut stack, scalar(&text, style)),
            Event::SequenceEnd | Event::MappingEnd => match stack.pop() {
                Some(Frame::Sequence(items)) => add(&mut stack, Value::Array(items)),
                Some(Frame::Mapping(map, _)) => add(&mut stack, Value::Object(map)),
                None => None,
            },
            Event::Alias(_) => return Err(YamlError::Alias(line)),
            _ => None,
        };
        if let Some(value) = done {
            return Ok(value);
        }
    }
    Err(YamlError::Empty)
}

fn push(stack: &mut Vec<Frame>, frame: Frame, line: usize) -> Result<Option<Value>, YamlError> {
    if stack.len() >= MAX_DEPTH {
        return Err(YamlError::TooDeep(line));
    }
    stack.push(frame);
    Ok(None)
}

/// Adds a finished value to the innermost collection; returns it when it is the document itself.
fn add(stack: &mut [Frame], value: Value) -> Option<Value> {
    match stack.last_mut() {
        None => return Some(value),
        Some(Frame::Sequence(items)) => items.push(value),
        Some(Frame::Mapping(map, pending)) => match pending.take() {
            Some(key) => {
                map.insert(key, value);
            }
            None => {
                *pending = Some(
                    value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned),
                );
            }
        },
    }
    None
}

/// Plain scalars: null and booleans as in the YAML core schema; a version such as `1.10` must not become a number.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        // Numbers stay text: every OSV field that may look like one is a string.
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_advisory() {
        let value = parse("id: PYSEC-1\nsummary: >\n  two\n  lines\naffected:\n- package: {name: a, ecosystem: PyPI}\n  versions: ['1.10', 1.0]\nwithdrawn: null\n").unwrap();
        assert_eq!(
            value["affected"][0]["versions"],
            serde_json::json!(["1.10", "1.0"])
        );
        assert_eq!(value["summary"], "two lines\n");
        assert!(value["withdrawn"].is_null());
    }

    #[test]
    fn bombs_are_refused() {
        assert_eq!(parse("a: &a [x,x]\nb: [*a,*a]"), Err(YamlError::Alias(2)));
        assert!(matches!(
            parse(&"[".repeat(100_000)),
            Err(YamlError::TooDeep(_) | YamlError::Syntax { .. })
        ));
        assert!(matches!(parse("a: [1"), Err(YamlError::Syntax { .. })));
        assert_eq!(parse(""), Err(YamlError::Empty));
    }
}
