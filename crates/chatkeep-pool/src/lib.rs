//! How chatkeep has its connections.
//!
//! A [`Pool`] hands out [`Lease`]s of connections, by its [`PoolSettings`], and tells its [`PoolStatus`].
//!
//! - **Lazy.** Nothing is opened before it is needed, and then by the thread that needs it.
//! - **Sized.** `pool_size` connections are kept; `max_overflow` more are opened under load, and closed when they come
//!   back and nobody waits. SQLite has one connection that writes beside that many that read, and a database in
//!   memory has one connection for everything, which lives as long as the pool.
//! - **Fair.** Who asks first is served first, and waits for at most `pool_timeout`.
//! - **Sound.** A connection that lay idle for more than 5 s is checked before it is handed out, and so are all that
//!   were there before one broke: after a restart of the server callers do not notice the old ones. Those that used
//!   up their `pool_recycle` are replaced.
//! - **Patient at the start, and only there.** Until this process has reached the database once, calls wait for it:
//!   for at most `max_retries` times `retry_delay`, with quick attempts first, and only if waiting can help. Later
//!   failures are reported at once; [`Pool::wait_until_ready`] waits whenever it is called.
//! - **Prepared once.** The initializer given to [`Pool::with_initializer`] runs before the first lease.
//! - **Fork-safe.** A forked child leaves its parent's connections alone, and starts with none, unprepared. Databases
//!   in memory are not shared: the child's is a new, empty one. SQLite itself has locks for the whole process: a
//!   program on SQLite should fork at a moment when no other thread of it is inside a call.

mod backend;
mod backoff;
mod fork;
mod keeper;
mod lease;
mod limits;
mod pool;
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

pub use fork::{OfProcess, PerProcess};
pub use lease::Lease;
pub use pool::{Initializer, Pool};
pub use settings::PoolSettings;
pub use status::PoolStatus;
pub use waiting::waiting_since;
