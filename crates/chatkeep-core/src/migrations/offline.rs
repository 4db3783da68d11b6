//! Migrations as a SQL script for psql, mysql, mariadb or sqlite3, for databases where programs may
//! not change tables. The script has the same effects as running the migrations, and also writes
//! the history.

use std::fmt::Write as _;

use super::history::{self, State};
use super::migration::Migration;
use super::script::{Direction, Script};
use super::set::{MigrationSet, Revision};
use super::statements::Statement;
use super::status::{MigrationStatus, SchemaVersion};
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Returns the script that migrates from one revision to another, up or down, without a database.
/// `base` is before the first migration, and `head` after the last.
///
/// ```
/// use chatkeep_core::Engine;
/// use chatkeep_core::migrations::{MigrationSet, sql};
///
/// let set = MigrationSet::embedded(Engine::PostgreSql);
/// let script = sql(Engine::PostgreSql, &set, "base", "head")?;
/// assert!(script.contains("CREATE TABLE messages"));
/// assert!(script.contains("INSERT INTO chatkeep_migrations"));
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
///
/// # Errors
/// `InvalidInput` with the field `from` or `to` if the revision does not exist. With the field
/// `folder` if a file is invalid or a migration is irreversible.
pub fn sql(engine: Engine, set: &MigrationSet, from: &str, to: &str) -> Result<String> {
    let (from, to) = (revision("from", set, from)?, revision("to", set, to)?);
    let up: Vec<_> = set
        .list()
        .iter()
        .filter(|migration| to.reaches(migration) && !from.reaches(migration))
        .collect();
    let down: Vec<_> = set
        .list()
        .iter()
        .rev()
        .filter(|migration| from.reaches(migration) && !to.reaches(migration))
        .collect();
    if !up.is_empty() {
        write(engine, &up, Direction::Up)
    } else {
        write(engine, &down, Direction::Down)
    }
}

/// Returns the script of a database's pending migrations up to this revision.
///
/// # Errors
/// `InvalidInput` with the field `to` if the revision does not exist, or `folder` if a file is
/// invalid. `Schema` if the history is inconsistent, or has an interrupted migration, which a
/// script does not resume.
pub fn pending_sql(
    engine: Engine,
    set: &MigrationSet,
    status: &MigrationStatus,
    to: &str,
) -> Result<String> {
    if !matches!(status.version(), SchemaVersion::Head | SchemaVersion::Behind(_)) {
        return Err(status.error());
    }
    let to = revision("to", set, to)?;
    let due = |migration: &&Migration| {
        let key = migration.key();
        to.reaches(migration) && status.pending.iter().any(|migration| migration.version == key)
    };
    write(engine, &set.list().iter().filter(due).collect::<Vec<_>>(), Direction::Up)
}

/// Parses a revision, and names the argument in errors.
fn revision(argument: &'static str, set: &MigrationSet, text: &str) -> Result<Revision> {
    Revision::parse(set, text).map_err(|error| match error.field() {
        Some("revision") => error.with_field(argument),
        _ => error,
    })
}

fn write(engine: Engine, migrations: &[&Migration], direction: Direction) -> Result<String> {
    let mut out = Writer { engine, out: String::new(), in_transaction: false };
    out.head(migrations.len())?;
    if migrations.is_empty() {
        return Ok(out.out);
    }
    for (number, migration) in migrations.iter().enumerate() {
        let script = Script::read(engine, migration, direction)?;
        out.enter(script.in_transaction);
        if number == 0 {
            out.begin_history();
        }
        out.migration(migration, &script, direction);
    }
    out.leave();
    Ok(out.out)
}

struct Writer {
    engine: Engine,
    out: String,
    in_transaction: bool,
}

impl Writer {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn is_mysql(&self) -> bool {
        matches!(self.engine, Engine::MySql | Engine::MariaDb)
    }

