//! The pool as a whole, over any backend: which connections there are in this process, and when they may be used.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chatkeep_core::{Result, Role};

use crate::backend::{Backend, Layout};
use crate::fork::{OfProcess, PerProcess};
use crate::lease::{Held, Side};
use crate::settings::PoolSettings;
use crate::slot::{SlotThread, Slots};
use crate::startup::{self, Failed, Readiness};
use crate::status::PoolStatus;
use crate::subpool::{Care, Health, Sort, SubPool};

/// What prepares the database on the first connection.
pub(crate) type Prepare<C> = Box<dyn Fn(&mut C) -> Result<()> + Send + Sync>;

/// What outlives a fork: the settings, and the place where each process finds its own connections.
pub(crate) struct Keeper<B: Backend> {
    backend: Arc<B>,
    settings: Arc<PoolSettings>,
    prepare: Option<Prepare<B::Connection>>,
    closed: Arc<AtomicBool>,
    state: PerProcess<State<B>>,
}

/// What belongs to one process.
pub(crate) struct State<B: Backend> {
    // Closed in this order: SQLite empties and removes its log when the last connection closes, if that one may write.
    readers: Option<SubPool<B>>,
    /// All connections, or those that write where there are others for reading.
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
        let set = |sort| SubPool::new(sort, backend, settings, &health, closed, &slots);
        let (main, readers) = match backend.layout() {
            Layout::Server => (set(Sort::Any), None),
            Layout::File => (set(Sort::Writer), Some(set(Sort::Readers))),
            Layout::Memory => (set(Sort::Memory), None),
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

impl<B: Backend> Keeper<B> {
    pub(crate) fn new(
        backend: B,
        settings: PoolSettings,
        prepare: Option<Prepare<B::Connection>>,
    ) -> Result<Self> {
        settings.validate()?;
        let backend = Arc::new(backend);
        let settings = Arc::new(settings);
        let closed = Arc::new(AtomicBool::new(false));
        let thread = SlotThread::default();
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

    /// What this process has; a forked child gets its own here.
    pub(crate) fn state(&self) -> Arc<OfProcess<State<B>>> {
        let slots = |_| Slots::in_forked_child();
        self.state.get(|| State::new(&self.backend, &self.settings, &self.closed, slots))
    }

    pub(crate) fn lease(&self, role: Role) -> Result<Held<B>> {
        let state = self.state();
        if !state.readiness.is_ready() {
            self.get_ready(&state)?;
        }
        let side = if role == Role::Reader { Side::Readers } else { Side::Writers };
        Held::take(&state, side, self.care())
    }

    /// What an ordinary call does before the first lease. It waits for a database that is starting up; but not for
    /// one that was there already, and whose preparation failed.
    fn get_ready(&self, state: &Arc<OfProcess<State<B>>>) -> Result<()> {
        let run = || {
            if state.health.reached.load(Ordering::SeqCst) {
                self.attempt(state, self.care())
            } else {
                self.attempt_until_ready(state)
            }
        };
        state.readiness.achieve(self.settings.pool_timeout, run).map_err(Failed::into_error)
    }

    pub(crate) fn wait_until_ready(&self) -> Result<()> {
        let state = self.state();
        if state.readiness.is_ready() {
            // It was ready once. Whether it is now, a checked connection tells.
            return startup::with_retries(
                &*self.backend,
                &self.settings,
                &self.closed,
                |connect_timeout| {
                    Held::take(&state, Side::Readers, Care { connect_timeout, always_ping: true })
                        .map(drop)
                },
            );
        }
        let longest = self.settings.start_up_budget().max(self.settings.pool_timeout);
        match state.readiness.achieve(longest, || self.attempt_until_ready(&state)) {
            // The other call was perhaps one that does not wait, as this one has to.
            Err(Failed::Anothers(error)) if error.is_retryable() => state
                .readiness
                .achieve(longest, || self.attempt_until_ready(&state))
                .map_err(Failed::into_error),
            result => result.map_err(Failed::into_error),
        }
    }

    fn attempt_until_ready(&self, state: &Arc<OfProcess<State<B>>>) -> Result<()> {
        startup::with_retries(&*self.backend, &self.settings, &self.closed, |connect_timeout| {
            self.attempt(state, Care { connect_timeout, always_ping: false })
        })
    }

    /// Opens the first connection and prepares the database on it.
    ///
    /// This is one that may write, even for a call that only wants to read: on SQLite the writer creates the file and
    /// sets its mode before any reader opens it.
    fn attempt(&self, state: &Arc<OfProcess<State<B>>>, care: Care) -> Result<()> {
        let mut held = Held::take(state, Side::Writers, care)?;
        match &self.prepare {
            Some(prepare) => prepare(held.connection_mut()),
            None => Ok(()),
        }
    }

    fn care(&self) -> Care {
        Care { connect_timeout: self.settings.connect_timeout, always_ping: false }
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
