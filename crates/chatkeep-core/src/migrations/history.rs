//! What the database remembers of its migrations: the table `chatkeep_migrations`.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use serde::Serialize;

use super::embedded::{Migration, all};
use crate::connection::{Connection, on_engine};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result, SchemaState};
use crate::value::Timestamp;

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::schema::Moment;

    chatkeep_migrations (version) {
        version -> Text,
        name -> Text,
        checksum -> Text,
        started_at -> Moment,
        finished_at -> Nullable<Moment>,
        state -> Text,
        error -> Nullable<Text>,
    }
}

/// A migration that the database has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AppliedMigration {
    /// Its place in the order.
    pub version: String,
    /// What it does.
    pub name: String,
    /// When it was done.
    pub applied_at: Option<Timestamp>,
}

/// Where a database stands among the migrations of this program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MigrationStatus {
    /// What was run, oldest first.
    pub applied: Vec<AppliedMigration>,
    /// What is still to be run: version and name, oldest first.
    pub pending: Vec<(String, String)>,
    /// Versions that this program does not know: a newer one has run them.
    pub unknown: Vec<String>,
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
}

impl SchemaVersion {
    /// A word for people and programs: `head`, `behind`, `newer`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Behind(_) => "behind",
            Self::Newer => "newer",
        }
    }
}

impl MigrationStatus {
    /// Where a database stands that nothing was ever done to.
    pub fn of_new_database(engine: Engine) -> Self {
        Self::new(engine, Vec::new())
    }

    fn new(engine: Engine, applied: Vec<AppliedMigration>) -> Self {
        let known = all(engine);
        let is_applied = |migration: &Migration| applied.iter().any(|row| row.version == migration.version);
        let pending = known.iter().filter(|migration| !is_applied(migration));
        let pending =
            pending.map(|migration| (migration.version.to_owned(), migration.name.to_owned())).collect();
        let is_known =
            |row: &&AppliedMigration| known.iter().any(|migration| migration.version == row.version);
        let unknown = applied.iter().filter(|row| !is_known(row)).map(|row| row.version.clone()).collect();
        Self { applied, pending, unknown }
    }

    /// The verdict.
    pub fn version(&self) -> SchemaVersion {
        if !self.unknown.is_empty() {
            SchemaVersion::Newer
        } else if self.pending.is_empty() {
            SchemaVersion::Head
        } else {
            SchemaVersion::Behind(self.pending.len())
        }
    }
}

/// Where the database stands: one select, no lock, nothing is changed.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer.
pub fn look(connection: &mut Connection) -> Result<SchemaVersion> {
    Ok(status(connection)?.version())
}

/// Where the database stands, migration by migration.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer.
pub fn status(connection: &mut Connection) -> Result<MigrationStatus> {
    let applied = match applied(connection) {
        Ok(applied) => applied,
        // The history's table is not there, so nothing was ever run.
        Err(error) if error.kind() == ErrorKind::Schema(SchemaState::Behind) => Vec::new(),
        Err(error) => return Err(error),
    };
    Ok(MigrationStatus::new(connection.engine(), applied))
}

fn applied(connection: &mut Connection) -> Result<Vec<AppliedMigration>> {
    use chatkeep_migrations::dsl;
    let rows = on_engine!(connection, c => dsl::chatkeep_migrations
        .filter(dsl::state.eq(DONE))
        .order(dsl::version.asc())
        .select((dsl::version, dsl::name, dsl::finished_at))
        .load::<(String, String, Option<Timestamp>)>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    Ok(rows
        .into_iter()
        .map(|(version, name, applied_at)| AppliedMigration { version, name, applied_at })
        .collect())
}

/// The state of a migration that ran to its end.
const DONE: &str = "done";

/// Makes the history's table where it is missing.
pub(super) fn create_table(connection: &mut Connection) -> Result<()> {
    let sql = match connection.engine() {
        Engine::Sqlite => include_str!("history_sqlite.sql"),
        Engine::PostgreSql => include_str!("history_postgresql.sql"),
        Engine::MySql | Engine::MariaDb => include_str!("history_mysql.sql"),
    };
    connection.batch(sql, crate::fault::Effect::None)
}

/// Writes down that a migration was run.
pub(super) fn record(
    connection: &mut Connection,
    migration: &Migration,
    started_at: Timestamp,
) -> Result<()> {
    use chatkeep_migrations::dsl;
    let checksum = migration.checksum();
    let row = (
        dsl::version.eq(migration.version),
        dsl::name.eq(migration.name),
        dsl::checksum.eq(&checksum),
        dsl::started_at.eq(started_at),
        dsl::finished_at.eq(Some(Timestamp::now())),
        dsl::state.eq(DONE),
    );
    let written =
        on_engine!(connection, c => diesel::insert_into(dsl::chatkeep_migrations).values(row).execute(c));
    written.map(drop).map_err(|error| connection.write_error(error))
}

/// A newer program was here.
pub(super) fn newer(status: &MigrationStatus) -> Error {
    Error::new(
        ErrorKind::Schema(SchemaState::Newer),
        format!(
            "the database's schema is newer than this program (it does not know {}); upgrade the program",
            status.unknown.join(", ")
        ),
    )
}

/// The schema is behind, and nobody told us to change that.
pub(super) fn behind(status: &MigrationStatus) -> Error {
    let pending: Vec<_> = status.pending.iter().map(|(version, name)| format!("{version}_{name}")).collect();
    Error::new(
        ErrorKind::Schema(SchemaState::Behind),
        format!(
            "the database's schema is behind this program (to be run: {}); run `chatkeep migrate upgrade` with an account \
             that may change tables",
            pending.join(", ")
        ),
    )
}
