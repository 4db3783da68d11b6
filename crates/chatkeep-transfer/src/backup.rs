//! Backups.

use std::io::Write;
use std::path::Path;

use chatkeep::Chatkeep;
use chatkeep_core::transfer::{check_sqlite_file, copy_sqlite_file, open_source};
use chatkeep_core::{Connection, Error, Result, Role};
use serde::Serialize;
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::archive::{Manifest, Writer};
use crate::batch::Batch;
use crate::output::{refuse_database_file, refuse_leftover_companion};
use crate::progress::{Phase, Step};
use crate::reading::{self, count};

/// What was written. It serialises with these keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BackupReport {
    /// Messages in the backup.
    pub messages: u64,
    /// Tokens in the backup.
    pub tokens: u64,
}

/// Writes all messages and tokens, as they are at one moment, into an archive that [`restore`](crate::restore) reads into
/// any engine: a tar file, compressed by zstd, of JSON Lines with a manifest and digests. Others go on writing meanwhile.
///
/// ```
/// use chatkeep_transfer::backup;
///
/// let folder = tempfile::tempdir()?;
/// let chat = chatkeep::Chatkeep::open(&format!("sqlite:///{}/chat.db", folder.path().display()))?;
/// chat.messages().log_message(&chatkeep::NewMessage::new("hi"))?;
/// let file = std::fs::File::create(folder.path().join("chat.tar.zst"))?;
/// assert_eq!(backup(&chat, file, &mut |_| {})?.content.messages.rows, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// `Schema` when the schema is not this program's; `StorageFull` and the like when `out` cannot be written to; and what
/// the database says.
pub fn backup(
    chat: &Chatkeep,
    out: impl Write,
    progress: &mut dyn FnMut(Step),
) -> Result<Manifest> {
    let run = || {
        let database = chat.database();
        // A connection of its own: the pool's would be missing for as long as this takes.
        let mut source = open_source(database.url(), database.settings().connect_timeout)?;
        database.expect_file(&source)?;
        write(&mut source, out, progress)
    };
    run().map_err(|error| error.with_operation("backup"))
}

fn write(
    source: &mut Connection,
    out: impl Write,
    progress: &mut dyn FnMut(Step),
) -> Result<Manifest> {
    let engine = source.engine().name();
    let (messages, tokens) = count(source)?;
    let total = messages + tokens;
    let mut writer = Writer::new(out)?;
    let mut done = 0;
    let read = thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<Batch>(2);
        let reader = scope.spawn(move || {
            reading::read(source, |batch, _| {
                sender.send(batch).map_err(|_| Error::internal("nobody writes what is read"))
            })
        });
        let mut written = Ok(());
        for batch in &receiver {
            written = writer.add(&batch);
            if written.is_err() {
                break;
            }
            done += batch.len();
            progress(Step { phase: Phase::Storing, done, total });
        }
        drop(receiver);
        let read = reader
            .join()
            .unwrap_or_else(|_| Err(Error::internal("the thread that reads panicked")));
        written.and(read)
    })?;
    writer.finish(|parts| Manifest::new(engine, read.content, read.next_ids, parts))
}

/// Writes a SQLite database, as it is at this moment, into a SQLite file of its own, and reads that once to see whether it
/// is sound. Others go on reading and writing meanwhile. The file must not be there yet, or be empty; after an error it is
/// worth nothing.
///
/// # Errors
/// `Configuration` on a server; `InvalidInput` when the file is the database, or SQLite would take what is beside it for a
/// part of it; `StorageFull`; `Corrupt` when the database is damaged.
pub fn backup_sqlite(chat: &Chatkeep, path: &Path) -> Result<BackupReport> {
    let run = || {
        let database = chat.database();
        refuse_database_file(database.url(), path)?;
        refuse_leftover_companion(path)?;
        let report = database.with_connection(Role::Reader, |connection| {
            let (messages, tokens) = count(connection)?;
            Ok(BackupReport { messages, tokens })
        })?;
        let mut source = open_source(database.url(), database.settings().connect_timeout)?;
        database.expect_file(&source)?;
        copy_sqlite_file(&mut source, path)?;
        check_sqlite_file(path)?;
        Ok(report)
    };
    run().map_err(|error: Error| error.with_operation("backup_sqlite"))
}
