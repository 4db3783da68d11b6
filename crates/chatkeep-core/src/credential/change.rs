//! Changes of the state of credentials, and their deletion.

use diesel::{BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use super::record::{CredentialStatus, check_cooldown};
use super::rows::chat_credentials;
use crate::connection::{Connection, on_engine};
use crate::delete_rows::delete_rows;
use crate::error::{Error, ErrorKind, Result};
use crate::value::{Timestamp, public_id};

/// Sets the state of a credential. Returns false if it does not exist.
///
/// # Errors
/// `Conflict` with the field `status`, not retryable, when the credential is revoked; or an error
/// of the database.
pub fn set_status(
    connection: &mut Connection,
    credential_id: &str,
    status: CredentialStatus,
) -> Result<bool> {
    let Some((id, stored)) = find_state(connection, credential_id)? else { return Ok(false) };
    if stored == status {
        return Ok(true);
    }
    if stored == CredentialStatus::Revoked {
        let message = "the credential is revoked, which is final; add a new version";
        return Err(Error::taken("status", message));
    }
    let revoked_at = (status == CredentialStatus::Revoked).then(Timestamp::now);
    let changed = on_engine!(connection, c => {
        let unchanged = chat_credentials::table
            .filter(chat_credentials::id.eq(id))
            .filter(chat_credentials::status.eq(stored.name()));
        diesel::update(unchanged)
            .set((
                chat_credentials::status.eq(status.name()),
                chat_credentials::revoked_at.eq(revoked_at),
            ))
            .execute(c)
    });
    match changed.map_err(|error| connection.write_error(error))? {
        0 => Err(Error::new(ErrorKind::Conflict, "another call changed or deleted the credential")),
        _ => Ok(true),
    }
}

/// Returns the id of the row, and the state, of a credential.
fn find_state(
    connection: &mut Connection,
    credential_id: &str,
) -> Result<Option<(i64, CredentialStatus)>> {
    if !public_id::may_exist(credential_id) {
        return Ok(None);
    }
    let found = on_engine!(connection, c => chat_credentials::table
        .filter(chat_credentials::public_id.eq(credential_id))
        .select((chat_credentials::id, chat_credentials::status))
        .get_result::<(i64, String)>(c)
        .optional());
    let found = found.map_err(|error| connection.read_error(error))?;
    found.map(|(id, status)| Ok((id, CredentialStatus::from_stored(&status)?))).transpose()
}

/// Lets a credential cool down for a number of seconds from `now`. A cooldown that ends later is
/// kept; 0 seconds end it. Returns false if the credential does not exist.
///
/// # Errors
/// `InvalidInput` with the field `seconds`; or an error of the database.
pub fn cool_down(
    connection: &mut Connection,
    credential_id: &str,
    seconds: i64,
    now: Timestamp,
) -> Result<bool> {
    check_cooldown(seconds)?;
    let Some((id, _)) = find_state(connection, credential_id)? else { return Ok(false) };
    let until = (seconds > 0)
        .then(|| now.checked_add_microseconds(seconds * 1_000_000).unwrap_or(Timestamp::MAX));
    let changed = on_engine!(connection, c => {
        let row = chat_credentials::table.filter(chat_credentials::id.eq(id));
        let new = chat_credentials::cooldown_until.eq(until);
        match until {
            None => diesel::update(row).set(new).execute(c),
            Some(until) => {
                let earlier = chat_credentials::cooldown_until
                    .is_null()
                    .or(chat_credentials::cooldown_until.lt(until));
                diesel::update(row.filter(earlier)).set(new).execute(c)
            }
        }
    });
    changed.map(|_| true).map_err(|error| connection.write_error(error))
}

/// Sets the time of the last use, unless the stored time is after `last_used_before`. Returns
/// whether it was set.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn touch(
    connection: &mut Connection,
    id: i64,
    now: Timestamp,
    last_used_before: Timestamp,
) -> Result<bool> {
    let changed = on_engine!(connection, c => {
        let due = chat_credentials::last_used_at
            .is_null()
            .or(chat_credentials::last_used_at.le(last_used_before));
        diesel::update(chat_credentials::table.filter(chat_credentials::id.eq(id)).filter(due))
            .set(chat_credentials::last_used_at.eq(Some(now)))
            .execute(c)
    });
    changed.map(|count| count > 0).map_err(|error| connection.write_error(error))
}

/// Deletes a credential. Returns false if it does not exist.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn delete(connection: &mut Connection, credential_id: &str) -> Result<bool> {
    if !public_id::may_exist(credential_id) {
        return Ok(false);
    }
    let deleted = on_engine!(connection, c => {
        let row = chat_credentials::table.filter(chat_credentials::public_id.eq(credential_id));
        diesel::delete(row).execute(c)
    });
    deleted.map(|count| count > 0).map_err(|error| connection.write_error(error))
}

/// Deletes up to `limit` credentials that were revoked or expired before `cutoff`, and returns
/// their number; `None` if there is none.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn delete_ended_batch(
    connection: &mut Connection,
    cutoff: Timestamp,
    limit: u32,
) -> Result<Option<u64>> {
    // Each condition has an index.
    let revoked = chat_credentials::revoked_at.lt(cutoff);
    let oldest = chat_credentials::revoked_at.asc();
    let deleted = delete_rows!(connection, chat_credentials, revoked; oldest, limit)?;
    if deleted.is_some() {
        return Ok(deleted);
    }
    let expired = chat_credentials::expires_at.lt(cutoff);
    let oldest = chat_credentials::expires_at.asc();
    delete_rows!(connection, chat_credentials, expired; oldest, limit)
}
