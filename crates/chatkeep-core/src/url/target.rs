//! The parts of a database URL.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::Engine;

/// A database's address: SQLite or a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// SQLite, embedded in this process.
    Sqlite(SqliteTarget),
    /// PostgreSQL, MySQL or MariaDB.
    Server(ServerTarget),
}

/// Permissions of files that contain messages: only the owner can read and write them.
pub(crate) const PRIVATE: u32 = 0o600;

/// A SQLite database and how to open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteTarget {
    /// The file, or memory.
    pub location: SqliteLocation,
    /// The durability of commits (`?synchronous=`).
    pub synchronous: Synchronous,
    /// Whether the database is opened read-only (`?mode=ro`).
    pub read_only: bool,
    /// Whether a missing folder is created. Only the built-in default `db/chatkeep.db` sets this,
    /// because a mistyped path in a URL must not create folders.
    pub make_folder: bool,
    /// Permissions of a new file and its companions (`?file_mode=`), on Unix. The permissions of an
    /// existing file are not changed.
    pub file_mode: u32,
}

impl SqliteTarget {
    /// Creates a target with default settings.
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

/// The location of a SQLite database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqliteLocation {
    /// In memory, for as long as its connection is open.
    Memory,
    /// In a file. The path is absolute, or relative to the process's working folder.
    File(PathBuf),
}

/// The durability of SQLite commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Synchronous {
    /// A commit returns once it is on disk, and survives a power failure.
    #[default]
    Full,
    /// A commit returns once the operating system has the data, which is faster. A crash of the
    /// program loses nothing, but a power failure may lose the last commits.
    Normal,
}

/// A database on a server and how to connect to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTarget {
    /// The engine that the URL names.
    pub engine: Engine,
    /// The server's addresses, tried in this order. Never empty if parsed from a URL.
    pub hosts: Vec<Host>,
    /// The user to log in as. `None` means the driver's default.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Password>,
    /// The database's name. A URL without one is invalid, so it is `None` only if a program changed
    /// the target, for example to create the database.
    pub database: Option<String>,
    /// TLS settings.
    pub tls: Tls,
    /// Maximum time to connect (`?connect_timeout=`). `None` means the pool's setting.
    pub connect_timeout: Option<Duration>,
    /// The pooler between this program and the server.
    pub pooler: Pooler,
    /// Required role of the PostgreSQL host, if there are several.
    pub session: TargetSession,
    /// Whether the PostgreSQL log-in is bound to the TLS connection.
    pub channel_binding: ChannelBinding,
    /// The name shown in `pg_stat_activity`.
    pub application_name: Option<String>,
    /// PostgreSQL's start-up options, for example `-c search_path=chat` or Neon's `endpoint=…`.
    pub options: Option<String>,
}

/// One address of a server. `Display` shows `host:port`, or the path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A TCP address.
    Tcp {
        /// A host name or an IP address. An IPv6 address has no brackets.
        host: String,
        /// The port, never 0.
        port: u16,
    },
    /// A unix socket. On PostgreSQL, the path is the folder, and the port is part of the socket's
    /// name (`.s.PGSQL.5432`). On MySQL and MariaDB, the path is the socket, and the port has no
    /// meaning.
    Unix(PathBuf, u16),
}

impl Host {
    /// Returns whether this is a unix socket, which does not support TLS.
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

/// A password. `Display` and `Debug` show `***`; only [`Password::expose`] returns the text.
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
    /// Wraps a password.
    pub fn new(password: impl Into<String>) -> Self {
        Self(password.into())
    }

    /// Returns the password, for the driver.
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

/// TLS settings for TCP hosts. A unix socket among several hosts is used without TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The required level of security.
    pub mode: TlsMode,
    /// PEM file of the certificate authorities to trust instead of the built-in ones.
    pub root_cert: Option<PathBuf>,
}

/// The required level of TLS security, weakest first. The names are those of libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsMode {
    /// No encryption. The default for unix sockets.
    Disable,
    /// Encryption if the server supports it. The default for TCP.
    Prefer,
    /// Encryption, without verifying the certificate.
    Require,
    /// Encryption with a certificate that a trusted authority signed.
    VerifyCa,
    /// Encryption with a certificate that a trusted authority signed for this host.
    VerifyFull,
}

impl TlsMode {
    /// Returns the value of `sslmode`: `disable`, `prefer`, `require`, `verify-ca` or
    /// `verify-full`.
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
    /// No pooler, or one that assigns a server connection for the whole session.
    #[default]
    None,
    /// A pooler that may assign another server connection to each transaction. Session state and
    /// session locks are unavailable.
    Transaction,
}

/// The required role of the PostgreSQL host (`target_session_attrs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TargetSession {
    /// The first host that responds.
    #[default]
    Any,
    /// The first host that accepts writes.
    ReadWrite,
    /// The first host that is read-only.
    ReadOnly,
    /// The first host that is not a standby.
    Primary,
    /// The first host that is a standby.
    Standby,
    /// The first host that is a standby, or else the first that responds.
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

    /// Returns the value of `target_session_attrs`: `any`, `read-write`, `read-only`, `primary`,
    /// `standby` or `prefer-standby`.
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

/// Whether PostgreSQL's SCRAM log-in is bound to the TLS connection (`channel_binding`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// If the server supports it.
    #[default]
    Prefer,
    /// Always; the connection fails without it.
    Require,
}

impl ChannelBinding {
    /// Returns the value of `channel_binding`: `disable`, `prefer` or `require`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
        }
    }
}
