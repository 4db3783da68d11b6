//! The pool over any backend: the connections of this process, and when they are ready for use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chatkeep_core::{Result, Role};

use crate::backend::{Backend, Layout};
use crate::fork::{OfProcess, PerProcess};
use crate::pooled_connection::{Checkout, Side};
use crate::settings::PoolSettings;
use crate::slot::{R2d2Thread, Slots};
use crate::startup::{self, Readiness, ReadinessError};
use crate::status::PoolStatus;
use crate::subpool::{CheckoutOptions, Health, PoolKind, SubPool};

/// Prepares the database on its first connection.
pub(crate) type Prepare<C> = Box<dyn Fn(&mut C) -> Result<()> + Send + Sync>;

/// The part of a pool that survives a fork: the settings, and each process's own state.
pub(crate) struct PoolInner<B: Backend> {
    backend: Arc<B>,
    settings: Arc<PoolSettings>,
    prepare: Option<Prepare<B::Connection>>,
    closed: Arc<AtomicBool>,
    state: PerProcess<State<B>>,
}

/// The part of a pool that belongs to one process.
pub(crate) struct State<B: Backend> {
    // Fields are dropped in this order. SQLite empties and removes its log when the last connection
    // closes, if that connection may write.
    readers: Option<SubPool<B>>,
    /// All connections, or the write connections if there are separate readers.
    main: SubPool<B>,
    health: Arc<Health>,
    readiness: Readiness,
}

impl<B: Backend> State<B> {
    fn new(
        backend: &Arc<B>,
        settings: &Arc<PoolSettings>,
        closed: &Arc<AtomicBool>,
        slots: impl Fn(u32) -> Slots<B::Connection>,
    ) -> Self {
        let health = Arc::default();
        let subpool = |kind| SubPool::new(kind, backend, settings, &health, closed, &slots);
        let (main, readers) = match backend.layout() {
            Layout::Server => (subpool(PoolKind::ReadWrite), None),
            Layout::File => (subpool(PoolKind::Writer), Some(subpool(PoolKind::Readers))),
            Layout::Memory => (subpool(PoolKind::Memory), None),
        };
        Self { main, readers, health, readiness: Readiness::default() }
    }

    pub(crate) fn side(&self, side: Side) -> &SubPool<B> {
        match (side, &self.readers) {
            (Side::Readers, Some(readers)) => readers,
            _ => &self.main,
        }
    }

    #[cfg(test)]
    pub(crate) fn readiness(&self) -> &Readiness {
        &self.readiness
    }
}

impl<B: Backend> PoolInner<B> {
    pub(crate) fn new(
        backend: B,
        settings: PoolSettings,
        prepare: Option<Prepare<B::Connection>>,
    ) -> Result<Self> {
        settings.validate()?;
        let backend = Arc::new(backend);
        let settings = Arc::new(settings);
        let closed = Arc::new(AtomicBool::new(false));
        let thread = R2d2Thread::default();
        let slots = |size| Slots::new(size, thread.clone());
        let state = PerProcess::new(State::new(&backend, &settings, &closed, slots));
        Ok(Self { backend, settings, prepare, closed, state })
    }

    pub(crate) fn backend(&self) -> &B {
        &self.backend
    }

    pub(crate) fn settings(&self) -> &PoolSettings {
        &self.settings
    }

    /// Returns this process's state. The first call in a forked child creates it.
    pub(crate) fn state(&self) -> Arc<OfProcess<State<B>>> {
        let slots = |_| Slots::in_forked_child();
        self.state.get(|| State::new(&self.backend, &self.settings, &self.closed, slots))
    }

    pub(crate) fn checkout(&self, role: Role) -> Result<Checkout<B>> {
        let state = self.state();
        if !state.readiness.is_ready() {
            self.ensure_ready(&state)?;
        }
        let side = if role == Role::Reader { Side::Readers } else { Side::Writers };
        Checkout::acquire(&state, side, self.options())
    }

    /// Makes the pool ready for an ordinary call. It retries while the database is starting up, but
    /// not if the database was reached and its preparation failed.
    fn ensure_ready(&self, state: &Arc<OfProcess<State<B>>>) -> Result<()> {
        let run = || {
            if state.health.reached.load(Ordering::SeqCst) {
                self.attempt(state, self.options())
            } else {
                self.attempt_until_ready(state)
            }
        };
        state.readiness.ensure(self.settings.pool_timeout, run).map_err(ReadinessError::into_error)
    }

    pub(crate) fn wait_until_ready(&self) -> Result<()> {
        let state = self.state();
        if state.readiness.is_ready() {
            // The pool was ready once. A ping shows whether it still is.
            return startup::with_retries(
                &*self.backend,
                &self.settings,
                &self.closed,
                |connect_timeout| {
                    let options = CheckoutOptions { connect_timeout, always_ping: true };
                    Checkout::acquire(&state, Side::Readers, options).map(drop)
                },
            );
        }
        let longest = self.settings.start_up_budget().max(self.settings.pool_timeout);
        match state.readiness.ensure(longest, || self.attempt_until_ready(&state)) {
            // The other call may have been one that does not retry, whereas this one must.
            Err(ReadinessError::OtherRun(error)) if error.is_retryable() => state
                .readiness
                .ensure(longest, || self.attempt_until_ready(&state))
                .map_err(ReadinessError::into_error),
            result => result.map_err(ReadinessError::into_error),
        }
    }

    fn attempt_until_ready(&self, state: &Arc<OfProcess<State<B>>>) -> Result<()> {
        startup::with_retries(&*self.backend, &self.settings, &self.closed, |connect_timeout| {
            self.attempt(state, CheckoutOptions { connect_timeout, always_ping: false })
        })
    }

    /// Opens the first connection and prepares the database on it.
    ///
    /// It uses a write connection even for a call that only reads. On SQLite the writer creates the
    /// file, with its permissions and journal mode, before a reader opens it.
    fn attempt(&self, state: &Arc<OfProcess<State<B>>>, options: CheckoutOptions) -> Result<()> {
        let mut checkout = Checkout::acquire(state, Side::Writers, options)?;
        match &self.prepare {
            Some(prepare) => prepare(checkout.connection_mut()),
            None => Ok(()),
        }
    }

    fn options(&self) -> CheckoutOptions {
        CheckoutOptions { connect_timeout: self.settings.connect_timeout, always_ping: false }
    }

    pub(crate) fn status(&self) -> PoolStatus {
        let state = self.state();
        match &state.readers {
            Some(readers) => state.main.status() + readers.status(),
            None => state.main.status(),
        }
    }

    pub(crate) fn close(&self) {
        let state = self.state();
        self.closed.store(true, Ordering::SeqCst);
        if let Some(readers) = &state.readers {
            readers.close();
        }
        state.main.close();
    }
}
