//! Logging, reading, searching and deleting messages.

mod analytics;
mod deletion;
mod export;
mod reading;

use std::fmt;
use std::sync::Arc;

use chatkeep_core::messages::check_many;
use chatkeep_core::{NewMessage, Result};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;
use tokio::sync::oneshot;

use crate::managers::Parts;
use crate::write::{MessageSink, WritePath};

/// Logs, reads, searches and deletes messages. It is cheap to clone.
#[derive(Clone)]
pub struct MessageLogger {
    pool: Arc<Pool>,
    write: Arc<WritePath>,
}

/// Logs, reads, searches and deletes messages.
///
/// Messages are stored in the order of their timestamps; the newest is first. A page that follows a
/// cursor is not shifted by messages that are logged or deleted in the meantime.
#[operations(name = "messages", receiver = messages, parts(READING, ANALYTICS, DELETION, EXPORT))]
impl MessageLogger {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self { write: Arc::clone(&parts.write), pool: Arc::clone(&parts.pool) }
    }

    /// Logs a message, and returns its id after the commit.
    ///
    /// Concurrent calls share a transaction, so that many of them take little longer than one.
    ///
    /// The log is written in groups and looks nothing up: `conversation_id` and `user_id` are the ids
    /// (`id`) of the records, and are stored as they are. Token counts have OpenTelemetry's meaning: the
    /// input includes cached tokens, and the output includes reasoning.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::NewMessage;
    ///
    /// let message = NewMessage::new("hello").with_response("hi").with_tokens_used(12);
    /// let id = chat.messages().log_message(&message)?;
    /// assert!(id > 0);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Returns
    /// The message's id. Later messages have higher ids; ids may have gaps.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid. Nothing is sent.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The message may be stored:
    /// check that before you retry.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    #[operation(write, tuned, blocking)]
    pub fn log_message(&self, #[argument(flatten)] message: &NewMessage) -> Result<i64> {
        // Before requesting a connection: invalid input is reported even if the database is down.
        message.check().map_err(|error| error.with_operation("log_message"))?;
        self.write.log(message).map_err(|error| error.with_operation("log_message"))
    }

    /// Logs a message without waiting. The sink receives its id, or the error, together with all
    /// other outcomes of the same commit.
    ///
    /// The log lists messages that one thread submits without timestamps in the order of their
    /// submission. With one writer (on SQLite, or with `DB_WRITERS=1`) their ids are in that order
    /// too.
    ///
    /// Language bindings build on this. In Rust it is easier to await
    /// [`AsyncMessageLogger::log_message`](crate::AsyncMessageLogger::log_message).
    ///
    /// # Errors
    /// `InvalidInput`, with the field's name, and `Unavailable` when the handle is closed. The sink
    /// is not called then.
    pub fn submit(
        &self,
        message: NewMessage,
        sink: Arc<dyn MessageSink>,
        number: u64,
    ) -> Result<()> {
        let run = || {
            message.check()?;
            self.write.submit(message, sink, number)
        };
        run().map_err(|error| error.with_operation("log_message"))
    }

    /// Logs a message without blocking, and returns a future of its outcome.
    pub(crate) fn submit_future(
        &self,
        message: NewMessage,
    ) -> Result<oneshot::Receiver<Result<i64>>> {
        let run = || {
            message.check()?;
            self.write.submit_future(message)
        };
        run().map_err(|error| error.with_operation("log_message"))
    }

    pub(crate) fn write(&self) -> &WritePath {
        &self.write
    }

    /// Logs all these messages in one transaction, or none.
    ///
    /// # Arguments
    /// - `messages`: The messages, with the arguments of [`MessageLogger::log_message`] as keys.
    ///
    /// # Returns
    /// The ids, in the same order.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid. The field is the position and the name, such as
    /// `messages[3].provider`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The messages may be stored.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    #[operation(write, tuned)]
    pub fn log_messages(
        &self,
        #[argument(name = "messages")] messages: &[NewMessage],
    ) -> Result<Vec<i64>> {
        // Before requesting a connection, as in `log_message`.
        let run = || {
            check_many(messages)?;
            self.write.log_many(messages)
        };
        run().map_err(|error| error.with_operation("log_messages"))
    }
}

impl fmt::Debug for MessageLogger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageLogger").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
