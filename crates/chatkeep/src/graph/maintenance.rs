//! Deletion of threads and of earlier checkpoints.

use chatkeep_core::graphs::{self, ThreadCondition, ThreadDeletion};
use chatkeep_core::messages::retention_cutoff;
use chatkeep_core::{Error, Result, Timestamp};
use chatkeep_macros::operations;

use super::GraphManager;
use crate::batch_sizer::{BatchSizer, in_batches};
use crate::retry::with_retry;

/// Number of threads that one query finds.
const MAX_FOUND: i64 = 200;

#[operations(part = MAINTENANCE, receiver = graph)]
impl GraphManager {
    /// Deletes a thread with all its checkpoints and writes.
    ///
    /// It deletes in batches, each in its own transaction, so that other callers can write in between.
    /// After an error, call it again.
    ///
    /// # Arguments
    /// - `thread`: Key of the thread.
    ///
    /// # Returns
    /// `false` if the thread does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: `thread` is invalid.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: a part may be deleted.
    #[operation(write)]
    pub fn delete_thread(&self, thread: &str) -> Result<bool> {
        let run = || {
            graphs::check_thread("thread", thread)?;
            let found = graphs::thread_id(&mut *self.pool.reader()?, thread)?;
            let Some(id) = found else { return Ok(false) };
            let mut sizer = BatchSizer::new(self.pool.url().engine());
            self.delete_steps(id, ThreadCondition::Always, &mut sizer)
        };
        run().map_err(|error: Error| error.with_operation("delete_thread"))
    }

    /// Deletes the checkpoints of runs, with their writes.
    ///
    /// # Arguments
    /// - `run_ids`: Ids of the runs.
    ///
    /// # Returns
    /// The number of deleted checkpoints.
    ///
    /// # Errors
    /// - `InvalidInput`: an id is empty or too long. Nothing is deleted.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some checkpoints may be
    /// deleted. Call it again.
    #[operation(write)]
    pub fn delete_runs(&self, run_ids: &[String]) -> Result<u64> {
        let run = || {
            for (index, id) in run_ids.iter().enumerate() {
                graphs::check_id("run_ids", id)
                    .map_err(|error| error.with_field(format!("run_ids[{index}]")))?;
            }
            let ids: Vec<_> = run_ids.iter().map(String::as_str).collect();
            in_batches(&self.pool, |connection, limit| {
                graphs::delete_runs_step(connection, &ids, limit)
            })
        };
        run().map_err(|error: Error| error.with_operation("delete_runs"))
    }

    /// Deletes earlier checkpoints of threads, except the last ones of each namespace.
    ///
    /// A channel can have its value computed from the writes since an earlier checkpoint. The entries
    /// that the remaining checkpoints need for that remain, too. So do the writes of an interrupted step.
    ///
    /// # Arguments
    /// - `threads`: Keys of the threads. Those that do not exist are ignored.
    /// - `keep_last`: Number of checkpoints to keep in each namespace, 1 or more.
    /// - `dry_run`: Whether to only count the checkpoints.
    ///
    /// # Returns
    /// The number of deleted checkpoints.
    ///
    /// # Errors
    /// - `InvalidInput`: `keep_last` is less than 1, or a key is invalid. Nothing is deleted.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some checkpoints may be
    /// deleted. Call it again.
    #[operation(write)]
    pub fn prune_threads(
        &self,
        threads: &[String],
        #[argument(default = 1)] keep_last: i64,
        #[argument(default = false)] dry_run: bool,
    ) -> Result<u64> {
        let run = || {
            let keep = usize::try_from(keep_last).ok().filter(|keep| *keep > 0);
            let keep = keep.ok_or_else(|| {
                Error::invalid_input("keep_last", format!("must be 1 or more, not {keep_last}"))
            })?;
            for (index, thread) in threads.iter().enumerate() {
                graphs::check_thread("threads", thread)
                    .map_err(|error| error.with_field(format!("threads[{index}]")))?;
            }
            let mut deleted = 0;
            for thread in threads {
                let found = graphs::thread_id(&mut *self.pool.reader()?, thread)?;
                let Some(id) = found else { continue };
                if dry_run {
                    let step = |connection: &mut _| {
                        graphs::prune_step(connection, id, keep, u32::MAX, true)
                    };
                    deleted += step(&mut *self.pool.reader()?)?.unwrap_or_default();
                } else {
                    deleted += in_batches(&self.pool, |connection, limit| {
                        graphs::prune_step(connection, id, keep, limit, false)
                    })?;
                }
            }
            Ok(deleted)
        };
        run().map_err(|error: Error| error.with_operation("prune_threads"))
    }

