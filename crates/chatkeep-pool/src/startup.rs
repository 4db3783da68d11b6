//! The first connection: waiting for a database that is not there yet, and preparing it once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use chatkeep_core::interruption::{self, Waited};
use chatkeep_core::{Error, ErrorKind, Result};

use crate::backend::Backend;
use crate::backoff::Backoff;
use crate::report;
use crate::semaphore::lock;
use crate::settings::PoolSettings;

/// The pause after the first failed attempt is at most this long. Then it doubles, up to the set delay.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The least time that an attempt gets to connect, however little is left of the budget.
const LEAST_CONNECT_TIME: Duration = Duration::from_secs(1);

/// Makes attempts until one succeeds, one fails for good, or the start-up budget is used up.
///
/// Each attempt is told how long it may take to connect: the first one the set time, the others no more than what is
/// left of the budget.
pub(crate) fn with_retries<B: Backend>(
    backend: &B,
    settings: &PoolSettings,
    closed: &AtomicBool,
    mut attempt: impl FnMut(Duration) -> Result<()>,
) -> Result<()> {
    let budget = settings.start_up_budget();
    let start = backend.now();
    let mut pauses = Backoff::new(FIRST_PAUSE, settings.retry_delay);
    let mut connect_timeout = settings.connect_timeout;
    let mut attempts = 0_u32;
    loop {
        attempts += 1;
        let error = match attempt(connect_timeout) {
            Ok(()) => return Ok(()),
            // A wrong password does not become right by waiting, and each further attempt counts as an attack.
            Err(error) if !error.is_retryable() => return Err(error),
            Err(error) => error,
        };
        let waited = backend.now().saturating_duration_since(start);
        if waited >= budget {
            return Err(report::gave_up(error, attempts, waited));
        }
        backend.sleep(pauses.next(backend.random()).min(budget - waited))?;
        if closed.load(Ordering::SeqCst) {
            return Err(report::closed());
        }
        let left = budget.saturating_sub(backend.now().saturating_duration_since(start));
        connect_timeout = settings.connect_timeout.min(left.max(LEAST_CONNECT_TIME));
    }
}

/// Whether the pool of this process is ready for use; and if not, who is getting it ready.
#[derive(Default)]
pub(crate) struct Readiness {
    ready: AtomicBool,
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Default)]
struct Progress {
    runner: Option<ThreadId>,
    /// How many runs have begun.
    begun: u64,
    /// Which run failed last, and why.
    failure: Option<(u64, Arc<Error>)>,
}

/// How a failed run ended for a caller.
pub(crate) enum Failed {
    /// The caller's own run failed.
    Own(Error),
    /// The caller waited for the run of another, and that failed.
    Anothers(Error),
    /// The caller waited for the run of another for too long, or for itself.
    Waiting(Error),
}

impl Failed {
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Own(error) | Self::Anothers(error) | Self::Waiting(error) => error,
        }
    }
}

impl Readiness {
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Gets the pool ready with `run`, or waits, for at most `timeout`, for another thread that is at it.
    ///
    /// One run at a time; after a success there are no more.
    pub(crate) fn achieve(
        &self,
        timeout: Duration,
        run: impl FnOnce() -> Result<()>,
    ) -> Result<(), Failed> {
        let mut progress = lock(&self.progress);
        loop {
            if self.is_ready() {
                return Ok(());
            }
            let Some(runner) = progress.runner else { break };
            if runner == thread::current().id() {
                return Err(Failed::Waiting(report::nested()));
            }
            let run = progress.begun;
            let goes_on =
                |progress: &mut Progress| progress.runner.is_some() && progress.begun == run;
            let (after, waited) = interruption::wait_while(
                &self.changed,
                &self.progress,
                progress,
                Some(timeout),
                goes_on,
            );
            progress = after;
            if self.is_ready() {
                return Ok(());
            }
            match &progress.failure {
                // It was broken off by who made that call, which says nothing about this one.
                Some((failed, error))
                    if *failed >= run && error.kind() == ErrorKind::Interrupted => {}
                Some((failed, error)) if *failed >= run => {
                    return Err(Failed::Anothers(report::copy(error)));
                }
                _ if waited == Waited::Interrupted => {
                    return Err(Failed::Waiting(interruption::interrupted()));
                }
                _ => {
                    debug_assert_eq!(waited, Waited::TimedOut, "a run that ended leaves a result");
                    return Err(Failed::Waiting(report::not_ready_in_time(timeout)));
                }
            }
        }
        progress.runner = Some(thread::current().id());
        progress.begun += 1;
        drop(progress);

        let mut ending = Ending { readiness: self, error: Some(panicked()) };
        let result = run();
        ending.error = result.as_ref().err().map(report::copy);
        drop(ending);
        result.map_err(Failed::Own)
    }

    /// Runs something while the lock is held, as another thread may at the moment of a fork.
    #[cfg(test)]
    pub(crate) fn while_locked<R>(&self, run: impl FnOnce() -> R) -> R {
        let _progress = lock(&self.progress);
        run()
    }
}

/// Ends a run: with this error, or well. It does so during a panic, too, so that nobody waits for ever.
struct Ending<'a> {
    readiness: &'a Readiness,
    error: Option<Error>,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut progress = lock(&self.readiness.progress);
        progress.runner = None;
        match self.error.take() {
            Some(error) => progress.failure = Some((progress.begun, Arc::new(error))),
            None => self.readiness.ready.store(true, Ordering::Release),
        }
        drop(progress);
        self.readiness.changed.notify_all();
    }
}

fn panicked() -> Error {
    Error::internal("the call that prepared the database panicked")
}
