//! The database's address: `DATABASE_URL`; or `DB_TYPE`, `DB_HOST`, `DB_PORT`, `DB_NAME`, `DB_USER`
//! and `DB_PASS`; or the default.
//!
//! The URL formats of SQLAlchemy and libpq are supported, and so are the URLs that hosting
//! providers issue. Nothing in a URL is ignored: an unknown key, a repeated key, an empty value or
//! an invalid `%xx` is an error of kind
//! [`ErrorKind::Configuration`](crate::ErrorKind::Configuration). Parsing a URL accesses neither
//! the disk nor the network.
//!
//! | database | URL |
//! |---|---|
//! | SQLite, relative path | `sqlite:///data/chat.db` |
//! | SQLite, absolute path | `sqlite:////var/lib/app/chat.db` |
//! | SQLite, Windows | `sqlite:///C:/data/chat.db` |
//! | SQLite, in memory | `sqlite:///:memory:` |
//! | PostgreSQL | `postgresql://user:password@host:5432/name?sslmode=verify-full` |
//! | PostgreSQL, unix socket | `postgresql://user@/name?host=/var/run/postgresql` |
//! | PostgreSQL, several hosts | `postgresql://one,two:5433/name?target_session_attrs=read-write` |
//! | MySQL | `mysql://user:password@host:3306/name?ssl-mode=REQUIRED` |
//! | MariaDB, unix socket | `mariadb://user@/name?unix_socket=/run/mysqld/mysqld.sock` |
//!
//! Keys for SQLite:
//!
//! - `synchronous`: `full` (default) or `normal`.
//! - `mode`: `ro`, `rw` or `rwc` (the last two are the default).
//! - `file_mode`: permissions of a new file in octal digits: `0600` (default), `0640`, `0660`, …
//!
//! Keys for all servers:
//!
//! - `sslmode`, `ssl_mode`, `ssl-mode`: `disable`, `prefer` (default), `require`, `verify-ca` or
//!   `verify-full`, or MySQL's names.
//! - `sslrootcert`, `ssl_ca`, `ssl-ca`: a PEM file, which implies `verify-ca`; or `system` for the
//!   built-in authorities, which implies `verify-full`.
//! - `ssl`, `useSSL`: `true` is `sslmode=require`; also the values of `sslmode`.
//! - `sslaccept`: `strict` is `sslmode=verify-full`; or `accept_invalid_certs`.
//! - `connect_timeout`: 1 to 3600 seconds.
//! - `pooler`: `transaction` or `session`. The transaction poolers of Supabase, Neon and Prisma are
//!   detected by their hosts.
//!
//! Keys for PostgreSQL:
//!
//! - `pgbouncer`: `true` is `pooler=transaction`.
//! - `host`, `port`, `user`, `password`, `dbname`: the same as before the `?`. `host` may be a
//!   socket's folder, a list, or repeated.
//! - `unix_sock`: path of the socket, as in pg8000.
//! - `channel_binding`: `disable`, `prefer` (default) or `require`.
//! - `target_session_attrs`: `any` (default), `read-write`, `read-only`, `primary`, `standby` or
//!   `prefer-standby`.
//! - `application_name`, `options`: any text.
//! - `gssencmode`: `disable` or `prefer`; has no effect.
//! - `supa`, `workaround`, `uselibpqcompat`: added by Supabase, Vercel and guides for Node; have no
//!   effect.
//!
//! Keys for MySQL and MariaDB:
//!
//! - `unix_socket`, `socket`: path of the socket.
//! - `ssl_verify_cert`, `verifyServerCertificate`, `ssl_verify_identity`, `ssl_check_hostname`:
//!   `true` or `false`.
//! - `charset`: `utf8mb4`.
//! - `reconnect`: `true`; has no effect.
//!
//! Driver names, as in `postgresql+asyncpg://` or `mysql+pymysql://`, are accepted and ignored.
//!
//! In user names, passwords and database names, `/`, `?` and `%` must be written as `%2F`, `%3F`
//! and `%25`. `@` and `#` in a password need no encoding. A `+` is always a plus sign, as in libpq.

