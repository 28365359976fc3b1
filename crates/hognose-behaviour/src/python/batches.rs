//! The sources of an artifact, evaluated a few megabytes at a time: trees need ten times the memory of their text.

use std::cell::RefCell;
use std::rc::Rc;

use hognose_python::{Bounds, Context, Machine, ModuleId, ModuleText};

use super::text::Text;
use super::witness::Witness;
use super::{Role, Source, call_target, conditions, context, run_roots};
use crate::fact::Trigger;

/// Most text evaluated by one machine: its trees live as long as it does.
const BATCH: usize = 3 << 20;

/// Sources, evaluated a few megabytes at a time.
pub(super) struct Batches<'s> {
    sources: &'s [Source],
    sizes: Vec<usize>,
    walked: &'s [bool],
    /// Emptied as they are used.
    texts: Rc<RefCell<Vec<Text>>>,
}

/// Sources that one machine knows; the first `roots` are walked, the others only when they are imported.
pub(super) struct Batch {
    known: Vec<usize>,
    roots: usize,
}

impl<'s> Batches<'s> {
    /// Takes the texts of sources, of which some are walked by themselves.
    pub(super) fn new(sources: &'s mut [Source], walked: &'s [bool]) -> Self {
        let sizes = sources.iter().map(|s| s.text.len()).collect();
        let texts = sources.iter_mut().map(|s| std::mem::take(&mut s.text));
        Self {
            texts: Rc::new(RefCell::new(texts.collect())),
            sources,
            sizes,
            walked,
        }
    }

    /// What is installed comes first, with the tests at hand for a `setup.py` that imports them; then the tests.
    pub(super) fn batches(&self) -> Vec<Batch> {
        let indices = |test: bool| {
            (0..self.sources.len())
                .filter(move |at| {
                    self.sources
                        .get(*at)
                        .is_some_and(|s| (s.role == Role::Test) == test)
                })
                .collect::<Vec<usize>>()
        };
        let (main, tests) = (indices(false), indices(true));
        let mut batches: Vec<Batch> = Vec::new();
        for group in [&main, &tests] {
            let mut bytes = usize::MAX;
            let start = batches.len();
            for at in group {
                let len = self.sizes.get(*at).copied().unwrap_or(0);
                bytes = bytes.saturating_add(len);
                if bytes > BATCH || batches.len() == start {
                    batches.push(Batch {
                        known: Vec::new(),
                        roots: 0,
                    });
                    bytes = len;
                }
                if let Some(batch) = batches.last_mut() {
                    batch.known.push(*at);
                    batch.roots += 1;
                }
            }
        }
        if !main.is_empty()
            && let Some(first) = batches.first_mut()
        {
            first.known.extend(tests);
        }
        batches
    }

    /// Evaluates a batch; bounds that were reached go to `limited`.
    pub(super) fn run(
        &self,
        batch: &Batch,
        witness: &mut Witness,
        (entries, starts): (&[String], &[String]),
        limited: &mut Vec<(usize, &'static str, Context)>,
    ) {
        let known: Vec<(&Source, bool)> = batch
            .known
            .iter()
            .enumerate()
            .filter_map(|(place, at)| {
                let walked = place < batch.roots && self.walked.get(*at).copied().unwrap_or(true);
                Some((self.sources.get(*at)?, walked))
            })
            .collect();
        witness.begin(
            known
                .iter()
                .map(|(s, _)| Rc::from(s.path.as_str()))
                .collect(),
        );
        let mut machine = Machine::new(witness, Bounds::default());
        let ids: Vec<ModuleId> = batch
            .known
            .iter()
            .enumerate()
            .filter_map(|(place, at)| {
                let source = self.sources.get(*at)?;
                let is_main = matches!(source.role, Role::Setup | Role::Script | Role::Backend);
                let text = self.text(*at, place < batch.roots);
                Some(machine.add_module(&source.name, source.is_package, is_main, text))
            })
            .collect();
        machine.shallow = Some(context(Trigger::Test));
        machine.interest = conditions::INTEREST;
        run_roots(&mut machine, &known, &ids);
        for (targets, trigger) in [(starts, Trigger::Startup), (entries, Trigger::EntryPoint)] {
            for target in targets {
                call_target(&mut machine, &known, &ids, target, trigger);
            }
        }
        machine.run_rest(&|module, is_main| {
            let role = known.get(module.0 as usize).map(|(s, _)| &s.role);
            context(match (role, is_main) {
                (Some(Role::Test), _) => Trigger::Test,
                (_, true) => Trigger::EntryPoint,
                _ => Trigger::Call,
            })
        });
        for (limit, id, reached) in std::mem::take(&mut machine.exhausted) {
            if let Some(at) = batch.known.get(id.0 as usize) {
                limited.push((*at, limit, reached));
            }
        }
    }

    /// The text of a source: now and for the last time, or when something imports it.
    fn text(&self, at: usize, now: bool) -> ModuleText {
        if now {
            let taken = self.texts.borrow_mut().get_mut(at).map(std::mem::take);
            return ModuleText::Ready(taken.unwrap_or_default().get().into());
        }
        let texts = Rc::clone(&self.texts);
        ModuleText::Later(Rc::new(move || {
            let texts = texts.borrow();
            texts.get(at).map(Text::get).unwrap_or_default().into()
        }))
    }
}
