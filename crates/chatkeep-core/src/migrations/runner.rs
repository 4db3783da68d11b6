//! Running pending migrations exactly once, even if many programs start concurrently; and
//! downgrades.

use std::time::Duration;

use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::downgrade::DowngradeTarget;
use super::failpoint;
use super::history::{self, Row, State};
use super::lock::{self, HeldLock};
use super::migration::Migration;
use super::schemas;
use super::script::{Direction, Script};
use super::set::{MigrationSet, Revision};
use super::status::{MigrationStatus, SchemaVersion, status, status_of};
use super::{stamp, steps};
use crate::connection::{Connection, Session};
use crate::db_error::Effect;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result, SchemaState};
use crate::value::Timestamp;

/// Statement timeout of migrations. Changing a large table may take long.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// Ensures that the schema matches this program: checks without a lock, and runs pending migrations
/// if `auto_migrate` is true.
///
/// # Errors
/// `Schema` if the schema is newer than this program, its history is inconsistent, a statement
/// fails, or migrations are pending and `auto_migrate` is false. `Conflict` if another program
/// holds the lock for more than 600 s.
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

/// Runs all of chatkeep's pending migrations, oldest first, and returns their titles. Concurrent
/// programs wait for each other; all but the first find nothing pending.
///
/// # Errors
/// `Schema` if the history is inconsistent (newer, changed, missing, out of order) or a statement
/// fails. `Conflict` if another program holds the lock for more than 600 s.
pub fn upgrade(connection: &mut Connection, query_timeout: Duration) -> Result<Vec<String>> {
    let set = MigrationSet::embedded(connection.engine());
    Runner::new(connection, &set, query_timeout).upgrade("head")
}

/// Runs and reverts migrations on a connection.
pub struct Runner<'a> {
    connection: &'a mut Connection,
    set: &'a MigrationSet,
    query_timeout: Duration,
}

/// A migration to run or revert, and its script.
pub(super) struct Task<'a> {
    pub(super) migration: &'a Migration,
    pub(super) script: Script,
}

impl<'a> Runner<'a> {
    /// Creates a runner of these migrations.
    ///
    /// Non-transactional migrations on PostgreSQL, and migrations on Galera that take minutes, need
    /// a second connection. It is opened with the parameters of this one. Afterwards the connection
    /// has `query_timeout` again.
    pub fn new(
        connection: &'a mut Connection,
        set: &'a MigrationSet,
        query_timeout: Duration,
    ) -> Self {
        Self { connection, set, query_timeout }
    }

    /// Runs pending migrations up to this revision (`head` for all), in order, and returns their
    /// titles. Concurrent programs wait for each other; all but the first find nothing pending.
    ///
    /// On SQLite and PostgreSQL all migrations run in one transaction, except those with
    /// `no-transaction`. For those, and on MySQL and MariaDB, an interrupted run is resumed.
    ///
    /// # Errors
    /// `Schema` if the history is inconsistent (newer, changed, missing, out of order) or a
    /// statement fails. `InvalidInput` if a file or the revision is invalid. `Conflict` if another
    /// program holds the lock for more than 600 s.
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
            found.blocking_error().map_or(Ok(()), Err)?;
            let rows = history::rows(connection)?;
            // Another program may have run them since.
            run_all(
                connection,
                held,
                &pending(set, &found, &to, engine)?,
                &rows,
                Direction::Up,
                &mut failed,
            )
        });
        if outcome.is_err()
            && let Some((migration, started_at)) = failed
        {
            self.record_failure(&migration, started_at, outcome.as_ref().err());
        }
        if outcome.as_ref().is_ok_and(|ran| !ran.is_empty()) {
            // Messages of an older schema are not in the totals. A failure here only makes
            // statistics slower, so it is ignored.
            let _ = crate::message::catch_up(self.connection);
        }
        outcome
    }

    /// Reverts migrations, newest first, and returns their titles.
    ///
    /// `to` is a number of migrations (`-2`), or a revision after which all are reverted (`base`
    /// for all). If the set has an application's migrations, those are meant. Chatkeep's own are
    /// reverted by naming one of their revisions, unless a migration of the application was run
    /// later.
    ///
    /// # Errors
    /// `Schema` if the history is inconsistent (newer, changed, missing, out of order) or a
    /// statement fails. `InvalidInput` if a file or the revision is invalid, or a migration is
    /// irreversible. `Conflict` if another program holds the lock for more than 600 s.
    pub fn downgrade(mut self, to: &str) -> Result<Vec<String>> {
        let (set, engine) = (self.set, self.connection.engine());
        let target = DowngradeTarget::parse(set, to)?;
        self.status()?;
        let find = |connection: &mut Connection| -> Result<_> {
            let found = status_of(connection, set)?;
            found.blocking_error().map_or(Ok(()), Err)?;
            let rows = history::rows(connection)?;
            let tasks = target.tasks(set, &rows, engine)?;
            Ok((rows, tasks))
        };
        let (_, tasks) = find(self.connection)?;
        if tasks.is_empty() {
            return Ok(Vec::new());
        }
        self.exclusively(needs_steps(engine, &tasks), |connection, held| {
            let (rows, tasks) = find(connection)?;
            run_all(connection, held, &tasks, &rows, Direction::Down, &mut None)
        })
    }

    /// Records in the history that exactly the migrations up to this revision were run, without
    /// running any, and returns the changes.
    ///
    /// If the set has an application's migrations, `head` and `base` refer to those.
    ///
    /// # Errors
    /// `InvalidInput` if the revision does not exist; otherwise the error of the database.
    pub fn stamp(mut self, to: &str) -> Result<Vec<String>> {
        let set = self.set;
        let (owner, to) = match Revision::parse(set, to)? {
            Revision::At(owner, version) => (owner, Revision::At(owner, version)),
            other => (set.last_owner(), other),
        };
        self.exclusively(false, |connection, _| {
            let work = |connection: &mut Connection| stamp::stamp(connection, set, owner, &to);
            // On MySQL the lock is not a transaction.
            if connection.is_in_transaction() {
                work(connection)
            } else {
                connection.transaction(work)
            }
        })
    }

    /// Returns the status, read without a lock. Fails if the history is inconsistent.
    fn status(&mut self) -> Result<MigrationStatus> {
        let found = status_of(self.connection, self.set)?;
        found.blocking_error().map_or(Ok(found), Err)
    }

    /// Runs `work` while holding the lock, after creating the history table if it is missing. With
    /// `stepwise`, migrations do not run in one transaction.
    fn exclusively<T>(
        &mut self,
        stepwise: bool,
        mut work: impl FnMut(&mut Connection, &mut HeldLock) -> Result<T>,
    ) -> Result<T> {
        let connection = &mut *self.connection;
        schemas::refuse_other_schema(connection)?;
        let outcome = match connection.session {
            Session::Sqlite(_) => on_sqlite(connection, |connection| {
                history::create_table(connection)?;
                work(connection, &mut HeldLock::Session)
            }),
            Session::PostgreSql(_) if stepwise => {
                lock::postgresql_separate(connection, |connection, held| {
                    connection.set_query_timeout(MIGRATION_TIMEOUT)?;
                    history::create_table(connection)?;
                    work(connection, held)
                })
            }
            Session::PostgreSql(_) => lock::postgresql(connection, |connection| {
                connection.set_query_timeout(MIGRATION_TIMEOUT)?;
                history::create_table(connection)?;
                work(connection, &mut HeldLock::Session)
            }),
            Session::MySql(_) => lock::mysql(connection, |connection, held| {
                connection.set_query_timeout(MIGRATION_TIMEOUT)?;
                history::create_table(connection)?;
                work(connection, held)
            }),
        };
        // The connection returns to the pool, where other callers rely on its timeout.
        if !self.connection.is_broken() {
            self.connection.set_query_timeout(self.query_timeout)?;
        }
        outcome.map_err(|error| schemas::add_grant_hint(self.connection, error))
    }

    /// Records the failure of a migration that was rolled back. Errors of this are ignored.
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
            // Another program may have run it successfully since.
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

