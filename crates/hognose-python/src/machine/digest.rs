//! A digest of arguments: calls that look alike are followed once.

use std::hash::{Hash, Hasher};

use super::call::Named;
use crate::value::{Cell, Value};

/// A digest of arguments: what is known is part of it, the rest counts by identity and labels.
pub(super) fn digest(args: &[Cell], named: &Named) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    for cell in args {
        digest_cell(cell, &mut hasher, 2);
    }
    for (name, cell) in named {
        name.hash(&mut hasher);
        digest_cell(cell, &mut hasher, 2);
    }
    hasher.finish()
}

/// The first cells of a container, a few levels deep.
fn digest_some(cells: &[Cell], hasher: &mut rustc_hash::FxHasher, levels: u8) {
    for cell in cells.iter().take(16) {
        if levels > 0 {
            digest_cell(cell, hasher, levels - 1);
        } else {
            cell.taint.hash(hasher);
        }
    }
}

/// A text by what it says; of a long one the beginning, and where the whole lies. Two that are freed and made between two
/// calls may lie in the same place, so that alone does not do.
fn text(bytes: &[u8], hasher: &mut rustc_hash::FxHasher) {
    const WHOLE: usize = 64 << 10;
    match bytes.get(..WHOLE) {
        None => bytes.hash(hasher),
        Some(start) => (start, bytes.as_ptr() as usize, bytes.len()).hash(hasher),
    }
}

fn digest_cell(cell: &Cell, hasher: &mut rustc_hash::FxHasher, levels: u8) {
    cell.taint.hash(hasher);
    std::mem::discriminant(&cell.value).hash(hasher);
    match &cell.value {
        Value::Bool(v) => v.hash(hasher),
        Value::Int(v) => v.hash(hasher),
        Value::Float(v) => v.to_bits().hash(hasher),
        Value::Big(v) => v.hash(hasher),
        Value::Str(v) => text(v.as_bytes(), hasher),
        Value::Bytes(v) => text(v, hasher),
        Value::Path(v) => v.hash(hasher),
        Value::Module(v) => v.hash(hasher),
        Value::Tuple(v) | Value::Cycle(v) => {
            v.len().hash(hasher);
            digest_some(v, hasher, levels);
        }
        Value::List(v) => {
            if let Ok(cells) = v.try_borrow() {
                cells.len().hash(hasher);
                digest_some(&cells, hasher, levels);
            }
        }
        Value::Dict(v) => {
            if let Ok(dict) = v.try_borrow() {
                dict.entries.len().hash(hasher);
                for (key, value) in dict.entries.iter().take(16) {
                    digest_some(std::slice::from_ref(key), hasher, levels);
                    digest_some(std::slice::from_ref(value), hasher, levels);
                }
            }
        }
        Value::Function(v) => v.key().hash(hasher),
        Value::Class(v) => v.serial.hash(hasher),
        Value::Instance(v) => {
            v.class.serial.hash(hasher);
            // The order of a map must not matter.
            let attrs = v.attrs.try_borrow();
            let sum = attrs
                .iter()
                .flat_map(|a| a.iter())
                .fold(0u64, |sum, (name, cell)| {
                    let mut inner = rustc_hash::FxHasher::default();
                    name.hash(&mut inner);
                    if cell.value.is_scalar() {
                        digest_cell(cell, &mut inner, 0);
                    } else {
                        cell.taint.hash(&mut inner);
                    }
                    sum.wrapping_add(inner.finish())
                });
            sum.hash(hasher);
        }
        Value::Partial(v) => digest_some(std::slice::from_ref(&v.0), hasher, levels),
        Value::Unknown | Value::None | Value::Code(_) => {}
    }
}
