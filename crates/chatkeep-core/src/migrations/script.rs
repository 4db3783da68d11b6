//! What a migration's file says: its statements, and how they want to be run.

use sha2::{Digest, Sha256};

use super::folder::FIELD;
use super::migration::Migration;
use super::statements::{Statement, Unreadable, split};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::token::hex;

/// The comment that gives directions, in the lines before the first statement.
const HEADER: &str = "-- chatkeep:";
/// The only direction that there is.
const NO_TRANSACTION: &str = "no-transaction";

/// One way of a migration, ready to be run.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) statements: Vec<Statement>,
    /// False when its header says `no-transaction`: then each statement stands alone.
    pub(super) in_transaction: bool,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

impl Script {
    /// A checksum of the first statements, apart from comments around them. What comes after them may still change.
    pub(super) fn checksum_of(&self, statements: usize) -> String {
        let mut sum = Sha256::new();
        for statement in self.statements.iter().take(statements) {
            sum.update(statement.text.replace("\r\n", "\n"));
            sum.update(";");
        }
        hex(&sum.finalize())
    }

    /// Reads one way of a migration.
    pub(super) fn read(engine: Engine, migration: &Migration, way: Way) -> Result<Self> {
        let (text, file) = match way {
            Way::Up => (&migration.up, "up.sql"),
            Way::Down => (&migration.down, "down.sql"),
        };
        let script = read(engine, text).map_err(|error| {
            let place = format!("{}/{file}, line {}", migration.title(), error.line);
            Error::invalid_input(FIELD, format!("{place}: {}", error.cause))
        })?;
        if script.statements.is_empty() {
            let cause = match way {
                Way::Up => "holds no statement; a migration has to do something",
                Way::Down => "holds no statement, so there is no way back over this migration",
            };
            return Err(Error::invalid_input(
                FIELD,
                format!("{}/{file} {cause}", migration.title()),
            ));
        }
        Ok(script)
    }
}

fn read(engine: Engine, text: &str) -> Result<Script, Unreadable> {
    let in_transaction = !wants_no_transaction(engine, text)?;
    let statements = split(engine, text)?;
    for statement in &statements {
        if let Some(cause) = refusal(engine, statement) {
            return Err(Unreadable { line: statement.line, cause });
        }
    }
    Ok(Script { statements, in_transaction })
}

fn wants_no_transaction(engine: Engine, text: &str) -> Result<bool, Unreadable> {
    let mut found = false;
    for (number, line) in text.lines().map(str::trim).enumerate() {
        if !line.is_empty() && !line.starts_with("--") {
            break;
        }
        let Some(direction) = line.strip_prefix(HEADER) else { continue };
        let cause = match (direction.trim(), engine) {
            (NO_TRANSACTION, Engine::Sqlite) => {
                "SQLite runs every migration in a transaction, with foreign keys checked at its end; leave no-transaction out"
                    .to_owned()
            }
            (NO_TRANSACTION, _) => {
                found = true;
                continue;
            }
            (other, _) => format!("the direction {other:?} is not known; there is {NO_TRANSACTION:?}"),
        };
        return Err(Unreadable { line: number + 1, cause });
    }
    Ok(found)
}

/// What would take the transaction, or the place, from under the runner's feet.
fn refusal(engine: Engine, statement: &Statement) -> Option<String> {
    let first = statement.word(0);
    let ends_transactions =
        matches!(first, "BEGIN" | "COMMIT" | "ROLLBACK" | "END" | "ABORT" | "XA")
            || (first == "START" && statement.word(1) == "TRANSACTION");
    if ends_transactions {
        return Some(format!("{first} cannot stand in a migration: transactions are the runner's"));
    }
    if first == "USE" && matches!(engine, Engine::MySql | Engine::MariaDb) {
        return Some(
            "USE cannot stand in a migration: it runs in the database of the URL".to_owned(),
        );
    }
    if first == "COPY" && statement.words.iter().any(|word| word == "STDIN") {
        return Some("COPY FROM STDIN wants a client that sends the rows; use INSERT".to_owned());
    }
    None
}

impl Statement {
    /// Whether it can only be run on its own, so that no history can be written in the same breath.
    pub(super) fn stands_alone(&self, engine: Engine) -> bool {
        match engine {
            // Data definition commits by itself; only rows wait for a COMMIT.
            Engine::MySql | Engine::MariaDb => {
                !matches!(
                    self.word(0),
                    "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "SELECT" | "WITH" | "DO"
                ) && !self.sets_session()
            }
            _ => {
                self.words.iter().any(|word| word == "CONCURRENTLY")
                    || matches!(self.word(0), "VACUUM" | "CLUSTER")
                    || matches!(
                        (self.word(0), self.word(1)),
                        (
                            "CREATE" | "DROP" | "ALTER",
                            "DATABASE" | "TABLESPACE" | "SUBSCRIPTION" | "SYSTEM"
                        )
                    )
            }
        }
    }

    /// Whether it only changes the session, so that a run that goes on in another session has to begin with it.
    pub(super) fn sets_session(&self) -> bool {
        match self.word(0) {
            "SET" => !self
                .words
                .iter()
                .any(|word| matches!(word.as_str(), "GLOBAL" | "PERSIST" | "PASSWORD")),
            "PREPARE" | "DEALLOCATE" => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(engine: Engine, text: &str) -> (usize, String) {
        let error = read(engine, text).expect_err("it is refused");
        (error.line, error.cause)
    }

    #[test]
    fn a_header_says_how_statements_are_run() {
        let text = "-- Adds an index.\n\n-- chatkeep: no-transaction\nCREATE INDEX CONCURRENTLY a ON t (b);\nSELECT 1;";
        let script = read(Engine::PostgreSql, text).expect("it is right");
        assert!(!script.in_transaction);
        let alone: Vec<_> = script
            .statements
            .iter()
            .map(|statement| statement.stands_alone(Engine::PostgreSql))
            .collect();
        assert_eq!(alone, [true, false]);
        // Only before the first statement.
        assert!(
            read(Engine::PostgreSql, "SELECT 1;\n-- chatkeep: no-transaction")
                .expect("right")
                .in_transaction
        );
        assert!(
            cause(Engine::Sqlite, text).1.contains("SQLite runs every migration in a transaction")
        );
        assert_eq!(cause(Engine::MySql, "-- chatkeep: no-transactions\nSELECT 1").0, 1);
    }

    #[test]
    fn transactions_and_other_databases_are_not_a_migrations_business() {
        for engine in [Engine::Sqlite, Engine::PostgreSql, Engine::MySql, Engine::MariaDb] {
            for text in [
                "BEGIN; SELECT 1; COMMIT",
                "SELECT 1;\ncommit",
                "START TRANSACTION",
                "SELECT 1;rollback;",
            ] {
                assert!(cause(engine, text).1.contains("transactions are the runner's"), "{text}");
            }
        }
        assert!(cause(Engine::MariaDb, "USE mysql").1.contains("USE"));
        assert!(cause(Engine::PostgreSql, "SELECT 1;\nCOPY t FROM stdin;").0 == 2);
    }

    #[test]
    fn on_mysql_only_rows_wait_for_a_commit() {
        let script = read(
            Engine::MySql,
            "SET @a = 1; CREATE TABLE t (a INT); INSERT INTO t VALUES (@a); CALL p()",
        );
        let statements = script.expect("it is right").statements;
        let alone: Vec<_> =
            statements.iter().map(|statement| statement.stands_alone(Engine::MySql)).collect();
        assert_eq!(alone, [false, true, false, true]);
        assert!(statements[0].sets_session() && !statements[1].sets_session());
    }
}
