//! Many targets on all cores, results in the order of the targets.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use indicatif::{ProgressBar, ProgressStyle};

use super::read::Seen;
use super::targets::Target;
use crate::error::Failure;
use crate::output;

/// How to run.
#[derive(Debug)]
pub(super) struct Jobs {
    /// Threads asked for.
    pub(super) wanted: Option<usize>,
    /// No progress.
    pub(super) quiet: bool,
}

impl Jobs {
    fn threads(&self, targets: usize) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.wanted.unwrap_or_else(cores).clamp(1, targets.max(1))
    }

    fn bar(&self, targets: usize) -> ProgressBar {
        if self.quiet || targets < 2 || !output::is_interactive() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(targets as u64);
        if let Ok(style) = ProgressStyle::with_template("inspecting [{bar:24}] {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        bar
    }
}

/// Works on every target; `take` gets the results in the order of the targets. Results wait only for those before them,
/// so that a stream of thousands is never held in memory.
pub(super) fn each<T: Send>(
    targets: &[Target],
    jobs: &Jobs,
    work: &(dyn Fn(&Target) -> T + Sync),
    take: &mut dyn FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let bar = jobs.bar(targets.len());
    if jobs.threads(targets.len()) == 1 {
        return here(targets, &bar, work, take);
    }
    let next = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    let outcome = std::thread::scope(|scope| {
        // Results are taken at the pace of the slowest: the channel is short.
        let (send, receive) = mpsc::sync_channel(64);
        for _ in 0..jobs.threads(targets.len()) {
            let send = send.clone();
            scope.spawn(|| {
                let send = send;
                while let Some((at, target)) = claim(targets, &next, &stopped) {
                    if send.send((at, work(target))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let mut waiting = BTreeMap::new();
        let mut expected = 0;
        for (at, result) in receive {
            bar.inc(1);
            waiting.insert(at, result);
            while let Some(result) = waiting.remove(&expected) {
                expected += 1;
                if let Err(failure) = take(result) {
                    stopped.store(true, Ordering::Relaxed);
                    return Err(failure);
                }
            }
        }
        Ok(())
    });
    bar.finish_and_clear();
    outcome
}

/// One after the other on this thread, whose heap costs least.
fn here<T>(
    targets: &[Target],
    bar: &ProgressBar,
    work: &dyn Fn(&Target) -> T,
    take: &mut dyn FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut all = targets.iter();
    let outcome = all.try_for_each(|target| {
        let result = work(target);
        bar.inc(1);
        take(result)
    });
    bar.finish_and_clear();
    outcome
}

fn claim<'t>(
    targets: &'t [Target],
    next: &AtomicUsize,
    stopped: &AtomicBool,
) -> Option<(usize, &'t Target)> {
    if stopped.load(Ordering::Relaxed) {
        return None;
    }
    let at = next.fetch_add(1, Ordering::Relaxed);
    targets.get(at).map(|target| (at, target))
}

/// A fault of the analyser in one artifact must neither end the run nor pass for a clean result.
pub(super) fn guarded(work: impl FnOnce() -> Seen) -> Seen {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Seen {
        inspection: Err("the analysis failed unexpectedly; please report this artifact".to_owned()),
        sha256: None,
    })
}
