//! Complete rows of streams and chunks, for copying them between databases.

use diesel::connection::DefaultLoadingMode;
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, RunQueryDsl};

use super::insert_chunks::{ChunkRow, insert_each};
use crate::connection::{Connection, RowBudget, all_stored, on_engine};
use crate::error::Result;
use crate::schema::{chat_streams, stream_chunks};
use crate::value::{Cost, Metadata, Timestamp};

/// Maximum number of rows that one query returns.
const MAX_ROWS: i64 = 2_000;
/// Maximum size of the rows that one query returns, in bytes, unless the first row is larger.
const MAX_BYTES: usize = 4 << 20;

/// A stream with all its columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = chat_streams)]
#[diesel(treat_none_as_default_value = false)]
pub struct StoredStream {
    /// Internal id.
    pub id: i64,
    /// Public id.
    pub public_id: String,
    /// Internal id of the conversation.
    pub conversation_id: Option<i64>,
    /// Internal id of the user.
    pub user_id: Option<i64>,
    /// Internal id of the open turn.
    pub turn_id: Option<i64>,
    /// Kind of the stream.
    pub kind: String,
    /// Provider of the model.
    pub provider: Option<String>,
    /// Model that generates the text.
    pub model: Option<String>,
    /// Name of the state.
    pub status: String,
    /// Number of the last stored chunk.
    pub last_seq: i64,
    /// Time at which a cancellation was requested.
    pub cancel_requested_at: Option<Timestamp>,
    /// Number of tokens that were used.
    pub tokens: Option<i64>,
    /// Cost in US dollars.
    pub cost: Option<Cost>,
    /// Reason of a failure.
    pub error: Option<String>,
    /// Additional data.
    pub metadata: Option<Metadata>,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// Time at which the stream ended.
    pub finished_at: Option<Timestamp>,
}

/// A chunk with all its columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = stream_chunks)]
pub struct StoredChunk {
    /// Internal id.
    pub id: i64,
    /// Internal id of the stream.
    pub stream_id: i64,
    /// Number of the chunk in its stream.
    pub seq: i64,
    /// The text.
    pub content: String,
    /// Time at which it was stored.
    pub created_at: Timestamp,
}

/// Returns the next streams with an internal id greater than `id`, ordered by id. The result is
/// empty at the end.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn streams_after_id(connection: &mut Connection, id: i64) -> Result<Vec<StoredStream>> {
    let budget = RowBudget::bytes(MAX_BYTES);
    let size = |row: &StoredStream| {
        let metadata = row.metadata.as_ref().map_or(0, |metadata| metadata.as_json().len());
        600 + metadata + row.error.as_ref().map_or(0, String::len)
    };
    let read = |connection: &mut Connection| {
        let rows = on_engine!(connection, c => chat_streams::table
            .filter(chat_streams::id.gt(id))
            .order(chat_streams::id.asc())
            .select(chat_streams::all_columns)
            .limit(MAX_ROWS)
            .load_iter::<StoredStream, DefaultLoadingMode>(c)
            .and_then(|rows| first(rows, budget, size)));
        rows.map_err(|error| connection.read_error(error))
    };
    connection.within_budget(budget, read).map(|(rows, _)| rows)
}

/// Returns the next chunks with an internal id greater than `id`, ordered by id. The result is
/// empty at the end.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn chunks_after_id(connection: &mut Connection, id: i64) -> Result<Vec<StoredChunk>> {
    let budget = RowBudget::bytes(MAX_BYTES);
    let read = |connection: &mut Connection| {
        let rows = on_engine!(connection, c => stream_chunks::table
            .filter(stream_chunks::id.gt(id))
            .order(stream_chunks::id.asc())
            .select(stream_chunks::all_columns)
            .limit(MAX_ROWS)
            .load_iter::<StoredChunk, DefaultLoadingMode>(c)
            .and_then(|rows| first(rows, budget, |row| row.content.len() + 32)));
        rows.map_err(|error| connection.read_error(error))
    };
    connection.within_budget(budget, read).map(|(rows, _)| rows)
}

/// Returns the first rows within the budget. SQLite reads only one row that it leaves out.
pub(super) fn first<T>(
    rows: impl Iterator<Item = diesel::QueryResult<T>>,
    mut budget: RowBudget,
    size: impl Fn(&T) -> usize,
) -> diesel::QueryResult<Vec<T>> {
    let mut kept = Vec::new();
    for row in rows {
        let row = row?;
        if !budget.keeps(size(&row)) {
            break;
        }
        kept.push(row);
    }
    Ok(kept)
}

/// Counts all streams.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn count_all_streams(connection: &mut Connection) -> Result<i64> {
    let counted = on_engine!(connection, c => chat_streams::table.count().get_result::<i64>(c));
    counted.map_err(|error| connection.read_error(error))
}

/// Counts all chunks.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn count_all_chunks(connection: &mut Connection) -> Result<i64> {
    let counted = on_engine!(connection, c => stream_chunks::table.count().get_result::<i64>(c));
    counted.map_err(|error| connection.read_error(error))
}

/// Stores streams with their ids, in the caller's transaction. The database's id sequence is not
/// advanced.
///
/// # Errors
/// The database's error, for example for a duplicate id.
pub fn insert_streams_with_ids(connection: &mut Connection, rows: &[StoredStream]) -> Result<()> {
    let stored = rows.iter().try_for_each(|row| {
        on_engine!(connection, c => {
            all_stored(diesel::insert_into(chat_streams::table).values(row).execute(c), 1)
        })
    });
    stored.map_err(|error| connection.write_error(error))
}

/// Stores chunks with their ids, in the caller's transaction. The database's id sequence is not
/// advanced.
///
/// # Errors
/// The database's error, for example for a duplicate id.
pub fn insert_chunks_with_ids(connection: &mut Connection, rows: &[StoredChunk]) -> Result<()> {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let chunk = ChunkRow {
                stream_id: row.stream_id,
                seq: row.seq,
                content: &row.content,
                created_at: row.created_at,
            };
            (stream_chunks::id.eq(row.id), chunk)
        })
        .collect();
    let max_bytes = super::insert_chunks::max_bytes(connection);
    let stored = insert_each!(connection, &rows, max_bytes, |row| row.1.content.len());
    stored.map_err(|error| connection.write_error(error))
}
