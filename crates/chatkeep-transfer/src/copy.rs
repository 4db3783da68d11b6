//! Moving house: all rows of one database into another, whatever their engines.

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use chatkeep_core::identity::{is_same_address, is_same_database};
use chatkeep_core::migrations::{self, SchemaVersion};
use chatkeep_core::transfer::{self, open_follower, open_source, open_target, peek};
use chatkeep_core::{Connection, DatabaseUrl, Error, ErrorKind, Result};
use serde::{Serialize, Serializer};

use crate::batch::Batch;
use crate::compare::{Comparison, compare_open, of};
use crate::filling::Filling;
use crate::following::{Teller, follow};
use crate::progress::{Phase, Step};
use crate::reading::{self, Read, count};

/// Batches that are read ahead.
const AHEAD: usize = 2;
/// What is done, in the words of the database that it is done to.
const KIND: &str = "copy";

/// How a copy is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyOptions {
    /// Go on with a copy that was cut off.
    pub resume: bool,
    /// Delete what the target holds first.
    pub replace: bool,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self { resume: false, replace: false, connect_timeout: Duration::from_secs(10) }
    }
}

/// What a copy did. It serialises with these keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CopyReport {
    /// Messages that this run has copied.
    pub messages: u64,
    /// Tokens that this run has copied.
    pub tokens: u64,
    /// Rows that an earlier run had copied.
    pub there_before: u64,
    /// What both databases hold.
    pub comparison: Comparison,
    /// How long reading the source and storing its rows took; the key is `storing_seconds`.
    #[serde(rename = "storing_seconds", serialize_with = "as_seconds")]
    pub storing: Duration,
    /// How long counting the statistics took; the key is `counting_seconds`.
    #[serde(rename = "counting_seconds", serialize_with = "as_seconds")]
    pub counting: Duration,
    /// How long comparing took, with reading back what was not read back while rows were stored; the key is
    /// `comparing_seconds`.
    #[serde(rename = "comparing_seconds", serialize_with = "as_seconds")]
    pub comparing: Duration,
}

fn as_seconds<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// What a copy would meet. It serialises with these keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CopyPlan {
    /// Messages in the source.
    pub messages: u64,
    /// Tokens in the source.
    pub tokens: u64,
    /// Messages in the target.
    pub target_messages: u64,
    /// Tokens in the target.
    pub target_tokens: u64,
    /// Whether the target's tables are to be made.
    pub makes_tables: bool,
    /// Messages that an earlier run copied before it was cut off.
    pub unfinished: Option<i64>,
}

/// Looks at both databases, and changes nothing. To see whether both are one database, a row is written for a moment to a
/// server that is the target.
///
/// # Errors
/// As [`copy`].
pub fn plan_copy(
    from: &DatabaseUrl,
    to: &DatabaseUrl,
    connect_timeout: Duration,
) -> Result<CopyPlan> {
    refuse_same_address(from, to)?;
    let mut source = open_source(from, connect_timeout).map_err(|error| of("source", error))?;
    let (messages, tokens) = count(&mut source).map_err(|error| of("source", error))?;
    let target = look(&mut source, to, connect_timeout).map_err(|error| of("target", error))?;
    let (makes_tables, target_messages, target_tokens, unfinished) = target;
    Ok(CopyPlan { messages, tokens, target_messages, target_tokens, makes_tables, unfinished })
}

fn look(
    source: &mut Connection,
    to: &DatabaseUrl,
    connect_timeout: Duration,
) -> Result<(bool, u64, u64, Option<i64>)> {
    let nothing = (true, 0, 0, None);
    let Some(mut target) = peek(to, connect_timeout)? else { return Ok(nothing) };
    if let SchemaVersion::Behind(_) = migrations::look(&mut target)? {
        return Ok(nothing);
    }
    migrations::ensure(&mut target, false, connect_timeout)?;
    if target.engine().is_server() {
        refuse_same(source, &mut target)?;
    }
    let (messages, tokens) = count(&mut target)?;
    let unfinished = transfer::unfinished(&mut target)?.map(|state| state.messages);
    Ok((false, messages, tokens, unfinished))
}

/// Copies all messages and tokens from one database into another, with their ids, whatever the engines.
///
/// The target's tables are made by our migrations. It must have no rows, unless they may be replaced. Rows go in batches
/// that each stand for good; until everything is there and was compared with the source, the target says that it is only
/// partly filled, and programs refuse to work on it. A copy that was cut off goes on where it was with `resume`. The source
/// is read as it is at one moment, and is not changed: what is written to it meanwhile is not copied.
///
/// ```
/// use chatkeep_transfer::{CopyOptions, copy};
/// use chatkeep::{Chatkeep, DatabaseUrl, NewMessage};
///
/// let folder = tempfile::tempdir()?;
/// let from = DatabaseUrl::sqlite_file(folder.path().join("from.db"));
/// let to = DatabaseUrl::sqlite_file(folder.path().join("to.db")); // or postgresql://…, mysql://…
/// Chatkeep::builder().database_url(from.clone()).open()?.messages().log_message(&NewMessage::new("hi"))?;
///
/// let report = copy(&from, &to, CopyOptions::default(), &mut |_| {})?;
/// assert_eq!(report.messages, 1);
/// assert!(report.comparison.equal);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// `Configuration` when both are the same database, or there is no source; `Schema` when the source's schema is not this
/// program's, or the target's is newer, or the target is only partly filled and `resume` was not said; `Conflict` when the
/// target has rows, or others write to it; `Corrupt` when afterwards the two are not the same; and what the databases say.
pub fn copy(
    from: &DatabaseUrl,
    to: &DatabaseUrl,
    options: CopyOptions,
    progress: &mut dyn FnMut(Step),
) -> Result<CopyReport> {
    run(from, to, options, progress).map_err(|error| error.with_operation("copy"))
}