mod encoding;
mod hosts;
mod query;
mod redacted;
mod scheme;
mod server;
mod sqlite;
mod suggest;
mod target;
#[cfg(test)]
mod tests;
mod tls;
mod variables;

pub use sqlite::parse_file_mode;
pub(crate) use target::PRIVATE;
pub use target::{
    ChannelBinding, Host, Password, Pooler, ServerTarget, SqliteLocation, SqliteTarget,
    Synchronous, Target, TargetSession, Tls, TlsMode,
};

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::{Engine, Error, Result};

/// The setting that errors about the URL name.
const FIELD: &str = "DATABASE_URL";

/// Creates an error about the URL.
fn wrong(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::configuration(message).with_field(FIELD)
}

/// A database's address, parsed and validated.
///
/// `Display` and `Debug` show `***` instead of the password.
///
/// ```
/// use chatkeep_core::url::DatabaseUrl;
///
/// let url = DatabaseUrl::parse("postgresql+asyncpg://chat:s%40cret@db.example.com/chat")?;
/// assert_eq!(url.to_string(), "postgresql://chat:***@db.example.com/chat");
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    pub(crate) target: Target,
}

impl DatabaseUrl {
    /// Parses a URL. Leading and trailing whitespace is ignored.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) with the field `DATABASE_URL`
    /// when the URL is invalid. The message explains how to fix it, and contains neither the
    /// password nor the whole URL.
    ///
    /// ```
    /// use chatkeep_core::url::{DatabaseUrl, Target};
    ///
    /// let url = DatabaseUrl::parse("mysql+pymysql://chat:secret@localhost/chat?charset=utf8mb4")?;
    /// let Target::Server(server) = url.target() else { panic!("MySQL is a server") };
    /// assert_eq!(server.user.as_deref(), Some("chat"));
    ///
    /// let error = DatabaseUrl::parse("postgrseql://localhost/chat").unwrap_err();
    /// assert!(error.to_string().contains("did you mean postgresql?"));
    /// # Ok::<(), chatkeep_core::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Err(wrong(
                "is empty; write a URL such as sqlite:///chat.db or postgresql://user@host/name",
            ));
        }
        if text.chars().any(char::is_control) {
            return Err(wrong("contains a control character, such as a line break or a tab"));
        }
        let (engine, rest) = scheme::split(text)?;
        let target = match engine {
            Engine::Sqlite => Target::Sqlite(sqlite::parse(rest)?),
            Engine::PostgreSql | Engine::MySql | Engine::MariaDb => {
                Target::Server(server::parse(engine, rest)?)
            }
        };
        Ok(Self { target })
    }

    /// Reads the address from the process's environment: `DATABASE_URL`, else the `DB_…` variables,
    /// else SQLite at `db/chatkeep.db`. See [`DatabaseUrl::from_variables`] for the rules.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when a variable is invalid, or
    /// is not valid Unicode.
    ///
    /// ```
    /// use chatkeep_core::url::DatabaseUrl;
    ///
    /// match DatabaseUrl::from_environment() {
    ///     Ok(url) => println!("using {url}"),
    ///     Err(error) => println!("{error}"),
    /// }
    /// ```
    pub fn from_environment() -> Result<Self> {
        variables::check_environment()?;
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// Reads the address from variables, like [`DatabaseUrl::from_environment`], with a function
    /// that returns a variable's value.
    ///
    /// - If `DATABASE_URL` is set, all other variables are ignored.
    /// - Otherwise, `DB_TYPE` is `sqlite`, `postgresql` (or `postgres`), `mysql` or `mariadb`.
    ///   - For SQLite, `DB_NAME` is the file's path, and the variables of servers are ignored.
    ///   - For servers, `DB_NAME` and `DB_USER` are required. The defaults are `localhost` for
    ///     `DB_HOST`, and the engine's standard port for `DB_PORT`.
    /// - If none is set, the database is SQLite at `db/chatkeep.db`, whose folder is created when
    ///   the database is opened.
    ///
    /// Empty variables count as unset. The values of `DB_…` are used literally, without `%xx`
    /// decoding.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when a variable is invalid;
    /// the field is its name.
    ///
    /// ```
    /// use chatkeep_core::{Engine, url::DatabaseUrl};
    ///
    /// let url = DatabaseUrl::from_variables(|name| match name {
    ///     "DB_TYPE" => Some("postgresql".into()),
    ///     "DB_NAME" => Some("chat".into()),
    ///     "DB_USER" => Some("app".into()),
    ///     "DB_PASS" => Some("p@ss/word%".into()),
    ///     _ => None,
    /// })?;
    /// assert_eq!(url.to_string(), "postgresql://app:***@localhost/chat");
    ///
    /// let nothing_is_set = DatabaseUrl::from_variables(|_| None)?;
    /// assert_eq!(nothing_is_set.to_string(), "sqlite:///db/chatkeep.db");
    /// # Ok::<(), chatkeep_core::Error>(())
    /// ```
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let set = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        match set(FIELD) {
            Some(text) => Self::parse(&text),
            None => Ok(Self { target: variables::target(&lookup)? }),
        }
    }

    /// Creates the address of a SQLite file. The path is used literally, without `%xx` decoding,
    /// and its folder must exist. `:memory:` is the same as [`DatabaseUrl::sqlite_memory`].
    ///
    /// ```
    /// use chatkeep_core::url::DatabaseUrl;
    ///
    /// let url = DatabaseUrl::sqlite_file("/var/lib/app/chat.db");
    /// assert_eq!(url, DatabaseUrl::parse("sqlite:////var/lib/app/chat.db")?);
    /// # Ok::<(), chatkeep_core::Error>(())
    /// ```
    pub fn sqlite_file(path: impl Into<PathBuf>) -> Self {
        Self { target: Target::Sqlite(SqliteTarget::new(sqlite::file_or_memory(path.into()))) }
    }

    /// Creates the address of an in-memory SQLite database, which lasts as long as its connection.
    ///
    /// ```
    /// use chatkeep_core::url::DatabaseUrl;
    ///
    /// assert_eq!(DatabaseUrl::sqlite_memory(), DatabaseUrl::parse("sqlite://")?);
    /// # Ok::<(), chatkeep_core::Error>(())
    /// ```
    pub fn sqlite_memory() -> Self {
        Self { target: Target::Sqlite(SqliteTarget::new(SqliteLocation::Memory)) }
    }

    /// Returns the engine that the URL names. A `mysql://` URL can lead to a MariaDB server and
    /// vice versa; [`Connection::engine`](crate::Connection::engine) reports the actual engine.
    ///
    /// ```
    /// use chatkeep_core::{Engine, url::DatabaseUrl};
    ///
    /// assert_eq!(DatabaseUrl::parse("postgres://localhost/chat")?.engine(), Engine::PostgreSql);
    /// # Ok::<(), chatkeep_core::Error>(())
    /// ```
    pub fn engine(&self) -> Engine {
        match &self.target {
            Target::Sqlite(_) => Engine::Sqlite,
            Target::Server(server) => server.engine,
        }
    }

    /// Returns the parts of the address.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Returns the URL without secrets: the password is `***`. The driver's name and default
    /// settings are omitted, and the keys are in a fixed order.
    ///
    /// ```
    /// use chatkeep_core::url::DatabaseUrl;
    ///
    /// let url =
    /// DatabaseUrl::parse("mariadb://chat:secret@db:3306/chat?ssl_mode=VERIFY_IDENTITY")?;
    /// assert_eq!(url.redacted(), "mariadb://chat:***@db/chat?sslmode=verify-full");
    /// # Ok::<(), chatkeep_core::Error>(())
    /// ```
    pub fn redacted(&self) -> String {
        redacted::render(&self.target)
    }
}

impl FromStr for DatabaseUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatabaseUrl").field(&self.redacted()).finish()
    }
}
