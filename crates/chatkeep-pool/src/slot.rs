//! Where connections lie between two uses: r2d2 keeps *slots*, and a slot may hold a connection.
//!
//! r2d2 opens connections in threads of its own, tries again for ever when that fails, loses the typed error on the
//! way, and lets `build` wait for the result. A wrong password would become a storm of logins that nobody asked for.
//! So r2d2 is given something that can always be made at once: an empty slot. The thread that wants a connection
//! opens it in its slot, under its own deadline and with its own error. A slot that comes back empty counts as broken
//! and is discarded, so what lies in r2d2 is ready to use.
//!
//! Waiting in line happens before, in the [semaphore](crate::semaphore): no more than `max_size` callers are ever in
//! here, so that none waits for another, only for a slot to be made.
//!
//! A forked child keeps its connections in a plain list instead. r2d2 and the thread that makes its slots wait with
//! `parking_lot`, whose waiting threads are all in one table of the process; a child that is forked while another
//! thread has part of this table locked inherits it so, and its first wait would never end.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use chatkeep_core::{Error, ErrorKind, Result};
use scheduled_thread_pool::ScheduledThreadPool;

use crate::semaphore::{Place, lock};

/// An open connection, and what decides how much longer it is used.
pub(crate) struct Live<C> {
    pub(crate) connection: C,
    /// When its life is over; `None` means never.
    pub(crate) expires: Option<Instant>,
    pub(crate) last_used: Instant,
    /// How many connections of the pool had broken when this one was last known to be sound.
    pub(crate) breaks_seen: u64,
}

/// What r2d2 keeps: a connection, or room for one.
pub(crate) struct Slot<C>(Option<Live<C>>);

pub(crate) struct SlotMaker<C>(PhantomData<fn() -> C>);

impl<C: Send + 'static> r2d2::ManageConnection for SlotMaker<C> {
    type Connection = Slot<C>;
    type Error = Infallible;

    fn connect(&self) -> Result<Slot<C>, Infallible> {
        Ok(Slot(None))
    }

    fn is_valid(&self, _: &mut Slot<C>) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, slot: &mut Slot<C>) -> bool {
        slot.0.is_none()
    }
}

/// A slot in somebody's hands; dropping it puts it back, or discards it when it is empty.
type HeldSlot<C> = r2d2::PooledConnection<SlotMaker<C>>;

/// Where the connection of one place of the pool is.
pub(crate) enum Seat<C: Send + 'static> {
    /// In a slot of r2d2.
    Slot(HeldSlot<C>),
    /// Only here: in an overflow place, and everywhere in a forked child.
    Loose(Option<Live<C>>),
}

impl<C: Send + 'static> Seat<C> {
    pub(crate) fn live(&self) -> Option<&Live<C>> {
        match self {
            Self::Slot(slot) => slot.0.as_ref(),
            Self::Loose(live) => live.as_ref(),
        }
    }

    pub(crate) fn live_mut(&mut self) -> &mut Option<Live<C>> {
        match self {
            Self::Slot(slot) => &mut slot.0,
            Self::Loose(live) => live,
        }
    }
}

/// The thread in which r2d2 makes its slots, started at the first use and shared by the sets of a pool.
#[derive(Clone, Default)]
pub(crate) struct SlotThread(Arc<OnceLock<Arc<ScheduledThreadPool>>>);

impl SlotThread {
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

/// The kept connections of a pool that are not in use, but for the one that lies ready in the semaphore.
pub(crate) struct Slots<C: Send + 'static> {
    store: Store<C>,
    /// How many connections lie in here. r2d2 counts its slots, a few of which may be empty.
    idle: AtomicU32,
}

enum Store<C: Send + 'static> {
    R2d2(R2d2<C>),
    /// In a forked child.
    Plain(Mutex<Vec<Live<C>>>),
}

impl<C: Send + 'static> Slots<C> {
    pub(crate) fn new(size: u32, thread: SlotThread) -> Self {
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

    /// The connection that was put back last, or else room for one.
    pub(crate) fn take(&self, timeout: Duration) -> Result<Seat<C>> {
        let seat = match &self.store {
            Store::R2d2(r2d2) => Seat::Slot(r2d2.take(timeout)?),
            Store::Plain(list) => Seat::Loose(lock(list).pop()),
        };
        if seat.live().is_some() {
            self.idle.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(seat)
    }

    /// Puts back what was in a kept place. What was in an overflow place is closed.
    pub(crate) fn put_back(&self, place: Place, seat: Seat<C>) {
        if place == Place::Kept && seat.live().is_some() {
            self.idle.fetch_add(1, Ordering::Relaxed);
        }
        match (&self.store, place, seat) {
            (Store::Plain(list), Place::Kept, Seat::Loose(Some(live))) => lock(list).push(live),
            // A slot goes back to r2d2 when it is dropped.
            (_, _, seat) => drop(seat),
        }
    }

    /// Closes the connections that lie here.
    pub(crate) fn clear(&self) {
        let next = || match &self.store {
            Store::R2d2(r2d2) => {
                r2d2.pool.get().and_then(r2d2::Pool::try_get).map(|mut slot| slot.0.take())
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

/// r2d2's pool of slots, made at the first use: a pool that is never used starts no thread.
struct R2d2<C: Send + 'static> {
    size: u32,
    thread: SlotThread,
    pool: OnceLock<r2d2::Pool<SlotMaker<C>>>,
}

impl<C: Send + 'static> R2d2<C> {
    fn take(&self, timeout: Duration) -> Result<HeldSlot<C>> {
        /// A slot is made in microseconds. Should r2d2 miss to wake us, we look again after this time.
        const LOOK_AGAIN: Duration = Duration::from_millis(100);

        // The thread pool's only way to say that the system has no thread left is to panic.
        let pool = panic::catch_unwind(AssertUnwindSafe(|| self.pool.get_or_init(|| self.build())))
            .map_err(|_| {
                Error::new(
                    ErrorKind::Unavailable,
                    "the system has no thread left for the connection pool",
                )
            })?;
        let end = Instant::now() + timeout.max(LOOK_AGAIN);
        loop {
            if let Ok(slot) = pool.get_timeout(LOOK_AGAIN) {
                return Ok(slot);
            }
            if Instant::now() >= end {
                return Err(Error::new(
                    ErrorKind::PoolTimeout,
                    "the pool could not make room for a connection in time",
                ));
            }
        }
    }

    fn build(&self) -> r2d2::Pool<SlotMaker<C>> {
        r2d2::Pool::builder()
            .max_size(self.size)
            // The default, all of them, would be made at once.
            .min_idle(Some(0))
            // Whether to check is decided at check-out, by what is known of the connection.
            .test_on_check_out(false)
            // So is whether one is too old: r2d2's reaper knows no jitter, and needs its thread to be awake.
            .max_lifetime(None)
            .idle_timeout(None)
            .thread_pool(self.thread.get())
            .build_unchecked(SlotMaker(PhantomData))
    }
}
