//! Creation of sessions.

use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, RunQueryDsl};

use super::record::{CreatedSession, NewSession, SessionInfo};
use super::secret::SessionSecret;
use crate::connection::{Connection, all_stored, on_engine};
use crate::db_error::constraint::is_reference;
use crate::error::{Error, Result};
use crate::public_ids::no_user;
use crate::schema::{Characters, chat_users, user_sessions};
use crate::value::{Timestamp, public_id};

/// The columns of a new row. It contains the hash, never the secret.
#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = user_sessions)]
#[diesel(treat_none_as_default_value = false)]
struct NewRow<'a> {
    public_id: &'a str,
    token_hash: Characters<&'a str>,
    family: Characters<&'a str>,
    user_id: i64,
    user_stamp: Characters<&'a str>,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    idle_expires_at: Option<Timestamp>,
    expires_at: Timestamp,
    ip: Option<&'a str>,
    user_agent: Option<&'a str>,
    label: Option<&'a str>,
}

/// Creates a session of an active user at `now`, and stores the hash of its secret.
///
/// # Errors
/// `InvalidInput` with the field's name, `user_id` unless an active user has the id; `Conflict`,
/// not retryable, with the field `user_stamp` when the user has another stamp; or an error of the
/// database.
pub fn create(
    connection: &mut Connection,
    new: &NewSession,
    now: Timestamp,
) -> Result<CreatedSession> {
    new.check()?;
    let (user_id, stamp) = active_user(connection, &new.user_id)?;
    if new.user_stamp.as_ref().is_some_and(|presented| *presented != stamp) {
        let message = "all sessions of the user ended after the sign-in; sign in again";
        return Err(Error::taken("user_stamp", message));
    }
    let secret = SessionSecret::generate()?;
    let (hash, family) = (secret.hash().to_hex(), secret.family());
    let after =
        |seconds: i64| now.checked_add_microseconds(seconds * 1_000_000).unwrap_or(Timestamp::MAX);
    let session = SessionInfo {
        id: public_id::generate()?,
        user_id: new.user_id.clone(),
        created_at: now,
        last_seen_at: now,
        idle_expires_at: new.idle_seconds.map(after),
        expires_at: after(new.lifetime_seconds),
        rotated_at: None,
        revoked_at: None,
        revoked_reason: None,
        ip: new.ip.clone(),
        user_agent: new.user_agent().map(str::to_owned),
        label: new.label.clone(),
    };
    let row = NewRow {
        public_id: &session.id,
        token_hash: Characters(&hash),
        family: Characters(&family),
        user_id,
        user_stamp: Characters(&stamp),
        created_at: now,
        last_seen_at: now,
        idle_expires_at: session.idle_expires_at,
        expires_at: session.expires_at,
        ip: session.ip.as_deref(),
        user_agent: session.user_agent.as_deref(),
        label: session.label.as_deref(),
    };
    let stored = on_engine!(connection, c => {
        all_stored(diesel::insert_into(user_sessions::table).values(row).execute(c), 1)
    });
    stored.map_err(|error| {
        let error = connection.insert_error(error);
        // The user was deleted since the first query.
        if is_reference(&error) { no_user(&new.user_id) } else { error }
    })?;
    Ok(CreatedSession { secret, session })
}

/// Returns the row's id and the stamp of an active user.
fn active_user(connection: &mut Connection, public_id: &str) -> Result<(i64, String)> {
    if !public_id::may_exist(public_id) {
        return Err(no_user(public_id));
    }
    let found = on_engine!(connection, c => chat_users::table
        .filter(chat_users::public_id.eq(public_id))
        .select((chat_users::id, chat_users::active, chat_users::stamp))
        .get_result::<(i64, bool, Characters<String>)>(c)
        .optional());
    match found.map_err(|error| connection.read_error(error))? {
        Some((id, true, stamp)) => Ok((id, stamp.into())),
        Some(_) => {
            let message = format!("the user with the id {public_id} is inactive");
            Err(Error::invalid_input("user_id", message))
        }
        None => Err(no_user(public_id)),
    }
}
