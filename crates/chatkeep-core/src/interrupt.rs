//! Cooperative interruption of blocking calls, for example by Ctrl-C in a program that handles it.
//!
//! A call can wait for the network, a lock, a connection or another caller. The caller supplies a
//! check function, and every such wait polls it periodically.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};

/// Interval between two checks: short enough for an interactive user, long enough to cost nothing.
const TICK: Duration = Duration::from_millis(50);

thread_local! {
    static SCOPE: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

/// Runs `work` on the thread's scope. Returns `None` if there is no scope, or if the thread is
/// ending.
fn with_scope<T>(work: impl FnOnce(&mut Scope) -> T) -> Option<T> {
    SCOPE.try_with(|scope| scope.borrow_mut().as_mut().map(work)).ok().flatten()
}

struct Scope {
    check: Rc<dyn Fn() -> bool>,
    next: Instant,
    /// Whether the check is running. Any wait that starts now is inside the check.
    is_checking: bool,
    is_interrupted: bool,
}

/// Runs `work`, and makes every chatkeep wait in it call `check` about every 50 ms. When `check`
/// returns true, the waiting call fails with an error of kind [`ErrorKind::Interrupted`].
///
/// Only waits of this thread are interrupted, never work that another thread does for it. For
/// example, if another thread is writing a message as part of a group, only the wait for its
/// outcome ends. `check` may run any code, but should not call chatkeep: while it runs, every call
/// that would have to wait is interrupted.
///
/// ```
/// use chatkeep_core::{ErrorKind, interrupt};
/// use std::time::Duration;
///
/// let paused = interrupt::interruptible(|| true, || interrupt::pause(Duration::from_secs(60)));
/// assert_eq!(paused.unwrap_err().kind(), ErrorKind::Interrupted);
/// ```
pub fn interruptible<T>(check: impl Fn() -> bool + 'static, work: impl FnOnce() -> T) -> T {
    let outer = with_scope(|scope| (scope.is_checking, scope.is_interrupted));
    let (is_checking, is_interrupted) = outer.unwrap_or((false, false));
    let scope =
        Scope { check: Rc::new(check), next: Instant::now() + TICK, is_checking, is_interrupted };
    let _restore = RestoreScope(SCOPE.replace(Some(scope)));
    work()
}

/// Restores the outer scope when dropped, also after a panic.
struct RestoreScope(Option<Scope>);

impl Drop for RestoreScope {
    fn drop(&mut self) {
        SCOPE.set(self.0.take());
    }
}

/// Returns whether this thread's calls can be interrupted. Such a thread must not do work for
/// other callers, because that work would be interrupted as well.
pub fn is_interruptible() -> bool {
    with_scope(|_| ()).is_some()
}

/// Returns whether this thread's call has been interrupted. The caller must hold no lock, because
/// the check may run any code.
pub fn is_interrupted() -> bool {
    let check = with_scope(|scope| {
        if scope.is_interrupted || scope.is_checking {
            return Some(None);
        }
        if Instant::now() < scope.next {
            return None;
        }
        scope.is_checking = true;
        Some(Some(Rc::clone(&scope.check)))
    });
    match check.flatten() {
        None => false,
        Some(None) => true,
        Some(Some(check)) => {
            let is_interrupted = check();
            with_scope(|scope| {
                scope.is_checking = false;
                scope.is_interrupted = is_interrupted;
                scope.next = Instant::now() + TICK;
            });
            is_interrupted
        }
    }
}

/// Returns how long to wait before the next check when `left` is the remaining time.
pub fn slice(left: Duration) -> Duration {
    if is_interruptible() { left.min(TICK) } else { left }
}

/// Returns the error for an interrupted call that changed nothing.
pub fn interrupted() -> Error {
    Error::new(ErrorKind::Interrupted, "the call was interrupted")
}

/// Returns the error for an interrupted call whose change may have been stored.
pub fn interrupted_with_unknown_outcome() -> Error {
    Error::new(
        ErrorKind::Interrupted,
        "the call was interrupted before the database confirmed the change, which may or may not \
         be stored",
    )
}

/// Sleeps for `time`.
///
/// # Errors
/// `Interrupted` when the caller interrupts the wait.
pub fn pause(time: Duration) -> Result<()> {
    let end = Instant::now() + time;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        sleep(slice(left));
        if is_interrupted() {
            return Err(interrupted());
        }
    }
}

