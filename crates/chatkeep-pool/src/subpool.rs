//! One set of like connections: how one is checked out, made sound, and checked in again.
//!
//! A server has one such set; a SQLite file has two, one with the writer and one with the readers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep_core::{Error, ErrorKind, Result, Role, deadline, interruption};

use crate::backend::Backend;
use crate::backoff::Backoff;
use crate::report;
use crate::semaphore::{Place, Refusal, Semaphore};
use crate::settings::PoolSettings;
use crate::slot::{Live, Seat, Slots};
use crate::status::PoolStatus;

/// The first and the longest pause while the server has no connection left for us.
const FULL_SERVER_PAUSES: (Duration, Duration) =
    (Duration::from_millis(20), Duration::from_millis(500));

/// The least time that connecting gets, however long the call has waited for a place.
const LEAST_CONNECT_TIME: Duration = Duration::from_millis(100);

/// Of what sort a set of connections is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Connections that read and write.
    Any,
    /// The one connection of SQLite that may write.
    Writer,
    /// Connections of SQLite that only read.
    Readers,
    /// The one connection that a database in memory is: never checked, recycled or given up.
    Memory,
}

/// What the connections of a pool know of each other.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Whether the database could be reached, once, since this process began to use the pool.
    pub(crate) reached: AtomicBool,
    /// How many connections have broken. One that was last used before the latest break is suspect: a server that
    /// restarts ends them all.
    breaks: AtomicU64,
}

/// How much time one check-out has, and how careful it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Care {
    pub(crate) connect_timeout: Duration,
    /// Whether the connection is checked even if it should be sound.
    pub(crate) always_ping: bool,
}

pub(crate) struct SubPool<B: Backend> {
    backend: Arc<B>,
    settings: Arc<PoolSettings>,
    sort: Sort,
    semaphore: Semaphore<Seat<B::Connection>>,
    slots: Slots<B::Connection>,
    health: Arc<Health>,
    closed: Arc<AtomicBool>,
}

