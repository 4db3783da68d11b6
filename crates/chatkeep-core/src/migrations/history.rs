//! The migration history: the table `chatkeep_migrations`.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::migration::{Migration, Owner};
use super::schemas;
use crate::connection::{Connection, on_engine};
use crate::engine::Engine;
use crate::error::{ErrorKind, Result, SchemaState};
use crate::value::Timestamp;

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::schema::UtcTimestamp;

    chatkeep_migrations (version) {
        version -> Text,
        name -> Text,
        checksum -> Text,
        started_at -> UtcTimestamp,
        finished_at -> Nullable<UtcTimestamp>,
        state -> Text,
        error -> Nullable<Text>,
    }
}

/// A row of the history.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) checksum: String,
    pub(super) started_at: Timestamp,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) state: State,
    /// Error of the database; while a step runs, the fingerprint of its tables before it.
    pub(super) error: Option<String>,
}

impl Row {
    pub(super) fn owner(&self) -> Owner {
        Owner::of(&self.key)
    }

    pub(super) fn version(&self) -> &str {
        self.key.rsplit(':').next().unwrap_or(&self.key)
    }
}

/// State of a migration. Steps are its statements, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It ran completely.
    Done,
    /// It failed and was rolled back.
    Failed,
    /// All steps before this one were run. The database refused this step, or the run was
    /// interrupted and the outcome of the step is unknown.
    Up { step: usize, refused: bool },
    /// The same for a downgrade.
    Down { step: usize, refused: bool },
    /// A state written by a later release.
    Unknown,
}

impl State {
    pub(super) fn text(self) -> String {
        match self {
            Self::Done => "done".to_owned(),
            Self::Failed => "failed".to_owned(),
            Self::Up { step, refused: false } => format!("running:{step}"),
            Self::Up { step, refused: true } => format!("failed:{step}"),
            Self::Down { step, refused: false } => format!("undoing:{step}"),
            Self::Down { step, refused: true } => format!("undo_failed:{step}"),
            Self::Unknown => "unknown".to_owned(),
        }
    }

    fn parse(text: &str) -> Self {
        let (word, step) = text.split_once(':').unwrap_or((text, ""));
        match (word, step.parse()) {
            ("done", _) => Self::Done,
            ("failed", Err(_)) => Self::Failed,
            ("running", step) => Self::Up { step: step.unwrap_or(0), refused: false },
            ("failed", Ok(step)) => Self::Up { step, refused: true },
            ("undoing", step) => Self::Down { step: step.unwrap_or(0), refused: false },
            ("undo_failed", step) => Self::Down { step: step.unwrap_or(0), refused: true },
            _ => Self::Unknown,
        }
    }
}

/// Returns the rows by key; an empty list if the table is missing, because no migration was run
/// then.
pub(super) fn rows(connection: &mut Connection) -> Result<Vec<Row>> {
    use chatkeep_migrations::dsl;
    type Columns = (String, String, String, Timestamp, Option<Timestamp>, String, Option<String>);
    let rows = on_engine!(connection, c => dsl::chatkeep_migrations
        .order(dsl::version.asc())
        .select((
            dsl::version,
            dsl::name,
            dsl::checksum,
            dsl::started_at,
            dsl::finished_at,
            dsl::state,
            dsl::error,
        ))
        .load::<Columns>(c));
    match rows.map_err(|error| connection.read_error(error)) {
        Ok(rows) => Ok(rows
            .into_iter()
            .map(|(key, name, checksum, started_at, finished_at, state, error)| {
                let state = State::parse(&state);
                Row { key, name, checksum, started_at, finished_at, state, error }
            })
            .collect()),
        Err(error) if error.kind() == ErrorKind::Schema(SchemaState::Behind) => {
            schemas::refuse_missing_schema(connection).map(|()| Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// Returns the statement that creates the history table if it is missing.
pub(super) fn table(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => include_str!("history_sqlite.sql"),
        Engine::PostgreSql => include_str!("history_postgresql.sql"),
        Engine::MySql | Engine::MariaDb => include_str!("history_mysql.sql"),
    }
}

/// Creates the history table if it is missing.
pub(super) fn create_table(connection: &mut Connection) -> Result<()> {
    connection.batch(table(connection.engine()), crate::db_error::Effect::None)
}

/// Writes a migration's row, and replaces an existing one.
pub(super) fn put(
    connection: &mut Connection,
    migration: &Migration,
    started_at: Timestamp,
    state: State,
    checksum: &str,
    error: Option<&str>,
) -> Result<()> {
    use chatkeep_migrations::dsl;
    remove(connection, &migration.key())?;
    let (key, state_text) = (migration.key(), state.text());
    let row = (
        dsl::version.eq(&key),
        dsl::name.eq(migration.name.as_ref()),
        dsl::checksum.eq(checksum),
        dsl::started_at.eq(started_at),
        dsl::finished_at.eq((state == State::Done).then(Timestamp::now)),
        dsl::state.eq(&state_text),
        dsl::error.eq(error),
    );
    let written = on_engine!(connection, c => {
        diesel::insert_into(dsl::chatkeep_migrations).values(row).execute(c)
    });
    written.map(drop).map_err(|error| connection.write_error(error))
}

/// Updates a migration's state. The checksum covers the whole file if the migration is done,
/// otherwise the statements that may have been run.
pub(super) fn set_state(
    connection: &mut Connection,
    key: &str,
    state: State,
    checksum: &str,
    error: Option<&str>,
) -> Result<()> {
    use chatkeep_migrations::dsl;
    let state_text = state.text();
    let change = (
        dsl::state.eq(&state_text),
        dsl::checksum.eq(checksum),
        dsl::error.eq(error),
        dsl::finished_at.eq((state == State::Done).then(Timestamp::now)),
    );
    let row = dsl::chatkeep_migrations.filter(dsl::version.eq(key));
    let changed = on_engine!(connection, c => diesel::update(row).set(change).execute(c));
    changed.map(drop).map_err(|error| connection.write_error(error))
}

/// Deletes a migration's row.
pub(super) fn remove(connection: &mut Connection, key: &str) -> Result<()> {
    use chatkeep_migrations::dsl;
    let removed = on_engine!(connection, c =>
        diesel::delete(dsl::chatkeep_migrations.filter(dsl::version.eq(key))).execute(c));
    removed.map(drop).map_err(|error| connection.write_error(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_round_trip_and_fit_the_column() {
        for state in [
            State::Done,
            State::Failed,
            State::Up { step: 0, refused: false },
            State::Up { step: 12, refused: true },
            State::Down { step: 3, refused: false },
            State::Down { step: 99_999, refused: true },
        ] {
            assert_eq!(State::parse(&state.text()), state);
            assert!(state.text().len() <= 20);
        }
        assert_eq!(State::parse("running"), State::Up { step: 0, refused: false });
        assert_eq!(State::parse("paused"), State::Unknown);
    }
}
