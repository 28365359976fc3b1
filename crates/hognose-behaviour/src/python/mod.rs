//! The Python of an artifact: which modules there are, what makes each run, and what they do.

mod acts;
mod api;
mod api_data;
mod batches;
mod calls;
mod conditions;
mod dropped;
mod files;
mod given;
mod labels;
mod lookups;
mod matched;
mod network;
mod observe;
mod process;
mod relevant;
mod text;
mod witness;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hognose_python::{Context, Machine, ModuleId};

use crate::fact::{Fact, FactKind, Place, Trigger};
use crate::matcher::Matching;
use batches::Batches;
use relevant::{calls_own, is_relevant};
pub(crate) use text::{Packer, Text};
use witness::Witness;

/// How a module comes to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `setup.py` at the root: run when the artifact is built.
    Setup,
    /// A build backend or build script of the artifact: imported, and its hooks called.
    Backend,
    /// Run at every start of Python.
    Startup,
    /// A module that is imported when somebody imports it.
    Module,
    /// A script that is started.
    Script,
    /// A module in an archive inside the artifact.
    Nested,
    /// A file of tests, documentation, examples or development.
    Test,
}

impl Role {
    /// What makes a file of this role run.
    pub(crate) fn trigger(&self) -> Trigger {
        match self {
            Self::Setup | Self::Backend => Trigger::Install,
            Self::Startup => Trigger::Startup,
            Self::Module => Trigger::Import,
            Self::Script => Trigger::EntryPoint,
            Self::Nested => Trigger::Call,
            Self::Test => Trigger::Test,
        }
    }
}

/// One Python source of an artifact.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Path in the artifact.
    pub(crate) path: String,
    /// Dotted name it is imported by; a script's is its path.
    pub(crate) name: String,
    /// True for `__init__.py`.
    pub(crate) is_package: bool,
    /// How it comes to run.
    pub(crate) role: Role,
    /// The text.
    pub(crate) text: Text,
    /// Lines before the text in its file (`.pth` lines are sources of their own).
    pub(crate) first_line: u32,
}

/// What evaluating an artifact's Python gave.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) facts: Vec<Fact>,
    /// Files whose analysis reached a limit: path and limit.
    pub(crate) limited: Vec<(String, &'static str)>,
    /// Keywords of `setup(…)`.
    pub(crate) setup: Vec<(String, String)>,
    /// Places of the artifact that its code makes run.
    pub(crate) started: std::collections::BTreeMap<String, Trigger>,
    /// Modules imported from outside.
    pub(crate) imports: Vec<String>,
    /// What other distributions may complete.
    pub(crate) ends: crate::across::Ties,
    /// What rules from outside did not match to the end: path and reason.
    pub(crate) unmatched: Vec<(String, String)>,
}

/// Functions and methods that a build frontend (PEP 517, PEP 660) or build tool calls.
const BACKEND_HOOKS: [&str; 22] = [
    "get_requires_for_build_wheel",
    "get_requires_for_build_sdist",
    "get_requires_for_build_editable",
    "prepare_metadata_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "build_wheel",
    "build_sdist",
    "build_editable",
    // Hooks of hatch, poetry and pdm.
    "initialize",
    "finalize",
    "update",
    "dependencies",
    "get_metadata",
    "build",
    "pdm_build_hook_enabled",
    "pdm_build_initialize",
    "pdm_build_update_files",
    "pdm_build_finalize",
    "get_version",
    "initialize_options",
    "finalize_options",
    "run",
];

/// Stack for evaluating deep expressions; only what is touched is taken.
const STACK: usize = 512 << 20;

/// Evaluates sources. `entries` are `module:function` of commands; `plugins` of other tools' plugins.
///
/// Runs on a stack for the deepest nesting that is let through. It is the caller's thread all the same: the C library
/// gives every further thread a heap of its own, which grows page by page.
pub(crate) fn evaluate(
    sources: Vec<Source>,
    entries: &[String],
    starts: &[String],
    matching: Option<Matching>,
) -> Outcome {
    let work = || run(sources, entries, starts, matching);
    // A panic must not take the verdict with it: the artifact is incomplete, not clean.
    stacker::grow(STACK, || catch_unwind(AssertUnwindSafe(work)))
        .unwrap_or_else(|_| failed("the analysis failed"))
}

fn failed(why: &'static str) -> Outcome {
    Outcome {
        limited: vec![(String::new(), why)],
        ..Outcome::default()
    }
}

