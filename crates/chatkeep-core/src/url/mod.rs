//! Where the database is: `DATABASE_URL`, or `DB_TYPE` `DB_HOST` `DB_PORT` `DB_NAME` `DB_USER` `DB_PASS`, or the default.
//!
//! SQLAlchemy's and libpq's ways of writing a URL are understood, and so are the URLs that the usual hosts hand out.
//! Nothing in a URL is ignored: an unknown key, a repeated key, an empty value or a wrong `%xx` is an error of the
//! kind [`ErrorKind::Configuration`](crate::ErrorKind::Configuration). Reading a URL touches neither the disk nor the network.
//!
//! | database | URL |
//! |---|---|
//! | SQLite, relative path | `sqlite:///data/chat.db` |
//! | SQLite, absolute path | `sqlite:////var/lib/app/chat.db` |
//! | SQLite, Windows | `sqlite:///C:/data/chat.db` |
//! | SQLite, in memory | `sqlite:///:memory:` |
//! | PostgreSQL | `postgresql://user:password@host:5432/name?sslmode=verify-full` |
//! | PostgreSQL, unix socket | `postgresql://user@/name?host=/var/run/postgresql` |
//! | PostgreSQL, several hosts | `postgresql://user@one,two:5433/name?target_session_attrs=read-write` |
//! | MySQL | `mysql://user:password@host:3306/name?ssl-mode=REQUIRED` |
//! | MariaDB, unix socket | `mariadb://user@/name?unix_socket=/run/mysqld/mysqld.sock` |
//!
//! | key | on | values |
//! |---|---|---|
//! | `synchronous` | SQLite | `full` (default), `normal` |
//! | `mode` | SQLite | `ro`, `rw`, `rwc` (the last two are the default) |
//! | `file_mode` | SQLite | permissions of a new file in octal digits: `0600` (default), `0640`, `0660`, … |
//! | `sslmode`, `ssl_mode`, `ssl-mode` | servers | `disable`, `prefer` (default), `require`, `verify-ca`, `verify-full`, or as MySQL spells them |
//! | `sslrootcert`, `ssl_ca`, `ssl-ca` | servers | a PEM file, or `system` for the built-in authorities; asks for `verify-ca`, `system` for `verify-full` |
//! | `ssl`, `useSSL` | servers | `true` is `sslmode=require`; also the modes themselves |
//! | `sslaccept` | servers | `strict` is `sslmode=verify-full`; `accept_invalid_certs` |
//! | `connect_timeout` | servers | 1 to 3600 seconds |
//! | `pooler` | servers | `transaction`, `session`; Supabase's, Neon's and Prisma's transaction poolers are known by their hosts |
//! | `pgbouncer` | PostgreSQL | `true` is `pooler=transaction` |
//! | `host`, `port`, `user`, `password`, `dbname` | PostgreSQL | as before the `?`; `host` may be a socket's folder, a list, or given several times |
//! | `unix_sock` | PostgreSQL | the socket itself, as pg8000 wants it |
//! | `channel_binding` | PostgreSQL | `disable`, `prefer` (default), `require` |
//! | `target_session_attrs` | PostgreSQL | `any` (default), `read-write`, `read-only`, `primary`, `standby`, `prefer-standby` |
//! | `application_name`, `options` | PostgreSQL | any text |
//! | `gssencmode` | PostgreSQL | `disable`, `prefer`; makes no difference |
//! | `supa`, `workaround`, `uselibpqcompat` | PostgreSQL | as Supabase, Vercel and guides for Node write them; make no difference |
//! | `unix_socket`, `socket` | MySQL, MariaDB | the socket's path |
//! | `ssl_verify_cert`, `verifyServerCertificate`, `ssl_verify_identity`, `ssl_check_hostname` | MySQL, MariaDB | `true`, `false` |
//! | `charset` | MySQL, MariaDB | `utf8mb4` |
//! | `reconnect` | MySQL, MariaDB | `true`; makes no difference |
//!
//! Drivers' names as in `postgresql+asyncpg://` or `mysql+pymysql://` are accepted and make no difference.
//!
//! In a user name, a password or a database's name the characters `/`, `?` and `%` are written `%2F`, `%3F` and `%25`;
//! `@` and `#` in a password may be written plainly. A `+` is a plus sign everywhere, as in libpq.

