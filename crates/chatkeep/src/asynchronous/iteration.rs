//! All messages, one by one, in flat memory.

use std::fmt;
use std::sync::Arc;

use chatkeep_core::{Message, Result};

use crate::background::Calls;
use crate::message_iter::MessageIter;

/// Messages that are awaited one by one; see
/// [`AsyncMessageLogger::iter_messages`](crate::AsyncMessageLogger::iter_messages). After an error it ends.
pub struct AsyncMessageIter {
    messages: MessageIter,
    calls: Arc<Calls>,
}

impl AsyncMessageIter {
    pub(super) fn new(messages: MessageIter, calls: Arc<Calls>) -> Self {
        Self { messages, calls }
    }

    /// The next message; `None` when there are no more.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?.asynchronous();
    /// # chat.messages().log_message(chatkeep::NewMessage::new("a")).await?;
    /// use chatkeep::{MessageFilter, Order};
    ///
    /// let mut messages = chat.messages().iter_messages(&MessageFilter::default(), Order::OldestFirst);
    /// while let Some(message) = messages.next().await {
    ///     println!("{}", message?.user_message);
    /// }
    /// # Ok::<(), chatkeep::Error>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Pages are fetched when they are needed. No message is lost when the future is dropped meanwhile.
    pub async fn next(&mut self) -> Option<Result<Message>> {
        if self.messages.needs_page() {
            // The iterator itself stays here, so that it is still whole when nobody waits for this page any more.
            let mut ahead = self.messages.clone();
            let fetched = self.calls.run(move || {
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
