//! Asynchronous iteration over all messages in constant memory.

use std::fmt;
use std::sync::Arc;

use chatkeep_core::{Message, Result};

use crate::background::BlockingExecutor;
use crate::message_iter::MessageIter;

/// An asynchronous iterator over messages; see
/// [`AsyncMessageLogger::iter_messages`](crate::AsyncMessageLogger::iter_messages). It ends after
/// an error.
pub struct AsyncMessageIter {
    messages: MessageIter,
    executor: Arc<BlockingExecutor>,
}

impl AsyncMessageIter {
    pub(super) fn new(messages: MessageIter, executor: Arc<BlockingExecutor>) -> Self {
        Self { messages, executor }
    }

    /// Returns the next message, or `None` at the end.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?.asynchronous();
    /// # chat.messages().log_message(chatkeep::NewMessage::new("a")).await?;
    /// use chatkeep::{MessageFilter, Order};
    ///
    /// let everything = MessageFilter::default();
    /// let mut messages = chat.messages().iter_messages(&everything, Order::OldestFirst);
    /// while let Some(message) = messages.next().await {
    ///     println!("{}", message?.user_message);
    /// }
    /// # Ok::<(), chatkeep::Error>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Pages are fetched on demand. No message is lost if the future is dropped before it is ready.
    pub async fn next(&mut self) -> Option<Result<Message>> {
        if self.messages.needs_page() {
            // A clone fetches the page, so that the iterator is intact if the future is dropped.
            let mut ahead = self.messages.clone();
            let fetched = self.executor.run(move || {
                ahead.fetch()?;
                Ok(ahead)
            });
            match fetched.await {
                Ok(ahead) => self.messages = ahead,
                Err(error) => return Some(Err(self.messages.fail(error))),
            }
        }
        self.messages.next()
    }
}

impl fmt::Debug for AsyncMessageIter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncMessageIter").field(&self.messages).finish()
    }
}
