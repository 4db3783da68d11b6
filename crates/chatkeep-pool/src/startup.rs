//! Making the pool ready: the first connection is retried until the database is available, and one
//! thread initializes the database while the others wait.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use chatkeep_core::interrupt::{self, WaitOutcome};
use chatkeep_core::{Error, ErrorKind, Result};

use crate::backend::Backend;
use crate::backoff::Backoff;
use crate::report;
use crate::semaphore::lock;
use crate::settings::PoolSettings;

/// Upper bound of the pause after the first failed attempt. It doubles up to `retry_delay`.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Minimum connect timeout of an attempt, even if less time is left for the start-up.
const LEAST_CONNECT_TIME: Duration = Duration::from_secs(1);

/// Retries `attempt` until it succeeds, fails permanently, or has used up the start-up budget
/// (`max_retries` times `retry_delay`).
///
/// `attempt` receives its connect timeout. The first attempt gets the configured one. Later ones
/// get at most the remaining budget, but at least [`LEAST_CONNECT_TIME`] unless less is configured.
///
/// # Errors
/// The last error of `attempt`. `Unavailable`, not retryable, when the pool is closed before
/// another attempt, and `Interrupted` when the caller interrupts a pause.
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
            // A retry does not fix a wrong password, and the server may count it as an attack.
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

/// Whether this process's pool is ready for use and, if not, which thread is making it ready.
#[derive(Default)]
pub(crate) struct Readiness {
    ready: AtomicBool,
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Default)]
struct Progress {
    /// Thread that is making the pool ready.
    runner: Option<ThreadId>,
    /// Number of runs started.
    begun: u64,
    /// Number and error of the last failed run.
    failure: Option<(u64, Arc<Error>)>,
}

/// The reason why the pool is not ready for a caller.
pub(crate) enum ReadinessError {
    /// The caller's own run failed.
    OwnRun(Error),
    /// Another thread's run, for which the caller waited, failed.
    OtherRun(Error),
    /// The wait for another run timed out or was interrupted. Or it would never end, because that
    /// run itself asked for a connection.
    Wait(Error),
}

impl ReadinessError {
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::OwnRun(error) | Self::OtherRun(error) | Self::Wait(error) => error,
        }
    }
}

impl Readiness {
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Makes the pool ready with `run`, or waits at most `timeout` for another thread's run.
    ///
    /// Runs never overlap, and no run starts after another one has succeeded.
    pub(crate) fn ensure(
        &self,
        timeout: Duration,
        run: impl FnOnce() -> Result<()>,
    ) -> Result<(), ReadinessError> {
        let mut progress = lock(&self.progress);
        loop {
            if self.is_ready() {
                return Ok(());
            }
            let Some(runner) = progress.runner else { break };
            if runner == thread::current().id() {
                return Err(ReadinessError::Wait(report::nested()));
            }
            let run = progress.begun;
            let is_running =
                |progress: &mut Progress| progress.runner.is_some() && progress.begun == run;
            let (after, waited) = interrupt::wait_while(
                &self.changed,
                &self.progress,
                progress,
                Some(timeout),
                is_running,
            );
            progress = after;
            if self.is_ready() {
                return Ok(());
            }
            match &progress.failure {
                // The caller of that run interrupted it. This caller was not interrupted, so it
                // tries again.
                Some((failed, error))
                    if *failed >= run && error.kind() == ErrorKind::Interrupted => {}
                Some((failed, error)) if *failed >= run => {
                    return Err(ReadinessError::OtherRun(report::copy(error)));
                }
                _ if waited == WaitOutcome::Interrupted => {
                    return Err(ReadinessError::Wait(interrupt::interrupted()));
                }
                _ => {
                    debug_assert_eq!(
                        waited,
                        WaitOutcome::TimedOut,
                        "a run that ended leaves a result"
                    );
                    return Err(ReadinessError::Wait(report::not_ready_in_time(timeout)));
                }
            }
        }
        progress.runner = Some(thread::current().id());
        progress.begun += 1;
        drop(progress);

        let mut guard = RunGuard { readiness: self, error: Some(panicked()) };
        let result = run();
        guard.error = result.as_ref().err().map(report::copy);
        drop(guard);
        result.map_err(ReadinessError::OwnRun)
    }

    /// Calls `run` while the lock is held, to test a fork during which another thread holds it.
    #[cfg(test)]
    pub(crate) fn while_locked<R>(&self, run: impl FnOnce() -> R) -> R {
        let _progress = lock(&self.progress);
        run()
    }
}

/// Ends a run on drop: as failed if there is an `error`, otherwise as successful. A panic ends the
/// run too, so that no thread waits forever.
struct RunGuard<'a> {
    readiness: &'a Readiness,
    error: Option<Error>,
}

impl Drop for RunGuard<'_> {
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
    Error::internal("the call that initialized the database panicked")
}
