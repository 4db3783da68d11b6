//! The script of a migration file: its statements, and how to run them.

use sha2::{Digest, Sha256};

use super::folder::FIELD;
use super::migration::Migration;
use super::statements::{ScriptError, Statement, split};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::token::hex;

/// Start of a comment with a directive, before the first statement.
const HEADER: &str = "-- chatkeep:";
/// The only directive.
const NO_TRANSACTION: &str = "no-transaction";

/// The parsed script of one direction of a migration.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) statements: Vec<Statement>,
    /// Whether the statements run in a transaction: false if the header has `no-transaction`.
    pub(super) in_transaction: bool,
}

/// Direction of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

impl Script {
    /// Returns a checksum of the first statements, without comments between them. Later statements
    /// may still change.
    pub(super) fn checksum_of(&self, statements: usize) -> String {
        let mut sum = Sha256::new();
        for statement in self.statements.iter().take(statements) {
            sum.update(statement.text.replace("\r\n", "\n"));
            sum.update(";");
        }
        hex(&sum.finalize())
    }

    /// Parses one direction of a migration.
    pub(super) fn read(
        engine: Engine,
        migration: &Migration,
        direction: Direction,
    ) -> Result<Self> {
        let (text, file) = match direction {
            Direction::Up => (&migration.up, "up.sql"),
            Direction::Down => (&migration.down, "down.sql"),
        };
        let script = read(engine, text).map_err(|error| {
            let position = format!("{}/{file}, line {}", migration.title(), error.line);
            Error::invalid_input(FIELD, format!("{position}: {}", error.cause))
        })?;
        if script.statements.is_empty() {
            let cause = match direction {
                Direction::Up => "contains no statement",
                Direction::Down => "contains no statement, so the migration is irreversible",
            };
            return Err(Error::invalid_input(
                FIELD,
                format!("{}/{file} {cause}", migration.title()),
            ));
        }
        Ok(script)
    }
}

fn read(engine: Engine, text: &str) -> Result<Script, ScriptError> {
    let in_transaction = !has_no_transaction(engine, text)?;
    let statements = split(engine, text)?;
    for statement in &statements {
        if let Some(cause) = rejection(engine, statement) {
            return Err(ScriptError { line: statement.line, cause });
        }
    }
    Ok(Script { statements, in_transaction })
}

/// Returns whether the header has the directive `no-transaction`.
fn has_no_transaction(engine: Engine, text: &str) -> Result<bool, ScriptError> {
    let mut found = false;
    for (number, line) in text.lines().map(str::trim).enumerate() {
        if !line.is_empty() && !line.starts_with("--") {
            break;
        }
        let Some(directive) = line.strip_prefix(HEADER) else { continue };
        let cause = match (directive.trim(), engine) {
            (NO_TRANSACTION, Engine::Sqlite) => {
                "SQLite runs every migration in a transaction, with foreign keys checked at its \
                 end; remove no-transaction"
                    .to_owned()
            }
            (NO_TRANSACTION, _) => {
                found = true;
                continue;
            }
            (other, _) => {
                format!("unknown directive {other:?}; the only one is {NO_TRANSACTION:?}")
            }
        };
        return Err(ScriptError { line: number + 1, cause });
    }
    Ok(found)
}

/// Returns why a statement is not allowed: it would end the runner's transaction, change the
/// database, or need a client.
fn rejection(engine: Engine, statement: &Statement) -> Option<String> {
    let first = statement.word(0);
    let ends_transactions =
        matches!(first, "BEGIN" | "COMMIT" | "ROLLBACK" | "END" | "ABORT" | "XA")
            || (first == "START" && statement.word(1) == "TRANSACTION");
    if ends_transactions {
        return Some(format!(
            "{first} is not allowed in a migration: the runner manages transactions"
        ));
    }
    if first == "USE" && matches!(engine, Engine::MySql | Engine::MariaDb) {
        return Some(
            "USE is not allowed in a migration: it runs in the database of the URL".to_owned(),
        );
    }
    if first == "COPY" && statement.words.iter().any(|word| word == "STDIN") {
        return Some("COPY FROM STDIN needs a client that sends the rows; use INSERT".to_owned());
    }
    None
}

impl Statement {
    /// Returns whether it is non-transactional, so that the history is not written in the same
    /// transaction.
    pub(super) fn is_non_transactional(&self, engine: Engine) -> bool {
        match engine {
            // Data definition commits implicitly; only changes of rows need a COMMIT.
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

    /// Returns whether it only changes session state. A run that resumes in another session must
    /// repeat it.
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
        let error = read(engine, text).expect_err("it is rejected");
        (error.line, error.cause)
    }

    #[test]
    fn header_selects_transactional_execution() {
        let text = "-- Adds an index.\n\n-- chatkeep: no-transaction\n\
                    CREATE INDEX CONCURRENTLY a ON t (b);\nSELECT 1;";
        let script = read(Engine::PostgreSql, text).expect("it is valid");
        assert!(!script.in_transaction);
        let alone: Vec<_> = script
            .statements
            .iter()
            .map(|statement| statement.is_non_transactional(Engine::PostgreSql))
            .collect();
        assert_eq!(alone, [true, false]);
        // Only before the first statement.
        assert!(
            read(Engine::PostgreSql, "SELECT 1;\n-- chatkeep: no-transaction")
                .expect("it is valid")
                .in_transaction
        );
        assert!(
            cause(Engine::Sqlite, text).1.contains("SQLite runs every migration in a transaction")
        );
        assert_eq!(cause(Engine::MySql, "-- chatkeep: no-transactions\nSELECT 1").0, 1);
    }

    #[test]
    fn transaction_control_and_use_are_rejected() {
        for engine in [Engine::Sqlite, Engine::PostgreSql, Engine::MySql, Engine::MariaDb] {
            for text in [
                "BEGIN; SELECT 1; COMMIT",
                "SELECT 1;\ncommit",
                "START TRANSACTION",
                "SELECT 1;rollback;",
            ] {
                assert!(
                    cause(engine, text).1.contains("the runner manages transactions"),
                    "{text}"
                );
            }
        }
        assert!(cause(Engine::MariaDb, "USE mysql").1.contains("USE"));
        assert!(cause(Engine::PostgreSql, "SELECT 1;\nCOPY t FROM stdin;").0 == 2);
    }

    #[test]
    fn only_row_changes_are_transactional_on_mysql() {
        let script = read(
            Engine::MySql,
            "SET @a = 1; CREATE TABLE t (a INT); INSERT INTO t VALUES (@a); CALL p()",
        );
        let statements = script.expect("it is valid").statements;
        let alone: Vec<_> = statements
            .iter()
            .map(|statement| statement.is_non_transactional(Engine::MySql))
            .collect();
        assert_eq!(alone, [false, true, false, true]);
        assert!(statements[0].sets_session() && !statements[1].sets_session());
    }
}
