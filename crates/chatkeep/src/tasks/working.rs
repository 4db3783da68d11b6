//! The calls of workers: claims, leases and results.

use std::time::Instant;

use chatkeep_core::tasks::{TaskClaim, TaskFailure};
use chatkeep_core::{ClaimedTask, Error, Metadata, Result, Task, Timestamp, tasks};
use chatkeep_macros::operations;

use super::TaskManager;
use super::arrivals::{Arrivals, Step, check_wait};
use super::leases::is_lost;
use crate::retry::with_retry;

#[operations(part = WORKING, receiver = tasks)]
impl TaskManager {
    /// Claims due tasks for a worker.
    ///
    /// Each task is leased to one worker at a time. Tasks of the first kind are claimed before
    /// those of the second, and so on; a worker that should not neglect any kind changes their
    /// order from call to call. Tasks of one kind are claimed by priority, the highest first, then
    /// by `run_at`, the earliest first. On a Galera cluster, this order is approximate if workers
    /// use several nodes.
    ///
    /// A claim first queues tasks of any kind whose leases have ended. Those that have no attempt
    /// left become `failed`.
    ///
    /// A call without due tasks reads only the ends of index ranges. Each priority at which all tasks
    /// are in the future takes one more query.
    ///
    /// With `wait_seconds`, a call waits until a task is due. Tasks that this process queues are
    /// claimed immediately, and those of other processes within about a second. A wait holds no
    /// connection.
    ///
    /// # Arguments
    /// - `kinds`: Kinds of tasks to claim, 1–100.
    /// - `worker`: Name of the worker, such as host and process id, 1–255 characters.
    /// - `lease_seconds`: Seconds after which the lease ends unless it is extended (1–2,592,000).
    /// - `limit`: Maximum number of tasks to claim (1–100).
    /// - `wait_seconds`: Maximum wait for a task (0–300). The call returns as soon as it has claimed one.
    ///
    /// # Returns
    /// The tasks with the token of their lease, in the order in which they were claimed. The list
    /// is empty if no task is due.
    ///
    /// # Errors
    /// - `InvalidInput`: an argument is invalid, such as `kinds[1]`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. Tasks may be leased;
    /// they are queued again when the lease ends.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn claim_tasks(
        &self,
        kinds: &[String],
        worker: &str,
        #[argument(default = 60)] lease_seconds: i64,
        #[argument(default = 1)] limit: i64,
        #[argument(default = 0)] wait_seconds: i64,
    ) -> Result<Vec<ClaimedTask>> {
        let claim = TaskClaim { kinds, worker, lease_seconds, limit };
        let run = || {
            claim.check()?;
            let wait = check_wait(wait_seconds)?;
            if wait.is_zero() {
                return self.claim_due(&claim);
            }
            let until = Instant::now() + wait;
            let mut arrival = Arrivals::register(&self.arrivals(), kinds);
            while matches!(arrival.wait(until)?, Step::Look) {
                let claimed = self.claim_due(&claim)?;
                arrival.looked(!claimed.is_empty());
                if !claimed.is_empty() {
                    return Ok(claimed);
                }
            }
            Ok(Vec::new())
        };
        run().map_err(|error: Error| error.with_operation("claim_tasks"))
    }

    /// Claims tasks that are due now.
    fn claim_due(&self, claim: &TaskClaim<'_>) -> Result<Vec<ClaimedTask>> {
        // On SQLite, an idle worker must not take the only writer.
        let due = tasks::find_due(&mut *self.pool.reader()?, claim, Timestamp::now())?;
        let Some(due) = due else { return Ok(Vec::new()) };
        let mut after_conflict = false;
        with_retry(&self.pool, |connection| {
            let claimed = tasks::claim(connection, claim, &due, after_conflict);
            after_conflict = claimed.is_err();
            claimed
        })
    }

    /// Stops keeping the lease of a task whose attempt has ended.
    fn forget_ended<T>(&self, ended: Result<T>, task_id: &str, lease_token: &str) -> Result<T> {
        if ended.as_ref().err().is_none_or(is_lost) {
            self.leases().forget(task_id, lease_token);
        }
        ended
    }

    /// Extends the lease of a running task.
    ///
    /// # Arguments
    /// - `task_id`: The task's public id.
    /// - `lease_token`: Token of the lease, from `claim_tasks`.
    /// - `lease_seconds`: Seconds from now after which the lease ends (1–2,592,000).
    ///
    /// # Returns
    /// Whether a cancellation of the task was requested. The worker should then stop and call
    /// `fail_task`, after which the task is `cancelled`.
    ///
    /// # Errors
    /// - `InvalidInput`: `lease_seconds` is out of range, or `lease_token` is malformed.
    /// - `Conflict`: the lease has ended, another claim has the task, or it does not exist. The
    /// worker should stop working on it. It is not retryable then, and its field is `lease_token`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. Calling again is
    /// safe.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: the lease may not be
    /// extended. Calling again is safe.
    #[operation(write)]
    pub fn heartbeat_task(
        &self,
        task_id: &str,
        lease_token: &str,
        #[argument(default = 60)] lease_seconds: i64,
    ) -> Result<bool> {
        let extended = with_retry(&self.pool, |connection| {
            tasks::heartbeat(connection, task_id, lease_token, lease_seconds)
        });
        extended.map_err(|error| error.with_operation("heartbeat_task"))
    }

    /// Completes a running task.
    ///
    /// # Arguments
    /// - `task_id`: The task's public id.
    /// - `lease_token`: Token of the lease, from `claim_tasks`.
    /// - `result`: Result, as a JSON object of at most 1 MiB.
    ///
    /// # Errors
    /// - `InvalidInput`: `result` is too large, or `lease_token` is malformed.
    /// - `Conflict`: the lease has ended, another claim has the task, or it does not exist. Nothing
    /// is stored. It is not retryable then, and its field is `lease_token`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. Call it again: after
    /// a `Conflict`, `get_task` returns whether the task is completed.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn complete_task(
        &self,
        task_id: &str,
        lease_token: &str,
        result: Option<Metadata>,
    ) -> Result<()> {
        let completed = with_retry(&self.pool, |connection| {
            tasks::complete(connection, task_id, lease_token, result.as_ref())
        });
        let completed = self.forget_ended(completed, task_id, lease_token);
        completed.map_err(|error| error.with_operation("complete_task"))
    }

    /// Reports that an attempt to run a task failed.
    ///
    /// The task is queued again, or becomes `failed` after `max_attempts` attempts. The delay is 5
    /// seconds after the first attempt, and doubles with each further one, up to an hour; up to a
    /// tenth is added at random. A task whose cancellation was requested becomes `cancelled`.
    ///
    /// # Arguments
    /// - `task_id`: The task's public id.
    /// - `lease_token`: Token of the lease, from `claim_tasks`.
    /// - `error`: Error, for people. It is cut to 64 KiB. Do not pass secrets.
    /// - `retry_after_seconds`: Seconds after which the task can be claimed again (0–315,360,000),
    ///   in place of the delay above.
    /// - `is_final`: Whether the task fails even if attempts are left.
    ///
    /// # Returns
    /// The task, with its new state.
    ///
    /// # Errors
    /// - `InvalidInput`: an argument is invalid.
    /// - `Conflict`: the lease has ended, another claim has the task, or it does not exist. Nothing
    /// is stored. It is not retryable then, and its field is `lease_token`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The failure may be
    /// stored.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn fail_task(
        &self,
        task_id: &str,
        lease_token: &str,
        error: &str,
        retry_after_seconds: Option<i64>,
        #[argument(default = false)] is_final: bool,
    ) -> Result<Task> {
        let failure = TaskFailure { error, retry_after_seconds, is_final };
        let failed = with_retry(&self.pool, |connection| {
            tasks::fail(connection, task_id, lease_token, &failure)
        });
        let failed = self.forget_ended(failed, task_id, lease_token);
        let task = failed.map_err(|error| error.with_operation("fail_task"))?;
        self.stored(&task);
        Ok(task)
    }

    /// Gives a task back, so that another worker can claim it at once.
    ///
    /// The attempt does not count. A worker that stops calls it for the tasks that it does not
    /// finish. A task whose cancellation was requested becomes `cancelled`.
    ///
    /// # Arguments
    /// - `task_id`: The task's public id.
    /// - `lease_token`: Token of the lease, from `claim_tasks`.
    ///
    /// # Returns
    /// The task, with its new state.
    ///
    /// # Errors
    /// - `InvalidInput`: `lease_token` is malformed.
    /// - `Conflict`: the lease has ended, another claim has the task, or it does not exist. It is
    /// not retryable then, and its field is `lease_token`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The task may be
    /// queued.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn release_task(&self, task_id: &str, lease_token: &str) -> Result<Task> {
        let released =
            with_retry(&self.pool, |connection| tasks::release(connection, task_id, lease_token));
        let released = self.forget_ended(released, task_id, lease_token);
        let task = released.map_err(|error| error.with_operation("release_task"))?;
        self.stored(&task);
        Ok(task)
    }
}
