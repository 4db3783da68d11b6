//! Migrations that run statement by statement, because the database commits each by itself: all on MySQL and MariaDB, and
//! on PostgreSQL those that say `no-transaction`. The history is written between the statements, so that a run that was
//! cut off is gone on with at the very statement.

use super::catalog;
use super::failpoint;
use super::history::{self, Row, State};
use super::lock::Held;
use super::migration::{Line, Migration};
use super::script::{Script, Way};
use super::statements::Statement;
use crate::connection::Connection;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result, SchemaState};
use crate::fault::Effect;
use crate::value::Timestamp;

/// Runs a migration to its end, from the beginning or from where it stopped.
pub(super) fn run(
    connection: &mut Connection,
    held: &mut Held,
    migration: &Migration,
    script: &Script,
    way: Way,
    row: Option<&Row>,
) -> Result<()> {
    let start = Start::of(row, way)?;
    let mut steps = Steps { connection, held, migration, script, way };
    if start.is_new {
        steps.begin(row)?;
    }
    for statement in script.statements[..start.step.min(script.statements.len())].iter() {
        // The session that ran them is gone, and what it was set to with it.
        if statement.sets_session() {
            steps.connection.batch(&statement.text, Effect::None)?;
        }
    }
    for (number, statement) in script.statements.iter().enumerate().skip(start.step) {
        failpoint::pass();
        steps.check()?;
        let begun = start.cut_off.as_ref().filter(|_| number == start.step);
        steps.step(number, statement, begun).map_err(|error| {
            // A connection that is gone, or a lock that is another's, leaves no more to say; the next run finds the step begun.
            if !steps.connection.is_broken() && steps.check().is_ok() {
                let _ = steps.mark(number, true, Some(error.message()));
            }
            explain(error, migration, statement, number, script.statements.len())
        })?;
    }
    failpoint::pass();
    steps.check()?;
    steps.finish()
}

/// Where to begin.
struct Start {
    is_new: bool,
    step: usize,
    /// What the tables of the first step were like before it was begun, where nobody knows whether it was run.
    cut_off: Option<String>,
}

impl Start {
    fn of(row: Option<&Row>, way: Way) -> Result<Self> {
        let new = Self { is_new: true, step: 0, cut_off: None };
        let Some(row) = row else { return Ok(new) };
        let going_on = |step, refused: bool| Self {
            is_new: false,
            step,
            cut_off: row.error.clone().filter(|_| !refused),
        };
        match (row.state, way) {
            (State::Failed | State::Up { step: 0, refused: true }, Way::Up)
            | (State::Done, Way::Down) => Ok(new),
            (State::Up { step, refused }, Way::Up) | (State::Down { step, refused }, Way::Down) => {
                Ok(going_on(step, refused))
            }
            (state, way) => Err(wrong_way(row, state, way)),
        }
    }
}

fn wrong_way(row: &Row, state: State, way: Way) -> Error {
    let title = format!("{}_{}", row.key, row.name);
    let message = match (state, way) {
        (State::Down { .. }, Way::Up) => {
            format!(
                "{title} was cut off on its way back; finish that with `chatkeep migrate downgrade` first"
            )
        }
        (State::Up { .. } | State::Failed, Way::Down) => {
            format!(
                "{title} was cut off before its end; finish it with `chatkeep migrate upgrade` first"
            )
        }
        _ => format!(
            "the history says of {title} what this program does not know; upgrade the program"
        ),
    };
    Error::new(ErrorKind::Schema(SchemaState::Dirty), message)
}

struct Steps<'a> {
    connection: &'a mut Connection,
    held: &'a mut Held,
    migration: &'a Migration,
    script: &'a Script,
    way: Way,
}

