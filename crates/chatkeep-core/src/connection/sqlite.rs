//! Opening a SQLite file: the pragmas, in the order that matters, and our search function.

use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::result::Error as DieselError;
use diesel::{Connection as _, RunQueryDsl, SqliteConnection};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::sqlite_at_rest::{self, AtRest};
use super::sqlite_file_watch::{FileWatch, refuse_other};
use super::sqlite_hooks::Hooks;
use super::sqlite_place;
use super::sqlite_session::SqliteSession;
use super::{BatchIds, ConnectOptions, Opened, Role};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::fault::sqlite;
use crate::identity::FileId;
use crate::interruption::pause;
use crate::message::search;
use crate::url::{SqliteLocation, SqliteTarget, Synchronous};

/// What must not stand as it is in a `file:` URI's path (SQLite's manual, "URI Filenames").
const URI_RESERVED: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ').add(b'\\');

/// Pages of the write-ahead log at which a commit moves them into the database. Before that it is left to
/// [`Connection::checkpoint`](super::Connection::checkpoint), which holds up nobody.
const LONGEST_LOG: u32 = 4_000;

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(5);

diesel::define_sql_function! {
    /// SQLite's own version.
    fn sqlite_version() -> diesel::sql_types::Text;
}

/// A file, or memory, that was opened.
pub(super) struct OpenedFile {
    pub(super) opened: Opened<SqliteSession>,
    /// What has to stay as it is, where the file could only be opened on that promise.
    pub(super) at_rest: Option<AtRest>,
}

/// Opens the file, or memory.
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
            sqlite_place::prepare(target, path)?;
            let shown = path.display().to_string();
            // What was there before, or was just created, is not created again if it has gone meanwhile.
            let mode = if target.read_only { "?mode=ro" } else { "?mode=rw" };
            let mut connection = establish(&uri(path, mode), &shown, &hooks)?;
            if let Err(error) = set_journal(&mut connection, target, role, options.query_timeout) {
                // A mount, or the rights of the folder or the file.
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
        let longest = format!("PRAGMA wal_autocheckpoint = {LONGEST_LOG}");
        connection.batch_execute(&longest).map_err(explain)?;
    }
    search::register(&mut connection).map_err(explain)?;
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

/// Opens a file of another program for reading, with none of our settings. What comes with it must outlive it. A private
/// copy may be written to: SQLite moves what is in its log over.
pub(crate) fn open_to_read(
    path: &Path,
    is_private: bool,
    patience: Duration,
) -> Result<(SqliteConnection, Box<Hooks>)> {
    let hooks = Hooks::new(patience);
    let mode = if is_private { "?mode=rw" } else { "?mode=ro" };
    let connection = establish(&uri(path, mode), &path.display().to_string(), &hooks)?;
    Ok((connection, hooks))
}

fn establish(uri: &str, shown: &str, hooks: &Hooks) -> Result<SqliteConnection> {
    let (connection, has_hooks) = hooks.opening(|| SqliteConnection::establish(uri));
    let connection = connection.map_err(|error| sqlite::open_error(&error, shown))?;
    if !has_hooks {
        // Without them no lock would be waited for.
        return Err(Error::internal(
            "SQLite's extensions were removed by other code of this process",
        ));
    }
    Ok(connection)
}

fn uri(path: &Path, mode: &str) -> String {
    let escaped = utf8_percent_encode(&path.to_string_lossy(), URI_RESERVED).to_string();
    // `file::memory:` is no file, but one whose name is that may be meant.
    let place = if path.is_absolute() { "" } else { "./" };
    format!("file:{place}{escaped}{mode}")
}

/// With a log beside it, a file is read by way of a third file, which has to be made or changed.
fn explain_log(error: DieselError, path: &Path) -> Error {
    if !sqlite_at_rest::has_log(path) {
        return sqlite::error(error);
    }
    let shown = path.display();
    Error::new(
        ErrorKind::ReadOnly,
        format!(
            "{shown} has a write-ahead log beside it ({shown}-wal), and to read both this program has to write into their \
             folder; give it that right, or have a program that has it open the file once"
        ),
    )
}

/// Write-ahead logging lasts in the file, so that one connection sets it and the others find it. A file that accepts no
/// changes is read in the mode that it has.
fn set_journal(
    connection: &mut SqliteConnection,
    target: &SqliteTarget,
    role: Role,
    patience: Duration,
) -> Result<(), DieselError> {
    if target.read_only || role == Role::Reader {
        // The first page is read here, so that a file that is no database is told at once.
        return connection.batch_execute("PRAGMA schema_version");
    }
    // SQLite waits for whoever else is in the way everywhere but here: of several programs that open a new file at once, all
    // but one would be told that it is locked.
    let end = Instant::now() + patience;
    loop {
        match connection.batch_execute("PRAGMA journal_mode = WAL") {
            // Whether it can be read all the same shows at the first page.
            Err(error) if sqlite::is_read_only(&error) => {
                return connection.batch_execute("PRAGMA schema_version");
            }
            Err(error)
                if sqlite::is_locked(&error) && Instant::now() < end && pause(PAUSE).is_ok() => {}
            other => return other,
        }
    }
}
