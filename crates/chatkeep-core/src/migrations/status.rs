//! The migration status of a database, and validation of its history.

use serde::Serialize;

use super::history::{Row, State, rows};
use super::migration::{Migration, Owner};
use super::script::{Direction, Script};
use super::set::MigrationSet;
use crate::connection::Connection;
use crate::described::Record;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result, SchemaState};
use crate::value::Timestamp;

/// A migration that was run on the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct AppliedMigration {
    /// Version, with the prefix `app:` for an application's migration.
    pub version: String,
    /// Descriptive name.
    pub name: String,
    /// Time when it finished.
    pub applied_at: Option<Timestamp>,
}

/// A migration that has not been run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct PendingMigration {
    /// Version, with the prefix `app:` for an application's migration.
    pub version: String,
    /// Descriptive name.
    pub name: String,
}

/// State of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Record)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MigrationState {
    /// It was run.
    Applied,
    /// It has not been run yet.
    Pending,
    /// It was run from a file with a different text.
    Changed,
    /// It is in the history, but not in the program or folder, which has later ones.
    Missing,
    /// It is in the history, and later than all migrations of the program or folder.
    Newer,
    /// It was not run, but later ones were.
    OutOfOrder,
    /// It was started and did not finish, or is running.
    Dirty,
}

/// A migration in the program or folder, in the history, or in both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// Version, with the prefix `app:` for an application's migration.
    pub version: String,
    /// Descriptive name.
    pub name: String,
    /// State of the migration.
    pub state: MigrationState,
    /// Time when it started.
    pub started_at: Option<Timestamp>,
    /// Time when it finished.
    pub applied_at: Option<Timestamp>,
    /// SHA-256 of the file that was run, or of the file to run if none was.
    pub checksum: String,
    /// State in the history, such as `done`, `failed` or `running:2`.
    pub recorded: Option<String>,
    /// Error of the database, if it failed.
    pub error: Option<String>,
}

/// Status of a database with respect to this program's migrations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct MigrationStatus {
    /// Migrations that were run, in order.
    pub applied: Vec<AppliedMigration>,
    /// Migrations still to be run, in order.
    pub pending: Vec<PendingMigration>,
    /// Versions later than this program's, which a newer program has run.
    pub unknown: Vec<String>,
    /// All migrations, in order.
    #[serde(skip)]
    pub entries: Vec<HistoryEntry>,
}

/// Overall state of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
#[record(name = "SchemaState")]
#[non_exhaustive]
pub enum SchemaVersion {
    /// All migrations were run.
    Head,
    /// This number of migrations is pending.
    Behind(usize),
    /// A newer program has run migrations that this one does not have.
    Newer,
    /// A migration was run with a different text than this program's.
    Changed,
    /// The history has a migration that this program does not have.
    Missing,
    /// A migration was added before others that were already run.
    OutOfOrder,
    /// A migration was started and did not finish.
    Dirty,
}

impl SchemaVersion {
    /// Returns the stable name: `head`, `behind`, `newer`, `changed`, `missing`, `out_of_order` or
    /// `dirty`.
    pub fn name(self) -> &'static str {
        self.state().map_or("head", SchemaState::name)
    }

    /// Returns the state for errors, or `None` for [`SchemaVersion::Head`].
    fn state(self) -> Option<SchemaState> {
        match self {
            Self::Head => None,
            Self::Behind(_) => Some(SchemaState::Behind),
            Self::Newer => Some(SchemaState::Newer),
            Self::Changed => Some(SchemaState::Changed),
            Self::Missing => Some(SchemaState::Missing),
            Self::OutOfOrder => Some(SchemaState::OutOfOrder),
            Self::Dirty => Some(SchemaState::Dirty),
        }
    }
}

impl MigrationStatus {
    /// Returns the status of a new database, with chatkeep's own migrations.
    pub fn of_new_database(engine: Engine) -> Self {
        Self::evaluate(&MigrationSet::embedded(engine), &[])
    }

    /// Returns the status of a new database, with these migrations.
    pub fn of_new_database_for(set: &MigrationSet) -> Self {
        Self::evaluate(set, &[])
    }

