//! Whether two databases hold the same.

use std::thread;
use std::time::Duration;

use chatkeep_core::identity::{is_same_address, is_same_database};
use chatkeep_core::transfer::open_source;
use chatkeep_core::{Connection, DatabaseUrl, Error, ErrorKind, Result};
use serde::Serialize;

use crate::batch::NextIds;
use crate::copy::same_database;
use crate::digest::Content;
use crate::progress::{Phase, Step};
use crate::reading::{self, Read, count};

/// Two databases beside each other. It serialises with these keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// Whether they hold the same rows, and the target gives no id again.
    pub equal: bool,
    /// What the source holds.
    pub source: Content,
    /// What the target holds.
    pub target: Content,
    /// What is different, in words; empty when nothing is.
    pub differences: Vec<String>,
}

impl Comparison {
    pub(crate) fn new(source: Content, next_ids: NextIds, target: Read) -> Self {
        let mut differences = Vec::new();
        let tables = [
            ("messages", &source.messages, &target.content.messages),
            ("api_tokens", &source.api_tokens, &target.content.api_tokens),
        ];
        for (table, one, other) in tables {
            if one.rows != other.rows {
                differences.push(format!(
                    "{table}: {} rows in the source, {} in the target",
                    one.rows, other.rows
                ));
            } else if one.sha256 != other.sha256 {
                differences
                    .push(format!("{table}: the same number of rows, but not the same values"));
            }
        }
        let heads = [
            ("messages", next_ids.messages, target.next_ids.messages),
            ("api_tokens", next_ids.tokens, target.next_ids.tokens),
        ];
        for (table, one, other) in heads {
            if other < one {
                differences.push(format!(
                    "{table}: the next id is {one} in the source, only {other} in the target"
                ));
            }
        }
        Self { equal: differences.is_empty(), source, target: target.content, differences }
    }

    /// An error when they do not hold the same.
    pub(crate) fn into_result(self) -> Result<Self> {
        if self.equal {
            return Ok(self);
        }
        Err(Error::new(
            ErrorKind::Corrupt,
            format!("what was stored is not what was read: {}", self.differences.join("; ")),
        ))
    }
}

/// Reads two databases whole, and compares rows, digests over all values, and the numbers for new rows. Nothing is changed;
/// to see whether both are one database, a row is written for a moment to a server that is the target.
///
/// # Errors
/// `Configuration` when both are the same database; `Schema` when one has not this program's schema, or is only partly filled; and what the databases say.
pub fn compare(
    from: &DatabaseUrl,
    to: &DatabaseUrl,
    connect_timeout: Duration,
    progress: &mut dyn FnMut(Step),
) -> Result<Comparison> {
    // One database is equal to itself, which would prove nothing about a copy of it.
    if is_same_address(from, to) {
        return Err(same_database());
    }
    let mut source = open_source(from, connect_timeout).map_err(|error| of("source", error))?;
    let mut target = open_source(to, connect_timeout).map_err(|error| of("target", error))?;
    // Where neither may be written to, there is no other way to ask, and nothing is changed here.
    if target.engine().is_server() && is_same_database(&mut target, &mut source).unwrap_or(false) {
        return Err(same_database());
    }
    compare_open(&mut source, &mut target, progress)
}

pub(crate) fn compare_open(
    source: &mut Connection,
    target: &mut Connection,
    progress: &mut dyn FnMut(Step),
) -> Result<Comparison> {
    let (messages, tokens) = count(source)?;
    let total = messages + tokens;
    let (one, other) = thread::scope(|scope| {
        let other = scope.spawn(|| reading::read(target, |_, _| Ok(())));
        let one = reading::read(source, |_, digests| {
            progress(Step { phase: Phase::Comparing, done: digests.rows(), total });
            Ok(())
        });
        (one, other.join().unwrap_or_else(|_| Err(Error::internal("a thread panicked"))))
    });
    let one = one.map_err(|error| of("source", error))?;
    let other = other.map_err(|error| of("target", error))?;
    Ok(Comparison::new(one.content, one.next_ids, other))
}

/// The same error, saying which of two databases it is about.
pub(crate) fn of(end: &str, error: Error) -> Error {
    let mut named = Error::new(error.kind(), format!("{end}: {}", error.message()));
    if let Some(field) = error.field() {
        named = named.with_field(field.to_owned());
    }
    named.with_retryable(error.is_retryable())
}
