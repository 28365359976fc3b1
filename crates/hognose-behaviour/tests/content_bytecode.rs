//! What bytecode says. The sample is the one of the reader of bytecode.

use std::collections::HashSet;

use hognose_behaviour::content::bytecode::{Source, facts, marshalled};
use hognose_behaviour::{
    Fact,
    FactKind::{self, *},
    Trigger,
};
use proptest::prelude::*;

const SAMPLE: &[u8] = include_bytes!("../../hognose-python/tests/fixtures/marshal/cpython-312.pyc");
const TEXT: &str = include_str!("../../hognose-python/tests/fixtures/marshal/sample.py");

fn kinds(bytes: &[u8], source: Source<'_>) -> Vec<FactKind> {
    let mut out: Vec<Fact> = Vec::new();
    facts("a.pyc", bytes, source, Trigger::Import, &mut out);
    out.iter().map(|fact| fact.kind).collect()
}

fn identifiers(text: &str) -> HashSet<String> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn without_its_source() {
    assert_eq!(
        kinds(SAMPLE, Source::Absent),
        [BytecodeOnly, ProcessStart, ProcessStart, EndpointOther]
    );
    assert_eq!(kinds(SAMPLE, Source::Present), []);
    let mut out = Vec::new();
    marshalled("a.py", &SAMPLE[16..], Trigger::Import, &mut out);
    assert_eq!(out.len(), 3);
}

#[test]
fn beside_its_source() {
    assert_eq!(kinds(SAMPLE, Source::Identifiers(&identifiers(TEXT))), []);
    let other = TEXT.replace("subprocess", "somewhere");
    assert!(kinds(SAMPLE, Source::Identifiers(&identifiers(&other))).contains(&BytecodeDiffers));
    // The same names with another constant.
    let address = TEXT.replace("invalid", "elsewhere");
    assert_ne!(address, TEXT);
    assert_eq!(
        kinds(SAMPLE, Source::Identifiers(&identifiers(&address))),
        [EndpointOther]
    );
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in any::<Vec<u8>>(), at in 0_usize..900, value in any::<u8>()) {
        kinds(&bytes, Source::Absent);
        let mut sample = SAMPLE.to_vec();
        if let Some(byte) = sample.get_mut(at) {
            *byte = value;
        }
        kinds(&sample, Source::Absent);
    }
}
