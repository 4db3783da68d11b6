//! Copies all rows of one database into another, between any two engines.

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use chatkeep_core::identity::{is_same_address, is_same_database};
use chatkeep_core::migrations::{self, SchemaVersion};
use chatkeep_core::transfer::{self, open_follower, open_source, open_target, peek};
use chatkeep_core::{Connection, DatabaseUrl, Error, ErrorKind, Result};
use serde::{Serialize, Serializer};

use crate::compare::{Comparison, compare_open, of};
use crate::follower::{ProgressSender, follow};
use crate::progress::{Phase, Step};
use crate::reading::{self, Read};
use crate::table::{
    ApiTokens, Batch, Messages, RowCounts, TABLES, Tables, TransferTable as _, count,
};
use crate::target_writer::{TargetWriter, is_unchanged};

/// Kind of transfer, as recorded in the target.
const KIND: &str = "copy";

/// Options of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyOptions {
    /// Continue an interrupted copy.
    pub resume: bool,
    /// Delete the rows of the target first.
    pub replace: bool,
    /// Timeout of establishing a connection.
    pub connect_timeout: Duration,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self { resume: false, replace: false, connect_timeout: Duration::from_secs(10) }
    }
}

/// Result of a copy. The field names are its JSON keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CopyReport {
    /// Number of messages that this run copied.
    pub messages: u64,
    /// Number of tokens that this run copied.
    pub tokens: u64,
    /// Number of rows that this run copied, by table name, those above included.
    pub rows: RowCounts,
    /// Number of rows that an earlier run had copied.
    pub there_before: u64,
    /// Comparison of the two databases after the copy.
    pub comparison: Comparison,
    /// Time taken to read the source and store its rows; the JSON key is `storing_seconds`.
    #[serde(rename = "storing_seconds", serialize_with = "as_seconds")]
    pub storing: Duration,
    /// Time taken to compute the statistics; the JSON key is `counting_seconds`.
    #[serde(rename = "counting_seconds", serialize_with = "as_seconds")]
    pub counting: Duration,
    /// Time taken to compare, including reading back rows that were not yet read back during
    /// storing; the JSON key is `comparing_seconds`.
    #[serde(rename = "comparing_seconds", serialize_with = "as_seconds")]
    pub comparing: Duration,
}

fn as_seconds<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// Preview of a copy. The field names are its JSON keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CopyPlan {
    /// Number of messages in the source.
    pub messages: u64,
    /// Number of tokens in the source.
    pub tokens: u64,
    /// Number of messages in the target.
    pub target_messages: u64,
    /// Number of tokens in the target.
    pub target_tokens: u64,
    /// Number of rows in the source by table name, messages and tokens included.
    pub rows: RowCounts,
    /// Number of rows in the target by table name, messages and tokens included.
    pub target_rows: RowCounts,
    /// Whether the copy would create the target's tables.
    pub makes_tables: bool,
    /// Number of rows that an interrupted run copied; `None` if no transfer is unfinished.
    pub unfinished: Option<i64>,
}

/// Inspects both databases without copying anything.
///
/// If the target is a server, a row is written to it and removed again, to detect that both URLs
/// name one database.
///
/// # Errors
/// `Configuration` if both are the same database, or the source does not exist. `Schema` if the
/// source's schema version is not this program's, or the target's is newer. Database errors keep
/// their kinds.
pub fn plan_copy(
    from: &DatabaseUrl,
    to: &DatabaseUrl,
    connect_timeout: Duration,
) -> Result<CopyPlan> {
    refuse_same_address(from, to)?;
    let mut source = open_source(from, connect_timeout).map_err(|error| of("source", error))?;
    let rows = count(&mut source, TABLES).map_err(|error| of("source", error))?;
    let target =
        inspect_target(&mut source, to, connect_timeout).map_err(|error| of("target", error))?;
    let makes_tables = target.is_none();
    let (target_rows, unfinished) = target.unwrap_or((rows.map(|_| 0), None));
    Ok(CopyPlan {
        messages: rows.of(Messages::NAME),
        tokens: rows.of(ApiTokens::NAME),
        target_messages: target_rows.of(Messages::NAME),
        target_tokens: target_rows.of(ApiTokens::NAME),
        rows,
        target_rows,
        makes_tables,
        unfinished,
    })
}