    /// Compares the migrations with the rows of the history.
    pub(super) fn evaluate(set: &MigrationSet, rows: &[Row]) -> Self {
        let entries: Vec<_> =
            set.owners().iter().flat_map(|owner| evaluate_owner(set, rows, *owner)).collect();
        let of = |state: MigrationState| entries.iter().filter(move |entry| entry.state == state);
        let applied = entries
            .iter()
            .filter(|entry| entry.recorded.as_deref() == Some("done"))
            .filter(|entry| {
                matches!(entry.state, MigrationState::Applied | MigrationState::Changed)
            })
            .map(|entry| AppliedMigration {
                version: entry.version.clone(),
                name: entry.name.clone(),
                applied_at: entry.applied_at,
            })
            .collect();
        let is_due = |entry: &&HistoryEntry| {
            use MigrationState::{Dirty, OutOfOrder, Pending};
            matches!(entry.state, Pending | OutOfOrder | Dirty)
        };
        let pending = entries
            .iter()
            .filter(is_due)
            .map(|entry| PendingMigration {
                version: entry.version.clone(),
                name: entry.name.clone(),
            })
            .collect();
        let unknown = of(MigrationState::Newer).map(|entry| entry.version.clone()).collect();
        Self { applied, pending, unknown, entries }
    }

    /// Returns the overall state: the worst of all migrations.
    pub fn version(&self) -> SchemaVersion {
        let has = |state| self.entries.iter().any(|entry| entry.state == state);
        if has(MigrationState::Newer) {
            SchemaVersion::Newer
        } else if has(MigrationState::Changed) {
            SchemaVersion::Changed
        } else if has(MigrationState::Missing) {
            SchemaVersion::Missing
        } else if has(MigrationState::OutOfOrder) {
            SchemaVersion::OutOfOrder
        } else if has(MigrationState::Dirty) {
            SchemaVersion::Dirty
        } else if self.pending.is_empty() {
            SchemaVersion::Head
        } else {
            SchemaVersion::Behind(self.pending.len())
        }
    }

    /// Returns the error that prevents running migrations, if any. Interrupted ones can be resumed.
    pub(super) fn blocking_error(&self) -> Option<Error> {
        match self.version() {
            SchemaVersion::Head | SchemaVersion::Behind(_) | SchemaVersion::Dirty => None,
            _ => Some(self.error()),
        }
    }

