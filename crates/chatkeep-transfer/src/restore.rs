//! Restores backups.

use std::path::Path;
use std::time::Duration;

use chatkeep_core::transfer::{self, is_sqlite_file, open_source, open_target};
use chatkeep_core::{Connection, DatabaseUrl, Error, ErrorKind, Result};
use serde::Serialize;

use crate::archive::{self, Manifest};
use crate::batch::NextIds;
use crate::compare::Comparison;
use crate::digest::Content;
use crate::output::refuse_database_file;
use crate::progress::{Phase, Step};
use crate::reading::{self, count};
use crate::target_writer::TargetWriter;

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
/// damaged.
pub fn check_backup(path: &Path, progress: &mut dyn FnMut(Step)) -> Result<Content> {
    read_backup(path, progress)
        .map(|found| found.content)
        .map_err(|error| error.with_operation("check_backup"))
}

fn read_backup(path: &Path, progress: &mut dyn FnMut(Step)) -> Result<BackupContent> {
    let mut source = Source::open(path)?;
    let total = source.rows()?;
    source.read(|_, done| {
        progress(Step { phase: Phase::Checking, done, total: total.max(done) });
        Ok(())
    })
}

/// Source of the rows.
enum Source<'a> {
    Archive(&'a Path),
    SqliteFile(Box<Connection>),
}

impl<'a> Source<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        // Errors of opening the file are reported by the archive reader.
        if !is_sqlite_file(path).unwrap_or(false) {
            return Ok(Self::Archive(path));
        }
        transfer::check_sqlite_file(path)?;
        let url = DatabaseUrl::sqlite_file(path);
        open_source(&url, Duration::from_secs(10)).map(|source| Self::SqliteFile(Box::new(source)))
    }

    /// Returns the number of rows, or 0 if it is not known in advance.
    fn rows(&mut self) -> Result<u64> {
        match self {
            Self::Archive(_) => Ok(0),
            Self::SqliteFile(source) => count(source).map(|(messages, tokens)| messages + tokens),
        }
    }

    fn read(
        &mut self,
        mut hand_over: impl FnMut(crate::batch::Batch, u64) -> Result<()>,
    ) -> Result<BackupContent> {
        match self {
            Self::Archive(path) => {
                let manifest: Manifest =
                    archive::read(path, |batch, digests| hand_over(batch, digests.rows()))?;
                Ok(BackupContent { next_ids: manifest.next_ids(), content: manifest.content })
            }
            Self::SqliteFile(source) => {
                let read =
                    reading::read(source, |batch, digests| hand_over(batch, digests.rows()))?;
                Ok(BackupContent { content: read.content, next_ids: read.next_ids })
            }
        }
    }
}

/// Restores a backup into an empty database of any engine, all rows or none.
///
/// The backup is an archive or a SQLite file. It is read and validated completely before any row is
/// stored. While rows are being stored, the database is marked incomplete and programs refuse to
/// open it. After an error all rows are deleted. After the process was killed, the same restore
/// starts over. At the end the stored rows are read back and compared.
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
/// damaged. `InvalidInput` if the backup is the database's own file. `Conflict` if the database has
/// rows. Database errors keep their kinds. After an error, the rows stored so far are deleted.
pub fn restore(
    to: &DatabaseUrl,
    path: &Path,
    connect_timeout: Duration,
    progress: &mut dyn FnMut(Step),
) -> Result<RestoreReport> {
    run(to, path, connect_timeout, progress).map_err(|error| error.with_operation("restore"))
}

fn run(
    to: &DatabaseUrl,
    path: &Path,
    connect_timeout: Duration,
    progress: &mut dyn FnMut(Step),
) -> Result<RestoreReport> {
    refuse_database_file(to, path)?;
    let found = read_backup(path, progress)?;
    let mut target = open_target(to, connect_timeout)?;
    let shown = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    refuse_rows(&mut target, &shown)?;
    let mut writer = TargetWriter::begin(target, KIND, &shown)?;
    match store(&mut writer, path, &found, progress) {
        Ok(comparison) => {
            writer.finish()?;
            Ok(RestoreReport {
                messages: comparison.target.messages.rows,
                tokens: comparison.target.api_tokens.rows,
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

/// Rejects a database with rows, unless they are those of an interrupted restore, which are
/// deleted.
fn refuse_rows(target: &mut Connection, shown: &str) -> Result<()> {
    let (state, (messages, tokens)) = TargetWriter::inspect(target)?;
    match state {
        // An earlier run was deleting all rows. The remaining ones are not needed.
        Some(state) if state.is_truncating() => TargetWriter::truncate(target, shown),
        Some(state) if state.kind == KIND => {
            if (messages, tokens) != (state.messages.unsigned_abs(), state.tokens.unsigned_abs()) {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "another program wrote to the database after the restore was interrupted; \
                     delete its rows first",
                )
                .with_retryable(false));
            }
            TargetWriter::truncate(target, shown)
        }
        Some(_) => transfer::refuse_unfinished(target),
        None if (messages, tokens) == (0, 0) => Ok(()),
        None => Err(Error::new(
            ErrorKind::Conflict,
            format!(
                "the database is not empty ({messages} messages, {tokens} tokens); restore into an \
                 empty database"
            ),
        )
        .with_retryable(false)),
    }
}

fn store(
    writer: &mut TargetWriter,
    path: &Path,
    found: &BackupContent,
    progress: &mut dyn FnMut(Step),
) -> Result<Comparison> {
    let total = found.content.messages.rows + found.content.api_tokens.rows;
    let stored = Source::open(path)?.read(|batch, done| {
        writer.store(&batch)?;
        progress(Step { phase: Phase::Storing, done, total });
        Ok(())
    })?;
    if stored.content != found.content {
        return Err(Error::new(
            ErrorKind::Corrupt,
            format!("{} changed during the restore", path.display()),
        ));
    }
    writer.complete(found.next_ids, progress)?;
    writer.compare(&found.content, found.next_ids, progress)?.into_result()
}
