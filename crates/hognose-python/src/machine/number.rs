//! Methods of integers.

use super::Machine;
use super::call::Named;
use crate::number;
use crate::value::{Cell, Taint, Value};

impl Machine<'_> {
    pub(super) fn int_method(
        &mut self,
        value: &Value,
        method: &str,
        args: &[Cell],
        named: &Named,
    ) -> Option<Cell> {
        match (value, method) {
            (Value::Int(value), "to_bytes") => {
                let bytes = u64::try_from(*value).ok()?.to_be_bytes();
                to_bytes(trimmed(&bytes), args, named).map(|b| self.folded_bytes(b))
            }
            (Value::Int(value), "bit_length") => Some(Cell::of(Value::Int(i64::from(
                64 - value.unsigned_abs().leading_zeros(),
            )))),
            (Value::Big(value), "to_bytes") => {
                let bytes = to_bytes(value, args, named)?;
                Some(self.folded_bytes(bytes).with(Taint::step("arithmetic")))
            }
            (Value::Big(value), "bit_length") => Some(Cell::of(Value::Int(number::bits(value)))),
            _ => None,
        }
    }
}

fn to_bytes(value: &[u8], args: &[Cell], named: &Named) -> Option<Vec<u8>> {
    let by_name = |name: &str| {
        named
            .iter()
            .find(|(n, _)| n.as_deref() == Some(name))
            .map(|(_, c)| c)
    };
    let len = args.first().or_else(|| by_name("length"))?.value.int()?;
    let order = args
        .get(1)
        .or_else(|| by_name("byteorder"))
        .and_then(Cell::as_text)
        .map_or("big", |t| &**t);
    number::to_bytes(value, usize::try_from(len).ok()?, order == "little")
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}
