//! Changes and deletions of conversations by their public ids.

use chatkeep_core::conversations::{self, Change, DeletionStep};
use chatkeep_core::{Connection, Result, Timestamp};

use super::ConversationManager;
use crate::batch_sizer::BatchSizer;
use crate::retry::with_retry;

/// Number of inactive conversations that one query finds.
const MAX_INACTIVE: i64 = 200;

impl ConversationManager {
    pub(super) fn change(&self, conversation_id: &str, change: Change<'_>) -> Result<bool> {
        with_retry(&self.pool, |connection| {
            conversations::change(connection, conversation_id, change)
        })
    }

    /// Runs `work` with the internal id of a conversation, which must exist. `work` returns `None`
    /// if it does not.
    pub(super) fn with_conversation<T>(
        &self,
        conversation_id: &str,
        work: impl Fn(&mut Connection, i64) -> Result<Option<T>>,
    ) -> Result<T> {
        let done = self.ids.with(
            conversation_id,
            || conversations::find(&mut *self.pool.reader()?, conversation_id),
            |id| with_retry(&self.pool, |connection| work(connection, id)),
        );
        done?.ok_or_else(|| conversations::no_conversation(conversation_id))
    }

    /// Runs `work` with the internal id of a user. Returns `None` if the user does not exist, or if
    /// `work` returns `None`.
    pub(super) fn with_user<T>(
        &self,
        user_id: &str,
        work: impl FnMut(i64) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let look_up = || conversations::find_user(&mut *self.pool.reader()?, user_id);
        self.users.with(user_id, look_up, work)
    }

    pub(super) fn delete(&self, conversation_id: &str) -> Result<bool> {
        let find = || conversations::find(&mut *self.pool.reader()?, conversation_id);
        let Some(id) = find()? else { return Ok(false) };
        let mut sizer = BatchSizer::new(self.pool.url().engine());
        let deleted = self.delete_steps(id, None, &mut sizer);
        self.forget(conversation_id);
        deleted
    }

    pub(super) fn prune(&self, cutoff: Timestamp) -> Result<u64> {
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
                DeletionStep::More(messages) => self.write.deleted(messages),
                DeletionStep::Deleted(messages) => {
                    self.write.deleted(messages);
                    return Ok(true);
                }
                DeletionStep::Skipped => return Ok(false),
            }
        }
    }
}
