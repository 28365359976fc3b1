//! Many things at once, with a bar on a terminal.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

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
    std::thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        for _ in 0..threads {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = all.get(at) else { break };
                    if send.send((at, work(one))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        for (at, answer) in receive {
            bar.inc(1);
            if let Some(place) = out.get_mut(at) {
                *place = Some(answer);
            }
        }
    });
    bar.finish_and_clear();
    out
}