mod encoding;
mod hosts;
mod nearest;
mod query;
mod redacted;
mod scheme;
mod server;
mod sqlite;
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

/// The setting that errors name when the URL is wrong.
const FIELD: &str = "DATABASE_URL";

/// An error in the URL.
fn wrong(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::configuration(message).with_field(FIELD)
}

/// A database's address, checked and taken apart.
///
/// `Display` and `Debug` show it with `***` in place of the password.
///
/// ```
/// use chatkeep_core::url::DatabaseUrl;
///
/// let url = DatabaseUrl::parse("postgresql+asyncpg://chat:s%40cret@db.example.com/chat?sslmode=require")?;
/// assert_eq!(url.to_string(), "postgresql://chat:***@db.example.com/chat?sslmode=require");
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    pub(crate) target: Target,
}

impl DatabaseUrl {
    /// Reads a URL. Blanks and line ends around it do not count.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) with the field `DATABASE_URL`, which says what
    /// would be right. The message holds neither the password nor the whole URL.
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
                "is empty; a URL such as sqlite:///chat.db or postgresql://user@host/name is expected",
            ));
        }
        if text.chars().any(char::is_control) {
            return Err(wrong("holds a control character, such as a line end or a tab"));
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

    /// Reads the process's environment: `DATABASE_URL`, else the `DB_…` variables, else SQLite at `db/chatkeep.db`.
    /// See [`DatabaseUrl::from_variables`] for the rules.
    ///
    /// # Errors
    /// As [`DatabaseUrl::from_variables`]; also when one of the variables is not valid Unicode.
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

    /// The same as [`DatabaseUrl::from_environment`], with a function that gives a variable's value.
    ///
    /// - `DATABASE_URL` comes first; when it is set, the others do not count.
    /// - Otherwise `DB_TYPE` is `sqlite`, `postgresql` (or `postgres`), `mysql` or `mariadb`. For SQLite, `DB_NAME` is
    ///   the file's path, and the variables of servers do not count. For servers, `DB_NAME` and `DB_USER` are required,
    ///   `DB_HOST` is `localhost` and `DB_PORT` the engine's standard port unless they are set.
    /// - With none of them set, the database is SQLite in `db/chatkeep.db`, whose folder is made when it is opened.
    ///
    /// Empty variables count as unset. The values of `DB_…` are taken as they are, without `%xx`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration); the field is the variable's name.
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

    /// A SQLite file. The path is taken as it is, without `%xx`; its folder has to exist. `:memory:` means
    /// [`DatabaseUrl::sqlite_memory`].
    ///
    /// ```
    /// use chatkeep_core::url::DatabaseUrl;
    ///
    /// let url = DatabaseUrl::sqlite_file("/var/lib/app/chat.db");
    /// assert_eq!(url, DatabaseUrl::parse("sqlite:////var/lib/app/chat.db")?);
    /// # Ok::<(), chatkeep_core::Error>(())
    /// ```
    pub fn sqlite_file(path: impl Into<PathBuf>) -> Self {
        Self { target: Target::Sqlite(SqliteTarget::new(sqlite::location(path.into()))) }
    }

    /// A SQLite database in memory, which ends with its connection.
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

    /// The engine that the URL names. A `mysql://` server may turn out to be MariaDB and the other way round: that
    /// is known once it is connected.
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

    /// What the URL says, part by part.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The URL for people to read: the password is `***`, the driver's name and settings that are the default are
    /// left out, the order of the keys is fixed.
    ///
    /// ```
    /// use chatkeep_core::url::DatabaseUrl;
    ///
    /// let url = DatabaseUrl::parse("mariadb://chat:secret@db:3306/chat?ssl_mode=VERIFY_IDENTITY")?;
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