fn run(
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
    let (messages, tokens) = count(&mut source).map_err(|error| of("source", error))?;
    match prepare(target, &from.redacted(), options).map_err(|error| of("target", error))? {
        Prepared::Full(mut target) => {
            let begin = Instant::now();
            let comparison = compare_open(&mut source, &mut target, progress)?;
            if !comparison.equal {
                return Err(of("target", not_empty(count(&mut target)?)));
            }
            Ok(CopyReport {
                messages: 0,
                tokens: 0,
                there_before: messages + tokens,
                comparison,
                storing: Duration::ZERO,
                counting: Duration::ZERO,
                comparing: begin.elapsed(),
            })
        }
        Prepared::Ready(mut filling) => {
            let (messages_before, tokens_before) = filling.counts();
            let at_target = |error| of("target", error);
            let begin = Instant::now();
            // Without it everything is read back at the end.
            let follower = open_follower(to, options.connect_timeout).ok().flatten();
            let (done, read_back) = follow(follower, |teller| {
                let read = fill(&mut source, &mut filling, messages + tokens, teller, progress)?;
                let storing = begin.elapsed();
                filling.complete(read.next_ids, progress).map_err(at_target)?;
                Ok((read, storing, begin.elapsed() - storing))
            })?;
            let (read, storing, counting) = done;
            let comparison = match read_back {
                Some(content) if content == read.content => {
                    filling.confirm(content, read.next_ids, progress)
                }
                _ => Ok(None),
            };
            let comparison = match comparison.map_err(at_target)? {
                Some(comparison) => comparison,
                None => {
                    filling.compare(&read.content, read.next_ids, progress).map_err(at_target)?
                }
            };
            let comparison = comparison.into_result()?;
            filling.finish().map_err(at_target)?;
            let Read { content, .. } = read;
            Ok(CopyReport {
                messages: content.messages.rows - messages_before,
                tokens: content.api_tokens.rows - tokens_before,
                there_before: messages_before + tokens_before,
                comparison,
                storing,
                counting,
                comparing: begin.elapsed() - storing - counting,
            })
        }
    }
}

/// Before anything is opened.
fn refuse_same_address(from: &DatabaseUrl, to: &DatabaseUrl) -> Result<()> {
    if is_same_address(from, to) { Err(same_database()) } else { Ok(()) }
}

/// Before anything is changed: two addresses may lead to one database.
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
    Ready(Filling),
    /// It has rows already, which may be those that are to be copied.
    Full(Connection),
}

fn prepare(mut target: Connection, source: &str, options: CopyOptions) -> Result<Prepared> {
    let (state, rows) = Filling::look(&mut target)?;
    match state {
        _ if options.replace => Filling::clear(&mut target, source)?,
        // It was to be emptied; nobody has any use for what is left.
        Some(state) if state.is_emptying() => Filling::clear(&mut target, source)?,
        Some(state) if options.resume => {
            let is_ours = state.kind == KIND && source.starts_with(&state.source);
            if !is_ours {
                return Err(Error::configuration(format!(
                    "what was cut off is another move: a {} from {}; --replace begins anew",
                    state.kind, state.source
                )));
            }
            if rows != (state.messages.unsigned_abs(), state.tokens.unsigned_abs()) {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "has other rows than were copied: another program wrote to it; --replace begins anew",
                )
                .with_retryable(false));
            }
            return Ok(Prepared::Ready(Filling::go_on(target, state)));
        }
        Some(_) => transfer::refuse_unfinished(&mut target)?,
        None if rows == (0, 0) => {}
        // It may have been cut off just after its end.
        None if options.resume => return Ok(Prepared::Full(target)),
        None => return Err(not_empty(rows)),
    }
    Filling::begin(target, KIND, source).map(Prepared::Ready)
}

fn not_empty((messages, tokens): (u64, u64)) -> Error {
    let message = format!(
        "holds rows already ({messages} messages, {tokens} tokens); --replace deletes them before anything is copied"
    );
    Error::new(ErrorKind::Conflict, message).with_retryable(false)
}

/// Reads in one thread and stores in this one.
fn fill(
    source: &mut Connection,
    filling: &mut Filling,
    total: u64,
    teller: &Teller,
    progress: &mut dyn FnMut(Step),
) -> Result<Read> {
    let (sender, receiver) = sync_channel::<Batch>(AHEAD);
    let mut done = filling.rows();
    progress(Step { phase: Phase::Storing, done, total });
    thread::scope(|scope| {
        let (tokens_there, messages_there) = filling.marks();
        let reader = scope.spawn(move || {
            reading::read(source, |mut batch, _| {
                // What is there already is read for its digest alone.
                match &mut batch {
                    Batch::Tokens(rows) => {
                        rows.retain(|row| tokens_there.is_none_or(|last| row.id > last))
                    }
                    Batch::Messages(rows) => {
                        rows.retain(|row| messages_there.is_none_or(|last| row.id > last))
                    }
                }
                if batch.len() == 0 {
                    return Ok(());
                }
                sender.send(batch).map_err(|_| Error::internal("nobody stores what is read"))
            })
        });
        let mut stored = Ok(());
        for batch in &receiver {
            stored = filling.store(&batch);
            if stored.is_err() {
                break;
            }
            teller.stored(&batch);
            done += batch.len();
            progress(Step { phase: Phase::Storing, done, total });
        }
        drop(receiver);
        let read = reader
            .join()
            .unwrap_or_else(|_| Err(Error::internal("the thread that reads panicked")));
        stored.map_err(|error| of("target", error))?;
        read.map_err(|error| of("source", error))
    })
}
