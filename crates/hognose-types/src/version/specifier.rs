//! Version specifiers (`>=1.2, !=1.3.*, ~=1.4`), for requirements and markers.
//!
//! Never used for advisory ranges: a specifier such as `<2.0` excludes `2.0rc1` by rule, while an
//! OSV range orders versions totally. Mixing the two loses vulnerable pre-releases.

use std::fmt;

use super::Version;

/// A comparison operator of PEP 440.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `==` without a wildcard.
    Equal,
    /// `==1.2.*`.
    EqualPrefix,
    /// `!=` without a wildcard.
    NotEqual,
    /// `!=1.2.*`.
    NotEqualPrefix,
    /// `<=`.
    LessEqual,
    /// `>=`.
    GreaterEqual,
    /// `<`.
    Less,
    /// `>`.
    Greater,
    /// `~=`.
    Compatible,
    /// `===`: string equality.
    Arbitrary,
}

/// One clause: an operator and a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Specifier {
    /// The operator.
    pub operator: Operator,
    /// The version text as written, without a trailing `.*`.
    pub text: Box<str>,
    /// The parsed version; `None` only for `===` with an arbitrary string.
    pub version: Option<Version>,
}

/// A comma-separated conjunction of clauses, possibly empty.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Specifiers {
    clauses: Vec<Specifier>,
    text: Box<str>,
}

/// Why a string is not a version specifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a version specifier under PEP 440")]
pub struct SpecifierError(pub String);

impl Specifiers {
    /// Parses clauses separated by commas; surrounding parentheses are the caller's business.
    pub fn parse(raw: &str) -> Result<Self, SpecifierError> {
        let text = raw.trim();
        let mut clauses = Vec::new();
        for clause in text.split(',').map(str::trim).filter(|c| !c.is_empty()) {
            clauses.push(parse_clause(clause).ok_or_else(|| SpecifierError(clause.to_owned()))?);
        }
        Ok(Self {
            clauses,
            text: text.into(),
        })
    }

    /// The clauses in written order.
    pub fn clauses(&self) -> &[Specifier] {
        &self.clauses
    }

    /// True when any version is allowed.
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    /// The one version these clauses allow, when an `==` or `===` without wildcard names it.
    pub fn pinned(&self) -> Option<&str> {
        self.clauses.iter().find_map(|c| match c.operator {
            Operator::Equal | Operator::Arbitrary => Some(&*c.text),
            _ => None,
        })
    }

    /// True when every clause allows the version. Pre-releases are allowed like any other.
    pub fn contains(&self, version: &Version) -> bool {
        self.clauses.iter().all(|c| c.contains(version))
    }
}

fn parse_clause(clause: &str) -> Option<Specifier> {
    const OPERATORS: [(&str, Operator); 8] = [
        ("===", Operator::Arbitrary),
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::LessEqual),
        (">=", Operator::GreaterEqual),
        ("~=", Operator::Compatible),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ];
    let (rest, mut operator) = OPERATORS.iter().find_map(|(symbol, operator)| {
        clause
            .strip_prefix(symbol)
            .map(|rest| (rest.trim(), *operator))
    })?;
    if operator == Operator::Arbitrary {
        let valid =
            !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c == ';' || c == ')');
        return valid.then(|| Specifier {
            operator,
            text: rest.into(),
            version: Version::new(rest).ok(),
        });
    }
    let mut text = rest;
    if let Some(prefix) = rest.strip_suffix(".*") {
        operator = match operator {
            Operator::Equal => Operator::EqualPrefix,
            Operator::NotEqual => Operator::NotEqualPrefix,
            _ => return None,
        };
        text = prefix;
    }
    let version = Version::new(text).ok()?;
    let local = version.without_local().is_some();
    let allowed = match operator {
        Operator::Equal | Operator::NotEqual => true,
        Operator::EqualPrefix | Operator::NotEqualPrefix => !local && !version.parts.dev,
        Operator::Compatible => !local && version.release().len() > 1,
        // A local part has no place in an order of public versions.
        _ => !local,
    };
    if !allowed {
        return None;
    }
    Some(Specifier {
        operator,
        text: text.into(),
        version: Some(version),
    })
}

impl Specifier {
    /// True when the clause allows the version.
    pub fn contains(&self, candidate: &Version) -> bool {
        let Some(version) = &self.version else {
            return candidate.as_str().eq_ignore_ascii_case(&self.text);
        };
        // "Local version identifiers are ignored … unless the specifier itself has one".
        let public = candidate.without_local();
        let bare = public.as_ref().unwrap_or(candidate);
        match self.operator {
            Operator::Arbitrary => candidate.as_str().eq_ignore_ascii_case(&self.text),
            Operator::Equal => equal(version, candidate, bare),
            Operator::NotEqual => !equal(version, candidate, bare),
            Operator::EqualPrefix => begins_with(bare, version),
            Operator::NotEqualPrefix => !begins_with(bare, version),
            Operator::LessEqual => bare <= version,
            Operator::GreaterEqual => bare >= version,
            // `<2.0` excludes pre-releases of 2.0 and `>1.0` excludes its post-releases.
            Operator::Less => {
                bare < version
                    && (version.is_prerelease()
                        || !(bare.is_prerelease() && same_release(bare, version)))
            }
            Operator::Greater => {
                bare > version
                    && (version.is_postrelease()
                        || !(bare.is_postrelease() && same_release(bare, version)))
            }
            Operator::Compatible => {
                bare >= version
                    && has_prefix(bare, version, version.release().len().saturating_sub(1))
            }
        }
    }
}

fn equal(version: &Version, candidate: &Version, bare: &Version) -> bool {
    if version.without_local().is_some() {
        version == candidate
    } else {
        version == bare
    }
}

/// `==1.4.*` compares release numbers; `==1.4a1.*` and `==1.4.post1.*` also the pre- and post-release, whatever follows.
fn begins_with(candidate: &Version, prefix: &Version) -> bool {
    if !prefix.parts.pre && !prefix.parts.post {
        return has_prefix(candidate, prefix, prefix.release().len());
    }
    // The key of a prefix ends with "no development release", "no local part", and before them "no post-release" when
    // it has none: one byte each.
    let tail = if prefix.parts.post { 2 } else { 3 };
    let key = prefix.key().as_bytes();
    let head = key.get(..key.len().saturating_sub(tail)).unwrap_or(key);
    candidate.key().as_bytes().starts_with(head)
}

/// Same epoch and the same first `len` release numbers, missing ones read as zero.
fn has_prefix(candidate: &Version, prefix: &Version, len: usize) -> bool {
    let at = |version: &Version, index: usize| version.release().get(index).copied().unwrap_or(0);
    candidate.epoch() == prefix.epoch()
        && (0..len).all(|index| at(candidate, index) == at(prefix, index))
}

fn same_release(a: &Version, b: &Version) -> bool {
    has_prefix(a, b, a.release().len().max(b.release().len()))
}

impl fmt::Display for Specifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Specifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}
