//! Running what is pending, once, however many programs start at the same moment; and going back.

use std::time::Duration;

use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::back::Back;
use super::failpoint;
use super::history::{self, Row, State};
use super::lock::{self, Held};
use super::migration::{Line, Migration};
use super::schemas;
use super::script::{Script, Way};
use super::set::{MigrationSet, Revision};
use super::status::{MigrationStatus, SchemaVersion, status, status_of};
use super::steps;
use crate::connection::{Connection, Session};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result, SchemaState};
use crate::fault::Effect;
use crate::value::Timestamp;

/// Changing a large table takes as long as it takes.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes sure that the schema fits this program: looks without a lock, and runs what is pending if `auto_migrate` says so.
///
/// # Errors
/// `Schema` when the schema is newer than this program, its history does not fit, or it is behind with `auto_migrate` off.
pub fn ensure(
    connection: &mut Connection,
    auto_migrate: bool,
    query_timeout: Duration,
) -> Result<()> {
    let found = status(connection)?;
    match found.version() {
        SchemaVersion::Head => Ok(()),
        SchemaVersion::Behind(_) | SchemaVersion::Dirty if auto_migrate => {
            upgrade(connection, query_timeout).map(drop)
        }
        _ => Err(found.error()),
    }
}

/// Runs all of chatkeep's pending migrations, oldest first, and says which. Programs that come at the same time wait for
/// each other; all but the first find nothing to do.
///
/// # Errors
/// As [`Runner::upgrade`].
pub fn upgrade(connection: &mut Connection, query_timeout: Duration) -> Result<Vec<String>> {
    let set = MigrationSet::embedded(connection.engine());
    Runner::new(connection, &set, query_timeout).upgrade("head")
}

/// Runs migrations on a connection, and takes them back.
pub struct Runner<'a> {
    connection: &'a mut Connection,
    set: &'a MigrationSet,
    query_timeout: Duration,
}

/// What is to be done with one migration.
pub(super) struct Task<'a> {
    pub(super) migration: &'a Migration,
    pub(super) script: Script,
}

impl<'a> Runner<'a> {
    /// A runner of these migrations. PostgreSQL's migrations that cannot run in a transaction, and those on Galera that take
    /// minutes, need a second connection: it is opened as this one was. The connection has `query_timeout` again in the end.
    pub fn new(
        connection: &'a mut Connection,
        set: &'a MigrationSet,
        query_timeout: Duration,
    ) -> Self {
        Self { connection, set, query_timeout }
    }

    /// Runs what is pending up to this revision (`head` for all), in order, and says which. Programs that come at the same
    /// time wait for each other; all but the first find nothing to do.
    ///
    /// On SQLite and PostgreSQL all of it is one transaction, but for migrations that say `no-transaction`. On MySQL and
    /// MariaDB, and for those, a run that was cut off is gone on with.
    ///
    /// # Errors
    /// `Schema` when the history does not fit (newer, changed, missing, out of order) or the database refuses a statement;
    /// `InvalidInput` when a file or the revision is not as it should be; `Conflict` when another program holds the lock
    /// for too long.
    pub fn upgrade(mut self, to: &str) -> Result<Vec<String>> {
        let to = Revision::parse(self.set, to)?;
        let (set, engine) = (self.set, self.connection.engine());
        let found = self.status()?;
        let tasks = pending(set, &found, &to, engine)?;
        if tasks.is_empty() {
            return Ok(Vec::new());
        }
        let mut failed = None;
        let outcome = self.exclusively(needs_steps(engine, &tasks), |connection, held| {
            let found = status_of(connection, set)?;
            found.refusal().map_or(Ok(()), Err)?;
            let rows = history::rows(connection)?;
            // Another program may have run them meanwhile.
            run_all(
                connection,
                held,
                &pending(set, &found, &to, engine)?,
                &rows,
                Way::Up,
                &mut failed,
            )
        });
        if outcome.is_err()
            && let Some((migration, started_at)) = failed
        {
            self.record_failure(&migration, started_at, outcome.as_ref().err());
        }
        if outcome.as_ref().is_ok_and(|ran| !ran.is_empty()) {
            // Messages of an older schema are not in the totals. Statistics are right all the same, only slower: no reason to
            // fail.
            let _ = crate::message::catch_up(self.connection);
        }
        outcome
    }

