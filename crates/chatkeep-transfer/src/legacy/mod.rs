//! Import of SQLite files of other chat programs.

mod check;
mod content;
mod message;
mod problem;
mod report;
mod store_messages;
mod store_tokens;
mod text;
mod token;
mod unknown;

use std::path::{Path, PathBuf};
use std::time::Duration;

use chatkeep::{Chatkeep, DatabaseManager};
use chatkeep_core::legacy::LegacyFile;
use chatkeep_core::migrations::SchemaVersion;
use chatkeep_core::transfer::{block_writers, reserve_ids, skip_ids_in_use};
use chatkeep_core::{Connection, Error, ErrorKind, Result, Role, messages};

pub use self::problem::Problem;
pub use self::report::{Counts, FileReport, ImportReport};
pub use self::unknown::UnknownColumn;
use crate::output::refuse_database_file;
use crate::progress::{Phase, Step};
use crate::table::{ApiTokens, Messages, TransferTable as _};

/// Statement timeout of the import's transaction, which may store any number of rows.
const IMPORT_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// Options of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportOptions {
    /// Validate all rows and store none.
    pub dry_run: bool,
    /// Store rows with invalid values or unknown columns as well. The original values are kept
    /// under `legacy` in the metadata.
    pub force: bool,
}

/// Returns the default files that exist: `chatbot.db` and `db/tokens.db` in the current folder.
pub fn default_files() -> Vec<PathBuf> {
    ["chatbot.db", "db/tokens.db"]
        .into_iter()
        .map(PathBuf::from)
        .filter(|path| path.exists())
        .collect()
}

/// Returns whether a file has messages or tokens that [`import_legacy_except`] imports. `omitted`
/// has the names of tables that are not imported.
///
/// # Errors
/// `Configuration` if reading the file fails. `Corrupt` if it is damaged or not a SQLite file.
/// `InvalidInput` if it is a chatkeep database, or a table lacks columns. `Conflict` if another
/// program writes to it. `StorageFull` if the disk has no space for a required copy.
pub fn has_legacy_log(path: &Path, omitted: &[String]) -> Result<bool> {
    Ok(!LegacyFile::open_without(path, omitted)?.tables().is_empty())
}

/// Imports the messages and tokens of SQLite files of other programs, all rows or none.
///
/// Neither the files nor their `-wal` and `-journal` files are changed. Every row of every file is
/// validated first. If a row has an invalid value, nothing is stored, and the report lists the
/// problems. Ids are preserved unless they are taken. Rows that an earlier run stored are skipped.
/// Imported tokens stay valid.
///
/// Messages of the older formats have no timestamps. They get the file's modification time, and the
/// row's id under `legacy` in the metadata. A session id is stored under `session_id` in the
/// metadata.
///
/// Unknown columns also prevent the import; see [`UnknownColumn`].
///
/// ```
/// use chatkeep_transfer::{ImportOptions, import_legacy};
///
/// let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
/// let files = ["no-such.db".into()];
/// let report = import_legacy(&chat, &files, ImportOptions::default(), &mut |_| {});
/// assert_eq!(report.unwrap_err().kind(), chatkeep::ErrorKind::Configuration);
/// # Ok::<(), chatkeep::Error>(())
/// ```
///
/// # Errors
/// `Configuration` if reading a file fails. `Corrupt` if it is damaged or not a SQLite file.
/// `InvalidInput` if it has no supported tables. `Conflict` if another program writes to it.
/// Database errors keep their kinds. After an error, nothing is stored.
pub fn import_legacy(
    chat: &Chatkeep,
    files: &[PathBuf],
    options: ImportOptions,
    progress: &mut dyn FnMut(Step),
) -> Result<ImportReport> {
    let files: Vec<_> = files.iter().map(|path| (path.clone(), Vec::new())).collect();
    import_legacy_except(chat, &files, options, progress)
}

/// Does the same as [`import_legacy`], without some tables: each file has the names of those that
/// are not imported, because [`import_legacy_chats`](crate::import_legacy_chats) imports them.
///
/// # Errors
/// `Configuration` if reading a file fails. `Corrupt` if it is damaged or not a SQLite file.
/// `InvalidInput` if it has no supported tables. `Conflict` if another program writes to it.
/// Database errors keep their kinds. After an error, nothing is stored.
pub fn import_legacy_except(
    chat: &Chatkeep,
    files: &[(PathBuf, Vec<String>)],
    options: ImportOptions,
    progress: &mut dyn FnMut(Step),
) -> Result<ImportReport> {
    run(chat.database(), files, options, progress)
        .map_err(|error| error.with_operation("import_legacy"))
}

fn run(
    database: &DatabaseManager,
    files: &[(PathBuf, Vec<String>)],
    options: ImportOptions,
    progress: &mut dyn FnMut(Step),
) -> Result<ImportReport> {
    files.iter().try_for_each(|(path, _)| refuse_database_file(database.url(), path))?;
    let open = |(path, omitted): &(PathBuf, Vec<String>)| {
        LegacyFile::open_without(path, omitted)?.require_tables()
    };
    let mut files = files.iter().map(open).collect::<Result<Vec<_>>>()?;
    let mut report = check::check(&mut files, progress)?;
    if options.dry_run {
        if is_ready(database)? {
            database.with_connection(Role::Reader, |connection| {
                store(connection, &mut files, &mut report, true, progress)
            })?;
        } else {
            // A database that does not exist has no conflicting ids.
            for file in &mut report.files {
                (file.messages.stored, file.tokens.stored) =
                    (file.messages.found, file.tokens.found);
            }
        }
        return Ok(report);
    }
    if report.is_refused(options.force) {
        return Ok(report);
    }
    let query_timeout = database.settings().query_timeout;
    database.with_connection(Role::Writer, |connection| {
        reserve_file_ids(connection, &mut files)?;
        connection.set_query_timeout(IMPORT_TIMEOUT)?;
        let outcome = connection.transaction(|connection| {
            block_writers(connection)?;
            store(connection, &mut files, &mut report, false, progress)?;
            skip_ids_in_use(connection, Messages::NAME)?;
            skip_ids_in_use(connection, ApiTokens::NAME)
        });
        let counted = outcome.map(|()| {
            progress(Step { phase: Phase::Counting, done: 0, total: 0 });
            // The rows are committed. If this fails, statistics are still correct, only slower.
            let _ = messages::catch_up(connection);
        });
        // The connection returns to the pool, whose other users rely on its timeout.
        if !connection.is_broken() {
            connection.set_query_timeout(query_timeout)?;
        }
        counted
    })?;
    report.stored = true;
    Ok(report)
}

