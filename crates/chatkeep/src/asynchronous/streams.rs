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
    /// The errors of [`StreamManager::append`].
    pub async fn append(&self, stream_id: &str, text: &str) -> Result<bool> {
        self.blocking().append(stream_id, text)
    }
}
