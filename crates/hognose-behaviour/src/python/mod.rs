//! The Python of an artifact: which modules there are, what makes each run, and what they do.

mod acts;
mod api;
mod api_data;
mod calls;
mod files;
mod labels;
mod lookups;
mod network;
mod observe;
mod process;
mod witness;

use std::rc::Rc;

use aho_corasick::AhoCorasick;
use hognose_python::{Bounds, Context, Machine, ModuleId};

use crate::fact::{Fact, FactKind, Place, Trigger};
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
    pub(crate) text: String,
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
    /// Modules imported from outside.
    pub(crate) imports: Vec<String>,
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
/// Runs on a thread of its own with a stack for the deepest nesting that is let through.
pub(crate) fn evaluate(sources: Vec<Source>, entries: Vec<String>, starts: Vec<String>) -> Outcome {
    let worker = std::thread::Builder::new()
        .name("inspect".into())
        .stack_size(STACK)
        .spawn(move || run(&sources, &entries, &starts));
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(outcome)) => outcome,
        // A panic must not take the verdict with it: the artifact is incomplete, not clean.
        Ok(Err(_)) => failed("the analysis failed"),
        Err(_) => failed("no thread could be started"),
    }
}

fn failed(why: &'static str) -> Outcome {
    Outcome {
        limited: vec![(String::new(), why)],
        ..Outcome::default()
    }
}

fn run(sources: &[Source], entries: &[String], starts: &[String]) -> Outcome {
    let mut witness = Witness::default();
    witness.files = sources.iter().map(|s| Rc::from(s.path.as_str())).collect();
    let mut machine = Machine::new(&mut witness, Bounds::default());
    let ids: Vec<ModuleId> = sources
        .iter()
        .map(|s| {
            let is_main = matches!(s.role, Role::Setup | Role::Script | Role::Backend);
            machine.add_module(&s.name, s.is_package, is_main, Rc::from(s.text.as_str()))
        })
        .collect();
    machine.shallow = Some(context(Trigger::Test));
    run_roots(&mut machine, sources, &ids);
    for (targets, trigger) in [(starts, Trigger::Startup), (entries, Trigger::EntryPoint)] {
        for target in targets {
            call_target(&mut machine, sources, &ids, target, trigger);
        }
    }
    machine.run_rest(&|module, is_main| {
        let role = sources.get(module.0 as usize).map(|s| &s.role);
        context(match (role, is_main) {
            (Some(Role::Test), _) => Trigger::Test,
            (_, true) => Trigger::EntryPoint,
            _ => Trigger::Call,
        })
    });
    let limited = std::mem::take(&mut machine.exhausted);
    drop(machine);
    conclude(witness, sources, limited)
}

fn run_roots(machine: &mut Machine<'_>, sources: &[Source], ids: &[ModuleId]) {
    let order: [(Role, Trigger); 7] = [
        (Role::Setup, Trigger::Install),
        (Role::Backend, Trigger::Install),
        (Role::Startup, Trigger::Startup),
        (Role::Module, Trigger::Import),
        (Role::Script, Trigger::EntryPoint),
        (Role::Nested, Trigger::Call),
        (Role::Test, Trigger::Test),
    ];
    let filter = relevant();
    for (role, trigger) in order {
        for (source, id) in sources.iter().zip(ids).filter(|(s, _)| s.role == role) {
            let always = matches!(role, Role::Setup | Role::Backend | Role::Startup);
            if !always
                && filter
                    .as_ref()
                    .is_some_and(|f| !is_relevant(f, &source.text))
            {
                continue;
            }
            machine.run_module(*id, context(trigger));
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
    sources: &[Source],
    ids: &[ModuleId],
    target: &str,
    trigger: Trigger,
) {
    let (module, function) = target.split_once(':').unwrap_or((target, ""));
    let Some((source, id)) = sources.iter().zip(ids).find(|(s, _)| s.name == module) else {
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
    limited: Vec<(&'static str, ModuleId, Context)>,
) -> Outcome {
    let path = |id: ModuleId| {
        sources
            .get(id.0 as usize)
            .map_or_else(String::new, |s| s.path.clone())
    };
    witness.promote();
    let mut facts = std::mem::take(&mut witness.facts);
    let mut notes = Vec::new();
    for (limit, id, reached) in limited {
        // Every function is walked by itself; how far calls between functions that nobody calls are followed is no gap.
        if limit == "steps" && reached > context(Trigger::Import) {
            continue;
        }
        let kind = match limit {
            "syntax" => FactKind::Unparsable,
            "nesting" => FactKind::TooDeep,
            _ => FactKind::TooCostly,
        };
        let trigger = sources.get(id.0 as usize).map_or(Trigger::Call, trigger_of);
        facts.push(Fact::new(kind, trigger, Place::file(path(id)), limit));
        if limit != "syntax" {
            notes.push((path(id), limit));
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
    }
}

fn trigger_of(source: &Source) -> Trigger {
    match source.role {
        Role::Setup | Role::Backend => Trigger::Install,
        Role::Startup => Trigger::Startup,
        Role::Module => Trigger::Import,
        Role::Script => Trigger::EntryPoint,
        Role::Nested => Trigger::Call,
        Role::Test => Trigger::Test,
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

/// Words without one of which a module does nothing that is a fact. Names can be hidden, but not the means of hiding:
/// whoever assembles `exec` needs `getattr`, `globals`, a subscript of `__builtins__`, or an import.
const WORDS: &[&str] = &[
    "exec",
    "eval",
    "compile",
    "__import__",
    "importlib",
    "getattr",
    "globals",
    "locals",
    "vars(",
    "__builtins__",
    "builtins",
    "__dict__",
    "subprocess",
    "popen",
    "system",
    "socket",
    "urllib",
    "requests",
    "httpx",
    "aiohttp",
    "http",
    "ctypes",
    "marshal",
    "pickle",
    "base64",
    "b64",
    "codecs",
    "binascii",
    "fromhex",
    "zlib",
    "lzma",
    "bz2",
    "winreg",
    "environ",
    "getenv",
    "getpass",
    "pynput",
    "keyboard",
    "ImageGrab",
    "screenshot",
    "pyperclip",
    "clipboard",
    "crypt",
    "Fernet",
    "rmtree",
    "unlink",
    "remove(",
    "expanduser",
    "Path.home",
    "tempfile",
    "open(",
    "pip",
    "webbrowser",
    "startfile",
    "spawn",
    "execv",
    "dns",
    "smtp",
    "ftp",
    "paramiko",
    "telegram",
    "discord",
    "webhook",
    "sqlite3",
    "wallet",
    "atexit",
    "runpy",
    "pty",
    "ssl",
    "platform",
    "psutil",
    "os.walk",
    "sys.modules",
    "setup(",
];

fn relevant() -> Option<AhoCorasick> {
    AhoCorasick::builder()
        .kind(Some(aho_corasick::AhoCorasickKind::DFA))
        .build(WORDS)
        .ok()
}

fn is_relevant(filter: &AhoCorasick, text: &str) -> bool {
    // Letters that only look like letters may spell any of the words.
    !text.is_ascii() || filter.is_match(text)
}
