//! The engines that tests run on, and the locations of their shared servers.

use std::fmt;
use std::path::PathBuf;

use crate::environment;

/// A database engine that tests run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// Every engine, SQLite first.
    pub const ALL: [Self; 4] = [Self::Sqlite, Self::PostgreSql, Self::MariaDb, Self::MySql];

    /// Returns the engines that tests must run on: SQLite always, and each server named in the
    /// environment.
    ///
    /// # Panics
    ///
    /// If PostgreSQL or MariaDB is missing, or MySQL is missing without a reason in
    /// `CHATKEEP_TEST_MYSQL_ABSENT`. A missing server is a failure, not a silently skipped test.
    /// Only `chatkeep-testkit run --only …` excludes servers, which it records in
    /// `CHATKEEP_TEST_ONLY`. Outside of the runner and of CI, all servers are skipped, and standard
    /// error reports it.
    #[track_caller]
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|engine| engine.is_available()).collect()
    }

    /// Returns [`Engine::available`] without SQLite.
    ///
    /// # Panics
    ///
    /// As [`Engine::available`].
    #[track_caller]
    pub fn servers() -> Vec<Self> {
        Self::available().into_iter().filter(|engine| engine.is_server()).collect()
    }

    /// Returns whether tests run on this engine. `false` only for an engine that is absent by
    /// choice.
    ///
    /// # Panics
    ///
    /// If the engine is absent without permission, as [`Engine::available`].
    #[track_caller]
    pub fn is_available(self) -> bool {
        match environment::presence(self) {
            Ok(present) => present,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Returns whether the engine is a server; `false` only for SQLite.
    pub fn is_server(self) -> bool {
        self != Self::Sqlite
    }

    /// Returns the name of the engine as a URL scheme: `sqlite`, `postgresql`, `mariadb`, `mysql`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::PostgreSql => "postgresql",
            Self::MariaDb => "mariadb",
            Self::MySql => "mysql",
        }
    }

    /// Returns the engine with this [`name`](Engine::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|engine| engine.name() == name)
    }

    /// Returns the URL of the shared server, with an account that has all privileges.
    ///
    /// # Panics
    ///
    /// For SQLite, and if the server is not in the environment.
    #[track_caller]
    pub fn admin_url(self) -> String {
        self.variable("URL")
    }

    /// Returns the CA certificate of the shared server. The certificate of the server is for the
    /// name `localhost` only, so a connection to `127.0.0.1` fails the name check.
    ///
    /// # Panics
    ///
    /// For SQLite, and if the variable is not in the environment.
    #[track_caller]
    pub fn tls_ca(self) -> PathBuf {
        self.variable("TLS_CA").into()
    }

    /// Returns the certificate of a CA that did not sign the certificate of any server.
    ///
    /// # Panics
    ///
    /// As [`Engine::tls_ca`].
    #[track_caller]
    pub fn unrelated_ca(self) -> PathBuf {
        self.tls_ca().with_file_name(crate::certificate::UNRELATED_CA)
    }

    /// Returns the process id of the shared server. Other tests use the same server; to stop or
    /// freeze a server, start a private [`Server`](crate::Server).
    ///
    /// # Panics
    ///
    /// For SQLite, and if the variable is not in the environment or is not a number.
    #[track_caller]
    pub fn server_pid(self) -> u32 {
        let text = self.variable("PID");
        text.parse()
            .unwrap_or_else(|_| panic!("the pid of the {self} server is not a number: {text:?}"))
    }

    /// Returns the Unix socket of the shared server: the containing folder for PostgreSQL, the
    /// socket itself for MariaDB and MySQL.
    ///
    /// # Panics
    ///
    /// For SQLite, and if the variable is not in the environment.
    #[track_caller]
    pub fn socket(self) -> PathBuf {
        self.variable("SOCKET").into()
    }

    #[track_caller]
    fn variable(self, suffix: &str) -> String {
        match environment::read(self, suffix) {
            Ok(value) => value,
            Err(failure) => panic!("{failure}"),
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
