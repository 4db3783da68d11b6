//! The marker of an incomplete database. It is written before the first row of a transfer and
//! removed after the last one. Every [`Chatkeep`](https://docs.rs/chatkeep) checks it when it
//! opens, so that no program uses incomplete data.

use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use crate::connection::{Connection, on_engine};
use crate::error::{Error, ErrorKind, Result, SchemaState};
use crate::schema::unfinished_transfer;
use crate::value::Timestamp;

const ROW: i32 = 0;
/// Kind of a row that marks the deletion of all rows. The value is stored, so it must not change.
const TRUNCATE: &str = "emptying";

/// The progress of a transfer into this database.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = unfinished_transfer)]
#[non_exhaustive]
pub struct Unfinished {
    id: i32,
    /// The operation: `copy` or `restore`.
    pub kind: String,
    /// The source of the rows without secrets, at most 255 characters.
    pub source: String,
    /// The greatest message id stored so far.
    pub last_message: i64,
    /// Number of messages stored so far.
    pub messages: i64,
    /// The greatest token id stored so far.
    pub last_token: i64,
    /// Number of tokens stored so far.
    pub tokens: i64,
    /// Start time of the transfer.
    pub started_at: Timestamp,
}

impl Unfinished {
    /// Returns whether all rows are being deleted.
    pub fn is_truncating(&self) -> bool {
        self.kind == TRUNCATE
    }

    /// Creates the state at the start of a transfer.
    pub fn new(kind: &str, source: &str) -> Self {
        Self::with_id(ROW, kind, source)
    }

    /// Creates a row with another id, which no program mistakes for a transfer.
    pub(crate) fn with_id(id: i32, kind: &str, source: &str) -> Self {
        Self {
            id,
            kind: kind.to_owned(),
            source: source.chars().take(255).collect(),
            last_message: 0,
            messages: 0,
            last_token: 0,
            tokens: 0,
            started_at: Timestamp::now(),
        }
    }
}

/// Returns the state of a running or interrupted transfer into this database.
///
/// # Errors
/// `Schema` when migrations are pending.
pub fn unfinished(connection: &mut Connection) -> Result<Option<Unfinished>> {
    let row = on_engine!(connection, c => unfinished_transfer::table
        .find(ROW)
        .get_result::<Unfinished>(c)
        .optional());
    row.map_err(|error| connection.read_error(error))
}

/// Returns the same as [`unfinished`], and locks the row until the caller's transaction ends. It
/// waits for the last transaction of a killed program, which may still be running on the server.
///
/// # Errors
/// `Schema` when migrations are pending; `Conflict` when the lock is not released in time.
pub fn lock_unfinished(connection: &mut Connection) -> Result<Option<Unfinished>> {
    use unfinished_transfer::dsl;
    let held = on_engine!(connection, c => diesel::update(dsl::unfinished_transfer.find(ROW))
        .set(dsl::kind.eq(dsl::kind))
        .execute(c));
    held.map_err(|error| connection.write_error(error))?;
    unfinished(connection)
}

/// Marks the database as being truncated. It replaces the state of an earlier transfer, whose row
/// counts are no longer valid.
///
/// # Errors
/// The database's error.
pub fn begin_truncate(connection: &mut Connection, source: &str) -> Result<()> {
    connection.transaction(|connection| {
        if lock_unfinished(connection)?.is_some() {
            finish(connection)?;
        }
        begin(connection, &Unfinished::new(TRUNCATE, source))
    })
}

/// Marks the database as incomplete before a transfer.
///
/// # Errors
/// The database's error, also when the database is already marked.
pub fn begin(connection: &mut Connection, state: &Unfinished) -> Result<()> {
    let inserted = on_engine!(connection, c =>
        diesel::insert_into(unfinished_transfer::table).values(state.clone()).execute(c));
    inserted.map(drop).map_err(|error| connection.write_error(error))
}

/// Stores the progress of a transfer, in the transaction that stores the rows.
///
/// # Errors
/// `Conflict` when the marker has been removed or replaced by another program.
pub fn update(connection: &mut Connection, state: &Unfinished) -> Result<()> {
    use unfinished_transfer::dsl;
    let changed = on_engine!(connection, c => diesel::update(dsl::unfinished_transfer.find(ROW))
        .filter(dsl::started_at.eq(state.started_at))
        .set((
            dsl::last_message.eq(state.last_message),
            dsl::messages.eq(state.messages),
            dsl::last_token.eq(state.last_token),
            dsl::tokens.eq(state.tokens),
        ))
        .execute(c));
    match changed.map_err(|error| connection.write_error(error))? {
        0 => Err(Error::new(
            ErrorKind::Conflict,
            "another program is transferring rows into this database",
        )
        .with_retryable(false)),
        _ => Ok(()),
    }
}

/// Removes the marker after all rows are stored, or none.
///
/// # Errors
/// The database's error.
pub fn finish(connection: &mut Connection) -> Result<()> {
    let deleted = on_engine!(connection, c =>
        diesel::delete(unfinished_transfer::table.find(ROW)).execute(c));
    deleted.map(drop).map_err(|error| connection.write_error(error))
}

/// Rejects an incomplete database.
///
/// # Errors
/// `Schema(Unfinished)` when a transfer is unfinished; the message names the command to run.
pub fn refuse_unfinished(connection: &mut Connection) -> Result<()> {
    let Some(state) = unfinished(connection)? else { return Ok(()) };
    let Unfinished { kind, messages, started_at, .. } = state;
    let remedy = match kind.as_str() {
        "copy" => "run `chatkeep db copy` again with --resume, or with --replace to start over",
        TRUNCATE => "run the interrupted command again",
        _ => "run `chatkeep db restore` again",
    };
    Err(Error::new(
        ErrorKind::Schema(SchemaState::Unfinished),
        format!(
            "this database is incomplete: a {kind} that began at {started_at} is not finished \
             ({messages} messages so far); {remedy}"
        ),
    ))
}
