//! Operations on whole SQLite files: online copy, integrity check and vacuum.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{Binary, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::connection::{Connection, Session, SqliteSession, open_sqlite_to_read};
use crate::db_error::{self, Effect};
use crate::error::{Error, ErrorKind, Result};

/// Maximum time to wait for another program's lock on the file.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// The first bytes of every SQLite file.
pub(crate) const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Returns whether a file starts with SQLite's header.
///
/// # Errors
/// The file system's error.
pub fn is_sqlite_file(path: &Path) -> std::io::Result<bool> {
    let mut start = Vec::with_capacity(MAGIC.len());
    File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut start)?;
    Ok(start == MAGIC)
}

fn sqlite(connection: &mut Connection) -> Result<&mut SqliteSession> {
    match &mut connection.session {
        Session::Sqlite(connection) => Ok(connection),
        _ => Err(Error::configuration("this operation is supported for SQLite only")),
    }
}

/// Writes a snapshot of the database to a new file, while other connections read and write.
///
/// The file is complete without companions, and contains no free pages. It must not exist, or must
/// be empty. Afterwards the connection can write, even if it was opened as a reader.
///
/// # Errors
/// `Configuration` on a server; `InvalidInput` when the path is not UTF-8; `StorageFull` when the
/// disk is full; `Corrupt` when the database is damaged.
pub fn copy_sqlite_file(connection: &mut Connection, path: &Path) -> Result<()> {
    let text = path.to_str().ok_or_else(|| {
        Error::invalid_input(
            "file",
            "has a name that is not valid UTF-8, which SQLite does not support",
        )
    })?;
    let session = sqlite(connection)?;
    // A reader connection cannot write to any file, not even to another one.
    let copied = session.batch_execute("PRAGMA query_only = OFF").and_then(|()| {
        session.without_time_limit(|session| {
            sql_query("VACUUM INTO ?").bind::<Text, _>(text).execute(session)
        })
    });
    copied.map(drop).map_err(|error| connection.read_error(error))
}

/// A row of the check. It may contain a table name, which need not be valid text in a damaged file.
#[derive(QueryableByName)]
struct CheckRow {
    #[diesel(sql_type = Binary)]
    line: Vec<u8>,
}

/// Checks the integrity of a whole SQLite file. No other program may write to it.
///
/// # Errors
/// `Corrupt` when the file is damaged; the message lists up to five faults.
pub fn check_sqlite_file(path: &Path) -> Result<()> {
    // The hooks must outlive the connection.
    let (mut connection, _hooks) = open_sqlite_to_read(path, false, LOCK_TIMEOUT)?;
    let faults = integrity(&mut connection).map_err(db_error::sqlite::error)?;
    drop(connection);
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Corrupt,
        format!("{} is damaged: {}", path.display(), faults.join("; ")),
    ))
}

/// Returns up to five faults that SQLite's integrity check finds.
pub(crate) fn integrity(
    connection: &mut diesel::SqliteConnection,
) -> diesel::QueryResult<Vec<String>> {
    // The table-valued function does not accept the pragma's limit, and one row can contain many
    // lines about the same page.
    let check = "SELECT CAST(integrity_check AS BLOB) AS line FROM pragma_integrity_check LIMIT 5";
    let rows = sql_query(check).load::<CheckRow>(connection)?;
    // For a UTF-16 file, the text is UTF-16: ASCII with a NUL after each letter.
    let text = rows.iter().map(|row| String::from_utf8_lossy(&row.line).replace('\0', ""));
    let lines = text.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    Ok(lines.filter(|line| line != "ok").take(5).collect())
}

/// Returns the disk space of deleted rows to the file system. It rewrites the file, which
/// temporarily needs the same disk space again, and blocks other writers.
///
/// # Errors
/// `Configuration` on a server; `StorageFull` when the disk is full; `Conflict` when other
/// connections keep reading or writing.
pub fn reclaim(connection: &mut Connection) -> Result<()> {
    let vacuumed =
        sqlite(connection)?.without_time_limit(|session| session.batch_execute("VACUUM"));
    vacuumed.map_err(|error| connection.read_error(error))?;
    // With write-ahead logging, the rewritten file stays in the log until a checkpoint.
    connection.batch("PRAGMA wal_checkpoint(TRUNCATE)", Effect::None)
}
