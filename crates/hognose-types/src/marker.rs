//! Environment markers (PEP 508), parsed with bounded depth and evaluated for a partly known target.
//!
//! A scan has no interpreter: by default every platform counts. Evaluation is therefore
//! three-valued: [`Marker::evaluate`] answers `Some(false)` only when the marker cannot hold for the
//! target, whatever the unknown variables turn out to be.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::version::{Specifiers, Version};

/// Deepest nesting of parentheses accepted; real markers have two or three.
const MAX_DEPTH: usize = 32;
/// Longest marker accepted, in bytes.
const MAX_LEN: usize = 16 * 1024;

/// A parsed environment marker.
#[derive(Clone, PartialEq, Eq)]
pub struct Marker {
    text: Box<str>,
    expression: Expression,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Expression {
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Compare {
        left: Operand,
        operator: Operator,
        right: Operand,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operand {
    Variable(Box<str>),
    Literal(Box<str>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Version(&'static str),
    In,
    NotIn,
}

/// Why a string is not a marker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkerError {
    /// The text ends or goes on where it should not.
    #[error("cannot read the environment marker {text:?} at byte {at}: expected {expected}")]
    Syntax {
        /// The marker.
        text: String,
        /// Byte offset of the fault.
        at: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// More nested parentheses than any real marker has.
    #[error("the environment marker nests parentheses deeper than {MAX_DEPTH}")]
    TooDeep,
    /// Longer than any real marker.
    #[error("the environment marker is longer than {MAX_LEN} bytes")]
    TooLong,
}

/// What is known of the environment that will run the project. `None` means "any".
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Target {
    /// Full or `major.minor` Python version.
    pub python_version: Option<Version>,
    /// `sys.platform` of the target: `linux`, `win32`, `darwin`.
    pub platform: Option<String>,
}

impl Target {
    /// The value of a marker variable, when the target fixes it.
    fn value(&self, variable: &str) -> Option<String> {
        let platform = self.platform.as_deref();
        match variable {
            "python_version" => {
                let release = self.python_version.as_ref()?.release();
                Some(format!(
                    "{}.{}",
                    release.first()?,
                    release.get(1).copied().unwrap_or(0)
                ))
            }
            // A target of "3.11" does not fix the patch level.
            "python_full_version" | "implementation_version" => {
                let version = self.python_version.as_ref()?;
                (version.release().len() >= 3).then(|| version.to_string())
            }
            "sys_platform" | "sys.platform" => platform.map(str::to_owned),
            "os_name" | "os.name" => {
                platform.map(|p| if p == "win32" { "nt" } else { "posix" }.to_owned())
            }
            "platform_system" => platform.and_then(|p| {
                Some(
                    match p {
                        "linux" => "Linux",
                        "win32" => "Windows",
                        "darwin" => "Darwin",
                        _ => return None,
                    }
                    .to_owned(),
                )
            }),
            _ => None,
        }
    }
}

impl Marker {
    /// Parses the text after the `;` of a requirement.
    pub fn parse(raw: &str) -> Result<Self, MarkerError> {
        let text = raw.trim();
        if text.len() > MAX_LEN {
            return Err(MarkerError::TooLong);
        }
        let mut parser = Parser {
            text,
            at: 0,
            depth: 0,
        };
        let expression = parser.or()?;
        parser.space();
        if parser.at < text.len() {
            return Err(parser.error("'and', 'or' or the end"));
        }
        Ok(Self {
            text: text.into(),
            expression,
        })
    }

    /// The marker as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `Some(false)`: never holds for the target; `Some(true)`: always; `None`: depends on what is
    /// not known. `extra == …` is always unknown: which extras are wanted is the inventory's business.
    pub fn evaluate(&self, target: &Target) -> Option<bool> {
        evaluate(&self.expression, target)
    }

    /// The extras that the marker's `extra == "…"` comparisons name.
    pub fn extras(&self) -> Vec<&str> {
        let mut out = Vec::new();
        collect_extras(&self.expression, &mut out);
        out
    }

    /// A short reading for people: "only on win32", "only with Python < 3.10", else the marker itself.
    pub fn describe(&self) -> String {
        if let Expression::Compare {
            left: Operand::Variable(variable),
            operator: Operator::Version(op),
            right: Operand::Literal(value),
        } = &self.expression
        {
            let value = crate::text::line(value);
            match (&**variable, *op) {
                ("sys_platform" | "platform_system" | "os_name", "==") => {
                    return format!("only on {value}");
                }
                ("sys_platform" | "platform_system" | "os_name", "!=") => {
                    return format!("not on {value}");
                }
                ("python_version" | "python_full_version", op) => {
                    return format!("only with Python {op} {value}");
                }
                ("extra", "==") => return format!("only with extra {value}"),
                _ => {}
            }
        }
        format!("only if {}", crate::text::line(&self.text))
    }
}

fn collect_extras<'a>(expression: &'a Expression, out: &mut Vec<&'a str>) {
    match expression {
        Expression::And(parts) | Expression::Or(parts) => {
            for part in parts {
                collect_extras(part, out);
            }
        }
        Expression::Compare { left, right, .. } => {
            if let (Operand::Variable(name), Operand::Literal(value))
            | (Operand::Literal(value), Operand::Variable(name)) = (left, right)
                && &**name == "extra"
            {
                out.push(value);
            }
        }
    }
}

fn evaluate(expression: &Expression, target: &Target) -> Option<bool> {
    match expression {
        Expression::And(parts) => fold(parts, target, false),
        Expression::Or(parts) => fold(parts, target, true),
        Expression::Compare {
            left,
            operator,
            right,
        } => compare(left, *operator, right, target),
    }
}

/// Kleene conjunction (`absorbing` = false) or disjunction (`absorbing` = true).
fn fold(parts: &[Expression], target: &Target, absorbing: bool) -> Option<bool> {
    let mut unknown = false;
    for part in parts {
        match evaluate(part, target) {
            Some(value) if value == absorbing => return Some(absorbing),
            Some(_) => {}
            None => unknown = true,
        }
    }
    if unknown { None } else { Some(!absorbing) }
}

fn compare(left: &Operand, operator: Operator, right: &Operand, target: &Target) -> Option<bool> {
    let is_version = [left, right].into_iter().any(|o| matches!(o, Operand::Variable(v) if v.contains("version") && &**v != "platform_version"));
    let known = |operand: &Operand| match operand {
        Operand::Literal(value) => Some(value.to_string()),
        Operand::Variable(name) => target.value(name),
    };
    if let (Operand::Variable(name), Operator::Version(op), Operand::Literal(value)) =
        (left, operator, right)
        && let Some(answer) = any_patch(name, op, value, target)
    {
        return Some(answer);
    }
    let (a, b) = (known(left)?, known(right)?);
    match operator {
        Operator::In => Some(b.split([',', ' ', '|']).any(|part| part == a) || b.contains(&a)),
        Operator::NotIn => Some(!b.contains(&a)),
        Operator::Version(op) if is_version => match Version::new(&a) {
            Ok(version) => match Specifiers::parse(&format!("{op}{b}")) {
                Ok(specifiers) => Some(specifiers.contains(&version)),
                Err(_) => text_compare(&a, op, &b),
            },
            Err(_) => text_compare(&a, op, &b),
        },
        Operator::Version(op) => text_compare(&a, op, &b),
    }
}

/// A target of "3.12" stands for every 3.12.x: the full version compares alike with most literals,
/// whatever the patch level. `None` when it does not, and for any other comparison.
fn any_patch(variable: &str, op: &str, literal: &str, target: &Target) -> Option<bool> {
    let python = target.python_version.as_ref()?;
    let [major, minor] = python.release() else {
        return None;
    };
    if !matches!(variable, "python_full_version" | "implementation_version") {
        return None;
    }
    let specifiers = Specifiers::parse(&format!("{op}{literal}")).ok()?;
    let exact = matches!(op, "==" | "!=" | "===") && !literal.ends_with(".*");
    let within = Version::new(literal).is_ok_and(|v| v.release().starts_with(&[*major, *minor]));
    if exact && within {
        return None;
    }
    // Every other operator is monotone, so the ends of the range decide for all of it.
    let end = |patch: u32| {
        let version = Version::new(&format!("{major}.{minor}.{patch}")).ok()?;
        Some(specifiers.contains(&version))
    };
    let (first, last) = (end(0)?, end(u32::MAX)?);
    (first == last).then_some(first)
}

fn text_compare(a: &str, op: &str, b: &str) -> Option<bool> {
    Some(match op {
        "==" | "===" => a == b,
        "!=" => a != b,
        "<" => a < b,
        "<=" => a <= b,
        ">" => a > b,
        ">=" => a >= b,
        _ => return None,
    })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn error(&self, expected: &'static str) -> MarkerError {
        MarkerError::Syntax {
            text: self.text.to_owned(),
            at: self.at,
            expected,
        }
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Takes a word if it stands here as a whole word.
    fn keyword(&mut self, word: &str) -> bool {
        self.space();
        let found = self.rest().strip_prefix(word).is_some_and(|after| {
            !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.')
        });
        if found {
            self.at += word.len();
        }
        found
    }

    fn or(&mut self) -> Result<Expression, MarkerError> {
        let mut parts = vec![self.and()?];
        while self.keyword("or") {
            parts.push(self.and()?);
        }
        Ok(if parts.len() == 1 {
            parts.swap_remove(0)
        } else {
            Expression::Or(parts)
        })
    }

    fn and(&mut self) -> Result<Expression, MarkerError> {
        let mut parts = vec![self.atom()?];
        while self.keyword("and") {
            parts.push(self.atom()?);
        }
        Ok(if parts.len() == 1 {
            parts.swap_remove(0)
        } else {
            Expression::And(parts)
        })
    }

    fn atom(&mut self) -> Result<Expression, MarkerError> {
        self.space();
        if !self.rest().starts_with('(') {
            let left = self.operand()?;
            let operator = self.operator()?;
            let right = self.operand()?;
            return Ok(Expression::Compare {
                left,
                operator,
                right,
            });
        }
        if self.depth >= MAX_DEPTH {
            return Err(MarkerError::TooDeep);
        }
        self.at += 1;
        self.depth += 1;
        let inner = self.or()?;
        self.depth -= 1;
        self.space();
        if !self.rest().starts_with(')') {
            return Err(self.error("')'"));
        }
        self.at += 1;
        Ok(inner)
    }

    fn operand(&mut self) -> Result<Operand, MarkerError> {
        self.space();
        let rest = self.rest();
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let body = rest.get(1..).unwrap_or("");
            let end = body
                .find(quote)
                .ok_or_else(|| self.error("a closing quote"))?;
            let literal = Operand::Literal(body.get(..end).unwrap_or("").into());
            self.at += end + 2;
            return Ok(literal);
        }
        let len = rest
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
            .count();
        if len == 0 {
            return Err(self.error("a marker variable or a quoted string"));
        }
        let variable = Operand::Variable(rest.get(..len).unwrap_or("").into());
        self.at += len;
        Ok(variable)
    }

    fn operator(&mut self) -> Result<Operator, MarkerError> {
        self.space();
        for symbol in ["===", "==", "!=", "<=", ">=", "~=", "<", ">"] {
            if self.rest().starts_with(symbol) {
                self.at += symbol.len();
                return Ok(Operator::Version(symbol));
            }
        }
        if self.keyword("in") {
            return Ok(Operator::In);
        }
        if self.keyword("not") && self.keyword("in") {
            return Ok(Operator::NotIn);
        }
        Err(self.error("a comparison operator"))
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}
impl Serialize for Marker {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn target(python: &str, platform: &str) -> Target {
        Target {
            python_version: Version::new(python).ok(),
            platform: (!platform.is_empty()).then(|| platform.to_owned()),
        }
    }

    #[test]
    fn three_values() {
        let cases = [
            ("sys_platform == 'win32'", "", "linux", Some(false)),
            ("sys_platform == 'win32'", "", "", None),
            ("python_version < '3.10'", "3.9", "", Some(true)),
            ("python_version < '3.10'", "3.11.4", "", Some(false)),
            ("python_full_version < '3.11.3'", "3.11", "", None),
            ("python_full_version < '3.10'", "3.12", "", Some(false)),
            ("python_full_version >= '3.10'", "3.12", "", Some(true)),
            ("python_full_version == '3.12.1'", "3.12", "", None),
            ("python_full_version != '3.11.1'", "3.12", "", Some(true)),
            ("python_full_version == '3.12.*'", "3.12", "", Some(true)),
            (
                "python_version < '3.10' and sys_platform == 'win32'",
                "3.11",
                "",
                Some(false),
            ),
            (
                "python_version >= '3.10' or platform_machine == 'arm64'",
                "3.11",
                "",
                Some(true),
            ),
            ("extra == 'dev'", "3.11", "linux", None),
            (
                "(os_name == 'nt') or (python_version not in '2.7 3.6')",
                "3.11",
                "linux",
                Some(true),
            ),
            ("'linux' in sys_platform", "", "linux", Some(true)),
            ("python_version == '3.*'", "3.11", "", Some(true)),
        ];
        for (text, python, platform, expected) in cases {
            assert_eq!(
                Marker::parse(text)
                    .unwrap()
                    .evaluate(&target(python, platform)),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn faults_are_named() {
        assert_eq!(
            Marker::parse("os_name =").unwrap_err().to_string(),
            "cannot read the environment marker \"os_name =\" at byte 8: expected a comparison operator"
        );
        assert_eq!(
            Marker::parse(&"(".repeat(100_000)),
            Err(MarkerError::TooLong)
        );
        assert_eq!(Marker::parse(&"(".repeat(1000)), Err(MarkerError::TooDeep));
        assert!(Marker::parse("os_name == 'a' junk").is_err());
        assert!(Marker::parse("os_name == 'a").is_err());
    }

    #[test]
    fn described_for_people() {
        for (text, shown) in [
            ("sys_platform == 'win32'", "only on win32"),
            ("python_version<'3.10'", "only with Python < 3.10"),
            ("a == 'b' or c == 'd'", "only if a == 'b' or c == 'd'"),
        ] {
            assert_eq!(Marker::parse(text).unwrap().describe(), shown);
        }
        assert_eq!(
            Marker::parse("extra == 'a' or 'b' == extra")
                .unwrap()
                .extras(),
            ["a", "b"]
        );
    }

    proptest! {
        #[test]
        fn never_panics(raw in "[()a-z_'\" =<>!~é]{0,60}") {
            if let Ok(marker) = Marker::parse(&raw) {
                let _ = marker.evaluate(&Target::default());
                let _ = marker.describe();
            }
        }
    }
}
