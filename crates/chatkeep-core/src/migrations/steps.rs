//! Stepwise migrations: each statement commits separately.
//!
//! These are all migrations on MySQL and MariaDB, and those with `no-transaction` on PostgreSQL.
//! The history is written between statements. An interrupted run resumes at the statement that was
//! interrupted.

use super::catalog;
use super::failpoint;
use super::history::{self, Row, State};
use super::lock::HeldLock;
use super::migration::{Migration, Owner};
use super::script::{Direction, Script};
use super::statements::Statement;
use crate::connection::Connection;
use crate::db_error::Effect;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result, SchemaState};
use crate::value::Timestamp;

/// Runs a migration completely, from the start or from the statement where it was interrupted.
pub(super) fn run(
    connection: &mut Connection,
    held: &mut HeldLock,
    migration: &Migration,
    script: &Script,
    direction: Direction,
    row: Option<&Row>,
) -> Result<()> {
    let start = Start::of(row, direction)?;
    let mut steps = Steps { connection, held, migration, script, direction };
    if start.is_new {
        steps.begin(row)?;
    }
    for statement in script.statements[..start.step.min(script.statements.len())].iter() {
        // The session state of the interrupted run is lost with its session.
        if statement.sets_session() {
            steps.connection.batch(&statement.text, Effect::None)?;
        }
    }
    for (number, statement) in script.statements.iter().enumerate().skip(start.step) {
        failpoint::pass();
        steps.check()?;
        let fingerprint = start.fingerprint.as_ref().filter(|_| number == start.step);
        steps.step(number, statement, fingerprint).map_err(|error| {
            // With a broken connection or a lost lock, nothing more is recorded. The next run then
            // finds the step as begun.
            if !steps.connection.is_broken() && steps.check().is_ok() {
                let _ = steps.record(number, true, Some(error.message()));
            }
            explain(error, migration, statement, number, script.statements.len())
        })?;
    }
    failpoint::pass();
    steps.check()?;
    steps.finish()
}

/// The statement at which a run starts.
struct Start {
    is_new: bool,
    step: usize,
    /// Fingerprint of the tables before the first step, if it is unknown whether that step was run.
    fingerprint: Option<String>,
}

impl Start {
    fn of(row: Option<&Row>, direction: Direction) -> Result<Self> {
        let new = Self { is_new: true, step: 0, fingerprint: None };
        let Some(row) = row else { return Ok(new) };
        let resumed = |step, refused: bool| Self {
            is_new: false,
            step,
            fingerprint: row.error.clone().filter(|_| !refused),
        };
        match (row.state, direction) {
            (State::Failed | State::Up { step: 0, refused: true }, Direction::Up)
            | (State::Done, Direction::Down) => Ok(new),
            (State::Up { step, refused }, Direction::Up)
            | (State::Down { step, refused }, Direction::Down) => Ok(resumed(step, refused)),
            (state, direction) => Err(direction_error(row, state, direction)),
        }
    }
}

fn direction_error(row: &Row, state: State, direction: Direction) -> Error {
    let title = format!("{}_{}", row.key, row.name);
    let message = match (state, direction) {
        (State::Down { .. }, Direction::Up) => {
            format!(
                "the downgrade of {title} was interrupted; \
                 finish it with `chatkeep migrate downgrade` first"
            )
        }
        (State::Up { .. } | State::Failed, Direction::Down) => {
            format!("{title} was interrupted; finish it with `chatkeep migrate upgrade` first")
        }
        _ => format!("the history has an unknown state for {title}; upgrade the program"),
    };
    Error::new(ErrorKind::Schema(SchemaState::Dirty), message)
}

struct Steps<'a> {
    connection: &'a mut Connection,
    held: &'a mut HeldLock,
    migration: &'a Migration,
    script: &'a Script,
    direction: Direction,
}

