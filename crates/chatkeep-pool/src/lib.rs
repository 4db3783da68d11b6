//! Connection pooling for chatkeep.
//!
//! A [`Pool`] hands out [`PooledConnection`]s according to its [`PoolSettings`] and reports its
//! [`PoolStatus`].
//!
//! - **Lazy.** A connection is opened on first use, by the thread that needs it.
//! - **Bounded.** Up to `pool_size` connections stay open. Up to `max_overflow` more are opened
//!   under load, and closed on return if no caller is waiting. A SQLite file has one write
//!   connection in addition to its read connections. An in-memory database has a single connection,
//!   which lives as long as the pool.
//! - **Fair.** Callers are served in order of arrival, and wait at most `pool_timeout`.
//! - **Health-checked.** A connection that was idle for more than 5 s (1 s on MySQL and MariaDB) is
//!   pinged before it is handed out. So is every connection opened before another one broke: after
//!   a server restart, callers do not see stale connections. Connections older than `pool_recycle`
//!   are replaced.
//! - **Retries at start-up only.** Until this process has reached the database once, calls retry
//!   for at most `max_retries` × `retry_delay`. The first retries are quick, and errors that a
//!   retry cannot fix are returned at once. Later failures are returned at once;
//!   [`Pool::wait_until_ready`] retries whenever it is called.
//! - **Initialized once.** The initializer passed to [`Pool::with_initializer`] runs before the
//!   first connection is handed out.
//! - **Fork-safe.** A forked child never touches its parent's connections. It starts with an empty,
//!   uninitialized pool. In-memory databases are not shared: the child's is new and empty. SQLite
//!   itself holds process-wide locks, so a program on SQLite should fork only while no other thread
//!   is inside a call.

mod backend;
mod backoff;
mod concurrency_limit;
mod fork;
pub mod limits;
mod pool;
mod pool_inner;
mod pooled_connection;
mod report;
mod semaphore;
mod settings;
mod slot;
mod startup;
mod status;
mod subpool;
mod waiting;

#[cfg(test)]
mod tests;

pub use concurrency_limit::{ConcurrencyLimit, WorkSlot};
pub use fork::{OfProcess, PerProcess};
pub use pool::{Initializer, Pool};
pub use pooled_connection::PooledConnection;
pub use settings::PoolSettings;
pub use status::PoolStatus;
pub use waiting::waiting_since;
