//! Storage for idle connections. r2d2 pools *entries*, each of which may hold a connection.
//!
//! r2d2 opens connections on its own threads, retries failures forever, drops the typed error, and
//! makes `build` wait for the result. A wrong password would become an endless series of logins.
//! So r2d2 is given something that can always be created immediately: an empty entry. The thread
//! that needs a connection opens it in its entry, under its own deadline and with its own error. An
//! entry that is returned empty counts as broken and is discarded, so every entry that r2d2 stores
//! is ready to use.
//!
//! Callers queue before this, in the [semaphore](crate::semaphore). At most `max_size` callers are
//! ever in here, so a caller never waits for another one, only for an entry to be created.
//!
//! A forked child stores its connections in a plain list instead. r2d2 and its thread wait with
//! `parking_lot`, which keeps all waiting threads in one process-wide table. A child that is forked
//! while another thread has part of this table locked inherits the lock, and its first wait would
//! never end.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use chatkeep_core::{Error, ErrorKind, Result};
use scheduled_thread_pool::ScheduledThreadPool;

use crate::report;
use crate::semaphore::{Permit, lock};

/// An open connection, with the data that decides how long it is used.
pub(crate) struct Live<C> {
    pub(crate) connection: C,
    /// Time at which the connection is replaced; `None` means never.
    pub(crate) expires: Option<Instant>,
    pub(crate) last_used: Instant,
    /// Number of broken connections in the pool when this one was last known to be healthy.
    pub(crate) breaks_seen: u64,
}

/// The item that r2d2 pools: a connection, or an empty entry to open one in.
pub(crate) struct Entry<C>(Option<Live<C>>);

pub(crate) struct EntryManager<C>(PhantomData<fn() -> C>);

impl<C: Send + 'static> r2d2::ManageConnection for EntryManager<C> {
    type Connection = Entry<C>;
    type Error = Infallible;

    fn connect(&self) -> Result<Entry<C>, Infallible> {
        Ok(Entry(None))
    }

    fn is_valid(&self, _: &mut Entry<C>) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, entry: &mut Entry<C>) -> bool {
        entry.0.is_none()
    }
}

/// An entry in use. Dropping it returns it to r2d2, which discards it if it is empty.
type EntryGuard<C> = r2d2::PooledConnection<EntryManager<C>>;

/// The storage of one connection in use.
pub(crate) enum Slot<C: Send + 'static> {
    /// In an entry of r2d2.
    R2d2(EntryGuard<C>),
    /// Stored only here: overflow connections, and all connections of a forked child.
    Detached(Option<Live<C>>),
}

impl<C: Send + 'static> Slot<C> {
    pub(crate) fn live(&self) -> Option<&Live<C>> {
        match self {
            Self::R2d2(entry) => entry.0.as_ref(),
            Self::Detached(live) => live.as_ref(),
        }
    }

    pub(crate) fn live_mut(&mut self) -> &mut Option<Live<C>> {
        match self {
            Self::R2d2(entry) => &mut entry.0,
            Self::Detached(live) => live,
        }
    }
}

/// The thread on which r2d2 creates its entries. It starts on first use; the subpools of a pool
/// share it.
#[derive(Clone, Default)]
pub(crate) struct R2d2Thread(Arc<OnceLock<Arc<ScheduledThreadPool>>>);

impl R2d2Thread {
    fn get(&self) -> Arc<ScheduledThreadPool> {
        let start = || {
            ScheduledThreadPool::builder()
                .num_threads(1)
                .thread_name_pattern("chatkeep-pool")
                .build()
        };
        Arc::clone(self.0.get_or_init(|| Arc::new(start())))
    }
}

/// The persistent connections of a pool that are not in use, except for the one that the semaphore
/// stores.
pub(crate) struct Slots<C: Send + 'static> {
    store: Store<C>,
    /// Number of idle connections. r2d2 counts its entries, a few of which may be empty.
    idle: AtomicU32,
}

