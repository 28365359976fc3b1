//! `setup.py`, read without running it: the literal arguments of `setup(…)` and the module's literal
//! assignments. Whatever only running would tell is reported with its line.

mod tokens;
mod values;

use std::cell::Cell;
use std::collections::BTreeMap;

use hognose_types::PackageName;

use self::tokens::{Kind, Token};
use self::values::{Reader, Value};
use super::manifest::{Manifest, Place, Project};

const HINT: &str =
    "setup.py is never run; lock the project, or scan the environment it is installed in";

/// Most calls of `setup()` read: each reads on to its closing bracket.
const MAX_CALLS: usize = 8;

/// Most values copied out of names in one file.
const BUDGET: usize = 200_000;

/// Reads a `setup.py`.
pub(crate) fn parse(text: &str) -> Manifest {
    let mut manifest = Manifest::default();
    let Some(tokens) = tokens::tokenize(text) else {
        manifest.fault(None, "too long for a hand-written setup.py", HINT);
        return manifest;
    };
    let mut names: BTreeMap<String, Value> = BTreeMap::new();
    let budget = Cell::new(BUDGET);
    let mut calls = 0;
    let mut at = 0;
    let mut line_start = true;
    let mut depth = 0_usize;
    while let Some(token) = tokens.get(at) {
        if let Kind::Name(name) = &token.kind {
            if name == "setup" && is_call(&tokens, at) && calls < MAX_CALLS {
                calls += 1;
                arguments(&mut manifest, &tokens, at + 2, &names, &budget);
            } else if line_start && depth == 0 {
                assignment(&tokens, at, name, &mut names, &budget);
            }
        }
        match &token.kind {
            Kind::Mark("(" | "[" | "{") => depth += 1,
            Kind::Mark(")" | "]" | "}") => depth = depth.saturating_sub(1),
            _ => {}
        }
        line_start = token.kind == Kind::Newline;
        at += 1;
    }
    if calls == 0 {
        manifest.fault(None, "no call of setup() was found", HINT);
    }
    manifest
}

/// `setup(`, and not `def setup(`.
fn is_call(tokens: &[Token], at: usize) -> bool {
    let opens = matches!(tokens.get(at + 1).map(|t| &t.kind), Some(Kind::Mark("(")));
    let defined =
        at > 0 && matches!(tokens.get(at - 1).map(|t| &t.kind), Some(Kind::Name(k)) if k == "def");
    opens && !defined
}

/// Notes `name = literal` at the left margin; any other change of the name makes it partly dynamic.
fn assignment(
    tokens: &[Token],
    at: usize,
    name: &str,
    names: &mut BTreeMap<String, Value>,
    budget: &Cell<usize>,
) {
    let Some(token) = tokens.get(at) else { return };
    let mut reader = Reader {
        tokens,
        at: at + 1,
        names,
        budget,
    };
    let plain = reader.take("=");
    let added = !plain && reader.take("+=");
    if plain && !token.indented {
        let value = reader.expression(values::depth());
        names.insert(name.to_owned(), value);
        return;
    }
    let method = reader.take(".")
        && matches!(reader.kind(), Some(Kind::Name(m)) if matches!(m.as_str(), "append" | "extend" | "insert" | "update" | "setdefault" | "remove" | "pop"));
    let item = matches!(reader.kind(), Some(Kind::Mark("[")));
    if plain || added || method || item {
        let line = token.line;
        match names.get_mut(name) {
            Some(Value::List(items)) => items.push(Value::Dynamic(line)),
            Some(Value::Dict(pairs)) => pairs.push((Value::Dynamic(line), Value::Dynamic(line))),
            Some(value) => *value = Value::Dynamic(line),
            None => {}
        }
    }
}

