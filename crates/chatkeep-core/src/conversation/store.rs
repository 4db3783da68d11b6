//! Creation, look-up and changes of conversations.

use diesel::result::Error as DieselError;
use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, RunQueryDsl};

use super::record::{Conversation, check_title};
use super::rows::StoredConversation;
use crate::connection::{Connection, insert_one, on_engine};
use crate::db_error::constraint::{Unique, explain_duplicate, is_reference};
use crate::error::{Error, Result};
use crate::public_ids::{find_conversation, no_user, public_ids_of_users, require_user};
use crate::schema::chat_conversations;
use crate::value::{Metadata, Timestamp, check_metadata, public_id};

/// A conversation to create.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewConversation<'a> {
    /// Public id of its user, if any.
    pub user_id: Option<&'a str>,
    /// Title, if any.
    pub title: Option<&'a str>,
    /// Additional data.
    pub metadata: Option<&'a Metadata>,
    /// Public id; by default a new UUIDv7.
    pub public_id: Option<&'a str>,
}

impl NewConversation<'_> {
    /// Validates the values without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        self.title.map_or(Ok(()), check_title)?;
        check_metadata(self.metadata)?;
        self.public_id.map_or(Ok(()), |id| public_id::check("public_id", id))
    }
}

#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = chat_conversations)]
#[diesel(treat_none_as_default_value = false)]
struct NewRow<'a> {
    public_id: &'a str,
    user_id: Option<i64>,
    title: Option<&'a str>,
    created_at: Timestamp,
    last_message_at: Timestamp,
    archived_at: Option<Timestamp>,
    metadata: Option<&'a Metadata>,
}

/// Converts rows to records, with the public ids of their users.
pub(super) fn records(
    connection: &mut Connection,
    rows: Vec<StoredConversation>,
) -> Result<Vec<Conversation>> {
    let users = public_ids_of_users(connection, rows.iter().filter_map(|row| row.user_id))?;
    let record = |row: StoredConversation| Conversation {
        id: row.id,
        public_id: row.public_id,
        user_id: row.user_id.and_then(|id| users.get(&id).cloned()),
        title: row.title,
        created_at: row.created_at,
        last_message_at: row.last_message_at,
        archived_at: row.archived_at,
        metadata: row.metadata,
        item_version: row.item_version,
    };
    Ok(rows.into_iter().map(record).collect())
}

/// Creates a conversation.
///
/// # Errors
/// `InvalidInput` with the field's name. `Conflict` with the field `public_id`, not retryable, if a
/// conversation has this id. `OutcomeUnknown` or another error of the database.
pub fn create(connection: &mut Connection, new: &NewConversation<'_>) -> Result<Conversation> {
    create_at(connection, new, Times::now())
}

/// The times of a conversation.
pub(super) struct Times {
    pub created_at: Timestamp,
    pub last_message_at: Timestamp,
    pub archived_at: Option<Timestamp>,
}

impl Times {
    /// Returns those of a conversation that is created now.
    pub(super) fn now() -> Self {
        let now = Timestamp::now();
        Self { created_at: now, last_message_at: now, archived_at: None }
    }
}

/// Creates a conversation with these times.
pub(super) fn create_at(
    connection: &mut Connection,
    new: &NewConversation<'_>,
    times: Times,
) -> Result<Conversation> {
    new.check()?;
    connection.check_metadata(new.metadata)?;
    let user = require_user(connection, new.user_id)?;
    insert(connection, new, user, times)
}

