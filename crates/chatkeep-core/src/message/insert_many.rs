//! Inserts of many messages. The engines differ most in how they return ids.

use diesel::{QueryResult, RunQueryDsl};

use super::insert::{check, insert};
use super::insert_arrays::insert_arrays;
use super::insert_values;
use super::new::NewMessage;
use super::row::Row;
use super::turns::{activity_of, have_turns, touch_conversations};
use crate::connection::{
    BatchIds, Connection, Session, SqliteSession, all_stored, last_inserted_id,
};
use crate::conversation::Activity;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::messages;
use crate::value::Timestamp;

/// Maximum number of rows in a statement. More are split into statements of one transaction.
const MAX_ROWS: usize = 1_000;
/// Maximum size of a statement's rows, in bytes, unless its only message is larger.
const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// Size of a message's numbers that [`NewMessage::size_in_bytes`] does not count.
const DETAIL_BYTES: u64 = 128;
/// Number of rows above which statements on MySQL and MariaDB have a power of two of rows.
const ANY_SIZE: usize = 64;

/// Stores all messages or none, and returns their ids in the same order.
///
/// # Errors
/// `InvalidInput` with the message's index and field (`messages[3].provider`), before anything is
/// sent; `OutcomeUnknown` if the connection breaks before the database confirms the commit; or
/// another error of the database.
pub fn insert_many(connection: &mut Connection, messages: &[NewMessage]) -> Result<Vec<i64>> {
    check_each(messages, |message| check(connection, message))?;
    if let [message] = messages {
        return insert(connection, message).map(|id| vec![id]);
    }
    insert_checked(connection, messages)
}

/// Stores validated messages, all or none, and returns their ids in the same order.
///
/// # Errors
/// `InvalidInput` with the field `conversation_id` if a conversation does not exist;
/// `OutcomeUnknown` or another error of the database.
pub(super) fn insert_checked(
    connection: &mut Connection,
    messages: &[NewMessage],
) -> Result<Vec<i64>> {
    let now = Timestamp::now();
    match messages {
        [] => Ok(Vec::new()),
        // On a server a single statement needs no explicit transaction. This saves round trips.
        _ if is_one_statement(connection, messages) => {
            let rows: Vec<_> = messages.iter().map(|message| Row::new(message, now)).collect();
            insert_chunk(connection, &rows, &activity_of(messages, now))
        }
        _ => connection.transaction(|connection| insert_in_transaction(connection, messages, now)),
    }
}

/// Returns whether one statement can store these messages, with the activity in their conversations.
fn is_one_statement(connection: &Connection, messages: &[NewMessage]) -> bool {
    let can_insert = match connection.engine() {
        Engine::Sqlite => false,
        Engine::PostgreSql => true,
        Engine::MariaDb | Engine::MySql => !have_turns(messages),
    };
    can_insert && chunks(connection, messages).nth(1).is_none()
}

/// Stores validated messages in the caller's transaction, and returns their ids in the same order.
///
/// # Errors
/// `InvalidInput` with the field `conversation_id` if a conversation does not exist; or an error of
/// the database.
pub(crate) fn insert_in_transaction(
    connection: &mut Connection,
    messages: &[NewMessage],
    now: Timestamp,
) -> Result<Vec<i64>> {
    if have_turns(messages) {
        touch_conversations(connection, messages, now)?;
    }
    let mut ids = Vec::with_capacity(messages.len());
    for chunk in chunks(connection, messages) {
        let rows: Vec<_> = chunk.iter().map(|message| Row::new(message, now)).collect();
        ids.extend(insert_chunk(connection, &rows, &[])?);
    }
    Ok(ids)
}

/// Validates all these messages without a database.
///
/// # Errors
/// `InvalidInput` with the message's index and field (`messages[3].provider`).
pub fn check_many(messages: &[NewMessage]) -> Result<()> {
    check_each(messages, NewMessage::check)
}

fn check_each(messages: &[NewMessage], check: impl Fn(&NewMessage) -> Result<()>) -> Result<()> {
    for (index, message) in messages.iter().enumerate() {
        check(message).map_err(|error| {
            let field = format!("messages[{index}].{}", error.field().unwrap_or("message"));
            error.with_field(field)
        })?;
    }
    Ok(())
}

/// Splits messages by number and size. A single large message is a chunk of its own.
///
/// On MySQL and MariaDB each number of rows needs a statement of its own. Few distinct numbers are
/// used, because several prepared statements are faster than one unprepared.
fn chunks<'a>(
    connection: &Connection,
    messages: &'a [NewMessage],
) -> impl Iterator<Item = &'a [NewMessage]> + use<'a> {
    // A quarter of the server's packet is reserved for the SQL around the values.
    let max_bytes =
        connection.max_row_bytes().map_or(MAX_BYTES, |packet| MAX_BYTES.min(packet / 4 * 3));
    let few_sizes = matches!(connection.session, Session::MySql(_));
    let max_rows = if connection.batch_ids() == BatchIds::Single { 1 } else { MAX_ROWS };
    let mut rest = messages;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |message: &&NewMessage| {
            bytes += message.size_in_bytes() + if message.has_details() { DETAIL_BYTES } else { 0 };
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

/// Stores these rows in one statement, or on SQLite in one statement per row. On PostgreSQL, the
/// statement also records `activity`. On other engines there is none: the caller has recorded it.
pub(super) fn insert_chunk(
    connection: &mut Connection,
    rows: &[Row<'_>],
    activity: &[Activity],
) -> Result<Vec<i64>> {
    debug_assert!(activity.is_empty() || connection.engine() == Engine::PostgreSql);
    let batch_ids = connection.batch_ids();
    let ids = match &mut connection.session {
        Session::Sqlite(c) => insert_each(c, rows),
        Session::PostgreSql(c) => insert_arrays(c, rows, activity),
        Session::MySql(c) => insert_values::insert(c, rows, batch_ids),
    };
    let ids: Vec<i64> = ids.map_err(|error| connection.insert_error(error))?;
    if ids.len() == rows.len() {
        Ok(ids)
    } else {
        // The statement succeeded, so these rows must not be retried.
        let text = format!(
            "the database returned {} ids for {} messages; it is unknown which are stored",
            ids.len(),
            rows.len()
        );
        Err(Error::new(ErrorKind::OutcomeUnknown, text))
    }
}

/// Stores rows with one prepared statement per row, the fastest way on SQLite.
///
/// No other connection can write during the transaction, so ids are consecutive. Returning each id
/// would take 25 % longer.
fn insert_each(c: &mut SqliteSession, rows: &[Row<'_>]) -> QueryResult<Vec<i64>> {
    let mut first = 0;
    for (index, row) in rows.iter().enumerate() {
        let insert = diesel::insert_into(messages::table);
        let stored = match row.details.as_deref() {
            None => insert.values(row.log).execute(c),
            Some(details) => insert.values((row.log, *details)).execute(c),
        };
        all_stored(stored, 1)?;
        if index == 0 {
            first = last_inserted_id(c)?;
        }
    }
    let last = if rows.len() > 1 { last_inserted_id(c)? } else { first };
    // A trigger that inserts other messages uses ids from this range. The transaction is rolled
    // back.
    if last - first + 1 == rows.len() as i64 {
        return Ok((first..=last).collect());
    }
    let error = Error::internal(
        "ids are not consecutive: a trigger on the table messages inserts other messages",
    );
    Err(diesel::result::Error::DeserializationError(Box::new(error)))
}