    fn head(&mut self, count: usize) -> Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        let client = match self.engine {
            Engine::Sqlite => "sqlite3 FILE < this",
            Engine::PostgreSql => "psql -v ON_ERROR_STOP=1 -f this DATABASE",
            Engine::MySql => "mysql --default-character-set=utf8mb4 DATABASE < this",
            Engine::MariaDb => "mariadb --default-character-set=utf8mb4 DATABASE < this",
        };
        writeln!(
            self.out,
            "-- chatkeep {version}: {count} migrations for {}. Run it once, by: {client}",
            self.engine.name()
        )
        .map_err(|_| Error::internal("failed to write to a string"))?;
        if count == 0 {
            self.line("-- There is nothing to do.");
            return Ok(());
        }
        match self.engine {
            Engine::Sqlite => {
                // Otherwise the client continues after an error, and commits the rest.
                self.line(".bail on");
                self.line("PRAGMA foreign_keys = OFF;");
            }
            Engine::PostgreSql => {
                self.line("\\set ON_ERROR_STOP on");
                self.line("\\set AUTOCOMMIT on");
            }
            Engine::MySql | Engine::MariaDb => {
                self.line("SET NAMES utf8mb4;");
                self.line(
                    "SET SESSION autocommit = 1, completion_type = 0, time_zone = '+00:00', \
                     sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,\
                     ERROR_FOR_DIVISION_BY_ZERO';",
                );
            }
        }
        Ok(())
    }

    /// Begins or ends a transaction, as the next migration requires.
    fn enter(&mut self, in_transaction: bool) {
        let in_transaction = in_transaction && !self.is_mysql();
        if in_transaction == self.in_transaction {
            return;
        }
        self.leave();
        if in_transaction {
            self.line(if self.engine == Engine::Sqlite { "BEGIN IMMEDIATE;" } else { "BEGIN;" });
            if self.engine == Engine::PostgreSql {
                self.line("-- Programs that migrate automatically wait for this transaction.");
                self.line(&format!(
                    "SELECT pg_advisory_xact_lock({});",
                    super::lock::POSTGRESQL_KEY
                ));
            }
            self.in_transaction = true;
        }
    }

    fn leave(&mut self) {
        if self.in_transaction {
            self.line("\nCOMMIT;");
            self.in_transaction = false;
        }
    }

    fn begin_history(&mut self) {
        let table = history::table(self.engine).trim_end().to_owned();
        self.line(&table);
    }

    fn migration(&mut self, migration: &Migration, script: &Script, direction: Direction) {
        self.line(&format!("\n-- {}", migration.title()));
        let key = migration.key();
        // The history is written first, so that a second run of the script fails before any change.
        if direction == Direction::Up {
            let state = if self.in_transaction {
                State::Done
            } else {
                State::Up { step: 0, refused: false }
            };
            let now = now(self.engine);
            let finished = if self.in_transaction { now } else { "NULL" };
            let checksum =
                if self.in_transaction { migration.checksum() } else { script.checksum_of(0) };
            self.line(&format!(
                "INSERT INTO chatkeep_migrations \
                 (version, name, checksum, started_at, finished_at, state) VALUES\n    \
                 ('{key}', '{}', '{}', {now}, {finished}, '{}');",
                migration.name,
                checksum,
                state.text()
            ));
        }
        for (number, statement) in script.statements.iter().enumerate() {
            self.statement(statement);
            if direction == Direction::Up
                && !self.in_transaction
                && number + 1 < script.statements.len()
            {
                // Shows where to resume after an error.
                let state = State::Up { step: number + 1, refused: false }.text();
                let checksum = script.checksum_of(number + 1);
                self.line(&format!(
                    "UPDATE chatkeep_migrations SET state = '{state}', checksum = '{checksum}' \
                     WHERE version = '{key}';"
                ));
            }
        }
        match direction {
            Direction::Up if self.in_transaction => {}
            Direction::Up => self.line(&format!(
                "UPDATE chatkeep_migrations SET state = '{}', checksum = '{}', finished_at = {} \
                 WHERE version = '{key}';",
                State::Done.text(),
                migration.checksum(),
                now(self.engine)
            )),
            Direction::Down => {
                self.line(&format!("DELETE FROM chatkeep_migrations WHERE version = '{key}';"))
            }
        }
    }

    fn statement(&mut self, statement: &Statement) {
        if statement.is_compound && self.is_mysql() {
            // The client, unlike the server, does not parse bodies.
            let mut delimiter = "$$".to_owned();
            while statement.text.contains(&delimiter) {
                delimiter.push('$');
            }
            let text = &statement.text;
            self.line(&format!("DELIMITER {delimiter}\n{text}{delimiter}\nDELIMITER ;"));
        } else {
            let last = statement.text.lines().last().unwrap_or_default();
            // A semicolon after a line comment would be part of it.
            let end = if last.contains("--") || last.contains('#') { "\n;" } else { ";" };
            self.line(&format!("{}{end}", statement.text));
        }
    }
}

/// Returns the SQL of the current time in the format of the history.
fn now(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'",
        Engine::PostgreSql => "clock_timestamp() AT TIME ZONE 'UTC'",
        Engine::MySql | Engine::MariaDb => "UTC_TIMESTAMP(6)",
    }
}
