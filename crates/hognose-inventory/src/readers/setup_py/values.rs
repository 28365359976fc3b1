//! Literal values: strings, lists, dicts, names of such, and their sums.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::tokens::{Kind, Token};

/// Deepest nesting of literals; also bounds the recursion.
const MAX_DEPTH: usize = 32;

/// What an expression is, as far as reading tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A string and its line.
    String(String, u32),
    /// A list, tuple or set.
    List(Vec<Value>),
    /// A dict.
    Dict(Vec<(Value, Value)>),
    /// Something only running the file would tell, and its line.
    Dynamic(u32),
}

/// Reads expressions from tokens.
pub(super) struct Reader<'t> {
    pub(super) tokens: &'t [Token],
    pub(super) at: usize,
    pub(super) names: &'t BTreeMap<String, Value>,
    /// How many more values may be copied out of names in this file: `b = a + a; c = b + b; …`
    /// doubles with every line.
    pub(super) budget: &'t Cell<usize>,
}

impl<'t> Reader<'t> {
    pub(super) fn kind(&self) -> Option<&'t Kind> {
        self.tokens.get(self.at).map(|t| &t.kind)
    }

    pub(super) fn line(&self) -> u32 {
        let last = self.tokens.len().saturating_sub(1);
        self.tokens.get(self.at.min(last)).map_or(1, |t| t.line)
    }

    pub(super) fn take(&mut self, mark: &str) -> bool {
        let found = matches!(self.kind(), Some(Kind::Mark(m)) if *m == mark);
        self.at += usize::from(found);
        found
    }

    /// Reads one expression up to a `,`, a closing bracket, a `:` or the end of the line.
    pub(super) fn expression(&mut self, depth: usize) -> Value {
        let line = self.line();
        let mut value = self.term(depth);
        while self.take("+") {
            let right = self.term(depth);
            value = sum(value, right, line);
        }
        if self.at_end() {
            return value;
        }
        self.skip();
        match value {
            // What is known of a list stays known; the rest is named as dynamic.
            Value::List(mut items) => {
                items.push(Value::Dynamic(line));
                Value::List(items)
            }
            _ => Value::Dynamic(line),
        }
    }

    /// True at the end of the file and at a bracket that closes another one: what follows is not inside.
    fn is_over(&self) -> bool {
        matches!(self.kind(), None | Some(Kind::Mark(")" | "]" | "}")))
    }

    fn at_end(&self) -> bool {
        match self.kind() {
            None | Some(Kind::Newline) => true,
            Some(Kind::Mark(mark)) => matches!(*mark, "," | ")" | "]" | "}" | ":" | "="),
            Some(_) => false,
        }
    }

    /// Goes on to where the expression ends, over nested brackets.
    pub(super) fn skip(&mut self) {
        let mut depth = 0_usize;
        while let Some(kind) = self.kind() {
            match kind {
                Kind::Newline | Kind::Mark(")" | "]" | "}" | ",") if depth == 0 => return,
                Kind::Mark("(" | "[" | "{") => depth += 1,
                Kind::Mark(")" | "]" | "}") => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
    }

    fn term(&mut self, depth: usize) -> Value {
        let line = self.line();
        if depth == 0 {
            self.skip();
            return Value::Dynamic(line);
        }
        match self.kind() {
            Some(Kind::String(_)) => {
                let mut text = String::new();
                // Neighbouring literals are one string.
                while let Some(Kind::String(part)) = self.kind() {
                    text.push_str(part);
                    self.at += 1;
                }
                Value::String(text, line)
            }
            Some(Kind::Mark("[")) => self.items("]", depth),
            Some(Kind::Mark("(")) => self.items(")", depth),
            Some(Kind::Mark("{")) => self.dict(depth),
            Some(Kind::Name(name)) => {
                self.at += 1;
                self.named(name).unwrap_or(Value::Dynamic(line))
            }
            _ => {
                self.at += usize::from(!self.at_end());
                Value::Dynamic(line)
            }
        }
    }

    fn named(&self, name: &str) -> Option<Value> {
        let value = self.names.get(name)?;
        let left = self.budget.get().checked_sub(size(value))?;
        self.budget.set(left);
        Some(value.clone())
    }

    fn items(&mut self, close: &str, depth: usize) -> Value {
        self.at += 1;
        let mut items = Vec::new();
        let mut commas = 0;
        while !self.take(close) {
            if self.is_over() {
                break;
            }
            let spread = self.take("*");
            let before = self.at;
            match self.expression(depth - 1) {
                Value::List(inner) if spread => items.extend(inner),
                value => items.push(value),
            }
            commas += usize::from(self.take(","));
            // Something unexpected, such as a stray colon: step over it.
            if self.at == before {
                self.at += 1;
            }
        }
        // Brackets around one expression are no tuple.
        if close == ")" && commas == 0 && items.len() == 1 {
            return items.swap_remove(0);
        }
        Value::List(items)
    }

    fn dict(&mut self, depth: usize) -> Value {
        self.at += 1;
        let mut pairs = Vec::new();
        let mut plain = Vec::new();
        while !self.take("}") {
            if self.is_over() {
                break;
            }
            let before = self.at;
            if self.take("**") {
                let line = self.line();
                match self.expression(depth - 1) {
                    Value::Dict(inner) => pairs.extend(inner),
                    _ => pairs.push((Value::Dynamic(line), Value::Dynamic(line))),
                }
            } else {
                let key = self.expression(depth - 1);
                if self.take(":") {
                    let value = self.expression(depth - 1);
                    pairs.push((key, value));
                } else {
                    plain.push(key);
                }
            }
            self.take(",");
            if self.at == before {
                self.at += 1;
            }
        }
        if pairs.is_empty() && !plain.is_empty() {
            return Value::List(plain);
        }
        Value::Dict(pairs)
    }
}

fn sum(left: Value, right: Value, line: u32) -> Value {
    match (left, right) {
        (Value::List(mut items), Value::List(more)) => {
            items.extend(more);
            Value::List(items)
        }
        (Value::String(text, at), Value::String(more, _)) => Value::String(text + &more, at),
        (Value::List(mut items), _) | (_, Value::List(mut items)) => {
            items.push(Value::Dynamic(line));
            Value::List(items)
        }
        _ => Value::Dynamic(line),
    }
}

/// How many values a value is made of.
fn size(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Dict(pairs) => 1 + pairs.iter().map(|(k, v)| size(k) + size(v)).sum::<usize>(),
        Value::String(text, _) => 1 + text.len() / 64,
        Value::Dynamic(_) => 1,
    }
}

/// The deepest nesting [`Reader::expression`] follows.
pub(super) fn depth() -> usize {
    MAX_DEPTH
}
