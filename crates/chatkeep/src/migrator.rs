//! The migrations of a database: chatkeep's own, and an application's behind them.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use chatkeep_core::migrations::{
    self, Adoption, MigrationSet, MigrationStatus, Runner, SchemaCheck,
};
use chatkeep_core::url::{SqliteLocation, SqliteTarget, Target};
use chatkeep_core::{ConnectOptions, Connection, DatabaseUrl, Engine, ErrorKind, Result, Role};
use chatkeep_pool::Pool;

/// Runs migrations and takes them back, whatever `DB_AUTO_MIGRATE` says. Cheap to clone.
///
/// A revision is `head`, `base`, a version (`20261120120000`), the beginning of one, or a name (`create_messages`); an
/// application's may have `app:` before it.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("chat.db");
/// # let url = format!("sqlite:///{}", path.display());
/// let chat = chatkeep::Chatkeep::open(&url)?;
/// let migrations = chat.database().migrations();
/// assert!(migrations.upgrade("create_api_tokens")?.len() < migrations.status()?.entries.len());
/// migrations.upgrade("head")?;
/// assert!(migrations.check()?.differences.is_empty());
/// # Ok::<(), chatkeep::Error>(())
/// ```
#[derive(Clone)]
pub struct Migrator {
    pool: Arc<Pool>,
    folder: Option<PathBuf>,
}

impl Migrator {
    pub(crate) fn new(pool: Arc<Pool>) -> Self {
        Self { pool, folder: None }
    }

    /// With an application's migrations from this folder, which run after chatkeep's own, in the same history: `NAME/up.sql`
    /// and `NAME/down.sql`, or for one engine only `postgresql/NAME/up.sql` and so on. The folder is read at every call.
    #[must_use]
    pub fn with_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Where the database stands, migration by migration. Nothing is changed.
    ///
    /// # Errors
    /// `InvalidInput` when a file of the folder is not as it should be; `Unavailable` and the like when the database does not
    /// answer.
    pub fn status(&self) -> Result<MigrationStatus> {
        if self.is_no_file_yet() {
            return Ok(MigrationStatus::of_new_database_for(&self.set(Engine::Sqlite)?));
        }
        self.on_connection(Role::Reader, |connection| {
            let set = self.set(connection.engine())?;
            migrations::status_of(connection, &set)
        })
    }

    /// The PostgreSQL schemas that the search path leads to; `None` on the other engines. Its
    /// [`warning`](migrations::Schemas::warning) says when the tables that are found are not those of the first one.
    ///
    /// # Errors
    /// `Unavailable` and the like when the database does not answer.
    pub fn schemas(&self) -> Result<Option<migrations::Schemas>> {
        match self.pool.url().engine() {
            Engine::PostgreSql => self.on_connection(Role::Reader, migrations::schemas),
            _ => Ok(None),
        }
    }

    /// Runs what is pending up to this revision, and names it. See [`Runner::upgrade`].
    ///
    /// # Errors
    /// `Schema` when the history does not fit or the database refuses a statement; `InvalidInput` when there is no such
    /// revision or a file is not as it should be; `Conflict` when another program runs migrations for too long.
    pub fn upgrade(&self, to: &str) -> Result<Vec<String>> {
        self.run(|runner| runner.upgrade(to))
    }

    /// Takes back what was run: so many migrations (`-1`), or all after a revision (`base` for all). With a folder it is
    /// about the application's migrations. See [`Runner::downgrade`].
    ///
    /// # Errors
    /// As [`Migrator::upgrade`]; `InvalidInput` also where there is no way back.
    pub fn downgrade(&self, to: &str) -> Result<Vec<String>> {
        self.run(|runner| runner.downgrade(to))
    }

    /// Writes into the history that everything up to this revision was run, and nothing after it; runs nothing, and says
    /// what changed. See [`Runner::stamp`].
    ///
    /// # Errors
    /// As [`Migrator::upgrade`].
    pub fn stamp(&self, to: &str) -> Result<Vec<String>> {
        self.run(|runner| runner.stamp(to))
    }

    /// Compares the schema with what its migrations make. See [`migrations::check`].
    ///
    /// # Errors
    /// `Configuration` when the account may not make the place in which they are run again.
    pub fn check(&self) -> Result<SchemaCheck> {
        if self.is_no_file_yet() {
            let set = self.set(Engine::Sqlite)?;
            return migrations::check(&mut self.memory()?, &set);
        }
        self.on_connection(Role::Writer, |connection| {
            let set = self.set(connection.engine())?;
            migrations::check(connection, &set)
        })
    }