/// Reserves the ids of these files on engines where other programs can write during the import.
fn reserve_file_ids(connection: &mut Connection, files: &mut [LegacyFile]) -> Result<()> {
    let mut greatest = [(Messages::NAME, 0), (ApiTokens::NAME, 0)];
    for file in files {
        for table in file.tables().to_vec() {
            let (_, highest) = &mut greatest[usize::from(table.shape.is_tokens())];
            *highest = file.greatest_id(&table, message::GREATEST_ID)?.max(*highest);
        }
    }
    greatest.into_iter().try_for_each(|(table, greatest)| reserve_ids(connection, table, greatest))
}

/// Returns whether the tables exist. False means that the import would create them.
pub(crate) fn is_ready(database: &DatabaseManager) -> Result<bool> {
    let status = database.migration_status()?;
    match status.version() {
        SchemaVersion::Head => Ok(true),
        SchemaVersion::Behind(_) => Ok(false),
        _ => database.with_connection(Role::Reader, |_| Ok(true)),
    }
}

/// Stores the rows that are not yet stored. In a dry run, they are only counted.
fn store(
    connection: &mut Connection,
    files: &mut [LegacyFile],
    report: &mut ImportReport,
    dry_run: bool,
    progress: &mut dyn FnMut(Step),
) -> Result<()> {
    let total = report.files.iter().map(|file| file.messages.found + file.tokens.found).sum();
    let mut done = 0;
    let mut step = |rows| {
        done += rows;
        progress(Step {
            phase: if dry_run { Phase::Checking } else { Phase::Storing },
            done,
            total,
        });
    };
    {
        let mut importer = store_messages::MessageImporter::new(connection, dry_run)?;
        for (file, about) in files.iter_mut().zip(&mut report.files) {
            for table in file.tables().to_vec().iter().filter(|table| !table.shape.is_tokens()) {
                importer.store(file, table, &mut about.messages, &mut step)?;
            }
        }
    }
    let mut importer = store_tokens::TokenImporter::new(connection, dry_run);
    for (file, about) in files.iter_mut().zip(&mut report.files) {
        for table in file.tables().to_vec().iter().filter(|table| table.shape.is_tokens()) {
            importer.store(file, table, &mut about.tokens, &mut step)?;
        }
    }
    Ok(())
}

/// Import of one legacy file as a method.
pub trait LegacyImport {
    /// Imports the messages and tokens of a SQLite file of another program, all rows or none.
    ///
    /// See [`import_legacy`].
    ///
    /// ```
    /// use chatkeep_transfer::LegacyImport;
    ///
    /// let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// assert!(chat.migrate_from_old_sqlite("no-such.db").is_err());
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Configuration` if reading the file fails. `Corrupt` if it is damaged or not a SQLite file.
    /// `InvalidInput` if it has no supported tables, a row has an invalid value, or the file has
    /// unknown columns. `Conflict` if another program writes to it. Database errors keep their
    /// kinds.
    fn migrate_from_old_sqlite(&self, path: impl AsRef<Path>) -> Result<ImportReport>;
}

impl LegacyImport for DatabaseManager {
    fn migrate_from_old_sqlite(&self, path: impl AsRef<Path>) -> Result<ImportReport> {
        let files = [(path.as_ref().to_owned(), Vec::new())];
        let report = run(self, &files, ImportOptions::default(), &mut |_| {});
        let report = report.map_err(|error| error.with_operation("migrate_from_old_sqlite"))?;
        if report.stored {
            return Ok(report);
        }
        let message =
            format!("nothing was stored: {}: {}", path.as_ref().display(), why_refused(&report));
        Err(Error::new(ErrorKind::InvalidInput, message).with_operation("migrate_from_old_sqlite"))
    }
}

/// Describes all unknown columns and the first invalid row. The command lists the others.
fn why_refused(report: &ImportReport) -> String {
    let columns = report.unknown_columns().map(|column| format!("{column} ({})", column.remedy()));
    let row = report.problems.first().map(|Problem { table, row, field, message, .. }| {
        let others = match report.bad_rows {
            1 => String::new(),
            rows => format!(" (and {} more)", rows - 1),
        };
        format!("table {table}, row {row}: {field}: {message}{others}")
    });
    let reasons: Vec<_> = columns.chain(row).collect();
    let more =
        if report.is_refused(true) { "" } else { ", or add --force to store the rows anyway" };
    format!("{}; run `chatkeep db import-legacy` to list all problems{more}", reasons.join("; "))
}

impl LegacyImport for Chatkeep {
    fn migrate_from_old_sqlite(&self, path: impl AsRef<Path>) -> Result<ImportReport> {
        self.database().migrate_from_old_sqlite(path)
    }
}
