//! SQLite files that are read as backups. A file with the schema of an earlier version is upgraded
//! in a temporary copy, so that old backups stay readable and unchanged.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::endpoints::{LONG, options};
use super::sqlite_file::{check_sqlite_file, copy_sqlite_file};
use super::unfinished::refuse_unfinished;
use crate::connection::{Connection, Role};
use crate::error::{Error, Result};
use crate::migrations::{self, SchemaVersion};
use crate::url::DatabaseUrl;

/// Connect timeout. It has no effect on a file.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A SQLite file that is open for reading all rows.
pub struct SqliteBackup {
    // Closed before its folder is deleted.
    connection: Connection,
    _copy: Option<TempDir>,
}

impl SqliteBackup {
    /// Opens a SQLite file and checks its integrity. The file is not changed.
    ///
    /// # Errors
    /// `Corrupt` when the file is damaged; `Schema` when its schema is newer than this program, is
    /// not chatkeep's, or the database is only partly filled; `StorageFull` when the temporary
    /// copy of a file with an earlier schema exceeds the disk space.
    pub fn open(path: &Path) -> Result<Self> {
        check_sqlite_file(path)?;
        let mut connection = open(path, Role::Reader)?;
        let found = migrations::status(&mut connection)?;
        // Without a migration, the file is that of another program, whose tables are not restored.
        let is_earlier =
            matches!(found.version(), SchemaVersion::Behind(_)) && !found.applied.is_empty();
        let (mut connection, copy) = if is_earlier {
            let (connection, folder) = upgraded_copy(connection)?;
            (connection, Some(folder))
        } else {
            migrations::ensure(&mut connection, false, LONG)?;
            (connection, None)
        };
        refuse_unfinished(&mut connection)?;
        Ok(Self { connection, _copy: copy })
    }

    /// Returns the connection, whose schema is this program's.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

fn open(path: &Path, role: Role) -> Result<Connection> {
    Connection::open(&DatabaseUrl::sqlite_file(path), role, &options(CONNECT_TIMEOUT))
}

fn upgraded_copy(mut original: Connection) -> Result<(Connection, TempDir)> {
    let explain = |error: Error| {
        let message = format!(
            "cannot upgrade a copy of the backup, whose schema is of an earlier version, in {}: \
             {}; set TMPDIR to another folder",
            std::env::temp_dir().display(),
            error.message()
        );
        Error::new(error.kind(), message).with_retryable(error.is_retryable())
    };
    let mut upgrade = || {
        let folder = tempfile::Builder::new()
            .prefix("chatkeep-")
            .tempdir()
            .map_err(|error| Error::configuration(error.to_string()))?;
        let copy = folder.path().join("backup.db");
        copy_sqlite_file(&mut original, &copy)?;
        let mut connection = open(&copy, Role::Writer)?;
        migrations::upgrade(&mut connection, LONG)?;
        Ok((connection, folder))
    };
    upgrade().map_err(explain)
}
