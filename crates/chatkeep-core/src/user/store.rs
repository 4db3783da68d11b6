//! Queries on the table of users.

use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, RunQueryDsl};

use super::duplicate;
use super::new::CheckedUser;
use super::password::PasswordHash;
use super::record::User;
use super::{credentials, identities};
use crate::connection::{Connection, insert_one, on_engine};
use crate::db_error::constraint::is_reference;
use crate::error::{Error, Result};
use crate::message::Cursor;
use crate::public_ids::find_user;
use crate::schema::{Characters, chat_users};
use crate::token::{hex, random_bytes};
use crate::value::{Metadata, Timestamp, check_limit, public_id};

/// The columns of a [`User`].
macro_rules! columns {
    () => {
        (
            crate::schema::chat_users::id,
            crate::schema::chat_users::public_id,
            crate::schema::chat_users::email,
            crate::schema::chat_users::username,
            crate::schema::chat_users::name,
            crate::schema::chat_users::avatar_url,
            crate::schema::chat_users::active,
            crate::schema::chat_users::stamp,
            crate::schema::chat_users::confirmed_at,
            crate::schema::chat_users::metadata,
            crate::schema::chat_users::created_at,
            crate::schema::chat_users::updated_at,
            crate::schema::chat_users::last_login_at,
        )
    };
}

pub(super) use columns;

#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = chat_users)]
#[diesel(treat_none_as_default_value = false)]
struct NewRow<'a> {
    public_id: &'a str,
    email: Option<&'a str>,
    email_key: Option<&'a str>,
    username: Option<&'a str>,
    username_key: Option<&'a str>,
    name: Option<&'a str>,
    avatar_url: Option<&'a str>,
    active: bool,
    confirmed_at: Option<Timestamp>,
    stamp: Characters<&'a str>,
    metadata: Option<&'a Metadata>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Values by which a user is unique.
#[derive(Debug, Clone, Copy)]
pub enum UserKey<'a> {
    /// The id outside of the backend.
    PublicId(&'a str),
    /// The key of an e-mail address.
    Email(&'a str),
    /// The key of a username.
    Username(&'a str),
}

/// Returns a new stamp. Sessions with another one are invalid.
pub(super) fn stamp() -> Result<String> {
    random_bytes::<16>().map(|bytes| hex(&bytes))
}

/// Stores a user, with the hash of a password and an identity if there are any.
///
/// # Errors
/// `Conflict`, not retryable, with the field `email`, `username`, `public_id` or `identity_subject`
/// when another user has the value; or an error of the database.
pub fn create(
    connection: &mut Connection,
    checked: &CheckedUser<'_>,
    hash: Option<&PasswordHash>,
) -> Result<User> {
    let now = Timestamp::now();
    let confirmed_at = checked.user.confirmed.then_some(now);
    import(connection, checked, hash, UserState { active: true, confirmed_at, created_at: now })
}

/// State of a user in another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserState {
    /// Whether the user may sign in.
    pub active: bool,
    /// Time at which the user proved to own the e-mail address.
    pub confirmed_at: Option<Timestamp>,
    /// Creation time.
    pub created_at: Timestamp,
}

/// Creates a user with the state in another program.
///
/// # Errors
/// `InvalidInput` with the field's name; `Conflict`, not retryable, with the field whose value
/// another user has; or an error of the database.
pub fn import(
    connection: &mut Connection,
    checked: &CheckedUser<'_>,
    hash: Option<&PasswordHash>,
    state: UserState,
) -> Result<User> {
    let user = checked.user;
    connection.check_metadata(user.metadata.as_ref())?;
    let now = Timestamp::now();
    let public_id = user.public_id.clone().map_or_else(public_id::generate, Ok)?;
    let stamp = stamp()?;
    let row = NewRow {
        public_id: &public_id,
        email: user.email.as_deref().map(str::trim),
        email_key: checked.email_key.as_deref(),
        username: user.username.as_deref().map(str::trim),
        username_key: checked.username_key.as_deref(),
        name: user.name.as_deref(),
        avatar_url: user.avatar_url.as_deref(),
        active: state.active,
        confirmed_at: state.confirmed_at,
        stamp: Characters(&stamp),
        metadata: user.metadata.as_ref(),
        created_at: state.created_at,
        updated_at: now,
    };
    let id = connection.transaction(|connection| {
        let id = insert(connection, row)?;
        if let Some(hash) = hash {
            credentials::insert(connection, id, hash, now)?;
        }
        if let Some((provider, subject)) = checked.identity {
            identities::insert_first(connection, id, provider, subject, row.email, now)?;
        }
        Ok(id)
    })?;
    Ok(User {
        id,
        email: row.email.map(str::to_owned),
        username: row.username.map(str::to_owned),
        name: user.name.clone(),
        avatar_url: user.avatar_url.clone(),
        active: row.active,
        stamp: stamp.clone(),
        confirmed_at: row.confirmed_at,
        metadata: user.metadata.clone(),
        created_at: row.created_at,
        updated_at: now,
        last_login_at: None,
        public_id,
    })
}

fn insert(connection: &mut Connection, row: NewRow<'_>) -> Result<i64> {
    let id = insert_one!(connection, chat_users, row);
    id.map_err(|error| duplicate::explain(connection.insert_error(error)))
}

/// Returns the user with this key, if there is one.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn find(connection: &mut Connection, key: UserKey<'_>) -> Result<Option<User>> {
    let found = on_engine!(connection, c => {
        let query = chat_users::table.select(columns!()).into_boxed();
        match key {
            UserKey::PublicId(id) if !public_id::may_exist(id) => return Ok(None),
            UserKey::PublicId(id) => query.filter(chat_users::public_id.eq(id)),
            UserKey::Email(key) => query.filter(chat_users::email_key.eq(key)),
            UserKey::Username(key) => query.filter(chat_users::username_key.eq(key)),
        }
        .get_result::<User>(c)
        .optional()
    });
    found.map_err(|error| connection.read_error(error))
}

