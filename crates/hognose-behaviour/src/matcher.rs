//! Rules from outside that look at bytes: what an engine must be able to do, and what its matches become.

use std::fmt;
use std::sync::Arc;

use crate::fact::{Fact, FactKind, Place, Trigger};

/// Most bytes of one file that are matched; what is larger makes the inspection incomplete.
pub const MAX_FILE: usize = 8 << 20;
/// Most bytes of decoded text that are matched, over one artifact.
const MAX_LAYERS: usize = 64 << 20;
/// After so many files on which the engine ran out of time, no further one is matched.
const MAX_TIMEOUTS: u32 = 3;
/// Matches of one file or layer that become facts.
const MAX_MATCHES: usize = 200;

/// How much a rule says that a match of it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Nothing is said, or less than high.
    #[default]
    Noted,
    /// `severity = "high"`, or a `score` from 75.
    High,
    /// `severity = "critical"`, or a `score` from 95.
    Critical,
}

impl Grade {
    /// The fact of a match of that grade.
    pub fn kind(self) -> FactKind {
        match self {
            Self::Noted => FactKind::YaraMatch,
            Self::High => FactKind::YaraMatchHigh,
            Self::Critical => FactKind::YaraMatchCritical,
        }
    }
}

/// A rule that matched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    /// Its name, with its namespace: `web/shells:PhpEval`.
    pub rule: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// What its author says it is; may be empty.
    pub description: String,
    /// How much it matters.
    pub grade: Grade,
    /// Where its first pattern was found; a rule without patterns is found nowhere in particular.
    pub offset: Option<usize>,
    /// What was found there, cut.
    pub excerpt: String,
}

/// Why bytes could not be matched to the end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MatchError {
    /// The time of one file is over.
    #[error("the YARA rules ran out of time")]
    Timeout,
    /// The engine failed.
    #[error("the YARA rules failed: {0}")]
    Engine(String),
}

/// An engine with its rules.
pub trait Matcher: fmt::Debug + Send + Sync {
    /// The rules that match these bytes, within bounded time and memory.
    fn matches(&self, bytes: &[u8]) -> Result<Vec<Match>, MatchError>;
}

/// The matcher of one artifact, and what it costs there.
#[derive(Clone, Debug)]
pub(crate) struct Matching {
    matcher: Arc<dyn Matcher>,
    timeouts: u32,
    layers: usize,
    seen: rustc_hash::FxHashSet<blake3::Hash>,
    /// What was not matched: path and reason.
    pub(crate) unread: Vec<(String, String)>,
}

impl Matching {
    pub(crate) fn new(matcher: Arc<dyn Matcher>) -> Self {
        Self {
            matcher,
            timeouts: 0,
            layers: 0,
            seen: rustc_hash::FxHashSet::default(),
            unread: Vec::new(),
        }
    }

    /// Matches a file.
    pub(crate) fn file(
        &mut self,
        path: &str,
        bytes: &[u8],
        cut: bool,
        trigger: Trigger,
        out: &mut Vec<Fact>,
    ) {
        let seen = bytes.get(..MAX_FILE).unwrap_or(bytes);
        if cut || seen.len() < bytes.len() {
            let reason = format!(
                "larger than {} MiB: the YARA rules saw its front only",
                MAX_FILE >> 20
            );
            self.unread.push((path.to_owned(), reason));
        }
        let is_text = !seen
            .get(..seen.len().min(4096))
            .unwrap_or_default()
            .contains(&0);
        for found in self.run(path, seen) {
            let line = match found.offset {
                Some(offset) if is_text => line_of(seen, offset),
                _ => 0,
            };
            let detail = found.detail(!is_text);
            let place = Place::line(path, line);
            out.push(Fact::new(found.grade.kind(), trigger, place, &detail));
        }
    }

    /// Matches what was decoded at a place. The same text is matched once.
    pub(crate) fn layer(&mut self, path: &str, bytes: &[u8]) -> Vec<(FactKind, String)> {
        let bytes = bytes.get(..MAX_FILE).unwrap_or(bytes);
        if !self.seen.insert(blake3::hash(bytes)) {
            return Vec::new();
        }
        let before = self.layers;
        self.layers = self.layers.saturating_add(bytes.len());
        if self.layers > MAX_LAYERS {
            if before <= MAX_LAYERS {
                let reason = format!(
                    "more than {} MiB of decoded text: the YARA rules did not see all of it",
                    MAX_LAYERS >> 20
                );
                self.unread.push((path.to_owned(), reason));
            }
            return Vec::new();
        }
        let found = self.run(path, bytes).into_iter();
        found.map(|m| (m.grade.kind(), m.detail(false))).collect()
    }

