//! Runs blocking operations on chatkeep's own threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use chatkeep_core::{Error, ErrorKind, Result};
use chatkeep_pool::{PerProcess, waiting_since};
use tokio::sync::oneshot;

use super::in_flight::InFlight;
use super::long_wait::run_operation;
use super::worker_pool::WorkerPool;

/// An executor of blocking operations, such as database calls.
pub(crate) struct BlockingExecutor {
    max_threads: usize,
    state: PerProcess<State>,
}

/// The part of the executor that belongs to one process.
struct State {
    workers: WorkerPool,
    in_flight: Arc<InFlight>,
    closed: AtomicBool,
}

impl State {
    fn new(max_threads: usize) -> Self {
        Self {
            workers: WorkerPool::new("chatkeep-call", max_threads),
            in_flight: Arc::default(),
            closed: AtomicBool::new(false),
        }
    }
}

impl BlockingExecutor {
    /// Creates an executor that runs up to `max_threads` operations concurrently.
    pub(crate) fn new(max_threads: usize) -> Self {
        Self { max_threads, state: PerProcess::new(State::new(max_threads)) }
    }

    /// Runs `work` on a worker thread.
    ///
    /// # Errors
    /// `Unavailable` when the executor is closed or no thread can be started.
    pub(crate) fn submit(&self, work: impl FnOnce() + Send + 'static) -> Result<()> {
        let state = self.state.get(|| State::new(self.max_threads));
        if state.closed.load(Ordering::SeqCst) {
            let error = Error::new(ErrorKind::Unavailable, "this Chatkeep is closed");
            return Err(error.with_retryable(false));
        }
        let (in_flight, guard) = (Arc::clone(&state.in_flight), state.in_flight.begin());
        let job = move || run_operation(in_flight, guard, work);
        state.workers.submit(Box::new(job))
    }

    /// Runs `work` on a worker thread, for a waiting caller. The wait for a free thread counts as
    /// waiting for a connection.
    ///
    /// # Errors
    /// `Unavailable` when the executor is closed or no thread can be started.
    pub(crate) fn submit_call(&self, work: impl FnOnce() + Send + 'static) -> Result<()> {
        let since = Instant::now();
        self.submit(move || waiting_since(since, work))
    }

    /// Runs `work` on a worker thread, and awaits its outcome. After the first poll it runs to
    /// completion, even if the future is dropped.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        self.submit_call(move || {
            // The future may have been dropped.
            let _ = sender.send(work());
        })?;
        receiver.await.unwrap_or_else(|_| {
            Err(Error::internal("internal error: the operation panicked; please report this"))
        })
    }

    /// Stops accepting operations.
    pub(crate) fn close(&self) {
        let state = self.state.get(|| State::new(self.max_threads));
        state.closed.store(true, Ordering::SeqCst);
    }

    /// Waits until `until` for the operations submitted before this call. Returns the number of
    /// operations that are still in flight.
    pub(crate) fn wait(&self, until: Instant) -> usize {
        self.state.get(|| State::new(self.max_threads)).in_flight.wait(until)
    }
}