/// Returns the row counts, and the rows of an unfinished copy. `None` means that the copy would
/// create the tables.
fn inspect_target(
    source: &mut Connection,
    to: &DatabaseUrl,
    connect_timeout: Duration,
) -> Result<Option<(RowCounts, Option<i64>)>> {
    let Some(mut target) = peek(to, connect_timeout)? else { return Ok(None) };
    if let SchemaVersion::Behind(_) = migrations::schema_version(&mut target)? {
        return Ok(None);
    }
    migrations::ensure(&mut target, false, connect_timeout)?;
    if target.engine().is_server() {
        refuse_same(source, &mut target)?;
    }
    let rows = count(&mut target, TABLES)?;
    let unfinished = transfer::unfinished(&mut target)?.map(|state| state.rows());
    Ok(Some((rows, unfinished)))
}

/// Copies all rows from one database into another, between any two engines.
///
/// Ids are preserved. Migrations create the target's tables. The target must be empty, unless
/// `replace` is set. Rows are stored in batches, each in a transaction. The target is marked
/// incomplete, and programs refuse to open it, until all rows are stored and compared with the
/// source. An interrupted copy continues with `resume`. The source is read from one snapshot and
/// is not changed: rows written to it during the copy are not copied.
///
/// ```
/// use chatkeep_transfer::{CopyOptions, copy};
/// use chatkeep::{Chatkeep, DatabaseUrl, NewMessage};
///
/// let folder = tempfile::tempdir()?;
/// let from = DatabaseUrl::sqlite_file(folder.path().join("from.db"));
/// // or postgresql://…, mysql://…
/// let to = DatabaseUrl::sqlite_file(folder.path().join("to.db"));
/// let chat = Chatkeep::builder().database_url(from.clone()).open()?;
/// chat.messages().log_message(&NewMessage::new("hi"))?;
///
/// let report = copy(&from, &to, CopyOptions::default(), &mut |_| {})?;
/// assert_eq!(report.messages, 1);
/// assert!(report.comparison.equal);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// `Configuration` if both are the same database, or the source does not exist. `Schema` if the
/// source's schema version is not this program's, the target's is newer, or the target is
/// incomplete and `resume` is not set. `Conflict` if the target has rows, or another program writes
/// to it. `Corrupt` if the two databases differ after the copy. Database errors keep their kinds.
pub fn copy(
    from: &DatabaseUrl,
    to: &DatabaseUrl,
    options: CopyOptions,
    progress: &mut dyn FnMut(Step),
) -> Result<CopyReport> {
    copy_tables(TABLES, from, to, options, progress).map_err(|error| error.with_operation("copy"))
}

pub(crate) fn copy_tables(
    tables: Tables,
    from: &DatabaseUrl,
    to: &DatabaseUrl,
    options: CopyOptions,
    progress: &mut dyn FnMut(Step),
) -> Result<CopyReport> {
    refuse_same_address(from, to)?;
    let mut source =
        open_source(from, options.connect_timeout).map_err(|error| of("source", error))?;
    let mut target =
        open_target(to, options.connect_timeout).map_err(|error| of("target", error))?;
    refuse_same(&mut source, &mut target)?;
    let rows = count(&mut source, tables).map_err(|error| of("source", error))?;
    let prepared = prepare(target, tables, &from.redacted(), options);
    match prepared.map_err(|error| of("target", error))? {
        Prepared::Full(mut target) => {
            let begin = Instant::now();
            let comparison = compare_open(&mut source, &mut target, tables, progress)?;
            if !comparison.equal {
                return Err(of("target", not_empty(&count(&mut target, tables)?)));
            }
            Ok(CopyReport {
                messages: 0,
                tokens: 0,
                there_before: rows.total(),
                rows: rows.map(|_| 0),
                comparison,
                storing: Duration::ZERO,
                counting: Duration::ZERO,
                comparing: begin.elapsed(),
            })
        }
        Prepared::Ready(mut writer) => {
            let before = rows.map(|count| writer.rows_of(count.table));
            let at_target = |error| of("target", error);
            let begin = Instant::now();
            // Without a follower, all rows are read back at the end.
            let follower = open_follower(to, options.connect_timeout).ok().flatten();
            let (done, read_back) = follow(follower, tables, |sender| {
                let total = rows.total();
                let read = copy_rows(&mut source, tables, &mut writer, total, sender, progress)?;
                let storing = begin.elapsed();
                writer.complete(&read.next_ids, progress).map_err(at_target)?;
                Ok((read, storing, begin.elapsed() - storing))
            })?;
            let (read, storing, counting) = done;
            let comparison = match read_back {
                Some(content) if content == read.content => {
                    writer.confirm(content, &read.next_ids, progress)
                }
                _ => Ok(None),
            };
            let comparison = match comparison.map_err(at_target)? {
                Some(comparison) => comparison,
                None => {
                    writer.compare(&read.content, &read.next_ids, progress).map_err(at_target)?
                }
            };
            let comparison = comparison.into_result()?;
            writer.finish().map_err(at_target)?;
            let copied = read.content.counts(tables);
            let copied = copied.map(|count| count.rows - before.of(count.table));
            Ok(CopyReport {
                messages: copied.of(Messages::NAME),
                tokens: copied.of(ApiTokens::NAME),
                rows: copied,
                there_before: before.total(),
                comparison,
                storing,
                counting,
                comparing: begin.elapsed() - storing - counting,
            })
        }
    }
}

