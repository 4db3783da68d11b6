//! A set of interchangeable connections: check-out, health check and check-in.
//!
//! A server has one such set. A SQLite file has two: the writer, and the readers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep_core::{Error, ErrorKind, Result, Role, deadline, interrupt};

use crate::backend::Backend;
use crate::backoff::Backoff;
use crate::report;
use crate::semaphore::{AcquireError, Permit, Semaphore};
use crate::settings::PoolSettings;
use crate::slot::{Live, Slot, Slots};
use crate::status::PoolStatus;

/// First and longest pause between attempts while the server has no free connection.
const FULL_SERVER_PAUSES: (Duration, Duration) =
    (Duration::from_millis(20), Duration::from_millis(500));

/// Minimum time for connecting, however long the call has waited for a permit.
const LEAST_CONNECT_TIME: Duration = Duration::from_millis(100);

/// The kind of connections in a subpool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PoolKind {
    /// Connections that read and write.
    ReadWrite,
    /// SQLite's only write connection.
    Writer,
    /// Read-only connections to a SQLite file.
    Readers,
    /// The only connection of an in-memory database: never checked, recycled or discarded.
    Memory,
}

/// Health data shared by the connections of a pool.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Whether this process has reached the database at least once.
    pub(crate) reached: AtomicBool,
    /// Number of connections that have broken. A connection last used before the latest break is
    /// suspect: a server that restarts ends all of them.
    breaks: AtomicU64,
}

/// Time limit and health check of one check-out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CheckoutOptions {
    pub(crate) connect_timeout: Duration,
    /// Whether to ping the connection even if it is expected to be healthy.
    pub(crate) always_ping: bool,
}

pub(crate) struct SubPool<B: Backend> {
    backend: Arc<B>,
    settings: Arc<PoolSettings>,
    kind: PoolKind,
    semaphore: Semaphore<Slot<B::Connection>>,
    slots: Slots<B::Connection>,
    health: Arc<Health>,
    closed: Arc<AtomicBool>,
}

