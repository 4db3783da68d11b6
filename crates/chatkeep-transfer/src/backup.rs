//! Backups into an archive or a SQLite file.

use std::io::Write;
use std::path::Path;

use chatkeep::Chatkeep;
use chatkeep_core::transfer::{check_sqlite_file, copy_sqlite_file, open_source};
use chatkeep_core::{Connection, Error, Result, Role};
use serde::Serialize;
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::archive::{Manifest, Writer};
use crate::output::{refuse_database_file, refuse_leftover_companion};
use crate::progress::{Phase, Step};
use crate::reading;
use crate::table::{
    ApiTokens, Batch, Messages, RowCounts, TABLES, Tables, TransferTable as _, count,
};

/// Result of a backup. The field names are its JSON keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BackupReport {
    /// Number of messages in the backup.
    pub messages: u64,
    /// Number of tokens in the backup.
    pub tokens: u64,
    /// Number of rows in the backup by table name, those above included.
    pub rows: RowCounts,
}

/// Writes a consistent snapshot of all rows into an archive.
///
/// [`restore`](crate::restore) reads the archive into any engine. It is a zstd-compressed tar file
/// of JSON Lines, with a manifest and digests. Other programs can write during the backup.
///
/// ```
/// use chatkeep_transfer::backup;
///
/// let folder = tempfile::tempdir()?;
/// let chat = chatkeep::Chatkeep::open(&format!("sqlite:///{}/chat.db", folder.path().display()))?;
/// chat.messages().log_message(&chatkeep::NewMessage::new("hi"))?;
/// let file = std::fs::File::create(folder.path().join("chat.tar.zst"))?;
/// assert_eq!(backup(&chat, file, &mut |_| {})?.content.rows_of("messages"), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// `Schema` if the schema version is not this program's. `StorageFull` or `Unavailable` if writing
/// to `out` fails. Database errors keep their kinds.
pub fn backup(
    chat: &Chatkeep,
    out: impl Write,
    progress: &mut dyn FnMut(Step),
) -> Result<Manifest> {
    let run = || {
        let database = chat.database();
        // A separate connection, so that the backup does not occupy one of the pool.
        let mut source = open_source(database.url(), database.settings().connect_timeout)?;
        database.expect_file(&source)?;
        write(&mut source, TABLES, out, progress)
    };
    run().map_err(|error| error.with_operation("backup"))
}

pub(crate) fn write(
    source: &mut Connection,
    tables: Tables,
    out: impl Write,
    progress: &mut dyn FnMut(Step),
) -> Result<Manifest> {
    let engine = source.engine().name();
    let total = count(source, tables)?.total();
    let mut writer = Writer::new(out)?;
    let mut done = 0;
    let read = thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<Box<dyn Batch>>(reading::READ_AHEAD);
        let reader = scope.spawn(move || {
            reading::read(source, tables, |batch, _| {
                sender.send(batch).map_err(|_| Error::internal("the archive writer stopped"))
            })
        });
        let mut written = Ok(());
        for batch in &receiver {
            written = writer.add(&*batch);
            if written.is_err() {
                break;
            }
            done += batch.len();
            progress(Step { phase: Phase::Storing, done, total });
        }
        drop(receiver);
        let read =
            reader.join().unwrap_or_else(|_| Err(Error::internal("the reader thread panicked")));
        written.and(read)
    })?;
    writer.finish(|parts| Manifest::new(engine, read.content, read.next_ids, parts))
}

/// Writes a consistent snapshot of a SQLite database into a SQLite file, and checks its integrity.
///
/// Other programs can read and write during the backup. The file must not exist, or must be empty.
/// After an error, its content is unusable.
///
/// # Errors
/// `Configuration` on a server. `InvalidInput` if the file is the database itself, or a leftover
/// `-wal`, `-shm` or `-journal` file is next to it. `StorageFull` if the disk is full. `Corrupt` if
/// the database is damaged.
pub fn backup_sqlite(chat: &Chatkeep, path: &Path) -> Result<BackupReport> {
    let run = || {
        let database = chat.database();
        refuse_database_file(database.url(), path)?;
        refuse_leftover_companion(path)?;
        let report = database.with_connection(Role::Reader, |connection| {
            let rows = count(connection, TABLES)?;
            let (messages, tokens) = (rows.of(Messages::NAME), rows.of(ApiTokens::NAME));
            Ok(BackupReport { messages, tokens, rows })
        })?;
        let mut source = open_source(database.url(), database.settings().connect_timeout)?;
        database.expect_file(&source)?;
        copy_sqlite_file(&mut source, path)?;
        check_sqlite_file(path)?;
        Ok(report)
    };
    run().map_err(|error: Error| error.with_operation("backup_sqlite"))
}
