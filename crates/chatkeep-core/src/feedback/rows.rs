//! The table, and complete rows for copying ratings between databases.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::record::Feedback;
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::schema::messages;

diesel::table! {
    use diesel::sql_types::{BigInt, Integer, Nullable, Text};
    use crate::schema::UtcTimestamp;

    message_feedback (id) {
        id -> BigInt,
        message_id -> BigInt,
        user_key -> Text,
        rating -> Integer,
        comment -> Nullable<Text>,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::joinable!(message_feedback -> messages (message_id));
diesel::allow_tables_to_appear_in_same_query!(message_feedback, messages);
diesel::allow_columns_to_appear_in_same_group_by_clause!(messages::model, message_feedback::rating);

/// Maximum number of ratings that one query returns. Comments are usually short.
const MAX_ROWS: i64 = 1_000;
/// Number of ratings that one statement inserts.
const ROWS_PER_INSERT: usize = 100;

/// Counts all ratings.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn count_all(connection: &mut Connection) -> Result<i64> {
    let counted = on_engine!(connection, c => message_feedback::table.count().get_result::<i64>(c));
    counted.map_err(|error| connection.read_error(error))
}

/// Returns the next ratings with an id greater than `id`, ordered by id. The result is empty at the
/// end.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<Feedback>> {
    let rows = on_engine!(connection, c => message_feedback::table
        .filter(message_feedback::id.gt(id))
        .order(message_feedback::id.asc())
        .limit(MAX_ROWS)
        .load::<Feedback>(c));
    rows.map_err(|error| connection.read_error(error))
}

/// Stores ratings with their ids, in the caller's transaction.
///
/// # Errors
/// The database's error, for example for a duplicate id.
pub fn insert_with_ids(connection: &mut Connection, ratings: &[Feedback]) -> Result<()> {
    for chunk in ratings.chunks(ROWS_PER_INSERT) {
        let stored = on_engine!(connection, c =>
            diesel::insert_into(message_feedback::table).values(chunk.to_vec()).execute(c));
        stored.map_err(|error| connection.write_error(error))?;
    }
    Ok(())
}
