//! Turns of conversations: complete ones, and those that wait for a response.

use std::time::Instant;

use chatkeep_core::{
    Error, ErrorKind, NewMessage, NewTurn, OpenTurn, Result, Timestamp, TurnEnd, TurnStart,
    check_limit, conversations,
};
use chatkeep_macros::operations;
use tokio::sync::oneshot;

use super::ConversationManager;
use super::owner_cache::Owned;
use crate::retry::with_retry;

/// Number of interrupted turns that one query finds.
const MAX_INTERRUPTED: i64 = 200;

#[operations(part = TURNS, receiver = conversations)]
impl ConversationManager {
    /// Logs a complete turn of a conversation, and returns the message's id after the commit.
    ///
    /// It is a message of the log, and shares transactions with other messages. In the same transaction,
    /// the conversation moves to the front of its lists. The message belongs to the conversation's user; a
    /// move of the conversation by another process is noticed within a minute.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::NewTurn;
    ///
    /// let conversation = chat.conversations().create_conversation(None, None, None, None)?;
    /// let turn = NewTurn::new("What is WAL?").with_response("Write-ahead logging.");
    /// let id = chat.conversations().append_turn(&conversation.public_id, &turn)?;
    /// let message = chat.messages().get_message_by_id(id)?;
    /// assert_eq!(message.and_then(|message| message.conversation_id), Some(conversation.id));
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    ///
    /// # Returns
    /// The message's id. Later messages have higher ids; ids may have gaps.
    ///
    /// # Errors
    /// - `InvalidInput`: the conversation does not exist, or a value is invalid.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The message may be stored:
    /// check that before you retry.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    #[operation(write, blocking)]
    pub fn append_turn(
        &self,
        conversation_id: &str,
        #[argument(flatten)] turn: &NewTurn,
    ) -> Result<i64> {
        let run = || {
            // Before requesting a connection: invalid input is reported even if the database is
            // down. The ids of the conversation are not known yet; 1 is a valid one.
            let mut message = turn.clone().into_message(1, None);
            message.check()?;
            let owned = self.owner(conversation_id)?;
            owned.own(&mut message);
            match self.write.log(&message) {
                Err(error) if is_missing_conversation(&error) => {
                    // It was deleted, and may have been created again with another internal id.
                    self.forget(conversation_id);
                    let current = self.owner(conversation_id)?;
                    if current.id == owned.id {
                        return Err(conversations::no_conversation(conversation_id));
                    }
                    current.own(&mut message);
                    self.write.log(&message)
                }
                outcome => outcome,
            }
        };
        run().map_err(|error| error.with_operation("append_turn"))
    }

    /// Stores the question of a turn before the model is asked.
    ///
    /// It is not lost if the program ends.
    ///
    /// [`ConversationManager::finish_turn`] moves it into the message log. If that does not happen before
    /// the lease ends, [`ConversationManager::finish_interrupted_turns`] does it.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    ///
    /// # Returns
    /// The id of the turn.
    ///
    /// # Errors
    /// - `InvalidInput`: the conversation does not exist, or a value is invalid.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The turn may be stored.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    #[operation(write)]
    pub fn begin_turn(
        &self,
        conversation_id: &str,
        #[argument(flatten)] turn: &TurnStart,
    ) -> Result<String> {
        let run = || {
            turn.check()?;
            self.with_conversation(conversation_id, |connection, id| {
                conversations::begin_turn(connection, id, turn)
            })
        };
        run().map_err(|error| error.with_operation("begin_turn"))
    }