/// Runs `work` in a transaction, which is also the lock, and rolls back if a migration fails.
///
/// Foreign keys are checked at the end, so that a table can be recreated while others refer to it.
fn on_sqlite<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<T>,
) -> Result<T> {
    connection.set_query_timeout(MIGRATION_TIMEOUT)?;
    connection.set_lock_timeout(lock::MAX_WAIT);
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
                "after the migrations, rows in {child} refer to missing rows in {parent}; \
                 nothing was changed"
            ),
        )),
    }
}

fn needs_steps(engine: Engine, tasks: &[Task<'_>]) -> bool {
    engine == Engine::PostgreSql && tasks.iter().any(|task| !task.script.in_transaction)
}

/// Returns the pending migrations up to this revision.
fn pending<'a>(
    set: &'a MigrationSet,
    found: &MigrationStatus,
    to: &Revision,
    engine: Engine,
) -> Result<Vec<Task<'a>>> {
    let is_due = |migration: &&Migration| {
        let key = migration.key();
        to.reaches(migration) && found.pending.iter().any(|migration| migration.version == key)
    };
    set.list()
        .iter()
        .filter(is_due)
        .map(|migration| Task::read(engine, migration, Direction::Up))
        .collect()
}

impl<'a> Task<'a> {
    pub(super) fn read(
        engine: Engine,
        migration: &'a Migration,
        direction: Direction,
    ) -> Result<Self> {
        Ok(Self { migration, script: Script::read(engine, migration, direction)? })
    }
}

/// Runs the tasks in order. Sets `failed` to the migration that failed inside a transaction, and
/// its start time.
pub(super) fn run_all(
    connection: &mut Connection,
    held: &mut HeldLock,
    tasks: &[Task<'_>],
    rows: &[Row],
    direction: Direction,
    failed: &mut Option<(Migration, Timestamp)>,
) -> Result<Vec<String>> {
    for Task { migration, script } in tasks {
        held.check(connection)?;
        let row = rows.iter().find(|row| row.key == migration.key());
        let whole =
            |connection: &mut Connection| run_whole(connection, migration, script, direction);
        let started = Timestamp::now();
        let outcome = if connection.is_in_transaction() {
            whole(connection)
        } else if connection.engine() == Engine::PostgreSql && script.in_transaction {
            connection.transaction(whole)
        } else {
            steps::run(connection, held, migration, script, direction, row)?;
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
    direction: Direction,
) -> Result<()> {
    let started = Timestamp::now();
    for (number, statement) in script.statements.iter().enumerate() {
        failpoint::pass();
        connection.batch(&statement.text, Effect::None).map_err(|error| {
            steps::explain(error, migration, statement, number, script.statements.len())
        })?;
    }
    failpoint::pass();
    match direction {
        Direction::Up => {
            history::put(connection, migration, started, State::Done, &migration.checksum(), None)
        }
        Direction::Down => history::remove(connection, &migration.key()),
    }
}
