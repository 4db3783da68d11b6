//! Tasks that workers run.

mod arrivals;
mod keeping;
mod leases;
mod lookup;
mod running_task;
mod slots;
mod work;
mod working;

use std::fmt;
use std::sync::Arc;

use chatkeep_core::{Error, NewTask, Result, Task, TaskStatus, Timestamp, tasks};
use chatkeep_macros::operations;
use chatkeep_pool::{OfProcess, PerProcess, Pool};

use self::arrivals::{Arrivals, SharedArrivals};
use self::leases::Leases;
pub use self::running_task::RunningTask;
pub use self::work::{Work, WorkStopHandle};
use crate::managers::Parts;
use crate::retry::with_retry;

/// Stores tasks, and distributes them to workers. It is cheap to clone.
#[derive(Clone)]
pub struct TaskManager {
    pool: Arc<Pool>,
    /// A forked child keeps none of its parent's leases.
    leases: Arc<PerProcess<Leases>>,
    arrivals: Arc<PerProcess<Arrivals>>,
}

/// Stores tasks, and distributes them to workers in any process.
///
/// A worker claims tasks, which leases them to it. While it runs a task, `keep_lease` renews the
/// lease in the background; or the worker extends it with `heartbeat_task`. It ends with
/// `complete_task`, `fail_task` or `release_task`. If a worker is killed, its lease ends, and the
/// task is queued again. `work` does all of this in a loop.
///
/// A task runs at least once, and sometimes more than once: a worker may be killed after it has
/// done the work, or be slower than its lease. So the work should be safe to repeat. A worker whose
/// lease ended gets `Conflict` and cannot change the task.
///
/// Times are those of the clocks of the calling programs, which should agree to within a second or
/// so. A lease should last much longer than the difference.
#[operations(name = "tasks", receiver = tasks, parts(WORKING, KEEPING, LOOKUP))]
impl TaskManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        let pool = Arc::clone(&parts.pool);
        let leases = Arc::new(PerProcess::new(Leases::new(Arc::clone(&pool))));
        Self { pool, leases, arrivals: Arc::new(PerProcess::new(Arrivals::default())) }
    }

    fn leases(&self) -> Arc<OfProcess<Leases>> {
        self.leases.get(|| Leases::new(Arc::clone(&self.pool)))
    }

    fn arrivals(&self) -> SharedArrivals {
        self.arrivals.get(Arrivals::default)
    }

    /// Ends the waits for tasks.
    pub(crate) fn close(&self) {
        self.arrivals().close();
    }

    /// Gives the kept leases back, and keeps no further ones.
    pub(crate) fn close_leases(&self) {
        self.leases().close();
    }

    /// Notifies waiting claims of a task that was stored, if it can be claimed.
    fn stored(&self, task: &Task) {
        if task.status == TaskStatus::Queued && task.run_at <= Timestamp::now() {
            self.arrivals().queued(&task.kind, 1);
        }
    }

    /// Enqueues a task.
    ///
    /// A task with an idempotency key is enqueued once: a later call with the same key, kind, input
    /// and user returns the existing task, in whatever state it is. Its other values do not change.
    /// The key is free again when the task is deleted.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::{Metadata, NewTask};
    ///
    /// let input = Metadata::parse(r#"{"conversation": "c-1"}"#)?;
    /// let new = NewTask::new("title", input).with_idempotency_key("title c-1");
    /// let task = chat.tasks().enqueue_task(&new)?;
    /// assert_eq!(chat.tasks().enqueue_task(&new)?, task);
    ///
    /// let kinds = ["title".to_owned()];
    /// let claimed = chat.tasks().claim_tasks(&kinds, "worker-1", 60, 1, 0)?.remove(0);
    /// let (id, token) = (claimed.task.public_id.as_str(), claimed.lease_token.as_str());
    /// let cancelled = chat.tasks().heartbeat_task(id, token, 60)?;
    /// assert!(!cancelled);
    /// let result = Metadata::parse(r#"{"title": "WAL"}"#)?;
    /// chat.tasks().complete_task(id, token, Some(result.clone()))?;
    /// let completed = chat.tasks().get_task(id)?.expect("the task exists");
    /// assert_eq!(completed.result, Some(result));
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Returns
    /// The task.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, or there is no such user.
    /// - `Conflict`: a task with the key has another kind, input or user. It is not retryable then, and
    /// its field is `idempotency_key`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The task may be
    /// stored; with an idempotency key, calling again is safe.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn enqueue_task(&self, #[argument(flatten)] task: &NewTask) -> Result<Task> {
        let run = || {
            task.check()?;
            let task = with_retry(&self.pool, |connection| tasks::enqueue(connection, task))?;
            self.stored(&task);
            Ok(task)
        };
        run().map_err(|error: Error| error.with_operation("enqueue_task"))
    }

    /// Enqueues tasks, all or none.
    ///
    /// Tasks with idempotency keys are enqueued once, as by `enqueue_task`.
    ///
    /// # Arguments
    /// - `tasks`: The tasks.
    ///
    /// # Returns
    /// The tasks, in the same order.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, such as `tasks[3].kind`, or there is no such user.
    /// - `Conflict`: a task with one of the keys has another kind, input or user. It is not retryable
    /// then, and its field is such as `tasks[3].idempotency_key`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. All tasks may be
    /// stored.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn enqueue_tasks(&self, tasks: &[NewTask]) -> Result<Vec<Task>> {
        if tasks.is_empty() {
            return Ok(Vec::new());
        }
        let enqueued = with_retry(&self.pool, |connection| tasks::enqueue_many(connection, tasks));
        let enqueued = enqueued.map_err(|error| error.with_operation("enqueue_tasks"))?;
        enqueued.iter().for_each(|task| self.stored(task));
        Ok(enqueued)
    }

    /// Cancels a task.
    ///
    /// A queued task is `cancelled` immediately. For a running one, a cancellation is requested:
    /// the next `heartbeat_task` of its worker returns `true`. If the worker then fails or releases
    /// the task, or its lease ends, the task is `cancelled`. A task that has ended is not changed.
    ///
    /// # Arguments
    /// - `task_id`: The task's public id.
    ///
    /// # Returns
    /// The task, or `None` if it does not exist.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. Calling again is
    /// safe.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn cancel_task(&self, task_id: &str) -> Result<Option<Task>> {
        let cancelled = with_retry(&self.pool, |connection| tasks::cancel(connection, task_id));
        let task = cancelled.map_err(|error| error.with_operation("cancel_task"))?;
        if task.as_ref().is_some_and(|task| task.status == TaskStatus::Running) {
            self.leases().cancel_requested(task_id);
        }
        Ok(task)
    }

    /// Queues a failed or cancelled task again, with all its attempts.
    ///
    /// # Arguments
    /// - `task_id`: The task's public id.
    ///
    /// # Returns
    /// The task, or `None` if it does not exist.
    ///
    /// # Errors
    /// - `Conflict`: the task is queued, running or completed. It is not retryable then, and its
    /// field is `task_id`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The task may be
    /// queued.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn retry_task(&self, task_id: &str) -> Result<Option<Task>> {
        let retried = with_retry(&self.pool, |connection| tasks::retry(connection, task_id));
        let task = retried.map_err(|error| error.with_operation("retry_task"))?;
        task.iter().for_each(|task| self.stored(task));
        Ok(task)
    }
}

impl fmt::Debug for TaskManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