    /// Returns an error that describes the state and its remedy.
    pub(super) fn error(&self) -> Error {
        let named = |state: MigrationState| {
            let found = self.entries.iter().filter(|entry| entry.state == state);
            found
                .map(|entry| format!("{}_{}", entry.version, entry.name))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let version = self.version();
        let message = match version {
            SchemaVersion::Newer => format!(
                "the database schema is newer than this program (unknown migrations: {}); \
                 upgrade the program",
                self.unknown.join(", ")
            ),
            SchemaVersion::Changed => format!(
                "a migration was changed after it had been run ({}); restore its text and add \
                 another migration, or run `chatkeep migrate stamp` if the schema is correct",
                named(MigrationState::Changed)
            ),
            SchemaVersion::Missing => format!(
                "a migration that was run is missing ({}); restore it, or run \
                 `chatkeep migrate stamp` if the schema is correct without it",
                named(MigrationState::Missing)
            ),
            SchemaVersion::OutOfOrder => format!(
                "a migration was added before others that were already run ({}); \
                 give it a later version",
                named(MigrationState::OutOfOrder)
            ),
            SchemaVersion::Dirty => format!(
                "a migration is running or was interrupted ({}); \
                 `chatkeep migrate upgrade` waits for it or resumes it",
                named(MigrationState::Dirty)
            ),
            SchemaVersion::Head | SchemaVersion::Behind(_) => {
                let pending: Vec<_> = self
                    .pending
                    .iter()
                    .map(|migration| format!("{}_{}", migration.version, migration.name))
                    .collect();
                format!(
                    "the database schema is out of date (pending migrations: {}); run \
                     `chatkeep migrate upgrade` with an account that may change tables",
                    pending.join(", ")
                )
            }
        };
        Error::new(ErrorKind::Schema(version.state().unwrap_or(SchemaState::Behind)), message)
    }
}

/// Returns the migrations of one owner in order, followed by others in the history.
fn evaluate_owner(set: &MigrationSet, rows: &[Row], owner: Owner) -> Vec<HistoryEntry> {
    let rows: Vec<_> = rows.iter().filter(|row| row.owner() == owner).collect();
    let known: Vec<_> = set.of(owner).collect();
    let is_known = |row: &Row| known.iter().any(|migration| migration.version == row.version());
    let newest_run = rows
        .iter()
        .filter(|row| row.state == State::Done && is_known(row))
        .map(|row| row.version())
        .max()
        .unwrap_or_default();
    let newest_known = known.last().map_or("", |migration| migration.version.as_ref());
    let mut entries: Vec<_> = known
        .iter()
        .map(|migration| {
            let row = rows.iter().find(|row| row.version() == migration.version).copied();
            entry(set.engine(), migration, row, newest_run)
        })
        .collect();
    // A migration that was rolled back left no changes, so it is ignored.
    for row in rows.iter().filter(|row| !is_known(row) && row.state != State::Failed) {
        let is_newer = row.version() > newest_known;
        entries.push(HistoryEntry {
            version: row.key.clone(),
            name: row.name.clone(),
            state: if is_newer { MigrationState::Newer } else { MigrationState::Missing },
            started_at: Some(row.started_at),
            applied_at: row.finished_at,
            checksum: row.checksum.clone(),
            recorded: Some(row.state.text()),
            error: row.error.clone(),
        });
    }
    entries
}

/// Returns whether the statements that may have been run are unchanged. Later statements may have
/// been fixed.
fn is_resumable(
    engine: Engine,
    migration: &Migration,
    direction: Direction,
    row: &Row,
    step: usize,
    refused: bool,
) -> bool {
    let statements = if row.error.is_some() && !refused { step + 1 } else { step };
    Script::read(engine, migration, direction)
        .is_ok_and(|script| script.checksum_of(statements) == row.checksum)
}

fn entry(
    engine: Engine,
    migration: &Migration,
    row: Option<&Row>,
    newest_run: &str,
) -> HistoryEntry {
    let is_late = migration.version.as_ref() < newest_run;
    let not_run = if is_late { MigrationState::OutOfOrder } else { MigrationState::Pending };
    let state = match row {
        None => not_run,
        Some(row) => match row.state {
            State::Failed | State::Up { step: 0, refused: true } => not_run,
            State::Done if row.checksum == migration.checksum() => MigrationState::Applied,
            State::Done => MigrationState::Changed,
            State::Up { step, refused }
                if !is_resumable(engine, migration, Direction::Up, row, step, refused) =>
            {
                MigrationState::Changed
            }
            State::Down { step, refused }
                if !is_resumable(engine, migration, Direction::Down, row, step, refused) =>
            {
                MigrationState::Changed
            }
            State::Up { .. } | State::Down { .. } | State::Unknown => MigrationState::Dirty,
        },
    };
    HistoryEntry {
        version: migration.key(),
        name: migration.name.to_string(),
        state,
        started_at: row.map(|row| row.started_at),
        applied_at: row.and_then(|row| row.finished_at),
        checksum: row.map_or_else(|| migration.checksum(), |row| row.checksum.clone()),
        recorded: row.map(|row| row.state.text()),
        error: row.filter(|row| row.state != State::Done).and_then(|row| row.error.clone()),
    }
}

/// Returns the overall state of the schema, with one query and no lock.
///
/// # Errors
/// `Unavailable` or another connection error if the database does not answer.
pub fn schema_version(connection: &mut Connection) -> Result<SchemaVersion> {
    Ok(status(connection)?.version())
}

/// Returns the status of the database with respect to chatkeep's own migrations.
///
/// # Errors
/// `Unavailable` or another connection error if the database does not answer.
pub fn status(connection: &mut Connection) -> Result<MigrationStatus> {
    let set = MigrationSet::embedded(connection.engine());
    status_of(connection, &set)
}

/// Returns the status of the database with respect to these migrations.
///
/// # Errors
/// `Unavailable` or another connection error if the database does not answer.
pub fn status_of(connection: &mut Connection, set: &MigrationSet) -> Result<MigrationStatus> {
    Ok(MigrationStatus::evaluate(set, &rows(connection)?))
}
