//! The migrations of a database: chatkeep's own, followed by an application's.

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

/// Runs and reverts migrations, regardless of `DB_AUTO_MIGRATE`. It is cheap to clone.
///
/// A revision is `head`, `base`, a version (`20261120120000`), a prefix of one, or a name
/// (`create_messages`). An application's may have the prefix `app:`.
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

    /// Adds an application's migrations from this folder. They run after chatkeep's own, and share
    /// their history.
    ///
    /// The files are `NAME/up.sql` and `NAME/down.sql`, or for one engine `postgresql/NAME/up.sql`
    /// and so on. The folder is read at every call.
    #[must_use]
    pub fn with_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Returns the state of each migration. It changes nothing.
    ///
    /// # Errors
    /// `InvalidInput` when a file of the folder is invalid; `Unavailable` or another error of the
    /// connection when the database does not answer.
    pub fn status(&self) -> Result<MigrationStatus> {
        if self.is_missing_file() {
            return Ok(MigrationStatus::of_new_database_for(&self.set(Engine::Sqlite)?));
        }
        self.on_connection(Role::Reader, |connection| {
            let set = self.set(connection.engine())?;
            migrations::status_of(connection, &set)
        })
    }

    /// Returns the PostgreSQL schemas of the search path, or `None` on other engines. Its
    /// [`warning`](migrations::Schemas::warning) reports tables that are not in the first schema.
    ///
    /// # Errors
    /// `Unavailable` or another error of the connection when the database does not answer.
    pub fn schemas(&self) -> Result<Option<migrations::Schemas>> {
        match self.pool.url().engine() {
            Engine::PostgreSql => self.on_connection(Role::Reader, migrations::schemas),
            _ => Ok(None),
        }
    }

    /// Runs the pending migrations up to this revision, and returns their names. See
    /// [`Runner::upgrade`].
    ///
    /// # Errors
    /// - `Schema` when the history does not match or the database rejects a statement.
    /// - `InvalidInput` when the revision is unknown or a file is invalid.
    /// - `Conflict` when another program runs migrations for too long.
    pub fn upgrade(&self, to: &str) -> Result<Vec<String>> {
        self.run(|runner| runner.upgrade(to))
    }

    /// Reverts a number of migrations (`-1`), or all after a revision (`base` for all). With a
    /// folder it reverts the application's migrations. See [`Runner::downgrade`].
    ///
    /// # Errors
    /// - `Schema` when the history does not match or the database rejects a statement.
    /// - `InvalidInput` when the revision is unknown, a file is invalid, or a migration is
    ///   irreversible.
    /// - `Conflict` when another program runs migrations for too long.
    pub fn downgrade(&self, to: &str) -> Result<Vec<String>> {
        self.run(|runner| runner.downgrade(to))
    }

    /// Marks all migrations up to this revision as applied and all later ones as pending, without
    /// running any. Returns the changed entries. See [`Runner::stamp`].
    ///
    /// # Errors
    /// - `InvalidInput` when the revision is unknown or a file is invalid.
    /// - `Conflict` when another program runs migrations for too long.
    pub fn stamp(&self, to: &str) -> Result<Vec<String>> {
        self.run(|runner| runner.stamp(to))
    }

    /// Compares the schema with the one that its migrations create. See [`migrations::check`].
    ///
    /// # Errors
    /// `Configuration` when the account may not create the scratch schema or database for the
    /// comparison.
    pub fn check(&self) -> Result<SchemaCheck> {
        if self.is_missing_file() {
            let set = self.set(Engine::Sqlite)?;
            return migrations::check(&mut self.memory()?, &set);
        }
        self.on_connection(Role::Writer, |connection| {
            let set = self.set(connection.engine())?;
            migrations::check(connection, &set)
        })
    }

    /// Adopts the tables of a SQLAlchemy program in place, on SQLite and PostgreSQL, and runs the
    /// pending migrations.
    ///
    /// On SQLite it first copies the file, and returns the copy's path. With `dry_run` it tries
    /// everything and rolls it back. See [`migrations::adopt`].
    ///
    /// # Errors
    /// `InvalidInput` when the tables are unknown or contain invalid rows; `StorageFull` without
    /// enough disk space for the copy or the new tables. Nothing is changed then, and no copy is
    /// left.
    pub fn adopt(&self, dry_run: bool) -> Result<(Adoption, Option<PathBuf>)> {
        let timeout = self.pool.settings().query_timeout;
        let file = match self.pool.url().target() {
            Target::Sqlite(SqliteTarget { location: SqliteLocation::File(path), .. }) => {
                Some(path.clone())
            }
            _ => None,
        };
        self.on_connection(Role::Writer, |connection| {
            let trial = migrations::adopt(connection, true, timeout)?;
            if dry_run {
                return Ok((trial, None));
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
                    // If nothing was changed, the copy is useless and would block the next try.
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

    /// Returns the SQL script from one revision to another, to be run by other means. Without
    /// `from` it starts at the database's current revision; with it, it does not connect.
    ///
    /// # Errors
    /// - `InvalidInput` when a revision is unknown, a file is invalid, or a migration is
    ///   irreversible.
    /// - `Schema` when `from` is omitted and the history is inconsistent or has an interrupted
    ///   migration.
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

    /// Runs `work` on a connection outside of the pool, which would first check the schema. An
    /// in-memory database exists only in its pool, so there it uses the pool's connection.
    fn on_connection<T>(
        &self,
        role: Role,
        work: impl FnOnce(&mut Connection) -> Result<T>,
    ) -> Result<T> {
        match self.pool.url().target() {
            Target::Sqlite(SqliteTarget { location: SqliteLocation::Memory, .. }) => {
                match self.pool.writer() {
                    Ok(mut connection) => work(&mut connection),
                    // Without automatic migration the pool hands out no connection. Any in-memory
                    // database is as empty as the pool's.
                    Err(error) if matches!(error.kind(), ErrorKind::Schema(_)) => {
                        work(&mut self.memory()?)
                    }
                    Err(error) => Err(error),
                }
            }
            _ => work(&mut direct_connection(&self.pool, role)?),
        }
    }

    /// Returns whether the SQLite file does not exist. Reading its status must not create it.
    fn is_missing_file(&self) -> bool {
        match self.pool.url().target() {
            Target::Sqlite(SqliteTarget { location: SqliteLocation::File(path), .. }) => {
                !path.exists()
            }
            _ => false,
        }
    }

    fn memory(&self) -> Result<Connection> {
        Connection::open(&DatabaseUrl::sqlite_memory(), Role::Writer, &ConnectOptions::default())
    }
}

/// Opens a connection outside of the pool, with the pool's timeouts.
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
