//! Lists of threads, their users, and the times at which they expire.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::namespaces::key_hash;
use super::record::GraphThread;
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::public_ids::{public_ids_of_users, require_user};
use crate::schema::{Characters, graph_threads};
use crate::value::Timestamp;

/// Returns threads with an id less than `before`, newest first; those of one user if one is given.
///
/// # Errors
/// `InvalidInput` with the field `user_id` if the user does not exist; or an error of the database.
pub fn list_threads(
    connection: &mut Connection,
    user_id: Option<&str>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<GraphThread>> {
    let user = require_user(connection, user_id)?;
    type Row = (i64, String, Option<i64>, Timestamp, Timestamp, Option<Timestamp>);
    let rows = on_engine!(connection, c => {
        let mut query = graph_threads::table
            .filter(graph_threads::id.lt(before.unwrap_or(i64::MAX)))
            .order(graph_threads::id.desc())
            .select((
                graph_threads::id,
                graph_threads::thread,
                graph_threads::user_id,
                graph_threads::created_at,
                graph_threads::updated_at,
                graph_threads::expires_at,
            ))
            .limit(limit)
            .into_boxed();
        if let Some(user) = user {
            query = query.filter(graph_threads::user_id.eq(user));
        }
        query.load::<Row>(c)
    });
    let rows = rows.map_err(|error| connection.read_error(error))?;
    let users = public_ids_of_users(connection, rows.iter().filter_map(|row| row.2))?;
    let threads = rows.into_iter().map(|(id, thread, user, created_at, updated_at, expires_at)| {
        let user_id = user.and_then(|user| users.get(&user).cloned());
        GraphThread { id, thread, user_id, created_at, updated_at, expires_at }
    });
    Ok(threads.collect())
}

/// Sets the time at which a thread expires; `None` means never. Returns false if the thread does
/// not exist.
///
/// # Errors
/// `OutcomeUnknown` or another error of the database.
pub fn set_expiry(
    connection: &mut Connection,
    thread: &str,
    expires_at: Option<Timestamp>,
) -> Result<bool> {
    let hash = key_hash(thread);
    let changed = on_engine!(connection, c => {
        let row = graph_threads::table
            .filter(graph_threads::thread_hash.eq(Characters(hash.as_str())));
        diesel::update(row).set(graph_threads::expires_at.eq(expires_at)).execute(c)
    });
    changed.map(|count| count > 0).map_err(|error| connection.write_error(error))
}

/// Sets the user of a thread; `None` removes it. Returns false if the thread does not exist.
///
/// # Errors
/// `InvalidInput` with the field `user_id` if the user does not exist; or an error of the database.
pub fn set_owner(connection: &mut Connection, thread: &str, user_id: Option<&str>) -> Result<bool> {
    let user = require_user(connection, user_id)?;
    let hash = key_hash(thread);
    let changed = on_engine!(connection, c => {
        let row = graph_threads::table
            .filter(graph_threads::thread_hash.eq(Characters(hash.as_str())));
        diesel::update(row).set(graph_threads::user_id.eq(user)).execute(c)
    });
    changed.map(|count| count > 0).map_err(|error| connection.write_error(error))
}
