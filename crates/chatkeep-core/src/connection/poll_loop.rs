//! Polling of two futures that exchange work on one thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// Polls a pair of futures repeatedly while one of them wakes the other. If the runtime polled them
/// instead, each round would begin with a system call that checks the network.
pub(super) struct PollLoop {
    signal: Arc<Signal>,
    waker: Waker,
}

#[derive(Default)]
struct Signal {
    /// A future was woken since the last round began.
    is_due: AtomicBool,
    /// The loop is polling, and checks `is_due` after the round.
    is_polling: AtomicBool,
    /// Waker of the task that runs the loop.
    outer: AtomicWaker,
}

impl Default for PollLoop {
    fn default() -> Self {
        let signal = Arc::new(Signal::default());
        Self { waker: Waker::from(Arc::clone(&signal)), signal }
    }
}

impl PollLoop {
    /// Calls `poll`, and repeats it while a future was woken during the call, until it returns
    /// `Ready` or no future is woken.
    pub(super) fn run<T>(
        &mut self,
        cx: &Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let signal = &self.signal;
        signal.outer.register(cx.waker());
        signal.is_polling.store(true, Ordering::SeqCst);
        let mut outcome = Poll::Pending;
        while outcome.is_pending() {
            signal.is_due.store(false, Ordering::SeqCst);
            outcome = poll(&mut Context::from_waker(&self.waker));
            if !signal.is_due.load(Ordering::SeqCst) {
                break;
            }
        }
        signal.is_polling.store(false, Ordering::SeqCst);
        // Another thread, such as one that resolves a host name, may have woken a future after the
        // last check and before `is_polling` was cleared.
        if outcome.is_pending() && signal.is_due.load(Ordering::SeqCst) {
            cx.waker().wake_by_ref();
        }
        outcome
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_due.store(true, Ordering::SeqCst);
        if !self.is_polling.load(Ordering::SeqCst) {
            self.outer.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[derive(Default)]
    struct WakeCounter(AtomicU32);

    impl Wake for WakeCounter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn wake_during_a_round_starts_another_round_at_once() {
        let (wakes, mut poll_loop) = (Arc::new(WakeCounter::default()), PollLoop::default());
        let (mut count, mut inner) = (0, None);
        let waker = Waker::from(Arc::clone(&wakes));
        let outcome: Poll<()> = poll_loop.run(&Context::from_waker(&waker), |cx| {
            count += 1;
            if count < 3 {
                cx.waker().wake_by_ref();
            }
            inner = Some(cx.waker().clone());
            Poll::Pending
        });
        assert_eq!((outcome, count), (Poll::Pending, 3));
        assert_eq!(wakes.0.load(Ordering::SeqCst), 0, "the outer waker is not called");

        inner.unwrap().wake();
        assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "between rounds the outer waker is called");
        let outcome = poll_loop.run(&Context::from_waker(&waker), |cx| {
            cx.waker().wake_by_ref();
            Poll::Ready(7)
        });
        assert_eq!(outcome, Poll::Ready(7), "a ready future is not polled again");
    }
}
