//! Long waits inside an operation on a worker thread, such as a long poll.
//!
//! A worker thread that waits for seconds must not keep others from running, and an operation that
//! only waits for news must not delay a flush or the exit of the process.

use std::cell::RefCell;
use std::sync::Arc;

use super::in_flight::{InFlight, InFlightGuard};
use super::worker_pool::CurrentWorker;

thread_local! {
    /// The operation that this worker thread runs.
    static OPERATION: RefCell<Option<Operation>> = const { RefCell::new(None) };
}

struct Operation {
    in_flight: Arc<InFlight>,
    /// `None` during a long wait.
    guard: Option<InFlightGuard>,
}

/// Runs `work` as the thread's operation in flight.
pub(super) fn run_operation(in_flight: Arc<InFlight>, guard: InFlightGuard, work: impl FnOnce()) {
    /// Ends the operation when the work ends, after a panic too.
    struct End;
    impl Drop for End {
        fn drop(&mut self) {
            drop(OPERATION.take());
        }
    }
    OPERATION.set(Some(Operation { in_flight, guard: Some(guard) }));
    let _end = End;
    work();
}

/// Runs `wait`, which changes nothing. During it, the operation is not in flight, and another
/// thread may run in place of this one.
pub(crate) fn long_wait<T>(wait: impl FnOnce() -> T) -> T {
    /// Resumes the operation when the wait ends, after a panic too.
    struct Resume {
        had_guard: bool,
    }
    impl Drop for Resume {
        fn drop(&mut self) {
            if self.had_guard {
                OPERATION.with_borrow_mut(|operation| {
                    if let Some(operation) = operation {
                        operation.guard = Some(operation.in_flight.begin());
                    }
                });
            }
        }
    }
    let guard = OPERATION.with_borrow_mut(|operation| {
        operation.as_mut().and_then(|operation| operation.guard.take())
    });
    let _resume = Resume { had_guard: guard.is_some() };
    wait_in_flight(|| {
        drop(guard);
        wait()
    })
}

/// Runs `wait`, during which another thread may run in place of this one. The operation remains in
/// flight, so a flush waits for it.
pub(crate) fn wait_in_flight<T>(wait: impl FnOnce() -> T) -> T {
    let _worker = CurrentWorker::begin_wait();
    wait()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::background::BlockingExecutor;

    #[test]
    fn operations_in_a_long_wait_block_neither_others_nor_a_flush() {
        let executor = BlockingExecutor::new(1);
        let (release, wait) = mpsc::channel::<()>();
        let (sender, receiver) = mpsc::channel();
        let end = sender.clone();
        executor
            .submit(move || {
                let _ = long_wait(|| wait.recv_timeout(Duration::from_secs(60)));
                let _ = end.send("waited");
            })
            .expect("it is submitted");
        executor.submit(move || sender.send("other").expect("a receiver")).expect("submitted");
        assert_eq!(receiver.recv_timeout(Duration::from_secs(20)), Ok("other"));
        assert_eq!(executor.wait(Instant::now() + Duration::from_secs(20)), 0);
        release.send(()).expect("it waits");
        assert_eq!(receiver.recv_timeout(Duration::from_secs(20)), Ok("waited"));
        assert_eq!(executor.wait(Instant::now() + Duration::from_secs(20)), 0);
    }
}
