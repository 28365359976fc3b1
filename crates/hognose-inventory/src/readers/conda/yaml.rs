//! YAML as a tree with lines, within budgets.
//!
//! Built on parser events so that nothing is expanded behind our back: nesting is bounded, and what
//! aliases (`*anchor`) copy counts against a budget, because ten lines of nested aliases can name a
//! billion nodes.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser};

/// Most nodes that aliases may copy in one document. Real files use a handful, if any.
const ALIAS_BUDGET: usize = 10_000;
/// Most nodes of one document: some 150 MB. A lock of a thousand packages for four platforms has
/// 200,000.
const MAX_NODES: usize = 1_000_000;

/// A value and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) line: u32,
    pub(super) value: Value,
}

/// A value. Scalars stay text: the version `1.10` must not become a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Scalar(String),
    Sequence(Vec<Node>),
    Mapping(Vec<(String, Node)>),
}

/// What could be read, and the first fault.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) root: Option<Node>,
    pub(super) fault: Option<Fault>,
}

/// A fault.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: u32,
    pub(super) message: String,
}

impl Node {
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) if !matches!(text.as_str(), "" | "~" | "null") => Some(text),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    pub(super) fn entries(&self) -> &[(String, Self)] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, node)| node)
    }

    pub(super) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// Nodes in this tree and its height; the height is bounded, so recursion is too.
    fn size(&self) -> (usize, usize) {
        let children: Vec<&Self> = match &self.value {
            Value::Scalar(_) => Vec::new(),
            Value::Sequence(items) => items.iter().collect(),
            Value::Mapping(entries) => entries.iter().map(|(_, node)| node).collect(),
        };
        children
            .iter()
            .map(|node| node.size())
            .fold((1, 1), |(nodes, height), (n, h)| {
                (nodes.saturating_add(n), height.max(h + 1))
            })
    }
}

/// An open collection.
struct Frame {
    anchor: usize,
    node: Node,
    /// The key that waits for its value, in a mapping.
    key: Option<String>,
}

struct Builder {
    stack: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    budget: usize,
    nodes: usize,
    depth: usize,
    root: Option<Node>,
}

/// Parses the first document; with a fault, the tree holds what stands before it.
pub(super) fn parse(text: &str, depth: usize) -> Document {
    let mut builder = Builder {
        stack: Vec::new(),
        anchors: HashMap::new(),
        budget: ALIAS_BUDGET,
        nodes: 0,
        depth,
        root: None,
    };
    let mut fault = None;
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, span)) => builder.event(event, line(span.start.line())),
            Err(error) => Err(Fault {
                line: line(error.marker().line()),
                message: error.info().to_owned(),
            }),
        };
        if let Err(found) = step {
            fault = Some(found);
            break;
        }
        if builder.root.is_some() {
            break;
        }
    }
    while !builder.stack.is_empty() {
        builder.close();
    }
    Document {
        root: builder.root,
        fault,
    }
}

fn line(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Builder {
    fn event(&mut self, event: Event<'_>, line: u32) -> Result<(), Fault> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values");
            return Err(Fault { line, message });
        }
        match event {
            Event::SequenceStart(anchor, ..) => {
                self.open(anchor, Value::Sequence(Vec::new()), line)?;
            }
            Event::MappingStart(anchor, ..) => {
                self.open(anchor, Value::Mapping(Vec::new()), line)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Scalar(text, _, anchor, _) => {
                let value = Value::Scalar(text.into_owned());
                self.done(Node { line, value }, anchor);
            }
            Event::Alias(anchor) => self.alias(anchor, line)?,
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, anchor: usize, value: Value, line: u32) -> Result<(), Fault> {
        if self.stack.len() >= self.depth {
            let message = format!("nested deeper than {} levels", self.depth);
            return Err(Fault { line, message });
        }
        let node = Node { line, value };
        self.stack.push(Frame {
            anchor,
            node,
            key: None,
        });
        Ok(())
    }

    fn close(&mut self) {
        if let Some(frame) = self.stack.pop() {
            self.done(frame.node, frame.anchor);
        }
    }

    fn alias(&mut self, anchor: usize, line: u32) -> Result<(), Fault> {
        let fault = |message: &str| Fault {
            line,
            message: message.to_owned(),
        };
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(fault("an alias of something that encloses it"));
        };
        let (nodes, height) = node.size();
        if nodes > self.budget || height + self.stack.len() > self.depth {
            return Err(fault("aliases copy more than any real file"));
        }
        let mut copy = node.clone();
        copy.line = line;
        self.budget -= nodes;
        self.done(copy, 0);
        Ok(())
    }

    /// Puts a finished node where it belongs.
    fn done(&mut self, node: Node, anchor: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut frame.node.value {
            Value::Sequence(items) => items.push(node),
            Value::Mapping(entries) => match frame.key.take() {
                Some(key) => entries.push((key, node)),
                None => {
                    // A key that is itself a collection has no meaning in any format read here.
                    frame.key = Some(node.text().unwrap_or_default().to_owned());
                }
            },
            Value::Scalar(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_have_lines_and_versions_stay_text() {
        let root = parse("name: x\nlist:\n- a=1.10\n- pip:\n  - b\n", 64)
            .root
            .unwrap();
        assert_eq!(root.text_of("name"), Some("x"));
        let list = root.get("list").unwrap().items();
        assert_eq!((list[0].text(), list[0].line), (Some("a=1.10"), 3));
        assert_eq!(list[1].get("pip").unwrap().items()[0].line, 5);
    }

    #[test]
    fn what_stands_before_a_fault_is_kept() {
        let document = parse("a:\n- x\n- y\nb: [1\n", 64);
        assert!(document.fault.is_some());
        assert_eq!(document.root.unwrap().get("a").unwrap().items().len(), 2);
        assert!(parse("", 64).root.is_none());
    }

    #[test]
    fn aliases_work_within_the_budget() {
        let root = parse("a: &x [1, 2]\nb: *x\n", 64).root.unwrap();
        assert_eq!(root.get("b").unwrap().items().len(), 2);

        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..12 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(",");
            bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        let fault = parse(&bomb, 64).fault.unwrap();
        assert_eq!(fault.message, "aliases copy more than any real file");
        assert_eq!(parse("a: &a [*a]\n", 64).fault.unwrap().line, 1);
    }

    #[test]
    fn size_is_bounded() {
        let document = parse(&"- a\n".repeat(MAX_NODES + 10), 64);
        assert_eq!(document.fault.unwrap().message, "more than 1000000 values");
        assert!(document.root.unwrap().items().len() > MAX_NODES - 10);
    }

    #[test]
    fn nesting_is_bounded() {
        let fault = parse(&"- ".repeat(1_000), 64).fault.unwrap();
        assert_eq!(fault.message, "nested deeper than 64 levels");
        assert!(parse(&"[".repeat(100_000), 64).fault.is_some());
    }
}
