//! A connection in use, which is returned to the pool when it is dropped.

use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use chatkeep_core::{Connection, Result};

use crate::backend::{Backend, Database};
use crate::fork::OfProcess;
use crate::pool_inner::State;
use crate::semaphore::Permit;
use crate::slot::Slot;
use crate::subpool::{CheckoutOptions, SubPool};
use crate::waiting;

/// A connection checked out of a [`Pool`](crate::Pool), to which it is returned on drop.
///
/// It may be dropped on any thread. A connection that broke, or whose holder panicked, is closed
/// instead, and another one is opened at the next check-out. In a forked child, dropping an
/// inherited connection does nothing: it belongs to the parent.
pub struct PooledConnection(pub(crate) Checkout<Database>);

impl Deref for PooledConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0.connection()
    }
}

impl DerefMut for PooledConnection {
    fn deref_mut(&mut self) -> &mut Connection {
        self.0.connection_mut()
    }
}

impl fmt::Debug for PooledConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledConnection").field("engine", &self.engine()).finish_non_exhaustive()
    }
}

/// One of a pool's sets of connections. A pool without separate readers uses one set for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Readers,
    Writers,
}

/// A permit to use one connection and, after [`Checkout::acquire`], that connection. Dropping the
/// checkout returns both to the pool.
pub(crate) struct Checkout<B: Backend> {
    state: Arc<OfProcess<State<B>>>,
    side: Side,
    permit: Permit,
    slot: Option<Slot<B::Connection>>,
}

impl<B: Backend> Checkout<B> {
    /// Waits for a permit, then provides a healthy connection.
    pub(crate) fn acquire(
        state: &Arc<OfProcess<State<B>>>,
        side: Side,
        options: CheckoutOptions,
    ) -> Result<Self> {
        let pool = state.side(side);
        // The call may have waited for a thread or for other writers before it reached the pool.
        let start = waiting::take().unwrap_or_else(|| pool.now());
        let (permit, slot) = pool.acquire(start)?;
        // From here on, dropping `checkout` returns the permit, after an error or a panic too.
        let mut checkout = Self { state: Arc::clone(state), side, permit, slot };
        pool.fill(&mut checkout.permit, &mut checkout.slot, start, options)?;
        Ok(checkout)
    }

    pub(crate) fn connection(&self) -> &B::Connection {
        let live = self.slot.as_ref().and_then(Slot::live);
        &live.expect("a checkout holds a connection until it is dropped").connection
    }

    pub(crate) fn connection_mut(&mut self) -> &mut B::Connection {
        let live = self.slot.as_mut().and_then(|slot| slot.live_mut().as_mut());
        &mut live.expect("a checkout holds a connection until it is dropped").connection
    }

    fn pool(&self) -> &SubPool<B> {
        self.state.side(self.side)
    }
}

impl<B: Backend> Drop for Checkout<B> {
    fn drop(&mut self) {
        let slot = self.slot.take();
        if self.state.is_ours() {
            self.pool().check_in(self.permit, slot);
        } else {
            mem::forget(slot);
        }
    }
}
