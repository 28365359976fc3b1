//! All of TOML, through the `toml` crate.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Document, Entry, Fault, MAX_FULL, Node, Table, Value};

/// Parses with recovery: the tree holds what stands around a fault.
pub(super) fn parse(text: &str, depth: usize) -> Document<'_> {
    if text.len() > MAX_FULL {
        return Document {
            root: Table::default(),
            fault: Some(Fault {
                at: 0,
                message: format!(
                    "not plain TOML as lock tools write it, and larger than {MAX_FULL} bytes"
                ),
            }),
        };
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut too_deep = None;
    let root = convert_table(table.get_ref(), 0, depth, &mut too_deep);
    let fault = errors
        .first()
        .map(|error| Fault {
            at: error.span().map_or(0, |span| span.start),
            message: error.message().to_owned(),
        })
        .or_else(|| {
            too_deep.map(|at| Fault {
                at,
                message: format!("nested deeper than {depth} levels"),
            })
        });
    Document { root, fault }
}

/// `depth` counts down; the `toml` crate bounds nesting too, so this recursion always ends.
fn convert_table<'a>(
    table: &DeTable<'a>,
    at: usize,
    depth: usize,
    too_deep: &mut Option<usize>,
) -> Table<'a> {
    let mut entries: Vec<Entry<'a>> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().clone(),
            at: key.span().start as u32,
            node: convert(value, depth, too_deep),
        })
        .collect();
    entries.sort_by_key(|entry| entry.at);
    Table {
        at: at as u32,
        entries,
    }
}

fn convert<'a>(
    value: &Spanned<DeValue<'a>>,
    depth: usize,
    too_deep: &mut Option<usize>,
) -> Node<'a> {
    let at = value.span().start;
    if depth == 0 {
        too_deep.get_or_insert(at);
        return Node {
            at: at as u32,
            value: Value::Other,
        };
    }
    let value = match value.get_ref() {
        DeValue::String(text) => Value::String(text.clone()),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or(Value::Other, Value::Integer),
        DeValue::Float(_) | DeValue::Datetime(_) => Value::Other,
        DeValue::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| convert(item, depth - 1, too_deep))
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(convert_table(table, at, depth - 1, too_deep)),
    };
    Node {
        at: at as u32,
        value,
    }
}
