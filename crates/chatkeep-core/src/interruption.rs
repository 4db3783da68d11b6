//! Breaking a call off from the thread that makes it: what Ctrl-C does in a program that handles it.
//!
//! A call waits in many places: for the network, a lock, a connection, another caller. Who makes the call says how to find
//! out whether it is to be broken off, and each of these places asks now and then.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};

/// How often it is asked: fast enough for a person, and seldom enough to cost nothing.
const TICK: Duration = Duration::from_millis(50);

thread_local! {
    static SCOPE: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

/// There is none while the thread, or the process, comes to its end.
fn with_scope<T>(work: impl FnOnce(&mut Scope) -> T) -> Option<T> {
    SCOPE.try_with(|scope| scope.borrow_mut().as_mut().map(work)).ok().flatten()
}

struct Scope {
    check: Rc<dyn Fn() -> bool>,
    next: Instant,
    /// The check runs, and whatever is waited for now is waited for inside of it.
    is_checking: bool,
    is_interrupted: bool,
}

/// Does `work`, and has every wait of chatkeep in it ask `check` about every 50 ms whether to break off. When that is
/// true, the call ends with an error of kind [`ErrorKind::Interrupted`].
///
/// Only this thread's own waits are broken off, never what another thread does for it: a message that a group of others
/// is being written with is only no longer waited for. `check` may run code of any sort, but should not call chatkeep: while
/// it runs, whatever would have to wait is broken off.
///
/// ```
/// use chatkeep_core::{ErrorKind, interruption};
/// use std::time::Duration;
///
/// let paused = interruption::interruptible(|| true, || interruption::pause(Duration::from_secs(60)));
/// assert_eq!(paused.unwrap_err().kind(), ErrorKind::Interrupted);
/// ```
pub fn interruptible<T>(check: impl Fn() -> bool + 'static, work: impl FnOnce() -> T) -> T {
    let around = with_scope(|scope| (scope.is_checking, scope.is_interrupted));
    let (is_checking, is_interrupted) = around.unwrap_or((false, false));
    let scope =
        Scope { check: Rc::new(check), next: Instant::now() + TICK, is_checking, is_interrupted };
    let _end = End(SCOPE.replace(Some(scope)));
    work()
}

/// Puts the scope around it back, after a panic as well.
struct End(Option<Scope>);

impl Drop for End {
    fn drop(&mut self) {
        SCOPE.set(self.0.take());
    }
}

/// Whether this thread's calls can be broken off. Then it must not do others' work, which would be broken off, too.
pub fn is_interruptible() -> bool {
    with_scope(|_| ()).is_some()
}

/// Whether this thread's call is to be broken off. Whoever asks must hold no lock: the check may run any code.
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

/// How long to wait in one go when so much time is left.
pub fn slice(left: Duration) -> Duration {
    if is_interruptible() { left.min(TICK) } else { left }
}

/// What an interrupted call ends with.
pub fn interrupted() -> Error {
    Error::new(ErrorKind::Interrupted, "the call was interrupted")
}

/// What an interrupted call ends with whose change may have been stored.
pub fn interrupted_with_unknown_outcome() -> Error {
    Error::new(
        ErrorKind::Interrupted,
        "the call was interrupted before the database confirmed the change, which may or may not be stored",
    )
}

/// Waits for so long.
///
/// # Errors
/// `Interrupted`.
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

/// How a wait for a condition ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// The condition holds no more.
    Over,
    /// The time has passed.
    TimedOut,
    /// It was broken off.
    Interrupted,
}

/// Waits while a condition holds, for as long as `timeout`, if there is one. The lock is not held while the check runs.
pub fn wait_while<'a, T>(
    condvar: &Condvar,
    mutex: &'a Mutex<T>,
    mut guard: MutexGuard<'a, T>,
    timeout: Option<Duration>,
    mut goes_on: impl FnMut(&mut T) -> bool,
) -> (MutexGuard<'a, T>, Waited) {
    let end = timeout.map(|timeout| Instant::now() + timeout);
    loop {
        if !goes_on(&mut guard) {
            return (guard, Waited::Over);
        }
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return (guard, Waited::TimedOut);
        }
        guard = match left.or_else(|| is_interruptible().then_some(TICK)) {
            None => condvar.wait(guard).unwrap_or_else(PoisonError::into_inner),
            Some(left) => {
                condvar.wait_timeout(guard, slice(left)).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        if is_interruptible() && goes_on(&mut guard) {
            drop(guard);
            let interrupted = is_interrupted();
            guard = mutex.lock().unwrap_or_else(PoisonError::into_inner);
            if interrupted {
                let waited = if goes_on(&mut guard) { Waited::Interrupted } else { Waited::Over };
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
    fn a_wait_is_broken_off_and_all_later_ones_of_the_call_at_once() {
        let asked = Rc::new(Cell::new(0));
        let count = Rc::clone(&asked);
        let check = move || {
            count.set(count.get() + 1);
            count.get() == 3
        };
        interruptible(check, || {
            assert_eq!(pause(LONG).unwrap_err().kind(), ErrorKind::Interrupted);
            assert!(pause(LONG).is_err());
            assert!(is_interrupted());
        });
        assert_eq!(asked.get(), 3);
        assert!(!is_interruptible());
        assert!(pause(Duration::from_millis(1)).is_ok());
    }

    #[test]
    fn a_condition_is_waited_for_in_pieces() {
        let (mutex, condvar) = (Mutex::new(0), Condvar::new());
        let wait =
            |timeout| wait_while(&condvar, &mutex, mutex.lock().unwrap(), timeout, |n| *n == 0).1;
        assert_eq!(wait(Some(Duration::from_millis(10))), Waited::TimedOut);
        assert_eq!(interruptible(|| true, || wait(None)), Waited::Interrupted);
        assert_eq!(interruptible(|| false, || wait(Some(2 * TICK))), Waited::TimedOut);
        *mutex.lock().unwrap() = 1;
        assert_eq!(interruptible(|| true, || wait(None)), Waited::Over);
    }

    #[test]
    fn what_the_check_itself_has_to_wait_for_is_broken_off() {
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
