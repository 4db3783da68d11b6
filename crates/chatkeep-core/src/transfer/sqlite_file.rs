//! SQLite files as a whole: a copy while the database is in use, and whether a file is sound.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{Binary, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::connection::{Connection, Session, SqliteSession, open_sqlite_to_read};
use crate::error::{Error, ErrorKind, Result};
use crate::fault::{self, Effect};

/// How long another program may hold the file's lock.
const PATIENCE: Duration = Duration::from_secs(10);

/// What every SQLite file begins with.
pub(crate) const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Whether a file begins as SQLite's files do.
///
/// # Errors
/// When the file cannot be read.
pub fn is_sqlite_file(path: &Path) -> std::io::Result<bool> {
    let mut start = Vec::with_capacity(MAGIC.len());
    File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut start)?;
    Ok(start == MAGIC)
}

fn sqlite(connection: &mut Connection) -> Result<&mut SqliteSession> {
    match &mut connection.session {
        Session::Sqlite(connection) => Ok(connection),
        _ => Err(Error::configuration("only SQLite keeps its data in a file")),
    }
}

/// Writes the database as it is at this moment into a new file, while others go on reading and writing. The file holds
/// everything, needs no other file beside it, and has no free space inside. It must not be there yet, or be empty. The
/// connection can write afterwards, whatever it was opened for.
///
/// # Errors
/// `Configuration` on a server, `StorageFull` when the disk is, `Corrupt` when the database is damaged.
pub fn copy_sqlite_file(connection: &mut Connection, path: &Path) -> Result<()> {
    let text = path.to_str().ok_or_else(|| {
        Error::invalid_input(
            "file",
            "has a name that is not UTF-8, with which SQLite cannot be asked",
        )
    })?;
    let session = sqlite(connection)?;
    // A connection that only reads may not even write into another file.
    let copied = session.batch_execute("PRAGMA query_only = OFF").and_then(|()| {
        session.without_time_limit(|session| {
            sql_query("VACUUM INTO ?").bind::<Text, _>(text).execute(session)
        })
    });
    copied.map(drop).map_err(|error| connection.read_error(error))
}

/// A line of the check may name a table, the name of which is not text where the file is damaged.
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Binary)]
    line: Vec<u8>,
}

/// Reads a whole SQLite file, and says what is wrong with it. Nobody else may be writing to it.
///
/// # Errors
/// `Corrupt` when something is.
pub fn check_sqlite_file(path: &Path) -> Result<()> {
    // The hooks have to outlive the connection.
    let (mut connection, _hooks) = open_sqlite_to_read(path, false, PATIENCE)?;
    let faults = integrity(&mut connection).map_err(fault::sqlite::error)?;
    drop(connection);
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Corrupt,
        format!("{} is damaged: {}", path.display(), faults.join("; ")),
    ))
}

/// What SQLite's own check finds wrong; nothing when all is well.
pub(crate) fn integrity(
    connection: &mut diesel::SqliteConnection,
) -> diesel::QueryResult<Vec<String>> {
    // The pragma's own limit cannot be given to it as a function, and faults of one page are one row of many lines.
    let check = "SELECT CAST(integrity_check AS BLOB) AS line FROM pragma_integrity_check LIMIT 5";
    let rows = sql_query(check).load::<Line>(connection)?;
    // In a file of UTF-16 it is UTF-16: ASCII with NUL between the letters.
    let text = rows.iter().map(|row| String::from_utf8_lossy(&row.line).replace('\0', ""));
    let lines = text.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    Ok(lines.filter(|line| line != "ok").take(5).collect())
}

/// Gives the room that deleted rows had back to the file system: the file is written anew, for which it needs as much room
/// again, and nobody else can write meanwhile.
///
/// # Errors
/// `Configuration` on a server, `StorageFull`, `Conflict` when others do not stop reading and writing.
pub fn reclaim(connection: &mut Connection) -> Result<()> {
    let vacuumed =
        sqlite(connection)?.without_time_limit(|session| session.batch_execute("VACUUM"));
    vacuumed.map_err(|error| connection.read_error(error))?;
    // With write-ahead logging the new file is in the log until it is moved over.
    connection.batch("PRAGMA wal_checkpoint(TRUNCATE)", Effect::None)
}
