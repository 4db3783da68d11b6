//! Calls that waited in a queue before they asked for a connection.

use std::cell::Cell;
use std::time::Instant;

thread_local! {
    static SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Runs `work` for a call that has been waiting in a queue since `since`.
///
/// The call's first wait for a connection counts from `since`, so the pool timeout limits the waits
/// in the queue and for the connection together. A call that has waited longer than both the pool
/// timeout and the connect timeout gets no connection. Later waits of the same call are measured
/// from their own start.
///
/// ```
/// use chatkeep_core::{DatabaseUrl, ErrorKind};
/// use chatkeep_pool::{Pool, PoolSettings, waiting_since};
/// use std::time::{Duration, Instant};
///
/// let limit = Duration::from_millis(100);
/// let defaults = PoolSettings::default();
/// let settings = PoolSettings { pool_timeout: limit, connect_timeout: limit, ..defaults };
/// let pool = Pool::new(DatabaseUrl::sqlite_memory(), settings)?;
/// // Makes the pool ready: the limit below does not apply to a pool's first connection.
/// assert!(pool.reader().is_ok());
/// let since = Instant::now();
/// std::thread::sleep(Duration::from_millis(110));
/// let late = waiting_since(since, || pool.reader().map(drop));
/// assert_eq!(late.unwrap_err().kind(), ErrorKind::PoolTimeout);
/// assert!(pool.reader().is_ok());
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
pub fn waiting_since<T>(since: Instant, work: impl FnOnce() -> T) -> T {
    struct ResetOnDrop;
    impl Drop for ResetOnDrop {
        fn drop(&mut self) {
            SINCE.set(None);
        }
    }
    SINCE.set(Some(since));
    let _reset = ResetOnDrop;
    work()
}

/// Returns and clears the start of this thread's wait, so that it applies only once.
pub(crate) fn take() -> Option<Instant> {
    SINCE.take()
}
