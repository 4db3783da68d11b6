//! The same calls, awaited.
//!
//! The database is asked by blocking threads of chatkeep's own, so any executor will do, and none has to be running.

mod database;
mod iteration;
mod messages;
mod tokens;

use std::fmt;
use std::time::Duration;

use chatkeep_core::Result;

pub use self::database::AsyncDatabaseManager;
pub use self::iteration::AsyncMessageIter;
pub use self::messages::AsyncMessageLogger;
pub use self::tokens::AsyncTokenManager;
use crate::chatkeep::Chatkeep;

/// A [`Chatkeep`] whose calls are awaited; see [`Chatkeep::asynchronous`]. Cheap to clone.
///
/// A call begins when its future is first polled. From then on it is done to its end: dropping the future, as a timeout
/// around it does, neither loses nor repeats a write. It is only no longer waited for.
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
    messages: AsyncMessageLogger,
    tokens: AsyncTokenManager,
    database: AsyncDatabaseManager,
}

impl AsyncChatkeep {
    pub(crate) fn new(chat: Chatkeep) -> Self {
        Self {
            messages: AsyncMessageLogger::new(&chat),
            tokens: AsyncTokenManager::new(&chat),
            database: AsyncDatabaseManager::new(&chat),
            chat,
        }
    }

    /// The message log.
    pub fn messages(&self) -> &AsyncMessageLogger {
        &self.messages
    }

    /// The API tokens.
    pub fn tokens(&self) -> &AsyncTokenManager {
        &self.tokens
    }

    /// The database itself: status, health, migrations.
    pub fn database(&self) -> &AsyncDatabaseManager {
        &self.database
    }

    /// The same store with calls that block.
    pub fn blocking(&self) -> &Chatkeep {
        &self.chat
    }

    /// Waits until everything that was handed in before has ended.
    ///
    /// # Errors
    /// As [`Chatkeep::flush`].
    pub async fn flush(&self, timeout: Duration) -> Result<()> {
        let chat = self.chat.clone();
        waiting(move || chat.flush(timeout)).await
    }

    /// Takes no more calls, waits for those under way, and closes all connections.
    ///
    /// # Errors
    /// As [`Chatkeep::close`].
    pub async fn close(&self, timeout: Duration) -> Result<()> {
        let chat = self.chat.clone();
        waiting(move || chat.close(timeout)).await
    }
}

/// Waits on a thread of its own: those of the calls are what is waited for.
async fn waiting(work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
    crate::background::Calls::new(1).run(work).await
}

impl fmt::Debug for AsyncChatkeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncChatkeep").field(&self.chat).finish()
    }
}
