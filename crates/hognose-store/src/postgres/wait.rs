//! Waiting for the driver from threads that are in no runtime, and from those that are.
//!
//! The driver's own work is done by a thread of ours; what is polled here only listens to it. So nothing is entered from
//! where it must not be, and every wait has an end.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

struct Alarm(Thread);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for an outcome, at most so long.
pub(super) fn on<F: Future>(future: F, limit: Duration) -> Option<F::Output> {
    // A task of the caller's runtime has a budget, which is not renewed while it waits here.
    let mut future = pin!(tokio::task::unconstrained(future));
    let waker = Waker::from(Arc::new(Alarm(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let began = Instant::now();
    loop {
        if let Poll::Ready(outcome) = future.as_mut().poll(&mut context) {
            return Some(outcome);
        }
        let left = limit.checked_sub(began.elapsed())?;
        std::thread::park_timeout(left);
    }
}
