//! Writing messages. How the ids come back is where the engines differ most.

use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel::{Insertable, QueryableByName, RunQueryDsl, sql_query};

use super::new::NewMessage;
use crate::connection::{Connection, MysqlConnection, Session};
use crate::error::{Error, Result};
use crate::schema::{Json, Moment, messages};
use crate::value::{Metadata, Timestamp};

/// A statement takes at most this many rows and bytes; more are split, inside one transaction.
const MAX_ROWS: usize = 1_000;
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The values of a row. Every column is named every time, so that the statement is the same and stays prepared.
#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = messages)]
#[diesel(treat_none_as_default_value = false)]
struct Row<'a> {
    timestamp: Timestamp,
    user_message: &'a str,
    bot_response: Option<&'a str>,
    provider: Option<&'a str>,
    model: Option<&'a str>,
    tokens_used: Option<i64>,
    metadata: Option<&'a Metadata>,
}

impl<'a> Row<'a> {
    fn new(message: &'a NewMessage, now: Timestamp) -> Self {
        Self {
            timestamp: message.timestamp.unwrap_or(now),
            user_message: &message.user_message,
            bot_response: message.bot_response.as_deref(),
            provider: message.provider.as_deref(),
            model: message.model.as_deref(),
            tokens_used: message.tokens_used,
            metadata: message.metadata.as_ref(),
        }
    }
}

/// Stores one message in one statement, and returns its id once it is committed.
///
/// # Errors
/// `InvalidInput` with the field's name, before anything is sent; `OutcomeUnknown` when the connection breaks before the
/// database has confirmed.
pub fn insert(connection: &mut Connection, message: &NewMessage) -> Result<i64> {
    check(connection, message)?;
    let row = Row::new(message, Timestamp::now());
    let id = match &mut connection.session {
        Session::Sqlite(c) => {
            diesel::insert_into(messages::table).values(row).returning(messages::id).get_result(c)
        }
        Session::PostgreSql(c) => {
            diesel::insert_into(messages::table).values(row).returning(messages::id).get_result(c.as_mut())
        }
        Session::MySql(c) => {
            let written = diesel::insert_into(messages::table).values(row).execute(c.as_mut());
            written.and_then(|_| c.first_insert_id())
        }
    };
    id.map_err(|error| connection.write_error(error))
}

/// Stores all messages or none, and returns their ids in the same order.
///
/// # Errors
/// `InvalidInput` with the field's name and the message's place (`messages[3].provider`), before anything is sent;
/// otherwise as [`insert`].
pub fn insert_many(connection: &mut Connection, messages: &[NewMessage]) -> Result<Vec<i64>> {
    for (place, message) in messages.iter().enumerate() {
        check(connection, message).map_err(|error| {
            let field = format!("messages[{place}].{}", error.field().unwrap_or("message"));
            error.with_field(field)
        })?;
    }
    let now = Timestamp::now();
    match messages {
        [] => Ok(Vec::new()),
        [message] => insert(connection, message).map(|id| vec![id]),
        _ => connection.transaction(|connection| {
            let mut ids = Vec::with_capacity(messages.len());
            for chunk in chunks(messages) {
                let rows: Vec<_> = chunk.iter().map(|message| Row::new(message, now)).collect();
                ids.extend(insert_chunk(connection, &rows)?);
            }
            Ok(ids)
        }),
    }
}

fn check(connection: &Connection, message: &NewMessage) -> Result<()> {
    message.check()?;
    connection.max_row_bytes().map_or(Ok(()), |limit| message.check_size(limit))
}

/// Splits by rows and by bytes; a single large message is a chunk of its own.
fn chunks(messages: &[NewMessage]) -> impl Iterator<Item = &[NewMessage]> {
    let mut rest = messages;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |message: &&NewMessage| {
            bytes += message.size().0;
            bytes <= MAX_BYTES
        };
        let count = rest.iter().take(MAX_ROWS).take_while(fits).count().max(1).min(rest.len());
        let (chunk, later) = rest.split_at(count);
        rest = later;
        (!chunk.is_empty()).then_some(chunk)
    })
}

fn insert_chunk(connection: &mut Connection, rows: &[Row<'_>]) -> Result<Vec<i64>> {
    let ids = match &mut connection.session {
        // Inside a transaction one prepared statement a row is as fast as SQLite gets.
        Session::Sqlite(c) => rows
            .iter()
            .map(|row| {
                diesel::insert_into(messages::table).values(*row).returning(messages::id).get_result(c)
            })
            .collect(),
        Session::PostgreSql(c) => insert_arrays(c, rows),
        Session::MySql(c) => diesel::insert_into(messages::table)
            .values(rows.to_vec())
            .execute(c.as_mut())
            .and_then(|_| consecutive_ids(c, rows.len())),
    };
    let ids: Vec<i64> = ids.map_err(|error| connection.write_error(error))?;
    if ids.len() == rows.len() {
        Ok(ids)
    } else {
        Err(Error::internal(format!("{} rows were stored, but {} ids came back", rows.len(), ids.len())))
    }
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// One statement for any number of rows: each column travels as an array.
fn insert_arrays(c: &mut crate::connection::PgConnection, rows: &[Row<'_>]) -> diesel::QueryResult<Vec<i64>> {
    fn column<'a, T>(rows: &[Row<'a>], value: impl Fn(&Row<'a>) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    let ids = sql_query(
        "INSERT INTO messages (timestamp, user_message, bot_response, provider, model, tokens_used, metadata) \
         SELECT timestamp, user_message, bot_response, provider, model, tokens_used, metadata \
         FROM unnest($1, $2, $3, $4, $5, $6, $7) WITH ORDINALITY \
         AS given (timestamp, user_message, bot_response, provider, model, tokens_used, metadata, place) \
         ORDER BY place RETURNING id",
    )
    .bind::<Array<Moment>, _>(column(rows, |row| row.timestamp))
    .bind::<Array<Text>, _>(column(rows, |row| row.user_message))
    .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.bot_response))
    .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.provider))
    .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.model))
    .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.tokens_used))
    .bind::<Array<Nullable<Json>>, _>(column(rows, |row| row.metadata))
    .load::<Id>(c)?;
    // Rows are numbered in the order in which they are read, whatever order they are returned in.
    let mut ids: Vec<_> = ids.into_iter().map(|row| row.id).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// InnoDB numbers the rows of one insert of a known number of rows without gaps, in steps of `auto_increment_increment`
/// (MySQL's manual, "AUTO_INCREMENT Handling in InnoDB": simple inserts). The step differs from 1 on Galera and on
/// servers that replicate both ways.
fn consecutive_ids(c: &mut MysqlConnection, count: usize) -> diesel::QueryResult<Vec<i64>> {
    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = BigInt)]
        step: i64,
    }
    let first = c.first_insert_id()?;
    let step =
        sql_query("SELECT CAST(@@auto_increment_increment AS SIGNED) AS step").get_result::<Step>(c)?.step;
    Ok((0..).map(|place| first + place * step).take(count).collect())
}
