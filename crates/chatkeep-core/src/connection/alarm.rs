//! A timer that is set once for many waits.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

/// Nearly all waits are over long before their time. Setting a timer for each of them would wake the runtime by a system
/// call, which answers that with two more; so a timer that was set for an earlier wait is left to ring too early, which
/// it does once in the time of a deadline, and is set anew then.
#[derive(Default)]
pub(super) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready when this moment has come. It has to be called within the runtime that it was called in before.
    pub(super) fn poll(&mut self, moment: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.0.get_or_insert_with(|| Box::pin(sleep_until(moment)));
        if timer.deadline() > moment {
            timer.as_mut().reset(moment);
        }
        loop {
            ready!(timer.as_mut().poll(cx));
            if timer.deadline() >= moment {
                return Poll::Ready(());
            }
            timer.as_mut().reset(moment);
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
    fn it_rings_in_time_whatever_it_was_set_for_before() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let mut alarm = Alarm::default();
        let mut wait = |length: Duration, patience: Duration| {
            runtime.block_on(async {
                let begin = Instant::now();
                let rang = timeout(patience, poll_fn(|cx| alarm.poll(begin + length, cx))).await;
                (rang.is_ok(), begin.elapsed())
            })
        };
        let [short, long] = [Duration::from_millis(20), Duration::from_secs(3_600)];
        assert!(!wait(long, short).0, "an hour has not passed");
        let (rang, after) = wait(short, long);
        assert!(
            rang && after >= short && after < long,
            "a shorter wait sets it earlier: {after:?}"
        );
        let (rang, after) = wait(short * 3, long);
        assert!(rang && after >= short * 3, "it rang already, and is set anew: {after:?}");
        // It is set for the first of these, and must not ring for the second one.
        assert!(!wait(short * 3, short).0);
        let (rang, after) = wait(short * 5, long);
        assert!(rang && after >= short * 5, "it rang too early: {after:?}");
        assert!(!wait(long, short).0, "and not once more for the next one");
    }
}
