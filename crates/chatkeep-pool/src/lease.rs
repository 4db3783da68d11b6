//! A connection in use, which goes back by itself.

use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use chatkeep_core::{Connection, Result};

use crate::backend::{Backend, Database};
use crate::fork::OfProcess;
use crate::keeper::State;
use crate::semaphore::Place;
use crate::slot::Seat;
use crate::subpool::{Care, SubPool};
use crate::waiting;

/// A connection that belongs to its holder until it is dropped; then it goes back to the [`Pool`](crate::Pool).
///
/// It goes back after a panic, too, and in any thread. A connection that broke, or whose holder panicked, is closed
/// and replaced when the next one is asked for. In a forked child an inherited lease does nothing when it is dropped:
/// the connection is the parent's.
pub struct Lease(pub(crate) Held<Database>);

impl Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0.connection()
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Connection {
        self.0.connection_mut()
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("engine", &self.engine()).finish_non_exhaustive()
    }
}

/// Which of a pool's sets of connections is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Readers,
    Writers,
}

/// A place in the pool and, once it is filled, the connection in it.
pub(crate) struct Held<B: Backend> {
    home: Arc<OfProcess<State<B>>>,
    side: Side,
    place: Place,
    seat: Option<Seat<B::Connection>>,
}

impl<B: Backend> Held<B> {
    /// Waits for a connection and makes sure that it is sound.
    pub(crate) fn take(home: &Arc<OfProcess<State<B>>>, side: Side, care: Care) -> Result<Self> {
        let pool = home.side(side);
        // A call may have waited for a thread, or for others that write, before it came here.
        let start = waiting::take().unwrap_or_else(|| pool.now());
        let (place, seat) = pool.enter(start)?;
        // From here on the place goes back when `held` is dropped, by an error or a panic as well.
        let mut held = Self { home: Arc::clone(home), side, place, seat };
        pool.fill(&mut held.place, &mut held.seat, start, care)?;
        Ok(held)
    }

    pub(crate) fn connection(&self) -> &B::Connection {
        let live = self.seat.as_ref().and_then(Seat::live);
        &live.expect("a lease holds a connection until it is dropped").connection
    }

    pub(crate) fn connection_mut(&mut self) -> &mut B::Connection {
        let live = self.seat.as_mut().and_then(|seat| seat.live_mut().as_mut());
        &mut live.expect("a lease holds a connection until it is dropped").connection
    }

    fn pool(&self) -> &SubPool<B> {
        self.home.side(self.side)
    }
}

impl<B: Backend> Drop for Held<B> {
    fn drop(&mut self) {
        let seat = self.seat.take();
        if self.home.is_ours() {
            self.pool().check_in(self.place, seat);
        } else {
            mem::forget(seat);
        }
    }
}
