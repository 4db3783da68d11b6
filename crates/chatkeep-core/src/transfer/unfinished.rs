//! The mark of an incomplete database, and the progress of each table. They are written before the
//! first row of a transfer and removed after the last one. Every
//! [`Chatkeep`](https://docs.rs/chatkeep) checks the mark when it opens, so that no program uses
//! incomplete data.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::unfinished_row::UnfinishedRow;
use crate::connection::{Connection, on_engine};
use crate::error::{Error, ErrorKind, Result, SchemaState};
use crate::schema::unfinished_transfer;
use crate::value::Timestamp;

/// Id of the mark. The rows of the tables have greater ids.
const MARK: i32 = 0;
/// Kind of a mark while all rows are deleted. The value is stored, so it must not change.
const TRUNCATE: &str = "emptying";

/// A transfer into this database that is running or was interrupted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfinished {
    /// The operation: `copy` or `restore`.
    pub kind: String,
    /// The source of the rows without secrets, at most 255 characters.
    pub source: String,
    /// Start time of the transfer.
    pub started_at: Timestamp,
    /// Progress of each table.
    pub tables: Vec<TableProgress>,
}

/// The progress of one table in a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableProgress {
    id: i32,
    /// Name of the table.
    pub table: String,
    /// The greatest id stored so far.
    pub last_id: i64,
    /// Number of rows stored so far.
    pub rows: i64,
}

impl Unfinished {
    /// Creates the state at the start of a transfer of these tables.
    pub fn new(kind: &str, source: &str, tables: &[&str]) -> Self {
        let mark = UnfinishedRow::mark(MARK, kind, source);
        let mut state = Self {
            kind: mark.kind,
            source: mark.source,
            started_at: mark.started_at,
            tables: Vec::new(),
        };
        tables.iter().for_each(|table| state.add_table(table));
        state
    }

    /// Returns whether all rows are being deleted.
    pub fn is_truncating(&self) -> bool {
        self.kind == TRUNCATE
    }

    /// Returns the progress of a table.
    pub fn progress(&self, table: &str) -> Option<&TableProgress> {
        self.tables.iter().find(|progress| progress.table == table)
    }

    /// Returns the progress of a table, for changing it.
    pub fn progress_mut(&mut self, table: &str) -> Option<&mut TableProgress> {
        self.tables.iter_mut().find(|progress| progress.table == table)
    }

    /// Returns the number of rows stored so far, in all tables.
    pub fn rows(&self) -> i64 {
        self.tables.iter().map(|progress| progress.rows).sum()
    }

    fn add_table(&mut self, table: &str) {
        let id = self.tables.iter().map(|progress| progress.id).max().unwrap_or(MARK) + 1;
        self.tables.push(TableProgress { id, table: table.to_owned(), last_id: 0, rows: 0 });
    }

    fn row(&self, progress: &TableProgress) -> UnfinishedRow {
        UnfinishedRow {
            id: progress.id,
            kind: self.kind.clone(),
            source: self.source.clone(),
            started_at: self.started_at,
            table_name: Some(progress.table.clone()),
            last_id: progress.last_id,
            stored_rows: progress.rows,
        }
    }
}

/// Returns the state of a running or interrupted transfer into this database.
///
/// # Errors
/// `Schema` when migrations are pending.
pub fn unfinished(connection: &mut Connection) -> Result<Option<Unfinished>> {
    let rows = on_engine!(connection, c => unfinished_transfer::table
        .filter(unfinished_transfer::id.ge(MARK))
        .order(unfinished_transfer::id.asc())
        .load::<UnfinishedRow>(c));
    let mut rows = rows.map_err(|error| connection.read_error(error))?.into_iter();
    // Rows of tables without a mark remain if an earlier version removed its own mark.
    let Some(mark) = rows.next().filter(|row| row.id == MARK) else { return Ok(None) };
    let tables = rows.map(|row| TableProgress {
        id: row.id,
        table: row.table_name.unwrap_or_default(),
        last_id: row.last_id,
        rows: row.stored_rows,
    });
    Ok(Some(Unfinished {
        kind: mark.kind,
        source: mark.source,
        started_at: mark.started_at,
        tables: tables.collect(),
    }))
}

