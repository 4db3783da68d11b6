//! Blocking waits for an asynchronous driver, each with a deadline.

use std::future::{Future, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::yield_now;
use tokio::time::Instant;

use super::poll_loop::PollLoop;
use super::reusable_timer::ReusableTimer;
use crate::db_error::WaitError;
use crate::error::{Error, Result};
use crate::{deadline, interrupt};

/// Used instead of a deadline that `Instant` cannot represent.
const FAR_FUTURE: Duration = Duration::from_secs(365 * 24 * 3600);

/// The driver's half of a connection, which reads and writes the socket. It makes progress only
/// during a wait.
type DriverTask = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A single-threaded runtime of one connection. It runs only while a caller waits.
pub(crate) struct Reactor {
    wait_state: Mutex<WaitState>,
    /// `None` only during the drop.
    runtime: Option<Runtime>,
    deadline: Duration,
}

/// State that all waits of a connection share.
struct WaitState {
    /// Polled alternately with the awaited future. As a task of the runtime, it would cost one
    /// more check of the network for each response before the waiting caller is woken.
    driver: Option<DriverTask>,
    poll_loop: PollLoop,
    timer: ReusableTimer,
}

impl Reactor {
    pub(crate) fn new(deadline: Duration) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
            Error::internal("cannot start the network runtime").with_source(error)
        })?;
        let wait_state = WaitState {
            driver: None,
            poll_loop: PollLoop::default(),
            timer: ReusableTimer::default(),
        };
        Ok(Self { wait_state: Mutex::new(wait_state), runtime: Some(runtime), deadline })
    }

    /// Sets the driver's task, which is polled during every wait.
    pub(crate) fn set_driver(&self, driver: impl Future<Output = ()> + Send + 'static) {
        self.wait_state().driver = Some(Box::pin(driver));
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }

    /// Lets the driver process data that arrived since the last wait, without blocking.
    pub(crate) fn poll_network(&self) {
        let Some(runtime) = &self.runtime else { return };
        // Inside another runtime, this would need a separate thread.
        if Handle::try_current().is_ok() {
            return;
        }
        let mut wait_state = self.wait_state();
        runtime.block_on(async {
            // The runtime checks the network while this task yields.
            yield_now().await;
            poll_fn(|cx| wait_state.poll(pin!(ready(())), cx)).await;
        });
    }

    /// Waits for the future within the connection's deadline and returns its output.
    pub(crate) fn wait<F>(&self, future: F) -> Result<F::Output, WaitError>
    where
        F: Future + Send,
        F::Output: Send,
    {
        self.wait_for(self.deadline, future)
    }

    /// Waits for the future within the given deadline and returns its output.
    pub(crate) fn wait_for<F>(&self, deadline: Duration, future: F) -> Result<F::Output, WaitError>
    where
        F: Future + Send,
        F::Output: Send,
    {
        let Some(runtime) = &self.runtime else { return Err(WaitError::Elapsed) };
        let deadline = deadline::left(deadline);
        let block = || runtime.block_on(self.wait_state().within(deadline, future));
        // Tokio does not allow blocking inside another runtime. Blocking calls on an asynchronous
        // caller's thread are unwise but common, so they run on a separate thread.
        if Handle::try_current().is_ok() {
            return std::thread::scope(|scope| {
                scope.spawn(block).join().unwrap_or(Err(WaitError::Elapsed))
            });
        }
        block()
    }

    fn wait_state(&self) -> MutexGuard<'_, WaitState> {
        self.wait_state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WaitState {
    async fn within<F: Future>(
        &mut self,
        deadline: Duration,
        future: F,
    ) -> Result<F::Output, WaitError> {
        let begin = Instant::now();
        let end = begin.checked_add(deadline).unwrap_or(begin + FAR_FUTURE);
        let mut future = pin!(future);
        let mut now = begin;
        loop {
            let until = now + interrupt::slice(end - now);
            let output = poll_fn(|cx| match self.poll(future.as_mut(), cx) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending => self.timer.poll(until, cx).map(|()| None),
            });
            if let Some(output) = output.await {
                return Ok(output);
            }
            now = Instant::now();
            if now >= end {
                return Err(WaitError::Elapsed);
            }
            if interrupt::is_interrupted() {
                return Err(WaitError::Interrupted);
            }
        }
    }

    fn poll<F: Future>(
        &mut self,
        mut future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        let Self { driver, poll_loop, .. } = self;
        poll_loop.run(cx, |cx| {
            // The driver sends requests and passes responses on. When it ends, it is dropped, which
            // also fails the requests that still wait for a response.
            if driver.as_mut().is_some_and(|driver| driver.as_mut().poll(cx).is_ready()) {
                *driver = None;
            }
            future.as_mut().poll(cx)
        })
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        // Sockets and timers are dropped before the runtime with which they are registered.
        let state = self.wait_state.get_mut().unwrap_or_else(PoisonError::into_inner);
        (state.driver, state.timer) = (None, ReusableTimer::default());
        if let Some(runtime) = self.runtime.take() {
            // Do not wait for a host name lookup that hangs in the system's resolver.
            runtime.shutdown_background();
        }
    }
}
