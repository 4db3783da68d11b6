//! Reads of the whole log by ascending id, in chunks, with constant memory.

use diesel::sql_types::BigInt;
use diesel::{ExpressionMethods, QueryDsl, QueryableByName, RunQueryDsl, sql_query};

use super::record::Message;
use crate::connection::{Connection, on_engine};
use crate::engine::Engine;
use crate::error::Result;
use crate::schema::messages;

/// Maximum number of messages in a chunk.
const MAX_ROWS: i64 = 2_000;
/// Maximum size of a chunk, in bytes, unless its only message is larger.
const MAX_BYTES: i64 = 8 << 20;

#[derive(QueryableByName)]
struct Size {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// Returns the next messages after this id by ascending id; an empty list at the end.
///
/// Sizes are queried first, so that thousands of large messages are not read at once.
///
/// # Errors
/// `Unavailable` or another connection error if the database does not answer.
pub fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<Message>> {
    let sizes = sizes(connection, id)?;
    let mut bytes = 0;
    let fits = |size: &&Size| {
        bytes += size.bytes;
        bytes <= MAX_BYTES
    };
    let count = sizes.iter().take_while(fits).count().max(1);
    let Some(last) = sizes.get(count - 1).or(sizes.last()) else { return Ok(Vec::new()) };
    between(connection, id, last.id)
}

fn sizes(connection: &mut Connection, after: i64) -> Result<Vec<Size>> {
    // Every engine knows the length in bytes without reading a long text. Short fields count with
    // their maximum lengths.
    let (length, bind) = match connection.engine() {
        Engine::Sqlite => ("octet_length", "?"),
        Engine::PostgreSql => ("octet_length", "$1"),
        Engine::MySql | Engine::MariaDb => ("LENGTH", "?"),
    };
    let metadata = match connection.engine() {
        Engine::PostgreSql => "pg_column_size(metadata)".to_owned(),
        // The size of MySQL's binary JSON is a sufficient estimate.
        Engine::MySql => "JSON_STORAGE_SIZE(metadata)".to_owned(),
        Engine::Sqlite | Engine::MariaDb => format!("{length}(metadata)"),
    };
    let whole = if connection.engine().is_mysql() { "SIGNED" } else { "BIGINT" };
    let sql = format!(
        "SELECT id, CAST(700 + {length}(user_message) + COALESCE({length}(bot_response), 0) \
         + COALESCE({metadata}, 0) + COALESCE({length}(error), 0) \
         AS {whole}) AS bytes FROM messages WHERE id > {bind} ORDER BY id LIMIT {MAX_ROWS}"
    );
    let sizes =
        on_engine!(connection, c => sql_query(&sql).bind::<BigInt, _>(after).load::<Size>(c));
    sizes.map_err(|error| connection.read_error(error))
}

/// Returns the messages with ids greater than `after` and up to `last`, by ascending id.
fn between(connection: &mut Connection, after: i64, last: i64) -> Result<Vec<Message>> {
    let rows = on_engine!(connection, c => messages::table
        .filter(messages::id.gt(after))
        .filter(messages::id.le(last))
        .order(messages::id.asc())
        .select(messages::all_columns)
        .load::<Message>(c));
    rows.map_err(|error| connection.read_error(error))
}

/// Returns the existing messages among these ids, by ascending id.
///
/// # Errors
/// `Unavailable` or another connection error if the database does not answer.
pub fn with_ids(connection: &mut Connection, ids: &[i64]) -> Result<Vec<Message>> {
    let rows = on_engine!(connection, c => messages::table
        .filter(messages::id.eq_any(ids))
        .order(messages::id.asc())
        .select(messages::all_columns)
        .load::<Message>(c));
    rows.map_err(|error| connection.read_error(error))
}

/// Returns the number of all messages.
///
/// # Errors
/// `Unavailable` or another connection error if the database does not answer.
pub fn count_all(connection: &mut Connection) -> Result<i64> {
    let counted = on_engine!(connection, c => messages::table.count().get_result::<i64>(c));
    counted.map_err(|error| connection.read_error(error))
}
