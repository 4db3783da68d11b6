//! Waiting for an asynchronous driver from blocking code, never longer than a deadline.

use std::future::{Future, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::yield_now;
use tokio::time::Instant;

use super::alarm::Alarm;
use super::turns::Turns;
use crate::deadline;
use crate::error::{Error, Result};
use crate::interruption;

/// For deadlines that are too far away to be told.
const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The wait was over before the answer came.
#[derive(Debug, Clone, Copy)]
pub(crate) enum NoAnswer {
    /// The deadline passed.
    Elapsed,
    /// The caller broke it off.
    Interrupted,
}

/// A driver's own work, which goes on while somebody waits for an answer: reading and writing what a client hands it.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A single-threaded runtime that belongs to one connection, and drives it only while somebody waits.
pub(crate) struct Reactor {
    waiting: Mutex<Waiting>,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    deadline: Duration,
}

/// What a wait needs beside the future that is waited for.
struct Waiting {
    /// It takes turns with that future. As a task of the runtime it would cost each answer another look at the network,
    /// before the one who waits for it is told.
    work: Option<Work>,
    turns: Turns,
    alarm: Alarm,
}

impl Reactor {
    pub(crate) fn new(deadline: Duration) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
            Error::internal("the network runtime cannot start").with_source(error)
        })?;
        let waiting = Waiting { work: None, turns: Turns::default(), alarm: Alarm::default() };
        Ok(Self { waiting: Mutex::new(waiting), runtime: Some(runtime), deadline })
    }

    /// From now on, this is done while somebody waits.
    pub(crate) fn work_on(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.waiting().work = Some(Box::pin(work));
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }

    /// Has the driver take note of what the network has brought since the last wait, and waits for nothing.
    pub(crate) fn look(&self) {
        let Some(runtime) = &self.runtime else { return };
        // Inside another runtime a thread would have to be started for it.
        if Handle::try_current().is_ok() {
            return;
        }
        let mut waiting = self.waiting();
        runtime.block_on(async {
            // Meanwhile the network is asked.
            yield_now().await;
            poll_fn(|cx| waiting.poll(pin!(ready(())), cx)).await;
        });
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
        let deadline = deadline::left(deadline);
        let block = || runtime.block_on(self.waiting().within(deadline, future));
        // A runtime cannot be entered from inside another one. Blocking calls on an asynchronous caller's thread are
        // unwise but common, so they are answered from a thread of their own.
        if Handle::try_current().is_ok() {
            return std::thread::scope(|scope| {
                scope.spawn(block).join().unwrap_or(Err(NoAnswer::Elapsed))
            });
        }
        block()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    async fn within<F: Future>(
        &mut self,
        deadline: Duration,
        future: F,
    ) -> Result<F::Output, NoAnswer> {
        let begin = Instant::now();
        let end = begin.checked_add(deadline).unwrap_or(begin + FAR);
        let mut future = pin!(future);
        let mut now = begin;
        loop {
            let until = now + interruption::slice(end - now);
            let answer = poll_fn(|cx| match self.poll(future.as_mut(), cx) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending => self.alarm.poll(until, cx).map(|()| None),
            });
            if let Some(output) = answer.await {
                return Ok(output);
            }
            now = Instant::now();
            if now >= end {
                return Err(NoAnswer::Elapsed);
            }
            if interruption::is_interrupted() {
                return Err(NoAnswer::Interrupted);
            }
        }
    }

    fn poll<F: Future>(
        &mut self,
        mut future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        let Self { work, turns, .. } = self;
        turns.take(cx, |cx| {
            // What was asked for goes out, and what has come is handed over. Work that has ended is dropped, and with it
            // what clients would wait for.
            if work.as_mut().is_some_and(|work| work.as_mut().poll(cx).is_ready()) {
                *work = None;
            }
            future.as_mut().poll(cx)
        })
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        // Sockets and timers go before the runtime that they are registered with.
        let waiting = self.waiting.get_mut().unwrap_or_else(PoisonError::into_inner);
        (waiting.work, waiting.alarm) = (None, Alarm::default());
        if let Some(runtime) = self.runtime.take() {
            // A name look-up that hangs in the system's resolver must not hold up the caller who gave it up.
            runtime.shutdown_background();
        }
    }
}
