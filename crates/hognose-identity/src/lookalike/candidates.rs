//! Which targets a name may imitate.

use super::Likeness;
use super::edit::{self, LONGEST};
use super::targets::{Targets, Words, skeleton};

/// Words that are put before or after a name to make another plausible one.
pub(super) const AFFIXES: [&str; 95] = [
    "python",
    "python3",
    "python2",
    "py",
    "py3",
    "sdk",
    "api",
    "apis",
    "client",
    "clients",
    "cli",
    "lib",
    "libs",
    "library",
    "tool",
    "tools",
    "toolkit",
    "util",
    "utils",
    "helper",
    "helpers",
    "core",
    "base",
    "common",
    "dev",
    "test",
    "tests",
    "testing",
    "gpu",
    "cuda",
    "cpu",
    "lite",
    "mini",
    "fast",
    "async",
    "aio",
    "sync",
    "v1",
    "v2",
    "v3",
    "v4",
    "mcp",
    "server",
    "service",
    "wrapper",
    "binding",
    "bindings",
    "module",
    "package",
    "pkg",
    "project",
    "app",
    "bot",
    "plugin",
    "plugins",
    "extension",
    "ext",
    "addon",
    "contrib",
    "extra",
    "extras",
    "plus",
    "pro",
    "x",
    "next",
    "new",
    "latest",
    "stable",
    "beta",
    "nightly",
    "official",
    "org",
    "io",
    "dot",
    "js",
    "rs",
    "fix",
    "fixed",
    "patch",
    "patched",
    "updated",
    "fork",
    "clone",
    "copy",
    "original",
    "real",
    "free",
    "auto",
    "easy",
    "simple",
    "super",
    "ultra",
    "setup",
    "install",
    "installer",
];

/// Shortest target that is found inside another name: below, the rest of the name says more than the target.
const SHORTEST_INSIDE: usize = 4;
/// Shortest names that two edits make alike.
const SHORTEST_TWO: usize = 7;
/// Most targets with the same other words that are looked at.
const MOST_GAPS: usize = 64;

impl Targets {
    /// Every target that a name may imitate, and how; the same target may come more than once.
    pub(super) fn candidates(&self, name: &str, found: &mut dyn FnMut(u32, Likeness)) {
        if name.is_empty() || name.len() > 2 * LONGEST {
            return;
        }
        self.edited(name, found);
        if let Some(at) = self.by_skeleton.get(&skeleton(name)).copied()
            && self.name(at) != name
        {
            found(at, Likeness::Folded);
        }
        let words = Words::of(name);
        if words.len() > 1 {
            self.reordered(name, &words, found);
            self.word_typos(&words, found);
            self.with_words(name, found);
        }
        self.glued(name, found);
    }

    fn edited(&self, name: &str, found: &mut dyn FnMut(u32, Likeness)) {
        // Of three letters, one edit away lies half the alphabet.
        let limit = match name.len() {
            0..4 => return,
            4..SHORTEST_TWO => 1,
            _ => 2,
        };
        for at in self.near(name, limit) {
            let target = self.name(at);
            if target.len() < 4 {
                continue;
            }
            match edit::distance(name.as_bytes(), target.as_bytes(), limit) {
                Some(1) => {
                    let (edit, _) = edit::single(name.as_bytes(), target.as_bytes());
                    found(at, Likeness::OneEdit(edit));
                }
                Some(2) if target.len() >= SHORTEST_TWO => found(at, Likeness::TwoEdits),
                _ => {}
            }
        }
    }

    fn reordered(&self, name: &str, words: &Words<'_>, found: &mut dyn FnMut(u32, Likeness)) {
        if let Some(at) = self.by_words.get(&words.unordered()).copied()
            && self.name(at) != name
        {
            found(at, Likeness::Reordered);
        }
    }

    /// Targets with the same words but one, which is an edit away.
    fn word_typos(&self, words: &Words<'_>, found: &mut dyn FnMut(u32, Likeness)) {
        for gap in 0..words.len() {
            let own = words.get(gap);
            if own.len() < 4 {
                continue;
            }
            let mut next = self.by_gap.get(&words.without(gap)).copied();
            for _ in 0..MOST_GAPS {
                let Some((here, entry)) =
                    next.and_then(|here| Some((here, *self.gaps.get(here as usize)?)))
                else {
                    break;
                };
                let theirs = Words::of(self.name(entry.target)).get(gap);
                if edit::distance(own.as_bytes(), theirs.as_bytes(), 1) == Some(1) {
                    let (edit, _) = edit::single(own.as_bytes(), theirs.as_bytes());
                    found(entry.target, Likeness::WordTypo(edit));
                }
                next = (entry.next != here).then_some(entry.next);
            }
        }
    }

    /// The name without its first or last word.
    fn with_words(&self, name: &str, found: &mut dyn FnMut(u32, Likeness)) {
        let mut inside = |rest: &str, likeness| {
            if rest.len() >= SHORTEST_INSIDE
                && let Some(at) = self.find(rest)
            {
                found(at, likeness);
            }
        };
        if let Some((_, rest)) = name.split_once('-') {
            inside(rest, Likeness::WordBefore);
        }
        if let Some((rest, _)) = name.rsplit_once('-') {
            inside(rest, Likeness::WordAfter);
        }
    }

    fn glued(&self, name: &str, found: &mut dyn FnMut(u32, Likeness)) {
        let mut inside = |rest: Option<&str>, likeness| {
            if let Some(rest) = rest
                .filter(|r| r.len() >= SHORTEST_INSIDE && !r.starts_with('-') && !r.ends_with('-'))
                && let Some(at) = self.find(rest)
            {
                found(at, likeness);
            }
        };
        for affix in AFFIXES {
            inside(name.strip_prefix(affix), Likeness::GluedBefore);
            inside(name.strip_suffix(affix), Likeness::GluedAfter);
        }
    }
}
