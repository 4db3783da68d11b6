//! Waiting for an asynchronous driver from blocking code, never longer than a deadline.

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::interruption;

/// The wait was over before the answer came.
#[derive(Debug, Clone, Copy)]
pub(crate) enum NoAnswer {
    /// The deadline passed.
    Elapsed,
    /// The caller broke it off.
    Interrupted,
}

/// A single-threaded runtime that belongs to one connection, and drives it only while somebody waits.
pub(crate) struct Reactor {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    deadline: Duration,
}

impl Reactor {
    pub(crate) fn new(deadline: Duration) -> Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::internal("the network runtime cannot start").with_source(error))?;
        Ok(Self { runtime: Some(runtime), deadline })
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }

    /// Has background tasks take note of what the network has brought since the last wait, and waits for nothing.
    pub(crate) fn look(&self) {
        let Some(runtime) = &self.runtime else { return };
        // Inside another runtime a thread would have to be started for it.
        if Handle::try_current().is_err() {
            runtime.block_on(async {
                // The first time the network is asked, the second time those run whom it woke.
                yield_now().await;
                yield_now().await;
            });
        }
    }

    /// The future's output, or why there is none.
    pub(crate) fn wait<F>(&self, future: F) -> Result<F::Output, NoAnswer>
    where
        F: Future + Send,
        F::Output: Send,
    {
        self.wait_for(self.deadline, future)
    }

    pub(crate) fn wait_for<F>(&self, deadline: Duration, future: F) -> Result<F::Output, NoAnswer>
    where
        F: Future + Send,
        F::Output: Send,
    {
        let Some(runtime) = &self.runtime else { return Err(NoAnswer::Elapsed) };
        let block = || runtime.block_on(within(deadline, future));
        // A runtime cannot be entered from inside another one. Blocking calls on an asynchronous caller's thread are
        // unwise but common, so they are answered from a thread of their own.
        if Handle::try_current().is_ok() {
            return std::thread::scope(|scope| scope.spawn(block).join().unwrap_or(Err(NoAnswer::Elapsed)));
        }
        block()
    }
}

async fn within<F: Future>(deadline: Duration, future: F) -> Result<F::Output, NoAnswer> {
    if !interruption::is_interruptible() {
        return timeout(deadline, future).await.map_err(|_| NoAnswer::Elapsed);
    }
    let end = Instant::now() + deadline;
    let mut future = pin!(future);
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if let Ok(output) = timeout(interruption::slice(left), future.as_mut()).await {
            return Ok(output);
        }
        if Instant::now() >= end {
            return Err(NoAnswer::Elapsed);
        }
        if interruption::is_interrupted() {
            return Err(NoAnswer::Interrupted);
        }
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A name look-up that hangs in the system's resolver must not hold up the caller who gave it up.
            runtime.shutdown_background();
        }
    }
}
