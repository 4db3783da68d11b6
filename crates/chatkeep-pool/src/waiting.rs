//! Calls that have waited for something else before they ask for a connection.

use std::cell::Cell;
use std::time::Instant;

thread_local! {
    static SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Runs a call that has been waiting since `since`, in a queue: its first wait for a connection began then. So the pool timeout
/// limits both waits together. A call that has waited for longer than that, and than the connect timeout, gets no connection at
/// all. What it asks for later is measured by itself.
///
/// ```
/// use chatkeep_core::{DatabaseUrl, ErrorKind};
/// use chatkeep_pool::{Pool, PoolSettings, waiting_since};
/// use std::time::{Duration, Instant};
///
/// let limit = Duration::from_millis(100);
/// let settings = PoolSettings { pool_timeout: limit, connect_timeout: limit, ..PoolSettings::default() };
/// let pool = Pool::new(DatabaseUrl::sqlite_memory(), settings)?;
/// assert!(pool.reader().is_ok()); // the first connection waits for the database at start-up, whatever the call waited
/// let since = Instant::now();
/// std::thread::sleep(Duration::from_millis(110));
/// let late = waiting_since(since, || pool.reader().map(drop));
/// assert_eq!(late.unwrap_err().kind(), ErrorKind::PoolTimeout);
/// assert!(pool.reader().is_ok());
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
pub fn waiting_since<T>(since: Instant, work: impl FnOnce() -> T) -> T {
    struct Forget;
    impl Drop for Forget {
        fn drop(&mut self) {
            SINCE.set(None);
        }
    }
    SINCE.set(Some(since));
    let _forget = Forget;
    work()
}

/// When the call of this thread began to wait, for its first wait for a connection.
pub(crate) fn take() -> Option<Instant> {
    SINCE.take()
}
