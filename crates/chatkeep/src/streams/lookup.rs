//! Queries for streams and their stored text.

use chatkeep_core::streams::check_stream_id;
use chatkeep_core::{Result, StreamInfo, StreamPage, streams};
use chatkeep_macros::operations;

use super::StreamManager;

#[operations(part = LOOKUP, receiver = streams)]
impl StreamManager {
    /// Returns a stream without its text.
    ///
    /// # Arguments
    /// - `stream_id`: The stream's public id.
    ///
    /// # Returns
    /// The stream, or `None` if it does not exist.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_stream(&self, stream_id: &str) -> Result<Option<StreamInfo>> {
        let run = || {
            check_stream_id(stream_id)?;
            streams::get(&mut *self.pool().reader()?, stream_id)
        };
        run().map_err(|error| error.with_operation("get_stream"))
    }

    /// Returns the whole stored text of a stream, also while it is running.
    ///
    /// # Arguments
    /// - `stream_id`: The stream's public id.
    ///
    /// # Returns
    /// The text, or `None` if the stream does not exist or its chunks were deleted after its end.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_stream_text(&self, stream_id: &str) -> Result<Option<String>> {
        let run = || {
            check_stream_id(stream_id)?;
            streams::text(&mut *self.pool().reader()?, stream_id)
        };
        run().map_err(|error| error.with_operation("get_stream_text"))
    }

    /// Returns a page of streams without their text, newest first.
    ///
    /// # Arguments
    /// - `conversation_id`: Public id of the conversation. Without it, streams of all conversations.
    /// - `user_id`: Public id of the user. Without it, streams of all users.
    /// - `running`: Whether only running streams are returned.
    /// - `limit`: Maximum number of streams to return (1–10,000). Fewer are returned if they are large.
    /// - `cursor`: The `next_cursor` of the previous page.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` or `cursor` is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn list_streams(
        &self,
        conversation_id: Option<&str>,
        user_id: Option<&str>,
        #[argument(default = false)] running: bool,
        #[argument(default = 100)] limit: i64,
        cursor: Option<&str>,
    ) -> Result<StreamPage> {
        let run = || {
            let mut connection = self.pool().reader()?;
            streams::list(&mut connection, conversation_id, user_id, running, limit, cursor)
        };
        run().map_err(|error| error.with_operation("list_streams"))
    }
}
