//! YARA rules of the user, by the engine of YARA-X.
//!
//! Rules are compiled once. A match says nothing of what code does, so it becomes a fact of its own kind, graded by what
//! the rule says of itself in `meta` (see [`crate::matcher::Grade`]). This module reads no file: the texts are given, and
//! an `include` may only name one of them.

mod include;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use yara_x::errors::CompileError;
use yara_x::{Compiler, MetaValue, ScanError, Scanner, SourceCode};

use crate::matcher::{Grade, Match, MatchError, Matcher};

/// Time for one file or decoded text.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Matches of one pattern that are counted.
const MAX_MATCHES: usize = 10_000;
/// Characters shown of what a pattern found.
const MAX_EXCERPT: usize = 60;

/// A file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its name in messages, and what an `include` is relative to; `/` parts folders.
    pub name: String,
    /// Where its rules live: two files may have rules of the same name.
    pub namespace: String,
    /// Its text.
    pub text: String,
}

/// Why rules cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", place(.file, *.line))]
pub struct RulesError {
    /// The file at fault.
    pub file: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

fn place(file: &str, line: usize) -> String {
    match line {
        0 => file.to_owned(),
        _ => format!("{file}:{line}"),
    }
}

/// Compiled rules.
pub struct YaraRules {
    rules: yara_x::Rules,
    count: usize,
}

impl fmt::Debug for YaraRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("YaraRules")
            .field("rules", &self.count)
            .finish_non_exhaustive()
    }
}

impl YaraRules {
    /// Compiles rules. What an `include` names must be among the files, and is compiled in the place of the `include`.
    pub fn compile(files: &[SourceFile]) -> Result<Self, RulesError> {
        let mut compiler = Compiler::new();
        compiler.enable_includes(false);
        for root in include::roots(files)? {
            compiler.new_namespace(&root.namespace);
            for part in &root.parts {
                let source = SourceCode::from(part.text.as_str()).with_origin(part.name.as_str());
                if let Err(error) = compiler.add_source(source) {
                    return Err(fault(&error, &root.parts, part));
                }
            }
        }
        let rules = compiler.build();
        let count = rules.iter().len();
        if count == 0 {
            return Err(RulesError {
                file: files.first().map(|f| f.name.clone()).unwrap_or_default(),
                line: 0,
                reason: "holds no YARA rule".into(),
            });
        }
        Ok(Self { rules, count })
    }

    /// How many rules there are.
    pub fn count(&self) -> usize {
        self.count
    }
}

/// The first line of a compiler's message, with its place.
fn fault(error: &CompileError, parts: &[include::Part], part: &include::Part) -> RulesError {
    let label = error.labels().next();
    let (file, at) = match &label {
        Some(label) => (
            label.origin().unwrap_or(&part.name).to_owned(),
            Some(label.span().start()),
        ),
        None => (part.name.clone(), None),
    };
    let text = parts.iter().find(|p| p.name == file).map(|p| &p.text);
    let line = match (text, at) {
        (Some(text), Some(at)) => include::line_of(text, at),
        _ => 0,
    };
    let mut reason = error.title().to_owned();
    let why = label.as_ref().map_or("", |label| label.text());
    if !why.is_empty() && why != reason {
        reason.push_str(": ");
        reason.push_str(why);
    }
    RulesError { file, line, reason }
}

impl Matcher for YaraRules {
    fn matches(&self, bytes: &[u8]) -> Result<Vec<Match>, MatchError> {
        let mut scanner = Scanner::new(&self.rules);
        scanner
            .set_timeout(TIMEOUT)
            .max_matches_per_pattern(MAX_MATCHES);
        let results = scanner.scan(bytes).map_err(|error| match error {
            ScanError::Timeout => MatchError::Timeout,
            other => MatchError::Engine(other.to_string()),
        })?;
        let mut found = Vec::new();
        for rule in results.matching_rules() {
            let mut first: Option<(usize, &[u8])> = None;
            for one in rule.patterns().flat_map(|pattern| pattern.matches()) {
                let start = one.range().start;
                if first.is_none_or(|(at, _)| start < at) {
                    first = Some((start, one.data()));
                }
            }
            let meta: BTreeMap<String, MetaValue<'_>> = rule
                .metadata()
                .map(|(name, value)| (name.to_ascii_lowercase(), value))
                .collect();
            found.push(Match {
                rule: format!("{}:{}", rule.namespace(), rule.identifier()),
                tags: rule.tags().map(|tag| tag.identifier().to_owned()).collect(),
                description: text(meta.get("description")),
                grade: grade(&meta),
                offset: first.map(|(at, _)| at),
                excerpt: excerpt(first.map_or(&[], |(_, data)| data)),
            });
        }
        Ok(found)
    }
}

fn text(value: Option<&MetaValue<'_>>) -> String {
    match value {
        Some(MetaValue::String(text)) => (*text).to_owned(),
        Some(MetaValue::Bytes(bytes)) => bytes.to_string(),
        _ => String::new(),
    }
}

/// The graver of what `severity` and `score` say.
fn grade(meta: &BTreeMap<String, MetaValue<'_>>) -> Grade {
    let word = text(meta.get("severity")).trim().to_ascii_lowercase();
    let by_word = match word.as_str() {
        "critical" => Grade::Critical,
        "high" => Grade::High,
        _ => Grade::Noted,
    };
    let number = match meta.get("score") {
        Some(MetaValue::Integer(number)) => *number as f64,
        Some(MetaValue::Float(number)) => *number,
        other => text(other).trim().parse().unwrap_or(0.0),
    };
    let by_number = if number >= 95.0 {
        Grade::Critical
    } else if number >= 75.0 {
        Grade::High
    } else {
        Grade::Noted
    };
    by_word.max(by_number)
}

fn excerpt(data: &[u8]) -> String {
    let front = data.get(..data.len().min(4 * MAX_EXCERPT)).unwrap_or(data);
    let text = String::from_utf8_lossy(front);
    let mut out: String = text.chars().take(MAX_EXCERPT).collect();
    if out.len() < text.len() || front.len() < data.len() {
        out.push('…');
    }
    out
}
