//! Rotation: a token keeps its id and gets a new secret.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use super::find::get;
use super::plain::PlainToken;
use super::record::{CreatedToken, TokenReason};
use crate::connection::{Connection, on_engine};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Characters, api_tokens};
use crate::value::Timestamp;

/// Maximum grace period, in seconds: 30 days.
const MAX_GRACE: i64 = 30 * 86_400;

/// Returns the time until which a token that is replaced at `now` stays valid. `None` means that it
/// is invalid at once.
///
/// # Errors
/// `InvalidInput` with the field `grace_seconds` unless it is between 0 and 2,592,000.
pub fn grace_end(now: Timestamp, grace_seconds: i64) -> Result<Option<Timestamp>> {
    if !(0..=MAX_GRACE).contains(&grace_seconds) {
        let message = format!("must be between 0 and {MAX_GRACE}, not {grace_seconds}");
        return Err(Error::invalid_input("grace_seconds", message));
    }
    let end = now.checked_add_microseconds(grace_seconds * 1_000_000).unwrap_or(Timestamp::MAX);
    Ok((grace_seconds > 0).then_some(end))
}

/// Replaces the secret of a token, which keeps its id. Returns `None` if there is no such token, or
/// it is revoked or has expired at `now`.
///
/// # Errors
/// `InvalidInput` with the field `grace_seconds`; `Conflict` when the token was changed in the
/// meantime; or another error of the database.
pub fn rotate(
    connection: &mut Connection,
    id: i64,
    grace_seconds: i64,
    now: Timestamp,
) -> Result<Option<CreatedToken>> {
    let previous_until = grace_end(now, grace_seconds)?;
    let current = on_engine!(connection, c => api_tokens::table
        .filter(api_tokens::id.eq(id))
        .select(api_tokens::token_hash)
        .get_result::<Characters<String>>(c)
        .optional());
    let current = current.map_err(|error| connection.read_error(error))?;
    let (Some(current), Some(info)) = (current, get(connection, id)?) else { return Ok(None) };
    if TokenReason::of(&info, now) != TokenReason::Valid {
        return Ok(None);
    }
    let token = PlainToken::generate()?;
    let hash = token.hash().to_hex();
    let previous_hash = previous_until.is_some().then_some(Characters(&current.0));
    let changed = on_engine!(connection, c => {
        let unchanged = api_tokens::table
            .filter(api_tokens::id.eq(id))
            .filter(api_tokens::token_hash.eq(Characters(&current.0)))
            .filter(api_tokens::is_active.eq(true));
        diesel::update(unchanged)
            .set((
                api_tokens::token_hash.eq(Characters(&hash)),
                api_tokens::token_start.eq(Some(token.start())),
                api_tokens::previous_hash.eq(previous_hash),
                api_tokens::previous_until.eq(previous_until),
            ))
            .execute(c)
    });
    if changed.map_err(|error| connection.write_error(error))? == 0 {
        return Err(Error::new(
            ErrorKind::Conflict,
            format!("the token {id} was changed by another call in the meantime"),
        ));
    }
    Ok(Some(CreatedToken {
        token,
        id,
        token_id: id,
        description: info.description,
        created_at: info.created_at,
        expires_at: info.expires_at,
        user_id: info.user_id,
        scopes: info.scopes,
    }))
}
