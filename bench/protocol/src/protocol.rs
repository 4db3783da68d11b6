//! The lines of the protocol.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A database engine.
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
    /// All engines, SQLite first.
    pub const ALL: [Self; 4] = [Self::Sqlite, Self::PostgreSql, Self::MariaDb, Self::MySql];

    /// Returns the name in the protocol: `sqlite`, `postgresql`, `mariadb`, `mysql`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::PostgreSql => "postgresql",
            Self::MariaDb => "mariadb",
            Self::MySql => "mysql",
        }
    }

    /// Returns the durability settings, with the values that a competitor must read back.
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

/// The task of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Path {
    /// Store one message durably and return its id.
    Log,
    /// Look a token up by its hash and check it.
    Verify,
    /// Read the newest messages with all fields and parsed metadata.
    Page,
    /// Store many messages in one call and return their ids where the method supports it.
    Bulk,
    /// Store one turn of a conversation durably, move the conversation to the front of its lists,
    /// and return the id of the message. Each caller has a conversation of its own.
    Turn,
    /// Look a session of a user up by its hash and check it and the user.
    Session,
}

impl Path {
    /// All paths.
    pub const ALL: [Self; 6] =
        [Self::Log, Self::Verify, Self::Page, Self::Bulk, Self::Turn, Self::Session];

    /// Returns the name in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Verify => "verify",
            Self::Page => "page",
            Self::Bulk => "bulk",
            Self::Turn => "turn",
            Self::Session => "session",
        }
    }

    /// Returns whether the path stores messages.
    pub fn writes(self) -> bool {
        matches!(self, Self::Log | Self::Bulk | Self::Turn)
    }

    /// Returns whether the path runs with several numbers of concurrent callers.
    pub fn is_concurrent(self) -> bool {
        matches!(self, Self::Log | Self::Turn)
    }
}

/// The message that all competitors log. Each competitor sets the timestamp to the current time
/// when it logs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Text of the user.
    pub user_message: String,
    /// Response.
    pub bot_response: String,
    /// Name of the provider.
    pub provider: String,
    /// Name of the model.
    pub model: String,
    /// Number of tokens used.
    pub tokens_used: i64,
    /// JSON text of an object.
    pub metadata: String,
}

impl Row {
    /// Returns a message of typical size: a one-line question and a paragraph as the response.
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

/// A conversation of a user, by its ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Id in the database.
    pub id: i64,
    /// Id for other programs.
    pub public_id: String,
    /// Id of the user in the database.
    pub user_id: i64,
}

/// The first line sent to a competitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// Engine of the database.
    pub engine: Engine,
    /// Task of each round.
    pub path: Path,
    /// Number of concurrent threads, tasks or promises.
    pub callers: usize,
    /// SQLite file; empty for a server.
    pub file: String,
    /// Address of the server, which is used without TLS.
    pub host: String,
    /// Port of the server.
    pub port: u16,
    /// User name.
    pub user: String,
    /// Password, of letters and digits.
    pub password: String,
    /// Name of the database on the server.
    pub database: String,
    /// Message to log.
    pub row: Row,
    /// Valid tokens for `verify`, to be used in turn.
    pub tokens: Vec<String>,
    /// Conversations for `turn`, one for each caller.
    pub conversations: Vec<Conversation>,
    /// Secrets of valid sessions for `session`, to be used in turn.
    pub sessions: Vec<String>,
    /// Number of messages per call of `bulk`.
    pub batch: usize,
    /// Number of messages per `page`.
    pub page: usize,
}

/// The response of a competitor once it is connected.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ready {
    /// Names and versions of its components.
    pub versions: BTreeMap<String, String>,
    /// Settings of [`Engine::durable`], read back over its own connection.
    pub durability: BTreeMap<String, String>,
}

/// A request sent to a competitor after the setup.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Request {
    /// Run a round of this many seconds.
    Go(f64),
}

/// The result of a round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Number of completed calls.
    pub calls: u64,
    /// Number of messages stored or read, or of tokens checked.
    pub rows: u64,
    /// Time from the start of the first call to the end of the last one.
    pub seconds: f64,
    /// Median duration of a call in microseconds; `None` if calls were not timed individually.
    pub p50_us: Option<f64>,
    /// 99th percentile of the duration of a call in microseconds.
    pub p99_us: Option<f64>,
    /// Sum of all returned ids; `None` if the method returns none.
    pub id_sum: Option<i64>,
}

/// A line written by a competitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Response {
    /// Response to the setup.
    Ready(Ready),
    /// Response to a request.
    Result(Outcome),
    /// Failure instead of either, after which the competitor exits.
    Error(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_match_the_documentation() {
        let outcome = Outcome {
            calls: 2,
            rows: 2,
            seconds: 0.5,
            p50_us: Some(1.5),
            p99_us: None,
            id_sum: Some(3),
        };
        let line = serde_json::to_string(&Response::Result(outcome)).unwrap();
        let expected = r#"{"result":{"calls":2,"rows":2,"seconds":0.5,"p50_us":1.5,"p99_us":null,"id_sum":3}}"#;
        assert_eq!(line, expected);
        assert_eq!(serde_json::to_string(&Request::Go(1.5)).unwrap(), r#"{"go":1.5}"#);
        assert_eq!(serde_json::from_str::<Request>(r#"{"go": 2}"#).unwrap(), Request::Go(2.0));
        let error = serde_json::from_str::<Response>(r#"{"error": "no such table"}"#).unwrap();
        assert_eq!(error, Response::Error("no such table".to_owned()));
    }

    #[test]
    fn names_equal_their_serialized_form() {
        for engine in Engine::ALL {
            assert_eq!(serde_json::to_value(engine).unwrap(), engine.name());
        }
        for path in Path::ALL {
            assert_eq!(serde_json::to_value(path).unwrap(), path.name());
        }
    }
}
