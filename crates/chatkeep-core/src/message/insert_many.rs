//! Writing many messages at once. How their ids come back is where the engines differ most.

use diesel::{QueryResult, RunQueryDsl};

use super::insert::{check, insert, last_inserted_id};
use super::insert_arrays::insert_arrays;
use super::insert_values;
use super::new::NewMessage;
use super::row::Row;
use crate::connection::{BatchIds, Connection, Session, SqliteSession, all_stored};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::messages;
use crate::value::Timestamp;

/// A statement takes at most this many rows and bytes; more are split, inside one transaction.
const MAX_ROWS: usize = 1_000;
const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// On MySQL and MariaDB a statement has any number of rows up to this one, and above it a power of two.
const ANY_SIZE: usize = 64;

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
    let max_bytes =
        connection.max_row_bytes().map_or(MAX_BYTES, |packet| MAX_BYTES.min(packet / 4 * 3));
    let few_sizes = matches!(connection.session, Session::MySql(_));
    let max_rows = if connection.batch_ids() == BatchIds::Single { 1 } else { MAX_ROWS };
    let mut rest = messages;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |message: &&NewMessage| {
            bytes += message.size_in_bytes();
            bytes <= max_bytes
        };
        let mut count = rest.iter().take(max_rows).take_while(fits).count().max(1).min(rest.len());
        if few_sizes && count > ANY_SIZE {
            count = 1 << count.ilog2();
        }
        let (chunk, later) = rest.split_at(count);
        rest = later;
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// Stores these rows in one statement, or on SQLite in one each.
pub(super) fn insert_chunk(connection: &mut Connection, rows: &[Row<'_>]) -> Result<Vec<i64>> {
    let batch_ids = connection.batch_ids();
    let ids = match &mut connection.session {
        Session::Sqlite(c) => insert_each(c, rows),
        Session::PostgreSql(c) => insert_arrays(c, rows),
        Session::MySql(c) => insert_values::insert(c, rows, batch_ids),
    };
    let ids: Vec<i64> = ids.map_err(|error| connection.write_error(error))?;
    if ids.len() == rows.len() {
        Ok(ids)
    } else {
        // The statement has succeeded, so these rows must not be tried again.
        let text = format!(
            "the database returned {} ids for {} messages; which of them are stored is unknown",
            ids.len(),
            rows.len()
        );
        Err(Error::new(ErrorKind::OutcomeUnknown, text))
    }
}

/// Inside a transaction one prepared statement a row is as fast as SQLite gets. Nobody else writes meanwhile, so the ids
/// follow each other. Returning each id would take a quarter longer.
fn insert_each(c: &mut SqliteSession, rows: &[Row<'_>]) -> QueryResult<Vec<i64>> {
    let mut first = 0;
    for (place, row) in rows.iter().enumerate() {
        all_stored(diesel::insert_into(messages::table).values(*row).execute(c), 1)?;
        if place == 0 {
            first = last_inserted_id(c)?;
        }
    }
    let last = if rows.len() > 1 { last_inserted_id(c)? } else { first };
    // A trigger that inserts messages of its own takes ids from among ours. The transaction is undone.
    if last - first + 1 == rows.len() as i64 {
        return Ok((first..=last).collect());
    }
    let error = Error::internal("a trigger on the table messages inserts other messages");
    Err(diesel::result::Error::DeserializationError(Box::new(error)))
}
