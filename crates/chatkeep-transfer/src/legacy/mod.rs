//! Moving in: SQLite files that other chat programs left behind.

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
use chatkeep_core::transfer::{IdsOf, hold_off_writers, pass_ids_in_use, reserve_ids};
use chatkeep_core::{Connection, Error, ErrorKind, Result, Role, messages};

pub use self::problem::Problem;
pub use self::report::{Counts, FileReport, ImportReport};
pub use self::unknown::UnknownColumn;
use crate::output::refuse_database_file;
use crate::progress::{Phase, Step};

/// A transaction of many rows takes as long as it takes.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

/// How an import is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportOptions {
    /// Look at everything, and store nothing.
    pub dry_run: bool,
    /// Store rows that cannot be stored as they are, too: with their originals, and what columns hold that have no place
    /// here, under `legacy` in the metadata.
    pub force: bool,
}

/// Where such files lie when nobody says where: `chatbot.db` and `db/tokens.db`, as far as they are there.
pub fn default_files() -> Vec<PathBuf> {
    ["chatbot.db", "db/tokens.db"]
        .into_iter()
        .map(PathBuf::from)
        .filter(|path| path.exists())
        .collect()
}

/// Takes over the messages and tokens of SQLite files that other programs left behind, all or none.
///
/// The files are not changed, and neither is what lies beside them. First every row of every file is read and looked at;
/// when one cannot be stored as it is, nothing is stored, and the report says which and why. Ids are kept where they are
/// free. Rows that an earlier run has stored are passed over. Tokens are valid as before.
///
/// Messages of the older files have no time of their own: they get that of the file's last change, and their row's id
/// under `legacy` in the metadata. A session's id goes to `session_id` in the metadata.
///
/// Columns that have no place here stop it as well, by their names; see [`UnknownColumn`].
///
/// ```
/// use chatkeep_transfer::{ImportOptions, import_legacy};
///
/// let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
/// let nothing_there = import_legacy(&chat, &["no-such.db".into()], ImportOptions::default(), &mut |_| {});
/// assert_eq!(nothing_there.unwrap_err().kind(), chatkeep::ErrorKind::Configuration);
/// # Ok::<(), chatkeep::Error>(())
/// ```
///
/// # Errors
/// `Configuration` when a file cannot be read; `Corrupt` when it is damaged or no SQLite file; `InvalidInput` when its
/// tables are none that are known; `Conflict` when another program writes to it; and what the database says. Nothing is
/// stored then.
pub fn import_legacy(
    chat: &Chatkeep,
    files: &[PathBuf],
    options: ImportOptions,
    progress: &mut dyn FnMut(Step),
) -> Result<ImportReport> {
    run(chat.database(), files, options, progress)
        .map_err(|error| error.with_operation("import_legacy"))
}

fn run(
    database: &DatabaseManager,
    files: &[PathBuf],
    options: ImportOptions,
    progress: &mut dyn FnMut(Step),
) -> Result<ImportReport> {
    files.iter().try_for_each(|path| refuse_database_file(database.url(), path))?;
    let mut files = files.iter().map(|path| LegacyFile::open(path)).collect::<Result<Vec<_>>>()?;
    let mut report = check::check(&mut files, progress)?;
    if options.dry_run {
        if is_ready(database)? {
            database.with_connection(Role::Reader, |connection| {
                store(connection, &mut files, &mut report, true, progress)
            })?;
        } else {
            // What is not there yet has room for everything.
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
        reserve(connection, &mut files)?;
        connection.set_query_timeout(LONG)?;
        let outcome = connection.transaction(|connection| {
            hold_off_writers(connection)?;
            store(connection, &mut files, &mut report, false, progress)?;
            pass_ids_in_use(connection, IdsOf::Messages)?;
            pass_ids_in_use(connection, IdsOf::Tokens)
        });
        let counted = outcome.map(|()| {
            progress(Step { phase: Phase::Counting, done: 0, total: 0 });
            // They are stored for good: statistics are right all the same, only slower.
            let _ = messages::catch_up(connection);
        });
        // The connection goes back to others, who want their deadline.
        if !connection.is_broken() {
            connection.set_query_timeout(query_timeout)?;
        }
        counted
    })?;
    report.stored = true;
    Ok(report)
}

