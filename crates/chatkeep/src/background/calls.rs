//! Calls that are handed in, and done by blocking threads of chatkeep's own with pooled connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use chatkeep_core::{Error, ErrorKind, Result};
use chatkeep_pool::{PerProcess, waiting_since};
use tokio::sync::oneshot;

use super::crew::Crew;
use super::progress::Progress;

/// Where calls are handed in.
pub(crate) struct Calls {
    most: usize,
    own: PerProcess<Own>,
}

struct Own {
    crew: Crew,
    progress: Arc<Progress>,
    closed: AtomicBool,
}

impl Own {
    fn new(most: usize) -> Self {
        Self {
            crew: Crew::new("chatkeep-call", most),
            progress: Arc::default(),
            closed: AtomicBool::new(false),
        }
    }
}

impl Calls {
    /// So many are done at a time.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, own: PerProcess::new(Own::new(most)) }
    }

    /// Has this done on a thread of chatkeep's.
    ///
    /// # Errors
    /// `Unavailable` when they are closed, or no thread can be started.
    pub(crate) fn hand_in(&self, work: impl FnOnce() + Send + 'static) -> Result<()> {
        let own = self.own.get(|| Own::new(self.most));
        if own.closed.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "this Chatkeep is closed"));
        }
        let pending = own.progress.begin();
        let job = move || {
            // Ended when the work has, by whatever way.
            let _pending = pending;
            work();
        };
        own.crew.hand_in(Box::new(job))
    }

    /// The same for a caller who waits: the time until a thread is free counts as waiting for a connection.
    ///
    /// # Errors
    /// As [`Calls::hand_in`].
    pub(crate) fn hand_in_call(&self, work: impl FnOnce() + Send + 'static) -> Result<()> {
        let since = Instant::now();
        self.hand_in(move || waiting_since(since, work))
    }

    /// Has this done on a thread of chatkeep's, and waits for its outcome without blocking. Once polled it is done to its
    /// end, whether or not somebody still waits.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        self.hand_in_call(move || {
            // Whoever asked may have stopped waiting.
            let _ = sender.send(work());
        })?;
        receiver.await.unwrap_or_else(|_| Err(Error::internal("the call ended in a panic")))
    }

    /// Takes no more calls.
    pub(crate) fn close(&self) {
        self.own.get(|| Own::new(self.most)).closed.store(true, Ordering::SeqCst);
    }

    /// Waits for the calls that were handed in by now, and says how many have not ended when the time is over.
    pub(crate) fn wait(&self, until: Instant) -> usize {
        self.own.get(|| Own::new(self.most)).progress.wait(until)
    }
}
