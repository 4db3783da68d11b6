//! Conversations, their items and their turns.

mod deletion;
mod id_cache;
mod import;
mod items;
mod owner_cache;
mod turns;

use std::fmt;
use std::sync::Arc;

use chatkeep_core::conversations::{self, Change, ListedConversations, NewConversation};
use chatkeep_core::{
    Connection, Conversation, ConversationPage, Cursor, Metadata, Result, Timestamp, check_limit,
};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;

use self::id_cache::IdCache;
pub(crate) use self::owner_cache::{Owned, OwnerCache};
pub(crate) use self::turns::is_missing_conversation;
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
#[operations(name = "conversations", receiver = conversations, parts(DELETION, ITEMS, TURNS))]
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
    /// - `Conflict`: another conversation has this id. It is not retryable then, and its field is
    /// `public_id`.
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
    /// Conversations are read in the order of an index. Those in the other state of `archived` are
    /// skipped, so a page takes longer if most are in that state.
    ///
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
    /// - `title`: The title, at most 255 characters. `None` removes the title.
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
        #[argument(required)] title: Option<&str>,
    ) -> Result<bool> {
        self.change(conversation_id, Change::Title(title))
            .map_err(|error| error.with_operation("rename_conversation"))
    }

    /// Replaces the metadata of a conversation.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `metadata`: The new metadata, as a JSON object. `None` removes the metadata.
    ///
    /// # Returns
    /// `false` if the conversation does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: `metadata` is larger than 16 MiB.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn set_conversation_metadata(
        &self,
        conversation_id: &str,
        #[argument(required)] metadata: Option<Metadata>,
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
    /// - `user_id`: Public id of its new user. `None` means that it has none.
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
        #[argument(required)] user_id: Option<&str>,
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

    fn change(&self, conversation_id: &str, change: Change<'_>) -> Result<bool> {
        // Before requesting a connection: invalid input is reported even if the database is down.
        change.check()?;
        with_retry(&self.pool, |connection| {
            conversations::change(connection, conversation_id, change)
        })
    }

    /// Runs `work` with the internal id of a conversation, which must exist. `work` returns `None`
    /// if it does not.
    fn with_conversation<T>(
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
    fn with_user<T>(
        &self,
        user_id: &str,
        work: impl FnMut(i64) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let look_up = || conversations::find_user(&mut *self.pool.reader()?, user_id);
        self.users.with(user_id, look_up, work)
    }

    /// Removes a conversation from all caches.
    fn forget(&self, conversation_id: &str) {
        self.ids.remove(conversation_id);
        self.owners.remove(conversation_id);
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
