//! Leases that are renewed in the background.

use chatkeep_core::{LeaseState, Result, tasks};
use chatkeep_macros::operations;

use super::TaskManager;

#[operations(part = KEEPING, receiver = tasks)]
impl TaskManager {
    /// Renews the lease of a claimed task in the background, until the task ends.
    ///
    /// It is called directly after `claim_tasks`, and does not wait. A thread of this process renews
    /// all kept leases every third of `lease_seconds`, until `complete_task`, `fail_task` or
    /// `release_task` is called with the token. When the store is closed, or when the process exits
    /// normally, the tasks are released. If the process is killed, the lease ends. A forked child does
    /// not keep the leases of its parent.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::{LeaseState, Metadata, NewTask};
    ///
    /// let tasks = chat.tasks();
    /// let new = NewTask::new("report", Metadata::parse("{}")?);
    /// let id = tasks.enqueue_task(&new)?.public_id;
    /// let claimed = tasks.claim_tasks(&["report".to_owned()], "worker-1", 60, 1, 0)?.remove(0);
    /// tasks.keep_lease(&id, &claimed.lease_token, 60)?;
    /// assert_eq!(tasks.get_lease_state(&id, &claimed.lease_token)?, LeaseState::Held);
    /// assert_eq!(tasks.release_kept_tasks()?, 1);
    /// assert_eq!(tasks.get_lease_state(&id, &claimed.lease_token)?, LeaseState::Lost);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Arguments
    /// - `task_id`: The task's public id.
    /// - `lease_token`: Token of the lease, from `claim_tasks`.
    /// - `lease_seconds`: Duration of the lease, as for `claim_tasks` (1–2,592,000).
    ///
    /// # Errors
    /// - `InvalidInput`: `lease_seconds` is out of range, or `lease_token` is malformed.
    /// - `Unavailable`: the store is closed, or no thread can be started.
    #[operation(read)]
    pub fn keep_lease(
        &self,
        task_id: &str,
        lease_token: &str,
        #[argument(default = 60)] lease_seconds: i64,
    ) -> Result<()> {
        let run = || {
            tasks::check_lease(lease_token, lease_seconds)?;
            self.leases().keep(task_id, lease_token, lease_seconds)
        };
        run().map_err(|error| error.with_operation("keep_lease"))
    }

    /// Returns the state of a lease that this process keeps, from memory.
    ///
    /// A cancellation by this process is known immediately, and one by another process after the
    /// next renewal. A lease is lost when a renewal finds that another claim has the task, or when
    /// the database did not answer until the end of the lease.
    ///
    /// # Arguments
    /// - `task_id`: The task's public id.
    /// - `lease_token`: Token of the lease, from `claim_tasks`.
    ///
    /// # Returns
    /// The state. It is `lost` also if the process does not keep the lease, or the task has ended.
    ///
    /// # Errors
    /// - `InvalidInput`: `lease_token` is malformed.
    #[operation(read)]
    pub fn get_lease_state(&self, task_id: &str, lease_token: &str) -> Result<LeaseState> {
        let checked = tasks::check_lease(lease_token, 1);
        checked.map_err(|error| error.with_operation("get_lease_state"))?;
        Ok(self.leases().state(task_id, lease_token))
    }

    /// Releases the tasks whose leases this process keeps, so that other workers can claim them.
    ///
    /// The attempts do not count, as after `release_task`. A program that stops calls it if some
    /// tasks are not finished.
    ///
    /// # Returns
    /// The number of released tasks.
    ///
    /// # Errors
    /// - `OutcomeUnknown`, `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: some
    /// tasks may not be released. Their leases are not renewed any more.
    #[operation(write)]
    pub fn release_kept_tasks(&self) -> Result<u64> {
        let released = self.leases().release_all();
        released.map_err(|error| error.with_operation("release_kept_tasks"))
    }
}