    /// Takes back what was run, newest first, and says which: so many migrations (`-2`), or all that were run after this
    /// revision (`base` for all). With an application's migrations it is about those; chatkeep's own go back by a revision of
    /// theirs, as long as no migration of the application was run after them.
    ///
    /// # Errors
    /// As [`Runner::upgrade`]; `InvalidInput` also where there is no way back.
    pub fn downgrade(mut self, to: &str) -> Result<Vec<String>> {
        let (set, engine) = (self.set, self.connection.engine());
        let back = Back::parse(set, to)?;
        self.status()?;
        let find = |connection: &mut Connection| -> Result<_> {
            let found = status_of(connection, set)?;
            found.refusal().map_or(Ok(()), Err)?;
            let rows = history::rows(connection)?;
            let tasks = back.tasks(set, &rows, engine)?;
            Ok((rows, tasks))
        };
        let (_, tasks) = find(self.connection)?;
        if tasks.is_empty() {
            return Ok(Vec::new());
        }
        self.exclusively(needs_steps(engine, &tasks), |connection, held| {
            let (rows, tasks) = find(connection)?;
            run_all(connection, held, &tasks, &rows, Way::Down, &mut None)
        })
    }

    /// Writes into the history that everything up to this revision was run and nothing after it, without running anything,
    /// and says what changed. `head` and `base` are about all migrations, or, with an application's, about those.
    ///
    /// # Errors
    /// `InvalidInput` when there is no such revision; what the database says.
    pub fn stamp(mut self, to: &str) -> Result<Vec<String>> {
        let set = self.set;
        let (line, to) = match Revision::parse(set, to)? {
            Revision::At(line, version) => (line, Revision::At(line, version)),
            other => (set.last_line(), other),
        };
        self.exclusively(false, |connection, _| {
            let work = |connection: &mut Connection| stamp_line(connection, set, line, &to);
            // On MySQL the lock is no transaction.
            if connection.is_in_transaction() {
                work(connection)
            } else {
                connection.transaction(work)
            }
        })
    }

    /// A look without a lock; a history that does not fit is refused here already.
    fn status(&mut self) -> Result<MigrationStatus> {
        let found = status_of(self.connection, self.set)?;
        found.refusal().map_or(Ok(found), Err)
    }

    /// Does this under the lock, with the history's table there. With `alone` migrations are not inside a transaction.
    fn exclusively<T>(
        &mut self,
        alone: bool,
        mut work: impl FnMut(&mut Connection, &mut Held) -> Result<T>,
    ) -> Result<T> {
        let connection = &mut *self.connection;
        schemas::refuse_other(connection)?;
        let outcome = match connection.session {
            Session::Sqlite(_) => on_sqlite(connection, |connection| {
                history::create_table(connection)?;
                work(connection, &mut Held::BySession)
            }),
            Session::PostgreSql(_) if alone => lock::beside(connection, |connection, held| {
                connection.set_query_timeout(MIGRATION_TIMEOUT)?;
                history::create_table(connection)?;
                work(connection, held)
            }),
            Session::PostgreSql(_) => lock::postgresql(connection, |connection| {
                connection.set_query_timeout(MIGRATION_TIMEOUT)?;
                history::create_table(connection)?;
                work(connection, &mut Held::BySession)
            }),
            Session::MySql(_) => lock::mysql(connection, |connection, held| {
                connection.set_query_timeout(MIGRATION_TIMEOUT)?;
                history::create_table(connection)?;
                work(connection, held)
            }),
        };
        // The connection goes back to others, who want their deadline.
        if !self.connection.is_broken() {
            self.connection.set_query_timeout(self.query_timeout)?;
        }
        outcome.map_err(|error| schemas::explain_rights(self.connection, error))
    }

    /// What was rolled back leaves a word in the history. It is not worth a second error.
    fn record_failure(
        &mut self,
        migration: &Migration,
        started_at: Timestamp,
        error: Option<&Error>,
    ) {
        let Some(error) = error else { return };
        if self.connection.is_broken() {
            return;
        }
        let _ = self.connection.transaction(|connection| {
            // Another program may have been luckier meanwhile.
            let row = history::rows(connection)?.into_iter().find(|row| row.key == migration.key());
            match row {
                None | Some(Row { state: State::Failed, .. }) => history::put(
                    connection,
                    migration,
                    started_at,
                    State::Failed,
                    &migration.checksum(),
                    Some(error.message()),
                ),
                Some(_) => Ok(()),
            }
        });
    }
}

/// The transaction is the lock, and takes everything back when a migration fails. Foreign keys are checked at its end, so
/// that a table can be made anew while others point to it.
fn on_sqlite<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<T>,
) -> Result<T> {
    connection.set_query_timeout(MIGRATION_TIMEOUT)?;
    connection.set_patience(lock::PATIENCE);
    connection.batch("PRAGMA foreign_keys = OFF", Effect::None)?;
    let outcome = connection.transaction(|connection| {
        let value = work(connection)?;
        check_foreign_keys(connection)?;
        failpoint::pass();
        Ok(value)
    });
    connection.batch("PRAGMA foreign_keys = ON", Effect::None)?;
    outcome
}

