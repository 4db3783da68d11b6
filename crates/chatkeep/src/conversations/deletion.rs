//! Deletion of conversations, in batches.

use chatkeep_core::conversations::{self, DeletionStep};
use chatkeep_core::messages::retention_cutoff;
use chatkeep_core::{Error, Result, Timestamp};
use chatkeep_macros::operations;

use super::ConversationManager;
use crate::batch_sizer::BatchSizer;

/// Number of inactive conversations that one query finds.
const MAX_INACTIVE: i64 = 200;

#[operations(part = DELETION, receiver = conversations)]
impl ConversationManager {
    /// Deletes a conversation with its messages, items, open turns and streams.
    ///
    /// It deletes in batches of a few milliseconds, each in its own transaction, so that other callers can
    /// write in between. After an error, call it again: the conversation itself is deleted last.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    ///
    /// # Returns
    /// `false` if the conversation does not exist.
    ///
    /// # Errors
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: a part may be deleted.
    #[operation(write)]
    pub fn delete_conversation(&self, conversation_id: &str) -> Result<bool> {
        let run = || {
            let find = || conversations::find(&mut *self.pool.reader()?, conversation_id);
            let Some(id) = find()? else { return Ok(false) };
            let mut sizer = BatchSizer::new(self.pool.url().engine());
            let deleted = self.delete_steps(id, None, &mut sizer);
            self.forget(conversation_id);
            deleted
        };
        run().map_err(|error: Error| error.with_operation("delete_conversation"))
    }

    /// Deletes the conversations without activity for a number of days.
    ///
    /// Each is deleted as by [`ConversationManager::delete_conversation`].
    ///
    /// # Arguments
    /// - `days`: Days of 24 hours since the last activity, 1–3,650,000.
    ///
    /// # Returns
    /// The number of deleted conversations.
    ///
    /// # Errors
    /// - `InvalidInput`: `days` is out of range. Nothing is deleted.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some conversations may be
    /// deleted. Call it again.
    #[operation(write)]
    pub fn prune_conversations(&self, days: i64) -> Result<u64> {
        let run = || {
            let cutoff = retention_cutoff(days)?;
            let mut sizer = BatchSizer::new(self.pool.url().engine());
            let mut deleted = 0;
            let mut from = Timestamp::MIN;
            loop {
                let inactive = conversations::inactive_since(
                    &mut *self.pool.reader()?,
                    from,
                    cutoff,
                    MAX_INACTIVE,
                )?;
                let Some((ids, last)) = inactive else { return Ok(deleted) };
                for id in ids {
                    deleted += u64::from(self.delete_steps(id, Some(cutoff), &mut sizer)?);
                }
                from = last;
            }
        };
        run().map_err(|error: Error| error.with_operation("prune_conversations"))
    }

    /// Deletes a conversation, in batches. Returns false if it does not exist, or was active since
    /// the cutoff.
    fn delete_steps(
        &self,
        id: i64,
        cutoff: Option<Timestamp>,
        sizer: &mut BatchSizer,
    ) -> Result<bool> {
        loop {
            let step = sizer.run_batch(&self.pool, |connection, limit| {
                conversations::delete_step(connection, id, cutoff, limit)
            })?;
            match step {
                DeletionStep::More(parts) => self.write.deleted(parts.messages),
                DeletionStep::Deleted(parts) => {
                    self.write.deleted(parts.messages);
                    return Ok(true);
                }
                DeletionStep::Skipped => return Ok(false),
            }
        }
    }
}