    /// Takes over the tables of a program that kept them with SQLAlchemy, in place, on SQLite and PostgreSQL, and runs what is
    /// missing then. On SQLite a copy of the file is made before, and named. With `dry_run` everything is tried, and nothing
    /// changed. See [`migrations::adopt`].
    ///
    /// # Errors
    /// `InvalidInput` when the tables are not known, or hold rows that cannot be taken; `StorageFull` when there is no room for
    /// the copy or the new tables. Then nothing is changed, and there is no copy.
    pub fn adopt(&self, dry_run: bool) -> Result<(Adoption, Option<PathBuf>)> {
        let timeout = self.pool.settings().query_timeout;
        let file = match self.pool.url().target() {
            Target::Sqlite(SqliteTarget { location: SqliteLocation::File(path), .. }) => {
                Some(path.clone())
            }
            _ => None,
        };
        self.on_connection(Role::Writer, |connection| {
            let tried = migrations::adopt(connection, true, timeout)?;
            if dry_run {
                return Ok((tried, None));
            }
            let copy = file.map(|mut file| {
                file.as_mut_os_string().push(".before-adopt");
                file
            });
            if let Some(copy) = &copy {
                migrations::copy_sqlite(connection, copy)?;
            }
            match migrations::adopt(connection, false, timeout) {
                Ok(adoption) => Ok((adoption, copy)),
                Err(error) => {
                    // Where nothing was changed the copy is worth nothing, and in the way of the next try.
                    let is_unchanged =
                        migrations::status(connection).is_ok_and(|now| now.applied.is_empty());
                    if let Some(copy) = copy.filter(|_| is_unchanged) {
                        let _ = fs::remove_file(copy);
                    }
                    Err(error)
                }
            }
        })
    }

    /// The script that leads from one revision to another, for somebody else to run. Without `from` it is about what the
    /// database still lacks; with it nothing is opened.
    ///
    /// # Errors
    /// As [`migrations::sql`] and [`migrations::pending_sql`].
    pub fn sql(&self, from: Option<&str>, to: &str) -> Result<String> {
        let Some(from) = from else {
            let status = self.status()?;
            let engine = self.pool.url().engine();
            return migrations::pending_sql(engine, &self.set(engine)?, &status, to);
        };
        let engine = self.pool.url().engine();
        migrations::sql(engine, &self.set(engine)?, from, to)
    }

    fn set(&self, engine: Engine) -> Result<MigrationSet> {
        match &self.folder {
            Some(folder) => MigrationSet::with_folder(engine, folder),
            None => Ok(MigrationSet::embedded(engine)),
        }
    }

    fn run(&self, work: impl FnOnce(Runner<'_>) -> Result<Vec<String>>) -> Result<Vec<String>> {
        self.on_connection(Role::Writer, |connection| {
            let set = self.set(connection.engine())?;
            work(Runner::new(connection, &set, self.pool.settings().query_timeout))
        })
    }

    /// On a connection past the pool, whose own would first make sure of the schema. A database in memory is its pool's.
    fn on_connection<T>(
        &self,
        role: Role,
        work: impl FnOnce(&mut Connection) -> Result<T>,
    ) -> Result<T> {
        match self.pool.url().target() {
            Target::Sqlite(SqliteTarget { location: SqliteLocation::Memory, .. }) => {
                match self.pool.writer() {
                    Ok(mut connection) => work(&mut connection),
                    // It may not migrate by itself, so that each connection has an empty database of its own.
                    Err(error) if matches!(error.kind(), ErrorKind::Schema(_)) => {
                        work(&mut self.memory()?)
                    }
                    Err(error) => Err(error),
                }
            }
            _ => work(&mut direct_connection(&self.pool, role)?),
        }
    }

    /// A look must not make the file.
    fn is_no_file_yet(&self) -> bool {
        matches!(self.pool.url().target(),
            Target::Sqlite(SqliteTarget { location: SqliteLocation::File(path), .. }) if !path.exists())
    }

    fn memory(&self) -> Result<Connection> {
        Connection::open(&DatabaseUrl::sqlite_memory(), Role::Writer, &ConnectOptions::default())
    }
}

/// A connection past the pool.
pub(crate) fn direct_connection(pool: &Pool, role: Role) -> Result<Connection> {
    let settings = pool.settings();
    let options = ConnectOptions {
        connect_timeout: settings.connect_timeout,
        query_timeout: settings.query_timeout,
    };
    pool.open_direct(role, &options)
}

impl fmt::Debug for Migrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrator")
            .field("url", self.pool.url())
            .field("folder", &self.folder)
            .finish()
    }
}
