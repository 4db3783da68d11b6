//! Where a database stands among migrations, and what is wrong with its history.

use serde::Serialize;

use super::history::{Row, State, rows};
use super::migration::{Line, Migration};
use super::script::{Script, Way};
use super::set::MigrationSet;
use crate::connection::Connection;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result, SchemaState};
use crate::value::Timestamp;

/// A migration that the database has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AppliedMigration {
    /// Its place in the order; with `app:` before it for an application's.
    pub version: String,
    /// What it does.
    pub name: String,
    /// When it was done.
    pub applied_at: Option<Timestamp>,
}

/// How it stands with one migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MigrationState {
    /// It was run.
    Applied,
    /// It is still to be run.
    Pending,
    /// It was run, but from a file that said something else.
    Changed,
    /// The history has it, the program or the folder has not, though both have later ones.
    Missing,
    /// The history has it, and it is later than all that the program or the folder has.
    Newer,
    /// It was never run, but later ones were.
    OutOfOrder,
    /// It was begun, and did not come to its end; or it is being run just now.
    Dirty,
}

/// One migration, in the program, in the history, or in both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// Its place in the order; with `app:` before it for an application's.
    pub version: String,
    /// What it does.
    pub name: String,
    /// How it stands with it.
    pub state: MigrationState,
    /// When it was begun.
    pub started_at: Option<Timestamp>,
    /// When it was done.
    pub applied_at: Option<Timestamp>,
    /// SHA-256 of the file that was run; of the one that would be run where none was.
    pub checksum: String,
    /// What the history says of it, in its own word: `done`, `failed`, `running:2`.
    pub recorded: Option<String>,
    /// What the database said when it failed.
    pub error: Option<String>,
}

/// Where a database stands among the migrations of this program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MigrationStatus {
    /// What was run, in order.
    pub applied: Vec<AppliedMigration>,
    /// What is still to be run: version and name, in order.
    pub pending: Vec<(String, String)>,
    /// Versions later than this program's: a newer one has run them.
    pub unknown: Vec<String>,
    /// Every migration, in order.
    #[serde(skip)]
    pub entries: Vec<HistoryEntry>,
}

/// The answer of a quick look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaVersion {
    /// Everything was run.
    Head,
    /// So many migrations are still to be run.
    Behind(usize),
    /// A newer program has run migrations that this one does not know.
    Newer,
    /// A migration was run from another text than this program's.
    Changed,
    /// The history has a migration that this program lacks.
    Missing,
    /// A migration was added before others that were run already.
    OutOfOrder,
    /// A migration was begun and did not come to its end.
    Dirty,
}

impl SchemaVersion {
    /// A word for people and programs: `head`, `behind`, `newer`, `changed`, `missing`, `out_of_order`, `dirty`.
    pub fn name(self) -> &'static str {
        self.state().map_or("head", SchemaState::name)
    }

    /// In what way it does not fit, if it does not.
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
    /// Where a database stands that nothing was ever done to.
    pub fn of_new_database(engine: Engine) -> Self {
        Self::judge(&MigrationSet::embedded(engine), &[])
    }

    /// The same, with an application's migrations.
    pub fn of_new_database_for(set: &MigrationSet) -> Self {
        Self::judge(set, &[])
    }

    pub(super) fn judge(set: &MigrationSet, rows: &[Row]) -> Self {
        let entries: Vec<_> =
            set.lines().iter().flat_map(|line| judge_line(set, rows, *line)).collect();
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
            .map(|entry| (entry.version.clone(), entry.name.clone()))
            .collect();
        let unknown = of(MigrationState::Newer).map(|entry| entry.version.clone()).collect();
        Self { applied, pending, unknown, entries }
    }

    /// The verdict: what is worst.
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

    /// Why nothing can be run on this history; half-run migrations can be.
    pub(super) fn refusal(&self) -> Option<Error> {
        match self.version() {
            SchemaVersion::Head | SchemaVersion::Behind(_) | SchemaVersion::Dirty => None,
            _ => Some(self.error()),
        }
    }

    /// What is wrong, with the way out.
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
                "the database's schema is newer than this program (it does not know {}); upgrade the program",
                self.unknown.join(", ")
            ),
            SchemaVersion::Changed => format!(
                "a migration was changed after it had been run ({}); put its text back and add another migration, or, if the \
                     schema is right, write that down with `chatkeep migrate stamp`",
                named(MigrationState::Changed)
            ),
            SchemaVersion::Missing => format!(
                "the database has run a migration that is not there any more ({}); bring it back, or, if the schema is right \
                     without it, write that down with `chatkeep migrate stamp`",
                named(MigrationState::Missing)
            ),
            SchemaVersion::OutOfOrder => format!(
                "a migration was added before others that have been run already ({}); give it a later version",
                named(MigrationState::OutOfOrder)
            ),
            SchemaVersion::Dirty => format!(
                "a migration is being run, or was cut off before its end ({}); `chatkeep migrate upgrade` waits for it or \
                     goes on with it",
                named(MigrationState::Dirty)
            ),
            SchemaVersion::Head | SchemaVersion::Behind(_) => {
                let pending: Vec<_> = self
                    .pending
                    .iter()
                    .map(|(version, name)| format!("{version}_{name}"))
                    .collect();
                format!(
                    "the database's schema is behind this program (to be run: {}); run `chatkeep migrate upgrade` with an \
                         account that may change tables",
                    pending.join(", ")
                )
            }
        };
        Error::new(ErrorKind::Schema(version.state().unwrap_or(SchemaState::Behind)), message)
    }
}

/// The migrations of one line: those that are there in their order, and the history's others behind them.
fn judge_line(set: &MigrationSet, rows: &[Row], line: Line) -> Vec<HistoryEntry> {
    let rows: Vec<_> = rows.iter().filter(|row| row.line() == line).collect();
    let known: Vec<_> = set.of(line).collect();
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
    // What failed as a whole left nothing, and may be forgotten.
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

/// Whether what may have been run of it still stands there as it was. The statements behind it may have been mended.
fn goes_on(
    engine: Engine,
    migration: &Migration,
    way: Way,
    row: &Row,
    step: usize,
    refused: bool,
) -> bool {
    let statements = if row.error.is_some() && !refused { step + 1 } else { step };
    Script::read(engine, migration, way)
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
                if !goes_on(engine, migration, Way::Up, row, step, refused) =>
            {
                MigrationState::Changed
            }
            State::Down { step, refused }
                if !goes_on(engine, migration, Way::Down, row, step, refused) =>
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

/// Where the database stands: one select, no lock, nothing is changed.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer.
pub fn look(connection: &mut Connection) -> Result<SchemaVersion> {
    Ok(status(connection)?.version())
}

/// Where the database stands among chatkeep's own migrations.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer.
pub fn status(connection: &mut Connection) -> Result<MigrationStatus> {
    let set = MigrationSet::embedded(connection.engine());
    status_of(connection, &set)
}

/// Where the database stands among these migrations.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer.
pub fn status_of(connection: &mut Connection, set: &MigrationSet) -> Result<MigrationStatus> {
    Ok(MigrationStatus::judge(set, &rows(connection)?))
}
