//! Regular maintenance: streams of killed programs, and deletion of old streams.

use chatkeep_core::{Connection, Error, Result, Timestamp, messages, streams};
use chatkeep_macros::operations;

use super::StreamManager;
use crate::batch_sizer::{BatchSizer, in_batches};
use crate::retry::with_retry;

/// Number of streams with open turns that one query finds.
const MAX_FOUND: i64 = 200;

#[operations(part = MAINTENANCE, receiver = streams)]
impl StreamManager {
    /// Marks running streams without recent text as `interrupted`.
    ///
    /// Their writers have probably been killed. Call it regularly; a writer that waits longer than this
    /// for its model should append an empty text now and then. The open turn of a stream is moved into the
    /// message log as `interrupted`, with the text that is stored.
    ///
    /// # Arguments
    /// - `seconds`: Minimum time since the last change. A value below 5 can interrupt live writers.
    ///
    /// # Returns
    /// The number of interrupted streams.
    ///
    /// # Errors
    /// - `InvalidInput`: `seconds` is out of range. Nothing is changed.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some streams may be
    /// interrupted. Call it again.
    #[operation(write)]
    pub fn interrupt_stale_streams(
        &self,
        #[argument(default = 300, positional)] seconds: i64,
    ) -> Result<u64> {
        let run = || {
            let cutoff = seconds_ago(seconds)?;
            let count = in_batches(self.pool(), |connection, most| {
                streams::interrupt_stale_batch(connection, cutoff, most)
            })?;
            Ok(count + self.interrupt_with_turns(cutoff)?)
        };
        run().map_err(|error: Error| error.with_operation("interrupt_stale_streams"))
    }

    /// Deletes the text of streams that ended a number of seconds ago. The streams themselves are kept.
    ///
    /// Streams are for delivery: an application stores the complete text elsewhere, such as in the
    /// message log. Until their text is deleted, readers can read it again.
    ///
    /// # Arguments
    /// - `seconds`: Minimum time since the end.
    ///
    /// # Returns
    /// The number of deleted chunks.
    ///
    /// # Errors
    /// - `InvalidInput`: `seconds` is out of range. Nothing is deleted.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some chunks may be
    /// deleted. Call it again.
    #[operation(write)]
    pub fn prune_stream_chunks(
        &self,
        #[argument(default = 3600, positional)] seconds: i64,
    ) -> Result<u64> {
        let run = || self.delete_chunks(seconds_ago(seconds)?);
        run().map_err(|error| error.with_operation("prune_stream_chunks"))
    }

    /// Deletes the streams that ended a number of days ago, with their text.
    ///
    /// # Arguments
    /// - `days`: Minimum age in days of 24 hours since the end, 1–3,650,000.
    ///
    /// # Returns
    /// The number of deleted streams.
    ///
    /// # Errors
    /// - `InvalidInput`: `days` is out of range. Nothing is deleted.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some streams may be
    /// deleted. Call it again.
    #[operation(write)]
    pub fn prune_streams(&self, #[argument(default = 30, positional)] days: i64) -> Result<u64> {
        let run = || {
            let cutoff = messages::retention_cutoff(days)?;
            // First in batches of a limited number of chunks, because a stream may have many.
            self.delete_chunks(cutoff)?;
            in_batches(self.pool(), |connection, most| {
                streams::delete_ended_batch(connection, cutoff, most)
            })
        };
        run().map_err(|error| error.with_operation("prune_streams"))
    }

    /// Interrupts stale streams that belong to open turns, each in a transaction of its own.
    fn interrupt_with_turns(&self, cutoff: Timestamp) -> Result<u64> {
        let (mut after, mut count) = (0, 0);
        loop {
            // The connection is returned before the next ones are used.
            let find = |connection: &mut Connection| {
                streams::stale_with_turn(connection, cutoff, after, MAX_FOUND)
            };
            let found = find(&mut *self.pool().reader()?)?;
            let Some(&(last, _)) = found.last() else { return Ok(count) };
            for (_, id) in found {
                let ended = with_retry(self.pool(), |connection| {
                    streams::interrupt_stale(connection, &id, cutoff)
                })?;
                if let Some(moved) = ended {
                    self.write.moved(moved);
                    count += 1;
                }
            }
            after = last;
        }
    }

    fn delete_chunks(&self, cutoff: Timestamp) -> Result<u64> {
        let mut sizer = BatchSizer::new(self.pool().url().engine());
        let (mut after, mut deleted) = (0, 0);
        while let Some((last, count)) = sizer.run_batch(self.pool(), |connection, most| {
            streams::delete_chunks_batch(connection, cutoff, after, most)
        })? {
            (after, deleted) = (last, deleted + count);
        }
        Ok(deleted)
    }
}

/// Returns the time a number of seconds ago.
fn seconds_ago(seconds: i64) -> Result<Timestamp> {
    streams::check_seconds(seconds)?;
    Ok(Timestamp::now().checked_add_microseconds(-seconds * 1_000_000).unwrap_or(Timestamp::MIN))
}
