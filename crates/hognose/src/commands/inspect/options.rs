//! The model and the user's rules.

use std::path::Path;
use std::sync::Arc;

use hognose_behaviour::model::ModelError;
use hognose_behaviour::rules::RuleError;
use hognose_behaviour::{Assessment, Fact, Matcher, Model, Rule, Trigger, assess};

use crate::cli::InspectArgs;
use crate::error::Failure;

/// Larger than any model or file of rules a person writes.
const MAX_FILE: u64 = 4 << 20;

/// What facts are judged by.
#[derive(Debug)]
pub(super) struct Judge {
    /// The model.
    pub(super) model: Model,
    /// Rules of the user.
    pub(super) rules: Vec<Rule>,
    /// YARA rules of the user.
    pub(super) matcher: Option<Arc<dyn Matcher>>,
}

impl Judge {
    /// Reads what the flags name.
    pub(super) fn read(args: &InspectArgs) -> Result<Self, Failure> {
        let model = match &args.model {
            None => Model::builtin().clone(),
            Some(path) => model(path)?,
        };
        let mut all: Vec<Rule> = Vec::new();
        for path in &args.rules {
            for rule in rules(path)? {
                if all.iter().any(|known| known.id == rule.id) {
                    let message =
                        format!("{}: the rule {:?} is there twice", path.display(), rule.id);
                    return Err(Failure::usage(message));
                }
                all.push(rule);
            }
        }
        Ok(Self {
            model,
            rules: all,
            matcher: super::yara::matcher(&args.yara)?,
        })
    }

    /// Judges facts.
    pub(super) fn assess(&self, facts: &[Fact]) -> Assessment {
        assess(facts, &self.model, &self.rules)
    }
}

fn text(path: &Path) -> Result<String, Failure> {
    let name = path.display();
    let unreadable = |e: std::io::Error| Failure::usage(format!("cannot read {name}")).because(&e);
    if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE {
        return Err(Failure::usage(format!(
            "{name} is over the limit of {MAX_FILE} bytes"
        )));
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

fn model(path: &Path) -> Result<Model, Failure> {
    let text = text(path)?;
    Model::parse(&text).map_err(|error| {
        let line = match &error {
            ModelError::Kind(name)
            | ModelError::Rule(name)
            | ModelError::Range { what: name, .. } => line_of(&text, name),
            ModelError::Form(reason) => return form("the model", path, reason),
            _ => None,
        };
        Failure::usage(format!("the model {} cannot be used", place(path, line)))
            .because(&error)
            .hint("`docs/inspect.md` describes the form")
    })
}

fn rules(path: &Path) -> Result<Vec<Rule>, Failure> {
    let text = text(path)?;
    let rules = Rule::parse_all(&text).map_err(|error| {
        let line = match &error {
            RuleError::Kind { kind, .. } => line_of(&text, &format!("\"{kind}\"")),
            RuleError::Severity { severity, .. } => line_of(&text, &format!("\"{severity}\"")),
            RuleError::Empty(rule) => line_of(&text, &format!("\"{rule}\"")),
            RuleError::Form(reason) => return form("the rules", path, reason),
            _ => None,
        };
        Failure::usage(format!("the rules {} cannot be used", place(path, line)))
            .because(&error)
            .hint("`docs/inspect.md` describes the form and lists the facts")
    })?;
    for rule in &rules {
        if let Some(fault) = fault(rule) {
            let line = line_of(&text, &format!("\"{}\"", rule.id));
            let message = format!("{}: the rule {:?} {fault}", place(path, line), rule.id);
            return Err(Failure::usage(message));
        }
    }
    Ok(rules)
}

/// TOML that cannot be read. The parser's text is a picture of several lines: its first says where, its last why.
fn form(what: &str, path: &Path, reason: &str) -> Failure {
    let mut lines = reason.lines().filter(|l| !l.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    let why = lines.next_back().unwrap_or(first).trim();
    let line = first
        .split_once("at line ")
        .and_then(|(_, rest)| rest.split(',').next()?.parse().ok());
    Failure::usage(format!("{what} {} cannot be used", place(path, line)))
        .because(&std::io::Error::other(why.to_owned()))
        .hint("`docs/inspect.md` describes the form")
}

/// What keeps a user's rule from working as meant.
fn fault(rule: &Rule) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if rule.id.is_empty() || rule.id.len() > 100 || !rule.id.chars().all(plain) {
        return Some("needs an id of letters, digits, `-`, `_` and `.`");
    }
    if rule.id.to_ascii_uppercase().starts_with("HOG-") {
        return Some("has an id that starts with HOG-, which is kept for built-in rules");
    }
    let Some(points) = &rule.points else {
        return Some("has no points, so it could never count");
    };
    let values = Trigger::ALL.map(|trigger| points.of(trigger));
    if values.iter().any(|v| !v.is_finite() || v.abs() > 100.0) {
        return Some("has points that are not between -100 and 100");
    }
    if values.iter().all(|v| *v == 0.0) {
        return Some("has no points, so it could never count");
    }
    None
}

/// `file:line`, or the file.
fn place(path: &Path, line: Option<usize>) -> String {
    match line {
        Some(line) => format!("{}:{line}", path.display()),
        None => path.display().to_string(),
    }
}

/// The first line that holds a word, from 1.
fn line_of(text: &str, word: &str) -> Option<usize> {
    text.lines()
        .position(|line| line.contains(word))
        .map(|at| at + 1)
}
