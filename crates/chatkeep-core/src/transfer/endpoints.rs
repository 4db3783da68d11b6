//! Connections to the source and the target of a transfer.

use std::path::Path;
use std::time::Duration;

use super::unfinished::refuse_unfinished;
use crate::connection::{ConnectOptions, Connection, Role};
use crate::error::{Error, Result};
use crate::migrations;
use crate::url::{DatabaseUrl, SqliteLocation, Target};

/// Query timeout. Statements over many rows can take hours, but must not block forever.
pub(super) const LONG: Duration = Duration::from_secs(6 * 60 * 60);

/// Returns the file of a SQLite database.
fn file(url: &DatabaseUrl) -> Result<Option<&Path>> {
    match url.target() {
        Target::Sqlite(target) => match &target.location {
            SqliteLocation::File(path) => Ok(Some(path)),
            SqliteLocation::Memory => Err(Error::configuration(
                "an in-memory database is not allowed as source or target; specify a file",
            )),
        },
        Target::Server(_) => Ok(None),
    }
}

pub(super) fn options(connect_timeout: Duration) -> ConnectOptions {
    ConnectOptions { connect_timeout, query_timeout: LONG }
}

/// Opens a connection for reading all rows. The database is not changed, and its schema must be
/// this program's.
///
/// # Errors
/// - `Configuration` when the file does not exist, or a setting is wrong.
/// - `Schema` when the schema does not match, or the database is only partly filled.
/// - `Unavailable` when the server does not respond in time.
/// - `PoolTimeout` when the server has no free connection.
/// - `Corrupt` when the file is not a SQLite database.
pub fn open_source(url: &DatabaseUrl, connect_timeout: Duration) -> Result<Connection> {
    if let Some(path) = file(url)?.filter(|path| !path.exists()) {
        return Err(Error::configuration(format!("the file {} does not exist", path.display())));
    }
    let mut connection = Connection::open(url, Role::Reader, &options(connect_timeout))?;
    migrations::ensure(&mut connection, false, LONG)?;
    refuse_unfinished(&mut connection)?;
    Ok(connection)
}

/// Opens a connection for storing all rows, and creates missing tables.
///
/// # Errors
/// - `Schema` when the schema is newer than this program.
/// - `Configuration` when a setting is wrong: password, unknown database, missing folder.
/// - `Unavailable` when the server does not respond in time.
/// - `PoolTimeout` when the server has no free connection.
/// - `Corrupt` when the file is not a SQLite database.
pub fn open_target(url: &DatabaseUrl, connect_timeout: Duration) -> Result<Connection> {
    file(url)?;
    let mut connection = Connection::open(url, Role::Writer, &options(connect_timeout))?;
    migrations::ensure(&mut connection, true, LONG)?;
    Ok(connection)
}

/// Opens a connection for reading a target's rows while they are stored. Returns `None` for a
/// SQLite file: a permanent reader would prevent checkpoints, and the write-ahead log would grow as
/// large as the database.
///
/// # Errors
/// - `Configuration` when a setting is wrong: password, unknown database, missing folder.
/// - `Unavailable` when the server does not respond in time.
/// - `PoolTimeout` when the server has no free connection.
/// - `Corrupt` when the file is not a SQLite database.
pub fn open_follower(url: &DatabaseUrl, connect_timeout: Duration) -> Result<Option<Connection>> {
    if file(url)?.is_some() {
        return Ok(None);
    }
    Connection::open(url, Role::Reader, &options(connect_timeout)).map(Some)
}

/// Opens a connection for inspecting a database without changing it. Returns `None` if the file
/// does not exist.
///
/// # Errors
/// - `Configuration` when a setting is wrong: password, unknown database, missing folder.
/// - `Unavailable` when the server does not respond in time.
/// - `PoolTimeout` when the server has no free connection.
/// - `Corrupt` when the file is not a SQLite database.
pub fn peek(url: &DatabaseUrl, connect_timeout: Duration) -> Result<Option<Connection>> {
    if file(url)?.is_some_and(|path| !path.exists()) {
        return Ok(None);
    }
    Connection::open(url, Role::Reader, &options(connect_timeout)).map(Some)
}
