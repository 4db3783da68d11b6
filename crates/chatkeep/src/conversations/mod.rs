//! Conversations, their items and their turns.

mod deletion;
mod id_cache;
mod turns;

use std::fmt;
use std::sync::Arc;

use chatkeep_core::conversations::{
    self, Change, ItemRange, ListedConversations, NewConversation, check_limit,
};
use chatkeep_core::messages::retention_cutoff;
use chatkeep_core::{
    Conversation, ConversationItem, ConversationPage, Cursor, Error, Metadata, NewItem, NewTurn,
    OpenTurn, Result, Timestamp, TurnEnd, TurnStart,
};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;

use self::id_cache::IdCache;
use self::turns::OwnerCache;
pub(crate) use self::turns::{check_turn, is_missing_conversation};
use crate::managers::Parts;
use crate::retry::with_retry;
use crate::write::WritePath;

/// Keeps conversations and their items. It is cheap to clone.
#[derive(Clone)]
pub struct ConversationManager {
    pool: Arc<Pool>,
    write: Arc<WritePath>,
    ids: Arc<IdCache>,
    users: Arc<IdCache>,
    owners: Arc<OwnerCache>,
}

/// Keeps conversations, their turns and their items.
///
/// Turns are messages of the log. Items are the parts of which role-based programs build prompts.
///
/// A conversation is identified by its `public_id`. It may belong to a
/// user. Its items have positions from 1 on, without gaps, also with concurrent writers.
#[operations(name = "conversations", receiver = conversations)]
impl ConversationManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self {
            pool: Arc::clone(&parts.pool),
            write: Arc::clone(&parts.write),
            ids: Arc::new(IdCache::new()),
            users: Arc::new(IdCache::new()),
            owners: Arc::new(OwnerCache::new()),
        }
    }

    /// Creates a conversation.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// let conversations = chat.conversations();
    /// let created = conversations.create_conversation(None, Some("WAL"), None, None)?;
    /// let found = conversations.get_conversation(&created.public_id)?;
    /// assert_eq!(found.and_then(|found| found.title).as_deref(), Some("WAL"));
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Arguments
    /// - `user_id`: Public id of its user; without it, it has none.
    /// - `title`: Title, at most 255 characters.
    /// - `metadata`: Additional data, as a JSON object.
    /// - `public_id`: Public id of the conversation, 1–64 characters without whitespace, such as the id in
    ///   another program. By default it is a new UUIDv7.
    ///
    /// # Returns
    /// The conversation.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, or no user has the id.
    /// - `Conflict` with the field `public_id`: another conversation has this id.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The conversation may exist.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn create_conversation(
        &self,
        user_id: Option<&str>,
        title: Option<&str>,
        metadata: Option<Metadata>,
        public_id: Option<&str>,
    ) -> Result<Conversation> {
        let new = NewConversation { user_id, title, metadata: metadata.as_ref(), public_id };
        let run = || {
            new.check()?;
            with_retry(&self.pool, |connection| conversations::create(connection, &new))
        };
        let created = run().map_err(|error| error.with_operation("create_conversation"))?;
        self.ids.insert(&created.public_id, created.id);
        Ok(created)
    }

    /// Returns a conversation.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    ///
    /// # Returns
    /// The conversation, or `None` if it does not exist.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. This is never reported as `None`.
    #[operation(read)]
    pub fn get_conversation(&self, conversation_id: &str) -> Result<Option<Conversation>> {
        let run = || conversations::get(&mut *self.pool.reader()?, conversation_id);
        run().map_err(|error| error.with_operation("get_conversation"))
    }

    /// Returns a page of a user's conversations, those with the latest activity first.
    ///
    /// An index has this order, so a page takes the same time however many conversations there are.
    /// A conversation that becomes active between two pages moves to the first page.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    /// - `limit`: Maximum number of conversations to return (1–10,000).
    /// - `cursor`: The `next_cursor` of the previous page. Without it, the first page is returned.
    /// - `archived`: Whether to return archived conversations, instead of the others.
    ///
    /// # Returns
    /// The conversations, and the cursor of the next page. An unknown user has none.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` or `cursor` is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn list_conversations(
        &self,
        user_id: &str,
        #[argument(default = 100)] limit: i64,
        cursor: Option<&str>,
        #[argument(default = false)] archived: bool,
    ) -> Result<ConversationPage> {
        let run = || {
            let cursor = page(limit, cursor)?;
            let found = self.with_user(user_id, |id| {
                let user_id = Some(id);
                let listed = ListedConversations { user_id, archived, cursor, limit };
                let page = conversations::list(&mut *self.pool.reader()?, &listed)?;
                Ok((!page.conversations.is_empty()).then_some(page))
            });
            found.map(Option::unwrap_or_default)
        };
        run().map_err(|error| error.with_operation("list_conversations"))
    }

    /// Returns a page of the conversations of all users, the latest activity first. It is for
    /// administrators: a list of one user's conversations is
    /// [`ConversationManager::list_conversations`].
    ///
    /// # Arguments
    /// - `limit`: Maximum number of conversations to return (1–10,000).
    /// - `cursor`: The `next_cursor` of the previous page. Without it, the first page is returned.
    /// - `archived`: Whether to return archived conversations, instead of the others.
    ///
    /// # Returns
    /// The conversations, and the cursor of the next page.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` or `cursor` is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn list_all_conversations(
        &self,
        #[argument(default = 100)] limit: i64,
        cursor: Option<&str>,
        #[argument(default = false)] archived: bool,
    ) -> Result<ConversationPage> {
        let run = || {
            let cursor = page(limit, cursor)?;
            let listed = ListedConversations { user_id: None, archived, cursor, limit };
            conversations::list(&mut *self.pool.reader()?, &listed)
        };
        run().map_err(|error| error.with_operation("list_all_conversations"))
    }

    /// Sets or removes the title of a conversation.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `title`: The title, at most 255 characters; without it, the title is removed.
    ///
    /// # Returns
    /// `false` if the conversation does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: `title` is too long.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn rename_conversation(
        &self,
        conversation_id: &str,
        #[argument(positional)] title: Option<&str>,
    ) -> Result<bool> {
        let run = || {
            title.map_or(Ok(()), conversations::check_title)?;
            self.change(conversation_id, Change::Title(title))
        };
        run().map_err(|error| error.with_operation("rename_conversation"))
    }

    /// Replaces the metadata of a conversation.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `metadata`: The new metadata, as a JSON object; without it, the metadata is removed.
    ///
    /// # Returns
    /// `false` if the conversation does not exist.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn set_conversation_metadata(
        &self,
        conversation_id: &str,
        #[argument(positional)] metadata: Option<Metadata>,
    ) -> Result<bool> {
        self.change(conversation_id, Change::Metadata(metadata.as_ref()))
            .map_err(|error| error.with_operation("set_conversation_metadata"))
    }

    /// Archives a conversation: it is no longer in lists, unless they ask for archived ones.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    ///
    /// # Returns
    /// `false` if the conversation does not exist or was already archived.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn archive_conversation(&self, conversation_id: &str) -> Result<bool> {
        self.change(conversation_id, Change::Archived(Some(Timestamp::now())))
            .map_err(|error| error.with_operation("archive_conversation"))
    }

    /// Reverses [`ConversationManager::archive_conversation`].
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    ///
    /// # Returns
    /// `false` if the conversation does not exist or is not archived.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn unarchive_conversation(&self, conversation_id: &str) -> Result<bool> {
        self.change(conversation_id, Change::Archived(None))
            .map_err(|error| error.with_operation("unarchive_conversation"))
    }

    /// Assigns a conversation to another user. Its messages in the log keep their user.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `user_id`: Public id of its new user; without it, it has none.
    ///
    /// # Returns
    /// `false` if the conversation does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: no user has the id `user_id`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn move_conversation(
        &self,
        conversation_id: &str,
        #[argument(positional)] user_id: Option<&str>,
    ) -> Result<bool> {
        let moved = self.change(conversation_id, Change::User(user_id));
        self.owners.remove(conversation_id);
        moved.map_err(|error| error.with_operation("move_conversation"))
    }

    /// Copies a conversation with its items, so that it can be continued differently.
    ///
    /// The copy has the same user and metadata. The messages of the log are not copied: they count once
    /// in the statistics.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `up_to_position`: Position of the last item to copy; by default all items are copied.
    /// - `title`: Title of the copy, at most 255 characters; by default it is the same.
    ///
    /// # Returns
    /// The new conversation.
    ///
    /// # Errors
    /// - `InvalidInput`: the conversation does not exist, `up_to_position` is negative, or `title` is too
    ///   long.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The copy may exist.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn copy_conversation(
        &self,
        conversation_id: &str,
        up_to_position: Option<i64>,
        title: Option<&str>,
    ) -> Result<Conversation> {
        let run = || {
            title.map_or(Ok(()), conversations::check_title)?;
            let copied = with_retry(&self.pool, |connection| {
                conversations::copy(connection, conversation_id, up_to_position, title)
            });
            copied?.ok_or_else(|| conversations::no_conversation(conversation_id))
        };
        run().map_err(|error| error.with_operation("copy_conversation"))
    }

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
        self.delete(conversation_id).map_err(|error| error.with_operation("delete_conversation"))
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
        let run = || self.prune(retention_cutoff(days)?);
        run().map_err(|error| error.with_operation("prune_conversations"))
    }

    /// Appends items to a conversation, all or none.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::{Metadata, NewItem};
    ///
    /// let conversations = chat.conversations();
    /// let id = conversations.create_conversation(None, None, None, None)?.public_id;
    /// let item = |role: &str, text| Ok::<_, chatkeep::Error>(NewItem::new(role, Metadata::parse(text)?));
    /// let question = item("user", r#"{"text": "What is WAL?"}"#)?;
    /// let answer = item("assistant", r#"{"text": "Write-ahead logging."}"#)?;
    /// assert_eq!(conversations.append_items(&id, &[question, answer])?, [1, 2]);
    /// assert_eq!(conversations.get_items(&id, 1, None, None)?[0].role, "assistant");
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `items`: The items.
    ///
    /// # Returns
    /// The positions of the items.
    ///
    /// # Errors
    /// - `InvalidInput`: the conversation does not exist, or a value is invalid. The field of an item is
    ///   the position in the list and the name, such as `items[3].role`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The items may be stored.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    #[operation(write)]
    pub fn append_items(&self, conversation_id: &str, items: &[NewItem]) -> Result<Vec<i64>> {
        let run = || {
            conversations::check_items(items)?;
            self.with_conversation(conversation_id, |connection, id| {
                conversations::append_items(connection, id, items)
            })
        };
        run().map_err(|error| error.with_operation("append_items"))
    }

    /// Returns items of a conversation by position, by default the last ones.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `limit`: Maximum number of items to return (1–10,000).
    /// - `before`: Position before which the items are; the last ones before it are returned.
    /// - `after`: Position after which the items are; the first ones after it are returned. It is not
    ///   allowed together with `before`.
    ///
    /// # Returns
    /// The items. A conversation that does not exist has none.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` or `after` is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_items(
        &self,
        conversation_id: &str,
        #[argument(default = 100)] limit: i64,
        before: Option<i64>,
        after: Option<i64>,
    ) -> Result<Vec<ConversationItem>> {
        let run = || {
            check_limit(limit)?;
            let range = match (before, after) {
                (None, None) => ItemRange::Last,
                (Some(before), None) => ItemRange::Before(before),
                (None, Some(after)) => ItemRange::After(after),
                (Some(_), Some(_)) => {
                    return Err(Error::invalid_input(
                        "after",
                        "is not allowed together with before",
                    ));
                }
            };
            let found = self.ids.with(
                conversation_id,
                || conversations::find(&mut *self.pool.reader()?, conversation_id),
                |id| {
                    let reader = &mut *self.pool.reader()?;
                    let items = conversations::get_items(reader, id, range, limit)?;
                    Ok((!items.is_empty()).then_some(items))
                },
            );
            found.map(Option::unwrap_or_default)
        };
        run().map_err(|error| error.with_operation("get_items"))
    }

    /// Removes the last items of a conversation, and returns them.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `count`: Maximum number of items to remove (1–10,000).
    ///
    /// # Returns
    /// The removed items in the order of their positions; none if there are none.
    ///
    /// # Errors
    /// - `InvalidInput`: `count` is out of range, or the conversation does not exist.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn pop_items(
        &self,
        conversation_id: &str,
        #[argument(default = 1, positional)] count: i64,
    ) -> Result<Vec<ConversationItem>> {
        let run = || {
            check_limit(count).map_err(|error| error.with_field("count"))?;
            self.with_conversation(conversation_id, |connection, id| {
                conversations::pop_items(connection, id, count)
            })
        };
        run().map_err(|error| error.with_operation("pop_items"))
    }

    /// Removes all items of a conversation. The next item has position 1 again.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    ///
    /// # Returns
    /// The number of removed items.
    ///
    /// # Errors
    /// - `InvalidInput`: the conversation does not exist.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn clear_items(&self, conversation_id: &str) -> Result<u64> {
        self.with_conversation(conversation_id, conversations::clear_items)
            .map_err(|error| error.with_operation("clear_items"))
    }

    /// Replaces the items of a conversation from a position on, in one transaction.
    ///
    /// Items that are not replaced keep their positions. Without new items, this removes the items from
    /// the position on.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `from_position`: Position of the first item to replace, at most the position after the last item.
    /// - `items`: The new items.
    ///
    /// # Returns
    /// The positions of the new items.
    ///
    /// # Errors
    /// - `InvalidInput`: the conversation does not exist, or a value is invalid.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn replace_items(
        &self,
        conversation_id: &str,
        from_position: i64,
        items: &[NewItem],
    ) -> Result<Vec<i64>> {
        let run = || {
            conversations::check_items(items)?;
            self.with_conversation(conversation_id, |connection, id| {
                conversations::replace_items(connection, id, from_position, items)
            })
        };
        run().map_err(|error| error.with_operation("replace_items"))
    }

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
        self.append(conversation_id, turn).map_err(|error| error.with_operation("append_turn"))
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
        self.finish(turn_id, end).map_err(|error| error.with_operation("finish_turn"))
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
        self.open_turns(conversation_id, limit)
            .map_err(|error| error.with_operation("list_open_turns"))
    }

    /// Moves the turns whose lease has ended into the message log.
    ///
    /// They have the status `interrupted` and no response.
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
        self.interrupt(now.unwrap_or_else(Timestamp::now))
            .map_err(|error| error.with_operation("finish_interrupted_turns"))
    }
}

/// Checks the arguments of a page, and parses its cursor.
fn page(limit: i64, cursor: Option<&str>) -> Result<Option<Cursor>> {
    check_limit(limit)?;
    cursor.map(str::parse).transpose()
}

impl fmt::Debug for ConversationManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConversationManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
