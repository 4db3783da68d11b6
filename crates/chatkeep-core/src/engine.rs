//! The supported database engines.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::described::Record;

/// A database engine. `MySql` and `MariaDb` share a driver and an SQL dialect, with a few
/// differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Record)]
#[non_exhaustive]
pub enum Engine {
    /// SQLite 3, embedded.
    Sqlite,
    /// PostgreSQL 14 and later.
    #[record(name = "postgresql")]
    PostgreSql,
    /// MySQL 8.0.17 and later.
    #[record(name = "mysql")]
    MySql,
    /// MariaDB 10.11 and later.
    #[record(name = "mariadb")]
    MariaDb,
}

impl Engine {
    /// Returns the engine's name as used in `DB_TYPE` and in URLs: `sqlite`, `postgresql`,
    /// `mysql` or `mariadb`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::PostgreSql => "postgresql",
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
        }
    }

    /// Returns whether the engine is MySQL or MariaDB.
    pub(crate) fn is_mysql(self) -> bool {
        matches!(self, Self::MySql | Self::MariaDb)
    }

    /// Returns whether a read may return the state before a write that is committed: a node of a
    /// Galera or group replication cluster applies the writes of other nodes later.
    pub fn may_read_earlier_state(self) -> bool {
        self.is_mysql()
    }

    /// Returns whether the engine runs as a server, reached over TCP or a unix socket.
    pub fn is_server(self) -> bool {
        self != Self::Sqlite
    }
}

/// It serializes as its name.
impl Serialize for Engine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
