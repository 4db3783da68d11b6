//! The word that a database is being filled. It is written before the first row and removed after the last, so that nobody
//! takes half of the data for all of it: every [`Chatkeep`](https://docs.rs/chatkeep) looks for it when it opens.

use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use crate::connection::{Connection, on_engine};
use crate::error::{Error, ErrorKind, Result, SchemaState};
use crate::schema::unfinished_transfer;
use crate::value::Timestamp;

const ROW: i32 = 0;
/// All rows are being deleted.
const EMPTYING: &str = "emptying";

/// How far moving rows in has come.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = unfinished_transfer)]
#[non_exhaustive]
pub struct Unfinished {
    id: i32,
    /// What is done: `copy`, `restore`.
    pub kind: String,
    /// Where the rows come from, in a form without secrets; at most 255 characters.
    pub source: String,
    /// The greatest id of a message that is here.
    pub last_message: i64,
    /// How many messages are here.
    pub messages: i64,
    /// The greatest id of a token that is here.
    pub last_token: i64,
    /// How many tokens are here.
    pub tokens: i64,
    /// When it began.
    pub started_at: Timestamp,
}

impl Unfinished {
    /// Whether all rows are being deleted.
    pub fn is_emptying(&self) -> bool {
        self.kind == EMPTYING
    }

    /// At its beginning.
    pub fn new(kind: &str, source: &str) -> Self {
        Self::with_id(ROW, kind, source)
    }

    /// A row that is not a transfer, and that no program takes for one.
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

/// What is being moved into this database, or was when it was cut off.
///
/// # Errors
/// `Schema` when the schema is behind.
pub fn unfinished(connection: &mut Connection) -> Result<Option<Unfinished>> {
    let row = on_engine!(connection, c => unfinished_transfer::table
        .find(ROW)
        .get_result::<Unfinished>(c)
        .optional());
    row.map_err(|error| connection.read_error(error))
}

/// The same, held until the transaction ends, which the caller has opened: what a program that was killed had sent last may
/// still be on its way into the database, and is waited for.
///
/// # Errors
/// As [`unfinished`].
pub fn hold_unfinished(connection: &mut Connection) -> Result<Option<Unfinished>> {
    use unfinished_transfer::dsl;
    let held = on_engine!(connection, c => diesel::update(dsl::unfinished_transfer.find(ROW))
        .set(dsl::kind.eq(dsl::kind))
        .execute(c));
    held.map_err(|error| connection.write_error(error))?;
    unfinished(connection)
}

/// Writes down that all rows are going to be deleted, whatever was going on before: no number of rows means anything then.
///
/// # Errors
/// What the database says.
pub fn begin_emptying(connection: &mut Connection, source: &str) -> Result<()> {
    connection.transaction(|connection| {
        if hold_unfinished(connection)?.is_some() {
            finish(connection)?;
        }
        begin(connection, &Unfinished::new(EMPTYING, source))
    })
}

/// Writes down that rows are going to be moved in.
///
/// # Errors
/// What the database says; an error when another program has done so.
pub fn begin(connection: &mut Connection, state: &Unfinished) -> Result<()> {
    let begun = on_engine!(connection, c => diesel::insert_into(unfinished_transfer::table).values(state.clone()).execute(c));
    begun.map(drop).map_err(|error| connection.write_error(error))
}

/// Writes down how far it has come, in the transaction that stores the rows.
///
/// # Errors
/// `Conflict` when the word is not there any more: another program is at work.
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
            "another program is moving rows into this database",
        )
        .with_retryable(false)),
        _ => Ok(()),
    }
}

/// Takes the word back: all rows are there, or none.
///
/// # Errors
/// What the database says.
pub fn finish(connection: &mut Connection) -> Result<()> {
    let done = on_engine!(connection, c => diesel::delete(unfinished_transfer::table.find(ROW)).execute(c));
    done.map(drop).map_err(|error| connection.write_error(error))
}

/// Refuses a database that is half filled.
///
/// # Errors
/// `Schema(Unfinished)`, saying what to run.
pub fn refuse_unfinished(connection: &mut Connection) -> Result<()> {
    let Some(state) = unfinished(connection)? else { return Ok(()) };
    let Unfinished { kind, messages, started_at, .. } = state;
    let again = match kind.as_str() {
        "copy" => "run `chatkeep db copy` again with --resume, or with --replace to begin anew",
        EMPTYING => "run what was interrupted again",
        _ => "run `chatkeep db restore` again",
    };
    Err(Error::new(
        ErrorKind::Schema(SchemaState::Unfinished),
        format!(
            "this database is only partly filled: a {kind} that began at {started_at} is not finished ({messages} messages \
             so far); {again}"
        ),
    ))
}
