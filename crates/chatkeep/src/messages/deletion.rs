//! Deletion of old messages.

use chatkeep_core::{Result, Timestamp, messages};
use chatkeep_macros::operations;

use super::MessageLogger;
use crate::batch_sizer::BatchSizer;

#[operations(part = DELETION, receiver = messages)]
impl MessageLogger {
    /// Returns the number of messages that [`MessageLogger::delete_old_messages`] would delete.
    ///
    /// # Arguments
    /// - `days`: Minimum age in days of 24 hours, 1–3,650,000.
    ///
    /// # Errors
    /// - `InvalidInput`: `days` is out of range.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn count_old_messages(
        &self,
        #[argument(default = 30, positional)] days: i64,
    ) -> Result<i64> {
        let run = || {
            messages::count_older_than(&mut *self.pool.reader()?, messages::retention_cutoff(days)?)
        };
        run().map_err(|error| error.with_operation("count_old_messages"))
    }

    /// Deletes the messages that are older than a number of days.
    ///
    /// It deletes in batches of a few milliseconds, each in its own transaction, so that other callers can
    /// write in between.
    ///
    /// # Arguments
    /// - `days`: Minimum age in days of 24 hours, 1–3,650,000.
    ///
    /// # Returns
    /// The number of deleted messages.
    ///
    /// # Errors
    /// - `InvalidInput`: `days` is out of range. Nothing is deleted.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some messages may be
    /// deleted. Call it again.
    #[operation(write)]
    pub fn delete_old_messages(
        &self,
        #[argument(default = 30, positional)] days: i64,
    ) -> Result<u64> {
        self.delete_old_messages_with(days, &mut |_| {})
    }

    /// Deletes messages as [`MessageLogger::delete_old_messages`] does, and passes the number
    /// deleted so far to `progress` after each batch.
    ///
    /// # Errors
    /// - `InvalidInput`: `days` is out of range. Nothing is deleted.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some messages may
    ///   be deleted. Call it again.
    pub fn delete_old_messages_with(
        &self,
        days: i64,
        progress: &mut dyn FnMut(u64),
    ) -> Result<u64> {
        self.delete_batches(days, progress)
            .map_err(|error| error.with_operation("delete_old_messages"))
    }

    fn delete_batches(&self, days: i64, progress: &mut dyn FnMut(u64)) -> Result<u64> {
        let retention_cutoff = messages::retention_cutoff(days)?;
        let mut sizer = BatchSizer::new(self.pool.url().engine());
        let mut deleted = 0;
        let mut from = Timestamp::MIN;
        loop {
            match sizer.run_batch(&self.pool, |connection, most| {
                messages::delete_batch_older_than(connection, from, retention_cutoff, most)
            })? {
                Some(batch) => {
                    deleted += batch.count;
                    from = batch.last;
                    self.write.deleted(batch.count);
                    progress(deleted);
                }
                None if from == Timestamp::MIN => return Ok(deleted),
                // Older messages may have been stored in the meantime.
                None => from = Timestamp::MIN,
            }
        }
    }
}
