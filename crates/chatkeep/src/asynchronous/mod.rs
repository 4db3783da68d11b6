//! Asynchronous calls.
//!
//! Database calls run on chatkeep's own blocking threads, so they work with any executor.

mod conversations;
mod database;
mod iteration;
mod messages;
mod sessions;
mod streams;
mod tokens;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chatkeep_core::Result;

pub use self::conversations::AsyncConversationManager;
pub use self::database::AsyncDatabaseManager;
pub use self::iteration::AsyncMessageIter;
pub use self::messages::AsyncMessageLogger;
pub use self::sessions::AsyncSessionManager;
pub use self::streams::AsyncStreamManager;
pub use self::tokens::AsyncTokenManager;
use crate::background::BlockingExecutor;
use crate::chatkeep::Chatkeep;
use crate::managers::AsyncManagers;

/// An object of a [`Chatkeep`] whose calls are awaited. It is cheap to clone.
///
/// The calls of the blocking form are generated from it by `#[operations]`.
#[derive(Clone)]
pub struct Async<T> {
    blocking: T,
    executor: Arc<BlockingExecutor>,
}

impl<T: Clone + Send + 'static> Async<T> {
    pub(crate) fn new(blocking: &T, chat: &Chatkeep) -> Self {
        Self { blocking: blocking.clone(), executor: Arc::clone(chat.executor()) }
    }

    /// Returns the same object with blocking calls.
    pub fn blocking(&self) -> &T {
        &self.blocking
    }

    fn executor(&self) -> &Arc<BlockingExecutor> {
        &self.executor
    }

    /// Makes a blocking call on a background thread.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        call: impl FnOnce(&T) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let blocking = self.blocking.clone();
        self.executor.run(move || call(&blocking)).await
    }
}

impl<T: fmt::Debug> fmt::Debug for Async<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Async").field(&self.blocking).finish()
    }
}

/// A [`Chatkeep`] whose calls are awaited; see [`Chatkeep::asynchronous`]. It is cheap to clone.
///
/// A call begins when its future is first polled, and then runs to completion. Dropping the future,
/// for example after a timeout, only discards the result: a write is neither lost nor repeated.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use chatkeep::{Chatkeep, NewMessage};
///
/// let chat = Chatkeep::open("sqlite:///:memory:")?.asynchronous();
/// let id = chat.messages().log_message(NewMessage::new("hello").with_response("hi")).await?;
/// let message = chat.messages().get_message_by_id(id).await?;
/// assert_eq!(message.map(|message| message.user_message).as_deref(), Some("hello"));
/// # Ok::<(), chatkeep::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct AsyncChatkeep {
    chat: Chatkeep,
    pub(crate) managers: AsyncManagers,
}

impl AsyncChatkeep {
    pub(crate) fn new(chat: Chatkeep) -> Self {
        Self { managers: AsyncManagers::new(&chat), chat }
    }

    /// Returns the same store with blocking calls.
    pub fn blocking(&self) -> &Chatkeep {
        &self.chat
    }

    /// Waits for all operations submitted before.
    ///
    /// # Errors
    /// - `Unavailable`: the timeout expired. Unfinished operations continue.
    /// - `Conflict`, `PoolTimeout`, `OutcomeUnknown`, `StorageFull`, `ReadOnly`: text that was
    ///   appended to a stream could not be stored.
    pub async fn flush(&self, timeout: Duration) -> Result<()> {
        let chat = self.chat.clone();
        on_own_thread(move || chat.flush(timeout)).await
    }

    /// Rejects new calls, waits for operations in flight, and closes all connections.
    ///
    /// # Errors
    /// - `Unavailable`: the timeout expired. Queued messages then fail with `Unavailable`; messages
    ///   that are being written may or may not be stored.
    /// - `Conflict`, `PoolTimeout`, `OutcomeUnknown`, `StorageFull`, `ReadOnly`: text that was
    ///   appended to a stream could not be stored.
    pub async fn close(&self, timeout: Duration) -> Result<()> {
        let chat = self.chat.clone();
        on_own_thread(move || chat.close(timeout)).await
    }
}

/// Runs `work`, which waits for the executor's threads, on a separate thread.
async fn on_own_thread(work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
    BlockingExecutor::new(1).run(work).await
}

impl fmt::Debug for AsyncChatkeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncChatkeep").field(&self.chat).finish()
    }
}