/// Stores a checked conversation, whose user has this internal id.
pub(super) fn insert(
    connection: &mut Connection,
    new: &NewConversation<'_>,
    user: Option<i64>,
    Times { created_at, last_message_at, archived_at }: Times,
) -> Result<Conversation> {
    let public_id = new.public_id.map_or_else(public_id::generate, |id| Ok(id.to_owned()))?;
    let row = NewRow {
        public_id: &public_id,
        user_id: user,
        title: new.title,
        created_at,
        last_message_at,
        archived_at,
        metadata: new.metadata,
    };
    let id = insert_one!(connection, chat_conversations, row);
    let id = id.map_err(|error| refused(connection, error, new.user_id))?;
    Ok(Conversation {
        id,
        public_id,
        user_id: new.user_id.map(str::to_owned),
        title: new.title.map(str::to_owned),
        created_at,
        last_message_at,
        archived_at,
        metadata: new.metadata.cloned(),
        item_version: 0,
    })
}

const UNIQUE: &[Unique] = &[Unique {
    column: "public_id",
    field: "public_id",
    message: "another conversation has this id",
}];

/// Converts the error of an insert or an update. The user may have been deleted since it was found.
fn refused(connection: &mut Connection, error: DieselError, user_id: Option<&str>) -> Error {
    let error = connection.insert_error(error);
    match user_id {
        Some(user_id) if is_reference(&error) => no_user(user_id),
        _ => explain_duplicate(error, UNIQUE),
    }
}

/// Returns the conversation with this public id, if it exists.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn get(connection: &mut Connection, public_id: &str) -> Result<Option<Conversation>> {
    if !public_id::may_exist(public_id) {
        return Ok(None);
    }
    let found = on_engine!(connection, c => chat_conversations::table
        .filter(chat_conversations::public_id.eq(public_id))
        .select(chat_conversations::all_columns)
        .get_result::<StoredConversation>(c)
        .optional());
    let found = found.map_err(|error| connection.read_error(error))?;
    Ok(records(connection, found.into_iter().collect())?.pop())
}

/// A change of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// Sets or removes the title.
    Title(Option<&'a str>),
    /// Replaces or removes the additional data.
    Metadata(Option<&'a Metadata>),
    /// Archives the conversation at this time, unless it is archived, or unarchives it.
    Archived(Option<Timestamp>),
    /// Assigns the conversation to the user with this public id, or to none.
    User(Option<&'a str>),
}

impl Change<'_> {
    /// Validates the values without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Title(Some(title)) => check_title(title),
            Self::Metadata(metadata) => check_metadata(*metadata),
            _ => Ok(()),
        }
    }
}

/// Changes a conversation. Returns false if it does not exist, or is archived or unarchived
/// already.
///
/// # Errors
/// `InvalidInput` with the field `title`, `metadata` or `user_id`; `OutcomeUnknown` or another error of the
/// database.
pub fn change(connection: &mut Connection, public_id: &str, change: Change<'_>) -> Result<bool> {
    change.check()?;
    if let Change::Metadata(metadata) = change {
        connection.check_metadata(metadata)?;
    }
    let user = match change {
        Change::User(user) => require_user(connection, user)?,
        _ => None,
    };
    let Some(id) = find_conversation(connection, public_id)? else { return Ok(false) };
    let row = || chat_conversations::table.filter(chat_conversations::id.eq(id));
    let changed = on_engine!(connection, c => match change {
        Change::Title(title) => {
            diesel::update(row()).set(chat_conversations::title.eq(title)).execute(c)
        }
        Change::Metadata(metadata) => {
            diesel::update(row()).set(chat_conversations::metadata.eq(metadata)).execute(c)
        }
        Change::Archived(Some(now)) => {
            diesel::update(row().filter(chat_conversations::archived_at.is_null()))
                .set(chat_conversations::archived_at.eq(Some(now)))
                .execute(c)
        }
        Change::Archived(None) => {
            diesel::update(row().filter(chat_conversations::archived_at.is_not_null()))
                .set(chat_conversations::archived_at.eq(None::<Timestamp>))
                .execute(c)
        }
        Change::User(_) => {
            diesel::update(row()).set(chat_conversations::user_id.eq(user)).execute(c)
        }
    });
    let user_id = match change {
        Change::User(user_id) => user_id,
        _ => None,
    };
    changed.map(|count| count > 0).map_err(|error| refused(connection, error, user_id))
}
