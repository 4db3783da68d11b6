//! What a database URL says, part by part.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::Engine;

/// A database's address: a file of our own, or a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// SQLite, inside this process.
    Sqlite(SqliteTarget),
    /// PostgreSQL, MySQL or MariaDB.
    Server(ServerTarget),
}

/// Permissions of files that hold people's messages: only their owner reads and writes them.
pub(crate) const PRIVATE: u32 = 0o600;

/// A SQLite database and how to open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteTarget {
    /// The file, or memory.
    pub location: SqliteLocation,
    /// When a commit counts as stored (`?synchronous=`).
    pub synchronous: Synchronous,
    /// Whether nothing may be written (`?mode=ro`).
    pub read_only: bool,
    /// Whether a missing folder is made. Only the built-in default `db/chatkeep.db` does that: a mistyped path in a
    /// URL must not leave folders behind.
    pub make_folder: bool,
    /// The permissions of a new file and of what SQLite keeps beside it (`?file_mode=`), on Unix. Those of a file that
    /// is there stay as they are.
    pub file_mode: u32,
}

impl SqliteTarget {
    /// The place with every setting at its default.
    pub(super) fn new(location: SqliteLocation) -> Self {
        Self {
            location,
            synchronous: Synchronous::Full,
            read_only: false,
            make_folder: false,
            file_mode: PRIVATE,
        }
    }
}

/// Where a SQLite database is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqliteLocation {
    /// In memory; gone with its connection.
    Memory,
    /// In a file. The path is relative to the process's working folder, or absolute.
    File(PathBuf),
}

/// When SQLite takes a commit for stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Synchronous {
    /// Once it is on the disk: it outlives a power failure.
    #[default]
    Full,
    /// Once the operating system has it: the last commits may be lost in a power failure, but not in a crash of the
    /// program. Faster.
    Normal,
}

/// A database on a server and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTarget {
    /// The engine that the URL names.
    pub engine: Engine,
    /// Where the server listens, tried in this order. Never empty when it came from a URL.
    pub hosts: Vec<Host>,
    /// The user to log in as; none means the driver's own default.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Password>,
    /// The database's name. A URL without one is refused, so it is missing only in a target that a program changed,
    /// for example to create the database.
    pub database: Option<String>,
    /// Encryption.
    pub tls: Tls,
    /// The longest time a connection may take to come up (`?connect_timeout=`); none means the pool's setting.
    pub connect_timeout: Option<Duration>,
    /// Whether a pooler stands between this program and the server.
    pub pooler: Pooler,
    /// Which of several PostgreSQL hosts will do.
    pub session: TargetSession,
    /// Whether the PostgreSQL log-in is tied to the TLS connection.
    pub channel_binding: ChannelBinding,
    /// The name shown in `pg_stat_activity`.
    pub application_name: Option<String>,
    /// PostgreSQL's start-up options, for example `-c search_path=chat` or Neon's `endpoint=…`.
    pub options: Option<String>,
}

/// One place where a server listens. `Display` shows it as `host:port`, or as the path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// Over the network.
    Tcp {
        /// A name or an address; an IPv6 address stands without brackets.
        host: String,
        /// The port, never 0.
        port: u16,
    },
    /// A unix socket. On PostgreSQL the path is the folder and the port is part of the socket's name
    /// (`.s.PGSQL.5432`); on MySQL and MariaDB the path is the socket itself and the port says nothing.
    Unix(PathBuf, u16),
}

impl Host {
    /// Whether this is a unix socket, which carries no TLS.
    pub fn is_unix(&self) -> bool {
        matches!(self, Self::Unix(..))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path, _) => write!(f, "{}", path.display()),
        }
    }
}

/// A password. It shows as `***` and has to be asked for by name.
///
/// ```
/// use chatkeep_core::url::Password;
///
/// let password = Password::new("secret");
/// assert_eq!(format!("{password} {password:?}"), "*** ***");
/// assert_eq!(password.expose(), "secret");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Keeps a password out of sight.
    pub fn new(password: impl Into<String>) -> Self {
        Self(password.into())
    }

    /// The password itself, for the driver.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Encryption between this program and the server. It is about TCP hosts: a unix socket among several hosts is used
/// without TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// How much is asked of the connection.
    pub mode: TlsMode,
    /// A PEM file with the authorities to trust instead of the built-in ones.
    pub root_cert: Option<PathBuf>,
}

/// How much is asked of an encrypted connection, weakest first; the names are libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsMode {
    /// No encryption. The default on unix sockets.
    Disable,
    /// Encryption if the server offers it. The default over TCP.
    Prefer,
    /// Encryption, without a look at the certificate.
    Require,
    /// Encryption, and the certificate is signed by a trusted authority.
    VerifyCa,
    /// Encryption, and the certificate is signed by a trusted authority for this very host.
    VerifyFull,
}

impl TlsMode {
    /// The value of `sslmode`: `disable`, `prefer`, `require`, `verify-ca`, `verify-full`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// A pooler between this program and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Pooler {
    /// None, or one that keeps a server connection for a client's whole session.
    #[default]
    None,
    /// One that may give each transaction another server connection: no session state and no session locks.
    Transaction,
}

/// Which of several PostgreSQL hosts will do (`target_session_attrs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TargetSession {
    /// The first that answers.
    #[default]
    Any,
    /// The first that takes changes.
    ReadWrite,
    /// The first that takes no changes.
    ReadOnly,
    /// The first that is not a standby.
    Primary,
    /// The first that is a standby.
    Standby,
    /// The first that is a standby; where there is none, the first that answers.
    PreferStandby,
}

impl TargetSession {
    pub(super) const ALL: [Self; 6] = [
        Self::Any,
        Self::ReadWrite,
        Self::ReadOnly,
        Self::Primary,
        Self::Standby,
        Self::PreferStandby,
    ];

    /// The value of `target_session_attrs`: `any`, `read-write`, `read-only`, `primary`, `standby`, `prefer-standby`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::ReadWrite => "read-write",
            Self::ReadOnly => "read-only",
            Self::Primary => "primary",
            Self::Standby => "standby",
            Self::PreferStandby => "prefer-standby",
        }
    }
}

/// Whether PostgreSQL's SCRAM log-in is tied to the TLS connection (`channel_binding`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// If the server offers it.
    #[default]
    Prefer,
    /// Always, or there is no connection.
    Require,
}

impl ChannelBinding {
    /// The value of `channel_binding`: `disable`, `prefer`, `require`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
        }
    }
}
