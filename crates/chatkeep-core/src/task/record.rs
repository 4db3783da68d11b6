//! Task records. Only [`ClaimedTask`] has the token of a lease.

use serde::Serialize;

use crate::described::Record;
use crate::error::{Error, Result};
use crate::value::{Metadata, Timestamp};

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct Task {
    /// The task's public id.
    pub public_id: String,
    /// Public id of the task's user, if any. The task is deleted with the user.
    pub user_id: Option<String>,
    /// Kind of the task.
    pub kind: String,
    /// Input for the worker.
    pub input: Metadata,
    /// State of the task.
    pub status: TaskStatus,
    /// Priority among the tasks of its kind. Higher ones are claimed first.
    pub priority: i32,
    /// Time from which the task can be claimed.
    pub run_at: Timestamp,
    /// Number of attempts, with the current one.
    pub attempts: i32,
    /// Number of attempts after which the task fails.
    pub max_attempts: i32,
    /// Time at which the lease of a running task ends.
    pub lease_until: Option<Timestamp>,
    /// Worker of the current or last attempt.
    pub worker: Option<String>,
    /// Time at which a cancellation was requested while the task was running.
    pub cancel_requested_at: Option<Timestamp>,
    /// Key by which the task is enqueued once.
    pub idempotency_key: Option<String>,
    /// Result of a completed task.
    pub result: Option<Metadata>,
    /// Error of the last attempt that failed.
    pub error: Option<String>,
    /// Time at which the task was enqueued.
    pub created_at: Timestamp,
    /// Time of the last claim.
    pub started_at: Option<Timestamp>,
    /// Time at which the task was completed, failed or cancelled.
    pub finished_at: Option<Timestamp>,
}

/// A task that a worker has claimed, and the token of its lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct ClaimedTask {
    /// The task, which is running.
    pub task: Task,
    /// Token of the lease. The worker passes it to `heartbeat_task`, `complete_task`, `fail_task`
    /// and `release_task`.
    pub lease_token: String,
}

/// The state of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Record)]
#[serde(rename_all = "snake_case")]
#[record(argument)]
pub enum TaskStatus {
    /// The task waits for a worker, or for its time.
    Queued,
    /// A worker has a lease of the task.
    Running,
    /// The task has a result.
    Completed,
    /// The last attempt failed, or its lease ended.
    Failed,
    /// The task was cancelled.
    Cancelled,
}

impl TaskStatus {
    /// All states.
    pub(super) const ALL: [Self; 5] =
        [Self::Queued, Self::Running, Self::Completed, Self::Failed, Self::Cancelled];

    /// Returns the stable name: `queued`, `running`, `completed`, `failed` or `cancelled`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Returns whether the state is final. Only `retry_task` queues such a task again.
    pub fn has_ended(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }

    /// Parses a stored state.
    pub(super) fn from_stored(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|status| status.name() == name);
        found.ok_or_else(|| Error::internal(format!("{name:?} is not a state of a task")))
    }
}

/// The state of a lease that a process renews.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Record)]
#[serde(rename_all = "snake_case")]
pub enum LeaseState {
    /// The worker has the task.
    Held,
    /// The worker has the task, and a cancellation was requested. It should stop and fail the task.
    CancelRequested,
    /// The lease has ended, or is not renewed by this process. The worker should stop.
    Lost,
}

/// A page of tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct TaskPage {
    /// The tasks, newest first.
    pub tasks: Vec<Task>,
    /// Position of the next page. `None` if this is the last one.
    pub next_cursor: Option<String>,
}

/// Numbers of tasks of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct TaskCounts {
    /// Number of tasks that wait for a worker, or for their time.
    pub queued: i64,
    /// Number of tasks that a worker has claimed.
    pub running: i64,
    /// Number of tasks with a result.
    pub completed: i64,
    /// Number of tasks that failed.
    pub failed: i64,
    /// Number of tasks that were cancelled.
    pub cancelled: i64,
}

impl TaskCounts {
    pub(super) fn of(&mut self, status: TaskStatus) -> &mut i64 {
        match status {
            TaskStatus::Queued => &mut self.queued,
            TaskStatus::Running => &mut self.running,
            TaskStatus::Completed => &mut self.completed,
            TaskStatus::Failed => &mut self.failed,
            TaskStatus::Cancelled => &mut self.cancelled,
        }
    }
}