    /// Extends the lease of an open turn, for a response that takes long.
    ///
    /// Text that is appended to the turn's stream does not extend it.
    ///
    /// # Arguments
    /// - `turn_id`: The turn's id.
    /// - `lease_seconds`: Seconds from now after which the turn counts as interrupted (1–2,592,000).
    ///
    /// # Returns
    /// `false` if the turn does not exist, is finished, or was interrupted.
    ///
    /// # Errors
    /// - `InvalidInput`: `lease_seconds` is out of range.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn extend_turn(
        &self,
        turn_id: &str,
        #[argument(default = 600, positional)] lease_seconds: i64,
    ) -> Result<bool> {
        let run = || {
            let lease_until = conversations::lease_end(Timestamp::now(), lease_seconds)?;
            with_retry(&self.pool, |connection| {
                conversations::extend_turn(connection, turn_id, lease_until)
            })
        };
        run().map_err(|error| error.with_operation("extend_turn"))
    }

    /// Finishes a turn: moves it into the message log, with the response.
    ///
    /// Of several calls for a turn, also in different processes, exactly one stores a message. The
    /// message's time is that of the turn's start.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::{TurnEnd, TurnStart};
    ///
    /// let conversations = chat.conversations();
    /// let id = conversations.create_conversation(None, None, None, None)?.public_id;
    /// let turn = conversations.begin_turn(&id, &TurnStart::new("What is WAL?"))?;
    /// let end = TurnEnd::response("Write-ahead logging.");
    /// assert!(conversations.finish_turn(&turn, &end)?.is_some());
    /// assert!(conversations.finish_turn(&turn, &end)?.is_none(), "it is finished");
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Arguments
    /// - `turn_id`: The turn's id.
    ///
    /// # Returns
    /// The message's id, or `None` if the turn does not exist, is already finished, or was interrupted.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. Call it again: the result is
    ///   `None` if the message is stored.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn finish_turn(
        &self,
        turn_id: &str,
        #[argument(flatten)] end: &TurnEnd,
    ) -> Result<Option<i64>> {
        let run = || {
            end.check()?;
            let finished = with_retry(&self.pool, |connection| {
                conversations::finish_turn(connection, turn_id, end)
            })?;
            Ok(self.write.moved(finished))
        };
        run().map_err(|error: Error| error.with_operation("finish_turn"))
    }

    /// Returns the turns of a conversation that are not finished, oldest first.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `limit`: Maximum number of turns to return (1–10,000).
    ///
    /// # Returns
    /// The turns. A conversation that does not exist has none.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` is out of range.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn list_open_turns(
        &self,
        conversation_id: &str,
        #[argument(default = 100)] limit: i64,
    ) -> Result<Vec<OpenTurn>> {
        let run = || {
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
        };
        run().map_err(|error| error.with_operation("list_open_turns"))
    }

    /// Moves the turns whose lease has ended into the message log.
    ///
    /// They have the status `interrupted`. The response is the text of the turn's running stream, which
    /// ends, or none.
    ///
    /// Call it regularly, for example every minute: chatkeep does not do so itself. Several processes may
    /// call it at the same time.
    ///
    /// # Arguments
    /// - `now`: Time at which a lease must have ended; by default the current time.
    ///
    /// # Returns
    /// The number of turns that were moved.
    ///
    /// # Errors
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some turns may be moved.
    /// Call it again.
    #[operation(write)]
    pub fn finish_interrupted_turns(&self, now: Option<Timestamp>) -> Result<u64> {
        let now = now.unwrap_or_else(Timestamp::now);
        let mut count = 0;
        let mut run = || {
            loop {
                // The connection is returned before the next ones are used.
                let ids = conversations::interrupted_turns(
                    &mut *self.pool.reader()?,
                    now,
                    MAX_INTERRUPTED,
                )?;
                if ids.is_empty() {
                    return Ok(count);
                }
                for id in ids {
                    let moved = with_retry(&self.pool, |connection| {
                        conversations::interrupt_turn(connection, id, now)
                    })?;
                    count += u64::from(self.write.moved(moved).is_some());
                }
            }
        };
        run().map_err(|error: Error| error.with_operation("finish_interrupted_turns"))
    }

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

    /// Logs a message without blocking, and returns a future of its outcome.
    pub(crate) fn submit_message(
        &self,
        message: NewMessage,
    ) -> Result<oneshot::Receiver<Result<i64>>> {
        self.write.submit_future(message)
    }
}

/// Returns whether a turn was not logged because its conversation does not exist.
pub(crate) fn is_missing_conversation(error: &Error) -> bool {
    error.kind() == ErrorKind::InvalidInput && error.field() == Some("conversation_id")
}
