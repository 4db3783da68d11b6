//! A task that a worker of this process runs.

use std::sync::Arc;
use std::{fmt, process, thread};

use chatkeep_core::{ClaimedTask, LeaseState, Metadata, Result, Task};

use super::TaskManager;
use super::leases::is_lost;
use super::slots::Slots;

/// A task that [`Work`](super::Work) has claimed, and whose lease is renewed in the background.
///
/// A worker ends it with [`complete`](Self::complete), [`fail`](Self::fail) or
/// [`release`](Self::release). After one of these calls has succeeded, or returned a `Conflict` with
/// the field `lease_token`, the task has ended for the worker. After another error, the call can be
/// repeated.
///
/// Dropping a task that has not ended releases it, so that another worker can claim it at once. If
/// the thread panics, it fails the attempt instead.
pub struct RunningTask {
    tasks: TaskManager,
    slots: Arc<Slots>,
    claimed: ClaimedTask,
    has_ended: bool,
    /// A forked child has a copy of the value, but not the task.
    process: u32,
}

impl RunningTask {
    pub(super) fn new(tasks: TaskManager, slots: Arc<Slots>, claimed: ClaimedTask) -> Self {
        slots.take();
        Self { tasks, slots, claimed, has_ended: false, process: process::id() }
    }

    /// Returns the task, as it was claimed.
    pub fn task(&self) -> &Task {
        &self.claimed.task
    }

    /// Returns the task's public id.
    pub fn id(&self) -> &str {
        &self.claimed.task.public_id
    }

    /// Returns the token of the lease.
    pub fn lease_token(&self) -> &str {
        &self.claimed.lease_token
    }

    /// Returns whether the worker should stop: a cancellation was requested, or the lease is lost.
    /// It does not query the database.
    pub fn is_cancelled(&self) -> bool {
        self.lease_state() != LeaseState::Held
    }

    /// Returns the state of the lease, as [`TaskManager::get_lease_state`] does.
    pub fn lease_state(&self) -> LeaseState {
        self.tasks.leases().state(self.id(), self.lease_token())
    }

    /// Completes the task.
    ///
    /// # Errors
    /// Those of [`TaskManager::complete_task`], such as `Conflict` if the lease is lost.
    pub fn complete(&mut self, result: Option<Metadata>) -> Result<()> {
        let completed = self.tasks.complete_task(self.id(), self.lease_token(), result);
        self.end(completed)
    }

    /// Fails the attempt. The task is queued again after a delay, or fails after the last attempt.
    ///
    /// # Errors
    /// Those of [`TaskManager::fail_task`], such as `Conflict` if the lease is lost.
    pub fn fail(&mut self, error: &str) -> Result<Task> {
        self.fail_with(error, None, false)
    }

    /// Fails the attempt, with a delay in seconds before the next one, or finally.
    ///
    /// # Errors
    /// Those of [`TaskManager::fail_task`], such as `Conflict` if the lease is lost.
    pub fn fail_with(
        &mut self,
        error: &str,
        retry_after_seconds: Option<i64>,
        is_final: bool,
    ) -> Result<Task> {
        let (id, token) = (self.id(), self.lease_token());
        let failed = self.tasks.fail_task(id, token, error, retry_after_seconds, is_final);
        self.end(failed)
    }

    /// Gives the task back, so that another worker can claim it. The attempt does not count.
    ///
    /// # Errors
    /// Those of [`TaskManager::release_task`], such as `Conflict` if the lease is lost.
    pub fn release(&mut self) -> Result<Task> {
        let released = self.tasks.release_task(self.id(), self.lease_token());
        self.end(released)
    }

    fn end<T>(&mut self, ended: Result<T>) -> Result<T> {
        if ended.as_ref().err().is_none_or(is_lost) && !self.has_ended {
            self.has_ended = true;
            self.slots.give_back();
        }
        ended
    }
}

impl Drop for RunningTask {
    fn drop(&mut self) {
        if self.has_ended || self.process != process::id() {
            return;
        }
        // After an error, the task is queued when the lease ends.
        let _ = match thread::panicking() {
            true => self.fail("the worker panicked"),
            false => self.release(),
        };
        if !self.has_ended {
            self.tasks.leases().forget(self.id(), self.lease_token());
            self.slots.give_back();
        }
    }
}

impl fmt::Debug for RunningTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningTask")
            .field("id", &self.id())
            .field("kind", &self.task().kind)
            .field("has_ended", &self.has_ended)
            .finish_non_exhaustive()
    }
}
