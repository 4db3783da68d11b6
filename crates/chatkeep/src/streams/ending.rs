//! Ending a stream, and requesting its cancellation.

use chatkeep_core::streams::check_stream_id;
use chatkeep_core::{Error, FinishedStream, Result, StreamEnd, streams};
use chatkeep_macros::operations;

use super::StreamManager;
use super::buffers::Buffers;
use crate::retry::with_retry;

#[operations(part = ENDING, receiver = streams)]
impl StreamManager {
    /// Stores the buffered text of a stream, and ends it.
    ///
    /// Of several calls in any process, the first one determines the final state, and the others change
    /// nothing.
    ///
    /// If the stream belongs to an open turn, the same transaction moves the turn into the message log,
    /// with the stream's text as the response and its state as the status. So of several replicas that
    /// finish a stream, exactly one stores the message.
    ///
    /// # Arguments
    /// - `stream_id`: The stream's public id.
    ///
    /// # Returns
    /// The stream in its final state, whether this call ended it, and the id of the message.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, or there is no such stream. If the message would be too large,
    /// the field is its largest one, usually `bot_response`: call `finish_turn` with a shorter text first.
    /// - `Conflict`: buffered text could not be stored, because the stream had ended or has another
    /// writer. The stream is not ended by this call; a further call ends it without the text.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. Call it again.
    /// - `Unavailable`, `PoolTimeout`, `StorageFull`, `ReadOnly`: the stream has not ended. Call it again.
    #[operation(write)]
    pub fn finish_stream(
        &self,
        stream_id: &str,
        #[argument(flatten)] end: &StreamEnd,
    ) -> Result<FinishedStream> {
        let run = || {
            check_stream_id(stream_id)?;
            end.check()?;
            let buffers = self.buffers();
            Buffers::flush(&buffers, stream_id, true)?;
            let (finished, moved) =
                with_retry(self.pool(), |connection| streams::finish(connection, stream_id, end))?;
            self.write.moved(moved);
            buffers.ended(stream_id, finished.stream.status.name());
            self.parts.watchers().stored(stream_id, finished.stream.last_seq, true);
            Ok(finished)
        };
        run().map_err(|error: Error| error.with_operation("finish_stream"))
    }

    /// Requests that the writer of a running stream stops.
    ///
    /// After the writer has stored text the next time, its `append` returns `true`. The stream stays
    /// `running` until the writer ends it.
    ///
    /// # Arguments
    /// - `stream_id`: The stream's public id.
    ///
    /// # Returns
    /// `false` if the stream does not exist, has ended, or was cancelled before.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn cancel_stream(&self, stream_id: &str) -> Result<bool> {
        let run = || {
            check_stream_id(stream_id)?;
            let cancelled =
                with_retry(self.pool(), |connection| streams::cancel(connection, stream_id))?;
            if cancelled {
                self.buffers().cancelled(stream_id);
            }
            Ok(cancelled)
        };
        run().map_err(|error: Error| error.with_operation("cancel_stream"))
    }
}
