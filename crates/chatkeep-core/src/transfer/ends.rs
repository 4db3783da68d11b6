//! The two ends of a move: the database that rows come from, and the one that they go to.

use std::path::Path;
use std::time::Duration;

use super::unfinished::refuse_unfinished;
use crate::connection::{ConnectOptions, Connection, Role};
use crate::error::{Error, Result};
use crate::migrations;
use crate::url::{DatabaseUrl, SqliteLocation, Target};

/// A statement over many rows takes as long as it takes; nobody hangs for ever all the same.
const LONG: Duration = Duration::from_secs(6 * 60 * 60);

/// The file of an embedded database.
fn file(url: &DatabaseUrl) -> Result<Option<&Path>> {
    match url.target() {
        Target::Sqlite(target) => match &target.location {
            SqliteLocation::File(path) => Ok(Some(path)),
            SqliteLocation::Memory => Err(Error::configuration(
                "a database in memory is another program's, or empty; name a file",
            )),
        },
        Target::Server(_) => Ok(None),
    }
}

fn options(connect_timeout: Duration) -> ConnectOptions {
    ConnectOptions { connect_timeout, query_timeout: LONG }
}

/// A connection to read all rows from. The database is not changed, and its schema has to be this program's.
///
/// # Errors
/// `Configuration` when there is no such file; `Schema` when the schema does not fit, or the database is only partly
/// filled; and what connecting comes to.
pub fn open_source(url: &DatabaseUrl, connect_timeout: Duration) -> Result<Connection> {
    if let Some(path) = file(url)?.filter(|path| !path.exists()) {
        return Err(Error::configuration(format!("there is no file {}", path.display())));
    }
    let mut connection = Connection::open(url, Role::Reader, &options(connect_timeout))?;
    migrations::ensure(&mut connection, false, LONG)?;
    refuse_unfinished(&mut connection)?;
    Ok(connection)
}

/// A connection to store all rows through. The tables are made where they are missing.
///
/// # Errors
/// `Schema` when the schema is newer than this program; and what connecting comes to.
pub fn open_target(url: &DatabaseUrl, connect_timeout: Duration) -> Result<Connection> {
    file(url)?;
    let mut connection = Connection::open(url, Role::Writer, &options(connect_timeout))?;
    migrations::ensure(&mut connection, true, LONG)?;
    Ok(connection)
}

/// A connection to read a target's rows with while they are stored. `None` for a file: whoever reads one all the time keeps
/// what is written from getting out of its write-ahead log, which then grows as large as the database.
///
/// # Errors
/// What connecting comes to.
pub fn open_follower(url: &DatabaseUrl, connect_timeout: Duration) -> Result<Option<Connection>> {
    if file(url)?.is_some() {
        return Ok(None);
    }
    Connection::open(url, Role::Reader, &options(connect_timeout)).map(Some)
}

/// A connection to look at a database with, as it is. `None` when there is no such file.
///
/// # Errors
/// What connecting comes to.
pub fn peek(url: &DatabaseUrl, connect_timeout: Duration) -> Result<Option<Connection>> {
    if file(url)?.is_some_and(|path| !path.exists()) {
        return Ok(None);
    }
    Connection::open(url, Role::Reader, &options(connect_timeout)).map(Some)
}
