//! Queries for tasks, and their retention.

use std::collections::BTreeMap;

use chatkeep_core::tasks::TaskFilter;
use chatkeep_core::{
    Cursor, Error, Result, Task, TaskCounts, TaskPage, TaskStatus, check_limit, messages, tasks,
};
use chatkeep_macros::operations;

use super::TaskManager;
use crate::batch_sizer::in_batches;

#[operations(part = LOOKUP, receiver = tasks)]
impl TaskManager {
    /// Returns a task.
    ///
    /// # Arguments
    /// - `task_id`: The task's public id.
    ///
    /// # Returns
    /// The task, or `None` if it does not exist.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn get_task(&self, task_id: &str) -> Result<Option<Task>> {
        let run = || tasks::get(&mut *self.pool.reader()?, task_id);
        run().map_err(|error| error.with_operation("get_task"))
    }

    /// Returns tasks, newest first.
    ///
    /// # Arguments
    /// - `status`: State of the tasks.
    /// - `kind`: Kind of the tasks.
    /// - `user_id`: Public id of a user, to return only the user's tasks.
    /// - `limit`: Maximum number of tasks to return (1–10,000). A page may have fewer if they are
    ///   large.
    /// - `cursor`: The `next_cursor` of the previous page.
    ///
    /// # Returns
    /// A page of tasks. It is empty if there is no such user.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` is out of range, or another argument is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn list_tasks(
        &self,
        status: Option<TaskStatus>,
        kind: Option<&str>,
        user_id: Option<&str>,
        #[argument(default = 100)] limit: i64,
        cursor: Option<&str>,
    ) -> Result<TaskPage> {
        let filter = TaskFilter { status, kind, user_id };
        let run = || {
            check_limit(limit)?;
            filter.check()?;
            cursor.map(str::parse::<Cursor>).transpose()?;
            tasks::list(&mut *self.pool.reader()?, &filter, limit, cursor)
        };
        run().map_err(|error: Error| error.with_operation("list_tasks"))
    }

    /// Returns the numbers of tasks by kind and state.
    ///
    /// It reads the index of all tasks, so it takes longer with more of them.
    ///
    /// # Returns
    /// The numbers for each kind of which tasks are stored.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn count_tasks(&self) -> Result<BTreeMap<String, TaskCounts>> {
        let run = || tasks::count(&mut *self.pool.reader()?);
        run().map_err(|error| error.with_operation("count_tasks"))
    }

    /// Deletes the tasks that ended a number of days ago, in batches.
    ///
    /// Queued and running tasks are kept, however old they are.
    ///
    /// # Arguments
    /// - `days`: Minimum age in days of 24 hours since the end, 1–3,650,000.
    ///
    /// # Returns
    /// The number of deleted tasks.
    ///
    /// # Errors
    /// - `InvalidInput`: `days` is out of range. Nothing is deleted.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some tasks may be
    /// deleted. Call it again.
    #[operation(write)]
    pub fn delete_old_tasks(&self, #[argument(default = 30, positional)] days: i64) -> Result<u64> {
        let run = || {
            let cutoff = messages::retention_cutoff(days)?;
            in_batches(&self.pool, |connection, most| {
                tasks::delete_ended_batch(connection, cutoff, most)
            })
        };
        run().map_err(|error: Error| error.with_operation("delete_old_tasks"))
    }
}