    fn run(&mut self, path: &str, bytes: &[u8]) -> Vec<Match> {
        if self.timeouts >= MAX_TIMEOUTS {
            self.unread.push((
                path.to_owned(),
                "not matched: the YARA rules are too slow".to_owned(),
            ));
            return Vec::new();
        }
        match self.matcher.matches(bytes) {
            Ok(mut found) => {
                // The gravest first, so that a limit never hides it.
                found.sort_by(|a, b| b.grade.cmp(&a.grade).then_with(|| a.rule.cmp(&b.rule)));
                if found.len() > MAX_MATCHES {
                    let reason =
                        format!("{} YARA rules match; {MAX_MATCHES} are kept", found.len());
                    self.unread.push((path.to_owned(), reason));
                    found.truncate(MAX_MATCHES);
                }
                found
            }
            Err(error) => {
                self.timeouts += u32::from(error == MatchError::Timeout);
                self.unread.push((path.to_owned(), error.to_string()));
                Vec::new()
            }
        }
    }
}

impl Match {
    /// `web/shells:PhpEval [webshell]: evaluates a parameter, at "eval($_POST"`.
    fn detail(&self, with_offset: bool) -> String {
        let mut out = self.rule.clone();
        if !self.tags.is_empty() {
            out.push_str(&format!(" [{}]", self.tags.join(", ")));
        }
        if !self.description.is_empty() {
            out.push_str(": ");
            out.push_str(&self.description);
        }
        if let Some(offset) = self.offset {
            out.push_str(&format!(", at {:?}", self.excerpt));
            if with_offset {
                out.push_str(&format!(", byte {offset}"));
            }
        }
        out
    }
}

/// The line of an offset, from 1.
fn line_of(bytes: &[u8], offset: usize) -> u32 {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let lines = memchr::memchr_iter(b'\n', before).count();
    u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Fixed(Result<Vec<Match>, MatchError>);

    impl Matcher for Fixed {
        fn matches(&self, _bytes: &[u8]) -> Result<Vec<Match>, MatchError> {
            self.0.clone()
        }
    }

    fn found(offset: usize, grade: Grade) -> Match {
        Match {
            rule: "here:Rule".into(),
            tags: vec!["a".into(), "b".into()],
            description: "says so".into(),
            grade,
            offset: Some(offset),
            excerpt: "x\n".into(),
        }
    }

    #[test]
    fn an_offset_becomes_a_line() {
        let mut matching = Matching::new(Arc::new(Fixed(Ok(vec![found(4, Grade::High)]))));
        let mut facts = Vec::new();
        matching.file("a.py", b"a\nb\nx\n", false, Trigger::Import, &mut facts);
        let fact = &facts[0];
        assert_eq!((fact.kind, fact.place.line), (FactKind::YaraMatchHigh, 3));
        assert_eq!(fact.detail, r#"here:Rule [a, b]: says so, at "x\n""#);
        matching.file("a.so", b"\x7fELF\0\0\0", false, Trigger::Call, &mut facts);
        assert_eq!(facts[1].place.line, 0);
        assert!(facts[1].detail.ends_with(", byte 4"), "{}", facts[1].detail);
    }

    #[test]
    fn slow_rules_stop_and_it_is_said() {
        let mut matching = Matching::new(Arc::new(Fixed(Err(MatchError::Timeout))));
        let mut facts = Vec::new();
        for _ in 0..5 {
            matching.file("a.py", b"a", false, Trigger::Import, &mut facts);
        }
        assert!(facts.is_empty());
        let reasons: Vec<&str> = matching
            .unread
            .iter()
            .map(|(_, why)| why.as_str())
            .collect();
        assert_eq!(reasons[2], "the YARA rules ran out of time");
        assert_eq!(reasons[4], "not matched: the YARA rules are too slow");
    }

    #[test]
    fn what_is_not_matched_is_said() {
        let mut matching = Matching::new(Arc::new(Fixed(Ok(Vec::new()))));
        matching.file("a.bin", b"a", true, Trigger::Call, &mut Vec::new());
        assert_eq!(matching.unread.len(), 1);
        let many = vec![found(0, Grade::Noted); MAX_MATCHES + 1];
        let mut matching = Matching::new(Arc::new(Fixed(Ok(many))));
        assert_eq!(matching.layer("a.py", b"x").len(), MAX_MATCHES);
        assert!(
            matching.layer("a.py", b"x").is_empty(),
            "the same text twice"
        );
        assert_eq!(matching.unread.len(), 1);
    }
}
