//! Many things at once, with a bar on a terminal.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

/// Most threads: waiting for an index takes longer than working, and more would not be polite.
const THREADS: usize = 8;

/// Works on everything; answers in the order of what was given, none where the work ended early.
pub(in crate::commands) fn each<T: Sync, R: Send>(
    all: &[T],
    what: &str,
    quiet: bool,
    work: &(dyn Fn(&T) -> R + Sync),
) -> Vec<Option<R>> {
    let bar = if quiet || !output::is_interactive() {
        ProgressBar::hidden()
    } else {
        ProgressBar::new(all.len() as u64)
    };
    if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:24}] {pos}/{len}") {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let threads = (2 * cores).min(THREADS).min(all.len());
    let mut out: Vec<Option<R>> = Vec::new();
    out.resize_with(all.len(), || None);
    // Nobody waits for single answers: waking somebody for each costs more than the answer's place.
    let places = Mutex::new(out);
    let each = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = all.get(at) else { break };
            let answer = work(one);
            let mut places = places.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = places.get_mut(at) {
                *place = Some(answer);
            }
            drop(places);
            bar.inc(1);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(each);
        }
    });
    bar.finish_and_clear();
    places.into_inner().unwrap_or_else(PoisonError::into_inner)
}