impl Steps<'_> {
    /// Checks that this program still holds the lock.
    fn check(&mut self) -> Result<()> {
        self.held.check(self.connection)
    }

    /// Records the progress. The checksum includes a step that may have been run.
    ///
    /// `detail` is the error if the step was refused; otherwise the fingerprint before the step.
    fn record(&mut self, step: usize, refused: bool, detail: Option<&str>) -> Result<()> {
        let may_have_been_run = if detail.is_some() && !refused { step + 1 } else { step };
        let checksum = self.script.checksum_of(may_have_been_run);
        let (key, state) = (self.migration.key(), self.state(step, refused));
        history::set_state(self.connection, &key, state, &checksum, detail)
    }

    fn state(&self, step: usize, refused: bool) -> State {
        match self.direction {
            Direction::Up => State::Up { step, refused },
            Direction::Down => State::Down { step, refused },
        }
    }

    fn begin(&mut self, row: Option<&Row>) -> Result<()> {
        let state = self.state(0, false);
        let (migration, direction) = (self.migration, self.direction);
        let checksum = self.script.checksum_of(0);
        self.connection.transaction(|connection| match (direction, row) {
            (Direction::Down, Some(_)) => {
                history::set_state(connection, &migration.key(), state, &checksum, None)
            }
            _ => history::put(connection, migration, Timestamp::now(), state, &checksum, None),
        })
    }

    /// Runs a statement and records it. `fingerprint` is that of an interrupted run, which may have
    /// run the statement.
    fn step(
        &mut self,
        number: usize,
        statement: &Statement,
        fingerprint: Option<&String>,
    ) -> Result<()> {
        if !statement.is_non_transactional(self.connection.engine()) {
            // The changed rows and the history are committed together.
            let (held, migration, script, direction) =
                (&mut *self.held, self.migration, self.script, self.direction);
            return self.connection.transaction(|connection| {
                connection.batch(&statement.text, Effect::None)?;
                failpoint::pass();
                let mut steps = Steps { connection, held, migration, script, direction };
                steps.check()?;
                steps.record(number + 1, false, None)
            });
        }
        self.drop_invalid_index(statement)?;
        if fingerprint.is_none() {
            self.refuse_foreign_table(statement)?;
        }
        let text = Some(statement.text.as_str()).filter(|_| names_its_tables(statement));
        let before = catalog::fingerprint(self.connection, text)?;
        if fingerprint.is_some_and(|fingerprint| *fingerprint != before) {
            // No other program runs migrations, so this statement has changed its tables: it was
            // run.
            return self.record(number + 1, false, None);
        }
        self.record(number, false, Some(&before))?;
        failpoint::pass();
        self.connection.batch(&statement.text, Effect::Commits)?;
        failpoint::pass();
        // The statement may have outlasted the lease.
        self.check()?;
        self.record(number + 1, false, None)
    }

    /// Fails if the table to create already exists, and so belongs to another program.
    ///
    /// `CREATE TABLE IF NOT EXISTS`, written so that an interrupted run can be repeated, would
    /// silently use that table. This run has not begun the step, so it has not created the table
    /// itself.
    fn refuse_foreign_table(&mut self, statement: &Statement) -> Result<()> {
        if self.migration.owner != Owner::Chatkeep
            || self.direction != Direction::Up
            || !creates_table(statement)
        {
            return Ok(());
        }
        let name = if statement.word(2) == "IF" { statement.word(5) } else { statement.word(2) };
        let tables =
            catalog::read(self.connection)?.into_keys().filter(|object| object.kind == "table");
        match tables.map(|object| object.table).find(|table| table.eq_ignore_ascii_case(name)) {
            Some(table) => Err(Error::new(
                ErrorKind::Schema(SchemaState::Failed),
                format!("the table {table} already exists"),
            )),
            None => Ok(()),
        }
    }

    /// Drops the invalid index that a failed or interrupted `CREATE INDEX CONCURRENTLY` leaves.
    /// PostgreSQL does not use it, but its name is taken.
    fn drop_invalid_index(&mut self, statement: &Statement) -> Result<()> {
        if self.connection.engine() != Engine::PostgreSql || statement.word(0) != "CREATE" {
            return Ok(());
        }
        let invalid = catalog::read(self.connection)?.into_iter().filter(|(object, definition)| {
            object.kind == "index" && definition.ends_with("(not valid)") && {
                let mut words = statement
                    .text
                    .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
                words.any(|word| word.eq_ignore_ascii_case(&object.name))
            }
        });
        for (object, _) in invalid {
            let name = object.name.replace('"', "\"\"");
            self.connection
                .batch(&format!("DROP INDEX CONCURRENTLY IF EXISTS \"{name}\""), Effect::Commits)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        let key = self.migration.key();
        match self.direction {
            Direction::Up => {
                let checksum = self.migration.checksum();
                history::set_state(self.connection, &key, State::Done, &checksum, None)
            }
            Direction::Down => history::remove(self.connection, &key),
        }
    }
}

fn creates_table(statement: &Statement) -> bool {
    statement.word(0) == "CREATE" && statement.word(1) == "TABLE"
}

/// Returns whether the statement names the tables that it changes. A called routine may change any.
fn names_its_tables(statement: &Statement) -> bool {
    !matches!(statement.word(0), "EXECUTE" | "CALL" | "")
}

const FOREIGN_TABLE: &str = "; the table belongs to another program: `chatkeep migrate adopt` \
     converts a message log created by SQLAlchemy (SQLite, PostgreSQL); otherwise use a separate \
     schema, database or file for chatkeep";

/// Returns whether creating one of chatkeep's tables failed because a table of that name exists.
fn is_foreign_table(error: &Error, migration: &Migration, statement: &Statement) -> bool {
    let exists = matches!(error.server_code(), Some("42P07" | "1050"))
        // SQLite, and the check before a statement, have no code.
        || error.message().contains("already exists");
    migration.owner == Owner::Chatkeep && creates_table(statement) && exists
}

/// Adds the migration and the statement to an error.
pub(super) fn explain(
    error: Error,
    migration: &Migration,
    statement: &Statement,
    number: usize,
    of: usize,
) -> Error {
    let message = format!(
        "migration {}, statement {} of {of} (line {}: {}): {}{}",
        migration.title(),
        number + 1,
        statement.line,
        statement.shown(),
        error.message(),
        if is_foreign_table(&error, migration, statement) { FOREIGN_TABLE } else { "" }
    );
    // Other kinds, such as transient errors, missing privileges and a full disk, are unchanged.
    let kind = match error.kind() {
        ErrorKind::Schema(_) | ErrorKind::Internal | ErrorKind::InvalidInput => {
            ErrorKind::Schema(SchemaState::Failed)
        }
        other => other,
    };
    Error::new(kind, message)
        .with_retryable(error.is_retryable())
        .with_server_code(error.server_code())
}