impl Steps<'_> {
    /// Makes sure that nobody else runs migrations.
    fn check(&mut self) -> Result<()> {
        self.held.check(self.connection)
    }

    /// Writes down how far it has come. A step that may have been run counts as one that has.
    fn mark(&mut self, step: usize, refused: bool, word: Option<&str>) -> Result<()> {
        let may_have_been_run = if word.is_some() && !refused { step + 1 } else { step };
        let checksum = self.script.checksum_of(may_have_been_run);
        let (key, state) = (self.migration.key(), self.state(step, refused));
        history::set_state(self.connection, &key, state, &checksum, word)
    }

    fn state(&self, step: usize, refused: bool) -> State {
        match self.way {
            Way::Up => State::Up { step, refused },
            Way::Down => State::Down { step, refused },
        }
    }

    fn begin(&mut self, row: Option<&Row>) -> Result<()> {
        let state = self.state(0, false);
        let (migration, way) = (self.migration, self.way);
        let checksum = self.script.checksum_of(0);
        self.connection.transaction(|connection| match (way, row) {
            (Way::Down, Some(_)) => {
                history::set_state(connection, &migration.key(), state, &checksum, None)
            }
            _ => history::put(connection, migration, Timestamp::now(), state, &checksum, None),
        })
    }

    fn step(&mut self, number: usize, statement: &Statement, begun: Option<&String>) -> Result<()> {
        if !statement.stands_alone(self.connection.engine()) {
            // The rows, and the word that they are there, are committed together.
            let (held, migration, script, way) =
                (&mut *self.held, self.migration, self.script, self.way);
            return self.connection.transaction(|connection| {
                connection.batch(&statement.text, Effect::None)?;
                failpoint::pass();
                let mut steps = Steps { connection, held, migration, script, way };
                steps.check()?;
                steps.mark(number + 1, false, None)
            });
        }
        self.drop_invalid_index(statement)?;
        if begun.is_none() {
            self.refuse_foreign_table(statement)?;
        }
        let text = Some(statement.text.as_str()).filter(|_| names_its_tables(statement));
        let before = catalog::fingerprint(self.connection, text)?;
        if begun.is_some_and(|begun| *begun != before) {
            // Nobody else runs migrations, so it was this statement that changed its tables: it has been run.
            return self.mark(number + 1, false, None);
        }
        self.mark(number, false, Some(&before))?;
        failpoint::pass();
        self.connection.batch(&statement.text, Effect::Commits)?;
        failpoint::pass();
        // It may have taken long.
        self.check()?;
        self.mark(number + 1, false, None)
    }

    /// `CREATE TABLE IF NOT EXISTS`, written so that a run that was cut off can be run again, would take another program's
    /// table for ours. What this run has not begun yet it has not made either.
    fn refuse_foreign_table(&mut self, statement: &Statement) -> Result<()> {
        if self.migration.line != Line::Chatkeep || self.way != Way::Up || !creates_table(statement)
        {
            return Ok(());
        }
        let name = if statement.word(2) == "IF" { statement.word(5) } else { statement.word(2) };
        let tables =
            catalog::read(self.connection)?.into_keys().filter(|place| place.kind == "table");
        match tables.map(|place| place.table).find(|table| table.eq_ignore_ascii_case(name)) {
            Some(table) => Err(Error::new(
                ErrorKind::Schema(SchemaState::Failed),
                format!("the table {table} already exists"),
            )),
            None => Ok(()),
        }
    }

    /// `CREATE INDEX CONCURRENTLY` that fails, or is cut off, leaves an index that is never used, and in the way.
    fn drop_invalid_index(&mut self, statement: &Statement) -> Result<()> {
        if self.connection.engine() != Engine::PostgreSql || statement.word(0) != "CREATE" {
            return Ok(());
        }
        let invalid = catalog::read(self.connection)?.into_iter().filter(|(place, definition)| {
            place.kind == "index" && definition.ends_with("(not valid)") && {
                let mut words = statement
                    .text
                    .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
                words.any(|word| word.eq_ignore_ascii_case(&place.name))
            }
        });
        for (place, _) in invalid {
            let name = place.name.replace('"', "\"\"");
            self.connection
                .batch(&format!("DROP INDEX CONCURRENTLY IF EXISTS \"{name}\""), Effect::Commits)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        let key = self.migration.key();
        match self.way {
            Way::Up => {
                let checksum = self.migration.checksum();
                history::set_state(self.connection, &key, State::Done, &checksum, None)
            }
            Way::Down => history::remove(self.connection, &key),
        }
    }
}

fn creates_table(statement: &Statement) -> bool {
    statement.word(0) == "CREATE" && statement.word(1) == "TABLE"
}

/// What is called by name may change any table.
fn names_its_tables(statement: &Statement) -> bool {
    !matches!(statement.word(0), "EXECUTE" | "CALL" | "")
}

const FOREIGN_TABLE: &str = "; that table is another program's: `chatkeep migrate adopt` takes over one that holds a message \
     log (SQLite, PostgreSQL), or keep chatkeep's tables in a schema, a database or a file of their own";

/// Whether one of chatkeep's own tables cannot be made because another program has one of that name.
fn is_foreign_table(error: &Error, migration: &Migration, statement: &Statement) -> bool {
    let is_there = ["(SQLSTATE 42P07)", "(error 1050)", "already exists"];
    migration.line == Line::Chatkeep
        && creates_table(statement)
        && is_there.iter().any(|word| error.message().contains(word))
}

/// Which statement of which migration it was.
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
    // What may pass, or is the account's or the disk's fault, stays what it is.
    let kind = match error.kind() {
        ErrorKind::Schema(_) | ErrorKind::Internal | ErrorKind::InvalidInput => {
            ErrorKind::Schema(SchemaState::Failed)
        }
        other => other,
    };
    Error::new(kind, message).with_retryable(error.is_retryable())
}
