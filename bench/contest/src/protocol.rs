//! The lines that go to and fro.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A database engine, by the name that the lines use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// SQLite, in a file.
    Sqlite,
    /// PostgreSQL.
    PostgreSql,
    /// MariaDB.
    MariaDb,
    /// MySQL.
    MySql,
}

impl Engine {
    /// All of them, SQLite first.
    pub const ALL: [Self; 4] = [Self::Sqlite, Self::PostgreSql, Self::MariaDb, Self::MySql];

    /// The name in the lines: `sqlite`, `postgresql`, `mariadb`, `mysql`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::PostgreSql => "postgresql",
            Self::MariaDb => "mariadb",
            Self::MySql => "mysql",
        }
    }

    /// The settings that make it durable, as a contestant must read them back.
    pub fn durable(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Sqlite => &[("journal_mode", "wal"), ("synchronous", "2")],
            Self::PostgreSql => {
                &[("fsync", "on"), ("full_page_writes", "on"), ("synchronous_commit", "on")]
            }
            Self::MariaDb | Self::MySql => {
                &[("innodb_doublewrite", "ON"), ("innodb_flush_log_at_trx_commit", "1")]
            }
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::PostgreSql => "PostgreSQL",
            Self::MariaDb => "MariaDB",
            Self::MySql => "MySQL",
        })
    }
}

/// What is done in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Path {
    /// One message stored for good, its id returned.
    Log,
    /// One token looked up by its hash and judged.
    Verify,
    /// The newest messages, with all their fields, metadata parsed.
    Page,
    /// Many messages stored in one call, their ids returned where the way allows it.
    Bulk,
}

impl Path {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Log, Self::Verify, Self::Page, Self::Bulk];

    /// The name in the lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Verify => "verify",
            Self::Page => "page",
            Self::Bulk => "bulk",
        }
    }

    /// Whether it stores messages.
    pub fn writes(self) -> bool {
        matches!(self, Self::Log | Self::Bulk)
    }
}

/// The message that everybody logs. Its timestamp is the moment at which it is logged, taken by who logs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What the user asked.
    pub user_message: String,
    /// What was answered.
    pub bot_response: String,
    /// Who answered.
    pub provider: String,
    /// With which model.
    pub model: String,
    /// At which cost.
    pub tokens_used: i64,
    /// JSON text of an object.
    pub metadata: String,
}

impl Row {
    /// A message of a usual size: a question of a line, an answer of a paragraph.
    pub fn usual() -> Self {
        Self {
            user_message: "What does write-ahead logging buy me, and what does it cost?".to_owned(),
            bot_response: "Readers do not block the writer, and a commit is one sequential write. "
                .repeat(8),
            provider: "openai".to_owned(),
            model: "gpt-4o-mini".to_owned(),
            tokens_used: 230,
            metadata: r#"{"session": "a1", "turn": 3}"#.to_owned(),
        }
    }
}

/// What a contestant is told first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The database's engine.
    pub engine: Engine,
    /// What to do.
    pub path: Path,
    /// How many threads, tasks or promises do it at the same time.
    pub callers: usize,
    /// SQLite's file; empty for a server.
    pub file: String,
    /// The server's address; it is spoken to without TLS.
    pub host: String,
    /// The server's port.
    pub port: u16,
    /// The account.
    pub user: String,
    /// Its password, of letters and digits.
    pub password: String,
    /// The database on the server.
    pub database: String,
    /// The message to log.
    pub row: Row,
    /// Tokens that are valid, for `verify`: take one after the other.
    pub tokens: Vec<String>,
    /// Messages in one call of `bulk`.
    pub batch: usize,
    /// Messages on a `page`.
    pub page: usize,
}

/// What a contestant says of itself once it is connected.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ready {
    /// What it is made of: name and version.
    pub versions: BTreeMap<String, String>,
    /// The settings of [`Engine::durable`], read back over its own connection.
    pub durability: BTreeMap<String, String>,
}

/// What a contestant is told after that.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// A round of so many seconds.
    Go(f64),
}

/// What came of a round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Calls that were answered.
    pub calls: u64,
    /// Messages stored, or read, or tokens judged.
    pub rows: u64,
    /// From the first call's begin to the last one's end.
    pub seconds: f64,
    /// Half of the calls took no longer, in microseconds; nothing where calls were not timed one by one.
    pub p50_us: Option<f64>,
    /// 99 of 100 calls took no longer, in microseconds.
    pub p99_us: Option<f64>,
    /// The sum of all ids that were returned; nothing where the way returns none.
    pub id_sum: Option<i64>,
}

/// What a contestant says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// To the setup.
    Ready(Ready),
    /// To an order.
    Result(Outcome),
    /// Instead of either; it ends then.
    Error(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_what_the_documentation_shows() {
        let outcome = Outcome {
            calls: 2,
            rows: 2,
            seconds: 0.5,
            p50_us: Some(1.5),
            p99_us: None,
            id_sum: Some(3),
        };
        let line = serde_json::to_string(&Answer::Result(outcome)).unwrap();
        let expected = r#"{"result":{"calls":2,"rows":2,"seconds":0.5,"p50_us":1.5,"p99_us":null,"id_sum":3}}"#;
        assert_eq!(line, expected);
        assert_eq!(serde_json::to_string(&Order::Go(1.5)).unwrap(), r#"{"go":1.5}"#);
        assert_eq!(serde_json::from_str::<Order>(r#"{"go": 2}"#).unwrap(), Order::Go(2.0));
        let error = serde_json::from_str::<Answer>(r#"{"error": "no such table"}"#).unwrap();
        assert_eq!(error, Answer::Error("no such table".to_owned()));
    }

    #[test]
    fn names_are_the_same_in_lines_and_in_text() {
        for engine in Engine::ALL {
            assert_eq!(serde_json::to_value(engine).unwrap(), engine.name());
        }
        for path in Path::ALL {
            assert_eq!(serde_json::to_value(path).unwrap(), path.name());
        }
    }
}
