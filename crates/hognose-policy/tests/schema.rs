//! The JSON Schema of the configuration has the keys that the program reads, in every table.

use std::collections::BTreeSet;

use hognose_policy::{Config, ConfigFile};
use serde_json::Value;

/// Every table, how it is opened, and where the schema has it.
const TABLES: [(&str, &str); 13] = [
    ("", ""),
    ("[policy]", "/properties/policy"),
    (
        "[policy.licenses]",
        "/properties/policy/properties/licenses",
    ),
    (
        "[policy.provenance]",
        "/properties/policy/properties/provenance",
    ),
    (
        "[policy.groups.dev]",
        "/properties/policy/properties/groups/additionalProperties",
    ),
    ("[[waiver]]", "/properties/waiver/items"),
    ("[feeds]", "/properties/feeds"),
    ("[scan]", "/properties/scan"),
    ("[identity]", "/properties/identity"),
    ("[gateway]", "/properties/gateway"),
    (
        "[[gateway.upstream]]",
        "/properties/gateway/properties/upstream/items",
    ),
    (
        "[[gateway.token]]",
        "/properties/gateway/properties/token/items",
    ),
    (
        "[[gateway.upstream]]\nname = \"x\"",
        "/properties/gateway/properties/upstream/items",
    ),
];

#[test]
fn every_table_has_the_keys_that_are_read() {
    let schema = include_str!("../../../docs/schemas/hognose-toml-1.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    for (table, place) in TABLES {
        let text = format!("{table}\nno-such-key = 1\n");
        let error = Config::parse("x.toml", &text, ConfigFile::Hognose).unwrap_err();
        // The reader names every key that it knows.
        let (_, known) = error.message.split_once("expected ").unwrap();
        let read: BTreeSet<&str> = known.split('`').skip(1).step_by(2).collect();
        let told = schema.pointer(place).unwrap()["properties"]
            .as_object()
            .unwrap();
        let told: BTreeSet<&str> = told.keys().map(String::as_str).collect();
        assert_eq!(read, told, "{table}");
        assert_eq!(
            schema.pointer(place).unwrap()["additionalProperties"],
            false,
            "{table}"
        );
    }
}
