//! Writing many messages at once. How their ids come back is where the engines differ most.

use diesel::mysql::Mysql;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl};

use super::insert::{check, insert, last_inserted_id};
use super::new::NewMessage;
use super::row::{COLUMNS, Row};
use crate::connection::{Connection, MysqlConnection, PgConnection, Session};
use crate::error::{Error, Result};
use crate::schema::{Json, Moment, messages};
use crate::value::{Metadata, Timestamp};

/// A statement takes at most this many rows and bytes; more are split, inside one transaction.
const MAX_ROWS: usize = 1_000;
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Stores all messages or none, and returns their ids in the same order.
///
/// # Errors
/// `InvalidInput` with the field's name and the message's place (`messages[3].provider`), before anything is sent;
/// otherwise as [`insert`].
pub fn insert_many(connection: &mut Connection, messages: &[NewMessage]) -> Result<Vec<i64>> {
    check_each(messages, |message| check(connection, message))?;
    if let [message] = messages {
        return insert(connection, message).map(|id| vec![id]);
    }
    insert_checked(connection, messages)
}

fn insert_checked(connection: &mut Connection, messages: &[NewMessage]) -> Result<Vec<i64>> {
    let now = Timestamp::now();
    match messages {
        [] => Ok(Vec::new()),
        // On a server one statement is a transaction by itself, which spares two round trips.
        _ if connection.engine().is_server() && chunks(connection, messages).nth(1).is_none() => {
            let rows: Vec<_> = messages.iter().map(|message| Row::new(message, now)).collect();
            insert_chunk(connection, &rows)
        }
        _ => connection.transaction(|connection| {
            let mut ids = Vec::with_capacity(messages.len());
            for chunk in chunks(connection, messages) {
                let rows: Vec<_> = chunk.iter().map(|message| Row::new(message, now)).collect();
                ids.extend(insert_chunk(connection, &rows)?);
            }
            Ok(ids)
        }),
    }
}

/// Whether all these messages can be stored, as far as that can be told without a database.
///
/// # Errors
/// `InvalidInput` with the message's place and field (`messages[3].provider`).
pub fn check_many(messages: &[NewMessage]) -> Result<()> {
    check_each(messages, NewMessage::check)
}

fn check_each(messages: &[NewMessage], check: impl Fn(&NewMessage) -> Result<()>) -> Result<()> {
    for (place, message) in messages.iter().enumerate() {
        check(message).map_err(|error| {
            let field = format!("messages[{place}].{}", error.field().unwrap_or("message"));
            error.with_field(field)
        })?;
    }
    Ok(())
}

/// Splits by rows and by bytes; a single large message is a chunk of its own. On MySQL and MariaDB so that there are few
/// numbers of rows: each is a statement of its own, and several that are prepared are faster than one that is not.
fn chunks<'a>(
    connection: &Connection,
    messages: &'a [NewMessage],
) -> impl Iterator<Item = &'a [NewMessage]> + use<'a> {
    // A quarter of the server's packet is left for what stands around the values.
    let max_bytes = connection.max_row_bytes().map_or(MAX_BYTES, |packet| MAX_BYTES.min(packet / 4 * 3));
    let few_sizes = matches!(connection.session, Session::MySql(_));
    let mut rest = messages;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |message: &&NewMessage| {
            bytes += message.size_in_bytes();
            bytes <= max_bytes
        };
        let mut count = rest.iter().take(MAX_ROWS).take_while(fits).count().max(1).min(rest.len());
        if few_sizes && count > ANY_SIZE {
            count = 1 << count.ilog2();
        }
        let (chunk, later) = rest.split_at(count);
        rest = later;
        (!chunk.is_empty()).then_some(chunk)
    })
}