/// Sees to it that no program gets an id that a row of these files has, where others go on writing.
fn reserve(connection: &mut Connection, files: &mut [LegacyFile]) -> Result<()> {
    let mut greatest = [(IdsOf::Messages, 0), (IdsOf::Tokens, 0)];
    for file in files {
        for table in file.tables().to_vec() {
            let (_, most) = &mut greatest[usize::from(table.shape.is_tokens())];
            *most = file.greatest_id(&table, message::GREATEST_ID)?.max(*most);
        }
    }
    greatest.into_iter().try_for_each(|(ids, greatest)| reserve_ids(connection, ids, greatest))
}

/// Whether the database can be asked what it has, without making it.
fn is_ready(database: &DatabaseManager) -> Result<bool> {
    let status = database.migration_status()?;
    match status.version() {
        SchemaVersion::Head => Ok(true),
        SchemaVersion::Behind(_) => Ok(false),
        _ => database.with_connection(Role::Reader, |_| Ok(true)),
    }
}

/// Stores what is not there yet; in a dry run it only finds out what that is.
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
        let mut storing = store_messages::Storing::new(connection, dry_run)?;
        for (file, about) in files.iter_mut().zip(&mut report.files) {
            for table in file.tables().to_vec().iter().filter(|table| !table.shape.is_tokens()) {
                storing.store(file, table, &mut about.messages, &mut step)?;
            }
        }
    }
    let mut storing = store_tokens::Storing::new(connection, dry_run);
    for (file, about) in files.iter_mut().zip(&mut report.files) {
        for table in file.tables().to_vec().iter().filter(|table| table.shape.is_tokens()) {
            storing.store(file, table, &mut about.tokens, &mut step)?;
        }
    }
    Ok(())
}

/// Moving in by one call.
pub trait MovingIn {
    /// Takes over the messages and tokens of a SQLite file that another program left behind, all or none; see
    /// [`import_legacy`].
    ///
    /// ```
    /// use chatkeep_transfer::MovingIn;
    ///
    /// let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// assert!(chat.migrate_from_old_sqlite("no-such.db").is_err());
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`import_legacy`]; `InvalidInput` when a row cannot be stored as it is, naming the first one, or the file has columns
    /// with no place here, naming them.
    fn migrate_from_old_sqlite(&self, path: impl AsRef<Path>) -> Result<ImportReport>;
}

impl MovingIn for DatabaseManager {
    fn migrate_from_old_sqlite(&self, path: impl AsRef<Path>) -> Result<ImportReport> {
        let files = [path.as_ref().to_owned()];
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

/// All columns, and the first row; the command lists the others.
fn why_refused(report: &ImportReport) -> String {
    let columns = report.unknown_columns().map(|column| format!("{column} ({})", column.way_out()));
    let row = report.problems.first().map(|Problem { table, row, field, message, .. }| {
        let others = match report.bad_rows {
            1 => String::new(),
            rows => format!(" (and {} more)", rows - 1),
        };
        format!("table {table}, row {row}: {field}: {message}{others}")
    });
    let reasons: Vec<_> = columns.chain(row).collect();
    let more = if report.is_refused(true) {
        ""
    } else {
        ", and stores the rows all the same with --force"
    };
    format!("{}; `chatkeep db import-legacy` lists all of it{more}", reasons.join("; "))
}

impl MovingIn for Chatkeep {
    fn migrate_from_old_sqlite(&self, path: impl AsRef<Path>) -> Result<ImportReport> {
        self.database().migrate_from_old_sqlite(path)
    }
}