impl<B: Backend> SubPool<B> {
    pub(crate) fn new(
        sort: Sort,
        backend: &Arc<B>,
        settings: &Arc<PoolSettings>,
        health: &Arc<Health>,
        closed: &Arc<AtomicBool>,
        slots: impl FnOnce(u32) -> Slots<B::Connection>,
    ) -> Self {
        let (kept, overflow) = match sort {
            Sort::Any | Sort::Readers => (settings.pool_size, settings.max_overflow),
            Sort::Writer | Sort::Memory => (1, 0),
        };
        let semaphore = Semaphore::new(kept, overflow);
        if closed.load(Ordering::SeqCst) {
            semaphore.close();
        }
        Self {
            backend: Arc::clone(backend),
            settings: Arc::clone(settings),
            sort,
            semaphore,
            slots: slots(kept),
            health: Arc::clone(health),
            closed: Arc::clone(closed),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.backend.now()
    }

    /// Waits for a place, as a call that has been waiting since `start`. The place has to be given back with
    /// [`SubPool::check_in`], whatever happens.
    pub(crate) fn enter(&self, start: Instant) -> Result<(Place, Option<Seat<B::Connection>>)> {
        let (timeout, waited) =
            (self.settings.pool_timeout, self.now().saturating_duration_since(start));
        // Elsewhere, before it came here. A pool timeout of zero is no reason to refuse a free place to it.
        if waited > timeout.max(self.settings.connect_timeout) {
            return Err(report::exhausted(
                self.sort,
                &self.settings,
                self.semaphore.usage().waiting,
            ));
        }
        match self.semaphore.acquire(timeout.saturating_sub(waited)) {
            Ok(grant) => Ok((grant.place, grant.left)),
            Err(Refusal::Closed) => Err(report::closed()),
            Err(Refusal::Interrupted) => Err(interruption::interrupted()),
            Err(Refusal::TimedOut { waiting }) => {
                Err(report::exhausted(self.sort, &self.settings, waiting))
            }
        }
    }

    /// Puts a sound connection into a place, which its holder got by waiting since `start`. `place` and `seat` may
    /// change on the way, and can be checked in after a failure, too.
    pub(crate) fn fill(
        &self,
        place: &mut Place,
        seat: &mut Option<Seat<B::Connection>>,
        start: Instant,
        care: Care,
    ) -> Result<()> {
        // Waiting for a place and connecting have one deadline together, whatever each of them may take by itself.
        let longest = self.settings.pool_timeout.max(care.connect_timeout);
        let waited = self.backend.now().saturating_duration_since(start);
        let left = longest.saturating_sub(waited).max(care.connect_timeout.min(LEAST_CONNECT_TIME));
        match Instant::now().checked_add(left) {
            Some(end) => deadline::within(end, || self.fill_in_time(place, seat, start, care)),
            None => self.fill_in_time(place, seat, start, care),
        }
    }

    fn fill_in_time(
        &self,
        place: &mut Place,
        seat: &mut Option<Seat<B::Connection>>,
        start: Instant,
        care: Care,
    ) -> Result<()> {
        let timeout = self.settings.pool_timeout;
        let mut pauses = Backoff::new(FULL_SERVER_PAUSES.0, FULL_SERVER_PAUSES.1);
        let mut full: Option<Error> = None;
        loop {
            let current = match seat.take() {
                Some(seat) => seat,
                None if *place == Place::Kept => self.slots.take(timeout)?,
                None => Seat::Loose(None),
            };
            let error = match self.make_sound(seat.insert(current).live_mut(), care) {
                Ok(()) => return Ok(()),
                // The server has no connection left. That passes when somebody returns one, there or here.
                Err(error) if error.kind() == ErrorKind::PoolTimeout => error,
                Err(error) => {
                    // The last attempt had hardly any time, which says less than what the server answered before.
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
            // One of our own connections may have been returned meanwhile, and then lies among the kept ones. So the
            // empty slot is exchanged for the one that was put back last.
            let kept = if *place == Place::Overflow { self.semaphore.promote() } else { None };
            if let Some(grant) = kept {
                (*place, *seat) = (grant.place, grant.left);
            } else if *place == Place::Kept {
                *seat = self.semaphore.take_ready();
            }
        }
    }

    /// Makes sure that there is a connection which can be expected to work. A connection that turns out to be lost is
    /// replaced without a word, all within the connect timeout.
    fn make_sound(&self, live: &mut Option<Live<B::Connection>>, care: Care) -> Result<()> {
        let start = self.backend.now();
        let mut lost = None;
        if let Some(connection) = live {
            if self.sort == Sort::Memory {
                return Ok(());
            }
            // Before the ping, so that a break during it leaves this connection suspect.
            let breaks = self.health.breaks.load(Ordering::SeqCst);
            let idle = start.saturating_duration_since(connection.last_used);
            if connection.expires.is_some_and(|end| start >= end) {
                *live = None;
            } else if self.backend.has_ended(&connection.connection, idle) {
                *live = None;
                self.health.breaks.fetch_add(1, Ordering::SeqCst);
            } else if !care.always_ping && !self.is_doubtful(connection, idle, breaks) {
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
        let rest = deadline::left(care.connect_timeout.saturating_sub(used));
        match lost {
            Some(error) if rest.is_zero() => return Err(error),
            _ => *live = Some(self.open(rest)?),
        }
        Ok(())
    }

    fn is_doubtful(&self, live: &Live<B::Connection>, idle: Duration, breaks: u64) -> bool {
        self.settings.pre_ping
            && (idle > self.backend.idle_before_ping() || live.breaks_seen != breaks)
    }

    fn open(&self, connect_timeout: Duration) -> Result<Live<B::Connection>> {
        let role = if self.sort == Sort::Readers { Role::Reader } else { Role::Writer };
        let breaks_seen = self.health.breaks.load(Ordering::SeqCst);
        let connection = self.backend.open(role, connect_timeout)?;
        self.health.reached.store(true, Ordering::SeqCst);

        let now = self.backend.now();
        let recycle = self.settings.pool_recycle;
        let life = recycle.mul_f64(0.9 + 0.1 * self.backend.random());
        let expires = if recycle.is_zero() { None } else { now.checked_add(life) };
        Ok(Live { connection, expires, last_used: now, breaks_seen })
    }

    /// Takes a place back, with what is in it. A connection that is sound goes to whoever waits or comes next, else to the
    /// kept ones if it came from there; all others are closed.
    pub(crate) fn check_in(&self, place: Place, seat: Option<Seat<B::Connection>>) {
        // Closing a connection runs foreign code. Should it panic, the place is not lost.
        let mut leaving = Leaving { semaphore: &self.semaphore, place: Some(place) };
        let Some(mut seat) = seat else { return };
        if let Some(live) = seat.live_mut() {
            if self.may_stay(live) {
                live.last_used = self.backend.now();
            } else {
                *seat.live_mut() = None;
            }
        }
        // An empty slot does not wait for anybody.
        let refused =
            if seat.live().is_some() { self.semaphore.hand_over(place, seat) } else { Err(seat) };
        match refused {
            Ok(()) => leaving.place = None,
            Err(seat) => self.slots.put_back(place, seat),
        }
        drop(leaving);
        // Whoever closes the pool empties it once; this connection may have come just after.
        if self.closed.load(Ordering::SeqCst) {
            self.clear();
        }
    }

    fn may_stay(&self, live: &Live<B::Connection>) -> bool {
        if self.closed.load(Ordering::SeqCst) {
            return false;
        }
        if self.sort == Sort::Memory {
            return true;
        }
        let broken = self.backend.is_broken(&live.connection);
        if broken {
            self.health.breaks.fetch_add(1, Ordering::SeqCst);
        }
        // A panic may have left a transaction half-way.
        !broken && !thread::panicking() && live.expires.is_none_or(|end| self.backend.now() < end)
    }

    pub(crate) fn close(&self) {
        self.semaphore.close();
        self.clear();
    }

    /// Closes the connections that are not in use.
    fn clear(&self) {
        // Not under the semaphore's lock: closing a connection takes its time.
        drop(self.semaphore.take_ready().map(|mut seat| seat.live_mut().take()));
        self.slots.clear();
    }

    pub(crate) fn status(&self) -> PoolStatus {
        let usage = self.semaphore.usage();
        let (pool_size, max) =
            (self.semaphore.kept(), self.semaphore.kept() + self.semaphore.overflow());
        let checked_out = usage.kept + usage.overflow;
        // A connection counts as idle until it is taken from among them, a moment after its place was.
        let checked_in = (self.slots.idle() + u32::from(usage.ready)).min(pool_size - usage.kept);
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
    pub(crate) fn semaphore(&self) -> &Semaphore<Seat<B::Connection>> {
        &self.semaphore
    }
}

/// Somebody who is about to give a place back.
struct Leaving<'a, T> {
    semaphore: &'a Semaphore<T>,
    place: Option<Place>,
}

impl<T> Drop for Leaving<'_, T> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.semaphore.release(place);
        }
    }
}
