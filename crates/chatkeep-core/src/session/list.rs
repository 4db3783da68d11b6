//! The sessions of a user.

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, Queryable, RunQueryDsl};

use super::find::{INFO, InfoRow};
use super::record::SessionPage;
use super::touch::MIN_INTERVAL;
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::message::{Cursor, next_page};
use crate::public_ids::find_user;
use crate::schema::{chat_users, user_sessions};
use crate::value::{Timestamp, check_limit};

#[derive(Queryable)]
struct Row {
    id: i64,
    created_at: Timestamp,
    info: InfoRow,
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
    let Some(user) = find_user(connection, user_id)? else { return Ok(page) };
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
    page.next_cursor = next_page(&mut rows, limit, |row| Cursor::after(row.created_at, row.id));
    page.sessions = rows.into_iter().map(|row| row.info.into_info(user_id.to_owned())).collect();
    Ok(page)
}
