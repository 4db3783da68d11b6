//! Migrations as a script, for whoever may not let a program change tables: run by psql, mysql, mariadb or sqlite3, it
//! does what the program would have done, the history included.

use std::fmt::Write as _;

use super::history::{self, State};
use super::migration::Migration;
use super::script::{Script, Way};
use super::set::{MigrationSet, Revision};
use super::statements::Statement;
use super::status::{MigrationStatus, SchemaVersion};
use crate::engine::Engine;
use crate::error::{Error, Result};

/// The script that leads from one revision to another, up or down: `base` is before the first migration, `head` after the
/// last. Nothing is opened.
///
/// ```
/// use chatkeep_core::Engine;
/// use chatkeep_core::migrations::{MigrationSet, sql};
///
/// let script = sql(Engine::PostgreSql, &MigrationSet::embedded(Engine::PostgreSql), "base", "head")?;
/// assert!(script.contains("CREATE TABLE messages"));
/// assert!(script.contains("INSERT INTO chatkeep_migrations"));
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
///
/// # Errors
/// `InvalidInput` with the field `from` or `to` when there is no such revision; without, when a file cannot be read, or there is no way back.
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
    if !up.is_empty() { write(engine, &up, Way::Up) } else { write(engine, &down, Way::Down) }
}

/// The script for what a database still lacks, up to this revision.
///
/// # Errors
/// As [`sql`]; `Schema` when the history does not fit, or holds a migration that was cut off: only a program goes on with it.
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
        to.reaches(migration) && status.pending.iter().any(|(version, _)| *version == key)
    };
    write(engine, &set.list().iter().filter(due).collect::<Vec<_>>(), Way::Up)
}

/// The revision that this argument names.
fn revision(argument: &'static str, set: &MigrationSet, text: &str) -> Result<Revision> {
    Revision::parse(set, text).map_err(|error| match error.field() {
        Some("revision") => error.with_field(argument),
        _ => error,
    })
}

fn write(engine: Engine, migrations: &[&Migration], way: Way) -> Result<String> {
    let mut out = Writer { engine, out: String::new(), in_transaction: false };
    out.head(migrations.len())?;
    if migrations.is_empty() {
        return Ok(out.out);
    }
    for (number, migration) in migrations.iter().enumerate() {
        let script = Script::read(engine, migration, way)?;
        out.enter(script.in_transaction);
        if number == 0 {
            out.begin_history();
        }
        out.migration(migration, &script, way);
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
        .map_err(|_| Error::internal("a text cannot be written"))?;
        if count == 0 {
            self.line("-- There is nothing to do.");
            return Ok(());
        }
        match self.engine {
            Engine::Sqlite => {
                // Otherwise the client goes on after an error, and commits what is left.
                self.line(".bail on");
                self.line("PRAGMA foreign_keys = OFF;");
            }
            Engine::PostgreSql => self.line("\\set ON_ERROR_STOP on"),
            Engine::MySql | Engine::MariaDb => {
                self.line("SET NAMES utf8mb4;");
                self.line(
                    "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,\
                     ERROR_FOR_DIVISION_BY_ZERO';",
                );
            }
        }
        Ok(())
    }

    /// Begins or ends a transaction, as the next migration wants it.
    fn enter(&mut self, in_transaction: bool) {
        let wanted = in_transaction && !self.is_mysql();
        if wanted == self.in_transaction {
            return;
        }
        self.leave();
        if wanted {
            self.line(if self.engine == Engine::Sqlite { "BEGIN IMMEDIATE;" } else { "BEGIN;" });
            if self.engine == Engine::PostgreSql {
                self.line("-- Programs that migrate by themselves wait for this transaction.");
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

    fn migration(&mut self, migration: &Migration, script: &Script, way: Way) {
        self.line(&format!("\n-- {}", migration.title()));
        let key = migration.key();
        // First the history: whoever runs the script a second time is stopped here, before anything is changed.
        if way == Way::Up {
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
                "INSERT INTO chatkeep_migrations (version, name, checksum, started_at, finished_at, state) VALUES\n    \
                 ('{key}', '{}', '{}', {now}, {finished}, '{}');",
                migration.name,
                checksum,
                state.text()
            ));
        }
        for (number, statement) in script.statements.iter().enumerate() {
            self.statement(statement);
            if way == Way::Up && !self.in_transaction && number + 1 < script.statements.len() {
                // Whoever goes on after an error knows where.
                let state = State::Up { step: number + 1, refused: false }.text();
                let checksum = script.checksum_of(number + 1);
                self.line(&format!(
                    "UPDATE chatkeep_migrations SET state = '{state}', checksum = '{checksum}' WHERE version = '{key}';"
                ));
            }
        }
        match way {
            Way::Up if self.in_transaction => {}
            Way::Up => self.line(&format!(
                "UPDATE chatkeep_migrations SET state = '{}', checksum = '{}', finished_at = {} WHERE version = '{key}';",
                State::Done.text(),
                migration.checksum(),
                now(self.engine)
            )),
            Way::Down => self.line(&format!("DELETE FROM chatkeep_migrations WHERE version = '{key}';")),
        }
    }

    fn statement(&mut self, statement: &Statement) {
        if statement.is_compound && self.is_mysql() {
            // The client, unlike the server, does not know where a body ends.
            let mut mark = "$$".to_owned();
            while statement.text.contains(&mark) {
                mark.push('$');
            }
            self.line(&format!("DELIMITER {mark}\n{}{mark}\nDELIMITER ;", statement.text));
        } else {
            let last = statement.text.lines().last().unwrap_or_default();
            // Not behind a comment.
            let end = if last.contains("--") || last.contains('#') { "\n;" } else { ";" };
            self.line(&format!("{}{end}", statement.text));
        }
    }
}

/// The present moment as the history stores it.
fn now(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'",
        Engine::PostgreSql => "clock_timestamp() AT TIME ZONE 'UTC'",
        Engine::MySql | Engine::MariaDb => "UTC_TIMESTAMP(6)",
    }
}
