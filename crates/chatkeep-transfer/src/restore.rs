//! Restores backups, which are archives or SQLite files, into an empty database.

use std::path::Path;
use std::time::Duration;

use chatkeep_core::transfer::{self, SqliteBackup, is_sqlite_file, open_target};
use chatkeep_core::{Connection, DatabaseUrl, Error, ErrorKind, Result};
use serde::Serialize;

use crate::archive::{self, Manifest};
use crate::compare::Comparison;
use crate::content::Content;
use crate::output::refuse_database_file;
use crate::progress::{Phase, Step};
use crate::reading;
use crate::table::{
    ApiTokens, Batch, Messages, NextIds, RowCounts, TABLES, Tables, TransferTable as _, count,
};
use crate::target_writer::{TargetWriter, is_unchanged};

/// Kind of transfer, as recorded in the target.
const KIND: &str = "restore";

/// Result of a restore. The field names are its JSON keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RestoreReport {
    /// Number of messages in the database.
    pub messages: u64,
    /// Number of tokens in the database.
    pub tokens: u64,
    /// Number of rows in the database by table name, those above included.
    pub rows: RowCounts,
    /// Comparison of the backup with the database.
    pub comparison: Comparison,
}

/// Summary of a backup's content.
struct BackupContent {
    content: Content,
    next_ids: NextIds,
}

/// Reads a backup completely and validates every row and digest. Nothing is changed.
///
/// # Errors
/// `Configuration` if opening the file fails. `Corrupt` if it is not a backup, is truncated, or is
/// damaged. `Schema` if it is a SQLite file that is incomplete, or if the backup
/// has tables or columns of a newer version.
pub fn check_backup(path: &Path, progress: &mut dyn FnMut(Step)) -> Result<Content> {
    Source::open(path)
        .and_then(|mut source| read_backup(&mut source, TABLES, progress))
        .map(|found| found.content)
        .map_err(|error| error.with_operation("check_backup"))
}

fn read_backup(
    source: &mut Source<'_>,
    tables: Tables,
    progress: &mut dyn FnMut(Step),
) -> Result<BackupContent> {
    let total = source.rows(tables)?;
    source.read(tables, |_, done| {
        progress(Step { phase: Phase::Checking, done, total: total.max(done) });
        Ok(())
    })
}

/// A backup file that is open for reading.
enum Source<'a> {
    Archive(&'a Path),
    SqliteFile(Box<SqliteBackup>),
}

impl<'a> Source<'a> {
    /// Opens a backup. The format is detected from the start of the file.
    fn open(path: &'a Path) -> Result<Self> {
        // An unreadable file is treated as an archive, whose reader reports the error.
        if !is_sqlite_file(path).unwrap_or(false) {
            return Ok(Self::Archive(path));
        }
        SqliteBackup::open(path).map(|source| Self::SqliteFile(Box::new(source)))
    }

    /// Returns the number of rows, or 0 if it is not known in advance.
    fn rows(&mut self, tables: Tables) -> Result<u64> {
        match self {
            Self::Archive(_) => Ok(0),
            Self::SqliteFile(source) => count(source.connection(), tables).map(|rows| rows.total()),
        }
    }

    /// Reads all rows. `hand_over` gets each batch, and the number of rows read so far.
    fn read(
        &mut self,
        tables: Tables,
        mut hand_over: impl FnMut(&dyn Batch, u64) -> Result<()>,
    ) -> Result<BackupContent> {
        match self {
            Self::Archive(path) => {
                let manifest: Manifest = archive::read(path, tables, |batch, digests| {
                    hand_over(&*batch, digests.rows())
                })?;
                Ok(BackupContent { next_ids: manifest.next_ids(), content: manifest.content })
            }
            Self::SqliteFile(source) => {
                let read = reading::read(source.connection(), tables, |batch, digests| {
                    hand_over(&*batch, digests.rows())
                })?;
                Ok(BackupContent { content: read.content, next_ids: read.next_ids })
            }
        }
    }
}

