//! Creation, revocation and deletion of tokens.

use diesel::{BoolExpressionMethods, ExpressionMethods, Insertable, QueryDsl, RunQueryDsl};

use super::owner::active_owner;
use super::plain::PlainToken;
use super::record::{CreatedToken, NewToken};
use super::scopes::{join_scopes, split_scopes};
use crate::connection::{Connection, insert_one, on_engine};
use crate::db_error::constraint::is_reference;
use crate::delete_rows::delete_rows;
use crate::error::{Error, Result};
use crate::public_ids::no_user;
use crate::schema::{Characters, api_tokens};
use crate::value::{Timestamp, check_name};

/// Maximum length of a description, in characters.
pub const MAX_DESCRIPTION: usize = 255;
/// Maximum lifetime in days, about 10,000 years.
const MAX_EXPIRES_DAYS: i64 = 3_650_000;

/// A new row. It contains the hash, never the token.
#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = api_tokens)]
#[diesel(treat_none_as_default_value = false)]
struct NewRow<'a> {
    token_hash: Characters<&'a str>,
    description: &'a str,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    is_active: bool,
    token_start: Option<&'a str>,
    user_id: Option<i64>,
    scopes: Option<&'a str>,
}

/// Returns the time `expires_days` days after `now`.
///
/// # Errors
/// `InvalidInput` with the field `expires_days` unless it is between 1 and 3,650,000 and ends
/// before the year 10000.
pub fn expiry(now: Timestamp, expires_days: i64) -> Result<Timestamp> {
    let end = if (1..=MAX_EXPIRES_DAYS).contains(&expires_days) {
        now.checked_add_days(expires_days)
    } else {
        None
    };
    end.ok_or_else(|| {
        Error::invalid_input(
            "expires_days",
            format!("must be at least 1 and end before the year 10000, not {expires_days}"),
        )
    })
}

/// Validates a description.
///
/// # Errors
/// `InvalidInput` with the field `description` when it has more than 255 characters, or contains a
/// NUL character.
pub fn check_description(description: &str) -> Result<()> {
    check_name("description", description, MAX_DESCRIPTION)
}

/// Creates a token and stores its hash.
///
/// # Errors
/// `InvalidInput` with the field `description`, `expires_days`, `scopes` or `user_id`; or an error
/// of the database.
pub fn create(connection: &mut Connection, new: &NewToken) -> Result<CreatedToken> {
    let description = new.description.as_str();
    check_description(description)?;
    let created_at = Timestamp::now();
    let expires_at = new.expires_days.map(|days| expiry(created_at, days)).transpose()?;
    let scopes = join_scopes(new.scopes.as_deref().unwrap_or_default())?;
    let owner = new.user_id.as_deref().map(|id| active_owner(connection, id)).transpose()?;
    let token = PlainToken::generate()?;
    let hash = token.hash().to_hex();
    let row = NewRow {
        token_hash: Characters(&hash),
        description,
        created_at,
        expires_at,
        is_active: true,
        token_start: Some(token.start()),
        user_id: owner,
        scopes: scopes.as_deref(),
    };
    let id = insert_one!(connection, api_tokens, row);
    let id = id.map_err(|error| {
        let error = connection.insert_error(error);
        match &new.user_id {
            // The owner was deleted since the first query.
            Some(owner) if is_reference(&error) => no_user(owner),
            _ => error,
        }
    })?;
    Ok(CreatedToken {
        token,
        id,
        token_id: id,
        description: description.to_owned(),
        created_at,
        expires_at,
        user_id: new.user_id.clone(),
        scopes: split_scopes(scopes.as_deref()),
    })
}

/// Revokes a token permanently. Returns false if it does not exist or is already revoked.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn revoke(connection: &mut Connection, id: i64) -> Result<bool> {
    let changed = on_engine!(connection, c => {
        let active =
            api_tokens::table.filter(api_tokens::id.eq(id)).filter(api_tokens::is_active.eq(true));
        diesel::update(active)
            .set(api_tokens::is_active.eq(false))
            .execute(c)
    });
    changed.map(|count| count > 0).map_err(|error| connection.write_error(error))
}

/// Deletes the tokens that have expired at `now`, and returns their number.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn delete_expired(connection: &mut Connection, now: Timestamp) -> Result<u64> {
    let deleted = on_engine!(connection, c => {
        diesel::delete(api_tokens::table.filter(api_tokens::expires_at.le(now))).execute(c)
    });
    deleted.map(|count| count as u64).map_err(|error| connection.write_error(error))
}

/// Counts the tokens that have expired at `now`.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn count_expired(connection: &mut Connection, now: Timestamp) -> Result<i64> {
    let counted = on_engine!(connection, c => api_tokens::table
        .filter(api_tokens::expires_at.le(now))
        .count()
        .get_result::<i64>(c));
    counted.map_err(|error| connection.read_error(error))
}

/// Deletes up to `limit` tokens that have expired at `now`, and returns their number; `None` if there
/// is none.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn delete_expired_batch(
    connection: &mut Connection,
    now: Timestamp,
    limit: u32,
) -> Result<Option<u64>> {
    delete_rows!(connection, api_tokens, api_tokens::expires_at.le(now); api_tokens::id.asc(), limit)
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
        let due = api_tokens::last_used_at
            .is_null()
            .or(api_tokens::last_used_at.le(last_used_before));
        diesel::update(api_tokens::table.filter(api_tokens::id.eq(id)).filter(due))
            .set(api_tokens::last_used_at.eq(Some(now)))
            .execute(c)
    });
    changed.map(|count| count > 0).map_err(|error| connection.write_error(error))
}
