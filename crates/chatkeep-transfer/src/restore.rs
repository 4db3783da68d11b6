//! Restoring backups.

use std::path::Path;
use std::time::Duration;

use chatkeep_core::transfer::{self, is_sqlite_file, open_source, open_target};
use chatkeep_core::{Connection, DatabaseUrl, Error, ErrorKind, Result};
use serde::Serialize;

use crate::archive::{self, Manifest};
use crate::batch::NextIds;
use crate::compare::Comparison;
use crate::digest::Content;
use crate::filling::Filling;
use crate::output::refuse_database_file;
use crate::progress::{Phase, Step};
use crate::reading::{self, count};

/// What is done, in the words of the database that it is done to.
const KIND: &str = "restore";

/// What was restored. It serialises with these keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RestoreReport {
    /// Messages that are there now.
    pub messages: u64,
    /// Tokens that are there now.
    pub tokens: u64,
    /// What the backup and the database hold.
    pub comparison: Comparison,
}

/// What a backup holds: an archive, or a SQLite file.
struct Found {
    content: Content,
    next_ids: NextIds,
}

/// Reads a backup whole, and checks every digest and every row. Nothing is changed.
///
/// # Errors
/// `Configuration` when the file cannot be read; `Corrupt` when it is no backup, was cut off, or is damaged.
pub fn check_backup(path: &Path, progress: &mut dyn FnMut(Step)) -> Result<Content> {
    look(path, progress)
        .map(|found| found.content)
        .map_err(|error| error.with_operation("check_backup"))
}

fn look(path: &Path, progress: &mut dyn FnMut(Step)) -> Result<Found> {
    let mut source = Source::open(path)?;
    let total = source.rows()?;
    source.read(|_, done| {
        progress(Step { phase: Phase::Checking, done, total: total.max(done) });
        Ok(())
    })
}

/// Where the rows come from.
enum Source<'a> {
    Archive(&'a Path),
    SqliteFile(Box<Connection>),
}

impl<'a> Source<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        // What cannot be read at all is said by whoever reads it.
        if !is_sqlite_file(path).unwrap_or(false) {
            return Ok(Self::Archive(path));
        }
        transfer::check_sqlite_file(path)?;
        let url = DatabaseUrl::sqlite_file(path);
        open_source(&url, Duration::from_secs(10)).map(|source| Self::SqliteFile(Box::new(source)))
    }

    /// How many rows there are, where that is known beforehand.
    fn rows(&mut self) -> Result<u64> {
        match self {
            Self::Archive(_) => Ok(0),
            Self::SqliteFile(source) => count(source).map(|(messages, tokens)| messages + tokens),
        }
    }

    fn read(
        &mut self,
        mut hand_over: impl FnMut(crate::batch::Batch, u64) -> Result<()>,
    ) -> Result<Found> {
        match self {
            Self::Archive(path) => {
                let manifest: Manifest =
                    archive::read(path, |batch, digests| hand_over(batch, digests.rows()))?;
                Ok(Found { next_ids: manifest.next_ids(), content: manifest.content })
            }
            Self::SqliteFile(source) => {
                let read =
                    reading::read(source, |batch, digests| hand_over(batch, digests.rows()))?;
                Ok(Found { content: read.content, next_ids: read.next_ids })
            }
        }
    }
}

/// Restores a backup, an archive or a SQLite file, into an empty database of any engine: all of it or nothing.
///
/// First the whole backup is read and checked. While rows are stored the database says that it is only partly filled, and
/// programs refuse to work on it; after an error everything is taken back, and after the process was killed the same
/// restore begins anew. At the end what was stored is read and compared.
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
/// As [`check_backup`]; `InvalidInput` when the backup is the database's own file; `Conflict` when the database has rows; and what the database says. Nothing is stored then.
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
    let found = look(path, progress)?;
    let mut target = open_target(to, connect_timeout)?;
    let shown = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    refuse_rows(&mut target, &shown)?;
    let mut filling = Filling::begin(target, KIND, &shown)?;
    match store(&mut filling, path, &found, progress) {
        Ok(comparison) => {
            filling.finish()?;
            Ok(RestoreReport {
                messages: comparison.target.messages.rows,
                tokens: comparison.target.api_tokens.rows,
                comparison,
            })
        }
        Err(error) => match filling.take_back() {
            Ok(()) => Err(error),
            // It says so itself: the next restore takes it back, or the same one is run again.
            Err(left) => Err(Error::new(
                error.kind(),
                format!(
                    "{}; what was stored so far could not be taken back: {}",
                    error.message(),
                    left.message()
                ),
            )),
        },
    }
}

/// Only an empty database will do, or what an earlier restore has left when it was killed.
fn refuse_rows(target: &mut Connection, shown: &str) -> Result<()> {
    let (state, (messages, tokens)) = Filling::look(target)?;
    match state {
        // It was to be emptied; nobody has any use for what is left.
        Some(state) if state.is_emptying() => Filling::clear(target, shown),
        Some(state) if state.kind == KIND => {
            if (messages, tokens) != (state.messages.unsigned_abs(), state.tokens.unsigned_abs()) {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "the database is partly restored, and another program wrote to it; delete its rows first",
                )
                .with_retryable(false));
            }
            Filling::clear(target, shown)
        }
        Some(_) => transfer::refuse_unfinished(target),
        None if (messages, tokens) == (0, 0) => Ok(()),
        None => Err(Error::new(
            ErrorKind::Conflict,
            format!(
                "the database holds rows already ({messages} messages, {tokens} tokens); a backup goes into an empty one"
            ),
        )
        .with_retryable(false)),
    }
}

fn store(
    filling: &mut Filling,
    path: &Path,
    found: &Found,
    progress: &mut dyn FnMut(Step),
) -> Result<Comparison> {
    let total = found.content.messages.rows + found.content.api_tokens.rows;
    let stored = Source::open(path)?.read(|batch, done| {
        filling.store(&batch)?;
        progress(Step { phase: Phase::Storing, done, total });
        Ok(())
    })?;
    if stored.content != found.content {
        return Err(Error::new(
            ErrorKind::Corrupt,
            format!("{} was changed meanwhile", path.display()),
        ));
    }
    filling.complete(found.next_ids, progress)?;
    filling.compare(&found.content, found.next_ids, progress)?.into_result()
}
