//! Records of conversations and their items.

use diesel::Queryable;
use serde::Serialize;

use crate::described::Record;
use crate::error::Result;
use crate::value::{
    MAX_ROW_BYTES, Metadata, Timestamp, check_bytes, check_name, check_nonempty_name,
};

/// Maximum length of a title, in characters.
pub const MAX_TITLE: usize = 255;
/// Maximum length of an item's role and of its kind, in characters.
pub const MAX_ROLE: usize = 50;

/// A conversation, without its messages and items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct Conversation {
    /// Id inside the database, which messages have as `conversation_id`.
    pub id: i64,
    /// Id outside of the backend, which calls take as `conversation_id`: a UUIDv7, unless another
    /// one was chosen when it was created.
    pub public_id: String,
    /// Public id of the conversation's user, if any.
    pub user_id: Option<String>,
    /// Title, if any.
    pub title: Option<String>,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last message or item, or of the creation if there is none.
    pub last_message_at: Timestamp,
    /// Time at which the conversation was archived, if it is.
    pub archived_at: Option<Timestamp>,
    /// Additional data.
    pub metadata: Option<Metadata>,
    /// Number that is greater after every change of the items. Calls that change items take it as
    /// `expected_item_version`.
    pub item_version: i64,
}

/// A part of a list of conversations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct ConversationPage {
    /// The conversations, those with the latest activity first.
    pub conversations: Vec<Conversation>,
    /// Position after the last conversation, for the next page. `None` at the end.
    pub next_cursor: Option<String>,
}

/// A part of a conversation for role-based programs: a message, a tool call or its result.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Serialize, Record)]
#[non_exhaustive]
pub struct ConversationItem {
    /// Position in the conversation. The first item has position 1, and there are no gaps.
    pub position: i64,
    /// Role of the author, such as `user` or `assistant`.
    pub role: String,
    /// Kind of the item.
    pub kind: String,
    /// Content, as a JSON object.
    pub content: Metadata,
    /// Id of the logged message to which the item belongs, if any.
    pub message_id: Option<i64>,
    /// Time at which the item was appended.
    pub created_at: Timestamp,
}

/// An item to append.
///
/// ```
/// use chatkeep_core::{Metadata, NewItem};
///
/// let item = NewItem::new("user", Metadata::parse(r#"{"text": "What is WAL?"}"#)?);
/// assert_eq!((item.role.as_str(), item.kind.as_str()), ("user", "message"));
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(argument)]
pub struct NewItem {
    /// Role of the author, such as `user` or `assistant`. At most 50 characters.
    pub role: String,
    /// Kind of the item, such as `message` or `tool_call`. At most 50 characters.
    #[record(default = "message")]
    pub kind: String,
    /// Content, as a JSON object.
    pub content: Metadata,
    /// Id of the logged message to which the item belongs, if any. It is not checked.
    pub message_id: Option<i64>,
}

impl NewItem {
    /// Creates an item of the kind `message`.
    pub fn new(role: impl Into<String>, content: Metadata) -> Self {
        Self { role: role.into(), kind: "message".to_owned(), content, message_id: None }
    }

    /// Sets the kind.
    #[must_use]
    pub fn with_kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = kind.into();
        self
    }

    /// Sets the id of the logged message.
    #[must_use]
    pub fn with_message_id(mut self, message_id: i64) -> Self {
        self.message_id = Some(message_id);
        self
    }

    /// Validates the item without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        check_item(&self.role, &self.kind, &self.content)
    }

    /// Checks that the content has at most `limit` bytes.
    pub(super) fn check_size(&self, limit: u64) -> Result<()> {
        check_bytes("content", self.content.as_json(), limit)
    }
}

/// Validates the values of an item.
pub(super) fn check_item(role: &str, kind: &str, content: &Metadata) -> Result<()> {
    for (field, name) in [("role", role), ("kind", kind)] {
        check_nonempty_name(field, name, MAX_ROLE)?;
    }
    check_bytes("content", content.as_json(), MAX_ROW_BYTES)
}

/// Validates a title.
///
/// # Errors
/// `InvalidInput` with the field `title` if it has more than 255 characters, or contains a NUL
/// character.
pub fn check_title(title: &str) -> Result<()> {
    check_name("title", title, MAX_TITLE)
}

/// Validates all items.
///
/// # Errors
/// `InvalidInput` with the item's index and field (`items[3].role`).
pub fn check_items(items: &[NewItem]) -> Result<()> {
    each_item(items, NewItem::check)
}

/// Checks each item, and adds its index to the field of the error.
pub(super) fn each_item(items: &[NewItem], check: impl Fn(&NewItem) -> Result<()>) -> Result<()> {
    for (index, item) in items.iter().enumerate() {
        check(item).map_err(|error| {
            let field = format!("items[{index}].{}", error.field().unwrap_or("content"));
            error.with_field(field)
        })?;
    }
    Ok(())
}