/// Returns the same as [`unfinished`], and locks the rows until the caller's transaction ends. It
/// waits for the last transaction of a killed program, which may still be running on the server.
///
/// # Errors
/// `Schema` when migrations are pending; `Conflict` when the lock is not released in time.
pub fn lock_unfinished(connection: &mut Connection) -> Result<Option<Unfinished>> {
    use unfinished_transfer::dsl;
    let held = on_engine!(connection, c =>
        diesel::update(dsl::unfinished_transfer.filter(dsl::id.ge(MARK)))
            .set(dsl::kind.eq(dsl::kind))
            .execute(c));
    held.map_err(|error| connection.write_error(error))?;
    unfinished(connection)
}

/// Marks the database as being truncated. It replaces the state of an earlier transfer, whose row
/// counts are no longer valid.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn begin_truncate(connection: &mut Connection, source: &str) -> Result<()> {
    connection.transaction(|connection| {
        if lock_unfinished(connection)?.is_some() {
            finish(connection)?;
        }
        begin(connection, &Unfinished::new(TRUNCATE, source, &[]))
    })
}

/// Marks the database as incomplete before a transfer, in the caller's transaction.
///
/// # Errors
/// `InvalidInput` when the database is already marked (on SQLite `Internal`); `OutcomeUnknown` or
/// another error of the database.
pub fn begin(connection: &mut Connection, state: &Unfinished) -> Result<()> {
    let mut mark = UnfinishedRow::mark(MARK, &state.kind, &state.source);
    mark.started_at = state.started_at;
    // First, because it fails if the database is already marked.
    insert(connection, vec![mark])?;
    let deleted = on_engine!(connection, c =>
        diesel::delete(unfinished_transfer::table.filter(unfinished_transfer::id.gt(MARK)))
            .execute(c));
    deleted.map_err(|error| connection.write_error(error))?;
    insert(connection, state.tables.iter().map(|progress| state.row(progress)).collect())
}

/// Adds the tables that an interrupted transfer of an earlier version did not have, in the caller's
/// transaction.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn add_missing_tables(
    connection: &mut Connection,
    state: &mut Unfinished,
    tables: &[&str],
) -> Result<()> {
    let known = state.tables.len();
    for table in tables {
        if state.progress(table).is_none() {
            state.add_table(table);
        }
    }
    let added = state.tables[known..].iter().map(|progress| state.row(progress)).collect();
    insert(connection, added)
}

fn insert(connection: &mut Connection, rows: Vec<UnfinishedRow>) -> Result<()> {
    // Row by row, because SQLite has no prepared statement for several.
    for row in rows {
        let inserted = on_engine!(connection, c =>
            diesel::insert_into(unfinished_transfer::table).values(row).execute(c));
        inserted.map_err(|error| connection.write_error(error))?;
    }
    Ok(())
}

/// Stores the progress of one table, in the transaction that stores its rows.
///
/// # Errors
/// `Conflict` when the mark has been removed or replaced by another program.
pub fn update(
    connection: &mut Connection,
    started_at: Timestamp,
    progress: &TableProgress,
) -> Result<()> {
    use unfinished_transfer::dsl;
    let changed = on_engine!(connection, c =>
        diesel::update(dsl::unfinished_transfer.find(progress.id))
            .filter(dsl::started_at.eq(started_at))
            .set((dsl::last_id.eq(progress.last_id), dsl::stored_rows.eq(progress.rows)))
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

/// Removes the mark and the progress after all rows are stored, or none.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn finish(connection: &mut Connection) -> Result<()> {
    let deleted = on_engine!(connection, c =>
        diesel::delete(unfinished_transfer::table.filter(unfinished_transfer::id.ge(MARK)))
            .execute(c));
    deleted.map(drop).map_err(|error| connection.write_error(error))
}

/// Rejects an incomplete database.
///
/// # Errors
/// `Schema` with the state `Unfinished` when a transfer is unfinished; the message names the
/// command to run.
pub fn refuse_unfinished(connection: &mut Connection) -> Result<()> {
    let Some(state) = unfinished(connection)? else { return Ok(()) };
    let remedy = match state.kind.as_str() {
        "copy" => "run `chatkeep db copy` again with --resume, or with --replace to start over",
        TRUNCATE => "run the interrupted command again",
        _ => "run `chatkeep db restore` again",
    };
    let parts = state.tables.iter().filter(|progress| progress.rows > 0);
    let parts: Vec<_> =
        parts.map(|progress| format!("{} {}", progress.rows, progress.table)).collect();
    let so_far = if parts.is_empty() { "0 rows".to_owned() } else { parts.join(", ") };
    Err(Error::new(
        ErrorKind::Schema(SchemaState::Unfinished),
        format!(
            "this database is incomplete: a {} that began at {} is not finished ({so_far} so far); \
             {remedy}",
            state.kind, state.started_at
        ),
    ))
}
