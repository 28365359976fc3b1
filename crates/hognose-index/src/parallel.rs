//! Many projects at once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Client;

impl Client {
    /// Asks about many things with a few connections at a time; answers are in the order of what was asked. `done` is
    /// told after each.
    pub fn each<T: Sync, R: Send>(
        &self,
        wanted: &[T],
        connections: usize,
        ask: impl Fn(&Self, &T) -> R + Sync,
        done: impl Fn() + Sync,
    ) -> Vec<R> {
        let next = AtomicUsize::new(0);
        let answers: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(wanted.len()));
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(one) = wanted.get(at) else { break };
                let answer = ask(self, one);
                if let Ok(mut answers) = answers.lock() {
                    answers.push((at, answer));
                }
                done();
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..connections.clamp(1, wanted.len().max(1)) {
                scope.spawn(work);
            }
        });
        let mut answers = answers
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        answers.sort_by_key(|(at, _)| *at);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }
}
