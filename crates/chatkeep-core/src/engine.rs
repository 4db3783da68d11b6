//! The database engines that chatkeep speaks to.

use std::fmt;

/// A database engine. `MySql` and `MariaDb` share a driver and a dialect, and differ in a few declared places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Engine {
    /// SQLite 3, embedded.
    Sqlite,
    /// PostgreSQL 14 and later.
    PostgreSql,
    /// MySQL 8.0.17 and later.
    MySql,
    /// MariaDB 10.11 and later.
    MariaDb,
}

impl Engine {
    /// The engine's name as it stands in `DB_TYPE` and in URLs: `sqlite`, `postgresql`, `mysql`, `mariadb`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::PostgreSql => "postgresql",
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
        }
    }

    /// Whether the engine is MySQL or MariaDB, which speak alike where they do not differ.
    pub(crate) fn is_mysql(self) -> bool {
        matches!(self, Self::MySql | Self::MariaDb)
    }

    /// Whether the engine is a server that is reached over a network or a socket.
    pub fn is_server(self) -> bool {
        self != Self::Sqlite
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
