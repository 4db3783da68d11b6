//! Queries on the table of passwords.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods,
    OptionalExtension, QueryDsl, RunQueryDsl,
};

use super::duplicate;
use super::key::{email_key, username_key};
use super::password::{PasswordHash, PasswordScheme};
use super::record::User;
use super::store::{columns, lock, stamp};
use crate::connection::{Connection, all_stored, on_engine};
use crate::error::{Error, Result};
use crate::schema::{Characters, chat_users, user_passwords};
use crate::value::{Timestamp, public_id};

/// The name with which a user signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// The key of an e-mail address.
    Email(String),
    /// The key of a username.
    Username(String),
}

impl Login {
    /// Returns the key of a text that a caller presents. `None` means that no user can have it.
    pub fn of(text: &str) -> Option<Self> {
        if text.contains('@') {
            email_key(text).ok().map(Self::Email)
        } else {
            username_key(text).ok().map(Self::Username)
        }
    }
}

/// A user, with the hash of the password if there is one.
#[derive(Debug)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// The hash of the password.
    pub hash: Option<PasswordHash>,
}

type HashRow = (String, String, Option<String>);

fn hash_of((hash, scheme, pepper_id): HashRow) -> Result<PasswordHash> {
    let scheme = PasswordScheme::from_name(&scheme)
        .ok_or_else(|| Error::internal(format!("the password scheme {scheme:?} is unknown")))?;
    Ok(PasswordHash { scheme, hash, pepper_id })
}

/// Returns the user that signs in with this name, if there is one, in one query.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn find_credentials(connection: &mut Connection, login: &Login) -> Result<Option<Credentials>> {
    let found = on_engine!(connection, c => {
        let hash =
            (user_passwords::hash, user_passwords::scheme, user_passwords::pepper_id.nullable());
        let query = chat_users::table
            .left_join(user_passwords::table.on(user_passwords::user_id.eq(chat_users::id)))
            .select((columns!(), hash.nullable()))
            .into_boxed();
        match login {
            Login::Email(key) => query.filter(chat_users::email_key.eq(key)),
            Login::Username(key) => query.filter(chat_users::username_key.eq(key)),
        }
        .get_result::<(User, Option<HashRow>)>(c)
        .optional()
    });
    let found = found.map_err(|error| connection.read_error(error))?;
    found
        .map(|(user, hash)| Ok(Credentials { user, hash: hash.map(hash_of).transpose()? }))
        .transpose()
}

/// Stores the first hash of a user's password, in the caller's transaction.
pub(super) fn insert(
    connection: &mut Connection,
    user: i64,
    hash: &PasswordHash,
    now: Timestamp,
) -> Result<()> {
    let row = (
        user_passwords::user_id.eq(user),
        user_passwords::hash.eq(&hash.hash),
        user_passwords::scheme.eq(hash.scheme.name()),
        user_passwords::pepper_id.eq(hash.pepper_id.as_deref()),
        user_passwords::changed_at.eq(now),
    );
    let stored = on_engine!(connection, c => {
        diesel::insert_into(user_passwords::table).values(row).execute(c)
    });
    all_stored(stored, 1).map_err(|error| duplicate::explain(connection.write_error(error)))
}

/// Sets a user's password, and a new stamp if sessions are to end. Returns false if the user does
/// not exist.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn set_password(
    connection: &mut Connection,
    user_id: &str,
    hash: &PasswordHash,
    end_sessions: bool,
) -> Result<bool> {
    let now = Timestamp::now();
    connection.transaction(|connection| {
        let Some(user) = lock(connection, user_id, now)? else { return Ok(false) };
        let changed = on_engine!(connection, c => {
            diesel::update(user_passwords::table.filter(user_passwords::user_id.eq(user)))
                .set((
                    user_passwords::hash.eq(&hash.hash),
                    user_passwords::scheme.eq(hash.scheme.name()),
                    user_passwords::pepper_id.eq(hash.pepper_id.as_deref()),
                    user_passwords::changed_at.eq(now),
                ))
                .execute(c)
        });
        if changed.map_err(|error| connection.write_error(error))? == 0 {
            insert(connection, user, hash, now)?;
        }
        if end_sessions {
            let stamp = stamp()?;
            let changed = on_engine!(connection, c => {
                diesel::update(chat_users::table.filter(chat_users::id.eq(user)))
                    .set(chat_users::stamp.eq(Characters(&stamp)))
                    .execute(c)
            });
            changed.map_err(|error| connection.write_error(error))?;
        }
        Ok(true)
    })
}

/// Returns whether a user has a password.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn has_password(connection: &mut Connection, user_id: &str) -> Result<bool> {
    if !public_id::may_exist(user_id) {
        return Ok(false);
    }
    let count = on_engine!(connection, c => user_passwords::table
        .filter(user_passwords::user_id.eq_any(
            chat_users::table.filter(chat_users::public_id.eq(user_id)).select(chat_users::id),
        ))
        .count()
        .get_result::<i64>(c));
    count.map(|count| count > 0).map_err(|error| connection.read_error(error))
}

/// Returns whether the user with this internal id has a password, and a name to sign in with.
pub(super) fn can_sign_in(connection: &mut Connection, user: i64) -> Result<bool> {
    let count = on_engine!(connection, c => user_passwords::table
        .inner_join(chat_users::table.on(chat_users::id.eq(user_passwords::user_id)))
        .filter(user_passwords::user_id.eq(user))
        .filter(chat_users::email_key.is_not_null().or(chat_users::username_key.is_not_null()))
        .count()
        .get_result::<i64>(c));
    count.map(|count| count > 0).map_err(|error| connection.read_error(error))
}

/// Records a sign-in, and replaces an outdated hash unless the password was changed since it was
/// read.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn record_login(
    connection: &mut Connection,
    user: i64,
    now: Timestamp,
    rehashed: Option<(&PasswordHash, &PasswordHash)>,
) -> Result<()> {
    let recorded = on_engine!(connection, c => {
        diesel::update(chat_users::table.filter(chat_users::id.eq(user)))
            .set(chat_users::last_login_at.eq(Some(now)))
            .execute(c)
    });
    recorded.map_err(|error| connection.write_error(error))?;
    let Some((old, new)) = rehashed else { return Ok(()) };
    let replaced = on_engine!(connection, c => {
        let row = user_passwords::table
            .filter(user_passwords::user_id.eq(user))
            .filter(user_passwords::hash.eq(&old.hash));
        // The password stays the same, so the time of its change does, too.
        diesel::update(row)
            .set((
                user_passwords::hash.eq(&new.hash),
                user_passwords::scheme.eq(new.scheme.name()),
                user_passwords::pepper_id.eq(new.pepper_id.as_deref()),
            ))
            .execute(c)
    });
    replaced.map(drop).map_err(|error| connection.write_error(error))
}
