//! Reading the whole log in the order of its ids, piece by piece, in flat memory.

use diesel::sql_types::BigInt;
use diesel::{ExpressionMethods, QueryDsl, QueryableByName, RunQueryDsl, sql_query};

use super::record::Message;
use crate::connection::{Connection, on_engine};
use crate::engine::Engine;
use crate::error::Result;
use crate::schema::messages;

/// A piece of the log has at most so many messages…
const MAX_ROWS: i64 = 2_000;
/// …and bytes, unless a single message is larger.
const MAX_BYTES: i64 = 8 << 20;

#[derive(QueryableByName)]
struct Size {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// The next messages behind this id, in the order of their ids; none at the end. Their sizes are asked for first, so that
/// a few thousand large ones are not all read at once.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer.
pub fn behind(connection: &mut Connection, id: i64) -> Result<Vec<Message>> {
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

fn sizes(connection: &mut Connection, behind: i64) -> Result<Vec<Size>> {
    // The length in bytes, which every engine knows without reading a long text. The short fields count by their limits.
    let (length, place) = match connection.engine() {
        Engine::Sqlite => ("octet_length", "?"),
        Engine::PostgreSql => ("octet_length", "$1"),
        Engine::MySql | Engine::MariaDb => ("LENGTH", "?"),
    };
    let metadata = match connection.engine() {
        Engine::PostgreSql => "pg_column_size(metadata)".to_owned(),
        // It keeps JSON in a form of its own, whose size is near enough.
        Engine::MySql => "JSON_STORAGE_SIZE(metadata)".to_owned(),
        Engine::Sqlite | Engine::MariaDb => format!("{length}(metadata)"),
    };
    let whole = if connection.engine().is_mysql() { "SIGNED" } else { "BIGINT" };
    let sql = format!(
        "SELECT id, CAST(600 + {length}(user_message) + COALESCE({length}(bot_response), 0) + COALESCE({metadata}, 0) \
         AS {whole}) AS bytes FROM messages WHERE id > {place} ORDER BY id LIMIT {MAX_ROWS}"
    );
    let sizes =
        on_engine!(connection, c => sql_query(&sql).bind::<BigInt, _>(behind).load::<Size>(c));
    sizes.map_err(|error| connection.read_error(error))
}

/// The messages whose ids are greater than the first number, up to the second, in their order.
fn between(connection: &mut Connection, behind: i64, last: i64) -> Result<Vec<Message>> {
    let rows = on_engine!(connection, c => messages::table
        .filter(messages::id.gt(behind))
        .filter(messages::id.le(last))
        .order(messages::id.asc())
        .select(messages::all_columns)
        .load::<Message>(c));
    rows.map_err(|error| connection.read_error(error))
}

/// Those of these messages that are there, in the order of their ids.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer.
pub fn with_ids(connection: &mut Connection, ids: &[i64]) -> Result<Vec<Message>> {
    let rows = on_engine!(connection, c => messages::table
        .filter(messages::id.eq_any(ids))
        .order(messages::id.asc())
        .select(messages::all_columns)
        .load::<Message>(c));
    rows.map_err(|error| connection.read_error(error))
}

/// How many messages there are, whatever their ids.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer.
pub fn count_all(connection: &mut Connection) -> Result<i64> {
    let counted = on_engine!(connection, c => messages::table.count().get_result::<i64>(c));
    counted.map_err(|error| connection.read_error(error))
}
