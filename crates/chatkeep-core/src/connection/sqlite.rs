//! Opening of SQLite databases: the pragmas, whose order matters, and the search function.

use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::result::Error as DieselError;
use diesel::{Connection as _, RunQueryDsl, SqliteConnection};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::sqlite_at_rest::{self, AtRest};
use super::sqlite_file_watch::{FileWatch, refuse_other};
use super::sqlite_hooks::Hooks;
use super::sqlite_path;
use super::sqlite_session::SqliteSession;
use super::{BatchIds, ConnectOptions, Opened, Role};
use crate::case_folding;
use crate::db_error::sqlite;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::FileId;
use crate::interrupt::pause;
use crate::url::{SqliteLocation, SqliteTarget, Synchronous};

/// Characters that must be escaped in the path of a `file:` URI (SQLite's manual, "URI
/// Filenames").
const URI_RESERVED: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ').add(b'\\');

/// Size of the write-ahead log, in pages, at which a commit runs a checkpoint. Smaller logs are
/// left to [`Connection::checkpoint`](super::Connection::checkpoint), which delays no writer.
const AUTOCHECKPOINT_PAGES: u32 = 4_000;

/// Pause between two attempts to set the journal mode.
const PAUSE: Duration = Duration::from_millis(5);

diesel::define_sql_function! {
    /// Returns the version of the SQLite library.
    fn sqlite_version() -> diesel::sql_types::Text;
}

/// A newly opened file or in-memory database.
pub(super) struct OpenedFile {
    pub(super) opened: Opened<SqliteSession>,
    /// State of a file that was opened as immutable.
    pub(super) at_rest: Option<AtRest>,
}

/// Opens the file or an in-memory database.
pub(super) fn open(
    target: &SqliteTarget,
    role: Role,
    options: &ConnectOptions,
    expected: Option<&FileId>,
) -> Result<OpenedFile> {
    let explain = |error| sqlite::error(error);
    let hooks = Hooks::new(options.query_timeout);
    let mut at_rest = None;
    let mut connection = match &target.location {
        SqliteLocation::Memory => establish(":memory:", ":memory:", &hooks)?,
        SqliteLocation::File(path) => {
            if let Some(expected) = expected {
                refuse_other(path, expected)?;
            }
            sqlite_path::prepare(target, path)?;
            let shown = path.display().to_string();
            // Neither mode creates the file: it exists now, and must not be created again if it was
            // deleted in the meantime.
            let mode = if target.read_only { "?mode=ro" } else { "?mode=rw" };
            let mut connection = establish(&uri(path, mode), &shown, &hooks)?;
            if let Err(error) = set_journal(&mut connection, target, role, options.query_timeout) {
                // A read-only mount, or missing permissions on the folder or the file.
                if !(sqlite::cannot_open(&error) || sqlite::is_read_only(&error)) {
                    return Err(explain(error));
                }
                at_rest = AtRest::of(path);
                if at_rest.is_none() {
                    return Err(explain_log(error, path));
                }
                connection = establish(&uri(path, "?immutable=1"), &shown, &hooks)?;
                set_journal(&mut connection, target, Role::Reader, options.query_timeout)
                    .map_err(explain)?;
            }
            hooks.watch(FileWatch::opened(path, expected)?);
            connection
        }
    };
    let synchronous = match target.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    connection
        .batch_execute(&format!("PRAGMA synchronous = {synchronous}; PRAGMA foreign_keys = ON;"))
        .map_err(explain)?;
    if role == Role::Reader && target.location != SqliteLocation::Memory {
        connection.batch_execute("PRAGMA query_only = ON").map_err(explain)?;
    }
    if role == Role::Writer {
        let autocheckpoint = format!("PRAGMA wal_autocheckpoint = {AUTOCHECKPOINT_PAGES}");
        connection.batch_execute(&autocheckpoint).map_err(explain)?;
    }
    case_folding::register(&mut connection).map_err(explain)?;
    let version = diesel::select(sqlite_version()).get_result(&mut connection).map_err(explain)?;
    let opened = Opened {
        connection: SqliteSession::new(connection, hooks),
        engine: Engine::Sqlite,
        version,
        max_row_bytes: None,
        batch_ids: BatchIds::Returned,
    };
    Ok(OpenedFile { opened, at_rest })
}

/// Opens another program's file for reading, without chatkeep's settings. The returned hooks must
/// outlive the connection. A private copy is opened writable, so that SQLite can copy its log into
/// it.
pub(crate) fn open_to_read(
    path: &Path,
    is_private: bool,
    lock_timeout: Duration,
) -> Result<(SqliteConnection, Box<Hooks>)> {
    let hooks = Hooks::new(lock_timeout);
    let mode = if is_private { "?mode=rw" } else { "?mode=ro" };
    let connection = establish(&uri(path, mode), &path.display().to_string(), &hooks)?;
    Ok((connection, hooks))
}

fn establish(uri: &str, shown: &str, hooks: &Hooks) -> Result<SqliteConnection> {
    let (connection, has_hooks) = hooks.opening(|| SqliteConnection::establish(uri));
    let connection = connection.map_err(|error| sqlite::open_error(&error, shown))?;
    if !has_hooks {
        // Without hooks, the connection would not wait for locks.
        return Err(Error::internal("other code in this process removed SQLite's auto extensions"));
    }
    Ok(connection)
}

fn uri(path: &Path, mode: &str) -> String {
    let escaped = utf8_percent_encode(&path.to_string_lossy(), URI_RESERVED).to_string();
    // `file::memory:` would be an in-memory database; with the prefix, it is a file of that name.
    let prefix = if path.is_absolute() { "" } else { "./" };
    format!("file:{prefix}{escaped}{mode}")
}

/// Returns the error for a file that fails to open because of its write-ahead log: readers of the
/// log must create or write the index file.
fn explain_log(error: DieselError, path: &Path) -> Error {
    if !sqlite_at_rest::has_log(path) {
        return sqlite::error(error);
    }
    let shown = path.display();
    Error::new(
        ErrorKind::ReadOnly,
        format!(
            "{shown} has a write-ahead log ({shown}-wal), and reading it requires write permission \
             for the folder; grant that permission, or let a program that has it open the file once"
        ),
    )
}

/// Sets the journal mode to write-ahead logging. The mode is stored in the file, so other
/// connections find it set. A read-only file is read in the mode that it has.
fn set_journal(
    connection: &mut SqliteConnection,
    target: &SqliteTarget,
    role: Role,
    lock_timeout: Duration,
) -> Result<(), DieselError> {
    if target.read_only || role == Role::Reader {
        // Reads the first page, to report at once a file that is not a database.
        return connection.batch_execute("PRAGMA schema_version");
    }
    // SQLite does not call the busy handler for this pragma. Without the loop, if several programs
    // opened a new file at once, all but one would fail with "database is locked".
    let end = Instant::now() + lock_timeout;
    loop {
        match connection.batch_execute("PRAGMA journal_mode = WAL") {
            // Reading the first page shows whether the file is readable.
            Err(error) if sqlite::is_read_only(&error) => {
                return connection.batch_execute("PRAGMA schema_version");
            }
            Err(error)
                if sqlite::is_locked(&error) && Instant::now() < end && pause(PAUSE).is_ok() => {}
            other => return other,
        }
    }
}