enum Store<C: Send + 'static> {
    R2d2(R2d2<C>),
    /// In a forked child.
    Plain(Mutex<Vec<Live<C>>>),
}

impl<C: Send + 'static> Slots<C> {
    pub(crate) fn new(size: u32, thread: R2d2Thread) -> Self {
        Self {
            store: Store::R2d2(R2d2 { size, thread, pool: OnceLock::new() }),
            idle: AtomicU32::new(0),
        }
    }

    pub(crate) fn in_forked_child() -> Self {
        Self { store: Store::Plain(Mutex::default()), idle: AtomicU32::new(0) }
    }

    pub(crate) fn idle(&self) -> u32 {
        self.idle.load(Ordering::Relaxed)
    }

    /// Returns the most recently used connection, or an empty slot if none is idle.
    pub(crate) fn take(&self, timeout: Duration) -> Result<Slot<C>> {
        let slot = match &self.store {
            Store::R2d2(r2d2) => Slot::R2d2(r2d2.take(timeout)?),
            Store::Plain(list) => Slot::Detached(lock(list).pop()),
        };
        if slot.live().is_some() {
            self.idle.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(slot)
    }

    /// Stores the connection of a persistent permit. The connection of an overflow permit is
    /// closed.
    pub(crate) fn put_back(&self, permit: Permit, slot: Slot<C>) {
        if permit == Permit::Persistent && slot.live().is_some() {
            self.idle.fetch_add(1, Ordering::Relaxed);
        }
        match (&self.store, permit, slot) {
            (Store::Plain(list), Permit::Persistent, Slot::Detached(Some(live))) => {
                lock(list).push(live);
            }
            // Dropping an entry guard returns the entry to r2d2.
            (_, _, slot) => drop(slot),
        }
    }

    /// Closes the idle connections.
    pub(crate) fn clear(&self) {
        let next = || match &self.store {
            Store::R2d2(r2d2) => {
                r2d2.pool.get().and_then(r2d2::Pool::try_get).map(|mut entry| entry.0.take())
            }
            Store::Plain(list) => lock(list).pop().map(Some),
        };
        while let Some(live) = next() {
            if live.is_some() {
                self.idle.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
}

/// The r2d2 pool of entries. It is built on first use: an unused pool starts no thread.
struct R2d2<C: Send + 'static> {
    size: u32,
    thread: R2d2Thread,
    pool: OnceLock<r2d2::Pool<EntryManager<C>>>,
}

impl<C: Send + 'static> R2d2<C> {
    fn take(&self, timeout: Duration) -> Result<EntryGuard<C>> {
        /// Polling interval, in case r2d2 misses a wake-up. An entry is created in microseconds.
        const POLL_INTERVAL: Duration = Duration::from_millis(100);

        // The thread pool reports a failure to start its thread only by panicking.
        let pool = panic::catch_unwind(AssertUnwindSafe(|| self.pool.get_or_init(|| self.build())))
            .map_err(|_| {
                Error::new(
                    ErrorKind::Unavailable,
                    "could not start the connection pool's thread: the system is out of threads",
                )
            })?;
        let end = Instant::now() + timeout.max(POLL_INTERVAL);
        loop {
            if let Ok(entry) = pool.get_timeout(POLL_INTERVAL) {
                return Ok(entry);
            }
            if Instant::now() >= end {
                return Err(report::no_slot_in_time(timeout));
            }
        }
    }

    fn build(&self) -> r2d2::Pool<EntryManager<C>> {
        r2d2::Pool::builder()
            .max_size(self.size)
            // The default would create all entries immediately.
            .min_idle(Some(0))
            // The subpool decides at check-out whether to ping, from the connection's history.
            .test_on_check_out(false)
            // The subpool also limits the lifetime: r2d2's reaper has no jitter and needs its
            // thread to be awake.
            .max_lifetime(None)
            .idle_timeout(None)
            .thread_pool(self.thread.get())
            .build_unchecked(EntryManager(PhantomData))
    }
}