fn run(
    mut sources: Vec<Source>,
    entries: &[String],
    starts: &[String],
    matching: Option<Matching>,
) -> Outcome {
    let roots: BTreeSet<&str> = sources
        .iter()
        .filter_map(|s| s.name.split('.').next())
        .collect();
    // What nothing can come of is not walked by itself, only where something imports it.
    let walked: Vec<bool> = sources
        .iter()
        .map(|s| {
            matches!(s.role, Role::Setup | Role::Backend | Role::Startup) || {
                let text = s.text.get();
                is_relevant(&text) || calls_own(&text, &roots)
            }
        })
        .collect();
    let all = Batches::new(&mut sources, &walked);
    let mut witness = Witness::new(matching);
    let mut limited = Vec::new();
    for batch in all.batches() {
        all.run(&batch, &mut witness, (entries, starts), &mut limited);
    }
    conclude(witness, &sources, limited)
}

fn run_roots(machine: &mut Machine<'_>, known: &[(&Source, bool)], ids: &[ModuleId]) {
    let order: [(Role, Trigger); 7] = [
        (Role::Setup, Trigger::Install),
        (Role::Backend, Trigger::Install),
        (Role::Startup, Trigger::Startup),
        (Role::Module, Trigger::Import),
        (Role::Script, Trigger::EntryPoint),
        // Only where something starts the archive; otherwise it is lowered to a call in the end.
        (Role::Nested, Trigger::EntryPoint),
        (Role::Test, Trigger::Test),
    ];
    for (role, trigger) in order {
        let roots = known
            .iter()
            .zip(ids)
            .filter(|((s, walked), _)| *walked && s.role == role);
        for ((source, _), id) in roots {
            machine.run_module(*id, context(trigger));
            // Django calls it whenever a site that has the application starts.
            if role == Role::Module && source.name.ends_with(".apps") {
                machine.call_methods(*id, &["ready"], context(trigger));
            }
            if role == Role::Backend {
                for hook in BACKEND_HOOKS {
                    machine.call_by_name(*id, hook, context(trigger));
                }
                machine.call_methods(*id, &BACKEND_HOOKS, context(trigger));
            }
        }
    }
}

fn call_target(
    machine: &mut Machine<'_>,
    known: &[(&Source, bool)],
    ids: &[ModuleId],
    target: &str,
    trigger: Trigger,
) {
    let (module, function) = target.split_once(':').unwrap_or((target, ""));
    let Some(((source, _), id)) = known.iter().zip(ids).find(|((s, _), _)| s.name == module) else {
        return;
    };
    if source.role != Role::Test {
        machine.run_module(*id, context(Trigger::Import));
    }
    if !function.is_empty() {
        let function = function.split(['[', '(', ' ']).next().unwrap_or(function);
        machine.call_by_name(*id, function, context(trigger));
    }
}

fn context(trigger: Trigger) -> Context {
    Context(Trigger::ALL.iter().position(|t| *t == trigger).unwrap_or(4) as u8)
}

fn conclude(
    mut witness: Witness,
    sources: &[Source],
    limited: Vec<(usize, &'static str, Context)>,
) -> Outcome {
    witness.begin(Vec::new());
    let mut facts = std::mem::take(&mut witness.facts);
    let mut notes = Vec::new();
    for (at, limit, reached) in limited {
        let Some(source) = sources.get(at) else {
            continue;
        };
        // Every function is walked by itself; how far calls between functions that nobody calls are followed is no gap.
        if limit == "steps" && reached > context(Trigger::Import) {
            continue;
        }
        let kind = match limit {
            "syntax" => FactKind::Unparsable,
            "nesting" => FactKind::TooDeep,
            _ => FactKind::TooCostly,
        };
        let place = Place::file(source.path.clone());
        facts.push(Fact::new(kind, source.role.trigger(), place, limit));
        if limit != "syntax" {
            notes.push((source.path.clone(), limit));
        }
    }
    shift_lines(&mut facts, sources);
    facts.sort();
    facts.dedup();
    let mut imports: Vec<String> = witness.imports.into_iter().collect();
    imports.sort();
    Outcome {
        facts,
        limited: notes,
        setup: witness.setup,
        imports,
        started: witness.started,
        ends: witness.ends,
        unmatched: witness.matching.map(|m| m.unread).unwrap_or_default(),
    }
}

/// Lines of a `.pth` file are sources of their own; their facts get back the line of the file.
fn shift_lines(facts: &mut [Fact], sources: &[Source]) {
    for source in sources.iter().filter(|s| s.first_line > 0) {
        for fact in facts.iter_mut().filter(|f| f.place.file == source.path) {
            if fact.place.line > 0 && fact.place.line <= 1 {
                fact.place.line += source.first_line;
            }
        }
    }
}
