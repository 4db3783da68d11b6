//! The asynchronous [`ConversationManager`].

use chatkeep_core::{Error, NewTurn, Result};

use super::Async;
use crate::conversations::{ConversationManager, is_missing_conversation};

/// A [`ConversationManager`] whose calls are awaited.
pub type AsyncConversationManager = Async<ConversationManager>;

impl Async<ConversationManager> {
    /// Logs a complete turn of a conversation, and returns the message's id after the commit. Turns
    /// and messages that are logged concurrently share a transaction.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// use chatkeep::{Chatkeep, NewTurn};
    ///
    /// let chat = Chatkeep::open("sqlite:///:memory:")?.asynchronous();
    /// let conversations = chat.conversations();
    /// let id = conversations.create_conversation(None, None, None, None).await?.public_id;
    /// let turn = NewTurn::new("hello").with_response("hi");
    /// assert!(conversations.append_turn(&id, turn).await? > 0);
    /// # Ok::<(), chatkeep::Error>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// - `InvalidInput`: the conversation does not exist, or a value is invalid.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The message may be
    ///   stored: check that before you retry.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    pub async fn append_turn(&self, conversation_id: &str, turn: NewTurn) -> Result<i64> {
        let failed = |error: Error| error.with_operation("append_turn");
        // The ids of the conversation are not known yet; 1 is a valid one.
        let mut message = turn.clone().into_message(1, None);
        message.check().map_err(failed)?;
        let id = conversation_id.to_owned();
        let owned = match self.blocking().cached_owner(conversation_id) {
            Some(owned) => owned,
            None => {
                let id = id.clone();
                self.run(move |blocking| blocking.owner(&id)).await.map_err(failed)?
            }
        };
        owned.own(&mut message);
        let submitted = self.blocking().submit_message(message).map_err(failed)?;
        let outcome = submitted.await.unwrap_or_else(|_| {
            Err(Error::internal("internal error: the operation panicked; please report this"))
        });
        match outcome {
            Err(error) if is_missing_conversation(&error) => {
                self.run(move |blocking| blocking.append_turn(&id, &turn)).await
            }
            outcome => outcome.map_err(failed),
        }
    }
}
