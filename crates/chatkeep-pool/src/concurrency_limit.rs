//! A limit of concurrent work, such as hashing passwords.

use std::fmt;
use std::time::Duration;

use chatkeep_core::interrupt;
use chatkeep_core::{Error, ErrorKind, Result};

use crate::semaphore::{AcquireError, Permit, Semaphore};

/// Lets a limited number of threads work at a time. Others wait in order of arrival.
pub struct ConcurrencyLimit {
    semaphore: Semaphore<()>,
}

/// The right to work, until it is dropped.
#[must_use]
pub struct WorkSlot<'a> {
    limit: &'a ConcurrencyLimit,
    permit: Permit,
}

impl ConcurrencyLimit {
    /// Creates a limit of `threads`.
    pub fn new(threads: u32) -> Self {
        Self { semaphore: Semaphore::new(threads, 0) }
    }

    /// Waits for the right to work. `work` is the name of the work for error messages, such as
    /// `hashing a password`.
    ///
    /// # Errors
    /// `PoolTimeout` after `timeout`, and `Interrupted`.
    pub fn acquire(&self, timeout: Duration, work: &str) -> Result<WorkSlot<'_>> {
        match self.semaphore.acquire(timeout) {
            Ok(grant) => Ok(WorkSlot { limit: self, permit: grant.permit }),
            Err(AcquireError::Interrupted) => Err(interrupt::interrupted()),
            Err(AcquireError::TimedOut { waiting }) => Err(Error::new(
                ErrorKind::PoolTimeout,
                format!(
                    "no thread was free for {work} within {} s (DB_POOL_TIMEOUT); {waiting} more \
                     calls are waiting",
                    timeout.as_secs_f64()
                ),
            )),
            Err(AcquireError::Closed) => {
                Err(Error::internal("the limit of concurrent work is closed"))
            }
        }
    }
}

impl Drop for WorkSlot<'_> {
    fn drop(&mut self) {
        self.limit.semaphore.release(self.permit);
    }
}

impl fmt::Debug for ConcurrencyLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyLimit")
            .field("threads", &self.semaphore.persistent())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for WorkSlot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkSlot")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn threads_beyond_the_limit_wait_for_a_slot() {
        let limit = ConcurrencyLimit::new(2);
        let (working, most) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _slot = limit.acquire(Duration::from_secs(10), "work").unwrap();
                    let now = working.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(5));
                    working.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(most.into_inner(), 2);
    }

    #[test]
    fn wait_ends_with_the_timeout() {
        let limit = ConcurrencyLimit::new(1);
        let slot = limit.acquire(Duration::ZERO, "work").unwrap();
        let error = limit.acquire(Duration::from_millis(1), "hashing a password").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PoolTimeout);
        assert!(error.to_string().contains("hashing a password"));
        drop(slot);
        assert!(limit.acquire(Duration::ZERO, "work").is_ok());
    }
}
