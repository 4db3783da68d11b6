//! Complete rows of conversations and their items, for copying them between databases.

use diesel::connection::DefaultLoadingMode;
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, RunQueryDsl};

use crate::connection::{Connection, RowBudget, on_engine};
use crate::error::Result;
use crate::schema::{chat_conversations, conversation_items};
use crate::value::{Metadata, Timestamp};

/// Maximum number of rows that one query returns.
const MAX_ROWS: i64 = 2_000;
/// Maximum size of a list of items, in bytes, unless its only item is larger.
const MAX_BYTES: usize = 8 << 20;

/// A conversation, whose user is an internal id.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = chat_conversations)]
#[diesel(treat_none_as_default_value = false)]
pub struct StoredConversation {
    /// Internal id.
    pub id: i64,
    /// Public id.
    pub public_id: String,
    /// Internal id of its user, if any.
    pub user_id: Option<i64>,
    /// Title, if any.
    pub title: Option<String>,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last message or item.
    pub last_message_at: Timestamp,
    /// Time at which it was archived, if it is.
    pub archived_at: Option<Timestamp>,
    /// Additional data.
    pub metadata: Option<Metadata>,
}

/// An item of a conversation, whose conversation is an internal id.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = conversation_items)]
#[diesel(treat_none_as_default_value = false)]
pub struct StoredItem {
    /// Internal id.
    pub id: i64,
    /// Internal id of the conversation.
    pub conversation_id: i64,
    /// Position in the conversation.
    pub position: i64,
    /// Role of the author.
    pub role: String,
    /// Kind of the item.
    pub kind: String,
    /// Content.
    pub content: Metadata,
    /// Id of the logged message to which the item belongs, if any.
    pub message_id: Option<i64>,
    /// Time at which the item was appended.
    pub created_at: Timestamp,
}

/// Counts all conversations.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn count_all(connection: &mut Connection) -> Result<i64> {
    let counted =
        on_engine!(connection, c => chat_conversations::table.count().get_result::<i64>(c));
    counted.map_err(|error| connection.read_error(error))
}

/// Returns up to 2,000 conversations with an internal id greater than `id`, ordered by it. The
/// result is empty at the end.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<StoredConversation>> {
    let rows = on_engine!(connection, c => chat_conversations::table
        .filter(chat_conversations::id.gt(id))
        .order(chat_conversations::id.asc())
        .select(chat_conversations::all_columns)
        .limit(MAX_ROWS)
        .load::<StoredConversation>(c));
    rows.map_err(|error| connection.read_error(error))
}

/// Stores conversations with their ids, in the caller's transaction. The database's id sequence is
/// not advanced.
///
/// # Errors
/// The database's error, for example for a duplicate id.
pub fn insert_with_ids(connection: &mut Connection, rows: &[StoredConversation]) -> Result<()> {
    let stored = on_engine!(connection, c => rows.iter().cloned().try_for_each(|row| {
        diesel::insert_into(chat_conversations::table).values(row).execute(c).map(drop)
    }));
    stored.map_err(|error| connection.write_error(error))
}

/// Counts all items.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn count_all_items(connection: &mut Connection) -> Result<i64> {
    let counted =
        on_engine!(connection, c => conversation_items::table.count().get_result::<i64>(c));
    counted.map_err(|error| connection.read_error(error))
}

/// Returns items with an internal id greater than `id`, ordered by it: up to 2,000, or 8 MiB. The
/// result is empty at the end.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn list_items_after_id(connection: &mut Connection, id: i64) -> Result<Vec<StoredItem>> {
    let budget = RowBudget::bytes(MAX_BYTES);
    let read = |connection: &mut Connection| {
        let rows = on_engine!(connection, c => conversation_items::table
        .filter(conversation_items::id.gt(id))
        .order(conversation_items::id.asc())
        .select(conversation_items::all_columns)
        .limit(MAX_ROWS)
        .load_iter::<StoredItem, DefaultLoadingMode>(c)
        .and_then(|rows| {
            let mut budget = budget;
            let mut items = Vec::new();
            for row in rows {
                let row = row?;
                if !budget.keeps(row.content.as_json().len()) {
                    break;
                }
                items.push(row);
            }
            Ok(items)
        }));
        rows.map_err(|error| connection.read_error(error))
    };
    connection.within_budget(budget, read).map(|(rows, _)| rows)
}

/// Stores items with their ids, in the caller's transaction. The database's id sequence is not
/// advanced.
///
/// # Errors
/// The database's error, for example for a duplicate id.
pub fn insert_items_with_ids(connection: &mut Connection, rows: &[StoredItem]) -> Result<()> {
    let stored = on_engine!(connection, c => rows.iter().cloned().try_for_each(|row| {
        diesel::insert_into(conversation_items::table).values(row).execute(c).map(drop)
    }));
    stored.map_err(|error| connection.write_error(error))
}
