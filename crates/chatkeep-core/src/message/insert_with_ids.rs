//! Writing messages that have their ids already: many at a time, as fast as each engine takes them.

use diesel::mysql::Mysql;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::{ExpressionMethods, QueryResult, RunQueryDsl};

use super::record::Message;
use super::row::{COLUMNS, Row};
use crate::connection::{Connection, CopyRows, MysqlConnection, PgConnection, Session, all_stored};
use crate::error::{Error, Result};
use crate::schema::messages;
use crate::value::Metadata;

/// On MySQL and MariaDB a statement has at most so many rows. It is a power of two, as are the smaller ones: each number
/// of rows is a statement of its own.
const MAX_ROWS: usize = 512;
/// And so many bytes, beyond a single larger message. The driver keeps up to 128 buffers for packets, uses them in turn,
/// and each stays as large as the largest statement it held: 4 MiB here were 210 MB in a process that copies a log.
const MAX_BYTES: u64 = 512 << 10;

/// Stores messages under their own ids, in the transaction that the caller has opened. On PostgreSQL they go in by `COPY`.
/// The numbers that the database gives later are not looked after, nor are the totals.
///
/// # Errors
/// What the database says: an id that is taken, a value that it does not take.
pub fn insert_with_ids(connection: &mut Connection, messages: &[Message]) -> Result<()> {
    let max_bytes =
        connection.max_row_bytes().map_or(MAX_BYTES, |packet| MAX_BYTES.min(packet / 4 * 3));
    let stored = match &mut connection.session {
        Session::Sqlite(c) => messages.iter().try_for_each(|message| {
            let row = (messages::id.eq(message.id), Row::stored(message));
            all_stored(diesel::insert_into(messages::table).values(row).execute(c), 1)
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
    for message in messages {
        rows.row(8);
        rows.integer(Some(message.id));
        rows.integer(Some(message.timestamp.as_postgresql()));
        rows.text(Some(&message.user_message));
        rows.text(message.bot_response.as_deref());
        rows.text(message.provider.as_deref());
        rows.text(message.model.as_deref());
        rows.integer(message.tokens_used);
        rows.json(message.metadata.as_ref().map(Metadata::as_json));
    }
    let copied =
        c.copy_in(&format!("COPY messages (id, {COLUMNS}) FROM STDIN (FORMAT binary)"), rows)?;
    if copied == messages.len() as u64 {
        return Ok(());
    }
    let error = Error::internal(format!("{} rows were copied in, not {}", copied, messages.len()));
    Err(diesel::result::Error::DeserializationError(Box::new(error)))
}

/// Splits by rows and by bytes; a single large message is a chunk of its own.
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
    // The number of rows is part of the text, so the text is the key of the statement cache.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Mysql> for ManyRows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        out.push_sql("INSERT INTO messages (id, ");
        out.push_sql(COLUMNS);
        out.push_sql(") VALUES ");
        for (place, (id, row)) in self.0.iter().enumerate() {
            out.push_sql(if place == 0 { "(" } else { ", (" });
            out.push_bind_param::<BigInt, _>(id)?;
            out.push_sql(", ");
            row.push(&mut out)?;
            out.push_sql(")");
        }
        Ok(())
    }
}

impl<'a> RunQueryDsl<MysqlConnection> for ManyRows<'a> {}
