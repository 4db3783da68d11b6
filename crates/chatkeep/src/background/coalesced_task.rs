//! A task that runs on one thread at a time. Triggers during a run are coalesced into one more run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use chatkeep_pool::{OfProcess, PerProcess};

use super::BlockingExecutor;

/// Runs a task in the background whenever it is triggered.
pub(crate) struct CoalescedTask {
    executor: Arc<BlockingExecutor>,
    state: PerProcess<AtomicU8>,
}

const IDLE: u8 = 0;
/// Submitted to the executor, but not yet running.
const SCHEDULED: u8 = 1;
const RUNNING: u8 = 2;
/// Triggered again during a run, which may already have passed the reason for the trigger. So
/// another run follows.
const RUNNING_AND_TRIGGERED: u8 = 3;

impl CoalescedTask {
    pub(crate) fn new(executor: Arc<BlockingExecutor>) -> Self {
        Self { executor, state: PerProcess::new(AtomicU8::new(IDLE)) }
    }

    /// Schedules `work`, unless the task is already scheduled or running. A running task runs once
    /// more, with the work of its first trigger, so all triggers must pass equivalent work.
    pub(crate) fn trigger(&self, work: impl Fn() + Send + 'static) {
        let state = self.state.get(|| AtomicU8::new(IDLE));
        let before = state.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |state| match state {
            IDLE => Some(SCHEDULED),
            RUNNING => Some(RUNNING_AND_TRIGGERED),
            _ => None,
        });
        if before != Ok(IDLE) {
            return;
        }
        let mut runs = Runs { state, finished: false };
        // If the executor rejects the work, dropping it resets the state for the next trigger.
        let _ = self.executor.submit(move || {
            while runs.begin_next() {
                work();
            }
        });
    }
}

/// The consecutive runs of a scheduled task. Dropped early, it makes the task idle again.
struct Runs {
    state: Arc<OfProcess<AtomicU8>>,
    finished: bool,
}

impl Runs {
    /// Begins the next run. If the task was not triggered since the last run began, makes it idle
    /// and returns false.
    fn begin_next(&mut self) -> bool {
        let next = |state| Some(if state == RUNNING { IDLE } else { RUNNING });
        let before = self.state.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
        self.finished = before == Ok(RUNNING);
        !self.finished
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        if !self.finished {
            self.state.store(IDLE, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::{Barrier, Mutex, mpsc};
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn triggers_during_a_run_cause_one_more_run() {
        let executor = Arc::new(BlockingExecutor::new(4));
        let task = CoalescedTask::new(Arc::clone(&executor));
        let begun = Arc::new(Barrier::new(2));
        let (release, wait) = mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        let runs = Arc::new(AtomicUsize::new(0));
        let (running, counter) = (Arc::clone(&begun), Arc::clone(&runs));
        task.trigger(move || {
            if counter.fetch_add(1, Ordering::SeqCst) == 0 {
                running.wait();
                let _ = wait.lock().expect("no thread panics").recv();
            }
        });
        begun.wait();
        for _ in 0..3 {
            task.trigger(|| panic!("the task is already running"));
        }
        release.send(()).expect("the task waits");
        assert_eq!(executor.wait(Instant::now() + Duration::from_secs(20)), 0);
        assert_eq!(runs.load(Ordering::SeqCst), 2);
        let counter = Arc::clone(&runs);
        task.trigger(move || {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        assert_eq!(executor.wait(Instant::now() + Duration::from_secs(20)), 0);
        assert_eq!(runs.load(Ordering::SeqCst), 3);
    }
}