/// Locks a user's row until the end of the transaction, by setting the time of the last change.
/// Returns the id inside the database.
pub(super) fn lock(
    connection: &mut Connection,
    user_id: &str,
    now: Timestamp,
) -> Result<Option<i64>> {
    if !public_id::may_exist(user_id) {
        return Ok(None);
    }
    let changed = on_engine!(connection, c => {
        diesel::update(chat_users::table.filter(chat_users::public_id.eq(user_id)))
            .set(chat_users::updated_at.eq(now))
            .execute(c)
    });
    match changed.map_err(|error| connection.write_error(error))? {
        0 => Ok(None),
        _ => find_user(connection, user_id),
    }
}

/// Checks the limit and the cursor of a page, and returns the id after which it begins.
///
/// # Errors
/// `InvalidInput` with the field `limit` or `cursor`.
pub fn check_page(limit: i64, cursor: Option<&str>) -> Result<Option<i64>> {
    check_limit(limit)?;
    Ok(cursor.map(str::parse::<Cursor>).transpose()?.map(Cursor::id))
}

/// Activates or deactivates a user. Deactivation sets a new stamp. Returns false if the user does
/// not exist.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn set_active(connection: &mut Connection, user_id: &str, active: bool) -> Result<bool> {
    if !public_id::may_exist(user_id) {
        return Ok(false);
    }
    let (stamp, now) = (stamp()?, Timestamp::now());
    let changed = on_engine!(connection, c => {
        let user = chat_users::table
            .filter(chat_users::public_id.eq(user_id))
            .filter(chat_users::active.ne(active));
        let set = (chat_users::active.eq(active), chat_users::updated_at.eq(now));
        if active {
            diesel::update(user).set(set).execute(c)
        } else {
            diesel::update(user).set((set, chat_users::stamp.eq(Characters(&stamp)))).execute(c)
        }
    });
    match changed.map_err(|error| connection.write_error(error))? {
        0 => find_user(connection, user_id).map(|id| id.is_some()),
        _ => Ok(true),
    }
}

/// Sets a new stamp, which ends all sessions. Returns false if the user does not exist.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn new_stamp(connection: &mut Connection, user_id: &str) -> Result<bool> {
    if !public_id::may_exist(user_id) {
        return Ok(false);
    }
    let (stamp, now) = (stamp()?, Timestamp::now());
    let changed = on_engine!(connection, c => {
        diesel::update(chat_users::table.filter(chat_users::public_id.eq(user_id)))
            .set((chat_users::stamp.eq(Characters(&stamp)), chat_users::updated_at.eq(now)))
            .execute(c)
    });
    changed.map(|count| count > 0).map_err(|error| connection.write_error(error))
}

/// Records that a user owns the e-mail address, unless that is recorded already. Returns false if
/// the user does not exist, has no address, or has another one than that with the key.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn confirm(connection: &mut Connection, user_id: &str, key: Option<&str>) -> Result<bool> {
    if !public_id::may_exist(user_id) {
        return Ok(false);
    }
    let found = on_engine!(connection, c => chat_users::table
        .filter(chat_users::public_id.eq(user_id))
        .select((chat_users::email_key, chat_users::confirmed_at))
        .get_result::<(Option<String>, Option<Timestamp>)>(c)
        .optional());
    let found = found.map_err(|error| connection.read_error(error))?;
    let Some((Some(address), confirmed_at)) = found else { return Ok(false) };
    if key.is_some_and(|key| key != address) {
        return Ok(false);
    }
    if confirmed_at.is_some() {
        return Ok(true);
    }
    let now = Timestamp::now();
    let changed = on_engine!(connection, c => {
        // If the address was changed in between, the new one is not confirmed.
        let user = chat_users::table
            .filter(chat_users::public_id.eq(user_id))
            .filter(chat_users::email_key.eq(&address));
        diesel::update(user)
            .set((chat_users::confirmed_at.eq(Some(now)), chat_users::updated_at.eq(now)))
            .execute(c)
    });
    changed.map(|count| count > 0).map_err(|error| connection.write_error(error))
}

/// Deletes a user, with password, identities, roles, sessions and API tokens. Returns false if the
/// user does not exist.
///
/// # Errors
/// `Conflict`, not retryable, with the field `user_id` when the user has conversations; or an error
/// of the database.
pub fn delete(connection: &mut Connection, user_id: &str) -> Result<bool> {
    find_user(connection, user_id)?.map_or(Ok(false), |id| delete_by_id(connection, id))
}

/// Deletes a user as [`delete`] does, by the internal id.
pub(crate) fn delete_by_id(connection: &mut Connection, id: i64) -> Result<bool> {
    let deleted = on_engine!(connection, c => {
        diesel::delete(chat_users::table.filter(chat_users::id.eq(id))).execute(c)
    });
    match deleted {
        Ok(count) => Ok(count > 0),
        Err(error) => {
            let error = connection.write_error(error);
            if !is_reference(&error) {
                return Err(error);
            }
            Err(Error::taken("user_id", "the user has conversations; delete them first"))
        }
    }
}
