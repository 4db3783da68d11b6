//! The end of sessions, and deletion some time after it.

use diesel::{BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::public_ids::find_user;
use crate::schema::{Characters, user_sessions};
use crate::value::{Timestamp, public_id};

/// Why a session is revoked. The names are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By its id.
    Revoked,
    /// By its secret.
    Logout,
    /// With all sessions of the user.
    RevokedAll,
    /// A replaced secret was used again.
    Reuse,
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Logout => "logout",
            Self::RevokedAll => "revoked_all",
            Self::Reuse => "reuse",
        }
    }
}

/// The columns that end a session. Without the salt, no secret can be derived any more.
macro_rules! ended {
    ($end:expr, $now:expr) => {
        (
            user_sessions::revoked_at.eq(Some($now)),
            user_sessions::reason.eq(Some($end.name())),
            user_sessions::rotation_salt.eq(None::<Characters<&str>>),
        )
    };
}

/// Ends a session that has not ended at `now`, by the id of its row. Returns whether it did.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn end_by_id(connection: &mut Connection, id: i64, by: End, now: Timestamp) -> Result<bool> {
    end(connection, id, None, by, now)
}

/// Ends a session that has not ended at `now`, and has this hash if one is given. Returns whether
/// it did.
pub(super) fn end(
    connection: &mut Connection,
    id: i64,
    token_hash: Option<&str>,
    by: End,
    now: Timestamp,
) -> Result<bool> {
    let changed = on_engine!(connection, c => {
        let open = user_sessions::table
            .filter(user_sessions::id.eq(id))
            .filter(user_sessions::revoked_at.is_null())
            .filter(user_sessions::expires_at.gt(now));
        match token_hash {
            None => diesel::update(open).set(ended!(by, now)).execute(c),
            Some(hash) => {
                let unchanged = open.filter(user_sessions::token_hash.eq(Characters(hash)));
                diesel::update(unchanged).set(ended!(by, now)).execute(c)
            }
        }
    });
    changed.map(|count| count > 0).map_err(|error| connection.write_error(error))
}

/// Ends a session that has not ended at `now`. Returns the id of its row, if it exists, and whether
/// this call ended it.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn end_by_public_id(
    connection: &mut Connection,
    public_id: &str,
    end: End,
    now: Timestamp,
) -> Result<Option<(i64, bool)>> {
    if !public_id::may_exist(public_id) {
        return Ok(None);
    }
    let found = on_engine!(connection, c => user_sessions::table
        .filter(user_sessions::public_id.eq(public_id))
        .select(user_sessions::id)
        .get_result::<i64>(c)
        .optional());
    let Some(id) = found.map_err(|error| connection.read_error(error))? else { return Ok(None) };
    Ok(Some((id, end_by_id(connection, id, end, now)?)))
}

/// Ends all sessions of a user that have not ended at `now`, except one, and returns their number.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn end_of_user(
    connection: &mut Connection,
    user_id: &str,
    except: Option<&str>,
    now: Timestamp,
) -> Result<u64> {
    let Some(user) = find_user(connection, user_id)? else { return Ok(0) };
    // No public id is empty.
    let except = except.filter(|id| public_id::may_exist(id)).unwrap_or_default();
    let changed = on_engine!(connection, c => {
        let open = user_sessions::table
            .filter(user_sessions::user_id.eq(user))
            .filter(user_sessions::revoked_at.is_null())
            .filter(user_sessions::expires_at.gt(now))
            .filter(user_sessions::public_id.ne(except));
        diesel::update(open).set(ended!(End::RevokedAll, now)).execute(c)
    });
    changed.map(|count| count as u64).map_err(|error| connection.write_error(error))
}

/// Deletes up to `limit` sessions that ended before `cutoff`, and returns their number. `None` means
/// that none is left.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn delete_ended_batch(
    connection: &mut Connection,
    cutoff: Timestamp,
    limit: u32,
) -> Result<Option<u64>> {
    let mut ids = Vec::new();
    for end in [By::Expiry, By::Revocation, By::Inactivity] {
        if ids.is_empty() {
            ids = ids_before(connection, cutoff, limit, end)?;
        }
    }
    if ids.is_empty() {
        return Ok(None);
    }
    let deleted = on_engine!(connection, c => {
        // A use may have been recorded since.
        let ended = user_sessions::expires_at
            .lt(cutoff)
            .or(user_sessions::revoked_at.lt(cutoff))
            .or(user_sessions::idle_expires_at.lt(cutoff));
        diesel::delete(user_sessions::table.filter(user_sessions::id.eq_any(&ids)).filter(ended))
            .execute(c)
    });
    deleted.map(|count| Some(count as u64)).map_err(|error| connection.write_error(error))
}

/// What ended the sessions. Each has an index.
#[derive(Clone, Copy)]
enum By {
    Expiry,
    Revocation,
    Inactivity,
}

/// Returns the ids of sessions that ended before `cutoff`.
fn ids_before(
    connection: &mut Connection,
    cutoff: Timestamp,
    limit: u32,
    end: By,
) -> Result<Vec<i64>> {
    let limit = i64::from(limit);
    let ids = on_engine!(connection, c => {
        let ids = user_sessions::table.select(user_sessions::id).limit(limit);
        match end {
            By::Expiry => ids
                .filter(user_sessions::expires_at.lt(cutoff))
                .order(user_sessions::expires_at.asc())
                .load::<i64>(c),
            By::Revocation => ids
                .filter(user_sessions::revoked_at.lt(cutoff))
                .order(user_sessions::revoked_at.asc())
                .load::<i64>(c),
            By::Inactivity => ids
                .filter(user_sessions::idle_expires_at.lt(cutoff))
                .order(user_sessions::idle_expires_at.asc())
                .load::<i64>(c),
        }
    });
    ids.map_err(|error| connection.read_error(error))
}
