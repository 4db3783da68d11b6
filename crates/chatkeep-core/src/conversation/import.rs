//! Import of complete conversations from other programs, and lists in the order of their creation.

use super::items::{check as check_stored_items, insert as insert_items};
use super::record::{Conversation, NewItem, check_items};
use super::rows::StoredConversation;
use super::store::{NewConversation, Times, create_at, records};
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::message::{NewMessage, check_many, check_message, insert_in_transaction};
use crate::public_ids::{find_conversation, find_user};
use crate::transfer::StoredRow as _;
use crate::value::{Metadata, Timestamp};

/// A conversation of another program or database, with its turns and items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedConversation {
    /// Public id, which identifies the conversation in a second import.
    pub public_id: String,
    /// Public id of its user, if any.
    pub user_id: Option<String>,
    /// Title, if any.
    pub title: Option<String>,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last message or item.
    pub last_message_at: Timestamp,
    /// Time at which it was archived, if it was.
    pub archived_at: Option<Timestamp>,
    /// Additional data.
    pub metadata: Option<Metadata>,
    /// Turns, in order. Their own `conversation_id` and `user_id` are replaced by the
    /// conversation's.
    pub turns: Vec<NewMessage>,
    /// Items, in order.
    pub items: Vec<ImportedItem>,
}

/// An item of an [`ImportedConversation`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedItem {
    /// The item. Its `message_id` is replaced.
    pub item: NewItem,
    /// Index of the turn to which it belongs, if any.
    pub turn: Option<usize>,
    /// Time at which it was appended.
    pub created_at: Timestamp,
}

impl ImportedConversation {
    /// Validates all values without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field, such as `turns[3].model`.
    pub fn check(&self) -> Result<()> {
        self.new_conversation().check()?;
        let turns: Vec<_> =
            self.turns.iter().map(|turn| of_conversation(turn, None, None)).collect();
        check_many(&turns).map_err(|error| {
            let field = error.field().unwrap_or_default().replacen("messages", "turns", 1);
            error.with_field(field)
        })?;
        for (index, item) in self.items.iter().enumerate() {
            if item.turn.is_some_and(|turn| turn >= self.turns.len()) {
                let field = format!("items[{index}].turn");
                return Err(
                    Error::invalid_input("turn", "is not the index of a turn").with_field(field)
                );
            }
        }
        check_items(&self.new_items())
    }

    fn new_items(&self) -> Vec<NewItem> {
        self.items.iter().map(|imported| imported.item.clone()).collect()
    }

    fn new_conversation(&self) -> NewConversation<'_> {
        NewConversation {
            user_id: self.user_id.as_deref(),
            title: self.title.as_deref(),
            metadata: self.metadata.as_ref(),
            public_id: Some(&self.public_id),
        }
    }
}

/// Stores a conversation with its turns and items, and returns the ids of the turns' messages.
/// Returns `None` if a conversation with this public id already exists.
///
/// # Errors
/// `InvalidInput` with the field's name. `Conflict` with the field `public_id` if another program
/// stored it concurrently. `OutcomeUnknown` or another error of the database.
pub fn import(
    connection: &mut Connection,
    imported: &ImportedConversation,
) -> Result<Option<Vec<i64>>> {
    connection.transaction(|connection| {
        if find_conversation(connection, &imported.public_id)?.is_some() {
            return Ok(None);
        }
        let times = Times {
            created_at: imported.created_at,
            last_message_at: imported.last_message_at,
            archived_at: imported.archived_at,
        };
        let created = create_at(connection, &imported.new_conversation(), times)?;
        let user_id = match &created.user_id {
            Some(user) => find_user(connection, user)?,
            None => None,
        };
        let turns: Vec<_> = imported
            .turns
            .iter()
            .map(|turn| of_conversation(turn, Some(created.id), user_id))
            .collect();
        // The server's maximum size may be smaller than that of other engines.
        turns.iter().try_for_each(|turn| check_message(connection, turn))?;
        check_stored_items(connection, &imported.new_items())?;
        let ids = insert_in_transaction(connection, &turns, imported.created_at)?;
        let mut first = 1;
        // An insertion gives all its rows one creation time, so items with the same time are
        // inserted together.
        for items in imported.items.chunk_by(|a, b| a.created_at == b.created_at) {
            let new: Vec<_> = items.iter().map(|item| item.with_message(&ids)).collect();
            insert_items(connection, created.id, first, &new, items[0].created_at)?;
            first += items.len() as i64;
        }
        Ok(Some(ids))
    })
}

/// Returns the message of an imported turn. It does not count as activity: the conversation keeps
/// its times.
fn of_conversation(turn: &NewMessage, id: Option<i64>, user_id: Option<i64>) -> NewMessage {
    NewMessage { conversation_id: id, user_id, is_turn: false, ..turn.clone() }
}

impl ImportedItem {
    fn with_message(&self, ids: &[i64]) -> NewItem {
        let mut item = self.item.clone();
        item.message_id = self.turn.and_then(|turn| ids.get(turn).copied());
        item
    }
}

/// Returns up to 2,000 conversations with an internal id greater than `id`, ordered by it. The
/// result is empty at the end.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn list_created_after(connection: &mut Connection, id: i64) -> Result<Vec<Conversation>> {
    let rows = StoredConversation::list_after_id(connection, id)?;
    records(connection, rows)
}
