//! Bulk inserts of messages that already have ids, by the fastest way of each engine.

use diesel::mysql::Mysql;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::{ExpressionMethods, QueryResult, RunQueryDsl};

use super::record::Message;
use super::row::{DETAIL_COLUMNS, LOG_COLUMNS, Row};
use super::usage::MessageStatus;
use crate::connection::{Connection, CopyRows, MysqlConnection, PgConnection, Session, all_stored};
use crate::error::{Error, Result};
use crate::schema::messages;
use crate::value::{Cost, Metadata};

/// Maximum number of rows in a statement on MySQL and MariaDB.
///
/// Every statement's number of rows is a power of two, because each number needs a prepared
/// statement of its own.
const MAX_ROWS: usize = 512;
/// Maximum size of a statement, in bytes, unless its only message is larger.
///
/// The driver rotates up to 128 packet buffers, and each keeps the size of its largest statement.
/// With 4 MiB here, a process that copied a log used 210 MB.
const MAX_BYTES: u64 = 512 << 10;

/// Stores messages with their own ids, in the caller's transaction. PostgreSQL uses `COPY`.
///
/// Neither the id sequence of the database nor the totals are updated.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database, for example `InvalidInput` (on
/// SQLite `Internal`) if an id already exists.
pub fn insert_with_ids(connection: &mut Connection, messages: &[Message]) -> Result<()> {
    let max_bytes =
        connection.max_row_bytes().map_or(MAX_BYTES, |packet| MAX_BYTES.min(packet / 4 * 3));
    let stored = match &mut connection.session {
        Session::Sqlite(c) => messages.iter().try_for_each(|message| {
            let (id, Row { log, details }) = (messages::id.eq(message.id), Row::stored(message));
            let insert = diesel::insert_into(messages::table);
            let stored = match details {
                None => insert.values((id, log)).execute(c),
                Some(details) => insert.values((id, log, *details)).execute(c),
            };
            all_stored(stored, 1)
        }),
        Session::PostgreSql(c) => copy(c, messages),
        Session::MySql(c) => chunks(messages, max_bytes).try_for_each(|chunk| {
            all_stored(ManyRows::new(chunk).execute(c.as_mut()), chunk.len())
        }),
    };
    stored.map_err(|error| connection.write_error(error))
}

fn copy(c: &mut PgConnection, messages: &[Message]) -> QueryResult<()> {
    let bytes: u64 = messages.iter().map(|message| message.size_in_bytes() + 64).sum();
    let mut rows = CopyRows::with_capacity(usize::try_from(bytes).unwrap_or_default() + 64);
    let has_details = messages.iter().any(Message::has_details);
    for message in messages {
        rows.row();
        rows.integer(Some(message.id));
        rows.integer(Some(message.timestamp.as_postgresql()));
        rows.text(Some(&message.user_message));
        rows.text(message.bot_response.as_deref());
        rows.text(message.provider.as_deref());
        rows.text(message.model.as_deref());
        rows.integer(message.tokens_used);
        rows.json(message.metadata.as_ref().map(Metadata::as_json));
        if has_details {
            copy_details(message, &mut rows);
        }
    }
    let details = if has_details { DETAIL_COLUMNS } else { "" };
    let sql = format!("COPY messages (id, {LOG_COLUMNS}{details}) FROM STDIN (FORMAT binary)");
    let copied = c.copy_in(&sql, rows)?;
    if copied == messages.len() as u64 {
        return Ok(());
    }
    let error = Error::internal(format!("COPY stored {} of {} messages", copied, messages.len()));
    Err(diesel::result::Error::DeserializationError(Box::new(error)))
}

/// Writes the values of [`DETAIL_COLUMNS`].
fn copy_details(message: &Message, rows: &mut CopyRows) {
    rows.integer(message.conversation_id);
    rows.integer(message.user_id);
    rows.integer(message.input_tokens);
    rows.integer(message.output_tokens);
    rows.integer(message.cached_tokens);
    rows.integer(message.reasoning_tokens);
    rows.integer(message.cost.map(Cost::nano_dollars));
    rows.integer(message.latency_ms);
    rows.integer(message.ttft_ms);
    rows.text(message.status.map(MessageStatus::as_str));
    rows.text(message.error.as_deref());
}

/// Splits messages by number and size. A single large message is a chunk of its own.
fn chunks(messages: &[Message], max_bytes: u64) -> impl Iterator<Item = &[Message]> {
    let mut rest = messages;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |message: &&Message| {
            bytes += message.size_in_bytes();
            bytes <= max_bytes
        };
        let count = rest.iter().take(MAX_ROWS).take_while(fits).count().max(1).min(rest.len());
        let (chunk, later) = rest.split_at(if count == 0 { 0 } else { 1 << count.ilog2() });
        rest = later;
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// `INSERT … VALUES (…), (…), …` for MySQL and MariaDB.
struct ManyRows<'a>(Vec<(i64, Row<'a>)>);

impl<'a> ManyRows<'a> {
    fn new(messages: &'a [Message]) -> Self {
        Self(messages.iter().map(|message| (message.id, Row::stored(message))).collect())
    }
}

impl QueryId for ManyRows<'_> {
    type QueryId = ();
    // The SQL depends on the number of rows, so the statement cache is keyed by the SQL text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Mysql> for ManyRows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        let has_details = self.0.iter().any(|(_, row)| row.details.is_some());
        out.push_sql("INSERT INTO messages (id, ");
        out.push_sql(LOG_COLUMNS);
        if has_details {
            out.push_sql(DETAIL_COLUMNS);
        }
        out.push_sql(") VALUES ");
        for (index, (id, row)) in self.0.iter().enumerate() {
            out.push_sql(if index == 0 { "(" } else { ", (" });
            out.push_bind_param::<BigInt, _>(id)?;
            out.push_sql(", ");
            row.push_log(&mut out)?;
            if has_details {
                row.push_details(&mut out)?;
            }
            out.push_sql(")");
        }
        Ok(())
    }
}

impl<'a> RunQueryDsl<MysqlConnection> for ManyRows<'a> {}