/// Checks the URLs, before any connection is opened.
fn refuse_same_address(from: &DatabaseUrl, to: &DatabaseUrl) -> Result<()> {
    if is_same_address(from, to) { Err(same_database()) } else { Ok(()) }
}

/// Checks the databases, before anything is changed: different URLs may name the same database.
fn refuse_same(source: &mut Connection, target: &mut Connection) -> Result<()> {
    match is_same_database(target, source) {
        Ok(false) => Ok(()),
        Ok(true) => Err(same_database()),
        Err(error) => Err(error),
    }
}

pub(crate) fn same_database() -> Error {
    Error::configuration("source and target are the same database")
}

enum Prepared {
    /// The target is ready for rows.
    Ready(TargetWriter),
    /// The target has rows, which may be those of a finished copy.
    Full(Connection),
}

fn prepare(
    mut target: Connection,
    tables: Tables,
    source: &str,
    options: CopyOptions,
) -> Result<Prepared> {
    let (state, rows) = TargetWriter::inspect(&mut target, tables)?;
    match state {
        _ if options.replace => TargetWriter::truncate(&mut target, tables, source)?,
        // An earlier run was deleting all rows. The remaining ones are not needed.
        Some(state) if state.is_truncating() => {
            TargetWriter::truncate(&mut target, tables, source)?;
        }
        Some(state) if options.resume => {
            let is_this_copy = state.kind == KIND && source.starts_with(&state.source);
            if !is_this_copy {
                return Err(Error::configuration(format!(
                    "the interrupted transfer is a {} from {}, not this copy; use --replace to \
                     start over",
                    state.kind, state.source
                )));
            }
            if !is_unchanged(&state, &rows) {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "another program wrote to the target after the copy was interrupted; use \
                     --replace to start over",
                )
                .with_retryable(false));
            }
            return TargetWriter::resume(target, tables, state).map(Prepared::Ready);
        }
        Some(_) => transfer::refuse_unfinished(&mut target)?,
        None if rows.total() == 0 => {}
        // The earlier run may have been interrupted after its last step.
        None if options.resume => return Ok(Prepared::Full(target)),
        None => return Err(not_empty(&rows)),
    }
    TargetWriter::begin(target, tables, KIND, source).map(Prepared::Ready)
}

fn not_empty(rows: &RowCounts) -> Error {
    let message = format!("is not empty ({rows}); use --replace to delete these rows first");
    Error::new(ErrorKind::Conflict, message).with_retryable(false)
}

/// Reads the source in another thread and stores the rows in this one.
fn copy_rows(
    source: &mut Connection,
    tables: Tables,
    writer: &mut TargetWriter,
    total: u64,
    sender: &ProgressSender,
    progress: &mut dyn FnMut(Step),
) -> Result<Read> {
    let (batches, receiver) = sync_channel::<Box<dyn Batch>>(reading::READ_AHEAD);
    let mut done = writer.rows();
    progress(Step { phase: Phase::Storing, done, total });
    thread::scope(|scope| {
        let last_ids: Vec<_> = tables.iter().map(|table| writer.last_id(table.name())).collect();
        let reader = scope.spawn(move || {
            reading::read(source, tables, |mut batch, _| {
                // Rows that are already stored are only read for the digest.
                let index = tables.iter().position(|table| table.name() == batch.table());
                if let Some(last) = index.and_then(|index| last_ids[index]) {
                    batch.remove_through(last);
                }
                if batch.len() == 0 {
                    return Ok(());
                }
                batches.send(batch).map_err(|_| Error::internal("the target writer stopped"))
            })
        });
        let mut stored = Ok(());
        for batch in &receiver {
            stored = writer.store(&*batch);
            if stored.is_err() {
                break;
            }
            sender.stored(&*batch);
            done += batch.len();
            progress(Step { phase: Phase::Storing, done, total });
        }
        drop(receiver);
        let read =
            reader.join().unwrap_or_else(|_| Err(Error::internal("the reader thread panicked")));
        stored.map_err(|error| of("target", error))?;
        read.map_err(|error| of("source", error))
    })
}
