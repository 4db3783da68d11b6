//! Complete rows of conversations and their items, for copying them between databases.

use diesel::{Insertable, Queryable};
use serde::{Deserialize, Serialize};

use super::record::check_item;
use super::store::NewConversation;
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::schema::{chat_conversations, conversation_items};
use crate::transfer::stored_rows;
use crate::value::{Metadata, Timestamp, raw_json};

/// A conversation, whose user is an internal id.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = chat_conversations)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
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
    #[serde(default, with = "raw_json::optional")]
    pub metadata: Option<Metadata>,
    /// Number that is greater after every change of the items. Earlier archives lack it.
    #[serde(default)]
    pub item_version: i64,
}

/// An item of a conversation, whose conversation is an internal id.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = conversation_items)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
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
    #[serde(with = "raw_json")]
    pub content: Metadata,
    /// Id of the logged message to which the item belongs, if any.
    pub message_id: Option<i64>,
    /// Time at which the item was appended.
    pub created_at: Timestamp,
}

stored_rows! {
    StoredConversation: chat_conversations by id,
        |row| 700 + row.metadata.as_ref().map_or(0, |metadata| metadata.as_json().len()),
        |row| {
            let (title, metadata) = (row.title.as_deref(), row.metadata.as_ref());
            NewConversation { user_id: None, title, metadata, public_id: Some(&row.public_id) }
                .check()
        };
    StoredItem: conversation_items by id,
        |row| 200 + row.content.as_json().len(),
        |row| {
            check_item(&row.role, &row.kind, &row.content)?;
            if row.position < 1 {
                let message = format!("must be 1 or more, not {}", row.position);
                return Err(Error::invalid_input("position", message));
            }
            Ok(())
        };
}