pub(super) fn insert_chunk(connection: &mut Connection, rows: &[Row<'_>]) -> Result<Vec<i64>> {
    let step = connection.id_step();
    let ids = match &mut connection.session {
        // Inside a transaction one prepared statement a row is as fast as SQLite gets. Nobody else writes meanwhile, so their
        // numbers follow each other; to have each returned would take a quarter longer.
        Session::Sqlite(c) => rows
            .iter()
            .try_for_each(|row| diesel::insert_into(messages::table).values(*row).execute(c).map(drop))
            .and_then(|()| last_inserted_id(c))
            .map(|last| (last + 1 - rows.len() as i64..=last).collect()),
        Session::PostgreSql(c) => insert_arrays(c, rows),
        Session::MySql(c) => ManyRows(rows)
            .execute(c.as_mut())
            .and_then(|_| c.first_insert_id())
            .map(|first| (0..).map(|place| first + place * step).take(rows.len()).collect()),
    };
    let ids: Vec<i64> = ids.map_err(|error| connection.write_error(error))?;
    if ids.len() == rows.len() {
        Ok(ids)
    } else {
        Err(Error::internal(format!("{} rows were stored, but {} ids came back", rows.len(), ids.len())))
    }
}

/// One statement for any number of rows, which stays prepared: each column travels as an array.
struct Arrays<'a> {
    timestamp: Vec<Timestamp>,
    user_message: Vec<&'a str>,
    bot_response: Vec<Option<&'a str>>,
    provider: Vec<Option<&'a str>>,
    model: Vec<Option<&'a str>>,
    tokens_used: Vec<Option<i64>>,
    metadata: Vec<Option<&'a Metadata>>,
}

impl<'a> Arrays<'a> {
    fn new(rows: &[Row<'a>]) -> Self {
        Self {
            timestamp: rows.iter().map(|row| row.timestamp).collect(),
            user_message: rows.iter().map(|row| row.user_message).collect(),
            bot_response: rows.iter().map(|row| row.bot_response).collect(),
            provider: rows.iter().map(|row| row.provider).collect(),
            model: rows.iter().map(|row| row.model).collect(),
            tokens_used: rows.iter().map(|row| row.tokens_used).collect(),
            metadata: rows.iter().map(|row| row.metadata).collect(),
        }
    }
}

impl QueryId for Arrays<'_> {
    type QueryId = Arrays<'static>;
    // The text never changes. (Diesel's `sql_query` is never kept prepared, which costs a round trip and the planning.)
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Arrays<'_> {
    type SqlType = BigInt;
}

impl QueryFragment<Pg> for Arrays<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO messages (timestamp, user_message, bot_response, provider, model, tokens_used, metadata) \
             SELECT timestamp, user_message, bot_response, provider, model, tokens_used, metadata FROM unnest(",
        );
        out.push_bind_param::<Array<Moment>, _>(&self.timestamp)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.user_message)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.bot_response)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.provider)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.model)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.tokens_used)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Json>>, _>(&self.metadata)?;
        out.push_sql(
            ") WITH ORDINALITY \
             AS given (timestamp, user_message, bot_response, provider, model, tokens_used, metadata, place) \
             ORDER BY place RETURNING id",
        );
        Ok(())
    }
}

impl RunQueryDsl<PgConnection> for Arrays<'_> {}

fn insert_arrays(c: &mut PgConnection, rows: &[Row<'_>]) -> QueryResult<Vec<i64>> {
    let mut ids = Arrays::new(rows).load::<i64>(c)?;
    // Rows are numbered in the order in which they are read, whatever order they are returned in.
    ids.sort_unstable();
    Ok(ids)
}

/// `INSERT … VALUES (…), (…), …` for MySQL and MariaDB.
///
/// InnoDB numbers the rows of one insert of a known number of rows without gaps, in steps of `auto_increment_increment`
/// (MySQL's manual, "AUTO_INCREMENT Handling in InnoDB": simple inserts). So the first id, which comes with the answer,
/// tells all of them.
struct ManyRows<'a>(&'a [Row<'a>]);

/// A statement may have any number of rows up to this one; above it a power of two.
const ANY_SIZE: usize = 64;

impl QueryId for ManyRows<'_> {
    type QueryId = ();
    // The number of rows is part of the text, so the text is the key of the statement cache.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Mysql> for ManyRows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        out.push_sql("INSERT INTO messages (");
        out.push_sql(COLUMNS);
        out.push_sql(") VALUES ");
        for (place, row) in self.0.iter().enumerate() {
            out.push_sql(if place == 0 { "(" } else { ", (" });
            row.push(&mut out)?;
            out.push_sql(")");
        }
        Ok(())
    }
}

impl<'a> RunQueryDsl<MysqlConnection> for ManyRows<'a> {}
