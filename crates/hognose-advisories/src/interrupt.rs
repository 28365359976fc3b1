//! Stopping an update, and showing how far it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that asks long work to stop at the next safe point.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// A flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to stop. Safe to call from a signal handler's thread.
    pub fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// True once stopping was asked for.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Watches an update. Every method may do nothing.
pub trait ProgressSink {
    /// A download starts; the size is known when the server states it.
    fn download_started(&self, feed: &str, bytes: Option<u64>);
    /// So many more bytes have come.
    fn downloaded(&self, bytes: u64);
    /// The download ended, well or not.
    fn download_ended(&self);
    /// A feed is being read.
    fn reading(&self, feed: &str);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl ProgressSink for Silent {
    fn download_started(&self, _: &str, _: Option<u64>) {}
    fn downloaded(&self, _: u64) {}
    fn download_ended(&self) {}
    fn reading(&self, _: &str) {}
}
