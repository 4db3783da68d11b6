//! The sessions of a user.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl,
};

use super::find::{INFO, InfoRow};
use super::record::SessionPage;
use super::touch::MIN_INTERVAL;
use crate::connection::{Connection, on_engine};
use crate::error::{Error, Result};
use crate::message::{Cursor, MAX_LIMIT};
use crate::schema::{chat_users, user_sessions};
use crate::value::{Timestamp, public_id};

#[derive(Queryable)]
struct Row {
    id: i64,
    created_at: Timestamp,
    info: InfoRow,
}

/// Validates the maximum number of sessions of a page.
///
/// # Errors
/// `InvalidInput` with the field `limit`.
pub fn check_limit(limit: i64) -> Result<()> {
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(());
    }
    Err(Error::invalid_input("limit", format!("must be between 1 and {MAX_LIMIT}, not {limit}")))
}

/// Returns a page of a user's sessions, newest first: those that are valid at `now`, or all.
///
/// # Errors
/// `InvalidInput` with the field `limit` or `cursor`; or an error of the database.
pub fn list(
    connection: &mut Connection,
    user_id: &str,
    include_ended: bool,
    limit: i64,
    cursor: Option<&str>,
    now: Timestamp,
) -> Result<SessionPage> {
    check_limit(limit)?;
    let after = cursor.map(str::parse::<Cursor>).transpose()?.map(Cursor::id);
    let mut page = SessionPage { sessions: Vec::new(), next_cursor: None };
    let Some(user) = user_row(connection, user_id)? else { return Ok(page) };
    let idle_since = now.checked_add_microseconds(-MIN_INTERVAL).unwrap_or(Timestamp::MIN);
    let rows = on_engine!(connection, c => {
        let mut query = user_sessions::table
            .inner_join(chat_users::table)
            .filter(user_sessions::user_id.eq(user))
            .order(user_sessions::id.desc())
            .limit(limit + 1)
            .select((user_sessions::id, user_sessions::created_at, INFO))
            .into_boxed();
        if let Some(id) = after {
            query = query.filter(user_sessions::id.lt(id));
        }
        if !include_ended {
            query = query
                .filter(user_sessions::revoked_at.is_null())
                .filter(user_sessions::expires_at.gt(now))
                .filter(
                    user_sessions::idle_expires_at
                        .is_null()
                        .or(user_sessions::idle_expires_at.gt(idle_since)),
                )
                .filter(chat_users::active.eq(true))
                .filter(chat_users::stamp.eq(user_sessions::user_stamp));
        }
        query.load::<Row>(c)
    });
    let mut rows = rows.map_err(|error| connection.read_error(error))?;
    let has_more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let last = rows.last().filter(|_| has_more);
    page.next_cursor = last.map(|row| Cursor::after(row.created_at, row.id).to_string());
    page.sessions = rows.into_iter().map(|row| row.info.into_info(user_id.to_owned())).collect();
    Ok(page)
}

/// Returns the id of a user's row, if the user exists.
pub(super) fn user_row(connection: &mut Connection, public_id: &str) -> Result<Option<i64>> {
    if !public_id::may_exist(public_id) {
        return Ok(None);
    }
    let found = on_engine!(connection, c => chat_users::table
        .filter(chat_users::public_id.eq(public_id))
        .select(chat_users::id)
        .get_result::<i64>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}
