//! Import and export of complete conversations.

use chatkeep_core::{Conversation, Error, ImportedConversation, Result, conversations};

use super::ConversationManager;
use crate::retry::with_retry;

impl ConversationManager {
    /// Stores a conversation of another program with its turns, items and times, in one
    /// transaction. It keeps its public id, so a second import does not store it again.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::{ImportedConversation, NewMessage, Timestamp};
    ///
    /// let at = Timestamp::parse("2024-05-01T10:00:00Z")?;
    /// let imported = ImportedConversation {
    ///     public_id: "c-1".to_owned(),
    ///     user_id: None,
    ///     title: Some("WAL".to_owned()),
    ///     created_at: at,
    ///     last_message_at: at,
    ///     archived_at: None,
    ///     metadata: None,
    ///     turns: vec![NewMessage::new("What is WAL?").with_timestamp(at)],
    ///     items: Vec::new(),
    /// };
    /// assert!(chat.conversations().import_conversation(&imported)?);
    /// assert!(!chat.conversations().import_conversation(&imported)?);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, or no user has the id.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. Call it again: it
    ///   returns false if the conversation is stored.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was stored.
    pub fn import_conversation(&self, imported: &ImportedConversation) -> Result<bool> {
        let run = || {
            imported.check()?;
            let ids =
                with_retry(&self.pool, |connection| conversations::import(connection, imported))?;
            let Some(ids) = ids else { return Ok(false) };
            self.write.stored(&imported.turns, &ids);
            Ok(true)
        };
        run().map_err(|error: Error| error.with_operation("import_conversation"))
    }

    /// Returns up to 2,000 conversations of all users in the order of their creation, after the
    /// conversation with this internal id; 0 returns the first ones. The result is empty at the
    /// end.
    ///
    /// Activity does not change this order, so an export that reads page by page is complete.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    ///   too.
    pub fn list_created_after(&self, id: i64) -> Result<Vec<Conversation>> {
        let run = || conversations::list_created_after(&mut *self.pool.reader()?, id);
        run().map_err(|error| error.with_operation("list_created_after"))
    }
}
