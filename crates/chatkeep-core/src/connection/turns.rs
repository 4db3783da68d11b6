//! Two futures of one thread that hand each other work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// Polls them in turns for as long as one of them wakes the other. Left to the runtime, each such turn would begin with a
/// system call that asks the network.
pub(super) struct Turns {
    signal: Arc<Signal>,
    waker: Waker,
}

#[derive(Default)]
struct Signal {
    /// Somebody was woken since the last turn.
    is_due: AtomicBool,
    /// Whoever polls will see that by itself.
    is_polling: AtomicBool,
    outer: AtomicWaker,
}

impl Default for Turns {
    fn default() -> Self {
        let signal = Arc::new(Signal::default());
        Self { waker: Waker::from(Arc::clone(&signal)), signal }
    }
}

impl Turns {
    /// Does `turn`, and again whenever somebody in it was woken meanwhile, until it is ready or there is nothing to do.
    pub(super) fn take<T>(
        &mut self,
        cx: &Context<'_>,
        mut turn: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let signal = &self.signal;
        signal.outer.register(cx.waker());
        signal.is_polling.store(true, Ordering::SeqCst);
        let mut outcome = Poll::Pending;
        while outcome.is_pending() {
            signal.is_due.store(false, Ordering::SeqCst);
            outcome = turn(&mut Context::from_waker(&self.waker));
            if !signal.is_due.load(Ordering::SeqCst) {
                break;
            }
        }
        signal.is_polling.store(false, Ordering::SeqCst);
        // Another thread may have come in between: one that looked a name up, for example.
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
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn who_is_woken_in_a_turn_has_another_one_at_once() {
        let (woken, mut turns) = (Arc::new(Woken::default()), Turns::default());
        let (mut count, mut kept) = (0, None);
        let waker = Waker::from(Arc::clone(&woken));
        let outcome: Poll<()> = turns.take(&Context::from_waker(&waker), |cx| {
            count += 1;
            if count < 3 {
                cx.waker().wake_by_ref();
            }
            kept = Some(cx.waker().clone());
            Poll::Pending
        });
        assert_eq!((outcome, count), (Poll::Pending, 3));
        assert_eq!(woken.0.load(Ordering::SeqCst), 0, "nobody outside has to know");

        kept.unwrap().wake();
        assert_eq!(woken.0.load(Ordering::SeqCst), 1, "between polls somebody has to");
        let outcome = turns.take(&Context::from_waker(&waker), |cx| {
            cx.waker().wake_by_ref();
            Poll::Ready(7)
        });
        assert_eq!(outcome, Poll::Ready(7), "what is ready needs no more turns");
    }
}