    /// Deletes the threads without a new checkpoint for a number of days.
    ///
    /// # Arguments
    /// - `days`: Days of 24 hours since the last checkpoint, 1–3,650,000.
    ///
    /// # Returns
    /// The number of deleted threads.
    ///
    /// # Errors
    /// - `InvalidInput`: `days` is out of range. Nothing is deleted.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some threads may be
    /// deleted. Call it again.
    #[operation(write)]
    pub fn prune_inactive_threads(&self, days: i64) -> Result<u64> {
        let run = || {
            let cutoff = retention_cutoff(days)?;
            self.delete_matching(ThreadCondition::InactiveSince(cutoff))
        };
        run().map_err(|error: Error| error.with_operation("prune_inactive_threads"))
    }

    /// Sets the time after which a thread is deleted with the expired ones.
    ///
    /// # Arguments
    /// - `thread`: Key of the thread.
    /// - `seconds`: Seconds from now, 1 or more; nothing means that the thread does not expire.
    ///
    /// # Returns
    /// `false` if the thread does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: `seconds` is out of range, or `thread` is invalid.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn set_thread_expiry(
        &self,
        thread: &str,
        #[argument(required)] seconds: Option<i64>,
    ) -> Result<bool> {
        let run = || {
            graphs::check_thread("thread", thread)?;
            let expires_at = match seconds {
                Some(seconds) => Some(after(seconds)?),
                None => None,
            };
            with_retry(&self.pool, |connection| graphs::set_expiry(connection, thread, expires_at))
        };
        run().map_err(|error: Error| error.with_operation("set_thread_expiry"))
    }

    /// Deletes the threads that have expired, with all their checkpoints and writes.
    ///
    /// # Returns
    /// The number of deleted threads.
    ///
    /// # Errors
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some threads may be
    /// deleted. Call it again.
    #[operation(write)]
    pub fn delete_expired_threads(&self) -> Result<u64> {
        let run = || self.delete_matching(ThreadCondition::ExpiredAt(Timestamp::now()));
        run().map_err(|error| error.with_operation("delete_expired_threads"))
    }

    fn delete_matching(&self, condition: ThreadCondition) -> Result<u64> {
        let mut sizer = BatchSizer::new(self.pool.url().engine());
        let (mut deleted, mut after) = (0, 0);
        loop {
            let ids =
                graphs::matching_threads(&mut *self.pool.reader()?, condition, after, MAX_FOUND)?;
            let Some(last) = ids.last() else { return Ok(deleted) };
            after = *last;
            for id in ids {
                deleted += u64::from(self.delete_steps(id, condition, &mut sizer)?);
            }
        }
    }

    /// Deletes a thread in batches. Returns false if it does not exist or no longer meets the
    /// condition.
    fn delete_steps(
        &self,
        id: i64,
        condition: ThreadCondition,
        sizer: &mut BatchSizer,
    ) -> Result<bool> {
        loop {
            let step = sizer.run_batch(&self.pool, |connection, limit| {
                graphs::delete_step(connection, id, condition, limit)
            })?;
            match step {
                ThreadDeletion::More => {}
                ThreadDeletion::Deleted => return Ok(true),
                ThreadDeletion::Skipped => return Ok(false),
            }
        }
    }
}

/// Returns the time after a number of seconds.
fn after(seconds: i64) -> Result<Timestamp> {
    let microseconds = seconds.checked_mul(1_000_000).filter(|microseconds| *microseconds > 0);
    let end = microseconds
        .and_then(|microseconds| Timestamp::now().checked_add_microseconds(microseconds));
    end.ok_or_else(|| {
        Error::invalid_input(
            "seconds",
            format!("must be 1 or more, and at most until the year 9999, not {seconds}"),
        )
    })
}
