//! Queries on the table of identities: accounts of users at other providers.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use super::key::check_label;
use super::record::{User, UserIdentity};
use super::store::{columns, lock};
use super::{credentials, duplicate};
use crate::connection::{Connection, all_stored, on_engine};
use crate::error::{Error, Result};
use crate::public_ids::no_user;
use crate::schema::{chat_users, user_identities};
use crate::value::{Timestamp, check_name, public_id};

/// Maximum length of a provider's name, in characters.
const MAX_PROVIDER: usize = 50;
/// Maximum length of a user's id at a provider, and of the address there, in characters.
const MAX_SUBJECT: usize = 255;

/// The columns of a [`UserIdentity`].
macro_rules! identity_columns {
    () => {
        (
            user_identities::id,
            user_identities::provider,
            user_identities::subject,
            user_identities::email,
            user_identities::linked_at,
            user_identities::last_used_at,
        )
    };
}

/// Checks the provider of an identity and the user's id there.
///
/// # Errors
/// `InvalidInput` with the field `provider` or `subject`.
pub fn check_identity(provider: &str, subject: &str) -> Result<()> {
    check_label("provider", provider, MAX_PROVIDER)?;
    check_label("subject", subject, MAX_SUBJECT)
}

/// Returns the user with this identity, if there is one.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn find_by_identity(
    connection: &mut Connection,
    provider: &str,
    subject: &str,
) -> Result<Option<User>> {
    if check_identity(provider, subject).is_err() {
        return Ok(None);
    }
    let found = on_engine!(connection, c => chat_users::table
        .filter(chat_users::id.eq_any(
            user_identities::table
                .filter(user_identities::provider.eq(provider))
                .filter(user_identities::subject.eq(subject))
                .select(user_identities::user_id),
        ))
        .select(columns!())
        .get_result::<User>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// Records a sign-in with an identity.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn record_identity_login(
    connection: &mut Connection,
    provider: &str,
    subject: &str,
    now: Timestamp,
) -> Result<()> {
    let recorded = on_engine!(connection, c => {
        let identity = user_identities::table
            .filter(user_identities::provider.eq(provider))
            .filter(user_identities::subject.eq(subject));
        diesel::update(identity).set(user_identities::last_used_at.eq(Some(now))).execute(c)
    });
    recorded.map(drop).map_err(|error| connection.write_error(error))
}

/// Returns the identities of a user, oldest first.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn list_identities(connection: &mut Connection, user_id: &str) -> Result<Vec<UserIdentity>> {
    if !public_id::may_exist(user_id) {
        return Ok(Vec::new());
    }
    let rows = on_engine!(connection, c => user_identities::table
        .filter(user_identities::user_id.eq_any(
            chat_users::table.filter(chat_users::public_id.eq(user_id)).select(chat_users::id),
        ))
        .order(user_identities::id.asc())
        .select(identity_columns!())
        .load::<UserIdentity>(c));
    rows.map_err(|error| connection.read_error(error))
}

/// Counts the identities of the user with this internal id.
pub(super) fn count(connection: &mut Connection, user: i64) -> Result<i64> {
    let count = on_engine!(connection, c => user_identities::table
        .filter(user_identities::user_id.eq(user))
        .count()
        .get_result::<i64>(c));
    count.map_err(|error| connection.read_error(error))
}

/// Returns an identity, with the internal id of its user.
fn find(
    connection: &mut Connection,
    provider: &str,
    subject: &str,
) -> Result<Option<(i64, UserIdentity)>> {
    let found = on_engine!(connection, c => user_identities::table
        .filter(user_identities::provider.eq(provider))
        .filter(user_identities::subject.eq(subject))
        .select((user_identities::user_id, identity_columns!()))
        .get_result::<(i64, UserIdentity)>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// Links an account at a provider to a user. Linking it again updates its address.
///
/// # Errors
/// - `InvalidInput` with the field `user_id` when the user does not exist, or with the field of an
///   invalid value.
/// - `Conflict`, not retryable, with the field `subject` when the account belongs to another user.
pub fn link(
    connection: &mut Connection,
    user_id: &str,
    provider: &str,
    subject: &str,
    email: Option<&str>,
) -> Result<UserIdentity> {
    check_identity(provider, subject)?;
    if let Some(email) = email {
        check_name("email", email, MAX_SUBJECT)?;
    }
    let now = Timestamp::now();
    connection.transaction(|connection| {
        let Some(user) = lock(connection, user_id, now)? else { return Err(no_user(user_id)) };
        match find(connection, provider, subject)? {
            Some((owner, _)) if owner != user => return Err(belongs_to_another("subject")),
            Some((_, identity)) => {
                let Some(email) = email else { return Ok(identity) };
                let updated = on_engine!(connection, c => {
                    let row = user_identities::table.filter(user_identities::id.eq(identity.id));
                    diesel::update(row).set(user_identities::email.eq(Some(email))).execute(c)
                });
                updated.map_err(|error| connection.write_error(error))?;
            }
            None => insert(connection, user, provider, subject, email, now)?,
        }
        find(connection, provider, subject)?
            .map(|(_, identity)| identity)
            .ok_or_else(|| Error::internal("a linked identity disappeared in its transaction"))
    })
}

fn belongs_to_another(field: &'static str) -> Error {
    Error::taken(field, "this account of the provider belongs to another user")
}

fn insert(
    connection: &mut Connection,
    user: i64,
    provider: &str,
    subject: &str,
    email: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let row = (
        user_identities::provider.eq(provider),
        user_identities::subject.eq(subject),
        user_identities::user_id.eq(user),
        user_identities::email.eq(email),
        user_identities::linked_at.eq(now),
    );
    let stored = on_engine!(connection, c => {
        diesel::insert_into(user_identities::table).values(row).execute(c)
    });
    all_stored(stored, 1).map_err(|error| duplicate::explain(connection.insert_error(error)))
}

/// Stores the identity of a user that is created in the same transaction.
pub(super) fn insert_first(
    connection: &mut Connection,
    user: i64,
    provider: &str,
    subject: &str,
    email: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    if find(connection, provider, subject)?.is_some() {
        return Err(belongs_to_another("identity_subject"));
    }
    insert(connection, user, provider, subject, email, now)
}

/// Removes an identity of a user. Returns false if the user does not have it.
///
/// # Errors
/// `Conflict`, not retryable, with the field `subject` when it is the user's last way to sign in:
/// there is no other identity, and no password with an e-mail address or a username. Otherwise an
/// error of the database.
pub fn unlink(
    connection: &mut Connection,
    user_id: &str,
    provider: &str,
    subject: &str,
) -> Result<bool> {
    if check_identity(provider, subject).is_err() {
        return Ok(false);
    }
    connection.transaction(|connection| {
        // The lock keeps a concurrent call from removing the other identity.
        let Some(user) = lock(connection, user_id, Timestamp::now())? else { return Ok(false) };
        match find(connection, provider, subject)? {
            Some((owner, _)) if owner == user => {}
            _ => return Ok(false),
        }
        if !credentials::can_sign_in(connection, user)? && count(connection, user)? < 2 {
            return Err(Error::taken(
                "subject",
                "is the user's last way to sign in; link another one, or set a password and an \
                 e-mail address or username first",
            ));
        }
        let deleted = on_engine!(connection, c => {
            let identity = user_identities::table
                .filter(user_identities::provider.eq(provider))
                .filter(user_identities::subject.eq(subject))
                .filter(user_identities::user_id.eq(user));
            diesel::delete(identity).execute(c)
        });
        deleted.map(|count| count > 0).map_err(|error| connection.write_error(error))
    })
}