/// Restores a backup into an empty database of any engine, all rows or none.
///
/// The backup is an archive or a SQLite file. It is read and validated completely before any row is
/// stored. While rows are being stored, the database is marked incomplete and programs refuse to
/// open it. At the end, the stored rows are read back and compared. If the process is killed, run
/// the same restore again: it deletes the stored rows and starts over.
///
/// ```
/// use chatkeep_transfer::{backup, restore};
///
/// let folder = tempfile::tempdir()?;
/// let url = |name| chatkeep::DatabaseUrl::sqlite_file(folder.path().join(name));
/// let chat = chatkeep::Chatkeep::builder().database_url(url("old.db")).open()?;
/// chat.messages().log_message(&chatkeep::NewMessage::new("hi"))?;
/// let file = folder.path().join("chat.tar.zst");
/// backup(&chat, std::fs::File::create(&file)?, &mut |_| {})?;
///
/// let report = restore(&url("new.db"), &file, std::time::Duration::from_secs(10), &mut |_| {})?;
/// assert_eq!(report.messages, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// `Configuration` if opening the file fails. `Corrupt` if it is not a backup, is truncated, or is
/// damaged, or if the stored rows differ from it. `InvalidInput` if the backup is the database's
/// own file. `Conflict` if the database has rows, or another program writes to it. `Schema` if the
/// schema of the database is newer than this program, or a copy into it is unfinished. `Schema`
/// also if the backup is a SQLite file that is incomplete or has a newer schema version. Other
/// kinds, such as `Unavailable` or `StorageFull`, if the database fails.
///
/// After an error, the rows stored so far are deleted, unless another program wrote to the
/// database.
pub fn restore(
    to: &DatabaseUrl,
    path: &Path,
    connect_timeout: Duration,
    progress: &mut dyn FnMut(Step),
) -> Result<RestoreReport> {
    restore_tables(TABLES, to, path, connect_timeout, progress)
        .map_err(|error| error.with_operation("restore"))
}

pub(crate) fn restore_tables(
    tables: Tables,
    to: &DatabaseUrl,
    path: &Path,
    connect_timeout: Duration,
    progress: &mut dyn FnMut(Step),
) -> Result<RestoreReport> {
    refuse_database_file(to, path)?;
    let mut source = Source::open(path)?;
    let found = read_backup(&mut source, tables, progress)?;
    let mut target = open_target(to, connect_timeout)?;
    let shown = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    refuse_rows(&mut target, tables, &shown)?;
    let mut writer = TargetWriter::begin(target, tables, KIND, &shown)?;
    match store(&mut writer, &mut source, tables, path, &found, progress) {
        Ok(comparison) => {
            writer.finish()?;
            let rows = comparison.target.counts(tables);
            Ok(RestoreReport {
                messages: rows.of(Messages::NAME),
                tokens: rows.of(ApiTokens::NAME),
                rows,
                comparison,
            })
        }
        Err(error) => match writer.roll_back() {
            Ok(()) => Err(error),
            // The database stays marked incomplete. Running the restore again deletes these rows.
            Err(remaining) => Err(Error::new(
                error.kind(),
                format!(
                    "{}; the rows stored so far could not be deleted: {}",
                    error.message(),
                    remaining.message()
                ),
            )),
        },
    }
}

/// Rejects a database that has rows. Rows of an interrupted restore are deleted instead.
///
/// `shown` is the name of the backup file.
fn refuse_rows(target: &mut Connection, tables: Tables, shown: &str) -> Result<()> {
    let (state, rows) = TargetWriter::inspect(target, tables)?;
    match state {
        // An earlier transfer was interrupted while it deleted all rows. Delete the remaining ones.
        Some(state) if state.is_truncating() => TargetWriter::truncate(target, tables, shown),
        Some(state) if state.kind == KIND => {
            if !is_unchanged(&state, &rows) {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "another program wrote to the database after the restore was interrupted; \
                     delete its rows first",
                )
                .with_retryable(false));
            }
            TargetWriter::truncate(target, tables, shown)
        }
        Some(_) => transfer::refuse_unfinished(target),
        None if rows.total() == 0 => Ok(()),
        None => Err(Error::new(
            ErrorKind::Conflict,
            format!("the database is not empty ({rows}); restore into an empty database"),
        )
        .with_retryable(false)),
    }
}

/// Stores all rows and compares them with the backup, which must not have changed since `found`.
fn store(
    writer: &mut TargetWriter,
    source: &mut Source<'_>,
    tables: Tables,
    path: &Path,
    found: &BackupContent,
    progress: &mut dyn FnMut(Step),
) -> Result<Comparison> {
    let total = found.content.total_rows();
    let stored = source.read(tables, |batch, done| {
        writer.store(batch)?;
        progress(Step { phase: Phase::Storing, done, total });
        Ok(())
    })?;
    if stored.content != found.content {
        return Err(Error::new(
            ErrorKind::Corrupt,
            format!("{} changed during the restore", path.display()),
        ));
    }
    writer.complete(&found.next_ids, progress)?;
    writer.compare(&found.content, &found.next_ids, progress)?.into_result()
}
