//! The loop of a worker.

use std::sync::Arc;
use std::time::Duration;
use std::{env, fmt, fs, process};

use chatkeep_core::{Error, ErrorKind, Result};

use super::TaskManager;
use super::running_task::RunningTask;
use super::slots::Slots;

/// Wait of one claim, in seconds. A worker that is stopped waits for its end.
const WAIT_SECONDS: i64 = 1;
/// Pause after a claim that failed. It doubles with each further one, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl TaskManager {
    /// Returns an iterator of tasks of these kinds, which waits for tasks until it is stopped.
    ///
    /// Each task is claimed when the iterator is asked for it, and its lease is renewed in the
    /// background until it ends. See [`claim_tasks`](Self::claim_tasks) for the order of tasks.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::{Metadata, NewTask};
    ///
    /// let input = Metadata::parse(r#"{"to": "ada@example.org"}"#)?;
    /// chat.tasks().enqueue_task(&NewTask::new("email", input))?;
    ///
    /// let work = chat.tasks().work(["email"]).lease_seconds(60);
    /// let stop = work.stop_handle(); // for a signal handler
    /// for task in work {
    ///     let mut task = task?;
    ///     println!("{}", task.task().input.as_json());
    ///     task.complete(None)?;
    ///     stop.stop();
    /// }
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    pub fn work<K: Into<String>>(&self, kinds: impl IntoIterator<Item = K>) -> Work {
        Work {
            tasks: self.clone(),
            kinds: kinds.into_iter().map(Into::into).collect(),
            worker: default_worker(),
            lease_seconds: 60,
            slots: Arc::new(Slots::new(1)),
            failures: 0,
            has_ended: false,
        }
    }
}

/// An iterator of the tasks that a worker runs; see [`TaskManager::work`].
///
/// It has at most [`concurrency`](Self::concurrency) tasks that have not ended: with as many, it
/// waits until one ends or is dropped. With several, the tasks are sent to other threads.
///
/// A claim that fails is an item, too. If the error is retryable or its kind is `OutcomeUnknown`,
/// the iterator continues after a pause of 1 to 30 seconds. Otherwise it ends, also when the store
/// is closed.
///
/// It installs no signal handler. A program stops it by [`Work::stop_handle`], for example from a
/// handler of the crate `ctrlc`, or from a thread that awaits `tokio::signal`.
#[must_use = "tasks are claimed when the iterator is used"]
pub struct Work {
    tasks: TaskManager,
    kinds: Vec<String>,
    worker: String,
    lease_seconds: i64,
    slots: Arc<Slots>,
    /// Number of claims that failed since the last success.
    failures: u32,
    has_ended: bool,
}

impl Work {
    /// Sets the name of the worker. By default, it is the name of the host and the process id.
    pub fn worker(mut self, name: impl Into<String>) -> Self {
        self.worker = name.into();
        self
    }

    /// Sets the duration of leases, in seconds: 60 by default. It is the time after which the tasks
    /// of a killed worker are queued again.
    pub fn lease_seconds(mut self, seconds: i64) -> Self {
        self.lease_seconds = seconds;
        self
    }

    /// Sets the maximum number of tasks that have not ended: 1 by default, and at least 1. Handles
    /// that were created before do not stop the iterator.
    pub fn concurrency(mut self, tasks: usize) -> Self {
        self.slots = Arc::new(Slots::new(tasks.max(1)));
        self
    }

    /// Returns a handle that stops the iterator.
    pub fn stop_handle(&self) -> WorkStopHandle {
        WorkStopHandle(Arc::clone(&self.slots))
    }

    /// Returns the next task, or `None` if the worker was stopped.
    fn claim(&mut self) -> Result<Option<RunningTask>> {
        if self.failures > 0 {
            let pause = FIRST_PAUSE * 2_u32.pow(self.failures.min(6) - 1);
            if !self.slots.pause(pause.min(LONGEST_PAUSE))? {
                return Ok(None);
            }
        }
        while self.slots.wait()? {
            let (kinds, seconds) = (&self.kinds, self.lease_seconds);
            let claimed = self.tasks.claim_tasks(kinds, &self.worker, seconds, 1, WAIT_SECONDS)?;
            self.failures = 0;
            let Some(claimed) = claimed.into_iter().next() else {
                if self.tasks.arrivals().is_closed() {
                    return Ok(None);
                }
                continue;
            };
            let task = RunningTask::new(self.tasks.clone(), Arc::clone(&self.slots), claimed);
            if self.slots.is_stopped() {
                // Dropping it releases it.
                return Ok(None);
            }
            self.tasks.keep_lease(task.id(), task.lease_token(), seconds)?;
            return Ok(Some(task));
        }
        Ok(None)
    }
}

impl Iterator for Work {
    type Item = Result<RunningTask>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let next = self.claim().transpose();
        match &next {
            Some(Ok(_)) => {}
            Some(Err(error)) if may_continue(error) => {
                self.failures = self.failures.saturating_add(1)
            }
            _ => self.has_ended = true,
        }
        next
    }
}

/// Returns whether a later claim may succeed.
fn may_continue(error: &Error) -> bool {
    error.is_retryable() || error.kind() == ErrorKind::OutcomeUnknown
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work")
            .field("kinds", &self.kinds)
            .field("worker", &self.worker)
            .finish_non_exhaustive()
    }
}

/// Stops a [`Work`]. It can be used from any thread, and is cheap to clone.
#[derive(Clone)]
pub struct WorkStopHandle(Arc<Slots>);

impl WorkStopHandle {
    /// Ends the iteration, within about a second. It claims no further task. The tasks that it has
    /// returned can still be finished.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl fmt::Debug for WorkStopHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkStopHandle").field("is_stopped", &self.0.is_stopped()).finish()
    }
}

/// Returns the name of the host and the process id.
fn default_worker() -> String {
    let names = [env::var("HOSTNAME").ok(), fs::read_to_string("/proc/sys/kernel/hostname").ok()];
    let names = names.iter().flatten().map(|name| name.trim());
    let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or("worker");
    let name: String = name.chars().filter(|letter| *letter != '\0').take(200).collect();
    format!("{name}:{}", process::id())
}
