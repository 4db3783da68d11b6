//! The engines a test can run on, and where the shared server of each is.

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

    /// The engines that tests must run on now: SQLite always, and each server that the environment names.
    ///
    /// # Panics
    ///
    /// When PostgreSQL or MariaDB is missing, or MySQL is missing without a reason given in
    /// `CHATKEEP_TEST_MYSQL_ABSENT`. A missing server is a failure, not a test skipped in silence. Only
    /// `chatkeep-testkit run --only …` leaves servers out, and says so in `CHATKEEP_TEST_ONLY`.
    #[track_caller]
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|engine| engine.is_available()).collect()
    }

    /// [`Engine::available`] without SQLite.
    ///
    /// # Panics
    ///
    /// As [`Engine::available`].
    #[track_caller]
    pub fn servers() -> Vec<Self> {
        Self::available().into_iter().filter(|engine| engine.is_server()).collect()
    }

    /// Whether tests can run on this engine now. `false` only for an engine that is rightly absent.
    ///
    /// # Panics
    ///
    /// When the engine is absent and nothing says that it may be, as [`Engine::available`].
    #[track_caller]
    pub fn is_available(self) -> bool {
        match environment::presence(self) {
            Ok(present) => present,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Whether the engine is a server; `false` only for SQLite.
    pub fn is_server(self) -> bool {
        self != Self::Sqlite
    }

    /// The engine's name as the scheme of a URL: `sqlite`, `postgresql`, `mariadb`, `mysql`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::PostgreSql => "postgresql",
            Self::MariaDb => "mariadb",
            Self::MySql => "mysql",
        }
    }

    /// The engine with this [`name`](Engine::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|engine| engine.name() == name)
    }

    /// URL of the shared server for an account that may do everything.
    ///
    /// # Panics
    ///
    /// For SQLite, and when the server is not in the environment.
    #[track_caller]
    pub fn admin_url(self) -> String {
        self.variable("URL")
    }

    /// The CA certificate of the shared server. The server's certificate is for the name `localhost` only: connecting to
    /// `127.0.0.1` is a connection to a wrong name.
    ///
    /// # Panics
    ///
    /// For SQLite, and when the variable is not in the environment.
    #[track_caller]
    pub fn tls_ca(self) -> PathBuf {
        self.variable("TLS_CA").into()
    }

    /// A CA certificate that has signed nothing any server shows.
    ///
    /// # Panics
    ///
    /// As [`Engine::tls_ca`].
    #[track_caller]
    pub fn unrelated_ca(self) -> PathBuf {
        self.tls_ca().with_file_name(crate::certificate::UNRELATED_CA)
    }

    /// The shared server's process id. Other tests use the same server: to stop or freeze one, start a
    /// [`Server`](crate::Server).
    ///
    /// # Panics
    ///
    /// For SQLite, and when the variable is not in the environment or is no number.
    #[track_caller]
    pub fn server_pid(self) -> u32 {
        let text = self.variable("PID");
        text.parse().unwrap_or_else(|_| {
            panic!("the pid of the {self} server must be a number, and is {text:?}")
        })
    }

    /// The shared server's unix socket: for PostgreSQL the folder it lies in, for MariaDB and MySQL the socket itself.
    ///
    /// # Panics
    ///
    /// For SQLite, and when the variable is not in the environment.
    #[track_caller]
    pub fn socket(self) -> PathBuf {
        self.variable("SOCKET").into()
    }

    #[track_caller]
    fn variable(self, what: &str) -> String {
        match environment::read(self, what) {
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
