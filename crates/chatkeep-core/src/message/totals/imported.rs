//! Totals of messages imported with their own ids, which may be below the watermark.

use diesel::sql_types::BigInt;
use diesel::{RunQueryDsl, sql_query};

use super::UNKNOWN;
use super::count::catch_up;
use super::gaps::{Gap, gaps};
use super::store::{IfLocked, change, increment_revision, last_id, lock_watermark, reset};
use super::sums::{Sums, Totals};
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::message::record::Message;
use crate::value::Timestamp;

/// The totals, locked by a transaction that imports messages whose ids may be below the watermark.
#[derive(Debug)]
pub struct LockedTotals {
    watermark: i64,
    gaps: Vec<Gap>,
}

impl LockedTotals {
    /// Locks the totals until the transaction ends.
    ///
    /// # Errors
    /// `Conflict` if another transaction does not release the lock in time.
    pub fn lock(connection: &mut Connection) -> Result<Self> {
        let watermark =
            lock_watermark(connection, IfLocked::Wait)?.map_or(0, |watermark| watermark.counted_to);
        Ok(Self { watermark, gaps: gaps(connection)? })
    }

    /// Adds new messages to the totals if the watermark has already passed their ids. The regular
    /// count adds the others later: ids above the watermark, and ids in gaps.
    ///
    /// # Errors
    /// `Unavailable`, `OutcomeUnknown` or another error of the database.
    pub fn add(&self, connection: &mut Connection, messages: &[Message]) -> Result<()> {
        let is_below = |message: &&Message| {
            message.id <= self.watermark && !self.gaps.iter().any(|gap| gap.contains(message.id))
        };
        let mut totals = Totals::default();
        for message in messages.iter().filter(is_below) {
            let sums = Sums::of_message(message.tokens_used, message.cost);
            let provider = message.provider.as_deref().unwrap_or(UNKNOWN);
            totals.add(
                message.timestamp,
                provider,
                message.model.as_deref().unwrap_or(UNKNOWN),
                &sums,
            );
        }
        if messages.iter().any(|message| message.id > self.watermark) {
            increment_revision(connection)?;
        }
        change(connection, &totals)
    }
}

/// Deletes all totals, in the caller's transaction.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn reset_totals(connection: &mut Connection) -> Result<()> {
    reset(connection)
}

/// Counts a log that was imported completely, with no concurrent writer. So missing ids are not
/// recorded as gaps: they can no longer appear.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database. Messages counted before it
/// stay counted.
pub fn count_imported(connection: &mut Connection) -> Result<()> {
    connection.transaction(|connection| {
        reset(connection)?;
        let last = last_id(connection)?;
        let now = Timestamp::now();
        let bind = if connection.engine() == crate::Engine::PostgreSql {
            ["$1", "$2", "$3"]
        } else {
            ["?"; 3]
        };
        let sql = format!(
            "UPDATE message_counting SET settled_to = {}, seen = {}, seen_at = {} WHERE id = 0",
            bind[0], bind[1], bind[2]
        );
        let updated = on_engine!(connection, c => sql_query(&sql)
            .bind::<BigInt, _>(last)
            .bind::<BigInt, _>(last)
            .bind::<crate::schema::UtcTimestamp, _>(now)
            .execute(c));
        updated.map(drop).map_err(|error| connection.write_error(error))
    })?;
    catch_up(connection)
}
