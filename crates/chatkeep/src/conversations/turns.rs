//! Turns of conversations: complete ones, and those that wait for a response.

use std::time::{Duration, Instant};

use chatkeep_core::conversations::{self, check_limit};
use chatkeep_core::{Error, ErrorKind, NewMessage, NewTurn, OpenTurn, Result, Timestamp, TurnEnd};
use chatkeep_pool::PerProcess;
use quick_cache::sync::Cache;
use tokio::sync::oneshot;

use super::ConversationManager;
use crate::retry::with_retry;

/// Maximum number of cached conversations.
const MAX_CONVERSATIONS: usize = 10_000;
/// Time for which the user of a conversation is cached. The id never changes.
const LIFETIME: Duration = Duration::from_secs(60);
/// Number of interrupted turns that one query finds.
const MAX_INTERRUPTED: i64 = 200;

/// A conversation, and its user at the time of the look-up, by their internal ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) id: i64,
    pub(crate) user_id: Option<i64>,
    looked_up: Instant,
}

/// Conversations and their users by public id, so that a turn needs no look-up. A forked child
/// starts with an empty cache.
pub(super) struct OwnerCache {
    conversations: PerProcess<Cache<Box<str>, Owned>>,
}

impl OwnerCache {
    pub(super) fn new() -> Self {
        Self { conversations: PerProcess::new(Cache::new(MAX_CONVERSATIONS)) }
    }

    fn get(&self, public_id: &str) -> Option<Owned> {
        let cached = self.conversations.get(|| Cache::new(MAX_CONVERSATIONS)).get(public_id)?;
        (cached.looked_up.elapsed() < LIFETIME).then_some(cached)
    }

    fn insert(&self, public_id: &str, owned: Owned) {
        let conversations = self.conversations.get(|| Cache::new(MAX_CONVERSATIONS));
        conversations.insert(public_id.into(), owned);
    }

    pub(super) fn remove(&self, public_id: &str) {
        self.conversations.get(|| Cache::new(MAX_CONVERSATIONS)).remove(public_id);
    }
}

impl ConversationManager {
    /// Returns the conversation if it is cached, for callers that must not block.
    pub(crate) fn cached_owner(&self, conversation_id: &str) -> Option<Owned> {
        self.owners.get(conversation_id)
    }

    /// Returns the conversation, which must exist.
    pub(crate) fn owner(&self, conversation_id: &str) -> Result<Owned> {
        if let Some(owned) = self.owners.get(conversation_id) {
            return Ok(owned);
        }
        let looked_up = Instant::now();
        let reader = &mut *self.pool.reader()?;
        let found = conversations::find_with_user(reader, conversation_id)?;
        let (id, user_id) = found.ok_or_else(|| conversations::no_conversation(conversation_id))?;
        let owned = Owned { id, user_id, looked_up };
        self.owners.insert(conversation_id, owned);
        Ok(owned)
    }

    /// Removes a conversation from all caches.
    pub(crate) fn forget(&self, conversation_id: &str) {
        self.ids.remove(conversation_id);
        self.owners.remove(conversation_id);
    }

    pub(super) fn append(&self, conversation_id: &str, turn: &NewTurn) -> Result<i64> {
        // Before requesting a connection: invalid input is reported even if the database is down.
        check_turn(turn)?;
        let owned = self.owner(conversation_id)?;
        let outcome = self.write.log(&turn.clone().into_message(owned.id, owned.user_id));
        match outcome {
            Err(error) if is_missing_conversation(&error) => {
                // It was deleted, and may have been created again with another internal id.
                self.forget(conversation_id);
                let current = self.owner(conversation_id)?;
                if current.id == owned.id {
                    return Err(conversations::no_conversation(conversation_id));
                }
                self.write.log(&turn.clone().into_message(current.id, current.user_id))
            }
            outcome => outcome,
        }
    }

    /// Logs a message without blocking, and returns a future of its outcome.
    pub(crate) fn submit_message(
        &self,
        message: NewMessage,
    ) -> Result<oneshot::Receiver<Result<i64>>> {
        self.write.submit_future(message)
    }

    pub(super) fn finish(&self, turn_id: &str, end: &TurnEnd) -> Result<Option<i64>> {
        end.check()?;
        let finished = with_retry(&self.pool, |connection| {
            conversations::finish_turn(connection, turn_id, end)
        })?;
        Ok(finished.map(|(id, message)| self.moved(id, &message)))
    }

    pub(super) fn open_turns(&self, conversation_id: &str, limit: i64) -> Result<Vec<OpenTurn>> {
        check_limit(limit)?;
        let found = self.ids.with(
            conversation_id,
            || conversations::find(&mut *self.pool.reader()?, conversation_id),
            |id| {
                let reader = &mut *self.pool.reader()?;
                let turns = conversations::list_open_turns(reader, id, conversation_id, limit)?;
                Ok((!turns.is_empty()).then_some(turns))
            },
        );
        found.map(Option::unwrap_or_default)
    }

    /// Moves the turns whose lease has ended, each in its own transaction.
    pub(super) fn interrupt(&self, now: Timestamp) -> Result<u64> {
        let mut count = 0;
        loop {
            let reader = &mut *self.pool.reader()?;
            let ids = conversations::interrupted_turns(reader, now, MAX_INTERRUPTED)?;
            if ids.is_empty() {
                return Ok(count);
            }
            for id in ids {
                let moved = with_retry(&self.pool, |connection| {
                    conversations::interrupt_turn(connection, id, now)
                })?;
                if let Some((id, message)) = moved {
                    self.moved(id, &message);
                    count += 1;
                }
            }
        }
    }

    /// Triggers the work that follows a stored message.
    fn moved(&self, id: i64, message: &NewMessage) -> i64 {
        self.write.stored(message, id);
        id
    }
}

/// Validates a turn without a database.
pub(crate) fn check_turn(turn: &NewTurn) -> Result<()> {
    turn.clone().into_message(1, None).check()
}

/// Returns whether a turn was not logged because its conversation does not exist.
pub(crate) fn is_missing_conversation(error: &Error) -> bool {
    error.kind() == ErrorKind::InvalidInput && error.field() == Some("conversation_id")
}