/// The keyword arguments of `setup(`.
fn arguments(
    manifest: &mut Manifest,
    tokens: &[Token],
    at: usize,
    names: &BTreeMap<String, Value>,
    budget: &Cell<usize>,
) {
    let mut reader = Reader {
        tokens,
        at,
        names,
        budget,
    };
    while !reader.take(")") {
        let before = reader.at;
        let line = reader.line();
        if reader.take("**") {
            match reader.expression(values::depth()) {
                Value::Dict(pairs) => {
                    for (key, value) in pairs {
                        if let Value::String(key, _) = key {
                            argument(manifest, &key, value, line);
                        } else {
                            manifest.fault(
                                Some(line),
                                "setup(**…) passes arguments that only running would tell",
                                HINT,
                            );
                        }
                    }
                }
                _ => manifest.fault(
                    Some(line),
                    "setup(**…) passes arguments that only running would tell",
                    HINT,
                ),
            }
        } else if let Some(Kind::Name(key)) = reader.kind() {
            reader.at += 1;
            if reader.take("=") {
                let value = reader.expression(values::depth());
                argument(manifest, key, value, line);
            } else {
                reader.skip();
            }
        } else {
            reader.skip();
        }
        reader.take(",");
        if reader.kind().is_none() {
            return;
        }
        if reader.at == before {
            reader.at += 1;
        }
    }
}

fn argument(manifest: &mut Manifest, key: &str, value: Value, line: u32) {
    match (key, value) {
        ("name", Value::String(text, line)) => {
            if let Ok(name) = PackageName::new(&text) {
                manifest.project = Some(Project {
                    name,
                    version: None,
                    line,
                });
            }
        }
        ("version", Value::String(text, _)) => {
            if let Some(project) = &mut manifest.project {
                project.version = Some(text);
            }
        }
        ("install_requires", value) => {
            requirements(manifest, key, value, line, &Place::default(), "");
        }
        ("setup_requires", value) => requirements(manifest, key, value, line, &Place::build(), ""),
        ("tests_require", value) => {
            requirements(manifest, key, value, line, &Place::group("tests"), "");
        }
        ("extras_require", Value::Dict(pairs)) => {
            for (extra, value) in pairs {
                match extra {
                    // `extra:marker` and `:marker` are the old notation for conditional dependencies.
                    Value::String(extra, line) => {
                        let (extra, marker) = extra.split_once(':').unwrap_or((&extra, ""));
                        let place = if extra.is_empty() {
                            Place::default()
                        } else {
                            Place::extra(extra)
                        };
                        requirements(manifest, key, value, line, &place, marker);
                    }
                    _ => dynamic(manifest, key, line),
                }
            }
        }
        ("extras_require", Value::Dynamic(line)) => dynamic(manifest, key, line),
        _ => {}
    }
}

fn requirements(
    manifest: &mut Manifest,
    key: &str,
    value: Value,
    line: u32,
    place: &Place,
    marker: &str,
) {
    match value {
        Value::List(items) => {
            for item in items {
                match item {
                    Value::String(text, line) => requirement(manifest, &text, line, place, marker),
                    Value::Dynamic(line) => dynamic(manifest, key, line),
                    Value::List(_) | Value::Dict(_) => dynamic(manifest, key, line),
                }
            }
        }
        // One string with a requirement per line.
        Value::String(text, line) => {
            for (offset, part) in (0_u32..).zip(text.lines()) {
                let part = part.split('#').next().unwrap_or(part).trim();
                if !part.is_empty() {
                    requirement(manifest, part, line + offset, place, marker);
                }
            }
        }
        Value::Dynamic(line) => dynamic(manifest, key, line),
        Value::Dict(_) => dynamic(manifest, key, line),
    }
}

fn requirement(manifest: &mut Manifest, text: &str, line: u32, place: &Place, marker: &str) {
    if marker.is_empty() {
        manifest.requirement(text, line, place);
    } else {
        manifest.requirement(&format!("{text} ; {marker}"), line, place);
    }
}

fn dynamic(manifest: &mut Manifest, key: &str, line: u32) {
    manifest.fault(
        Some(line),
        format!("{key} is computed: only running setup.py would tell it"),
        HINT,
    );
}
