//! The asynchronous [`StreamManager`].

use chatkeep_core::Result;

use super::Async;
use crate::streams::StreamManager;

/// A [`StreamManager`] whose calls are awaited.
pub type AsyncStreamManager = Async<StreamManager>;

impl Async<StreamManager> {
    /// Appends text to a stream. It does not wait for the database, so it uses no background
    /// thread; see [`StreamManager::append`].
    ///
    /// # Errors
    /// - `InvalidInput`: `text` contains a NUL character or is too large, or an earlier append
    ///   found that there is no such stream.
    /// - `Conflict`: the stream has ended or has another writer. Text that was appended since the
    ///   last flush is not stored; the message has its size.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `StorageFull`, `ReadOnly`: the text that
    ///   was appended earlier is not stored yet, and is kept.
    pub async fn append(&self, stream_id: &str, text: &str) -> Result<bool> {
        self.blocking().append(stream_id, text)
    }
}