impl<B: Backend> SubPool<B> {
    pub(crate) fn new(
        kind: PoolKind,
        backend: &Arc<B>,
        settings: &Arc<PoolSettings>,
        health: &Arc<Health>,
        closed: &Arc<AtomicBool>,
        slots: impl FnOnce(u32) -> Slots<B::Connection>,
    ) -> Self {
        let (persistent, overflow) = match kind {
            PoolKind::ReadWrite | PoolKind::Readers => (settings.pool_size, settings.max_overflow),
            PoolKind::Writer | PoolKind::Memory => (1, 0),
        };
        let semaphore = Semaphore::new(persistent, overflow);
        if closed.load(Ordering::SeqCst) {
            semaphore.close();
        }
        Self {
            backend: Arc::clone(backend),
            settings: Arc::clone(settings),
            kind,
            semaphore,
            slots: slots(persistent),
            health: Arc::clone(health),
            closed: Arc::clone(closed),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.backend.now()
    }

    /// Acquires a permit for a call that has been waiting since `start`. The caller must return the
    /// permit with [`SubPool::check_in`] in all cases.
    pub(crate) fn acquire(&self, start: Instant) -> Result<(Permit, Option<Slot<B::Connection>>)> {
        let (timeout, waited) =
            (self.settings.pool_timeout, self.now().saturating_duration_since(start));
        // The call waited elsewhere before it reached the pool. Even with a pool timeout of zero it
        // may use a free permit.
        if waited > timeout.max(self.settings.connect_timeout) {
            return Err(report::exhausted(
                self.kind,
                &self.settings,
                self.semaphore.usage().waiting,
            ));
        }
        match self.semaphore.acquire(timeout.saturating_sub(waited)) {
            Ok(grant) => Ok((grant.permit, grant.item)),
            Err(AcquireError::Closed) => Err(report::closed()),
            Err(AcquireError::Interrupted) => Err(interrupt::interrupted()),
            Err(AcquireError::TimedOut { waiting }) => {
                Err(report::exhausted(self.kind, &self.settings, waiting))
            }
        }
    }

    /// Puts a healthy connection into `slot`, for a caller that has been waiting since `start`.
    /// `permit` and `slot` may be replaced, and can be checked in after a failure too.
    pub(crate) fn fill(
        &self,
        permit: &mut Permit,
        slot: &mut Option<Slot<B::Connection>>,
        start: Instant,
        options: CheckoutOptions,
    ) -> Result<()> {
        // One deadline covers both waiting for a permit and connecting.
        let longest = self.settings.pool_timeout.max(options.connect_timeout);
        let waited = self.backend.now().saturating_duration_since(start);
        let least = options.connect_timeout.min(LEAST_CONNECT_TIME);
        let left = longest.saturating_sub(waited).max(least);
        match Instant::now().checked_add(left) {
            Some(end) => deadline::within(end, || self.fill_in_time(permit, slot, start, options)),
            None => self.fill_in_time(permit, slot, start, options),
        }
    }

    fn fill_in_time(
        &self,
        permit: &mut Permit,
        slot: &mut Option<Slot<B::Connection>>,
        start: Instant,
        options: CheckoutOptions,
    ) -> Result<()> {
        let timeout = self.settings.pool_timeout;
        let mut pauses = Backoff::new(FULL_SERVER_PAUSES.0, FULL_SERVER_PAUSES.1);
        let mut full: Option<Error> = None;
        loop {
            let current = match slot.take() {
                Some(slot) => slot,
                None if *permit == Permit::Persistent => self.slots.take(timeout)?,
                None => Slot::Detached(None),
            };
            let error = match self.ensure_healthy(slot.insert(current).live_mut(), options) {
                Ok(()) => return Ok(()),
                // The server has no free connection. Retry: this process or another client may
                // return one.
                Err(error) if error.kind() == ErrorKind::PoolTimeout => error,
                Err(error) => {
                    // The last attempt had almost no time left, so its error is less informative
                    // than the server's earlier answer.
                    let is_late = deadline::left(Duration::MAX).is_zero();
                    let waited = self.backend.now().saturating_duration_since(start);
                    return Err(match full.filter(|_| is_late) {
                        Some(full) => report::server_full(full, waited),
                        None => error,
                    });
                }
            };
            let waited = self.backend.now().saturating_duration_since(start);
            if waited >= timeout {
                return Err(report::server_full(error, waited));
            }
            full = Some(error);
            self.backend.sleep(pauses.next(self.backend.random()).min(timeout - waited))?;
            if self.closed.load(Ordering::SeqCst) {
                return Err(report::closed());
            }
            // One of our own connections may have been returned during the pause, and is now idle.
            // So the empty slot is exchanged for the most recently returned one.
            let promoted =
                if *permit == Permit::Overflow { self.semaphore.promote() } else { None };
            if let Some(grant) = promoted {
                (*permit, *slot) = (grant.permit, grant.item);
            } else if *permit == Permit::Persistent {
                *slot = self.semaphore.take_idle();
            }
        }
    }

    /// Ensures that `live` is a connection that is expected to work. A lost connection is replaced
    /// without an error, within the connect timeout.
    fn ensure_healthy(
        &self,
        live: &mut Option<Live<B::Connection>>,
        options: CheckoutOptions,
    ) -> Result<()> {
        let start = self.backend.now();
        let mut lost = None;
        if let Some(connection) = live {
            if self.kind == PoolKind::Memory {
                return Ok(());
            }
            // Read before the ping, so that a break during the ping leaves this connection suspect.
            let breaks = self.health.breaks.load(Ordering::SeqCst);
            let idle = start.saturating_duration_since(connection.last_used);
            if connection.expires.is_some_and(|end| start >= end) {
                *live = None;
            } else if self.backend.has_ended(&connection.connection, idle) {
                *live = None;
                self.health.breaks.fetch_add(1, Ordering::SeqCst);
            } else if !options.always_ping && !self.is_suspect(connection, idle, breaks) {
                return Ok(());
            } else {
                match self.backend.ping(&mut connection.connection) {
                    Ok(()) => {
                        connection.breaks_seen = breaks;
                        return Ok(());
                    }
                    Err(error) => {
                        *live = None;
                        self.health.breaks.fetch_add(1, Ordering::SeqCst);
                        lost = Some(error);
                    }
                }
            }
        }
        let used = self.backend.now().saturating_duration_since(start);
        let rest = deadline::left(options.connect_timeout.saturating_sub(used));
        match lost {
            Some(error) if rest.is_zero() => return Err(error),
            _ => *live = Some(self.open(rest)?),
        }
        Ok(())
    }

    fn is_suspect(&self, live: &Live<B::Connection>, idle: Duration, breaks: u64) -> bool {
        self.settings.pre_ping
            && (idle > self.backend.idle_before_ping() || live.breaks_seen != breaks)
    }

    fn open(&self, connect_timeout: Duration) -> Result<Live<B::Connection>> {
        let role = if self.kind == PoolKind::Readers { Role::Reader } else { Role::Writer };
        let breaks_seen = self.health.breaks.load(Ordering::SeqCst);
        let connection = self.backend.open(role, connect_timeout)?;
        self.health.reached.store(true, Ordering::SeqCst);

        let now = self.backend.now();
        let recycle = self.settings.pool_recycle;
        let life = recycle.mul_f64(0.9 + 0.1 * self.backend.random());
        let expires = if recycle.is_zero() { None } else { now.checked_add(life) };
        Ok(Live { connection, expires, last_used: now, breaks_seen })
    }

    /// Returns a permit and its connection to the pool.
    ///
    /// A healthy connection is handed to the next waiting caller. Without one, a persistent
    /// connection becomes idle. All other connections are closed.
    pub(crate) fn check_in(&self, permit: Permit, slot: Option<Slot<B::Connection>>) {
        // Closing a connection runs driver code. The permit is released even if that panics.
        let mut release = ReleaseOnDrop { semaphore: &self.semaphore, permit: Some(permit) };
        let Some(mut slot) = slot else { return };
        if let Some(live) = slot.live_mut() {
            if self.is_reusable(live) {
                live.last_used = self.backend.now();
            } else {
                *slot.live_mut() = None;
            }
        }
        // An empty slot is not handed over.
        let rest =
            if slot.live().is_some() { self.semaphore.hand_over(permit, slot) } else { Err(slot) };
        match rest {
            Ok(()) => release.permit = None,
            Err(slot) => self.slots.put_back(permit, slot),
        }
        drop(release);
        // Closing the pool clears it once; this connection may have been returned just after.
        if self.closed.load(Ordering::SeqCst) {
            self.clear();
        }
    }

    fn is_reusable(&self, live: &Live<B::Connection>) -> bool {
        if self.closed.load(Ordering::SeqCst) {
            return false;
        }
        if self.kind == PoolKind::Memory {
            return true;
        }
        let broken = self.backend.is_broken(&live.connection);
        if broken {
            self.health.breaks.fetch_add(1, Ordering::SeqCst);
        }
        // A panic may have left a transaction open.
        !broken && !thread::panicking() && live.expires.is_none_or(|end| self.backend.now() < end)
    }

    pub(crate) fn close(&self) {
        self.semaphore.close();
        self.clear();
    }

    /// Closes the idle connections.
    fn clear(&self) {
        // Not under the semaphore's lock: closing a connection takes time.
        drop(self.semaphore.take_idle().map(|mut slot| slot.live_mut().take()));
        self.slots.clear();
    }

    pub(crate) fn status(&self) -> PoolStatus {
        let usage = self.semaphore.usage();
        let pool_size = self.semaphore.persistent();
        let max = pool_size + self.semaphore.overflow();
        let checked_out = usage.persistent + usage.overflow;
        // A connection counts as idle until it is removed from the store, shortly after its permit
        // was acquired.
        let checked_in =
            (self.slots.idle() + u32::from(usage.has_idle)).min(pool_size - usage.persistent);
        PoolStatus {
            pool_size,
            checked_in,
            checked_out,
            overflow: usage.overflow,
            total: checked_in + checked_out,
            max,
            waiting: usage.waiting,
        }
    }

    #[cfg(test)]
    pub(crate) fn semaphore(&self) -> &Semaphore<Slot<B::Connection>> {
        &self.semaphore
    }
}

/// Releases a permit on drop, unless it was handed over.
struct ReleaseOnDrop<'a, T> {
    semaphore: &'a Semaphore<T>,
    permit: Option<Permit>,
}

impl<T> Drop for ReleaseOnDrop<'_, T> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.semaphore.release(permit);
        }
    }
}
