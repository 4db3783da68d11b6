//! A timer that is reused for many waits.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is not reset for every wait.
///
/// Most waits end long before their deadline. Resetting a timer for each of them would wake the
/// runtime with a system call, which then makes two more. Instead, the timer keeps the deadline of
/// an earlier wait. It fires too early at most once per deadline period, and is reset then.
#[derive(Default)]
pub(super) struct ReusableTimer(Option<Pin<Box<Sleep>>>);

impl ReusableTimer {
    /// Returns `Ready` once `deadline` has passed. All calls must be made within the same runtime.
    pub(super) fn poll(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        loop {
            ready!(timer.as_mut().poll(cx));
            if timer.deadline() >= deadline {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::runtime::Builder;
    use tokio::time::timeout;

    use super::*;

    #[test]
    fn timer_fires_on_time_after_earlier_and_later_deadlines() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let mut timer = ReusableTimer::default();
        let mut wait = |length: Duration, limit: Duration| {
            runtime.block_on(async {
                let begin = Instant::now();
                let fired = timeout(limit, poll_fn(|cx| timer.poll(begin + length, cx))).await;
                (fired.is_ok(), begin.elapsed())
            })
        };
        let [short, long] = [Duration::from_millis(20), Duration::from_secs(3_600)];
        assert!(!wait(long, short).0, "an hour has not passed");
        let (fired, after) = wait(short, long);
        assert!(
            fired && after >= short && after < long,
            "a shorter wait moves the deadline forward: {after:?}"
        );
        let (fired, after) = wait(short * 3, long);
        assert!(fired && after >= short * 3, "the timer fired before and is reset: {after:?}");
        // The timer is set for the first of these waits, and must not fire for the second one.
        assert!(!wait(short * 3, short).0);
        let (fired, after) = wait(short * 5, long);
        assert!(fired && after >= short * 5, "the timer fired too early: {after:?}");
        assert!(!wait(long, short).0, "the timer fired again for the next wait");
    }
}