#[derive(QueryableByName)]
struct Violation {
    #[diesel(sql_type = Text)]
    child: String,
    #[diesel(sql_type = Text)]
    parent: String,
}

fn check_foreign_keys(connection: &mut Connection) -> Result<()> {
    let Session::Sqlite(session) = &mut connection.session else { return Ok(()) };
    let query =
        sql_query("SELECT \"table\" AS child, parent FROM pragma_foreign_key_check LIMIT 1");
    let found = query.load::<Violation>(session).map_err(|error| connection.read_error(error))?;
    match found.first() {
        None => Ok(()),
        Some(Violation { child, parent }) => Err(Error::new(
            ErrorKind::Schema(SchemaState::Failed),
            format!(
                "the migrations leave rows in {child} that point to rows which are not in {parent}; nothing was changed"
            ),
        )),
    }
}

fn needs_steps(engine: Engine, tasks: &[Task<'_>]) -> bool {
    engine == Engine::PostgreSql && tasks.iter().any(|task| !task.script.in_transaction)
}

/// What is to be run up to this revision.
fn pending<'a>(
    set: &'a MigrationSet,
    found: &MigrationStatus,
    to: &Revision,
    engine: Engine,
) -> Result<Vec<Task<'a>>> {
    let is_due = |migration: &&Migration| {
        let key = migration.key();
        to.reaches(migration) && found.pending.iter().any(|(version, _)| *version == key)
    };
    set.list()
        .iter()
        .filter(is_due)
        .map(|migration| Task::read(engine, migration, Way::Up))
        .collect()
}

impl<'a> Task<'a> {
    pub(super) fn read(engine: Engine, migration: &'a Migration, way: Way) -> Result<Self> {
        Ok(Self { migration, script: Script::read(engine, migration, way)? })
    }
}

/// Runs the tasks in their order. What failed inside a transaction is left in `failed`, with when it was begun.
pub(super) fn run_all(
    connection: &mut Connection,
    held: &mut Held,
    tasks: &[Task<'_>],
    rows: &[Row],
    way: Way,
    failed: &mut Option<(Migration, Timestamp)>,
) -> Result<Vec<String>> {
    for Task { migration, script } in tasks {
        held.check(connection)?;
        let row = rows.iter().find(|row| row.key == migration.key());
        let whole = |connection: &mut Connection| run_whole(connection, migration, script, way);
        let started = Timestamp::now();
        let outcome = if connection.is_in_transaction() {
            whole(connection)
        } else if connection.engine() == Engine::PostgreSql && script.in_transaction {
            connection.transaction(whole)
        } else {
            steps::run(connection, held, migration, script, way, row)?;
            Ok(())
        };
        outcome.inspect_err(|_| *failed = Some((Migration::clone(migration), started)))?;
    }
    Ok(tasks.iter().map(|task| task.migration.title()).collect())
}

/// Runs a migration inside a transaction.
fn run_whole(
    connection: &mut Connection,
    migration: &Migration,
    script: &Script,
    way: Way,
) -> Result<()> {
    let started = Timestamp::now();
    for (number, statement) in script.statements.iter().enumerate() {
        failpoint::pass();
        connection.batch(&statement.text, Effect::None).map_err(|error| {
            steps::explain(error, migration, statement, number, script.statements.len())
        })?;
    }
    failpoint::pass();
    match way {
        Way::Up => {
            history::put(connection, migration, started, State::Done, &migration.checksum(), None)
        }
        Way::Down => history::remove(connection, &migration.key()),
    }
}

fn stamp_line(
    connection: &mut Connection,
    set: &MigrationSet,
    line: Line,
    to: &Revision,
) -> Result<Vec<String>> {
    let rows = history::rows(connection)?;
    let mut changed = Vec::new();
    for migration in set.of(line) {
        let row = rows.iter().find(|row| row.key == migration.key());
        let is_right = |row: &Row| row.state == State::Done && row.checksum == migration.checksum();
        if to.reaches(migration) && !row.is_some_and(is_right) {
            history::put(
                connection,
                migration,
                Timestamp::now(),
                State::Done,
                &migration.checksum(),
                None,
            )?;
            changed.push(format!("{} was run", migration.title()));
        }
    }
    let stays = |row: &Row| {
        set.of(line).any(|migration| migration.key() == row.key && to.reaches(migration))
    };
    for row in rows.iter().filter(|row| row.line() == line && !stays(row)) {
        history::remove(connection, &row.key)?;
        changed.push(format!("{}_{} was not run", row.key, row.name));
    }
    Ok(changed)
}
