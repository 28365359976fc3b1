use proptest::prelude::*;

use super::*;

/// The tree without offsets: only the text of the file is compared, not where each parser says it starts.
fn shape(table: &Table<'_>) -> String {
    let mut entries: Vec<String> = table
        .entries
        .iter()
        .map(|entry| format!("{:?}={}", entry.key, node(&entry.node)))
        .collect();
    entries.sort();
    format!("{{{}}}", entries.join(","))
}

fn node(value: &Node<'_>) -> String {
    match &value.value {
        Value::Table(table) => shape(table),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(node).collect::<Vec<_>>().join(","))
        }
        Value::String(text) => format!("{text:?}"),
        Value::Integer(value) => value.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Other => "other".to_owned(),
    }
}

/// Whatever `plain` accepts, `full` accepts with the same tree and the same offsets of keys.
fn agree(text: &str) {
    if let Some(plain) = plain::parse(text, 32, &[]) {
        let full = full::parse(text, 32);
        assert_eq!(full.fault, None, "{text:?}");
        assert_eq!(shape(&plain), shape(&full.root), "{text:?}");
    }
}

const LOCK: &str = "version = 1\n\n[[package]]\nname = \"a\"\nsource = { registry = \"https://x\" }\nwheels = [\n    { url = \"u\", size = 12, upload-time = 2026-10-31T23:59:59.123Z },\n]\n\n[package.metadata]\nrequires-dist = [{ name = \"b\" }]\n\n[[package]]\nname = \"b\" # c\n\n[manifest.\"x y\".z]\nok = true\n";

#[test]
fn both_read_a_lock() {
    let plain = plain::parse(LOCK, 32, &[]).unwrap();
    let full = full::parse(LOCK, 32);
    assert_eq!(shape(&plain), shape(&full.root));
    let package = plain.tables("package").nth(1).unwrap();
    assert_eq!(package.str("name"), Some("b"));
    assert_eq!(
        crate::source_text::line_of(LOCK.as_bytes(), package.offset()),
        13
    );
    for (plain, full) in plain.tables("package").zip(full.root.tables("package")) {
        for (a, b) in plain.entries.iter().zip(&full.entries) {
            assert_eq!((a.at, &a.key), (b.at, &b.key));
        }
    }
}

#[test]
fn plain_refuses_what_it_does_not_know() {
    for text in [
        "a = \"x\\n\"",
        "a = 'x'",
        "a = \"\"\"x\"\"\"",
        "a.b = 1",
        "a = 1.5",
        "a = 1979-05-27",
        "a = 2026-02-30T00:00:00Z",
        "a = 2026-02-03T00:00:00.Z",
        "a = 1\na = 2",
        "a = 01",
        "a = -1",
        "a = [1",
        "[a]\n[a]",
        "[a",
        "a",
        "a = 1 b = 2",
        "a = \"x\n\"",
        "a = 0x1",
        "é = 1",
    ] {
        assert!(plain::parse(text, 32, &[]).is_none(), "{text:?}");
    }
    assert!(plain::parse(&format!("a = {}", "[".repeat(100_000)), 64, &[]).is_none());
}

#[test]
fn full_reads_around_a_fault() {
    let document = parse("a = 1\nb = \nc = 'x'\n", 32, &[]);
    assert_eq!(document.root.str("c"), Some("x"));
    assert_eq!(document.fault.map(|f| f.at), Some(10));
    let bomb = parse(&format!("a = {}", "[".repeat(100_000)), 64, &[]).fault;
    assert!(bomb.is_some());
    let bomb = parse(&format!("x = 'y'\n[{}a]", "a.".repeat(100_000)), 64, &[]).fault;
    assert!(bomb.is_some());
    let deep = parse(
        &format!("a = {}'x'{}", "[".repeat(20), "]".repeat(20)),
        10,
        &[],
    )
    .fault
    .unwrap();
    assert_eq!(deep.message, "nested deeper than 10 levels");
}

proptest! {
    #[test]
    fn plain_and_full_agree(text in "([a-c]{1,2}|\\[\\[|\\]\\]|\\[|\\]|\"[a-c ]{0,2}\"|=|,|\\{|\\}|\n|\\.|#|[0-9]| |true){0,40}") {
        agree(&text);
    }

    #[test]
    fn plain_and_full_agree_on_lines(lines in proptest::collection::vec("(\\[\\[?[ab]{1}(\\.[ab])?\\]?\\]|[abc] = (1|\"x\"|true|\\[1, 2,?\\]|\\{ ?[ab] = 1(, [bc] = [0-9]{1,2})?,? ?\\})( #x)?|)", 0..8)) {
        agree(&lines.join("\n"));
    }

    #[test]
    fn never_panics(text in "\\PC{0,80}") {
        let _ = parse(&text, 16, &[]);
    }
}
