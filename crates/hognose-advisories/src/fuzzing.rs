//! Entry points for fuzzers and property tests: bytes in, no panic, bounded memory.

use hognose_types::{PackageName, Version};

use crate::build::Builder;
use crate::{Database, yaml};

/// One OSV record in JSON, built into a database and asked about.
pub fn osv_json(bytes: &[u8]) {
    let mut builder = Builder::new();
    let feed = builder.feed("osv", "fuzz");
    builder.add_json(feed, "fuzz", bytes);
    ask(&builder.finish(0));
}

/// One OSV record in YAML.
pub fn osv_yaml(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(value) = yaml::parse(text)
    {
        let mut builder = Builder::new();
        let feed = builder.feed("osv", "fuzz");
        builder.add_value(feed, "fuzz", &value);
        ask(&builder.finish(0));
    }
}

/// A database file.
pub fn database(bytes: &[u8]) {
    ask(bytes);
}

fn ask(bytes: &[u8]) {
    let Ok(database) = Database::from_bytes(bytes.to_vec()) else {
        return;
    };
    let _ = database.status();
    let _ = database.problems();
    let _ = database.popular();
    let _ = database.verify();
    for name in ["a", "demo", "jinja2"] {
        if let (Ok(name), Ok(version)) = (PackageName::new(name), Version::new("1.0")) {
            let _ = database.advisories_for(&name, &version);
            let _ = database.advisories_about(&name);
        }
    }
    let _ = database.advisory("PYSEC-2021-1");
}