/// Result of [`wait_while`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitOutcome {
    /// The condition became false.
    Done,
    /// The timeout elapsed.
    TimedOut,
    /// The caller interrupted the wait.
    Interrupted,
}

/// Waits while `condition` returns true, at most for `timeout`, if there is one. The lock is not
/// held while the interruption check runs.
pub fn wait_while<'a, T>(
    condvar: &Condvar,
    mutex: &'a Mutex<T>,
    mut guard: MutexGuard<'a, T>,
    timeout: Option<Duration>,
    mut condition: impl FnMut(&mut T) -> bool,
) -> (MutexGuard<'a, T>, WaitOutcome) {
    let end = timeout.map(|timeout| Instant::now() + timeout);
    loop {
        if !condition(&mut guard) {
            return (guard, WaitOutcome::Done);
        }
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return (guard, WaitOutcome::TimedOut);
        }
        guard = match left.or_else(|| is_interruptible().then_some(TICK)) {
            None => condvar.wait(guard).unwrap_or_else(PoisonError::into_inner),
            Some(left) => {
                condvar.wait_timeout(guard, slice(left)).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        if is_interruptible() && condition(&mut guard) {
            drop(guard);
            let interrupted = is_interrupted();
            guard = mutex.lock().unwrap_or_else(PoisonError::into_inner);
            if interrupted {
                let waited = if condition(&mut guard) {
                    WaitOutcome::Interrupted
                } else {
                    WaitOutcome::Done
                };
                return (guard, waited);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn interrupted_wait_ends_and_later_waits_of_the_call_fail_at_once() {
        let checks = Rc::new(Cell::new(0));
        let count = Rc::clone(&checks);
        let check = move || {
            count.set(count.get() + 1);
            count.get() == 3
        };
        interruptible(check, || {
            assert_eq!(pause(LONG).unwrap_err().kind(), ErrorKind::Interrupted);
            assert!(pause(LONG).is_err());
            assert!(is_interrupted());
        });
        assert_eq!(checks.get(), 3);
        assert!(!is_interruptible());
        assert!(pause(Duration::from_millis(1)).is_ok());
    }

    #[test]
    fn wait_while_reports_timeout_interruption_and_completion() {
        let (mutex, condvar) = (Mutex::new(0), Condvar::new());
        let wait =
            |timeout| wait_while(&condvar, &mutex, mutex.lock().unwrap(), timeout, |n| *n == 0).1;
        assert_eq!(wait(Some(Duration::from_millis(10))), WaitOutcome::TimedOut);
        assert_eq!(interruptible(|| true, || wait(None)), WaitOutcome::Interrupted);
        assert_eq!(interruptible(|| false, || wait(Some(2 * TICK))), WaitOutcome::TimedOut);
        *mutex.lock().unwrap() = 1;
        assert_eq!(interruptible(|| true, || wait(None)), WaitOutcome::Done);
    }

    #[test]
    fn wait_inside_the_check_is_interrupted() {
        let inner = Rc::new(Cell::new(None));
        let seen = Rc::clone(&inner);
        let check = move || {
            let paused = interruptible(|| false, || pause(LONG));
            seen.set(paused.err().map(|error| error.kind()));
            true
        };
        assert!(interruptible(check, || pause(LONG)).is_err());
        assert_eq!(inner.get(), Some(ErrorKind::Interrupted));
    }
}
